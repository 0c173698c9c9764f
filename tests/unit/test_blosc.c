/* Blosc frames: every size comes back, the bytes are those of the format, damage is found. */
#include "cmocka_all.h"

#include "store/blosc.h"

#include <stdlib.h>

static km_diag d;

static int setup(void **state)
{
    (void)state;
    km_diag_init(&d);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    km_diag_clear(&d);
    return 0;
}

static uint32_t next(uint32_t *seed)
{
    return *seed = *seed * 1664525u + 1013904223u;
}

static size_t get32(const unsigned char *at)
{
    return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

static void round_trip(const unsigned char *data, size_t nbytes, size_t typesize, int level)
{
    unsigned char *frame = NULL, *back = malloc(nbytes + 1);
    size_t size = 0;

    assert_non_null(back);
    back[nbytes] = 0xA5;
    assert_ok(km_blosc_encode(data, nbytes, typesize, level, &frame, &size, &d), &d);
    assert_true(size <= nbytes + 16);
    assert_int_equal(get32(frame + 12), size);
    assert_ok(km_blosc_decode(frame, size, back, nbytes, &d), &d);
    assert_memory_equal(back, data, nbytes);
    assert_int_equal(back[nbytes], 0xA5);
    free(frame);
    free(back);
}

static void test_every_size_comes_back(void **state)
{
    unsigned char data[3000];
    uint32_t seed = 1;

    (void)state;
    for (int smooth = 0; smooth < 2; smooth++) {
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = (unsigned char)(smooth ? i / 100 : next(&seed) >> 24);
        for (size_t typesize = 1; typesize <= 8; typesize *= 2)
            for (size_t n = 1; n <= sizeof data; n += n < 260 ? 1 : 97)
                round_trip(data, n, typesize, 1 + (int)(n % 6));
    }
}

static void test_header_of_compressed_data(void **state)
{
    int32_t data[1000] = {0};
    unsigned char *frame = NULL;
    size_t size = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        data[i] = i;
    assert_ok(km_blosc_encode(data, sizeof data, 4, 1, &frame, &size, &d), &d);
    assert_int_equal(frame[0], 2);
    assert_int_equal(frame[1], 1);
    assert_int_equal(frame[2], 0x71); /* shuffled, one block, zlib */
    assert_int_equal(frame[3], 4);
    assert_int_equal(get32(frame + 4), 4000);
    assert_int_equal(get32(frame + 8), 4000);
    assert_int_equal(get32(frame + 12), size);
    assert_int_equal(get32(frame + 16), 20);
    assert_int_equal(get32(frame + 20), size - 24);
    assert_true(size < 2000);
    free(frame);
}

static void test_small_and_noisy_data_are_stored(void **state)
{
    unsigned char data[1000], *frame = NULL;
    size_t size = 0;
    uint32_t seed = 2;

    (void)state;
    memset(data, 0, sizeof data);
    assert_ok(km_blosc_encode(data, 127, 1, 1, &frame, &size, &d), &d);
    assert_int_equal(frame[2], 0x62);
    assert_int_equal(size, 127 + 16);
    free(frame);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(next(&seed) >> 24);
    assert_ok(km_blosc_encode(data, sizeof data, 4, 6, &frame, &size, &d), &d);
    assert_int_equal(frame[2], 0x62);
    assert_int_equal(size, sizeof data + 16);
    assert_memory_equal(frame + 16, data, sizeof data);
    free(frame);
}

/* No change of a byte is a crash; in the stream it is always found. */
static void test_damage_is_found(void **state)
{
    float data[500], back[500];
    unsigned char *frame = NULL;
    size_t size = 0;

    (void)state;
    for (int i = 0; i < 500; i++)
        data[i] = (float)(i / 7);
    assert_ok(km_blosc_encode(data, sizeof data, 4, 6, &frame, &size, &d), &d);
    for (size_t at = 0; at < size; at++)
        for (int bit = 0; bit < 8; bit++) {
            km_status st;
            frame[at] = (unsigned char)(frame[at] ^ 1u << bit);
            st = km_blosc_decode(frame, size, back, sizeof back, &d);
            if (at >= 24 && st == KM_OK) /* bits behind deflate's last symbol mean nothing */
                assert_memory_equal(back, data, sizeof data);
            frame[at] = (unsigned char)(frame[at] ^ 1u << bit);
        }
    for (size_t n = 0; n < size; n++)
        assert_int_equal(km_blosc_decode(frame, n, back, sizeof back, &d), KM_E_IO);
    assert_int_equal(km_blosc_decode(frame, size, back, sizeof back - 4, &d), KM_E_IO);
    free(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_size_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_header_of_compressed_data, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_and_noisy_data_are_stored, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_found, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
