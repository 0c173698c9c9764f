/* The host evaluator against the device in double precision: the same program, so the same steps and nearly the same
 * numbers. */
#include "engine_files.h"

#include "analysis/audit.h"
#include "engine/host_evaluator.h"
#include "base/text.h"
#include "study/design.h"

#include <dirent.h>

enum { POINTS = 40 };

static km_study *shipped_study(const char *name)
{
    const char *source = getenv("KM_SOURCE_DIR");
    char *path = km_format("%s/configs/studies/%s", source ? source : ".", name);
    km_study *study = NULL;
    km_diag d;

    km_diag_init(&d);
    assert_ok(km_study_read(path, NULL, 0, &study, &d), &d);
    km_diag_clear(&d);
    free(path);
    return study;
}

typedef struct pair {
    size_t n;
    double *row;
    km_results device, host;
} pair;

static void results_create(km_results *r, size_t n, size_t n_endpoints)
{
    *r = (km_results){.n = n, .value = km_alloc(n * n_endpoints + 1, sizeof(double)), .margin = km_alloc(n * n_endpoints + 1, sizeof(double)),
                      .state = km_alloc(n * n_endpoints + 1, 1), .status = km_alloc(n + 1, 1), .steps = km_alloc(n + 1, sizeof(int)),
                      .rejected = km_alloc(n + 1, sizeof(int)), .last_time = km_alloc(n + 1, sizeof(double))};
}

static void results_clear(km_results *r)
{
    free(r->value), free(r->margin), free(r->state), free(r->status), free(r->steps), free(r->rejected), free(r->last_time);
}

static void run_on_host(const km_study *study, int threads, const double *row, km_results *r)
{
    km_host *host = NULL;
    km_diag d;

    km_diag_init(&d);
    assert_ok(km_host_create(study, threads, &host, &d), &d);
    assert_ok(km_host_run_rows(host, row, r, &d), &d);
    km_host_destroy(host);
    km_diag_clear(&d);
}

/* A sample of the study's points by both. */
static void run_both(const km_study *study, size_t most, pair *p)
{
    km_engine *engine = NULL;
    km_diag d;

    km_diag_init(&d);
    p->n = study->n_points < most ? (size_t)study->n_points : most;
    p->row = km_alloc(p->n * (size_t)study->n_slots + 1, sizeof *p->row);
    km_study_sample(study, p->n, p->row);
    results_create(&p->device, p->n, (size_t)study->n_endpoints);
    results_create(&p->host, p->n, (size_t)study->n_endpoints);
    assert_ok(km_engine_create(study, &(km_engine_options){.in_double = true}, &engine, &d), &d);
    assert_ok(km_engine_run_rows(engine, p->row, &p->device, &d), &d);
    km_engine_destroy(engine);
    run_on_host(study, 0, p->row, &p->host);
    km_diag_clear(&d);
}

static void pair_clear(pair *p)
{
    results_clear(&p->device);
    results_clear(&p->host);
    free(p->row);
}

/* Largest difference of n numbers, relative to the largest of them. */
static double difference(const double *device, const double *host, size_t n)
{
    double worst = 0.0, size = 0.0;

    for (size_t i = 0; i < n; i++) {
        double a = device[i], b = host[i];
        assert_int_equal(isnan(a) != 0, isnan(b) != 0);
        if (isnan(a))
            continue;
        worst = fmax(worst, fabs(a - b));
        size = fmax(size, fabs(a));
    }
    return size > 0.0 ? worst / size : worst;
}

/* Endpoints of both agree within `tolerance` (relative), states and statuses do. */
static void assert_agree(const char *name, const km_study *study, const pair *p, double tolerance)
{
    for (int e = 0; e < study->n_endpoints; e++) {
        size_t at = (size_t)e * p->n;
        double worst = difference(p->device.value + at, p->host.value + at, p->n);
        assert_memory_equal(p->device.state + at, p->host.state + at, p->n);
        if (worst > tolerance)
            print_error("%s, %s: %.1e\n", name, study->endpoint[e].name, worst);
        assert_true(worst <= tolerance);
        if (study->endpoint[e].margin)
            assert_true(difference(p->device.margin + at, p->host.margin + at, p->n) <= tolerance);
    }
    assert_memory_equal(p->device.status, p->host.status, p->n);
    assert_true(difference(p->device.last_time, p->host.last_time, p->n) <= tolerance);
}

/* Functions are the device's polynomials there and the library's here, 1e-13 apart. */
static void test_every_shipped_study(void **state)
{
    const char *source = getenv("KM_SOURCE_DIR");
    char *folder = km_format("%s/configs/studies", source ? source : ".");
    DIR *list = opendir(folder);
    struct dirent *entry;
    int seen = 0;

    (void)state;
    assert_non_null(list);
    while ((entry = readdir(list)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        km_study *study;
        pair p;
        if (dot == NULL || strcmp(dot, ".json") != 0)
            continue;
        study = shipped_study(entry->d_name);
        study->solver.rtol = 1e-8;
        study->solver.max_steps = 1000000;
        run_both(study, POINTS, &p);
        assert_agree(entry->d_name, study, &p, 1e-9);
        pair_clear(&p);
        km_study_destroy(study);
        seen++;
    }
    closedir(list);
    free(folder);
    assert_true(seen >= 10);
}

/* Without functions only the rounding of multiply-adds differs: the same steps, and what step control makes of rounding
 * is a small part of the tolerance. */
static void test_sums_and_products_agree_to_rounding(void **state)
{
    static const struct {
        const char *study, *method;
    } of[] = {{"hires.json", "rodas4k"}, {"hires.json", "rodas4"}, {"harmonic-oscillator.json", "rodas4k"}, {"harmonic-oscillator.json", "tsit5"}};

    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        km_study *study = shipped_study(of[i].study);
        pair p;
        study->solver.method = km_method_find(of[i].method);
        study->solver.rtol = 1e-5;
        run_both(study, 5, &p);
        assert_agree(of[i].study, study, &p, 1e-3 * study->solver.rtol);
        assert_memory_equal(p.device.steps, p.host.steps, p.n * sizeof(int));
        assert_memory_equal(p.device.rejected, p.host.rejected, p.n * sizeof(int));
        pair_clear(&p);
        km_study_destroy(study);
    }
}

/* Lags, durations, rates, breaks, skipped doses, doses per kg, several entries into one state, windows, margins, passes. */
static void test_schedules_and_windows(void **state)
{
    static const char model[] =
        "{\"name\": \"pulse\", \"parameters\": {\"k\": {\"value\": 0.2, \"unit\": \"1/h\"}, \"stop\": {\"value\": 7.3, \"unit\": \"h\"},\n"
        " \"late\": {\"value\": 2, \"unit\": \"h\"}, \"rise\": {\"value\": 1, \"unit\": \"mg/h\"}, \"weight\": {\"value\": 70, \"unit\": \"kg\"}},\n"
        " \"breaks\": [\"stop\"], \"require\": [\"stop > 4\"],\n"
        " \"states\": {\"A\": {\"initial\": \"0\", \"rate\": \"if(t < stop, 1, 0) - k*A\", \"unit\": \"mg\"},\n"
        "  \"B\": {\"initial\": \"k\", \"rate\": \"-k*B\", \"unit\": \"mg\"}},\n"
        " \"outputs\": {\"level\": {\"value\": \"A+rise*min(t, late)\", \"unit\": \"mg\"}, \"B\": {\"value\": \"B\", \"unit\": \"mg\"}},\n"
        " \"routes\": {\"slow\": [{\"into\": \"B\", \"fraction\": \"0.5\", \"lag\": \"late\"}, {\"into\": \"B\", \"fraction\": 0.25, \"duration\": \"4\"}],\n"
        "  \"fast\": [{\"into\": \"A\"}]},\n"
        " \"dose\": {\"amount\": \"amt\", \"unit\": \"mg\", \"weight\": \"weight\"}}";
    static const char text[] =
        "{\"model\": \"model.json\", \"horizon\": \"40 h\", \"solver\": {\"rtol\": 1e-6},\n"
        " \"regimen\": [{\"route\": \"slow\", \"amt\": \"8 mg\", \"rate\": \"4 mg/h\", \"time\": \"1 h\", \"ii\": \"3 h\", \"addl\": 5, \"skip\": [2], \"delay\": \"30 min\"},\n"
        "  {\"route\": \"slow\", \"amt\": \"0.1 mg/kg\", \"time\": \"6 h\"}, {\"route\": \"fast\", \"amt\": \"2 mg\", \"ii\": \"12 h\", \"addl\": 9}],\n"
        " \"design\": {\"axes\": [{\"name\": \"stop\", \"of\": \"stop\", \"linear\": [\"3 h\", \"9 h\", 5]},\n"
        "  {\"name\": \"ii\", \"of\": \"regimen[0].ii\", \"linear\": [\"2 h\", \"9 h\", 4]},\n"
        "  {\"name\": \"addl\", \"of\": \"regimen[0].addl\", \"values\": [3, 8]}]},\n"
        " \"endpoints\": [{\"name\": \"on\", \"of\": \"B\", \"kind\": \"first_time\", \"when\": \">= 5\", \"margin\": true},\n"
        "  {\"name\": \"off\", \"of\": \"B\", \"kind\": \"first_time\", \"when\": \"<= 0.5 * peak\", \"after\": \"on\", \"hold\": \"1 h\", \"margin\": true},\n"
        "  {\"name\": \"area\", \"of\": \"level\", \"kind\": \"integral\", \"after\": \"on\", \"before\": \"off\"},\n"
        "  {\"name\": \"in\", \"of\": \"level\", \"kind\": \"time_in\", \"when\": \"> 5.1\", \"after\": \"5 h\", \"before\": \"30 h\"},\n"
        "  {\"name\": \"last\", \"of\": \"B\", \"kind\": \"last_time\", \"when\": \"< 2\"},\n"
        "  {\"name\": \"low\", \"of\": \"B\", \"kind\": \"min\", \"after\": \"8 h\"}, {\"name\": \"when\", \"of\": \"level\", \"kind\": \"time_of_max\"},\n"
        "  {\"name\": \"at\", \"of\": \"level\", \"kind\": \"value\", \"at\": \"13.7 h\"}]}";
    km_study *study = read_study(model, text);
    km_results alone;
    int done = 0;
    pair p;

    (void)state;
    run_both(study, 40, &p);
    assert_agree("pulse", study, &p, 1e-9);
    for (size_t i = 0; i < p.n; i++)
        done += p.host.status[i] == KM_POINT_DONE;
    assert_int_equal(done, 32); /* a fifth breaks the condition */

    /* bits do not follow the threads */
    results_create(&alone, p.n, (size_t)study->n_endpoints);
    run_on_host(study, 1, p.row, &alone);
    assert_memory_equal(alone.value, p.host.value, p.n * (size_t)study->n_endpoints * sizeof(double));
    results_clear(&alone);
    results_create(&alone, p.n, (size_t)study->n_endpoints);
    run_on_host(study, 7, p.row, &alone);
    assert_memory_equal(alone.value, p.host.value, p.n * (size_t)study->n_endpoints * sizeof(double));
    results_clear(&alone);
    pair_clear(&p);
    km_study_destroy(study);
}

/* Points that fail, fail alike: x' = x^2 blows up, sqrt(1-t) ends, a fast oscillation takes all steps; a NaN in a
 * comparison is not silent. */
static void test_failures_are_the_same(void **state)
{
    static const char model[] =
        "{\"name\": \"trouble\", \"parameters\": {\"x0\": {\"value\": 1}, \"w\": {\"value\": 0}, \"s\": {\"value\": 0}},\n"
        " \"require\": [\"x0 > 0\"],\n"
        " \"states\": {\"x\": {\"initial\": \"x0\", \"rate\": \"x^2 + if(s > 0, sqrt(1-t), 0)\"},\n"
        "  \"z\": {\"initial\": \"1\", \"rate\": \"-w*sin(w*t) + if(log(1.5 - s*t) > 5, 1, 0)\"}},\n"
        " \"outputs\": {\"x\": \"x\", \"z\": \"z\"}}";
    static const char text[] =
        "{\"model\": \"model.json\", \"horizon\": \"2 h\", \"solver\": {\"rtol\": 1e-6, \"max_steps\": 2000},\n"
        " \"design\": {\"axes\": [{\"name\": \"x0\", \"of\": \"x0\", \"values\": [-1, 0.3, 0.8]},\n"
        "  {\"name\": \"w\", \"of\": \"w\", \"values\": [0, 1e5]}, {\"name\": \"s\", \"of\": \"s\", \"values\": [0, 1]}]},\n"
        " \"endpoints\": [{\"name\": \"x\", \"of\": \"x\", \"kind\": \"max\"}, {\"name\": \"z\", \"of\": \"z\", \"kind\": \"min\"}]}";
    km_study *study = read_study(model, text);
    int seen[KM_N_POINT_STATUSES] = {0};
    pair p;

    (void)state;
    run_both(study, 12, &p);
    for (size_t i = 0; i < p.n; i++) {
        assert_int_equal(p.host.status[i], p.device.status[i]);
        seen[(int)p.host.status[i]]++;
        for (size_t e = 0; e < 2; e++) {
            assert_int_equal(p.host.state[e * p.n + i] == KM_STATE_FAILED, p.host.status[i] != KM_POINT_DONE);
            assert_int_equal(isnan(p.host.value[e * p.n + i]) != 0, p.host.status[i] != KM_POINT_DONE);
        }
    }
    assert_true(seen[KM_POINT_DONE] && seen[KM_POINT_STEP_BUDGET] && seen[KM_POINT_STEP_TOO_SMALL] && seen[KM_POINT_NON_FINITE] &&
                seen[KM_POINT_BAD_PARAMETER]);
    pair_clear(&p);
    km_study_destroy(study);
}

/* Fractions that a point's parameters give are held to the same bounds: 0, and 1 in all. */
static void test_fractions_are_held_to_the_same_bounds(void **state)
{
    static const char model[] =
        "{\"name\": \"share\", \"parameters\": {\"a\": {\"value\": 0.5, \"unit\": \"-\"}, \"b\": {\"value\": 0.5, \"unit\": \"-\"}},\n"
        " \"states\": {\"A\": {\"initial\": \"0\", \"rate\": \"-A\", \"unit\": \"mg\"}, \"B\": {\"initial\": \"0\", \"rate\": \"-B\", \"unit\": \"mg\"}},\n"
        " \"outputs\": {\"A\": {\"value\": \"A\", \"unit\": \"mg\"}},\n"
        " \"routes\": {\"oral\": [{\"into\": \"A\", \"fraction\": \"a\"}, {\"into\": \"B\", \"fraction\": \"b\"}, {\"into\": \"B\", \"fraction\": 0.125}]},\n"
        " \"dose\": {\"amount\": \"amt\", \"unit\": \"mg\"}}";
    static const char text[] =
        "{\"model\": \"model.json\", \"horizon\": \"9 h\", \"regimen\": [{\"amt\": \"8 mg\"}],\n"
        " \"design\": {\"axes\": [{\"name\": \"a\", \"of\": \"a\", \"values\": [-0.25, 0, 0.25, 0.875]},\n"
        "  {\"name\": \"b\", \"of\": \"b\", \"values\": [0, 0.625, 0.75]}]},\n"
        " \"endpoints\": [{\"name\": \"A\", \"of\": \"A\", \"kind\": \"max\"}]}";
    km_study *study = read_study(model, text);
    pair p;

    (void)state;
    run_both(study, 12, &p);
    assert_agree("share", study, &p, 1e-9);
    for (size_t i = 0; i < p.n; i++) {
        double a = p.row[2 * i], b = p.row[2 * i + 1];
        assert_int_equal(p.host.status[i], a < 0.0 || a + b > 0.875 ? KM_POINT_BAD_PARAMETER : KM_POINT_DONE);
    }
    pair_clear(&p);
    km_study_destroy(study);
}

static void test_too_large_a_study_says_so(void **state)
{
    km_text model = {0};
    km_study *study;
    km_host *host = NULL;
    km_diag d;

    (void)state;
    km_text_add(&model, "{\"name\": \"long\", \"states\": {\"x0\": {\"initial\": \"1\", \"rate\": \"-x0\"}");
    for (int i = 1; i <= 128; i++)
        km_text_add(&model, ", \"x%d\": {\"initial\": \"0\", \"rate\": \"x%d-x%d\"}", i, i - 1, i);
    km_text_add(&model, "}, \"outputs\": {\"x\": \"x128\"}}");
    study = read_study(model.data, "{\"model\": \"model.json\", \"horizon\": \"1 h\",\n"
                                   " \"endpoints\": [{\"name\": \"x\", \"of\": \"x\", \"kind\": \"max\"}]}");
    km_diag_init(&d);
    assert_int_equal(km_host_create(study, 1, &host, &d), KM_E_INPUT);
    assert_null(host);
    assert_non_null(strstr(d.message, "holds 128 states, this study has 129"));
    km_diag_clear(&d);
    km_study_destroy(study);
    km_text_clear(&model);
}

/* exp(100) is no single-precision number; the host takes over where the device has nothing better. */
static void test_what_fails_in_single_is_retried_on_the_host(void **state)
{
    static const char model[] =
        "{\"name\": \"growth\", \"parameters\": {\"k\": {\"value\": 1}}, \"states\": {\"x\": {\"initial\": \"1\", \"rate\": \"k*x\"}},\n"
        " \"outputs\": {\"size\": \"log(x)\"}}";
    static const char text[] =
        "{\"model\": \"model.json\", \"horizon\": \"100 h\", \"solver\": {\"precision\": \"auto\"},\n"
        " \"design\": {\"axes\": [{\"name\": \"k\", \"of\": \"k\", \"values\": [0.1, 1, 10, 0.2, 1.5]}]},\n"
        " \"endpoints\": [{\"name\": \"x\", \"of\": \"size\", \"kind\": \"value\", \"at\": \"100 h\"}, {\"name\": \"t\", \"of\": \"size\", \"kind\": \"first_time\", \"when\": \">= 5\"}]}";
    const int expected[5] = {KM_POINT_DONE, KM_POINT_RETRIED, KM_POINT_NON_FINITE, KM_POINT_DONE, KM_POINT_RETRIED};
    const double k[5] = {0.1, 1.0, 10.0, 0.2, 1.5};
    static run_results out;

    (void)state;
    run_texts(model, text, &(km_engine_options){.no_double = true}, &out);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(out.status[i], expected[i]);
        if (expected[i] == KM_POINT_NON_FINITE)
            continue;
        assert_near(out.value[0][i], 100.0 * k[i], 0.05 * k[i]);
        assert_near(out.value[1][i], 5.0 / k[i], 1e-3 / k[i]);
    }
}

static void test_double_is_refused_without_it(void **state)
{
    km_study *study = shipped_study("decay.json");
    km_engine *engine = NULL;
    km_diag d;

    (void)state;
    study->solver.precision = KM_PRECISION_DOUBLE;
    km_diag_init(&d);
    assert_int_equal(km_engine_create(study, &(km_engine_options){.no_double = true}, &engine, &d), KM_E_DEVICE);
    assert_non_null(strstr(d.message, "has no double precision"));
    km_diag_clear(&d);
    km_study_destroy(study);
}

/* One engine, audited by the device in double and by the host: the same errors, to the rounding of the reference. */
static void test_audit_is_the_same_on_the_host(void **state)
{
    static const char *const shipped[] = {"quickstart.json", "endpoints.json", "lotka-volterra.json"};
    km_diag d;

    (void)state;
    km_diag_init(&d);
    for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++) {
        km_study *study = shipped_study(shipped[i]);
        km_engine *engine = NULL;
        km_endpoint_audit *device = NULL, *host = NULL;
        assert_ok(km_engine_create(study, &(km_engine_options){0}, &engine, &d), &d);
        assert_ok(km_audit_run(study, engine, &(km_engine_options){0}, &device, &d), &d);
        assert_ok(km_audit_run(study, engine, &(km_engine_options){.no_double = true}, &host, &d), &d);
        for (int e = 0; e < study->n_endpoints; e++) {
            const double near = 1e-8 * device[e].size; /* the reference's own digits */
            print_message("%s %s: p99 %.4e, on the host %.4e\n", shipped[i], study->endpoint[e].name, device[e].p99, host[e].p99);
            assert_int_equal(host[e].n, device[e].n);
            assert_int_equal(host[e].flips, device[e].flips);
            assert_near(host[e].median, device[e].median, near);
            assert_near(host[e].p99, device[e].p99, near);
            assert_near(host[e].max, device[e].max, near);
        }
        free(device), free(host);
        km_engine_destroy(engine);
        km_study_destroy(study);
    }
    km_diag_clear(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_shipped_study),
        cmocka_unit_test(test_sums_and_products_agree_to_rounding),
        cmocka_unit_test(test_schedules_and_windows),
        cmocka_unit_test(test_failures_are_the_same),
        cmocka_unit_test(test_fractions_are_held_to_the_same_bounds),
        cmocka_unit_test(test_too_large_a_study_says_so),
        cmocka_unit_test(test_what_fails_in_single_is_retried_on_the_host),
        cmocka_unit_test(test_double_is_refused_without_it),
        cmocka_unit_test(test_audit_is_the_same_on_the_host),
    };

    if (!have_device())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
