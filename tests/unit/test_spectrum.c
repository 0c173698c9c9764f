/* The fast transform against its definition, for lengths of all kinds. */
#include "cmocka_all.h"

#include "analysis/spectrum.h"

#include <math.h>

enum { MOST = 1024 };

static void test_definition(void **state)
{
    static const size_t length[] = {1, 2, 3, 8, 65, 127, 300, 1000, 1024};
    double y[MOST], power[MOST / 2 + 1];

    (void)state;
    for (size_t l = 0; l < sizeof length / sizeof *length; l++) {
        size_t n = length[l];
        km_spectrum *s = km_spectrum_create(n);
        for (size_t i = 0; i < n; i++)
            y[i] = sin(0.7 * (double)i) + (double)(i * i % 17);
        for (int twice = 0; twice < 2; twice++) { /* nothing is left of the first */
            km_spectrum_power(s, y, 3.0, power);
            for (size_t f = 0; f <= n / 2; f++) {
                double real = 0.0, imaginary = 0.0;
                for (size_t i = 0; i < n; i++) {
                    double angle = 2.0 * M_PI * (double)(i * f % n) / (double)n;
                    real += (y[i] - 3.0) * cos(angle);
                    imaginary += (y[i] - 3.0) * sin(angle);
                }
                assert_true(fabs(power[f] - (real * real + imaginary * imaginary) / ((double)n * (double)n)) < 1e-12);
            }
        }
        km_spectrum_destroy(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_definition)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
