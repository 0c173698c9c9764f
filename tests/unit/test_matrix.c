/* Small matrices: factors and eigenvalues give back the matrix they are of. */
#include "cmocka_all.h"

#include "analysis/matrix.h"
#include "analysis/streams.h"

#include <math.h>

enum { N = 7 };

/* B B' + I, a different one for each seed. */
static void make(uint64_t seed, double *a)
{
    double b[N * N];

    km_draw_normals(seed, KM_STREAM_PRIOR, 0, 0, N * N, b);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i * N + j] = i == j;
            for (int k = 0; k < N; k++)
                a[i * N + j] += b[i * N + k] * b[j * N + k];
        }
}

static void test_cholesky(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        double a[N * N], l[N * N], x[N], b[N];
        make(seed, a);
        make(seed, l);
        assert_true(km_cholesky(l, N));
        for (int i = 0; i < N; i++)
            for (int j = 0; j <= i; j++) {
                double sum = 0.0;
                for (int k = 0; k <= j; k++)
                    sum += l[i * N + k] * l[j * N + k];
                assert_true(fabs(sum - a[i * N + j]) < 1e-12 * (1.0 + fabs(a[i * N + j])));
            }
        for (int i = 0; i < N; i++)
            x[i] = i - 2.5;
        km_lower_multiply(l, N, x, b);
        km_lower_solve(l, N, b);
        for (int i = 0; i < N; i++)
            assert_true(fabs(b[i] - x[i]) < 1e-11);
        a[0] = -1.0;
        assert_false(km_cholesky(a, N));
    }
}

static void test_eigen(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        double a[N * N], copy[N * N], value[N], vector[N * N];
        make(seed, a);
        make(seed, copy);
        km_eigen(copy, N, value, vector);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                double sum = 0.0, dot = 0.0;
                for (int k = 0; k < N; k++) {
                    sum += vector[i * N + k] * value[k] * vector[j * N + k];
                    dot += vector[k * N + i] * vector[k * N + j];
                }
                assert_true(fabs(sum - a[i * N + j]) < 1e-11 * 50.0);
                assert_true(fabs(dot - (i == j)) < 1e-12);
            }
    }
}

static void test_moments(void **state)
{
    const double x[] = {1, 2, 3, 5, 7, 11}, w[] = {1, 0, 2};
    double mean[2], c[4];

    (void)state;
    km_moments(x, NULL, 3, 2, mean, c);
    assert_true(fabs(mean[0] - 11.0 / 3.0) < 1e-14 && fabs(mean[1] - 6.0) < 1e-14);
    assert_true(fabs(c[3] - 14.0) < 1e-13 && fabs(c[1] - c[2]) < 1e-15);
    km_moments(x, w, 3, 2, mean, c);
    assert_true(fabs(mean[0] - 5.0) < 1e-14 && fabs(c[0] - 8.0) < 1e-13 && fabs(c[1] - 12.0) < 1e-13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cholesky), cmocka_unit_test(test_eigen), cmocka_unit_test(test_moments)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
