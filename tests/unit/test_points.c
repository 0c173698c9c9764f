/* kernels/points.h: known answers, and what nets, hypercubes and their scrambling promise. */
#include "cmocka_all.h"

#include "points.h"
#include "study/joe_kuo.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 20240607;

/* Philox4x32-10 of Random123's kat_vectors. */
static void test_philox_known_answers(void **state)
{
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        km_block counter, out;
        memcpy(counter.x, known[i].counter, sizeof counter.x);
        out = km_philox(counter, (uint64_t)known[i].key[1] << 32 | known[i].key[0]);
        assert_memory_equal(out.x, known[i].answer, sizeof out.x);
    }
}

static uint32_t plain(int dimension, uint32_t index)
{
    uint32_t direction[32];

    km_joe_kuo_directions(dimension, direction);
    return km_sobol(direction, index);
}

/* scipy.stats.qmc.Sobol(1024, scramble=False, bits=32).random(4096)[i, d] * 2**32, and the authors' first points. */
static void test_sobol_known_answers(void **state)
{
    static const uint32_t index[] = {1, 2, 3, 6, 100, 1023, 4095};
    static const struct {
        int dimension;
        uint32_t x[7];
    } known[] = {
        {0, {0x80000000U, 0xc0000000U, 0x40000000U, 0xa0000000U, 0x6a000000U, 0x00400000U, 0x00100000U}},
        {1, {0x80000000U, 0x40000000U, 0xc0000000U, 0x20000000U, 0x42000000U, 0xc0c00000U, 0xf0f00000U}},
        {2, {0x80000000U, 0x40000000U, 0xc0000000U, 0xe0000000U, 0xc6000000U, 0x9cc00000U, 0x55900000U}},
        {9, {0x80000000U, 0xc0000000U, 0x40000000U, 0x60000000U, 0xb2000000U, 0xd9c00000U, 0x3f100000U}},
        {99, {0x80000000U, 0xc0000000U, 0x40000000U, 0x20000000U, 0xe2000000U, 0x87c00000U, 0xf6700000U}},
        {499, {0x80000000U, 0x40000000U, 0xc0000000U, 0xe0000000U, 0x7e000000U, 0x79400000U, 0xf0500000U}},
        {1023, {0x80000000U, 0xc0000000U, 0x40000000U, 0x20000000U, 0xf2000000U, 0xfec00000U, 0x5ad00000U}},
    };
    static const double first[10][3] = {{0, 0, 0},
                                        {0.5, 0.5, 0.5},
                                        {0.75, 0.25, 0.25},
                                        {0.25, 0.75, 0.75},
                                        {0.375, 0.375, 0.625},
                                        {0.875, 0.875, 0.125},
                                        {0.625, 0.125, 0.875},
                                        {0.125, 0.625, 0.375},
                                        {0.1875, 0.3125, 0.9375},
                                        {0.6875, 0.8125, 0.4375}};

    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        for (size_t i = 0; i < 7; i++)
            assert_int_equal(plain(known[k].dimension, index[i]), known[k].x[i]);
    for (uint32_t i = 0; i < 10; i++)
        for (int d = 0; d < 3; d++)
            assert_same_double(plain(d, i) * 0x1p-32, first[i][d]);
}

static uint32_t scrambled(int dimension, uint32_t index, uint64_t key)
{
    uint32_t direction[32];

    km_joe_kuo_directions(dimension, direction);
    return km_point_sobol(direction, key, (uint32_t)dimension, index);
}

/* Any aligned block of 2^m points has one in each of 2^m equal intervals of every dimension. */
static void test_every_dimension_is_balanced(void **state)
{
    enum { M = 9 };
    static const uint32_t first[] = {0, 5U << M, UINT32_MAX - (1U << M) + 1};

    (void)state;
    for (int d = 0; d < KM_JOE_KUO_DIMENSIONS; d++)
        for (int k = 0; k < 3; k++) {
            unsigned char seen[1 << M] = {0};
            uint32_t direction[32];
            km_joe_kuo_directions(d, direction);
            for (uint32_t i = 0; i < 1U << M; i++)
                seen[km_point_sobol(direction, seed, (uint32_t)d, first[k] + i) >> (32 - M)]++;
            for (int i = 0; i < 1 << M; i++)
                assert_int_equal(seen[i], 1);
        }
}

/* The smallest t for which the 2^m points are a (t, m, 2)-net: every box of area 2^(t-m) holds 2^t of them. */
static int net_quality(const uint32_t *x, const uint32_t *y, int m)
{
    for (int t = 0;; t++) {
        bool good = true;
        for (int a = 0; a <= m - t && good; a++) {
            int b = m - t - a, count[1 << 10] = {0};
            for (int i = 0; i < 1 << m; i++)
                count[((uint64_t)x[i] >> (32 - a)) << b | ((uint64_t)y[i] >> (32 - b))]++;
            for (int i = 0; i < 1 << (m - t); i++)
                good = good && count[i] == 1 << t;
        }
        if (good)
            return t;
    }
}

static void test_scrambling_keeps_the_quality_of_pairs(void **state)
{
    enum { M = 9, N = 1 << M };
    static uint32_t x[2][N], y[2][N];
    int worst = 0;

    (void)state;
    for (uint32_t pair = 0; pair < 60; pair++) {
        km_block r = km_draw(seed, 99, 0, pair);
        int a = pair == 0 ? 0 : (int)(r.x[0] % 1024), b = pair == 0 ? 1 : (int)(r.x[1] % 1024), t;
        if (a == b)
            continue;
        for (uint32_t i = 0; i < N; i++) {
            x[0][i] = plain(a, i), y[0][i] = plain(b, i);
            x[1][i] = scrambled(a, i, seed + pair), y[1][i] = scrambled(b, i, seed + pair);
        }
        t = net_quality(x[0], y[0], M);
        assert_int_equal(net_quality(x[1], y[1], M), t);
        if (pair == 0)
            assert_int_equal(t, 0);
        worst = t > worst ? t : worst;
    }
    assert_true(worst > 0 && worst < M); /* the test does tell nets apart */
}

/* Two numbers that agree above a bit do so scrambled, differ at that bit, and below it agree in half of all seeds. */
static void test_owen_is_nested_and_uniform(void **state)
{
    enum { N = 4096 };
    const double sigma = 0.5 / sqrt(N);

    (void)state;
    for (int bit = 31; bit >= 0; bit -= 5) {
        int flips[32] = {0}, ones[32] = {0};
        for (uint32_t i = 0; i < N; i++) {
            km_block r = km_draw(seed, 98, (uint32_t)bit, i);
            uint32_t x = r.x[0], y = x ^ (1U << bit) ^ (bit ? r.x[1] >> (32 - bit) : 0);
            uint32_t a = km_owen(x, r.x[2]), b = km_owen(y, r.x[2]);
            if (bit < 31)
                assert_int_equal(a >> (bit + 1), b >> (bit + 1));
            assert_int_equal((a ^ b) >> bit & 1U, 1);
            for (int k = 0; k < 32; k++) {
                flips[k] += (int)((a ^ b) >> k & 1U);
                ones[k] += (int)(km_owen(1U << bit, r.x[2]) >> k & 1U);
            }
        }
        for (int k = 0; k < bit; k++)
            assert_true(fabs(flips[k] / (double)N - 0.5) < 5.5 * sigma);
        for (int k = 0; k < 32; k++)
            assert_true(fabs(ones[k] / (double)N - 0.5) < 5.5 * sigma);
    }
}

static double product(const double *u, int n)
{
    double value = 1.0;

    for (int d = 0; d < n; d++)
        value *= 0.5 + u[d];
    return value;
}

static double sum(const double *u, int n)
{
    double value = 0.0;

    for (int d = 0; d < n; d++)
        value += u[d];
    return value / (0.5 * n);
}

enum { DIMENSIONS = 6, POINTS = 512, SEEDS = 200 };

static void sobol_point(uint64_t key, uint32_t i, double *u)
{
    for (int d = 0; d < DIMENSIONS; d++)
        u[d] = (scrambled(d, i, key) + 0.5) * 0x1p-32;
}

static void hypercube_point(uint64_t key, uint32_t i, double *u)
{
    for (uint32_t d = 0; d < DIMENSIONS; d++)
        u[d] = (km_point_stratum(key, d, i, POINTS - 1) + (km_point_jitter(key, d, i) + 0.5) * 0x1p-32) / POINTS;
}

/* Mean and root mean square error, over seeds, of the mean of a function whose integral is 1. */
static void spread(void (*point)(uint64_t, uint32_t, double *), double (*f)(const double *, int), double *mean, double *error)
{
    double u[DIMENSIONS];

    *mean = *error = 0.0;
    for (uint64_t k = 0; k < SEEDS; k++) {
        double total = 0.0;
        for (uint32_t i = 0; i < POINTS; i++) {
            point(seed + k, i, u);
            total += f(u, DIMENSIONS);
        }
        *mean += total / POINTS / SEEDS;
        *error += pow(total / POINTS - 1.0, 2.0) / SEEDS;
    }
    *error = sqrt(*error);
}

/* No bias, and errors far below those of independent points. */
static void test_means_converge(void **state)
{
    const double of_product = sqrt((pow(13.0 / 12.0, DIMENSIONS) - 1.0) / POINTS),
                 of_sum = sqrt(1.0 / 12.0 / DIMENSIONS / POINTS) / 0.5;
    double mean, error;

    (void)state;
    spread(sobol_point, product, &mean, &error);
    assert_true(error < of_product / 10.0);
    assert_true(fabs(mean - 1.0) < 4.0 * error / sqrt(SEEDS));
    spread(sobol_point, sum, &mean, &error);
    assert_true(error < of_sum / 100.0);
    assert_true(fabs(mean - 1.0) < 4.0 * error / sqrt(SEEDS));
    spread(hypercube_point, sum, &mean, &error);
    assert_true(error < of_sum / 100.0);
    assert_true(fabs(mean - 1.0) < 4.0 * error / sqrt(SEEDS));
    spread(hypercube_point, product, &mean, &error); /* only what is additive is made better */
    assert_true(error < of_product / 2.0 && error > of_product / 20.0);
    assert_true(fabs(mean - 1.0) < 4.0 * error / sqrt(SEEDS));
}

static void test_strata_have_one_point_each(void **state)
{
    static const uint32_t lengths[] = {1, 2, 3, 5, 8, 10, 100, 1000, 4096, 4097};
    static unsigned char seen[4097];

    (void)state;
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++)
        for (uint32_t d = 0; d < 20; d++) {
            memset(seen, 0, sizeof seen);
            for (uint32_t i = 0; i < lengths[k]; i++) {
                uint32_t s = km_point_stratum(seed, d, i, lengths[k] - 1);
                assert_true(s < lengths[k]);
                assert_int_equal(seen[s]++, 0);
            }
        }
    for (uint32_t i = 0; i < 1000; i++) /* the longest: 2^32 strata, and back within them */
        assert_int_not_equal(km_point_stratum(seed, 0, i, UINT32_MAX), km_point_stratum(seed, 0, i + 1, UINT32_MAX));
}

/* Each of the 24 orders of four things is as likely: chi-square with 23 degrees of freedom. */
static void test_permutations_are_uniform(void **state)
{
    enum { N = 24000 };
    int count[256] = {0}, kinds = 0;
    double chi = 0.0;

    (void)state;
    for (uint64_t k = 0; k < N; k++) {
        unsigned order = 0;
        for (uint32_t i = 0; i < 4; i++)
            order = order << 2 | km_point_stratum(seed + k, 0, i, 3);
        count[order]++;
    }
    for (int i = 0; i < 256; i++) {
        kinds += count[i] > 0;
        if (count[i] > 0)
            chi += pow(count[i] - N / 24.0, 2.0) / (N / 24.0);
    }
    assert_int_equal(kinds, 24);
    assert_true(chi < 60.0); /* probability 4e-5 */
}

/* Two dimensions, or one under two seeds, know nothing of each other. */
static void test_dimensions_are_independent(void **state)
{
    enum { N = 1000 };
    double with_dimension = 0.0, with_seed = 0.0, with_index = 0.0, scale = N * (N * (double)N - 1.0) / 12.0;

    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        double a = km_point_stratum(seed, 3, i, N - 1) - 0.5 * (N - 1);
        with_dimension += a * (km_point_stratum(seed, 4, i, N - 1) - 0.5 * (N - 1)) / scale;
        with_seed += a * (km_point_stratum(seed + 1, 3, i, N - 1) - 0.5 * (N - 1)) / scale;
        with_index += a * (i - 0.5 * (N - 1)) / scale;
    }
    assert_true(fabs(with_dimension) < 5.0 / sqrt(N) && fabs(with_seed) < 5.0 / sqrt(N) && fabs(with_index) < 5.0 / sqrt(N));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox_known_answers),
        cmocka_unit_test(test_sobol_known_answers),
        cmocka_unit_test(test_every_dimension_is_balanced),
        cmocka_unit_test(test_scrambling_keeps_the_quality_of_pairs),
        cmocka_unit_test(test_owen_is_nested_and_uniform),
        cmocka_unit_test(test_means_converge),
        cmocka_unit_test(test_strata_have_one_point_each),
        cmocka_unit_test(test_permutations_are_uniform),
        cmocka_unit_test(test_dimensions_are_independent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
