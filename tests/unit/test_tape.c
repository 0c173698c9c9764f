/* Expressions on tapes give what km_evaluate gives; numbers that are none come through; what an audit calls suspicious. */
#include "cmocka_all.h"

#include "analysis/audit.h"
#include "engine/tape.h"

#include <math.h>
#include <stdlib.h>

enum { N_STATES = 4 };

/* States and t are leaves. */
static bool leaf(void *context, km_expr e, km_leaf *out)
{
    const km_pool *pool = context;
    const km_node *n = &pool->node[e];

    out->source = n->kind == KM_SYMBOL_TIME ? KM_FROM_TIME : KM_FROM_STATE;
    out->index = n->index;
    return n->op == KM_OP_SYMBOL;
}

static double run(km_pool *pool, km_expr root, double t, const double *y)
{
    double *registers = km_registers_create(pool), value;
    km_tape tape;

    km_tape_init(&tape, pool, &root, 1, leaf, pool);
    km_tape_run(&tape, pool, (const double *[KM_N_SOURCES]){[KM_FROM_TIME] = &t, [KM_FROM_STATE] = y}, registers, &value);
    km_tape_clear(&tape);
    km_registers_destroy(registers);
    return value;
}

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

/* Graphs of 60 random operations: shared parts, branches, numbers beside leaves. */
static void test_random_graphs(void **state)
{
    (void)state;
    for (unsigned trial = 0; trial < 500; trial++) {
        unsigned seed = trial;
        km_pool pool;
        km_expr node[80];
        double y[N_STATES], t = 0.3, value, expected;
        int n = 0;
        km_pool_init(&pool, false);
        for (int i = 0; i < N_STATES; i++) {
            y[i] = (double)next(&seed) / 30000.0 - 0.5;
            node[n++] = km_symbol(&pool, KM_SYMBOL_STATE, i);
        }
        node[n++] = km_symbol(&pool, KM_SYMBOL_TIME, 0);
        node[n++] = km_number(&pool, 1.25);
        for (int i = 0; i < 60; i++) {
            km_op op = (km_op)(KM_OP_ADD + next(&seed) % (KM_N_OPS - KM_OP_ADD));
            km_expr a = node[next(&seed) % (unsigned)n], b = node[next(&seed) % (unsigned)n], c = node[next(&seed) % (unsigned)n];
            if (op == KM_OP_POWI)
                node[n++] = km_make_powi(&pool, a, (int)(next(&seed) % 5));
            else if (op != KM_OP_POW && op != KM_OP_POSP && op != KM_OP_POW1P && op != KM_OP_MIN && op != KM_OP_MAX) /* see below */
                node[n++] = km_make(&pool, op, a, b, c);
        }
        value = run(&pool, node[n - 1], t, y);
        expected = km_evaluate(&pool, node[n - 1], &(km_values){.t = t, .state = y});
        assert_int_equal(isnan(value) != 0, isnan(expected) != 0);
        if (!isnan(value))
            assert_memory_equal(&value, &expected, sizeof value);
        km_pool_clear(&pool);
    }
}

static double of_two(km_op op, double a, double b)
{
    const double y[2] = {a, b};
    km_pool pool;
    double value;

    km_pool_init(&pool, false);
    value = run(&pool, km_make(&pool, op, km_symbol(&pool, KM_SYMBOL_STATE, 0), km_symbol(&pool, KM_SYMBOL_STATE, 1), -1), 0.0, y);
    km_pool_clear(&pool);
    return value;
}

static void test_powers_and_extremes(void **state)
{
    const double nan = (double)NAN;

    (void)state;
    assert_true(of_two(KM_OP_POW, 2.0, 0.5) == sqrt(2.0));
    assert_true(of_two(KM_OP_POW, 0.0, 0.0) == 1.0);
    assert_true(isnan(of_two(KM_OP_POW, -2.0, 2.0))); /* the exponent varies, so that no power of it has a value */
    assert_true(isnan(of_two(KM_OP_POW1P, -3.0, 2.0)));
    assert_true(of_two(KM_OP_POW1P, 0.0, 0.3) == 0.0);
    assert_true(of_two(KM_OP_MIN, 1.0, 2.0) == 1.0);
    assert_true(of_two(KM_OP_MAX, 1.0, 2.0) == 2.0);
    assert_true(isnan(of_two(KM_OP_MIN, nan, 2.0)) && isnan(of_two(KM_OP_MIN, 2.0, nan)));
    assert_true(isnan(of_two(KM_OP_MAX, nan, 2.0)) && isnan(of_two(KM_OP_MAX, 2.0, nan)));
}

/* The branch not taken may be anything. */
static void test_branches(void **state)
{
    const double y[1] = {-1.0};
    km_pool pool;
    km_expr x, root;

    (void)state;
    km_pool_init(&pool, false);
    x = km_symbol(&pool, KM_SYMBOL_STATE, 0);
    root = km_make(&pool, KM_OP_IF, km_make(&pool, KM_OP_GT, x, km_number(&pool, 0.0), -1), km_make(&pool, KM_OP_LOG, x, -1, -1), x);
    assert_true(run(&pool, root, 0.0, y) == -1.0);
    root = km_make(&pool, KM_OP_IF, km_make(&pool, KM_OP_GT, km_make(&pool, KM_OP_LOG, x, -1, -1), km_number(&pool, 0.0), -1),
                   km_number(&pool, 1.0), x);
    assert_true(isnan(run(&pool, root, 0.0, y)));
    km_pool_clear(&pool);
}

static void test_what_is_suspicious(void **state)
{
    km_endpoint_audit a = {.n = 250, .flips = 2, .p99 = 0.99, .size = 100.0};

    (void)state;
    assert_false(km_audit_is_suspicious(&a, 1e-4));
    assert_true(km_audit_is_suspicious(&a, 9e-5));
    a.flips = 3;
    assert_true(km_audit_is_suspicious(&a, 1e-4));
    a = (km_endpoint_audit){.n = 256};
    assert_false(km_audit_is_suspicious(&a, 1e-4)); /* a value of 0 throughout, exact */
    a = (km_endpoint_audit){0};
    assert_false(km_audit_is_suspicious(&a, 1e-4)); /* never happened */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_graphs),
        cmocka_unit_test(test_powers_and_extremes),
        cmocka_unit_test(test_branches),
        cmocka_unit_test(test_what_is_suspicious),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
