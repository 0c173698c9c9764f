/* The ensemble sampler: moments of a banana and of a Gaussian with closed forms and agreement with Sequential Monte Carlo. */
#include "cmocka_all.h"

#include "analysis/chains.h"
#include "analysis/ensemble.h"
#include "analysis/matrix.h"
#include "analysis/smc.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

/* y1 = z1 + noise, y2 = z2 + z1^2 + noise: z1 is Gaussian, z2 given z1 too. */
static km_status banana(void *context, size_t n, const double *z, double *out, km_diag *d)
{
    (void)context, (void)d;
    for (size_t i = 0; i < n; i++) {
        double a = (1.0 - z[3 * i]) / 0.5, b = (1.0 - z[3 * i + 1] - z[3 * i] * z[3 * i]) / 0.5;
        out[i] = -0.5 * (a * a + b * b);
    }
    return KM_OK;
}

/* Posterior moments by a sum over a fine grid. */
static void banana_moments(double mean[2], double sd[2])
{
    double total = 0.0, squares[2] = {0.0};

    mean[0] = mean[1] = 0.0;
    for (double x = -6.0; x <= 6.0; x += 0.01)
        for (double y = -9.0; y <= 6.0; y += 0.01) {
            double z[3] = {x, y, 0.0}, l, w;
            (void)banana(NULL, 1, z, &l, NULL);
            w = exp(l - 0.5 * (x * x + y * y));
            total += w;
            mean[0] += w * x, mean[1] += w * y;
            squares[0] += w * x * x, squares[1] += w * y * y;
        }
    for (int i = 0; i < 2; i++) {
        mean[i] /= total;
        sd[i] = sqrt(squares[i] / total - mean[i] * mean[i]);
    }
}

static void run(km_ensemble *e, const km_objective *t, int steps)
{
    km_diag d;

    km_diag_init(&d);
    for (int i = 0; i <= steps; i++) /* the first call evaluates the start */
        assert_ok(km_ensemble_step(e, t, &d), &d);
    km_diag_clear(&d);
}

static void chain_moments(const km_ensemble *e, int j, double *mean, double *sd)
{
    double sum = 0.0, squares = 0.0, n = 0.0;

    for (int w = 0; w < e->options.walkers; w++) {
        size_t length;
        double *x = km_ensemble_chain(e, w, j, &length);
        for (size_t i = 0; i < length; i++) {
            sum += x[i];
            squares += x[i] * x[i];
            n += 1.0;
        }
        free(x);
    }
    *mean = sum / n;
    *sd = sqrt(squares / n - *mean * *mean);
}

static void test_banana(void **state)
{
    km_objective t = {3, NULL, banana};
    const km_ensemble_options o = {.walkers = 60, .seed = 4};
    const km_smc_options so = {.particles = 8000, .seed = 4};
    double mean[2], sd[2], m, s, c[9], cloud[3];
    km_ensemble e;
    km_smc smc;
    km_diag d;

    (void)state;
    banana_moments(mean, sd);
    km_ensemble_create(3, &o, &e);
    run(&e, &t, 4000);
    km_diag_init(&d);
    km_smc_create(3, &so, &smc);
    while (!smc.is_done)
        assert_ok(km_smc_step(&smc, &t, &d), &d);
    km_moments(smc.z, NULL, so.particles, 3, cloud, c);
    for (int j = 0; j < 2; j++) {
        chain_moments(&e, j, &m, &s);
        print_message("z%d: grid %.3f (%.3f), ensemble %.3f (%.3f), SMC %.3f (%.3f)\n", j + 1, mean[j], sd[j], m, s, cloud[j], sqrt(c[4 * j]));
        assert_true(fabs(m - mean[j]) < 0.06 * sd[j] && fabs(s / sd[j] - 1.0) < 0.05);
        assert_true(fabs(cloud[j] - m) < 0.1 * sd[j] && fabs(sqrt(c[4 * j]) / s - 1.0) < 0.1);
    }
    chain_moments(&e, 2, &m, &s); /* the data do not know it: the prior */
    assert_true(fabs(m) < 0.06 && fabs(s - 1.0) < 0.05);
    assert_true(e.accepted / (60.0 * 4000.0) > 0.15);
    km_ensemble_destroy(&e), km_smc_destroy(&smc);
    km_diag_clear(&d);
}

/* One coordinate a thousand times narrower than the other, at an angle. */
static km_status needle(void *context, size_t n, const double *z, double *out, km_diag *d)
{
    (void)context, (void)d;
    for (size_t i = 0; i < n; i++) {
        double across = (z[2 * i] - z[2 * i + 1]) / 1e-3;
        out[i] = -0.5 * across * across;
    }
    return KM_OK;
}

static void test_needle(void **state)
{
    km_objective t = {2, NULL, needle};
    const km_ensemble_options o = {.walkers = 40, .seed = 6, .thin = 5};
    const double *chain[40];
    double m, s;
    size_t n = 0;
    km_ensemble e;

    (void)state;
    km_ensemble_create(2, &o, &e);
    run(&e, &t, 20000);
    assert_int_equal(e.n_kept, 4000);
    chain_moments(&e, 0, &m, &s);
    assert_true(fabs(m) < 0.06 && fabs(s / sqrt(0.5) - 1.0) < 0.05);
    for (int w = 0; w < 40; w++)
        chain[w] = km_ensemble_chain(&e, w, 0, &n);
    assert_true(km_r_hat(chain, 40, n) < 1.02);
    for (int w = 0; w < 40; w++)
        free((void *)chain[w]);
    km_ensemble_destroy(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_banana), cmocka_unit_test(test_needle)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
