/* CMA-ES: the minima of functions whose minima are known, from starts that are far away, ill scaled, with other minima
 * around, with coordinates held fixed, and with a prior whose compromise is a closed form. */
#include "cmocka_all.h"

#include "analysis/cmaes.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

enum { DIM = 6 };

static km_status rosenbrock(void *context, size_t n, const double *z, double *out, km_diag *d)
{
    (void)context, (void)d;
    for (size_t i = 0; i < n; i++) {
        const double *x = z + DIM * i;
        out[i] = 0.0;
        for (int j = 0; j + 1 < DIM; j++)
            out[i] -= 100.0 * (x[j + 1] - x[j] * x[j]) * (x[j + 1] - x[j] * x[j]) + (1.0 - x[j]) * (1.0 - x[j]);
    }
    return KM_OK;
}

static km_status rastrigin(void *context, size_t n, const double *z, double *out, km_diag *d)
{
    (void)context, (void)d;
    for (size_t i = 0; i < n; i++) {
        out[i] = 0.0;
        for (int j = 0; j < DIM; j++) {
            double x = z[DIM * i + (size_t)j] - 1.0;
            out[i] -= x * x - 10.0 * cos(2.0 * M_PI * x) + 10.0;
        }
    }
    return KM_OK;
}

/* Axes from 1 to 1e4; impossible on one side, which the maximum is not. */
static km_status ellipsoid(void *context, size_t n, const double *z, double *out, km_diag *d)
{
    (void)context, (void)d;
    for (size_t i = 0; i < n; i++) {
        out[i] = z[DIM * i] < -3.0 ? (double)NAN : 0.0;
        for (int j = 0; j < DIM; j++)
            out[i] -= 0.5 * pow(10.0, 8.0 * j / (DIM - 1.0)) * (z[DIM * i + (size_t)j] - j) * (z[DIM * i + (size_t)j] - j);
    }
    return KM_OK;
}

static km_status sphere(void *context, size_t n, const double *z, double *out, km_diag *d)
{
    (void)context, (void)d;
    for (size_t i = 0; i < n; i++) {
        out[i] = 0.0;
        for (int j = 0; j < DIM; j++)
            out[i] -= 2.0 * (z[DIM * i + (size_t)j] - 1.0) * (z[DIM * i + (size_t)j] - 1.0);
    }
    return KM_OK;
}

static void run(km_cmaes *c, const km_objective *t)
{
    bool done = false;
    km_diag d;

    km_diag_init(&d);
    while (!done)
        assert_ok(km_cmaes_step(c, t, &done, &d), &d);
    km_diag_clear(&d);
}

static void check(km_status (*f)(void *, size_t, const double *, double *, km_diag *), int n_runs, const km_cmaes_options *o, const double *at,
                  double tolerance)
{
    km_objective t = {DIM, NULL, f};
    double *start = km_alloc((size_t)n_runs * DIM, sizeof *start), value;
    const double *best;
    km_cmaes c;

    for (int i = 0; i < n_runs * DIM; i++)
        start[i] = 2.0 * sin(1.7 * i);
    km_cmaes_create(DIM, n_runs, start, NULL, o, &c);
    run(&c, &t);
    best = km_cmaes_best(&c, km_cmaes_best_run(&c), &value);
    print_message("value %.3g at %.6f %.6f ... after %llu evaluations\n", value, best[0], best[1], (unsigned long long)c.evaluations);
    for (int j = 0; j < DIM; j++)
        assert_true(fabs(best[j] - at[j]) < tolerance);
    km_cmaes_destroy(&c);
    free(start);
}

static void test_minima(void **state)
{
    const double ones[DIM] = {1, 1, 1, 1, 1, 1}, steps[DIM] = {0, 1, 2, 3, 4, 5}, between[DIM] = {0.8, 0.8, 0.8, 0.8, 0.8, 0.8};
    const km_cmaes_options o = {.tolerance = 1e-14, .most_evaluations = 30000, .seed = 1},
                           many = {.tolerance = 1e-12, .most_evaluations = 100000, .most_restarts = 6, .seed = 1},
                           prior = {.tolerance = 1e-14, .most_evaluations = 20000, .with_prior = true, .seed = 2};

    (void)state;
    check(rosenbrock, 3, &o, ones, 1e-5);
    check(ellipsoid, 2, &o, steps, 1e-5);
    check(rastrigin, 4, &many, ones, 1e-5);
    check(sphere, 1, &prior, between, 1e-5); /* -2 (z - 1)^2 - z^2/2: 4/5 */
}

/* Fixed coordinates stay, the others find the best there: a profile. */
static void test_fixed(void **state)
{
    km_objective t = {DIM, NULL, rosenbrock};
    const km_cmaes_options o = {.tolerance = 1e-14, .most_evaluations = 40000, .seed = 3};
    double start[2 * DIM] = {0.0}, spread[2 * DIM], value;
    const double *best;
    km_cmaes c;

    (void)state;
    for (int i = 0; i < 2 * DIM; i++)
        spread[i] = i == DIM - 1 || i >= DIM ? 0.0 : 1.0;
    start[DIM - 1] = 1.0;
    for (int j = 0; j < DIM; j++)
        start[DIM + j] = 1.0;
    start[DIM] = 2.0;
    km_cmaes_create(DIM, 2, start, spread, &o, &c);
    run(&c, &t);
    best = km_cmaes_best(&c, 0, &value);
    assert_same_double(best[DIM - 1], 1.0);
    assert_true(fabs(best[0] - 1.0) < 1e-5 && fabs(value) < 1e-9);
    (void)km_cmaes_best(&c, 1, &value); /* all of it is fixed: its value alone */
    assert_true(fabs(value + 901.0) < 1e-9);
    km_cmaes_destroy(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_minima), cmocka_unit_test(test_fixed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
