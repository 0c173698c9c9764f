/* Likelihoods against SciPy 1.14.1 (scipy.stats); the call that gave a number stands beside it. */
#include "cmocka_all.h"

#include "analysis/likelihood.h"

#include <math.h>

static void close_to(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-12 * fmax(1.0, fabs(wanted))))
        fail_msg("got %.17g, wanted %.17g", got, wanted);
}

static void test_means(void **state)
{
    (void)state;
    close_to(km_log_normal_density(-16.5, -14.2, 1.6), -2.422145287450409);        /* norm.logpdf(-16.5, -14.2, 1.6) */
    close_to(km_log_normal_density(40.0, 0.0, 1.0), -800.9189385332047);           /* norm.logpdf(40) */
    close_to(km_log_student_density(-16.5, -14.2, 1.6, 4.0), -2.4920129261305473); /* t.logpdf(-16.5, 4, -14.2, 1.6) */
    close_to(km_log_student_density(100.0, 0.0, 3.0, 2.5), -12.788628818914562);   /* t.logpdf(100, 2.5, 0, 3) */
    close_to(km_normal_below(1.3), 0.9031995154143897);                            /* norm.cdf(1.3) */
    close_to(km_normal_below(-8.5) / 9.47953482220325e-18, 1.0);                   /* norm.cdf(-8.5) */
}

static void test_counts(void **state)
{
    (void)state;
    close_to(km_log_binomial(17, 26, 0.58), -2.113066261067293);     /* binom.logpmf(17, 26, .58) */
    close_to(km_log_binomial(0, 12, 0.083), -1.0397736807080666);    /* binom.logpmf(0, 12, .083) */
    close_to(km_log_binomial(12, 12, 0.083), -29.86697605422647);    /* binom.logpmf(12, 12, .083) */
    close_to(km_log_binomial(134, 500, 1e-3), -638.5882284729887);   /* binom.logpmf(134, 500, 1e-3) */
    assert_true(km_log_binomial(0, 12, 0.0) == 0.0 && km_log_binomial(12, 12, 1.0) == 0.0);
    assert_true(isinf(km_log_binomial(1, 12, 0.0)) && isinf(km_log_binomial(11, 12, 1.0)));
    assert_true(isinf(km_log_binomial(13, 12, 0.5)) && isinf(km_log_binomial(3, 12, (double)NAN)));
}

static void test_times(void **state)
{
    (void)state;
    close_to(km_order_statistic_below(9, 17, 0.43), 0.2780324877534248);   /* binom.sf(8, 17, .43) */
    close_to(km_order_statistic_below(1, 17, 1e-4), 0.0016986406797620624); /* binom.sf(0, 17, 1e-4) */
    close_to(km_order_statistic_below(6, 10, 0.5), 0.376953125);           /* binom.sf(5, 10, .5) */
    assert_true(km_order_statistic_below(3, 7, 0.0) == 0.0 && km_order_statistic_below(3, 7, 1.0) == 1.0);
    /* log(expon.cdf(21, scale=18) - expon.cdf(17.5, scale=18)) */
    close_to(km_log_interval(-expm1(-17.5 / 18.0), -expm1(-21.0 / 18.0)), -2.7054783698171447);
    assert_true(isinf(km_log_interval(0.3, 0.3)) && isinf(km_log_interval(0.3, (double)NAN)));
}

static void test_repeated(void **state)
{
    const double r[] = {1.2, -0.4, 2.5, 0.3}, s[] = {1.1, 1.0, 1.3, 0.9};
    (void)state;
    /* S = outer(s, s) (rho + (1 - rho) eye(4)), rho = .7: multivariate_normal(0, S).logpdf(r), multivariate_t(0, S, df=4) */
    close_to(km_log_repeated(4, r, s, 0.7, 0.0), -8.017656012653632);
    close_to(km_log_repeated(4, r, s, 0.7, 4.0), -7.47757416049698);
    close_to(km_log_repeated(4, r, s, 0.0, 0.0), -6.5077773653377875);
    close_to(km_log_repeated(1, r, s, 0.7, 0.0), km_log_normal_density(1.2, 0.0, 1.1));
    close_to(km_log_repeated(1, r, s, 0.7, 4.0), km_log_student_density(1.2, 0.0, 1.1, 4.0));
}

static void test_sums(void **state)
{
    const double x[] = {-1000.0, -1001.0, -1003.5}, nothing[] = {-(double)INFINITY, -(double)INFINITY};
    (void)state;
    close_to(km_log_sum_exp(x, 3), -999.6649024044839); /* logsumexp */
    assert_true(isinf(km_log_sum_exp(nothing, 2)) && isinf(km_log_sum_exp(x, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_means), cmocka_unit_test(test_counts), cmocka_unit_test(test_times),
                                       cmocka_unit_test(test_repeated), cmocka_unit_test(test_sums)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
