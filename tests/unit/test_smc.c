/* Sequential Monte Carlo: means, covariances and evidence of problems with closed forms; whether the stated error of the
 * evidence is as large as what it errs by; two modes; an impossible half. */
#include "cmocka_all.h"

#include "analysis/likelihood.h"
#include "analysis/matrix.h"
#include "analysis/smc.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

static const double log_two_pi = 1.8378770664093453;

/* y = A z + noise, independent N(0, s^2): everything is Gaussian. */
enum { DIM = 4, DATA = 6 };

typedef struct linear {
    double a[DATA][DIM], y[DATA], s;
} linear;

static void make(linear *p)
{
    for (int i = 0; i < DATA; i++) {
        for (int j = 0; j < DIM; j++)
            p->a[i][j] = cos(1.0 + i * 1.3 + j * 2.1) + (i == j);
        p->y[i] = 1.5 * sin(i + 0.5);
    }
    p->s = 0.35;
}

static km_status linear_likelihood(void *context, size_t n, const double *z, double *out, km_diag *d)
{
    const linear *p = context;

    (void)d;
    for (size_t k = 0; k < n; k++) {
        out[k] = 0.0;
        for (int i = 0; i < DATA; i++) {
            double r = p->y[i];
            for (int j = 0; j < DIM; j++)
                r -= p->a[i][j] * z[k * DIM + (size_t)j];
            out[k] += km_log_normal_density(r, 0.0, p->s);
        }
    }
    return KM_OK;
}

/* y ~ N(0, A A' + s^2) */
static double linear_evidence(const linear *p)
{
    double c[DATA * DATA], y[DATA], sum = 0.0;

    for (int i = 0; i < DATA; i++)
        for (int k = 0; k < DATA; k++) {
            c[i * DATA + k] = i == k ? p->s * p->s : 0.0;
            for (int j = 0; j < DIM; j++)
                c[i * DATA + k] += p->a[i][j] * p->a[k][j];
        }
    assert_true(km_cholesky(c, DATA));
    memcpy(y, p->y, sizeof y);
    km_lower_solve(c, DATA, y);
    for (int i = 0; i < DATA; i++)
        sum -= 0.5 * (y[i] * y[i] + log_two_pi) + log(c[i * DATA + i]);
    return sum;
}

/* Posterior: precision A'A/s^2 + 1. mean [DIM], covariance [DIM][DIM] */
static void linear_posterior(const linear *p, double *mean, double *covariance)
{
    double l[DIM * DIM], e[DIM], b[DIM] = {0.0};

    for (int j = 0; j < DIM; j++)
        for (int k = 0; k < DIM; k++) {
            l[j * DIM + k] = j == k;
            for (int i = 0; i < DATA; i++)
                l[j * DIM + k] += p->a[i][j] * p->a[i][k] / (p->s * p->s);
        }
    for (int j = 0; j < DIM; j++)
        for (int i = 0; i < DATA; i++)
            b[j] += p->a[i][j] * p->y[i] / (p->s * p->s);
    assert_true(km_cholesky(l, DIM));
    for (int j = 0; j < DIM; j++) {
        double inverse[DIM][DIM] = {{0.0}};
        for (int k = 0; k < DIM; k++) { /* column k of L^-1 */
            memset(e, 0, sizeof e);
            e[k] = 1.0;
            km_lower_solve(l, DIM, e);
            for (int i = 0; i < DIM; i++)
                inverse[i][k] = e[i];
        }
        mean[j] = 0.0;
        for (int k = 0; k < DIM; k++) {
            covariance[j * DIM + k] = 0.0;
            for (int i = 0; i < DIM; i++)
                covariance[j * DIM + k] += inverse[i][j] * inverse[i][k];
            mean[j] += covariance[j * DIM + k] * b[k];
        }
    }
}

static void run(km_smc *s, const km_objective *t)
{
    km_diag d;

    km_diag_init(&d);
    while (!s->is_done)
        assert_ok(km_smc_step(s, t, &d), &d);
    km_diag_clear(&d);
}

static void test_gaussian(void **state)
{
    linear p;
    km_objective t = {DIM, &p, linear_likelihood};
    const km_smc_options o = {.particles = 4000, .seed = 5};
    double mean[DIM], covariance[DIM * DIM], m[DIM], c[DIM * DIM];
    km_smc s;

    (void)state;
    make(&p);
    linear_posterior(&p, mean, covariance);
    km_smc_create(DIM, &o, &s);
    run(&s, &t);
    km_moments(s.z, NULL, o.particles, DIM, m, c);
    for (int j = 0; j < DIM; j++) {
        double sd = sqrt(covariance[j * DIM + j]);
        assert_true(fabs(m[j] - mean[j]) < 0.1 * sd);
        assert_true(fabs(sqrt(c[j * DIM + j]) / sd - 1.0) < 0.07);
    }
    print_message("log evidence %.3f (error %.3f), closed form %.3f, %llu launches\n", s.log_evidence, s.evidence_error, linear_evidence(&p),
                  (unsigned long long)s.launches);
    assert_true(fabs(s.log_evidence - linear_evidence(&p)) < 0.1);
    km_smc_destroy(&s);
}

/* Over seeds the evidence errs by what it says: a mean square of about 1 in its own errors, and no bias to speak of. */
static void test_calibration(void **state)
{
    enum { SEEDS = 60 };
    linear p;
    km_objective t = {DIM, &p, linear_likelihood};
    double truth, squares = 0.0, bias = 0.0, stated = 0.0;
    int inside = 0;

    (void)state;
    make(&p);
    truth = linear_evidence(&p);
    for (int seed = 0; seed < SEEDS; seed++) {
        const km_smc_options o = {.particles = 512, .seed = 1000 + (uint64_t)seed};
        double off;
        km_smc s;
        km_smc_create(DIM, &o, &s);
        run(&s, &t);
        off = s.log_evidence - truth;
        squares += off * off / SEEDS;
        bias += off / SEEDS;
        stated += s.evidence_error * s.evidence_error / SEEDS;
        inside += fabs(off) < 2.365 * s.evidence_error; /* Student's t, 7 degrees of freedom */
        km_smc_destroy(&s);
    }
    print_message("bias %.3f, root mean square %.3f, stated %.3f, %d of %d inside\n", bias, sqrt(squares), sqrt(stated), inside, (int)SEEDS);
    assert_true(fabs(bias) < 0.05);
    assert_true(squares < 2.0 * stated && stated < 2.0 * squares);
    assert_in_range(inside, 51, 60);
}

/* Two peaks at +-2 in every coordinate together, one three times as heavy. */
static km_status two_peaks(void *context, size_t n, const double *z, double *out, km_diag *d)
{
    (void)context, (void)d;
    for (size_t i = 0; i < n; i++) {
        double a = log(0.75), b = log(0.25), both[2];
        for (int j = 0; j < 2; j++) {
            a += km_log_normal_density(z[2 * i + (size_t)j], 2.0, 0.2);
            b += km_log_normal_density(z[2 * i + (size_t)j], -2.0, 0.2);
        }
        both[0] = a, both[1] = b;
        out[i] = km_log_sum_exp(both, 2);
    }
    return KM_OK;
}

static void test_two_peaks(void **state)
{
    km_objective t = {2, NULL, two_peaks};
    const km_smc_options o = {.particles = 4000, .seed = 3};
    double right = 0.0, v = 1.0 + 0.04, evidence = -log_two_pi - log(v) - 4.0 / v;
    km_smc s;

    (void)state;
    km_smc_create(2, &o, &s);
    run(&s, &t);
    for (size_t i = 0; i < o.particles; i++)
        right += s.z[2 * i] > 0.0 ? 1.0 / (double)o.particles : 0.0;
    print_message("share %.3f, log evidence %.3f (closed form %.3f)\n", right, s.log_evidence, evidence);
    assert_true(fabs(right - 0.75) < 0.06);
    assert_true(fabs(s.log_evidence - evidence) < 0.1);
    km_smc_destroy(&s);
}

/* Half of the prior is impossible. */
static km_status half(void *context, size_t n, const double *z, double *out, km_diag *d)
{
    (void)context, (void)d;
    for (size_t i = 0; i < n; i++)
        out[i] = z[i] > 0.0 ? 0.0 : i % 2 ? (double)NAN : -(double)INFINITY;
    return KM_OK;
}

static km_status none(void *context, size_t n, const double *z, double *out, km_diag *d)
{
    (void)context, (void)d, (void)z;
    for (size_t i = 0; i < n; i++)
        out[i] = (double)NAN;
    return KM_OK;
}

static void test_impossible(void **state)
{
    km_objective t = {1, NULL, half}, nothing = {1, NULL, none};
    const km_smc_options o = {.particles = 2000, .seed = 8};
    double m, v;
    km_smc s;
    km_diag d;

    (void)state;
    km_smc_create(1, &o, &s);
    run(&s, &t);
    km_moments(s.z, NULL, o.particles, 1, &m, &v);
    assert_true(fabs(s.log_evidence - log(0.5)) < 0.1);
    assert_true(fabs(m - sqrt(2.0 / M_PI)) < 0.06);
    for (size_t i = 0; i < o.particles; i++)
        assert_true(s.z[i] > 0.0);
    km_smc_destroy(&s);
    km_diag_init(&d);
    km_smc_create(1, &o, &s);
    assert_int_equal(km_smc_step(&s, &nothing, &d), KM_E_NUMERICS);
    km_smc_destroy(&s);
    km_diag_clear(&d);
}

/* The same seed the same draws; another one others. */
static void test_seed(void **state)
{
    linear p;
    km_objective t = {DIM, &p, linear_likelihood};
    const km_smc_options o = {.particles = 256, .seed = 9}, other = {.particles = 256, .seed = 10};
    km_smc first, again, second;

    (void)state;
    make(&p);
    km_smc_create(DIM, &o, &first), km_smc_create(DIM, &o, &again), km_smc_create(DIM, &other, &second);
    run(&first, &t), run(&again, &t), run(&second, &t);
    assert_memory_equal(first.z, again.z, 256 * DIM * sizeof(double));
    assert_same_double(first.log_evidence, again.log_evidence);
    assert_memory_not_equal(first.z, second.z, 256 * DIM * sizeof(double));
    km_smc_destroy(&first), km_smc_destroy(&again), km_smc_destroy(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gaussian), cmocka_unit_test(test_calibration), cmocka_unit_test(test_two_peaks),
                                       cmocka_unit_test(test_impossible), cmocka_unit_test(test_seed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
