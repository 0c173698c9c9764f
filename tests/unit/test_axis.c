/* Axes: coordinates to the last bit, units, slots, variants, what is refused. */
#include "study_files.h"

#include "study/axis.h"

#include <math.h>

static const km_axis *axis(const char *text)
{
    return &reads(with_axis(text))->axis[0];
}

static void test_linear(void **state)
{
    const km_axis *a =
        axis("{\"name\": \"gap\", \"of\": \"V\", \"linear\": [10, 20, 5], \"about\": \"volume\"}");

    (void)state;
    assert_string_equal(a->name, "gap");
    assert_string_equal(a->of, "V");
    assert_string_equal(a->unit, "L");
    assert_string_equal(a->about, "volume");
    assert_int_equal(a->scale, KM_AXIS_LINEAR);
    assert_int_equal(a->n, 5);
    assert_null(a->label);
    for (size_t i = 0; i < 5; i++) {
        assert_same_double(a->coordinate[i], 10.0 + 2.5 * (double)i);
        assert_same_double(a->value[i], a->coordinate[i]);
    }
    assert_int_equal(study->n_points, 5);
    assert_int_equal(study->n_slots, 1);
    assert_int_equal(study->slot[a->slot[0]].field, KM_FIELD_PARAMETER);
    assert_int_equal(study->slot[a->slot[0]].index, km_model_find_parameter(study->model, "V"));
    a = axis("{\"name\": \"g\", \"of\": \"gain\", \"linear\": [-1, 0.1, 50]}");
    assert_same_double(a->coordinate[0], -1.0);
    assert_same_double(a->coordinate[49], 0.1);
    assert_same_double(axis("{\"name\": \"g\", \"of\": \"gain\", \"linear\": [2, 2, 1]}")->value[0],
                       2.0);
}

static void test_log(void **state)
{
    const km_axis *a = axis("{\"name\": \"g\", \"of\": \"gain\", \"log\": [0.1, 2, 128]}");

    (void)state;
    assert_int_equal(a->scale, KM_AXIS_LOG);
    assert_string_equal(a->unit, "-");
    assert_same_double(a->coordinate[0], 0.1);
    assert_same_double(a->coordinate[127], 2.0);
    for (int i = 1; i < 127; i++) {
        assert_same_double(a->coordinate[i], 0.1 * pow(2.0 / 0.1, (double)i / 127.0));
        assert_true(a->coordinate[i] > a->coordinate[i - 1]);
    }
    assert_same_double(axis("{\"name\": \"g\", \"of\": \"gain\", \"log\": [3, 3, 1]}")->value[0],
                       3.0);
}

/* Coordinates stay in the axis' unit; factor leads to the model's. */
static void test_units(void **state)
{
    const km_axis *a =
        axis("{\"name\": \"v\", \"of\": \"V\", \"values\": [\"500 mL\", \"1 L\", \"0.02 L\"]}");

    (void)state;
    assert_int_equal(a->scale, KM_AXIS_VALUES);
    assert_string_equal(a->unit, "mL");
    assert_same_double(a->factor, 1e-3);
    assert_same_double(a->coordinate[1], 1000.0);
    assert_same_double(a->coordinate[2], 20.0);
    assert_same_double(a->value[0], 0.5);
    a = axis(
        "{\"name\": \"start\", \"of\": \"regimen[0].time\", \"linear\": [\"0 d\", \"48 h\", 3]}");
    assert_string_equal(a->unit, "d");
    assert_same_double(a->coordinate[2], 2.0);
    assert_same_double(a->value[1], 24.0);
    /* a bare number is in the model's unit */
    a = axis("{\"name\": \"start\", \"of\": \"regimen[0].time\", \"linear\": [\"0 d\", 12, 3]}");
    assert_same_double(a->coordinate[2], 0.5);
    a = axis("{\"name\": \"r\", \"of\": \"regimen[0].rate\", \"values\": [0, 20]}");
    assert_string_equal(a->unit, "mg/h");
    refuses(
        with_axis("{\"name\": \"v\", \"of\": \"V\", \"log\": [\"1 h\", 2, 3]}"),
        "study.json:2:54: /design/axes/0/log/0: expected a quantity such as \"1 L\", got \"1 h\"");
}

static void test_regimen_axes(void **state)
{
    const km_axis *a = axis("{\"name\": \"dose\", \"of\": \"regimen[0].amt\", \"log\": [\"0.1 "
                            "mg/kg\", \"2 mg/kg\", 3]}");

    (void)state;
    assert_string_equal(a->unit, "mg/kg");
    assert_same_double(a->factor, 1.0);
    assert_same_double(a->value[2], 2.0);
    assert_true(study->record[0].amt_per_kg);
    assert_same_double(study->record[0].field[KM_FIELD_AMT],
                       0.1); /* the base follows: 50 mg/kg is not meant */
    assert_int_equal(study->slot[0].field, KM_FIELD_AMT);
    assert_int_equal(warnings("per kg of body weight, and amt of regimen[0] is not per kg"), 1);
    a = axis("{\"name\": \"dose\", \"of\": \"regimen.load.amt\", \"linear\": [\"50 mg\", \"0.1 "
             "g\", 2]}");
    assert_false(study->record[0].amt_per_kg);
    assert_same_double(a->coordinate[1], 100.0);
    assert_same_double(study->record[0].field[KM_FIELD_AMT], 50.0);
    assert_int_equal(d.n_warnings, 0);
    /* a field that only the axis gives */
    axis("{\"name\": \"length\", \"of\": \"regimen[0].tinf\", \"linear\": [\"0 min\", \"60 min\", "
         "4]}");
    assert_true(study->record[0].given[KM_FIELD_TINF]);
    assert_same_double(study->record[0].field[KM_FIELD_TINF], 0.0);
    refuses(with_axis(
                "{\"name\": \"dose\", \"of\": \"regimen[0].amt\", \"log\": [\"0.1 mg/kg\", 2, 3]}"),
            "study.json:2:83: /design/axes/0/log/1: the axis begins in mg/kg, and the number 2 is "
            "not per kg; "
            "write one unit throughout");
    refuses(with_axis("{\"name\": \"dose\", \"of\": \"regimen[0].amt\", \"linear\": [-1, 2, 4]}"),
            "study.json:2:73: /design/axes/0/linear/0: \"amt\" must not be negative");
    refuses(with_axis("{\"name\": \"n\", \"of\": \"regimen[0].addl\", \"linear\": [0, 3, 4]}"),
            "study.json:1:56: /regimen/0: the key \"ii\" is missing: \"addl\" repeats the dose "
            "every \"ii\"");
    refuses(with_axis("{\"name\": \"n\", \"of\": \"regimen[0].addl\", \"linear\": [0, 3, 5]}"),
            "study.json:2:70: /design/axes/0/linear: \"addl\" must be a whole number from 0 to "
            "100000, got "
            "0.75");
    refuses(
        with_axis(
            "{\"name\": \"a\", \"of\": \"regimen[0].tinf\", \"values\": [1]}, {\"name\": \"b\", "
            "\"of\": \"regimen[0].rate\", \"values\": [1]}"),
        "study.json:1:56: /regimen/0: regimen[0] has both \"tinf\" and \"rate\" (axes and --set "
        "count); an "
        "infusion is given by one of them");
    refuses(with_axis("{\"name\": \"a\", \"of\": \"regimen[1].tinf\", \"values\": [1]}"),
            "study.json:2:41: /design/axes/0/of: there is no regimen[1]; the regimen has 1 record, "
            "from 0");
    /* ii and addl both from axes */
    reads(with_axis(
        "{\"name\": \"n\", \"of\": \"regimen[0].addl\", \"linear\": [1, 49, 49]}, {\"name\": "
        "\"every\", \"of\": \"regimen[0].ii\", \"linear\": [6, 12, 2]}"));
    assert_int_equal(study->n_points, 98);
    assert_same_double(study->axis[0].value[36], 37.0);
    refuses(
        with_axis(
            "{\"name\": \"n\", \"of\": \"regimen[0].addl\", \"linear\": [1, 3, 3]}, {\"name\": "
            "\"every\", \"of\": \"regimen[0].ii\", \"linear\": [0, 12, 2]}"),
        "study.json:1:56: /regimen/0: \"ii\" must be larger than 0 when \"addl\" repeats the dose");
}

static void test_variants(void **state)
{
    const km_axis *a =
        axis("{\"name\": \"who\", \"of\": \"variant\", \"values\": [\"slow\", \"fast\"]}");
    int v;

    (void)state;
    assert_int_equal(a->scale, KM_AXIS_CATEGORY);
    assert_int_equal(a->n, 2);
    assert_string_equal(a->label[0], "slow");
    assert_string_equal(a->label[1], "fast");
    assert_same_double(a->coordinate[1], 1.0);
    assert_same_double(a->factor, 1.0);
    assert_int_equal(a->n_slots, 2); /* CL and V */
    assert_int_equal(study->n_slots, 2);
    v = study->slot[a->slot[0]].index == km_model_find_parameter(study->model, "V") ? 0 : 1;
    assert_same_double(a->value[2 * v], 100.0); /* slow leaves V alone */
    assert_same_double(a->value[2 * v + 1], 90.0);
    assert_same_double(a->value[2 * (1 - v)], 60.0);
    assert_same_double(a->value[2 * (1 - v) + 1], 100.0);
    /* what a variant does not set keeps the value of --set */
    a = &reads_set(
             with_axis(
                 "{\"name\": \"who\", \"of\": \"variant\", \"values\": [\"slow\", \"fast\"]}"),
             "V=120")
             ->axis[0];
    assert_same_double(a->value[2 * v], 120.0);
    assert_int_equal(warnings("--set V=120: has no effect"), 0);
    refuses(
        with_axis("{\"name\": \"who\", \"of\": \"variant\", \"values\": [\"slow\", \"slo\"]}"),
        "study.json:2:73: /design/axes/0/values/1: the model has no variant \"slo\"; did you mean "
        "\"slow\"?");
    refuses(with_axis("{\"name\": \"who\", \"of\": \"variant\", \"values\": [\"slow\", \"slow\"]}"),
            "study.json:2:73: /design/axes/0/values/1: the axis has the variant \"slow\" twice");
    refuses(with_axis("{\"name\": \"who\", \"of\": \"variant\", \"values\": []}"),
            "study.json:2:64: /design/axes/0/values: an axis of variants lists their names in "
            "\"values\"");
    refuses(with_axis("{\"name\": \"who\", \"of\": \"variant\", \"linear\": [0, 1, 2]}"),
            "study.json:2:64: /design/axes/0/linear: an axis of variants lists their names in "
            "\"values\"");
    refuses(with_axis("{\"name\": \"who\", \"of\": \"variant\", \"values\": [0]}"),
            "study.json:2:65: /design/axes/0/values/0: expected the name of a variant, got the "
            "number 0");
    refuses(
        with_axis(
            "{\"name\": \"x\", \"of\": \"CL\", \"values\": [70]}, {\"name\": \"who\", \"of\": "
            "\"variant\", \"values\": [\"slow\"]}"),
        "study.json:2:108: /design/axes/1/values/0: \"CL\" is already varied by the axis \"x\"");
}

static void test_refused_axes(void **state)
{
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {"{\"name\": \"x\", \"of\": \"V\", \"log\": [0, 2, 3]}",
         "study.json:2:54: /design/axes/0/log/0: a logarithmic axis starts above 0, got the number "
         "0"},
        {"{\"name\": \"x\", \"of\": \"V\", \"log\": [2, 1, 3]}",
         "study.json:2:57: /design/axes/0/log/1: expected a number larger than 2, got the number "
         "1"},
        {"{\"name\": \"x\", \"of\": \"V\", \"linear\": [2, 2, 3]}",
         "study.json:2:60: /design/axes/0/linear/1: expected a number larger than 2, got the "
         "number 2 (or 1 "
         "point)"},
        {"{\"name\": \"x\", \"of\": \"V\", \"linear\": [1, 2, 1]}",
         "study.json:2:63: /design/axes/0/linear/2: one point cannot span 1 to 2; write at least "
         "2, or "
         "\"values\""},
        {"{\"name\": \"x\", \"of\": \"V\", \"linear\": [1, 2, 0]}",
         "study.json:2:63: /design/axes/0/linear/2: the number of points must be a whole number "
         "from 1 to "
         "10000000, got the number 0"},
        {"{\"name\": \"x\", \"of\": \"V\", \"linear\": [1, 2, 2.5]}",
         "study.json:2:63: /design/axes/0/linear/2: the number of points must be a whole number "
         "from 1 to "
         "10000000, got the number 2.5"},
        {"{\"name\": \"x\", \"of\": \"V\", \"linear\": [1, 2, \"3\"]}",
         "study.json:2:63: /design/axes/0/linear/2: the number of points must be a whole number "
         "from 1 to "
         "10000000, got \"3\""},
        {"{\"name\": \"x\", \"of\": \"V\", \"linear\": [1, 2]}",
         "study.json:2:56: /design/axes/0/linear: expected [low, high, number of points], got an "
         "array of "
         "another length"},
        {"{\"name\": \"x\", \"of\": \"V\", \"linear\": [-1e308, 1e308, 3]}",
         "study.json:2:56: /design/axes/0/linear: the span from -1e+308 to 1e+308 is too large"},
        {"{\"name\": \"x\", \"of\": \"V\", \"linear\": [1, 1.0000000000000002, 9]}",
         "study.json:2:56: /design/axes/0/linear: the axis has the coordinate 1 twice"},
        {"{\"name\": \"x\", \"of\": \"V\", \"values\": [1, 2, \"1000 mL\"]}",
         "study.json:2:56: /design/axes/0/values: the axis has the coordinate 1 twice"},
        {"{\"name\": \"x\", \"of\": \"V\", \"values\": []}",
         "study.json:2:56: /design/axes/0/values: expected an array of 1 to 10000000 values, got "
         "an empty "
         "array"},
        {"{\"name\": \"x\", \"of\": \"V\", \"values\": [1], \"log\": [1, 2, 3]}",
         "study.json:2:56: /design/axes/0/values: an axis has one of \"linear\", \"log\" and "
         "\"values\", not "
         "two"},
        {"{\"name\": \"x\", \"of\": \"V\"}", "study.json:2:21: /design/axes/0: an axis needs its "
                                             "points: \"linear\" or \"log\": [low, high, number "
                                             "of points], or \"values\": [...]"},
        {"{\"of\": \"V\", \"values\": [1]}",
         "study.json:2:21: /design/axes/0: the key \"name\" is missing (a string)"},
        {"{\"name\": \"x\", \"values\": [1]}",
         "study.json:2:21: /design/axes/0: the key \"of\" is missing (a string)"},
        {"{\"name\": \"x\", \"of\": \"VV\", \"values\": [1]}",
         "study.json:2:41: /design/axes/0/of: the model has no parameter \"VV\"; did you mean "
         "\"V\"?"},
        {"{\"name\": \"x\", \"of\": \"horizon\", \"values\": [1]}",
         "study.json:2:41: /design/axes/0/of: the model has no parameter \"horizon\"; what can "
         "vary is a "
         "parameter or a regimen field such as \"regimen[0].amt\""},
        {"{\"name\": \"x y\", \"of\": \"V\", \"values\": [1]}",
         "study.json:2:30: /design/axes/0/name: the name of an axis begins with a letter and has "
         "only letters, "
         "digits and _, got \"x y\""},
        {"{\"name\": \"steps\", \"of\": \"V\", \"values\": [1]}",
         "study.json:2:30: /design/axes/0/name: \"steps\" is the name of an array of every map; "
         "choose another "
         "name"},
        {"{\"name\": \"ka\", \"of\": \"V\", \"values\": [1]}",
         "study.json:2:30: /design/axes/0/name: an axis named like the parameter \"ka\" must be "
         "\"of\" it, got "
         "\"V\"; choose another name"},
        {"{\"name\": \"x\", \"of\": \"V\", \"values\": [1]}, {\"name\": \"x\", \"of\": \"ka\", "
         "\"values\": [1]}",
         "study.json:2:71: /design/axes/1/name: two axes are named \"x\""},
        {"{\"name\": \"x\", \"of\": \"V\", \"values\": [1]}, {\"name\": \"y\", \"of\": \"V\", "
         "\"values\": [1]}",
         "study.json:2:82: /design/axes/1/of: \"V\" is already varied by the axis \"x\""},
        {"{\"name\": \"x\", \"of\": \"V\", \"steps\": 3}",
         "study.json:2:55: /design/axes/0/steps: unknown key \"steps\"; known here: \"name\", "
         "\"of\", "
         "\"about\", \"linear\", \"log\", \"values\""},
        {"{\"name\": \"top\", \"of\": \"V\", \"values\": [1]}",
         "study.json:3:24: /endpoints/0/name: \"top\" clashes with the axis \"top\"; choose "
         "another name"},
        {"{\"name\": \"top_state\", \"of\": \"V\", \"values\": [1]}",
         "study.json:3:24: /endpoints/0/name: \"top\" clashes with the axis \"top_state\"; choose "
         "another name"},
        {"7", "study.json:2:21: /design/axes/0: expected an object, got the number 7"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuses(with_axis(bad[i].text), bad[i].expected);
}

static void test_designs(void **state)
{
    (void)state;
    assert_int_equal(reads(with_axis(""))->n_points, 1);
    assert_int_equal(reads(with("\"design\": {}"))->n_axes, 0);
    refuses(with("\"design\": {\"axis\": []}"),
            "study.json:2:20: /design/axis: unknown key \"axis\"; did you mean \"axes\"?");
    refuses(with_axis("{\"name\": \"a\", \"of\": \"V\", \"linear\": [1, 2, 10000000]}, {\"name\": "
                      "\"b\", \"of\": "
                      "\"ka\", \"linear\": [1, 2, 10000000]}, {\"name\": \"c\", \"of\": \"gain\", "
                      "\"linear\": "
                      "[1, 2, 100]}"),
            "study.json:2:20: /design/axes: the design has more than 2^53 points");
}

static void test_warnings(void **state)
{
    (void)state;
    axis("{\"name\": \"x\", \"of\": \"CL\", \"log\": [10, 200, 3]}");
    assert_int_equal(
        warnings("/design/axes/0/log/0: CL = 10 L/h lies outside the model's range, 50 to 120"), 1);
    assert_int_equal(d.n_warnings, 1);
    axis("{\"name\": \"x\", \"of\": \"CL\", \"log\": [\"60 L/h\", \"3000 mL/min\", 3]}");
    assert_int_equal(warnings("/design/axes/0/log/1: CL = 180 L/h lies outside"), 1);
    axis("{\"name\": \"who\", \"of\": \"variant\", \"values\": [\"slow\", \"wild\"]}");
    assert_int_equal(warnings("lies outside"), 0); /* a variant may leave the range */
    reads_set(with_axis("{\"name\": \"x\", \"of\": \"V\", \"log\": [10, 200, 3]}"), "V=50");
    assert_int_equal(warnings("--set V=50: has no effect, since the axis \"x\" gives the values"),
                     1);
    axis("{\"name\": \"x\", \"of\": \"gain\", \"log\": [10, 200, 3]}");
    assert_int_equal(warnings("the axis \"x\" has no effect, since no endpoint depends on gain"),
                     1);
}

static void test_slot_names(void **state)
{
    char *name;

    (void)state;
    reads(with_axis(
        "{\"name\": \"a\", \"of\": \"regimen.load.amt\", \"values\": [50]}, {\"name\": \"b\", "
        "\"of\": \"ka\", \"values\": [1]}"));
    name = km_slot_name(study, &study->slot[0]);
    assert_string_equal(name, "regimen[0].amt");
    free(name);
    name = km_slot_name(study, &study->slot[1]);
    assert_string_equal(name, "ka");
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_linear, setup, teardown),
        cmocka_unit_test_setup_teardown(test_log, setup, teardown),
        cmocka_unit_test_setup_teardown(test_units, setup, teardown),
        cmocka_unit_test_setup_teardown(test_regimen_axes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_variants, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_axes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_designs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warnings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slot_names, setup, teardown),
    };

    return cmocka_run_group_tests_name("axis", tests, NULL, NULL);
}
