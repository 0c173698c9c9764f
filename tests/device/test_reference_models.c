/* The shipped reference models against published values and closed forms. */
#include "engine_files.h"

static run_results out;

/* %s: a shipped model's name, the horizon, the endpoints */
static void run_shipped(const char *model, const char *horizon, const char *solver, const char *rest)
{
    char text[4096];

    (void)snprintf(text, sizeof text, "{\"model\": \"%s/configs/models/%s.json\", %s \"solver\": {%s}, %s}", KM_SOURCE_DIR, model,
                   horizon, solver, rest);
    run_texts("{}", text, &(km_engine_options){0}, &out);
}

static void check_relative(const double *published, int n, double limit)
{
    assert_int_equal(out.status[0], KM_POINT_DONE);
    for (int e = 0; e < n; e++)
        assert_near(out.value[e][0] / published[e], 1.0, limit);
}

/* F. Mazzia, C. Magherini, Test Set for IVP Solvers, release 2.4: problems HIRES, OREGO, VDPOL. */
static void test_hires(void **state)
{
    const double published[8] = {0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
                                 0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2};
    char ends[2048] = "\"endpoints\": [";

    (void)state;
    for (int i = 1; i <= 8; i++)
        (void)snprintf(ends + strlen(ends), sizeof ends - strlen(ends),
                       "%s{\"name\": \"e%d\", \"of\": \"y%d\", \"kind\": \"value\", \"at\": \"321.8122 s\"}", i > 1 ? ", " : "", i, i);
    (void)snprintf(ends + strlen(ends), sizeof ends - strlen(ends),
                   ", {\"name\": \"low\", \"of\": \"bound\", \"kind\": \"min\"}, {\"name\": \"high\", \"of\": \"bound\", \"kind\": \"max\"}]");
    run_shipped("hires", "\"horizon\": \"321.8122 s\",", "\"rtol\": 1e-6, \"precision\": \"double\"", ends);
    check_relative(published, 8, 1e-4);
    for (int e = 8; e < 10; e++)
        assert_near(out.value[e][0], 0.0057, 1e-12);
}

static void test_oregonator(void **state)
{
    const double published[3] = {0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3};

    (void)state;
    run_shipped("oregonator", "\"horizon\": \"360 s\",", "\"rtol\": 1e-6, \"precision\": \"double\"",
                "\"endpoints\": [{\"name\": \"a\", \"of\": \"y1\", \"kind\": \"value\", \"at\": \"360 s\"},\n"
                " {\"name\": \"b\", \"of\": \"y2\", \"kind\": \"value\", \"at\": \"360 s\"},\n"
                " {\"name\": \"c\", \"of\": \"y3\", \"kind\": \"value\", \"at\": \"360 s\"}]");
    check_relative(published, 3, 1e-4);
}

static void test_van_der_pol(void **state)
{
    const double published[2] = {0.1706167732170469e1, -0.8928097010248125e-3};

    (void)state;
    run_shipped("van-der-pol", "\"horizon\": \"2000 s\",", "\"rtol\": 1e-6, \"precision\": \"double\"",
                "\"endpoints\": [{\"name\": \"a\", \"of\": \"x\", \"kind\": \"value\", \"at\": \"2000 s\"},\n"
                " {\"name\": \"b\", \"of\": \"y\", \"kind\": \"value\", \"at\": \"2000 s\"}]");
    check_relative(published, 2, 1e-4);
}

/* x = x0 cos(omega t) over the range of both parameters; the energy stays. */
static void test_harmonic_oscillator(void **state)
{
    (void)state;
    run_shipped("harmonic-oscillator", "\"horizon\": 10,", "\"rtol\": 1e-8, \"precision\": \"double\"",
                "\"design\": {\"axes\": [{\"name\": \"omega\", \"of\": \"omega\", \"log\": [0.1, 10, 9]},\n"
                "  {\"name\": \"x0\", \"of\": \"x0\", \"log\": [0.1, 10, 3]}]},\n"
                "\"endpoints\": [{\"name\": \"x\", \"of\": \"x\", \"kind\": \"value\", \"at\": 10},\n"
                " {\"name\": \"high\", \"of\": \"energy\", \"kind\": \"max\"}, {\"name\": \"low\", \"of\": \"energy\", \"kind\": \"min\"}]");
    for (int i = 0; i < 27; i++) {
        double omega = 0.1 * pow(100.0, (double)(i / 3) / 8.0), x0 = 0.1 * pow(100.0, (double)(i % 3) / 2.0);
        double energy = 0.5 * omega * omega * x0 * x0;
        assert_int_equal(out.status[i], KM_POINT_DONE);
        assert_near(out.value[0][i] / x0, cos(10.0 * omega), 2e-5);
        assert_near(out.value[1][i] / energy, 1.0, 2e-6);
        assert_near(out.value[2][i] / energy, 1.0, 2e-6);
    }
}

/* Four inputs at the middles of four equal cells, where |4 x - 2| is 1.5, 0.5, 0.5, 1.5: every factor has mean 1. */
static void test_sobol_g(void **state)
{
    const double a[4] = {0.0, 1.0, 4.5, 9.0}, at[4] = {0.125, 0.375, 0.625, 0.875};
    double sum = 0.0;

    (void)state;
    run_shipped("sobol-g", "", "\"precision\": \"double\"",
                "\"design\": {\"axes\": [{\"name\": \"a\", \"of\": \"x1\", \"values\": [0.125, 0.375, 0.625, 0.875]},\n"
                " {\"name\": \"b\", \"of\": \"x2\", \"values\": [0.125, 0.375, 0.625, 0.875]},\n"
                " {\"name\": \"c\", \"of\": \"x3\", \"values\": [0.125, 0.375, 0.625, 0.875]},\n"
                " {\"name\": \"d\", \"of\": \"x4\", \"values\": [0.125, 0.375, 0.625, 0.875]}]},\n"
                "\"endpoints\": [{\"name\": \"g\", \"of\": \"g\", \"kind\": \"value\", \"at\": 0}]");
    for (int i = 0; i < 256; i++) {
        double g = pow(99.0 / 100.0, 4.0); /* the others at 0.5: a/(1 + a) */
        for (int k = 0, rest = i; k < 4; k++, rest /= 4)
            g *= (fabs(4.0 * at[rest % 4] - 2.0) + a[3 - k]) / (1.0 + a[3 - k]);
        assert_near(out.value[0][i], g, 1e-12);
        sum += out.value[0][i];
    }
    assert_near(sum / 256.0, pow(99.0 / 100.0, 4.0), 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hires),
        cmocka_unit_test(test_oregonator),
        cmocka_unit_test(test_van_der_pol),
        cmocka_unit_test(test_harmonic_oscillator),
        cmocka_unit_test(test_sobol_g),
    };

    if (!have_device())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
