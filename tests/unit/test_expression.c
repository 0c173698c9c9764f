/* The expression language through whole models: precedence, builtins, branches, derivatives. */
#include "cmocka_all.h"

#include "base/memory.h"
#include "model/derivative.h"
#include "model/model.h"

#include <math.h>
#include <stdlib.h>

static km_diag d;

/* A model with parameters a = 2, b = -3, n = 1.7, states x, y and one output. */
static km_model *model_of(const char *expression)
{
    char *text = km_format("{\"name\": \"m\", \"functions\": {\"sq(u)\": \"u*u\", \"hill(u,k)\": \"u^k/(1+u^k)\"},\n"
                           " \"parameters\": {\"a\": {\"value\": 2}, \"b\": {\"value\": -3}, \"n\": {\"value\": 1.7}},\n"
                           " \"states\": {\"x\": {\"initial\": 1, \"rate\": \"0\"}, \"y\": {\"initial\": 1, \"rate\": \"0\"}},\n"
                           " \"definitions\": {\"later\": \"sooner + 1\", \"sooner\": \"sq(x)\"},\n"
                           " \"outputs\": {\"o\": \"%s\"}}", expression);
    km_model *m = NULL;

    assert_ok(km_model_parse("m.json", text, &m, &d), &d);
    free(text);
    return m;
}

static double value_at(const char *expression, double x, double y, double t)
{
    const double parameter[3] = {2.0, -3.0, 1.7}, state[2] = {x, y};
    const km_values values = {.t = t, .parameter = parameter, .state = state};
    km_model *m = model_of(expression);
    double v = km_evaluate(&m->pool, m->output[0].value, &values);

    km_model_destroy(m);
    return v;
}

#define assert_value(expression, expected)                                                                            \
    do {                                                                                                              \
        double got = value_at(expression, 0.5, 3.0, 10.0), want = (expected);                                         \
        if (!(fabs(got - want) <= 1e-14 * (1.0 + fabs(want))) && !(isnan(got) && isnan(want))) {                      \
            print_error("%s is %.17g, expected %.17g\n", expression, got, want);                                      \
            fail();                                                                                                   \
        }                                                                                                             \
    } while (0)

static void test_precedence(void **state)
{
    (void)state;
    assert_value("-2^2", -4.0);
    assert_value("2^3^2", 512.0);
    assert_value("2^-1", 0.5);
    assert_value("1-2-3", -4.0);
    assert_value("12/2/3", 2.0);
    assert_value("1+2*3^2", 19.0);
    assert_value("-a^2*b", 12.0);
    assert_value("1 < 2 && 2 < 3 || 0", 1.0);
    assert_value("!(a > 1) || b == -3", 1.0);
    assert_value("a != 2", 0.0);
    assert_value("(1 <= 1) + (2 >= 3)", 1.0);
    assert_value("1.5e1*.5", 7.5);
}

static void test_builtins(void **state)
{
    (void)state;
    assert_value("exp(log(a)) + log10(1000)", 5.0);
    assert_value("log1p(expm1(x))", 0.5);
    assert_value("min(a,b) + max(a,b)", -1.0);
    assert_value("abs(b)*sqrt(4)", 6.0);
    assert_value("floor(2.7) + ceil(2.1)", 5.0);
    assert_value("sin(0) + cos(0) + tan(0) + asin(0) + acos(1) + atan(0)", 1.0);
    assert_value("tanh(x) - sinh(x)/cosh(x)", 0.0);
    assert_value("pow1p(x, n)", pow(1.5, 1.7) - 1.0);
    assert_value("pow1p(x, 3)", 1.5 * 1.5 * 1.5 - 1.0);
    assert_value("posp(x, n, 1e-9)", 0.5 * pow(0.5 + 1e-9, 0.7));
    assert_value("posp(b, n, 1e-9)", -3.0 * pow(1e-9, 0.7));
    assert_value("posp(x, 1, 1e-9)", 0.5);
    assert_value("b^1.5", (double)NAN);
    assert_value("b^3", -27.0);
    assert_value("hill(a, 2) + later", 0.8 + 1.25);
    assert_value("t", 10.0);
}

static void test_branches_not_taken_do_not_matter(void **state)
{
    (void)state;
    assert_value("if(x > 0, a, log(-1))", 2.0);
    assert_value("if(x < 0, sqrt(-1), b)", -3.0);
    assert_value("if(sqrt(-1) > 0, 1, 2)", (double)NAN);
}

static void test_pow1p_is_accurate_near_zero(void **state)
{
    (void)state;
    for (double x = 1e-300; x < 1e-3; x *= 1e7) {
        char text[64];
        double v;
        snprintf(text, sizeof text, "pow1p(%.17g*a/2, n)", x);
        v = value_at(text, 0.0, 0.0, 0.0);
        assert_true(fabs(v / (1.7 * x) - 1.0) < x + 1e-15);
    }
}

/* Exact derivatives against central differences, by Richardson's extrapolation. */
static void check_derivative(const char *expression, double x, double y)
{
    km_model *m = model_of(expression);
    const double parameter[3] = {2.0, -3.0, 1.7};

    for (int j = 0; j < 2; j++) {
        km_expr partial = km_partial(&m->pool, m->output[0].value, KM_SYMBOL_STATE, j);
        double point[2] = {x, y}, difference[2], exact;
        km_values values = {.t = 0.3, .parameter = parameter, .state = point};
        exact = km_evaluate(&m->pool, partial, &values);
        for (int k = 0; k < 2; k++) {
            double h = k ? 5e-4 : 1e-3, low, high;
            point[j] = (j ? y : x) + h;
            high = km_evaluate(&m->pool, m->output[0].value, &values);
            point[j] = (j ? y : x) - h;
            low = km_evaluate(&m->pool, m->output[0].value, &values);
            difference[k] = (high - low) / (2.0 * h);
            point[j] = j ? y : x;
        }
        difference[0] = (4.0 * difference[1] - difference[0]) / 3.0;
        if (!(fabs(exact - difference[0]) <= 1e-8 * (1.0 + fabs(exact)))) {
            print_error("d(%s)/d%c = %.12g, differences say %.12g\n", expression, "xy"[j], exact, difference[0]);
            fail();
        }
    }
    km_model_destroy(m);
}

static void test_derivatives_match_differences(void **state)
{
    static const char *const list[] = {
        "x*y/(1+x^2)", "hill(x,n)*exp(-y)", "posp(x,n,1e-9)/(1+posp(x,n,1e-9))", "pow1p(x,n)*pow1p(y,-a)",
        "log1p(x)*expm1(y)", "sqrt(x+y)*tanh(x*y)", "if(x > y, x*y, sin(x)*cos(y))", "min(x,y)*max(x,2*y)",
        "abs(x-y)*log(x)", "atan(x/y)+asin(x/4)+acos(y/9)", "sinh(x)*cosh(y)/tan(x)", "x^3*y^-2", "x^y", "(x+y)^n",
        "log10(x*y)+x/(a+abs(y))", "y/(a+abs(y))*t", "sooner*later", "x-(-y)*(-x)"};

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        check_derivative(list[i], 0.8, 1.3);
        check_derivative(list[i], 1.9, 0.4);
    }
}

static void test_derivatives_at_kinks(void **state)
{
    const struct {
        const char *expression;
        double expected;
    } list[] = {{"abs(x)", 0.0}, {"min(x, 2*x)", 1.0}, {"max(3*x, x)", 3.0}, {"if(x >= 0, 5*x, 7*x)", 5.0},
                {"posp(x, n, 1e-9)", pow(1e-9, 0.7)}};
    const double parameter[3] = {2.0, -3.0, 1.7}, zero[2] = {0.0, 0.0};

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        km_model *m = model_of(list[i].expression);
        km_values values = {.parameter = parameter, .state = zero};
        double got = km_evaluate(&m->pool, km_partial(&m->pool, m->output[0].value, KM_SYMBOL_STATE, 0), &values);
        assert_true(fabs(got - list[i].expected) <= 1e-12);
        km_model_destroy(m);
    }
}

static const char *name_of(void *context, int kind, int index)
{
    const km_model *m = context;

    return kind == KM_SYMBOL_TIME ? "t" : kind == KM_SYMBOL_STATE ? m->state[index].name : m->parameter[index].name;
}

/* Printing and reading again gives the same value. */
static void test_printing_reads_back(void **state)
{
    static const char *const list[] = {"-x^2+a*(x-y)/(b*y)", "if(x < y && y > a || !(x == 1), x-(y-a), -(x+y))",
                                       "(-x)^2/(x/y/a)", "pow1p(x,n)+posp(y,n,1e-9)", "x^y^n*(a^x)^y"};

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        km_model *m = model_of(list[i]);
        char *text = km_print(&m->pool, m->output[0].value, name_of, m);
        double first = value_at(list[i], 0.7, 1.9, 0.0), second = value_at(text, 0.7, 1.9, 0.0);
        assert_same_double(first, second);
        free(text);
        km_model_destroy(m);
    }
}

static void test_equal_expressions_are_one_node(void **state)
{
    km_pool pool;
    km_expr x, y, first, second;

    (void)state;
    km_pool_init(&pool, false);
    x = km_symbol(&pool, KM_SYMBOL_STATE, 0);
    y = km_symbol(&pool, KM_SYMBOL_STATE, 1);
    first = km_mul(&pool, km_add(&pool, x, y), km_number(&pool, 3.0));
    second = km_mul(&pool, km_number(&pool, 3.0), km_add(&pool, y, x));
    assert_int_equal(first, second);
    assert_int_equal(km_sub(&pool, x, x), km_number(&pool, 0.0));
    assert_int_equal(km_add(&pool, x, km_neg(&pool, y)), km_sub(&pool, x, y));
    km_pool_clear(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_builtins),
        cmocka_unit_test(test_branches_not_taken_do_not_matter),
        cmocka_unit_test(test_pow1p_is_accurate_near_zero),
        cmocka_unit_test(test_derivatives_match_differences),
        cmocka_unit_test(test_derivatives_at_kinks),
        cmocka_unit_test(test_printing_reads_back),
        cmocka_unit_test(test_equal_expressions_are_one_node),
    };

    km_diag_init(&d);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
