/* One lane against the device's own number of lanes: two programs, the same numbers within tolerance, for every
 * shipped study. Points are spread over each study's design. (On PoCL 3.1 they are the same bits.) */
#include "engine_files.h"

#include <glob.h>

enum { N_POINTS = 17, N_ENDS = 64 }; /* an odd number of points, so that vectors end half empty */

static struct lane_results {
    double value[N_ENDS * N_POINTS];
    signed char state[N_ENDS * N_POINTS], status[N_POINTS];
} one, many;

static km_engine_facts run_lanes(const km_study *study, int lanes, const double *row, size_t n, struct lane_results *out)
{
    km_results r = {.n = n, .value = out->value, .state = out->state, .status = out->status};
    km_engine *engine = NULL;
    km_engine_facts facts;
    km_diag d;

    km_diag_init(&d);
    assert_ok(km_engine_create(study, &(km_engine_options){.lanes = lanes, .no_retry = true}, &engine, &d), &d);
    assert_ok(km_engine_run_rows(engine, row, &r, &d), &d);
    facts = *km_engine_facts_of(engine);
    km_engine_destroy(engine);
    km_diag_clear(&d);
    return facts;
}

/* Values within 10 rtol of an endpoint's largest; statuses and states the same. */
static void compare(const km_study *study, const double *row, size_t n)
{
    km_engine_facts first = run_lanes(study, 1, row, n, &one), second = run_lanes(study, 0, row, n, &many);
    double worst = 0.0;

    assert_int_equal(first.lanes, 1);
    assert_int_equal(first.single, second.single);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(one.status[i], many.status[i]);
    for (size_t e = 0; e < (size_t)study->n_endpoints; e++) {
        double size = 0.0;
        for (size_t i = 0; i < n; i++)
            size = fmax(size, fabs(many.value[e * n + i])); /* NaN is passed over */
        for (size_t i = 0; i < n; i++) {
            size_t at = e * n + i;
            assert_int_equal(one.state[at], many.state[at]);
            assert_int_equal(isnan(one.value[at]), isnan(many.value[at]));
            if (!isnan(one.value[at])) {
                assert_near(one.value[at], many.value[at], 10.0 * study->solver.rtol * size);
                worst = fmax(worst, fabs(one.value[at] - many.value[at]) / fmax(size, 1e-300));
            }
        }
    }
    print_message("%s, %s: 1 and %d lanes differ by %.2g at most\n", study->path, first.single ? "single" : "double", second.lanes, worst);
}

/* Every study in the precision it asks for; small programs, and the study of every kind of endpoint, in the other too. */
static void test_one_lane_and_many(void **state)
{
    glob_t found = {0};
    int n_single = 0, n_double = 0;

    (void)state;
    assert_int_equal(glob(KM_SOURCE_DIR "/configs/studies/*.json", 0, NULL, &found), 0);
    for (size_t k = 0; k < found.gl_pathc; k++) {
        km_study *study = NULL;
        double *row;
        size_t n;
        km_precision own;
        km_diag d;

        km_diag_init(&d);
        assert_ok(km_study_read(found.gl_pathv[k], NULL, 0, &study, &d), &d);
        assert_true(study->n_endpoints <= N_ENDS);
        own = study->solver.precision == KM_PRECISION_DOUBLE ? KM_PRECISION_DOUBLE : KM_PRECISION_SINGLE;
        n = study->n_points < N_POINTS ? (size_t)study->n_points : N_POINTS;
        row = km_alloc(n * (size_t)study->n_slots + 1, sizeof *row);
        km_study_sample(study, n, row);
        for (int p = 0; p < 2; p++) {
            bool small = study->model->n_states <= 8 || strstr(study->path, "endpoints.json");
            study->solver.precision = p ? KM_PRECISION_DOUBLE : KM_PRECISION_SINGLE;
            if (study->solver.precision != own && !small)
                continue;
            compare(study, row, n);
            *(p ? &n_double : &n_single) += 1;
        }
        free(row);
        km_study_destroy(study);
        km_diag_clear(&d);
    }
    globfree(&found);
    assert_true(n_single > 10 && n_double > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_lane_and_many)};

    return have_device() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
