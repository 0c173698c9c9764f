/* Quantiles against distribution functions written with the library's erfc, and what the laws of a model are. */
#include "cmocka_all.h"

#include "study/law.h"

#include <math.h>
#include <string.h>

static double below(double z) { return 0.5 * erfc(-z / sqrt(2.0)); }

/* The share below z is p again, in both tails, to what the double z can say. */
static void test_normal_quantile(void **state)
{
    (void)state;
    for (double e = -300.0; e < 0.0; e += 0.37) {
        double p = pow(10.0, e), z = km_normal_quantile(p);
        assert_true(fabs(below(z) / p - 1.0) < 1e-15 * (8.0 + z * z));
        if (p > 1e-15 && p < 0.5)
            assert_true(fabs(km_normal_quantile(1.0 - p) + z) < 4e-16 / p + 1e-15 * fabs(z));
    }
    for (int i = 1; i < 4096; i++) {
        double p = i / 4096.0, z = km_normal_quantile(p);
        assert_true(fabs(below(z) / p - 1.0) < 1e-15 * (8.0 + z * z));
        assert_true(km_normal_quantile(1.0 - p) == -z);
    }
    assert_true(fabs(km_normal_quantile(0.975) - 1.959963984540054) < 1e-15);
}

static km_parameter parameter(const char *law, double value, double low, double high)
{
    static char name[32];

    (void)snprintf(name, sizeof name, "%s", law);
    return (km_parameter){.value = value, .has_range = true, .low = low, .high = high, .uncertainty = *law ? name : NULL,
                          .cv = (double)NAN, .sd = (double)NAN, .mean = (double)NAN};
}

/* The share of the truncated law below x, `y` the coordinate in which it is normal; by upper tails where they are the
 * smaller. */
static double share(double (*y)(double), double x, double mean, double sd, double low, double high)
{
    double side = y(low) > mean ? -1.0 : 1.0, a = below(side * (y(low) - mean) / sd), b = below(side * (y(high) - mean) / sd);

    return (below(side * (y(x) - mean) / sd) - a) / (b - a);
}

static double same(double x) { return x; }
static double logit(double x) { return log(x / (1.0 - x)); }

static void check(const km_parameter *p, double (*y)(double), double mean, double sd)
{
    const char *why;
    double before = p->low;
    km_law law;

    assert_true(km_law_of_parameter(p, &law, &why));
    for (int i = 1; i < 1000; i++) {
        double x = km_law_quantile(&law, i / 1000.0);
        assert_true(x >= before && x >= p->low && x <= p->high);
        assert_true(fabs(share(y, x, mean, sd, p->low, p->high) - i / 1000.0) < 1e-12);
        before = x;
    }
    assert_true(km_law_quantile(&law, 0x1p-33) >= p->low && km_law_quantile(&law, 1.0 - 0x1p-33) <= p->high);
}

static void test_laws_of_parameters(void **state)
{
    km_parameter p = parameter("normal", 33, 25, 42);
    km_law law;
    const char *why;

    (void)state;
    check(&p, same, 33, 17 / 3.92);
    p.sd = 5;
    check(&p, same, 33, 5);
    p.mean = 30;
    check(&p, same, 30, 5);
    p.mean = 20; /* the range lies in the upper tail */
    p.sd = 1;
    check(&p, same, 20, 1);
    p = parameter("lognormal", 80, 50, 120);
    check(&p, log, log(80), log(120.0 / 50.0) / 3.92);
    p.cv = 0.3;
    check(&p, log, log(80), sqrt(log(1.09)));
    p.low = 0;
    check(&p, log, log(80), sqrt(log(1.09)));
    p = parameter("logit-normal", 0.8, 0.6, 0.95);
    check(&p, logit, logit(0.8), (logit(0.95) - logit(0.6)) / 3.92);
    p.sd = 1.5;
    p.mean = 0;
    check(&p, logit, 0, 1.5);
    p = parameter("log-uniform", 1, 0.1, 10);
    assert_true(km_law_of_parameter(&p, &law, &why));
    assert_true(fabs(km_law_quantile(&law, 0.25) / pow(10, -0.5) - 1) < 1e-14);
    p = parameter("", 1, -3, 5); /* none: uniform */
    assert_true(km_law_of_parameter(&p, &law, &why));
    assert_same_double(km_law_quantile(&law, 0.25), -1);
}

static void test_laws_that_do_not_fit(void **state)
{
    static const struct {
        const char *law;
        double value, low, high;
        const char *why;
    } bad[] = {{"switch", 1, 0, 1, "not a range of numbers"},      {"categorical", 1, 0, 1, "not a range of numbers"},
               {"log-uniform", 1, 0, 2, "must lie above 0"},       {"lognormal", 1, -1, 2, "must lie above 0"},
               {"lognormal", 1, 0, 2, "spread must be given"},     {"logit-normal", 0.5, -1, 1, "within 0 and 1"},
               {"logit-normal", 0.5, 0, 1, "spread must be given"}};
    km_parameter p;
    km_law law;
    const char *why;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        p = parameter(bad[i].law, bad[i].value, bad[i].low, bad[i].high);
        assert_false(km_law_of_parameter(&p, &law, &why));
        assert_non_null(strstr(why, bad[i].why));
    }
    p = parameter("normal", 33, 25, 42);
    p.mean = 1000;
    p.sd = 1;
    assert_false(km_law_of_parameter(&p, &law, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal_quantile),
        cmocka_unit_test(test_laws_of_parameters),
        cmocka_unit_test(test_laws_that_do_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
