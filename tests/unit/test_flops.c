/* The counter of floating-point operations, on functions small enough to count by hand. */
#include "cmocka_all.h"

#include "base/file.h"
#include "base/memory.h"
#include "codegen/flops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
    "#define KM_SINGLE 1\n#define KM_N_STATES 18\n#define KM_N_DENSE 4\n"
    "#define KM_CUBIC(x, x2, a, b, c, d) \\\n    km_fma(km_fma((real)(d), (x), (real)(c)), (x2), km_fma((real)(b), (x), (real)(a)))\n"
    "#define KM_WITH_TIME(x)\n#define KM_EACH for (int i = 0; i < KM_N_STATES; i++)\n"
    "KM_INLINE real km_plain(real a, real b)\n{\n    const real c = -a * b + 1.5e-3f; /* 2 - 1 */\n    return c / -b;\n}\n"
    "KM_INLINE void km_index(real *a)\n{\n    a[3 + 4*2] = a[1 - 1] * R(2.0 + 1);\n    a[0] += a[1];\n}\n"
    "KM_INLINE real km_side(real x)\n{\n#if KM_SINGLE\n    return x * x;\n#else\n    return x * x * x * x;\n#endif\n}\n"
    "KM_INLINE real km_poly(real x)\n{\n    return KM_CUBIC(x, x * x, A, B, C, D);\n}\n"
    "KM_INLINE real km_bits(real x)\n{\n    return KM_AS_REAL(KM_AS_NATURAL(x) - KM_BITS) - R(1.0);\n}\n"
    "KM_INLINE void km_loops(real *x, real *y)\n{\n    _Pragma(\"unroll\") KM_EACH x[i] = KM_FMA(ih, R(-2.0) * y[i], x[i]) KM_WITH_TIME(+R(1.0) * y[i]);\n"
    "    for (int k = 0; k < 7; k++) {\n        x[k] = km_side(y[k]);\n        y[k] -= 1;\n    }\n"
    "#define KM_PART(d, i) x[d] = x[d] * y[i] + y[i];\n    KM_DENSE(KM_PART)\n#undef KM_PART\n}\n"
    "KM_INLINE real km_guarded(real x)\n{\n    real n7 = x - R(1.0);\n    if (km_any(km_not(x > n7))) {\n        n7 = km_poly(x) * x;\n    }\n"
    "    return n7 + x;\n}\n";

static void expect(const char *name, double always, double branches)
{
    km_diag d;
    km_flops f;

    km_diag_init(&d);
    assert_int_equal(km_flops_function(text, name, &f, &d), KM_OK);
    if (f.always != always || f.branches != branches)
        fail_msg("%s: %g and %g flops, expected %g and %g", name, f.always, f.branches, always, branches);
    km_diag_clear(&d);
}

static void operators(void **state)
{
    (void)state;
    expect("km_plain", 3.0, 3.0);   /* * + / ; signs and comments are none */
    expect("km_index", 2.0, 2.0);   /* * and += ; indices are none */
    expect("km_bits", 1.0, 1.0);
    expect("km_poly", 7.0, 7.0);    /* three multiply-adds and x*x */
}

static void structure(void **state)
{
    (void)state;
    expect("km_side", 1.0, 1.0);
    expect("km_loops", 18.0 * 3.0 + 7.0 * 2.0 + 4.0 * 2.0, 18.0 * 3.0 + 7.0 * 2.0 + 4.0 * 2.0);
    expect("km_guarded", 2.0, 10.0);
}

/* A step of a Rosenbrock method without what the model brings: 58 operations a state (13 and 15 terms of what stages ask and add, with
 * 1/h, and the result; 54 where the third stage asks nothing), 1/h and 1/(gamma h), 5 or 4 rates of one operation, whether rates
 * follow time or not: then 6 * 3 more. */
static void of_a_step(void **state)
{
    static const char head[] = "#define KM_LANES 16\n#define KM_N_STATES 18\n#define KM_N_DENSE 0\n"
                               "void km_factor(real x)\n{\n}\nvoid km_solve(real x)\n{\n}\nvoid km_rates(real x)\n{\n    out = x + x;\n}\n";
    static const char *const with_time[] = {"#define KM_WITH_TIME(x)\n", "#define KM_WITH_TIME(x) x\n"};
    static const struct {
        const char *file;
        double of_a_state, rates;
    } method[] = {{KM_SOURCE_DIR "/kernels/rodas4.h", 58.0, 5.0}, {KM_SOURCE_DIR "/kernels/rodas4k.h", 54.0, 4.0}};
    char *kernel = NULL, *coefficients = NULL;
    size_t size;
    km_diag d;

    (void)state;
    km_diag_init(&d);
    assert_int_equal(km_file_read(KM_SOURCE_DIR "/kernels/rosenbrock.h", &kernel, &size, &d), KM_OK);
    for (int k = 0; k < 4; k++) {
        const double expected = 18.0 * (method[k / 2].of_a_state + 18.0 * (k % 2)) + 2.0 + method[k / 2].rates;
        char *all;
        km_flops f;
        assert_int_equal(km_file_read(method[k / 2].file, &coefficients, &size, &d), KM_OK);
        all = km_format("%s%s%s%s", head, with_time[k % 2], coefficients, kernel);
        assert_int_equal(km_flops_function(all, "km_step", &f, &d), KM_OK);
        if (fabs(f.always - expected) > 1e-9) /* cases are an average: rounded */
            fail_msg("%g operations, expected %g", f.always, expected);
        free(all);
        free(coefficients);
    }
    free(kernel);
    km_diag_clear(&d);
}

static void missing(void **state)
{
    km_diag d;
    km_flops f;

    (void)state;
    km_diag_init(&d);
    assert_int_equal(km_flops_function(text, "km_nowhere", &f, &d), KM_E_BUG);
    assert_non_null(strstr(d.message, "km_nowhere"));
    km_diag_clear(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(operators), cmocka_unit_test(structure), cmocka_unit_test(of_a_step),
                                       cmocka_unit_test(missing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
