/* Quantiles of Student's t against published tables and the closed forms for 1 and 2 degrees of freedom. */
#include "cmocka_all.h"

#include "analysis/student.h"

#include <math.h>

static void test_published(void **state)
{
    /* NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2: upper critical values, probability 0.975 and 0.995 */
    static const struct {
        int freedom;
        double coverage, value;
    } table[] = {{1, 0.95, 12.706}, {2, 0.95, 4.303}, {3, 0.95, 3.182}, {15, 0.95, 2.131}, {16, 0.95, 2.120},
                 {31, 0.95, 2.040}, {63, 0.95, 1.998}, {100, 0.95, 1.984}, {15, 0.99, 2.947}, {30, 0.99, 2.750}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_true(fabs(km_student_quantile(table[i].freedom, table[i].coverage) - table[i].value) < 0.00051);
}

static void test_closed_forms(void **state)
{
    (void)state;
    for (double p = 0.05; p < 0.999; p += 0.013) { /* Cauchy's law; t = p sqrt(2 / (1 - p^2)) */
        assert_true(fabs(km_student_quantile(1, p) / tan(M_PI_2 * p) - 1.0) < 1e-12);
        assert_true(fabs(km_student_quantile(2, p) / (p * sqrt(2.0 / (1.0 - p * p))) - 1.0) < 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_published), cmocka_unit_test(test_closed_forms)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
