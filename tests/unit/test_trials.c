/* The table of trials: what ships is read, and every mistake is told with its row and column. */
#include "cmocka_all.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "study/trials.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static km_diag d;
static km_trials trials;
static km_overlaps overlaps;
static char folder[64], *path, *second;

static int begin(void **state)
{
    (void)state;
    km_diag_init(&d);
    (void)snprintf(folder, sizeof folder, "/tmp/ketamap-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    path = km_file_join(folder, "trials.tsv");
    second = km_file_join(folder, "overlaps.tsv");
    return 0;
}

static int end(void **state)
{
    (void)state;
    km_overlaps_clear(&overlaps);
    km_trials_clear(&trials);
    (void)unlink(path), (void)unlink(second), (void)rmdir(folder);
    free(path), free(second);
    km_diag_clear(&d);
    return 0;
}

static const char *const header[] = {"study_id", "arm", "n", "drug", "route", "dose_value", "dose_unit", "infusion_minutes", "schedule_h",
                                     "scale", "baseline_mean", "baseline_sd", "time_h", "value_kind", "value", "sd", "se", "ci_low",
                                     "ci_high", "provenance", "source", "use"};
static const char *const good[] = {"A2013", "ketamine", "25", "racemic ketamine", "IV", "0.5", "mg/kg", "40", "0;48",
                                   "MADRS", "32", "5", "24", "mean_change", "-16.5", "10", "2", "-20.4",
                                   "-12.6", "verified", "http://x", "fit_primary"};
enum { COLUMNS = sizeof header / sizeof *header };

static void add_line(km_text *t, const char *const *cell)
{
    for (int i = 0; i < COLUMNS; i++)
        km_text_add(t, "%s%s", i ? "\t" : "", cell[i]);
    km_text_add(t, "\n");
}

/* The good row, with some cells changed ("column", "text", ... NULL); twice if `again`. */
static km_status with(const char *const *change, bool again)
{
    const char *cell[COLUMNS];
    km_text t = {0};

    km_trials_clear(&trials);
    memcpy(cell, good, sizeof cell);
    for (; change && *change; change += 2)
        for (int i = 0; i < COLUMNS; i++)
            if (strcmp(header[i], change[0]) == 0)
                cell[i] = change[1];
    add_line(&t, header);
    add_line(&t, cell);
    if (again)
        add_line(&t, cell);
    assert_ok(km_file_write(path, t.data, t.size, &d), &d);
    km_text_clear(&t);
    return km_trials_read(path, &trials, &d);
}

static void test_a_row(void **state)
{
    (void)state;
    assert_ok(with(NULL, false), &d);
    assert_int_equal(trials.n, 1);
    const km_trial_row *r = &trials.row[0];
    assert_int_equal(r->line, 2);
    assert_string_equal(r->study, "A2013");
    assert_int_equal(r->measure, KM_MEAN_CHANGE);
    assert_int_equal(r->n_doses, 2);
    assert_true(r->dose_time[1] == 48.0 && r->dose == 0.5 && r->infusion == 40.0 && !r->control);
    assert_true(km_trial_standard_error(r, r->n) == 2.0);
    assert_string_equal(r->doi, "");
    char *where = km_trial_where(&trials, r);
    assert_non_null(strstr(where, "trials.tsv:2 (A2013, ketamine, mean_change at 24 h)"));
    free(where);
    assert_ok(with((const char *[]){"se", "", "ci_low", "", "ci_high", "", NULL}, false), &d);
    assert_true(km_trial_standard_error(&trials.row[0], 25.0) == 2.0);
    assert_ok(with((const char *[]){"se", "", "sd", "", NULL}, false), &d);
    assert_true(fabs(km_trial_standard_error(&trials.row[0], 25.0) - 7.8 / 3.92) < 1e-12);
    assert_ok(with((const char *[]){"se", "", "sd", "", "ci_low", "", "ci_high", "", "n", "", "schedule_h", "weekly", "dose_value", "28-84", NULL},
                   false), &d);
    assert_true(isnan(km_trial_standard_error(&trials.row[0], 25.0)) && isnan(trials.row[0].n) && isnan(trials.row[0].dose));
    assert_int_equal(trials.row[0].n_doses, 0);
}

static void test_mistakes(void **state)
{
    static const char *const bad[][6] = {
        {"value", "", "value: the row has no value"},
        {"value", "x", "value: expected a number, got \"x\""},
        {"value", "0x10", "value: expected a number"},
        {"value", "-70", "value: a change of MADRS is at most 60"},
        {"n", "2.5", "n: n is a number of patients"},
        {"n", "-3", "n: n is a number of patients"},
        {"se", "-2", "se: a standard error is above 0, got -2"},
        {"sd", "-10", "sd: a standard deviation is above 0, got -10"},
        {"sd", "0", "sd: a standard deviation is above 0"},
        {"se", "12", "se: a standard error of 12 contradicts a standard deviation of 10"},
        {"se", "3", "se: a standard error of 3 contradicts a standard deviation of 10 over 25 patients, which gives 2"},
        {"ci_low", "", "ci_low: an interval has two ends"},
        {"ci_low", "-14", "value: -16.5 lies outside its interval"},
        {"ci_low", "-40", "se: a standard error of 2 contradicts the interval"},
        {"ci_high", "-30", "ci_high: an interval's end lies above its beginning"},
        {"scale", "MADR", "scale: unknown scale \"MADR\"; did you mean \"MADRS\"?"},
        {"value_kind", "mean_chang", "value_kind: unknown value_kind \"mean_chang\"; did you mean \"mean_change\"?"},
        {"provenance", "seen", "provenance: unknown provenance \"seen\""},
        {"use", "fit", "use: unknown use \"fit\""},
        {"time_h", "-1", "time_h: -1 h is before the first dose"},
        {"time_h", "", "time_h: a row to be fitted needs its time"},
        {"schedule_h", "24;48", "schedule_h: hours count from the first dose, so that a schedule begins with 0, got 24"},
        {"schedule_h", "0;48;48", "schedule_h: doses follow one another, got 48 after 48"},
        {"schedule_h", "0;;48", "schedule_h: expected times in hours"},
        {"dose_unit", "g", "dose_unit: a dose is in mg or mg/kg, got \"g\""},
        {"dose_value", "0", "dose_value: the dose of racemic ketamine is 0"},
        {"infusion_minutes", "-40", "infusion_minutes: an infusion lasts"},
        {"arm", "", "arm: a row names its study and its arm"},
        {"baseline_mean", "61", "baseline_mean: a score of MADRS is 0 to 60"},
        {"baseline_sd", "-5", "baseline_sd: a standard deviation is above 0"},
        {"drug", "placebo (saline)", "dose_value: a placebo has the dose 0, got 0.5"},
        {"value_kind", "response_rate_pct", "value: a rate is 0 to 100 per cent, got -16.5"},
        {"value_kind", "mean_score", "value: a score of MADRS is 0 to 60, got -16.5"},
        {"value_kind", "median_time_to_relapse_d", "value: a time to relapse is above 0 days"}};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *change[] = {bad[i][0], bad[i][1], NULL};
        assert_int_equal(with(change, false), KM_E_INPUT);
        char *wanted = km_format("trials.tsv:2: %s", bad[i][2]);
        if (strstr(d.message, wanted) == NULL)
            fail_msg("expected \"%s\" in: %s", wanted, d.message);
        free(wanted);
    }
    assert_int_equal(with(NULL, true), KM_E_INPUT);
    assert_non_null(strstr(d.message, "trials.tsv:3: study_id: the row stands twice: line 2 has"));
}

static km_status text_is(const char *text)
{
    km_trials_clear(&trials);
    assert_ok(km_file_write(path, text, strlen(text), &d), &d);
    return km_trials_read(path, &trials, &d);
}

static void test_shape(void **state)
{
    (void)state;
    assert_int_equal(text_is(""), KM_E_INPUT);
    assert_int_equal(text_is("study_id\tarms\n"), KM_E_INPUT);
    assert_non_null(strstr(d.message, "trials.tsv:1: unknown column \"arms\"; did you mean \"arm\"?"));
    assert_int_equal(text_is("arm\tarm\n"), KM_E_INPUT);
    assert_non_null(strstr(d.message, "stands twice"));
    assert_int_equal(text_is("study_id\tarm\n"), KM_E_INPUT);
    assert_non_null(strstr(d.message, "the column \"n\" is missing"));
    assert_ok(with(NULL, false), &d);
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    (void)fputs("A\tB\n", f);
    (void)fclose(f);
    km_trials_clear(&trials);
    assert_int_equal(km_trials_read(path, &trials, &d), KM_E_INPUT);
    assert_non_null(strstr(d.message, "trials.tsv:3: expected 22 cells separated by tabs, got 2"));
}

/* What ships: 210 rows of 54 studies, 40 of them for the first fit. */
static void test_shipped(void **state)
{
    size_t primary = 0, recalled = 0;
    (void)state;
    assert_ok(km_trials_read(KM_SOURCE_DIR "/configs/trials/trials.tsv", &trials, &d), &d);
    assert_int_equal(trials.n, 210);
    for (size_t i = 0; i < trials.n; i++) {
        primary += strcmp(trials.row[i].use, "fit_primary") == 0;
        recalled += trials.row[i].provenance == KM_RECALLED;
        assert_true(*trials.row[i].source != '\0');
    }
    assert_int_equal(primary, 40);
    assert_int_equal(recalled, 15);
    assert_ok(km_overlaps_read(KM_SOURCE_DIR "/configs/trials/overlaps.tsv", &trials, &overlaps, &d), &d);
    assert_true(overlaps.n > 30);
}

static void test_overlaps(void **state)
{
    static const char *const bad[][2] = {{"study\twhy\n", ":1: expected the columns"},
                                         {"study\tcontains\twhy\nA2013\tA2013\n", ":2: expected 3 cells"},
                                         {"study\tcontains\twhy\nA2013\tB\tx\n", ":2: contains: "}};
    (void)state;
    assert_ok(with(NULL, false), &d);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(km_file_write(second, bad[i][0], strlen(bad[i][0]), &d), &d);
        assert_int_equal(km_overlaps_read(second, &trials, &overlaps, &d), KM_E_INPUT);
        assert_non_null(strstr(d.message, bad[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_row, begin, end),   cmocka_unit_test_setup_teardown(test_mistakes, begin, end),
        cmocka_unit_test_setup_teardown(test_shape, begin, end),   cmocka_unit_test_setup_teardown(test_shipped, begin, end),
        cmocka_unit_test_setup_teardown(test_overlaps, begin, end)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
