/* The whole study: precedence, horizon, solver, output, columns, and that broken files never crash.
 */
#include "study_files.h"

#include <math.h>

static double value_of(const char *name)
{
    return study->parameter[km_model_find_parameter(study->model, name)];
}

static void test_defaults(void **state)
{
    const km_study *s = reads(with(one_endpoint));
    char *model = km_file_join(folder, "model.json");

    (void)state;
    assert_string_equal(s->path, study_path);
    assert_string_equal(s->model_path, model);
    free(model);
    assert_string_equal(s->model->name, "one");
    assert_same_double(s->horizon, 48.0);
    assert_int_equal(s->n_points, 1);
    assert_int_equal(s->n_axes, 0);
    assert_int_equal(s->n_slots, 0);
    assert_int_equal(s->n_records, 0);
    assert_string_equal(s->solver.method->name, "rodas4");
    assert_same_double(s->solver.rtol, 1e-4);
    assert_int_equal(s->solver.precision, KM_PRECISION_AUTO);
    assert_int_equal(s->solver.max_steps, 100000);
    assert_string_equal(s->map, "results/study.zarr");
    assert_int_equal(s->keep, 16);
    assert_false(s->store_double);
    assert_same_double(value_of("CL"), 80.0);
    assert_int_equal(d.n_warnings, 0);
    assert_int_equal(
        reads(with("\"name\": \"n\", \"about\": \"a\", \"$schema\": \"x\""))->n_endpoints, 0);
}

static void test_precedence(void **state)
{
    (void)state;
    reads(with("\"variants\": [\"slow\"]"));
    assert_same_double(value_of("CL"), 60.0);
    assert_int_equal(study->n_variants, 1);
    assert_string_equal(study->variant[0], "slow");
    reads(with("\"variants\": [\"slow\", \"fast\"]"));
    assert_same_double(value_of("CL"), 100.0);
    assert_int_equal(
        warnings("/variants/1: the variants \"slow\" and \"fast\" both set CL; the later wins"), 1);
    reads(with("\"variants\": [\"slow\"], \"set\": {\"CL\": \"70 L/h\"}"));
    assert_same_double(value_of("CL"), 70.0);
    reads_set(with("\"variants\": [\"slow\"], \"set\": {\"CL\": \"70 L/h\"}"), "CL=75");
    assert_same_double(value_of("CL"), 75.0);
    assert_int_equal(study->n_set, 1);
    assert_string_equal(study->set[0], "CL=75");
    /* the study's set reaches the regimen, --set goes over it */
    reads_set(with("\"set\": {\"regimen[0].amt\": \"60 mg\", \"regimen[0].time\": 2}, \"regimen\": "
                   "[{\"route\": "
                   "\"iv\", \"amt\": 50}]"),
              "regimen[0].time=3 h");
    assert_same_double(study->record[0].field[KM_FIELD_AMT], 60.0);
    assert_same_double(study->record[0].field[KM_FIELD_TIME], 3.0);
}

static void test_set(void **state)
{
    (void)state;
    reads_set(with(""), " V = 90 L ");
    assert_same_double(value_of("V"), 90.0);
    reads_set(with(""), "CL=200");
    assert_int_equal(
        warnings("--set CL=200: CL = 200 L/h lies outside the model's range, 50 to 120"), 1);
    reads_set(with(one_endpoint), "gain=3");
    assert_int_equal(warnings("--set gain=3: has no effect, since no endpoint depends on gain"), 1);
    reads(with("\"variants\": [\"wild\"]"));
    assert_int_equal(warnings("lies outside"), 0); /* a variant may leave the range */
    refuses_set(with(""), "CL",
                "--set CL: expected NAME=VALUE such as \"--set regimen[0].amt=50mg\"");
    refuses_set(with(""), "=3",
                "--set =3: expected NAME=VALUE such as \"--set regimen[0].amt=50mg\"");
    refuses_set(with(""),
                "CL=", "--set CL=: expected NAME=VALUE such as \"--set regimen[0].amt=50mg\"");
    refuses_set(with(""), "CLL=3",
                "--set CLL=3: the model has no parameter \"CLL\"; did you mean \"CL\"?");
    refuses_set(with(""), "horizon=3",
                "--set horizon=3: the model has no parameter \"horizon\"; what can vary is a "
                "parameter or a "
                "regimen field such as \"regimen[0].amt\"");
    refuses_set(with(""), "CL=24 mg",
                "--set CL=24 mg: expected a quantity such as \"1 L/h\", got \"24 mg\"");
    refuses(with("\"set\": {\"CLL\": 3}"),
            "study.json:2:16: /set/CLL: the model has no parameter \"CLL\"; did you mean \"CL\"?");
    refuses(with("\"set\": {\"CL\": [3]}"),
            "study.json:2:15: /set/CL: expected a quantity such as \"1 L/h\", got an array");
    refuses(with("\"set\": [3]"), "study.json:2:8: /set: expected an object, got an array");
}

static void test_horizon(void **state)
{
    (void)state;
    assert_same_double(reads("{\"model\": \"model.json\", \"horizon\": \"6 wk\"}")->horizon,
                       1008.0);
    assert_same_double(reads("{\"model\": \"plain.json\", \"horizon\": \"36 h\"}")->horizon, 1.5);
    refuses("{\"model\": \"model.json\"}",
            "study.json:1:1: the key \"horizon\" is missing (a time such as \"42 d\")");
    refuses("{\"model\": \"model.json\", \"horizon\": 0}",
            "study.json:1:36: /horizon: \"horizon\" must be larger than 0, got the number 0");
    refuses("{\"model\": \"model.json\", \"horizon\": \"-1 d\"}",
            "study.json:1:36: /horizon: \"horizon\" must not be negative, got \"-1 d\"");
    refuses("{\"model\": \"model.json\", \"horizon\": \"24 mg\"}",
            "study.json:1:36: /horizon: expected a time such as \"24 h\", got \"24 mg\"");
    refuses(
        "{\"model\": \"point.json\", \"horizon\": 1}",
        "study.json:1:36: /horizon: the model has no states and is evaluated at time 0; leave out "
        "\"horizon\"");
}

static void test_solver(void **state)
{
    (void)state;
    reads(with("\"solver\": {\"method\": \"rodas4\", \"rtol\": 1e-9, \"precision\": \"double\", "
               "\"max_steps\": "
               "5}"));
    assert_same_double(study->solver.rtol, 1e-9);
    assert_int_equal(study->solver.precision, KM_PRECISION_DOUBLE);
    assert_int_equal(study->solver.max_steps, 5);
    assert_string_equal(reads("{\"model\": \"plain.json\", \"horizon\": 1}")->solver.method->name, "tsit5"); /* the model's */
    assert_string_equal(reads("{\"model\": \"plain.json\", \"horizon\": 1, \"solver\": {\"rtol\": 1e-3}}")->solver.method->name, "tsit5");
    assert_string_equal(reads("{\"model\": \"plain.json\", \"horizon\": 1, \"solver\": {\"method\": \"rodas4\"}}")->solver.method->name,
                        "rodas4");
    assert_string_equal(reads("{\"model\": \"plain.json\", \"horizon\": 1, \"solver\": {\"method\": \"auto\"}}")->solver.method->name,
                        "rodas4"); /* until a pilot has chosen: the model's is explicit */
    refuses(with("\"solver\": {\"method\": \"euler\"}"),
            "study.json:2:22: /solver/method: there is no method \"euler\"; known are \"rodas4\", \"rodas4k\", \"tsit5\", \"auto\"");
    refuses(
        with("\"solver\": {\"rtol\": 0.1}"),
        "study.json:2:20: /solver/rtol: \"rtol\" must be from 1e-9 to 0.01, got the number 0.1");
    refuses(
        with("\"solver\": {\"rtol\": 1e-10}"),
        "study.json:2:20: /solver/rtol: \"rtol\" must be from 1e-9 to 0.01, got the number 1e-10");
    refuses(with("\"solver\": {\"rtol\": 1e-7, \"precision\": \"single\"}"),
            "study.json:2:20: /solver/rtol: \"rtol\" must be at least 1e-6 in single precision, "
            "got the number "
            "1e-07; or choose \"precision\": \"double\"");
    refuses(with("\"solver\": {\"precision\": \"half\"}"),
            "study.json:2:25: /solver/precision: expected \"auto\", \"single\" or \"double\", got "
            "\"half\"");
    refuses(with("\"solver\": {\"max_steps\": 0}"),
            "study.json:2:25: /solver/max_steps: \"max_steps\" must be a whole number from 1 to "
            "2147483647, got "
            "the number 0");
    refuses(with("\"solver\": {\"max_steps\": 1.5}"),
            "study.json:2:25: /solver/max_steps: \"max_steps\" must be a whole number from 1 to "
            "2147483647, got "
            "the number 1.5");
    refuses(with("\"solver\": {\"atol\": 1e-3}"),
            "study.json:2:20: /solver/atol: unknown key \"atol\"; did you mean \"rtol\"?");
}

static void test_output(void **state)
{
    (void)state;
    reads(with("\"output\": {\"map\": \"out/x.zarr\", \"keep\": 23, \"type\": \"float32\"}"));
    assert_string_equal(study->map, "out/x.zarr");
    assert_int_equal(study->keep, 23);
    assert_true(reads(with("\"output\": {\"type\": \"float64\"}"))->store_double);
    refuses(with("\"output\": {\"type\": \"float64\", \"keep\": 12}"),
            "study.json:2:39: /output/keep: \"keep\" rounds float32 values and does not go with "
            "float64");
    refuses(with("\"output\": {\"type\": \"float16\"}"),
            "study.json:2:20: /output/type: expected \"float32\" or \"float64\", got \"float16\"");
    refuses(with("\"output\": {\"keep\": 7}"), "study.json:2:20: /output/keep: \"keep\" (mantissa "
                                               "bits) must be a whole number from 8 to 23, got "
                                               "the number 7");
    refuses(with("\"output\": {\"map\": \"\"}"),
            "study.json:2:19: /output/map: expected a path such as \"results/study.zarr\", got an "
            "empty string");
    refuses(with("\"output\": {\"path\": \"x\"}"),
            "study.json:2:20: /output/path: unknown key \"path\"; known "
            "here: \"map\", \"keep\", \"type\"");
}

static void test_refused(void **state)
{
    (void)state;
    refuses("[]", "study.json:1:1: a study is a JSON object, got an empty array");
    refuses("{\"horizon\": 1}", "study.json:1:1: the key \"model\" is missing (a string)");
    refuses("{\"model\": 3}", "study.json:1:11: /model: expected a string, got the number 3");
    refuses("{\"model\": \"\"}",
            "study.json:1:11: /model: expected the path of a model file, got an empty string");
    refuses(with("\"population\": {\"n\": 256}"),
            "study.json:2:15: /population: nothing differs between patients: no parameter of the model has a \"variability\"; give "
            "\"of\": {\"CL\": {\"cv\": 0.3}}");
    refuses(with("\"endpoint\": []"),
            "study.json:2:13: /endpoint: unknown key \"endpoint\"; did you mean "
            "\"endpoints\"?");
    refuses(
        with("\"variants\": [\"slwo\"]"),
        "study.json:2:14: /variants/0: the model has no variant \"slwo\"; did you mean \"slow\"?");
    refuses(with("\"variants\": [3]"),
            "study.json:2:14: /variants/0: expected the name of a variant, got the number 3");
    refuses(with("\"name\": 3"), "study.json:2:9: /name: expected a string, got the number 3");
    refuses(with("\"endpoints\": 3"),
            "study.json:2:14: /endpoints: expected an array, got the number 3");
    assert_int_equal(read_text("{\"model\": \"missing.json\", \"horizon\": 1}", NULL, 0), KM_E_IO);
    assert_null(study);
    assert_non_null(strstr(d.message, "study.json:1:11: /model: "));
    assert_non_null(strstr(d.message, "missing.json"));
}

static void test_columns(void **state)
{
    km_slot slot;
    double factor;

    (void)state;
    reads(with_axis(
        "{\"name\": \"start\", \"of\": \"regimen[0].time\", \"values\": [\"1 d\", \"2 d\"]}, "
        "{\"name\": \"who\", \"of\": \"variant\", \"values\": [\"slow\"]}"));
    assert_ok(km_study_column(study, "start", &slot, &factor, &d), &d);
    assert_int_equal(slot.field, KM_FIELD_TIME);
    assert_int_equal(slot.index, 0);
    assert_same_double(factor, 24.0);
    assert_ok(km_study_column(study, "ka", &slot, &factor, &d), &d);
    assert_int_equal(slot.field, KM_FIELD_PARAMETER);
    assert_int_equal(slot.index, km_model_find_parameter(study->model, "ka"));
    assert_same_double(factor, 1.0);
    assert_ok(km_study_column(study, "regimen[0].time", &slot, &factor, &d), &d);
    assert_int_equal(slot.field, KM_FIELD_TIME);
    assert_same_double(factor, 1.0);
    assert_int_equal(km_study_column(study, "who", &slot, &factor, &d), KM_E_INPUT);
    assert_string_equal(d.message,
                        "column \"who\": the axis is of variants, which a number cannot name; give "
                        "columns of the parameters that they set");
    assert_int_equal(km_study_column(study, "strat", &slot, &factor, &d), KM_E_INPUT);
    assert_string_equal(
        d.message, "column \"strat\": no axis or parameter has this name; did you mean \"start\"?");
    assert_int_equal(km_study_column(study, "zzzzz", &slot, &factor, &d), KM_E_INPUT);
    assert_int_equal(km_study_column(study, "regimen[0].x", &slot, &factor, &d), KM_E_INPUT);
}

static const char whole[] =
    "{\"model\": \"model.json\", \"name\": \"n\", \"variants\": [\"slow\"], \"set\": {\"V\": \"90 "
    "L\"},\n"
    "\"regimen\": [{\"id\": \"a\", \"route\": \"iv\", \"amt\": \"0.5 mg/kg\", \"tinf\": \"40 "
    "min\", \"ii\": "
    "\"12 h\", \"addl\": 3, \"skip\": [1]}], \"horizon\": \"48 h\",\n"
    "\"design\": {\"axes\": [{\"name\": \"x\", \"of\": \"ka\", \"log\": [0.5, 2, 5]}, {\"name\": "
    "\"dose\", "
    "\"of\": \"regimen.a.amt\", \"linear\": [\"0.1 mg/kg\", \"1 mg/kg\", 4]}]},\n"
    "\"endpoints\": [{\"name\": \"t\", \"of\": \"plasma\", \"kind\": \"first_time\", \"when\": "
    "\">= 5 ng/mL\", "
    "\"hold\": 1}, {\"name\": \"y\", \"of\": \"effect\", \"kind\": \"value\", \"at\": \"1 d\"}],\n"
    "\"solver\": {\"rtol\": 1e-5}, \"output\": {\"map\": \"x.zarr\", \"keep\": 12}}\n";

/* Changed bytes give a study or a sentence, and leak nothing (run under the sanitizers). */
static void test_mutations(void **state)
{
    static const char bytes[] = "\"{}[],:0123456789.-+e xamtn";
    static char text[sizeof whole];
    uint64_t seed = 20240607u;
    int read = 0;

    (void)state;
    reads(whole);
    assert_int_equal(study->n_points, 20);
    assert_int_equal(d.n_warnings, 0);
    for (int i = 0; i < 3000; i++) {
        memcpy(text, whole, sizeof whole);
        for (int k = 0; k <= i % 3; k++) {
            size_t at;

            seed = seed * 6364136223846793005u + 1442695040888963407u;
            at = (size_t)(seed >> 33) % (sizeof whole - 1);
            text[at] = bytes[(seed >> 20) % (sizeof bytes - 1)];
        }
        if (read_text(text, NULL, 0) == KM_OK) {
            assert_non_null(study);
            read++;
        } else {
            assert_null(study);
            assert_true(d.message[0] != '\0');
        }
    }
    assert_true(read > 30);
}

/* Every value of the study replaced by one of another kind. */
static void test_kinds(void **state)
{
    static const char *const other[] = {"null",  "true",  "-1",      "0.5",
                                        "1e300", "\"\"",  "[]",      "[[3]]",
                                        "{}",    "\"x\"", "\"1 d\"", "{\"a\": {\"b\": 1}}"};
    static char text[sizeof whole + 64];

    (void)state;
    for (const char *c = whole; *c != '\0'; c++) {
        const char *first = c + 2, *end;

        if (c[0] != ':' || c[1] != ' ')
            continue;
        if (*first == '"')
            end = strchr(first + 1, '"') + 1;
        else if (*first == '[' || *first == '{')
            end = strchr(first, *first == '[' ? ']' : '}') + 1;
        else
            end = first + strcspn(first, ",}]\n");
        for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
            (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(first - whole), whole, other[i],
                           end);
            if (read_text(text, NULL, 0) != KM_OK)
                assert_true(d.message[0] != '\0' && study == NULL);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_precedence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_horizon, setup, teardown),
        cmocka_unit_test_setup_teardown(test_solver, setup, teardown),
        cmocka_unit_test_setup_teardown(test_output, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mutations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
    };

    return cmocka_run_group_tests_name("study", tests, NULL, NULL);
}
