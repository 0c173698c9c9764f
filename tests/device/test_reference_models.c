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

/* n endpoints, from the one numbered `first` */
static void check_relative(const double *published, int first, int n, double limit)
{
    double worst = 0.0;

    assert_int_equal(out.status[0], KM_POINT_DONE);
    for (int e = 0; e < n; e++) {
        double error = out.value[first + e][0] / published[e] - 1.0;
        assert_near(error, 0.0, limit);
        worst = fmax(worst, fabs(error));
    }
    print_message("largest relative error %.1e\n", worst);
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
    check_relative(published, 0, 8, 1e-4);
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
    check_relative(published, 0, 3, 1e-4);
}

static void test_van_der_pol(void **state)
{
    const double published[2] = {0.1706167732170469e1, -0.8928097010248125e-3};

    (void)state;
    run_shipped("van-der-pol", "\"horizon\": \"2000 s\",", "\"rtol\": 1e-6, \"precision\": \"double\"",
                "\"endpoints\": [{\"name\": \"a\", \"of\": \"x\", \"kind\": \"value\", \"at\": \"2000 s\"},\n"
                " {\"name\": \"b\", \"of\": \"y\", \"kind\": \"value\", \"at\": \"2000 s\"}]");
    check_relative(published, 0, 2, 1e-4);
}

/* Every component at 40 s and at the end of each decade to 1e11 s. The decades: E. Hairer and G. Wanner's stiff test set, problem
 * ROBER. 40 s, of which tables have four digits: SciPy's Radau at rtol 1e-12 with the analytic Jacobian. */
static const double robertson[13][4] = {
    {1e0, 0.9664597373330035, 0.3074626578578675e-4, 0.3350951640121071e-1},
    {1e1, 0.8413699238414729, 0.1623390937990473e-4, 0.1586138422491472},
    {4e1, 0.7158270687194, 0.9185534764558e-5, 0.2841637457458},
    {1e2, 0.6172348823960878, 0.6153591274639123e-5, 0.3827589640126376},
    {1e3, 0.3368745306607069, 0.2013702318261393e-5, 0.6631234556369748},
    {1e4, 0.1073004285378040, 0.4800166972571660e-6, 0.8926990914454987},
    {1e5, 0.1786592114209946e-1, 0.7274751468436319e-7, 0.9821340061103859},
    {1e6, 0.2031483924973415e-2, 0.8142277783356159e-8, 0.9979685079327488},
    {1e7, 0.2076093439016395e-3, 0.8306077485067610e-9, 0.9997923898254906},
    {1e8, 0.2082417512179460e-4, 0.8329841429908955e-10, 0.9999791757415798},
    {1e9, 0.2083229471647004e-5, 0.8332935037760723e-11, 0.9999979167621954},
    {1e10, 0.2083328471883087e-6, 0.8333315602809495e-12, 0.9999997916663195},
    {1e11, 0.2083340149701284e-7, 0.8333360770334744e-13, 0.9999999791665152}};

/* Where a step ends at the time asked for (a window's bound makes it), and between steps. */
static void test_robertson(void **state)
{
    (void)state;
    for (int from = 0; from < 13; from += 4)
        for (int ends_there = 0; ends_there < 2; ends_there++) {
            const int n = from + 4 < 13 ? 4 : 13 - from;
            double published[12];
            char rest[2048] = "\"endpoints\": [";
            int n_values = 0;
            for (int i = from; ends_there && i < from + n; i++)
                (void)snprintf(rest + strlen(rest), sizeof rest - strlen(rest),
                               "%s{\"name\": \"bound%d\", \"of\": \"y3\", \"kind\": \"max\", \"before\": \"%.0f s\"}",
                               i > from ? ", " : "", i, robertson[i][0]);
            for (int i = from; i < from + n; i++)
                for (int k = 1; k <= 3; k++) {
                    (void)snprintf(rest + strlen(rest), sizeof rest - strlen(rest),
                                   "%s{\"name\": \"y%d_%d\", \"of\": \"y%d\", \"kind\": \"value\", \"at\": \"%.0f s\"}",
                                   ends_there || n_values ? ", " : "", k, i, k, robertson[i][0]);
                    published[n_values++] = robertson[i][k];
                }
            (void)snprintf(rest + strlen(rest), sizeof rest - strlen(rest), "]");
            run_shipped("robertson", "\"horizon\": \"1e11 s\",", "\"rtol\": 1e-6, \"precision\": \"double\"", rest);
            check_relative(published, ends_there ? n : 0, n_values, ends_there ? 1e-5 : 1e-4);
        }
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
        cmocka_unit_test(test_robertson),
        cmocka_unit_test(test_harmonic_oscillator),
        cmocka_unit_test(test_sobol_g),
    };

    if (!have_device())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
