/* Statistics of patients against sums and orders made by hand. */
#include "study_files.h"

#include "abi.h"
#include "study/population.h"
#include "study/statistic.h"

#include <math.h>

static const char *const text =
    "{\"model\": \"model.json\", \"regimen\": [{\"route\": \"iv\", \"amt\": 10, \"time\": 0}], \"horizon\": 24,\n"
    " \"population\": {\"n\": 5, \"of\": {\"CL\": {\"cv\": 0.3}}, \"quantiles\": [0.025]},\n"
    " \"endpoints\": [{\"name\": \"first\", \"of\": \"plasma\", \"kind\": \"first_time\", \"when\": \">= 1\"},\n"
    "  {\"name\": \"inside\", \"of\": \"plasma\", \"kind\": \"time_in\", \"when\": \">= 1\"}, {\"name\": \"top\", \"of\": \"plasma\", \"kind\": \"max\"}]}";

static void read_it(const char *quantiles)
{
    const char *at = strstr(text, "[0.025");
    char *own = km_format("%.*s%s%s", (int)(at - text), text, quantiles, strchr(at, ']') + 1);

    write_text("study.json", own);
    free(own);
    assert_ok(km_study_read(study_path, NULL, 0, &study, &d), &d);
}

static int find(const char *name)
{
    for (int i = 0; i < study->n_statistics; i++)
        if (strcmp(study->statistic[i].name, name) == 0)
            return i;
    fail_msg("no statistic %s", name);
    return -1;
}

static void test_names(void **state)
{
    (void)state;
    read_it("[0.025, 0.05, 0.5, 0.975]");
    assert_int_equal(study->n_statistics, 7 + 7 + 6);
    assert_string_equal(study->statistic[0].name, "first_fraction");
    assert_string_equal(study->statistic[0].unit, "1");
    assert_string_equal(study->statistic[find("first_q02_5")].unit, "h");
    assert_true(find("top_q97_5") > find("top_q50") && find("top_q50") > find("top_q05"));
    assert_int_equal(study->n_slots, 1);
}

/* Columns of five patients: one failed, of the others two crossed. */
static void test_reduction(void **state)
{
    const double value[] = {4.0, (double)NAN, 9.0, 1.0, (double)NAN, /* first */
                            7.0, 0.0, 2.0, 5.0, 0.0,                 /* inside */
                            3.0, 1.0, 2.0, 9.0, 4.0};                /* top */
    const signed char happened[] = {0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0};
    const signed char status[] = {0, 0, 6, 4, 0};
    double out[20];
    signed char point;
    int failed;
    (void)state;
    read_it("[0.25, 0.5, 0.75]");
    assert_ok(km_statistics_reduce(study, value, happened, status, 5, 0, out, 1, 0, &failed, &point, &d), &d);
    assert_int_equal(failed, 1);
    assert_int_equal(point, KM_POINT_BAD_PARAMETER);
    assert_true(out[find("first_fraction")] == 0.5); /* 4 and 9, of four alive */
    assert_true(out[find("first_mean")] == 6.5);
    assert_true(fabs(out[find("first_sd")] - sqrt(12.5)) < 1e-14);
    assert_true(out[find("first_q25")] == 4.0 + 0.75 * 5.0); /* 4, 9, inf, inf: at 0.75 */
    assert_true(isinf(out[find("first_q50")]) && isinf(out[find("first_q75")]));
    assert_true(out[find("inside_fraction")] == 0.5);
    assert_true(out[find("inside_mean")] == 9.0 / 4.0); /* 7, 0, 2, 0 */
    assert_true(out[find("inside_q50")] == 1.0 && out[find("inside_q75")] == 3.25);
    assert_true(out[find("top_mean")] == 2.5 && out[find("top_q50")] == 2.5);
}

static void test_nobody(void **state)
{
    double value[15], out[20];
    const signed char happened[15] = {1, 1, 1, 1, 1}, bad[] = {2, 2, 3, 2, 2}, good[] = {0, 0, 0, 0, 0};
    signed char point;
    int failed;
    (void)state;
    read_it("[0.5]");
    for (int i = 0; i < 15; i++)
        value[i] = i < 5 ? (double)NAN : 1.0;
    assert_ok(km_statistics_reduce(study, value, happened, bad, 5, 0, out, 1, 0, &failed, &point, &d), &d);
    assert_int_equal(failed, 5);
    assert_int_equal(point, KM_POINT_STEP_TOO_SMALL);
    for (int i = 0; i < study->n_statistics; i++)
        assert_true(isnan(out[i]));
    assert_ok(km_statistics_reduce(study, value, happened, good, 5, 0, out, 1, 0, &failed, &point, &d), &d);
    assert_int_equal(point, KM_POINT_DONE);
    assert_true(out[find("first_fraction")] == 0.0 && isnan(out[find("first_mean")]) && isinf(out[find("first_q50")]));
    assert_true(out[find("top_sd")] == 0.0);
}

/* NumPy 1.26: numpy.quantile([1, 2, 4, 8, 16], q) */
static void test_quantiles(void **state)
{
    const double x[] = {1, 2, 4, 8, 16};
    (void)state;
    assert_true(fabs(km_sample_quantile(x, 5, 0.1) - 1.4) < 1e-14);
    assert_true(fabs(km_sample_quantile(x, 5, 0.9) - 12.8) < 1e-14);
    assert_true(km_sample_quantile(x, 5, 0.5) == 4.0 && km_sample_quantile(x, 1, 0.3) == 1.0);
    assert_true(isnan(km_sample_quantile(x, 0, 0.5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, setup, teardown), cmocka_unit_test_setup_teardown(test_reduction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody, setup, teardown), cmocka_unit_test(test_quantiles)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
