/* Growing text, nearest words, numbers. */
#include "cmocka_all.h"

#include "base/text.h"

#include <locale.h>
#include <stdlib.h>

static void test_growing(void **state)
{
    km_text t = {0};
    char *text;
    int i;

    (void)state;
    for (i = 0; i < 1000; i++)
        km_text_add(&t, "%d,", i % 10);
    km_text_add_bytes(&t, "end", 3);
    km_text_add_bytes(&t, NULL, 0);
    assert_int_equal(t.size, 2003);
    assert_int_equal(strlen(t.data), 2003);
    text = km_text_take(&t);
    assert_string_equal(text + 1990, "5,6,7,8,9,end");
    assert_null(t.data);
    assert_int_equal(t.size, 0);
    free(text);

    text = km_text_take(&t); /* empty: "" and not NULL */
    assert_string_equal(text, "");
    free(text);

    km_text_add(&t, "%0500d", 7); /* longer than the first block */
    assert_int_equal(t.size, 500);
    assert_int_equal(t.data[499], '7');
    km_text_clear(&t);
    assert_null(t.data);
    km_text_clear(&t);
}

static void test_nearest(void **state)
{
    static const char *const words[] = {"onset",       NULL, "duration", "peak",
                                        "time_of_max", "CL", "madrs"};
    size_t n = sizeof words / sizeof words[0];

    (void)state;
    assert_string_equal(km_text_nearest("onsett", words, n), "onset");
    assert_string_equal(km_text_nearest("durtaion", words, n),
                        "duration"); /* two letters swapped */
    assert_string_equal(km_text_nearest("PEAK", words, n), "peak");
    assert_string_equal(km_text_nearest("cl", words, n), "CL");
    assert_string_equal(km_text_nearest("time_max", words, n), "time_of_max");
    assert_null(km_text_nearest("zebra", words, n));
    assert_null(km_text_nearest("x", words, n));
    assert_null(km_text_nearest("", words, n));
    assert_null(km_text_nearest("peak", words, 0));
    assert_null(km_text_nearest(
        "a_word_that_is_much_longer_than_any_name_in_this_program_can_be_at_all", words, n));
}

static void test_number(void **state)
{
    const char *end = NULL, *text = "1.5 mg";
    double x;

    (void)state;
    assert_same_double(km_text_number(text, &end), 1.5);
    assert_ptr_equal(end, text + 3);
    x = km_text_number("mg", &end);
    assert_same_double(x, 0.0);
    assert_string_equal(end, "mg");

    /* Where the locale writes a decimal comma, the point still counts. Skipped where none is
     * installed. */
    if (setlocale(LC_ALL, "de_DE.UTF-8") != NULL) {
        assert_same_double(km_text_number(text, &end), 1.5);
        assert_ptr_equal(end, text + 3);
        (void)setlocale(LC_ALL, "C");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growing),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
