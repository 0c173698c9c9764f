/* Conditions on time are settled only where the whole study agrees; breaks stay only where something bends. */
#include "codegen/breaks.h"

#include "base/memory.h"
#include "base/text.h"

#include "cmocka_all.h"

#include <stdlib.h>

enum { HORIZON = 10 };

static const char *name_of(void *context, int kind, int index)
{
    static const char *const parameter[] = {"p", "q"};

    (void)context;
    return kind == KM_SYMBOL_TIME ? "t" : kind == KM_SYMBOL_STATE ? "y" : parameter[index];
}

/* `left op right` settled over 0 ... 10 must read as `expected`. */
static void settles(km_op op, double limit, bool time_first, const char *expected)
{
    km_pool pool;
    km_expr t, number, e;
    char *text;

    km_pool_init(&pool, false);
    t = km_symbol(&pool, KM_SYMBOL_TIME, 0);
    number = km_number(&pool, limit);
    e = time_first ? km_make(&pool, op, t, number, -1) : km_make(&pool, op, number, t, -1);
    km_breaks_settle(&pool, &e, 1, HORIZON);
    text = km_print(&pool, e, name_of, NULL);
    assert_string_equal(text, expected);
    free(text);
    km_pool_clear(&pool);
}

static void test_comparisons_outside_the_study_become_numbers(void **state)
{
    (void)state;
    settles(KM_OP_GE, 0.0, true, "1");
    settles(KM_OP_LT, 0.0, true, "0");
    settles(KM_OP_GT, -3.0, true, "1");
    settles(KM_OP_LE, -3.0, true, "0");
    settles(KM_OP_GE, 10.0, true, "0");
    settles(KM_OP_LT, 10.0, true, "1");
    settles(KM_OP_LE, 1e6, true, "1");
    settles(KM_OP_GT, 1e6, true, "0");
    settles(KM_OP_GE, 1e6, false, "1"); /* 1e6 >= t */
    settles(KM_OP_LT, 0.0, false, "1"); /* 0 < t */
    settles(KM_OP_LT, 9.5, true, "t < 9.5");
    settles(KM_OP_GE, 0.5, true, "t >= 0.5");
    settles(KM_OP_EQ, 1e6, true, "t == 1000000"); /* not a step: left alone */
}

/* if(t >= p && t < limit, q, y): with p = 0 and the limit past the horizon only q is left. */
static void test_a_window_that_covers_the_study_leaves_its_value(void **state)
{
    (void)state;
    for (int inside = 0; inside < 2; inside++) {
        km_pool pool;
        km_expr t, window, list[2];
        km_pool_init(&pool, false);
        t = km_symbol(&pool, KM_SYMBOL_TIME, 0);
        window = km_make(&pool, KM_OP_AND, km_make(&pool, KM_OP_GE, t, km_number(&pool, 0.0), -1),
                         km_make(&pool, KM_OP_LT, t, km_number(&pool, inside ? 7.0 : 1e6), -1), -1);
        list[0] = km_make(&pool, KM_OP_IF, window, km_symbol(&pool, KM_SYMBOL_PARAMETER, 1),
                          km_symbol(&pool, KM_SYMBOL_STATE, 0));
        list[1] = km_make(&pool, KM_OP_EXP, t, -1, -1); /* smooth in t */
        km_breaks_settle(&pool, list, 2, HORIZON);
        assert_int_equal(km_breaks_matter(&pool, list[0]), inside);
        assert_int_equal(km_depends(&pool, list[0], KM_SYMBOL_TIME, -1), inside);
        if (!inside)
            assert_int_equal(list[0], km_symbol(&pool, KM_SYMBOL_PARAMETER, 1));
        assert_false(km_breaks_matter(&pool, list[1]));
        assert_int_equal(list[1], km_make(&pool, KM_OP_EXP, t, -1, -1));
        km_pool_clear(&pool);
    }
}

static void test_what_bends_in_time(void **state)
{
    km_pool pool;
    km_expr t, y, p;

    (void)state;
    km_pool_init(&pool, false);
    t = km_symbol(&pool, KM_SYMBOL_TIME, 0);
    y = km_symbol(&pool, KM_SYMBOL_STATE, 0);
    p = km_symbol(&pool, KM_SYMBOL_PARAMETER, 0);
    assert_true(km_breaks_matter(&pool, km_mul(&pool, y, km_make(&pool, KM_OP_MAX, t, p, -1))));
    assert_true(km_breaks_matter(&pool, km_make(&pool, KM_OP_FLOOR, km_div(&pool, t, p), -1, -1)));
    assert_false(km_breaks_matter(&pool, km_make(&pool, KM_OP_MAX, y, p, -1)));
    assert_false(km_breaks_matter(&pool, km_mul(&pool, y, km_make(&pool, KM_OP_EXP, t, -1, -1))));
    assert_false(km_breaks_matter(&pool, km_make(&pool, KM_OP_LT, t, y, -1))); /* no parameter says when */
    assert_true(km_breaks_inside(&pool, p, HORIZON));
    assert_true(km_breaks_inside(&pool, km_number(&pool, 3.0), HORIZON));
    assert_false(km_breaks_inside(&pool, km_number(&pool, 0.0), HORIZON));
    assert_false(km_breaks_inside(&pool, km_number(&pool, 10.0), HORIZON));
    km_pool_clear(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comparisons_outside_the_study_become_numbers),
        cmocka_unit_test(test_a_window_that_covers_the_study_leaves_its_value),
        cmocka_unit_test(test_what_bends_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
