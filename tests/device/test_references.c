/* Endpoints that refer to others, and to the peak of their output, against closed forms. */
#include "engine_files.h"

static run_results out, other;

/* A bolus of 10 mg decays: A = 10 exp(-k t). */
static const char decay[] =
    "{\"name\": \"decay\", \"parameters\": {\"k\": {\"value\": 0.1, \"unit\": \"1/h\"}},\n"
    " \"states\": {\"A\": {\"initial\": \"0\", \"rate\": \"-k*A\", \"unit\": \"mg\"}},\n"
    " \"outputs\": {\"A\": {\"value\": \"A\", \"unit\": \"mg\"}},\n"
    " \"routes\": {\"iv\": [{\"into\": \"A\"}]}, \"dose\": {\"amount\": \"amt\", \"unit\": \"mg\"}}";

/* %s: solver */
static const char chain[] =
    "{\"model\": \"model.json\", \"horizon\": \"100 h\", \"solver\": {%s},\n"
    " \"regimen\": [{\"amt\": \"10 mg\"}],\n"
    " \"design\": {\"axes\": [{\"name\": \"k\", \"of\": \"k\", \"log\": [0.05, 1, 33]}]},\n"
    " \"endpoints\": [{\"name\": \"t_peak\", \"of\": \"A\", \"kind\": \"time_of_max\"},\n"
    "  {\"name\": \"half\", \"of\": \"A\", \"kind\": \"first_time\", \"when\": \"<= 0.5 * peak\", \"after\": \"t_peak\", \"margin\": true},\n"
    "  {\"name\": \"quarter\", \"of\": \"A\", \"kind\": \"first_time\", \"when\": \"<= 0.25 * peak\", \"after\": \"half\"},\n"
    "  {\"name\": \"area\", \"of\": \"A\", \"kind\": \"integral\", \"after\": \"half\", \"before\": \"quarter\"},\n"
    "  {\"name\": \"top\", \"of\": \"A\", \"kind\": \"max\", \"after\": \"half\"},\n"
    "  {\"name\": \"above\", \"of\": \"A\", \"kind\": \"time_in\", \"when\": \">= 0.25 * peak\"},\n"
    "  {\"name\": \"early\", \"of\": \"A\", \"kind\": \"first_time\", \"when\": \">= 0.9 * peak\", \"after\": \"t_peak\"},\n"
    "  {\"name\": \"fixed\", \"of\": \"A\", \"kind\": \"first_time\", \"when\": \"<= 5\"},\n"
    "  {\"name\": \"high\", \"of\": \"A\", \"kind\": \"first_time\", \"when\": \"> 20\"},\n"
    "  {\"name\": \"absent\", \"of\": \"A\", \"kind\": \"max\", \"after\": \"high\", \"before\": \"half\"},\n"
    "  {\"name\": \"unsaid\", \"of\": \"A\", \"kind\": \"time_in\", \"when\": \"> 1\", \"after\": \"high\"}]}";

static void run_chain(const char *solver, const km_engine_options *options, run_results *results)
{
    char text[4096];

    (void)snprintf(text, sizeof text, chain, solver);
    run_texts(decay, text, options, results);
}

static void check_chain(double tolerance)
{
    for (int i = 0; i < 33; i++) {
        double k = 0.05 * pow(20.0, i / 32.0), h = tolerance / k;
        assert_int_equal(out.status[i], KM_POINT_DONE);
        assert_near(out.value[0][i], 0.0, 1e-12);
        assert_near(out.value[1][i], log(2.0) / k, h);
        assert_int_equal(out.state[1][i], KM_STATE_EXACT);
        assert_near(out.margin[1][i], 5.0 - 10.0 * exp(-100.0 * k), 10.0 * tolerance);
        assert_near(out.value[2][i], log(4.0) / k, h);
        assert_near(out.value[3][i], 2.5 / k, 10.0 * h);
        assert_near(out.value[4][i], 5.0, 10.0 * tolerance);
        assert_near(out.value[5][i], log(4.0) / k, h);
        assert_near(out.value[6][i], 0.0, 1e-12);
        assert_int_equal(out.state[6][i], KM_STATE_FROM_START);
        assert_near(out.value[7][i], log(2.0) / k, h);
        assert_int_equal(out.state[8][i], KM_STATE_NEVER);
        for (int e = 9; e <= 10; e++) {
            assert_true(isnan(out.value[e][i]));
            assert_int_equal(out.state[e][i], KM_STATE_NO_REFERENCE);
        }
    }
}

static void test_a_chain_of_references(void **state)
{
    (void)state;
    run_chain("\"rtol\": 1e-8, \"precision\": \"double\"", &(km_engine_options){0}, &out);
    check_chain(2e-5);
    run_chain("\"rtol\": 1e-5, \"precision\": \"single\"", &(km_engine_options){0}, &out);
    check_chain(1e-3);
}

/* A lane's passes follow its own point: one lane at a time or many, small batches or large. */
static void test_bits_do_not_follow_neighbours(void **state)
{
    (void)state;
    for (int lanes = 1; lanes <= 8; lanes *= 8) {
        run_chain("\"rtol\": 1e-5, \"precision\": \"double\"", &(km_engine_options){.lanes = lanes}, &out);
        run_chain("\"rtol\": 1e-5, \"precision\": \"double\"", &(km_engine_options){.lanes = lanes, .compute_units = 1}, &other);
        for (int e = 0; e <= 10; e++)
            for (int i = 0; i < 33; i++) {
                assert_memory_equal(&out.value[e][i], &other.value[e][i], sizeof(double));
                assert_int_equal(out.state[e][i], other.state[e][i]);
            }
    }
}

/* cos t: half of the trough is passed downwards at 2 pi/3 and upwards at 4 pi/3. */
static void test_thresholds_relative_to_a_trough(void **state)
{
    static const char model[] =
        "{\"name\": \"wave\", \"parameters\": {\"w\": {\"value\": 1, \"unit\": \"1/h\"}},\n"
        " \"states\": {\"x\": {\"initial\": \"1\", \"rate\": \"w*y\"}, \"y\": {\"initial\": \"0\", \"rate\": \"-w*x\"}},\n"
        " \"outputs\": {\"x\": {\"value\": \"x\"}}}";
    static const char study[] =
        "{\"model\": \"model.json\", \"horizon\": \"6 h\", \"solver\": {\"rtol\": 1e-8, \"precision\": \"double\"},\n"
        " \"design\": {\"axes\": [{\"name\": \"w\", \"of\": \"w\", \"linear\": [0.8, 1, 9]}]},\n"
        " \"endpoints\": [{\"name\": \"bottom\", \"of\": \"x\", \"kind\": \"time_of_min\"},\n"
        "  {\"name\": \"down\", \"of\": \"x\", \"kind\": \"first_time\", \"when\": \"<= 0.5 * trough\"},\n"
        "  {\"name\": \"up\", \"of\": \"x\", \"kind\": \"first_time\", \"when\": \">= 0.5 * trough\", \"after\": \"bottom\"},\n"
        "  {\"name\": \"below\", \"of\": \"x\", \"kind\": \"time_in\", \"when\": \"< 0.5 * trough\", \"before\": \"bottom\"}]}";
    const double pi = acos(-1.0);

    (void)state;
    run_texts(model, study, &(km_engine_options){0}, &out);
    for (int i = 0; i < 9; i++) {
        double w = 0.8 + 0.2 * i / 8.0;
        assert_int_equal(out.status[i], KM_POINT_DONE);
        assert_near(out.value[0][i], pi / w, 1e-4);
        assert_near(out.value[1][i], 2.0 * pi / 3.0 / w, 1e-5);
        assert_near(out.value[2][i], 4.0 * pi / 3.0 / w, 1e-5);
        assert_near(out.value[3][i], pi / 3.0 / w, 1e-4);
    }
}

/* Doses between the passes' new edges: the window of the second interval begins at the first maximum. */
static void test_windows_between_doses(void **state)
{
    static const char study[] =
        "{\"model\": \"model.json\", \"horizon\": \"40 h\", \"solver\": {\"rtol\": 1e-8, \"precision\": \"double\"},\n"
        " \"regimen\": [{\"amt\": \"10 mg\", \"tinf\": \"2 h\", \"ii\": \"10 h\", \"addl\": 3}],\n"
        " \"endpoints\": [{\"name\": \"first\", \"of\": \"A\", \"kind\": \"time_of_max\", \"before\": \"10 h\"},\n"
        "  {\"name\": \"low\", \"of\": \"A\", \"kind\": \"time_of_min\", \"after\": \"first\", \"before\": \"12 h\"},\n"
        "  {\"name\": \"area\", \"of\": \"A\", \"kind\": \"integral\", \"after\": \"first\", \"before\": \"low\"},\n"
        "  {\"name\": \"rest\", \"of\": \"A\", \"kind\": \"integral\", \"after\": \"low\"},\n"
        "  {\"name\": \"whole\", \"of\": \"A\", \"kind\": \"integral\"},\n"
        "  {\"name\": \"begin\", \"of\": \"A\", \"kind\": \"integral\", \"before\": \"first\"}]}";
    const double top = 10.0 / 2.0 / 0.1 * -expm1(-0.2);

    (void)state;
    run_texts(decay, study, &(km_engine_options){0}, &out);
    assert_int_equal(out.status[0], KM_POINT_DONE);
    assert_near(out.value[0][0], 2.0, 1e-9);
    assert_near(out.value[1][0], 10.0, 1e-9);
    assert_near(out.value[2][0], top * -expm1(-0.8) / 0.1, 1e-4);
    assert_near(out.value[4][0], out.value[2][0] + out.value[3][0] + out.value[5][0], 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_chain_of_references),
        cmocka_unit_test(test_bits_do_not_follow_neighbours),
        cmocka_unit_test(test_thresholds_relative_to_a_trough),
        cmocka_unit_test(test_windows_between_doses),
    };

    if (!have_device())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
