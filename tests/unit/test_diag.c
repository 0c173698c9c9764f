/* Messages keep their sentence: context in front, arguments that are the message itself,
 * truncation. */
#include "cmocka_all.h"

#include "base/diag.h"
#include "base/memory.h"

#include <stdlib.h>

static km_status half(int n, km_diag *d)
{
    km_status st = KM_OK;

    if (n % 2 != 0)
        KM_FAIL(d, KM_E_INPUT, "expected an even number, got %d", n);

done:
    return st;
}

static km_status quarter(int n, km_diag *d)
{
    km_status st = KM_OK;

    KM_TRY(half(n, d));
    KM_TRY(half(n / 2, d));

done:
    return st;
}

static void test_macros(void **state)
{
    km_diag d;

    (void)state;
    km_diag_init(&d);
    assert_int_equal(quarter(8, &d), KM_OK);
    assert_int_equal(quarter(6, &d), KM_E_INPUT);
    assert_string_equal(d.message, "expected an even number, got 3");
    km_diag_clear(&d);
}

static void test_context(void **state)
{
    km_diag d;

    (void)state;
    km_diag_init(&d);
    assert_int_equal(km_diag_fail(&d, KM_E_IO, "disk %d is full", 3), KM_E_IO);
    km_diag_context(&d, "chunk %s", "0.1");
    km_diag_context(&d, "map.zarr");
    assert_string_equal(d.message, "map.zarr: chunk 0.1: disk 3 is full");
    assert_int_equal(km_diag_fail(&d, KM_E_BUG, "again: %s", d.message), KM_E_BUG);
    assert_string_equal(d.message, "again: map.zarr: chunk 0.1: disk 3 is full");
    km_diag_clear(&d);
    assert_string_equal(d.message, "");
    assert_int_equal(km_diag_fail(NULL, KM_E_IO, "nobody listens"), KM_E_IO);
}

/* Too long: cut at a character's end, with dots, however the characters fall. */
static void test_truncation(void **state)
{
    km_diag d;
    size_t shift, i, n;

    (void)state;
    for (shift = 0; shift < 3; shift++) {
        char text[sizeof d.message * 2] = "";

        for (i = 0; i < shift; i++)
            text[i] = 'a';
        for (; i + 4 < sizeof text; i += 3)
            memcpy(text + i, "\xE2\x82\xAC", 3);
        km_diag_init(&d);
        (void)km_diag_fail(&d, KM_E_INPUT, "%s", text);
        n = strlen(d.message);
        assert_in_range(n, sizeof d.message - 4, sizeof d.message - 1);
        assert_string_equal(d.message + n - 3, "...");
        assert_int_equal((n - 3 - shift) % 3, 0);
        km_diag_context(&d, "in front");
        assert_memory_equal(d.message, "in front: ", 10);
        km_diag_clear(&d);
    }
}

static void test_warnings(void **state)
{
    km_diag d;
    int i;

    (void)state;
    km_diag_init(&d);
    for (i = 0; i < 40; i++)
        km_diag_warn(&d, "parameter %d is not used", i % 20);
    assert_int_equal(d.n_warnings, 20);
    for (i = 0; i < 20; i++) {
        char *expected = km_format("parameter %d is not used", i);

        assert_string_equal(d.warning[i], expected);
        free(expected);
    }
    km_diag_clear(&d);
    assert_int_equal(d.n_warnings, 0);
}

static void test_push(void **state)
{
    int *array = NULL;
    int n = 0;

    (void)state;
    for (n = 0; n < 5000; n++) {
        KM_PUSH(array, n);
        array[n] = n;
    }
    for (n = 0; n < 5000; n++)
        assert_int_equal(array[n], n);
    free(array);
}

static void test_array(void **state)
{
    km_diag d;
    void *block = &d;

    (void)state;
    km_diag_init(&d);
    assert_int_equal(km_array_create(0, 8, &block, &d), KM_OK);
    assert_null(block);
    assert_int_equal(km_array_create(16, 8, &block, &d), KM_OK);
    assert_non_null(block);
    free(block);
    km_diag_clear(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_macros),     cmocka_unit_test(test_context),
        cmocka_unit_test(test_truncation), cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_push),       cmocka_unit_test(test_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
