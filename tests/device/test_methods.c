/* Integrators side by side: Tsit5 against closed forms and Rodas4; the pilot's choice. */
#include "engine_files.h"

#include "analysis/pilot.h"

static run_results out, other;

/* A shipped model; %s: method and the rest of the solver, and the rest of the study. */
static km_study *shipped(const char *model, const char *solver, const char *rest)
{
    char text[4096];

    (void)snprintf(text, sizeof text, "{\"model\": \"%s/configs/models/%s.json\", \"solver\": {%s}, %s}", KM_SOURCE_DIR, model, solver,
                   rest);
    return read_study("{}", text);
}

static void run_shipped(const char *model, const char *solver, const char *rest, int lanes, run_results *results)
{
    km_study *study = shipped(model, solver, rest);

    run_study(study, &(km_engine_options){.lanes = lanes}, results);
    km_study_destroy(study);
}

static const char waves[] = "\"horizon\": 10, \"design\": {\"axes\": [{\"name\": \"omega\", \"of\": \"omega\", \"log\": [0.3, 3, 17]}]},\n"
                            "\"endpoints\": [{\"name\": \"x\", \"of\": \"x\", \"kind\": \"value\", \"at\": 10},\n"
                            " {\"name\": \"cross\", \"of\": \"x\", \"kind\": \"first_time\", \"when\": \"<= 0.5\"},\n"
                            " {\"name\": \"low\", \"of\": \"x\", \"kind\": \"min\"},\n"
                            " {\"name\": \"area\", \"of\": \"x\", \"kind\": \"integral\"}]";



static void test_tsit5_on_an_oscillator(void **state)
{
    double worst[2] = {0.0, 0.0};

    (void)state;
    for (int k = 0; k < 2; k++) {
        run_shipped("harmonic-oscillator", k ? "\"method\": \"tsit5\", \"rtol\": 1e-8, \"precision\": \"double\"" : "\"method\": \"tsit5\", \"rtol\": 1e-5, \"precision\": \"double\"",
                    waves, 0, &out);
        for (int i = 0; i < 17; i++) {
            double omega = 0.3 * pow(10.0, i / 16.0);
            assert_int_equal(out.status[i], KM_POINT_DONE);
            worst[k] = fmax(worst[k], fabs(out.value[0][i] - cos(10.0 * omega)));
            assert_near(out.value[1][i], acos(0.5) / omega, k ? 1e-6 : 1e-4 * 10.0);
            if (omega > 0.4)
                assert_near(out.value[2][i], -1.0, k ? 1e-6 : 2e-3);
            assert_near(out.value[3][i], sin(10.0 * omega) / omega, k ? 1e-5 : 2e-3);
        }
    }
    /* a tolerance a thousand times smaller is an error about a thousand times smaller, since the estimate goes with h^5 */
    assert_true(worst[0] < 1e-3 && worst[1] < 2e-6 && worst[1] < worst[0] / 100.0);
}

/* The error falls at least with the fifth power of the number of steps (tests/science/check_tsit5.py has the order
 * conditions themselves). */
static void test_tsit5_has_order_five(void **state)
{
    double steps[2], error[2];

    (void)state;
    for (int k = 0; k < 2; k++) {
        run_shipped("harmonic-oscillator", k ? "\"method\": \"tsit5\", \"rtol\": 1e-9, \"precision\": \"double\"" : "\"method\": \"tsit5\", \"rtol\": 1e-5, \"precision\": \"double\"",
                    "\"horizon\": 200, \"endpoints\": [{\"name\": \"x\", \"of\": \"x\", \"kind\": \"value\", \"at\": 200}]", 0, &out);
        assert_int_equal(out.status[0], KM_POINT_DONE);
        steps[k] = out.steps[0] - out.rejected[0];
        error[k] = fabs(out.value[0][0] - cos(200.0));
    }
    assert_true(log(error[0] / error[1]) / log(steps[1] / steps[0]) > 4.9);
}

/* y' = a (cos t - y): rates that follow time, with a closed form. Rosenbrock methods need df/dt in every stage. The largest error of
 * three rates at the ends of three courses, and the steps of the longest. */
static double driven_error(const char *method, const char *rtol, int lanes, double *steps)
{
    static const char model[] = "{\"name\": \"driven\", \"parameters\": {\"a\": {\"value\": 1}},\n"
                                " \"states\": {\"y\": {\"initial\": \"0\", \"rate\": \"a*(cos(t)-y)\"}}, \"outputs\": {\"y\": \"y\"}}";
    double worst = 0.0;

    *steps = 0.0;
    for (double end = 6.0; end <= 10.0; end += 2.0) {
        char *study = km_format("{\"model\": \"model.json\", \"horizon\": %g, \"solver\": {\"method\": \"%s\", \"rtol\": %s, \"precision\": \"double\"},\n"
                                " \"design\": {\"axes\": [{\"name\": \"a\", \"of\": \"a\", \"values\": [0.5, 1, 2]}]},\n"
                                " \"endpoints\": [{\"name\": \"y\", \"of\": \"y\", \"kind\": \"value\", \"at\": %g}]}", end, method, rtol, end);
        run_texts(model, study, &(km_engine_options){.lanes = lanes}, &out);
        free(study);
        for (int i = 0; i < 3; i++) {
            double a = 0.5 * (1 << i), y = a * (a * cos(end) + sin(end) - a * exp(-end * a)) / (1.0 + a * a);
            assert_int_equal(out.status[i], KM_POINT_DONE);
            worst = fmax(worst, fabs(out.value[0][i] - y));
            *steps = fmax(*steps, out.steps[i] - out.rejected[i]);
        }
    }
    return worst;
}

static void test_rates_that_follow_time_keep_the_order(void **state)
{
    static const struct {
        const char *method;
        double order;
    } way[] = {{"rodas4", 3.7}, {"rodas4k", 3.7}, {"tsit5", 4.5}};

    (void)state;
    for (int k = 0; k < 3; k++)
        for (int lanes = 0; lanes < 2; lanes++) {
            double few, many, coarse = driven_error(way[k].method, "1e-5", lanes, &few);
            double fine = driven_error(way[k].method, "1e-9", lanes, &many);
            print_message("%s: error %.1e -> %.1e, steps %g -> %g\n", way[k].method, coarse, fine, few, many);
            assert_true(log(coarse / fine) / log(many / few) > way[k].order);
            assert_true(coarse < 1e-5 && fine < 1e-9);
        }
}

static const char rabbits[] =
    "\"horizon\": 10, \"endpoints\": [{\"name\": \"p\", \"of\": \"prey\", \"kind\": \"value\", \"at\": 10},\n"
    " {\"name\": \"top\", \"of\": \"predators\", \"kind\": \"max\"}, {\"name\": \"when\", \"of\": \"predators\", \"kind\": \"time_of_max\"},\n"
    " {\"name\": \"area\", \"of\": \"prey\", \"kind\": \"integral\"}]";

static const char infusions[] =
    "\"horizon\": \"8 d\", \"regimen\": [{\"route\": \"iv\", \"amt\": \"0.5 mg/kg\", \"tinf\": \"40 min\", \"ii\": \"84 h\", \"addl\": 1}],\n"
    "\"design\": {\"axes\": [{\"name\": \"dose\", \"of\": \"regimen[0].amt\", \"log\": [\"0.1 mg/kg\", \"2 mg/kg\", 17]}]},\n"
    "\"endpoints\": [{\"name\": \"ten\", \"of\": \"madrs_change\", \"kind\": \"first_time\", \"when\": \"<= -8\"},\n"
    " {\"name\": \"peak\", \"of\": \"madrs_change\", \"kind\": \"min\"}, {\"name\": \"cadss\", \"of\": \"cadss\", \"kind\": \"max\"},\n"
    " {\"name\": \"cmax\", \"of\": \"plasma_ketamine\", \"kind\": \"max\"}, {\"name\": \"auc\", \"of\": \"plasma_ketamine\", \"kind\": \"integral\"}]";

static const char decays[] =
    "\"horizon\": \"48 h\", \"regimen\": [{\"route\": \"iv\", \"amt\": \"100 mg\", \"ii\": \"12 h\", \"addl\": 2}],\n"
    "\"endpoints\": [{\"name\": \"end\", \"of\": \"concentration\", \"kind\": \"value\", \"at\": \"48 h\"},\n"
    " {\"name\": \"top\", \"of\": \"concentration\", \"kind\": \"max\"}, {\"name\": \"area\", \"of\": \"concentration\", \"kind\": \"integral\"}]";

/* Relative to each endpoint's size; single precision at 1e-4, double at 1e-7. */
static void test_tsit5_agrees_with_rodas4(void **state)
{
    static const struct {
        const char *model, *rest;
        int n_endpoints;
    } study[] = {{"harmonic-oscillator", waves, 4}, {"lotka-volterra", rabbits, 4}, {"ketamine", infusions, 5}, {"decay", decays, 3}};
    static const struct {
        const char *solver, *reference;
        double limit;
    } way[] = {{"\"method\": \"tsit5\", \"rtol\": 1e-4, \"precision\": \"single\"", "\"rtol\": 1e-8, \"precision\": \"double\"", 2e-3},
               {"\"method\": \"tsit5\", \"rtol\": 1e-7, \"precision\": \"double\"", "\"rtol\": 1e-8, \"precision\": \"double\"", 2e-5}};

    (void)state;
    for (int s = 0; s < 4; s++)
        for (int w = 0; w < 2; w++) {
            run_shipped(study[s].model, way[w].reference, study[s].rest, 0, &other);
            run_shipped(study[s].model, way[w].solver, study[s].rest, 0, &out);
            for (uint64_t i = 0; i < out.n; i++) {
                assert_int_equal(out.status[i], KM_POINT_DONE);
                for (int e = 0; e < study[s].n_endpoints; e++) {
                    assert_int_equal(out.state[e][i], other.state[e][i]);
                    if (!isnan(other.value[e][i]))
                        assert_near(out.value[e][i], other.value[e][i], way[w].limit * (fabs(other.value[e][i]) + 0.5));
                }
            }
        }
}

static void test_bits_do_not_follow_compute_units(void **state)
{
    (void)state;
    run_shipped("ketamine", "\"method\": \"tsit5\", \"rtol\": 1e-5, \"precision\": \"double\"", infusions, 8, &out);
    {
        km_study *study = shipped("ketamine", "\"method\": \"tsit5\", \"rtol\": 1e-5, \"precision\": \"double\"", infusions);
        run_study(study, &(km_engine_options){.lanes = 8, .compute_units = 1}, &other);
        km_study_destroy(study);
    }
    for (int e = 0; e < 5; e++)
        for (int i = 0; i < 17; i++)
            assert_memory_equal(&out.value[e][i], &other.value[e][i], sizeof(double));
}

/* A stiff model: the budget ends it, and says so. */
static void test_tsit5_on_a_stiff_model_is_honest(void **state)
{
    (void)state;
    run_shipped("robertson", "\"method\": \"tsit5\", \"rtol\": 1e-4, \"precision\": \"double\", \"max_steps\": 20000",
                "\"horizon\": \"1e6 s\", \"endpoints\": [{\"name\": \"a\", \"of\": \"y1\", \"kind\": \"value\", \"at\": \"1e6 s\"}]", 0, &out);
    assert_int_equal(out.status[0], KM_POINT_STEP_BUDGET);
    assert_int_equal(out.state[0][0], KM_STATE_FAILED);
    assert_true(isnan(out.value[0][0]));
    assert_int_equal(out.steps[0], 20000);
}

static const char *choice(const char *model, const char *rest, char **why)
{
    km_study *study = shipped(model, "\"method\": \"auto\", \"precision\": \"double\"", rest);
    const char *name;
    km_diag d;

    km_diag_init(&d);
    assert_ok(km_pilot_choose(study, &(km_engine_options){0}, why, &d), &d);
    name = study->solver.method->name;
    km_study_destroy(study);
    km_diag_clear(&d);
    return name;
}

static void test_the_pilot_chooses_and_says_why(void **state)
{
    char *why = NULL, *again = NULL;

    (void)state;
    assert_string_equal(choice("robertson", "\"horizon\": \"1e6 s\", \"endpoints\": [{\"name\": \"a\", \"of\": \"y1\", \"kind\": \"value\", \"at\": \"1e6 s\"}]", &why),
                        "rodas4");
    assert_non_null(strstr(why, "rodas4, by a pilot of 1 points"));
    assert_non_null(strstr(why, "tsit5 took more than"));
    free(why);
    assert_string_equal(choice("lotka-volterra", rabbits, &why), "tsit5");
    assert_string_equal(choice("lotka-volterra", rabbits, &again), "tsit5");
    assert_string_equal(why, again);
    free(why), free(again);
    assert_string_equal(choice("ketamine", infusions, &why), "rodas4k");
    free(why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tsit5_on_an_oscillator),
        cmocka_unit_test(test_tsit5_has_order_five),
        cmocka_unit_test(test_rates_that_follow_time_keep_the_order),
        cmocka_unit_test(test_tsit5_agrees_with_rodas4),
        cmocka_unit_test(test_bits_do_not_follow_compute_units),
        cmocka_unit_test(test_tsit5_on_a_stiff_model_is_honest),
        cmocka_unit_test(test_the_pilot_chooses_and_says_why),
    };

    if (!have_device())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
