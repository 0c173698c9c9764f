/* Rounding floats: known cases, the bound on the error, what must stay. */
#include "cmocka_all.h"

#include "store/quantise.h"

#include <float.h>
#include <math.h>

static float from_bits(uint32_t bits)
{
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

static uint32_t to_bits(float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static uint32_t rounded(uint32_t bits, int keep)
{
    float v = from_bits(bits);

    km_quantise(&v, 1, keep);
    return to_bits(v);
}

static void test_ties_go_to_even(void **state)
{
    (void)state;
    assert_int_equal(rounded(0x3f800040, 16),
                     0x3f800000); /* half of the last bit kept: down to even */
    assert_int_equal(rounded(0x3f8000c0, 16), 0x3f800100); /* up to even */
    assert_int_equal(rounded(0x3f800041, 16), 0x3f800080);
    assert_int_equal(rounded(0x3f80003f, 16), 0x3f800000);
    assert_int_equal(rounded(0x3fffffff, 16), 0x40000000); /* the carry reaches the exponent */
    assert_int_equal(rounded(0xbfffffff, 16), 0xc0000000);
}

static void test_special_values_stay(void **state)
{
    static const uint32_t special[] = {0,          0x80000000, 0x7f800000, 0xff800000,
                                       0x7fc00000, 0x7fc00001, 0xffc12345};

    (void)state;
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        for (int keep = 1; keep <= 23; keep++)
            assert_int_equal(rounded(special[i], keep), special[i]);
}

static void test_error_is_at_most_half_of_the_last_bit(void **state)
{
    uint32_t bits = 12345;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        int keep = 1 + i % 23;
        float v, r;
        bits = bits * 1664525u + 1013904223u;
        v = r = from_bits(bits);
        if (!isfinite(v) || fabsf(v) > 0.5f * FLT_MAX || fabsf(v) < FLT_MIN)
            continue;
        km_quantise(&r, 1, keep);
        assert_int_equal(to_bits(r) & ((1u << (23 - keep)) - 1u), 0);
        assert_true(fabs((double)r - (double)v) <= ldexp(fabs((double)v), -keep - 1));
        if (keep == 23)
            assert_int_equal(to_bits(r), bits);
        v = r;
        km_quantise(&r, 1, keep);
        assert_int_equal(to_bits(r), to_bits(v)); /* again changes nothing */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ties_go_to_even),
        cmocka_unit_test(test_special_values_stay),
        cmocka_unit_test(test_error_is_at_most_half_of_the_last_bit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
