/* Designs read from studies: factors, their values, lists, and the mistakes one can make. */
#include "study_files.h"

#include "points.h"
#include "study/design.h"

#include <math.h>

static const char *design(const char *text)
{
    static char out[4096];

    (void)snprintf(out, sizeof out,
                   "{\"model\": \"model.json\", \"horizon\": \"48 h\", \"regimen\": [{\"route\": \"iv\", \"amt\": \"50 mg\"}],\n"
                   "\"design\": %s,\n%s}\n",
                   text, one_endpoint);
    return out;
}

static double coordinate(int factor, uint64_t rank) { return km_design_coordinate(study, &study->factor[factor], rank); }

static void test_grid_points(void **state)
{
    double row[3], low, high;

    (void)state;
    refuses(design("{\"axes\": [{\"name\": \"a\", \"of\": \"V\", \"values\": [90]}], \"sobol\": {\"n\": 4}}"),
            "study.json:2:73: /design/sobol: a study has one design, \"axes\" or \"sobol\", not two");
    reads(design("{\"axes\": [{\"name\": \"a\", \"of\": \"ka\", \"values\": [3, 1]}, {\"name\": \"b\", \"of\": \"gain\", \"values\": "
                 "[5, 6, 7]}]}"));
    for (uint64_t rank = 0; rank < 6; rank++) {
        km_study_point(study, rank, row);
        assert_same_double(row[0], rank < 3 ? 3 : 1);
        assert_same_double(row[1], 5 + (double)(rank % 3));
    }
    assert_true(km_design_extent(study, 0, &low, &high));
    assert_same_double(low, 1);
    assert_same_double(high, 3);
    assert_false(km_design_extent(study, 2, &low, &high));
}

static void test_factors(void **state)
{
    double row[3], low, high, tally = 0.0;

    (void)state;
    reads(design("{\"sobol\": {\"n\": 1024, \"seed\": \"18446744073709551615\", \"factors\": [\n"
                 "{\"name\": \"dose\", \"of\": \"regimen[0].amt\", \"log\": [\"0.1 mg/kg\", \"2000 ug/kg\"], \"about\": \"a dose\"},\n"
                 "{\"of\": \"CL\"}, {\"of\": \"regimen[0].tinf\", \"linear\": [\"30 min\", \"2 h\"]}]}}"));
    assert_int_equal(study->design, KM_DESIGN_SOBOL);
    assert_int_equal(study->n_axes, 0);
    assert_int_equal(study->n_factors, 3);
    assert_int_equal(study->n_points, 1024);
    assert_true(study->seed == UINT64_MAX);
    assert_string_equal(study->factor[0].unit, "mg/kg");
    assert_string_equal(study->factor[0].about, "a dose");
    assert_string_equal(study->factor[1].name, "CL");
    assert_string_equal(study->factor[2].name, "regimen_0_tinf");
    assert_true(study->record[0].amt_per_kg && study->record[0].given[KM_FIELD_TINF]);
    assert_int_equal(warnings("the factor is in mg/kg, per kg of body weight"), 1);
    for (uint64_t rank = 0; rank < 1024; rank++) {
        km_study_point(study, rank, row);
        assert_same_double(row[0], coordinate(0, rank));
        assert_same_double(row[2], coordinate(2, rank) * (1.0 / 60.0));
        assert_true(row[0] >= 0.1 && row[0] <= 2.0 && row[1] >= 50 && row[1] <= 120);
        tally += log(row[0]) / 1024;
    }
    assert_true(fabs(tally - 0.5 * log(0.2)) < 1e-3);
    assert_true(km_design_extent(study, 2, &low, &high));
    assert_true(fabs(low - 0.5) < 1e-15 && fabs(high - 2) < 1e-15);
    /* the words of the header */
    for (uint32_t i = 0; i < 10; i++) {
        double u = (km_point_sobol(study->factor[1].direction, UINT64_MAX, 1, i) + 0.5) * 0x1p-32;
        assert_same_double(coordinate(1, i), 50 + (120.0 - 50) * u);
    }
}

/* The points of a shorter Sobol' sequence are the first of a longer one; another seed gives others. */
static void test_sequences_go_on(void **state)
{
    double first[16];

    (void)state;
    reads(design("{\"sobol\": {\"n\": 16, \"factors\": [{\"of\": \"V\", \"linear\": [1, 2]}]}}"));
    for (uint64_t i = 0; i < 16; i++)
        first[i] = coordinate(0, i);
    reads(design("{\"sobol\": {\"n\": 4294967296, \"seed\": \"1\", \"factors\": [{\"of\": \"V\", \"linear\": [1, 2]}]}}"));
    for (uint64_t i = 0; i < 16; i++)
        assert_same_double(coordinate(0, i), first[i]);
    reads(design("{\"sobol\": {\"n\": 16, \"seed\": \"2\", \"factors\": [{\"of\": \"V\", \"linear\": [1, 2]}]}}"));
    assert_true(coordinate(0, 0) != first[0]);
    reads(design("{\"sobol\": {\"n\": 100, \"factors\": [{\"of\": \"V\", \"linear\": [1, 2]}]}}"));
    assert_int_equal(warnings("/design/sobol/n: 100 is no power of 2, so that the points are not balanced; 64 and 128 are"), 1);
}

static void test_hypercube(void **state)
{
    unsigned char seen[2][37] = {{0}};

    (void)state;
    reads(design("{\"latin_hypercube\": {\"n\": 37, \"factors\": [{\"of\": \"V\", \"linear\": [0, 37]}, {\"of\": \"ka\", \"linear\": [0, "
                 "37]}]}}"));
    for (uint64_t i = 0; i < 37; i++)
        for (int f = 0; f < 2; f++)
            assert_int_equal(seen[f][(int)coordinate(f, i)]++, 0);
    reads(design("{\"latin_hypercube\": {\"n\": 1, \"factors\": [{\"of\": \"V\", \"linear\": [1, 2]}]}}"));
    assert_true(coordinate(0, 0) > 1 && coordinate(0, 0) < 2);
}

static void test_every_parameter(void **state)
{
    (void)state;
    reads(design("{\"sobol\": {\"n\": 8}}"));
    assert_int_equal(study->n_factors, 1);
    assert_string_equal(study->factor[0].name, "CL");
    assert_int_equal(read_text(design("{\"sobol\": {\"n\": 8}}"), (const char *const[]){"CL=60"}, 1), KM_E_INPUT);
    assert_string_equal(message(), "study.json:2:21: /design/sobol: there is nothing to vary: no parameter of the model has a range "
                                   "that the study leaves open");
    reads_set(design("{\"sobol\": {\"n\": 8, \"factors\": [{\"of\": \"CL\"}]}}"), "CL=60");
    assert_int_equal(warnings("--set CL=60: has no effect, since the factor \"CL\" gives the values"), 1);
}

static void test_columns(void **state)
{
    km_slot slot;
    double factor;

    (void)state;
    reads(design("{\"sobol\": {\"n\": 8, \"factors\": [{\"name\": \"tin\", \"of\": \"regimen[0].tinf\", \"linear\": [\"30 min\", \"60 "
                 "min\"]}]}}"));
    assert_ok(km_study_column(study, "tin", &slot, &factor, &d), &d);
    assert_int_equal(slot.field, KM_FIELD_TINF);
    assert_true(fabs(factor * 60 - 1) < 1e-15);
    assert_ok(km_study_column(study, "regimen[0].tinf", &slot, &factor, &d), &d);
    assert_same_double(factor, 1);
}

/* The normal scores of factors hang together; a study's own correlations take the place of the model's. */
static void test_correlation(void **state)
{
    enum { N = 4096 };
    static const char *const list[] = {"[[\"CL\", \"V\", 0.8], [\"V\", \"t\", -0.5]]", "[]"};
    char text[512];

    (void)state;
    for (int i = 0; i < 2; i++) {
        double r[3] = {0}, z[3];
        (void)snprintf(text, sizeof text, "{\"sobol\": {\"n\": 4096, \"correlation\": %s, \"factors\": [{\"of\": \"CL\"}, {\"of\": \"V\", \"linear\": [1, 2]}, "
                                          "{\"name\": \"t\", \"of\": \"regimen[0].tinf\", \"linear\": [1, 2]}]}}", list[i]);
        reads(design(text));
        assert_int_equal(study->copula != NULL, i == 0);
        for (uint64_t rank = 0; rank < N; rank++) {
            z[0] = km_normal_quantile((coordinate(0, rank) - 50) / 70);
            for (int f = 1; f < 3; f++)
                z[f] = km_normal_quantile(coordinate(f, rank) - 1);
            r[0] += z[0] * z[1] / N, r[1] += z[1] * z[2] / N, r[2] += z[0] * z[2] / N;
        }
        assert_true(fabs(r[0] - (i ? 0.0 : 0.8)) < 0.01 && fabs(r[1] - (i ? 0.0 : -0.5)) < 0.01 && fabs(r[2]) < 0.01);
    }
    refuses(design("{\"latin_hypercube\": {\"n\": 4, \"correlation\": [[\"CL\", \"ka\", 0.5]], \"factors\": [{\"of\": \"CL\"}]}}"),
            "study.json:2:63: /design/latin_hypercube/correlation/0/1: no factor is named \"ka\"; only what is varied can be named here");
}

static void table(const char *text) { write_text("plain.json", text); /* removed with the others */ }

static void test_list(void **state)
{
    double row[2], low, high;

    (void)state;
    table("regimen[0].addl\tCL\tregimen[0].ii\n2\t60\t12\n0\t70.5\t24\n");
    reads(design("{\"list\": {\"file\": \"plain.json\"}}"));
    assert_int_equal(study->design, KM_DESIGN_LIST);
    assert_int_equal(study->n_points, 2);
    assert_int_equal(strlen(study->list_hash), 64);
    assert_string_equal(study->factor[0].name, "regimen_0_addl");
    assert_string_equal(study->factor[1].unit, "L/h");
    assert_same_double(coordinate(1, 1), 70.5);
    assert_same_double(study->factor[2].high, 24);
    assert_same_double(study->record[0].field[KM_FIELD_II], 12);
    assert_true(km_design_extent(study, 0, &low, &high));
    assert_same_double(high, 2);
    table("CL\tV\n60\t1\n");
    reads(design("{\"list\": {\"file\": \"plain.json\"}}"));
    km_study_point(study, 0, row);
    assert_same_double(row[1], 1);
    table("CL\n");
    assert_int_equal(read_text(design("{\"list\": {\"file\": \"plain.json\"}}"), NULL, 0), KM_E_INPUT);
    assert_non_null(strstr(message(), "plain.json has a header and no points"));
    table("CL\n60\nx\n");
    assert_int_equal(read_text(design("{\"list\": {\"file\": \"plain.json\"}}"), NULL, 0), KM_E_INPUT);
    assert_non_null(strstr(message(), "plain.json:3:1: CL: expected a number, got \"x\""));
    assert_int_equal(read_text(design("{\"list\": {\"file\": \"none.tsv\"}}"), NULL, 0), KM_E_IO);
    assert_non_null(strstr(message(), "study.json:2:29: /design/list/file: "));
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {"{}", "study.json:2:21: /design/sobol: the key \"n\" is missing (a number)"},
        {"{\"n\": 0}", "study.json:2:27: /design/sobol/n: the number of points must be a whole number from 1 to 4294967296, got the "
                       "number 0"},
        {"{\"n\": 4, \"seed\": 7}", "study.json:2:38: /design/sobol/seed: a seed is a string of digits, \"0\" to "
                                    "\"18446744073709551615\", got the number 7"},
        {"{\"n\": 4, \"seed\": \"18446744073709551616\"}",
         "study.json:2:38: /design/sobol/seed: a seed is a string of digits, \"0\" to \"18446744073709551615\", got "
         "\"18446744073709551616\""},
        {"{\"n\": 4, \"seed\": \"-1\"}", "study.json:2:38: /design/sobol/seed: a seed is a string of digits, \"0\" to "
                                         "\"18446744073709551615\", got \"-1\""},
        {"{\"n\": 4, \"factors\": []}", "study.json:2:41: /design/sobol/factors: expected at least one factor; without \"factors\" "
                                        "every parameter that has a range is one"},
        {"{\"n\": 4, \"factors\": [{\"of\": \"V\"}]}",
         "study.json:2:42: /design/sobol/factors/0: the parameter \"V\" has no \"range\" in the model; give \"linear\" or \"log\": "
         "[low, high]"},
        {"{\"n\": 4, \"factors\": [{\"of\": \"regimen[0].amt\"}]}",
         "study.json:2:42: /design/sobol/factors/0: a field of the regimen has no law of its own; give \"linear\" or \"log\": [low, "
         "high]"},
        {"{\"n\": 4, \"factors\": [{\"of\": \"V\", \"linear\": [1, 2], \"log\": [1, 2]}]}",
         "study.json:2:79: /design/sobol/factors/0/log: a factor has one of \"linear\" and \"log\", not two"},
        {"{\"n\": 4, \"factors\": [{\"of\": \"V\", \"log\": [0, 2]}]}",
         "study.json:2:62: /design/sobol/factors/0/log/0: a logarithmic factor starts above 0, got the number 0"},
        {"{\"n\": 4, \"factors\": [{\"of\": \"V\", \"linear\": [2, 2]}]}",
         "study.json:2:68: /design/sobol/factors/0/linear/1: expected a number larger than 2, got the number 2"},
        {"{\"n\": 4, \"factors\": [{\"of\": \"V\", \"linear\": [1, 2, 3]}]}",
         "study.json:2:64: /design/sobol/factors/0/linear: expected [low, high], got an array of another length"},
        {"{\"n\": 4, \"factors\": [{\"of\": \"V\", \"linear\": [1, 2]}, {\"of\": \"V\", \"linear\": [1, 2], \"name\": \"W\"}]}",
         "study.json:2:80: /design/sobol/factors/1/of: \"V\" is already varied by the factor \"V\""},
        {"{\"n\": 4, \"factors\": [{\"of\": \"regimen[0].addl\", \"linear\": [0, 2]}]}",
         "study.json:2:49: /design/sobol/factors/0/of: \"addl\" counts doses and is whole; vary it by an axis or a list"},
        {"{\"n\": 4, \"factors\": [{\"name\": \"point\", \"of\": \"CL\"}]}",
         "study.json:2:51: /design/sobol/factors/0/name: \"point\" is the name of the map's dimension; choose another name"},
        {"{\"n\": 4, \"factors\": [{\"name\": \"top\", \"of\": \"CL\"}]}",
         "study.json:3:24: /endpoints/0/name: \"top\" clashes with the factor \"top\"; choose another name"},
        {"{\"n\": 4, \"factors\": [{\"of\": \"CL\", \"values\": [1]}]}",
         "study.json:2:65: /design/sobol/factors/0/values: expected a list of 2 to 1000 values, got an array"},
        {"{\"n\": 4, \"factors\": [{\"of\": \"CL\", \"value\": [1, 2]}]}",
         "study.json:2:64: /design/sobol/factors/0/value: unknown key \"value\"; did you mean \"values\"?"},
        {"{\"n\": 4, \"factors\": [{\"of\": \"CL\", \"law\": \"gamma\"}]}",
         "study.json:2:62: /design/sobol/factors/0/law: expected \"uniform\", \"log-uniform\", \"normal\", \"lognormal\" or "
         "\"logit-normal\", got \"gamma\""},
        {"{\"n\": 4, \"factors\": [{\"of\": \"CL\", \"range\": [50, 50]}]}",
         "study.json:2:69: /design/sobol/factors/0/range/1: expected a number larger than 50, got the number 5e+01"},
        {"{\"n\": 4, \"factors\": [{\"of\": \"CL\", \"cv\": 0}]}",
         "study.json:2:61: /design/sobol/factors/0/cv: \"cv\" must be larger than 0, got the number 0"},
        {"{\"n\": 4, \"factors\": [{\"of\": \"CL\", \"linear\": [1, 2], \"cv\": 1}]}",
         "study.json:2:79: /design/sobol/factors/0/cv: \"cv\" belongs to the parameter's law, and \"linear\" takes its place"},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(text, sizeof text, "{\"sobol\": %s}", bad[i].text);
        refuses(design(text), bad[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_grid_points, setup, teardown),
        cmocka_unit_test_setup_teardown(test_factors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sequences_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hypercube, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_parameter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_correlation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mistakes, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
