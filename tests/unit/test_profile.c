/* What a profile of the likelihood says of a parameter, on parabolas whose ends are known. */
#include "cmocka_all.h"

#include "analysis/profile.h"

#include <math.h>

enum { N = 41 };
static double value[N], fall[N];

/* log likelihood -(x - centre)^2/2 over 0 ... 10; flat beyond `left` and `right` */
static km_profile_verdict judge(double centre, double left, double right, double *low, double *high)
{
    for (int i = 0; i < N; i++) {
        double x = 0.25 * i, at = fmin(fmax(x, left), right);
        value[i] = x;
        fall[i] = -0.5 * (at - centre) * (at - centre);
    }
    return km_profile_judge(value, fall, N, low, high);
}

static void test_verdicts(void **state)
{
    double low, high;
    (void)state;
    assert_int_equal(judge(5.0, 0.0, 10.0, &low, &high), KM_PROFILE_FINITE);
    assert_true(fabs(low - (5.0 - 1.96)) < 0.03 && fabs(high - (5.0 + 1.96)) < 0.03);
    assert_int_equal(judge(1.0, 0.0, 10.0, &low, &high), KM_PROFILE_ABOVE);
    assert_true(isnan(low) && fabs(high - 2.96) < 0.03);
    assert_int_equal(judge(9.0, 0.0, 10.0, &low, &high), KM_PROFILE_BELOW);
    assert_true(isnan(high) && fabs(low - 7.04) < 0.03);
    assert_int_equal(judge(5.0, 4.0, 6.0, &low, &high), KM_PROFILE_FLAT);
    assert_true(isnan(low) && isnan(high));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_verdicts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
