/* The integrator against closed forms and published values; every status reached; bits that must not change. */
#include "engine_files.h"

static run_results out, other;

static const char decay[] =
    "{\"name\": \"decay\", \"parameters\": {\"k\": {\"value\": 0.1, \"unit\": \"1/h\"},\n"
    " \"weight\": {\"value\": 70, \"unit\": \"kg\"}, \"stop\": {\"value\": 10, \"unit\": \"h\"}},\n"
    " \"states\": {\"A\": {\"initial\": \"0\", \"rate\": \"-k*A\", \"unit\": \"mg\"}},\n"
    " \"outputs\": {\"A\": {\"value\": \"A\", \"unit\": \"mg\"}},\n"
    " \"routes\": {\"iv\": [{\"into\": \"A\"}]}, \"dose\": {\"amount\": \"amt\", \"unit\": \"mg\", \"weight\": \"weight\"}}";

/* Amount at t of infusions of `amount` over `length` from start[i] (length 0: boluses), elimination k. */
static double amount_at(double t, double k, double amount, double length, const double *start, int n)
{
    double sum = 0.0;

    for (int i = 0; i < n; i++) {
        double age = t - start[i];
        if (age < 0.0)
            continue;
        if (length == 0.0)
            sum += amount * exp(-k * age);
        else if (age <= length)
            sum += amount / length / k * -expm1(-k * age);
        else
            sum += amount / length / k * -expm1(-k * length) * exp(-k * (age - length));
    }
    return sum;
}

static void test_infusions_overlap_and_add(void **state)
{
    static const char study[] =
        "{\"model\": \"model.json\", \"horizon\": \"48 h\", \"solver\": {\"rtol\": 1e-8, \"precision\": \"double\"},\n"
        " \"regimen\": [{\"amt\": \"1 mg/kg\", \"tinf\": \"5 h\", \"time\": \"1 h\", \"ii\": \"4 h\", \"addl\": 4,\n"
        "  \"skip\": [2], \"delay\": \"30 min\"}],\n"
        " \"design\": {\"axes\": [{\"name\": \"k\", \"of\": \"k\", \"log\": [0.05, 1, 9]}]},\n"
        " \"endpoints\": [{\"name\": \"a\", \"of\": \"A\", \"kind\": \"value\", \"at\": \"3 h\"},\n"
        "  {\"name\": \"b\", \"of\": \"A\", \"kind\": \"value\", \"at\": \"13.7 h\"},\n"
        "  {\"name\": \"c\", \"of\": \"A\", \"kind\": \"value\", \"at\": \"48 h\"},\n"
        "  {\"name\": \"area\", \"of\": \"A\", \"kind\": \"integral\"}]}";
    const double start[4] = {1.0, 5.5, 13.5, 17.5}, at[3] = {3.0, 13.7, 48.0};

    (void)state;
    run_texts(decay, study, &(km_engine_options){0}, &out);
    for (int i = 0; i < 9; i++) {
        double k = 0.05 * pow(20.0, i / 8.0), end = amount_at(48.0, k, 70.0, 5.0, start, 4);
        assert_int_equal(out.status[i], KM_POINT_DONE);
        for (int e = 0; e < 3; e++)
            assert_near(out.value[e][i], amount_at(at[e], k, 70.0, 5.0, start, 4), 2e-5);
        assert_near(out.value[3][i], (4.0 * 70.0 - end) / k, 2e-4 * out.value[3][i]); /* mass balance */
    }
}

static void test_boluses_are_jumps_with_two_values(void **state)
{
    static const char study[] =
        "{\"model\": \"model.json\", \"horizon\": \"30 h\", \"solver\": {\"rtol\": 1e-6, \"precision\": \"double\"},\n"
        " \"regimen\": [{\"amt\": \"10 mg\", \"ii\": \"10 h\", \"addl\": 9}],\n"
        " \"endpoints\": [{\"name\": \"peak\", \"of\": \"A\", \"kind\": \"max\"},\n"
        "  {\"name\": \"when\", \"of\": \"A\", \"kind\": \"time_of_max\"},\n"
        "  {\"name\": \"low\", \"of\": \"A\", \"kind\": \"min\", \"after\": \"9 h\", \"before\": \"12 h\"},\n"
        "  {\"name\": \"start\", \"of\": \"A\", \"kind\": \"value\", \"at\": \"0 h\"},\n"
        "  {\"name\": \"left\", \"of\": \"A\", \"kind\": \"value\", \"at\": \"10 h\"},\n"
        "  {\"name\": \"above\", \"of\": \"A\", \"kind\": \"first_time\", \"when\": \">= 13\"},\n"
        "  {\"name\": \"below\", \"of\": \"A\", \"kind\": \"time_in\", \"when\": \"< 5\"}]}";
    const double start[3] = {0.0, 10.0, 20.0};
    double third = amount_at(20.0, 0.1, 10.0, 0.0, start, 3);

    (void)state;
    run_texts(decay, study, &(km_engine_options){0}, &out);
    assert_int_equal(out.status[0], KM_POINT_DONE);
    assert_near(out.value[0][0], third, 1e-4);
    assert_near(out.value[1][0], 20.0, 1e-9);
    assert_near(out.value[2][0], 10.0 * exp(-1.0), 1e-4);
    assert_near(out.value[3][0], 10.0, 1e-12);
    assert_near(out.value[4][0], 10.0 * exp(-1.0), 1e-4);
    assert_near(out.value[5][0], 10.0, 1e-9);
    /* below 5 mg before the second dose, and never so again within the third interval? */
    {
        double total = (10.0 - log(2.0) / 0.1), second = (10.0 + 10.0 * exp(-1.0));
        total += fmax(0.0, 10.0 - log(second / 5.0) / 0.1) + fmax(0.0, 10.0 - log(third / 5.0) / 0.1);
        assert_near(out.value[6][0], total, 2e-3);
    }
}

/* The largest relative errors of peaks of absorption and elimination, and of their times, over rates of both. */
static void peak_errors(const char *rtol, double *height, double *when)
{
    static const char model[] =
        "{\"name\": \"oral\", \"parameters\": {\"ka\": {\"value\": 1, \"unit\": \"1/h\"}, \"k\": {\"value\": 0.1, \"unit\": \"1/h\"}},\n"
        " \"states\": {\"G\": {\"initial\": \"0\", \"rate\": \"-ka*G\", \"unit\": \"mg\"},\n"
        "  \"A\": {\"initial\": \"0\", \"rate\": \"ka*G-k*A\", \"unit\": \"mg\"}},\n"
        " \"outputs\": {\"A\": {\"value\": \"A\", \"unit\": \"mg\"}},\n"
        " \"routes\": {\"oral\": [{\"into\": \"G\"}]}, \"dose\": {\"amount\": \"amt\", \"unit\": \"mg\"}}";
    static const char format[] =
        "{\"model\": \"model.json\", \"horizon\": \"80 h\", \"solver\": {\"method\": \"rodas4\", \"rtol\": %s, \"precision\": \"double\"},\n"
        " \"regimen\": [{\"amt\": \"10 mg\"}],\n"
        " \"design\": {\"axes\": [{\"name\": \"ka\", \"of\": \"ka\", \"log\": [0.25, 4, 33]}, {\"name\": \"k\", \"of\": \"k\", \"log\": [0.02, 0.2, 33]}]},\n"
        " \"endpoints\": [{\"name\": \"peak\", \"of\": \"A\", \"kind\": \"max\"}, {\"name\": \"when\", \"of\": \"A\", \"kind\": \"time_of_max\"}]}";
    char *study = km_format(format, rtol);

    run_texts(model, study, &(km_engine_options){0}, &out);
    free(study);
    *height = *when = 0.0;
    for (int i = 0; i < 33 * 33; i++) {
        double ka = 0.25 * pow(16.0, i / 33 / 32.0), k = 0.02 * pow(10.0, i % 33 / 32.0), t = log(ka / k) / (ka - k);
        double peak = 10.0 * ka / (ka - k) * (exp(-k * t) - exp(-ka * t));
        assert_int_equal(out.status[i], KM_POINT_DONE);
        *height = fmax(*height, fabs(out.value[0][i] / peak - 1.0));
        *when = fmax(*when, fabs(out.value[1][i] / t - 1.0));
    }
    print_message("rtol %s: largest errors of a peak %.1e, of its time %.1e\n", rtol, *height, *when);
}

/* A peak lies within a step: the step is made to end there, because between steps values are several times as wrong (1.5e-4 here).
 * Near an end of a step, then, its time is found as exactly as elsewhere. */
static void test_peaks_are_read_off_at_steps(void **state)
{
    double height, when;

    (void)state;
    peak_errors("1e-4", &height, &when);
    assert_true(height < 5e-5);
    peak_errors("1e-9", &height, &when);
    assert_true(when < 1.2e-6);
}

/* B ends a step at its peak, and A peaks soon after the start of the next, long one. */
static void test_peaks_soon_after_one_another(void **state)
{
    static const char model[] =
        "{\"name\": \"near\", \"parameters\": {\"d\": {\"value\": 0.1, \"unit\": \"1/h\"}},\n"
        " \"states\": {\"G\": {\"initial\": \"1\", \"rate\": \"-G\", \"unit\": \"-\"}, \"A\": {\"initial\": \"0\", \"rate\": \"G-0.2*A\", \"unit\": \"-\"},\n"
        "  \"B\": {\"initial\": \"0\", \"rate\": \"G-(0.2+d)*B\", \"unit\": \"-\"}, \"C\": {\"initial\": \"0\", \"rate\": \"A-C\", \"unit\": \"-\"}},\n"
        " \"outputs\": {\"A\": {\"value\": \"A\", \"unit\": \"-\"}, \"B\": {\"value\": \"B\", \"unit\": \"-\"}, \"C\": {\"value\": \"C\", \"unit\": \"-\"}}}";
    static const char study[] =
        "{\"model\": \"model.json\", \"horizon\": \"60 h\", \"solver\": {\"method\": \"rodas4\", \"rtol\": 1e-3, \"precision\": \"double\"},\n"
        " \"design\": {\"axes\": [{\"name\": \"d\", \"of\": \"d\", \"log\": [0.001, 0.3, 201]}]},\n"
        " \"endpoints\": [{\"name\": \"a\", \"of\": \"A\", \"kind\": \"max\"}, {\"name\": \"b\", \"of\": \"B\", \"kind\": \"max\"},\n"
        "  {\"name\": \"c\", \"of\": \"C\", \"kind\": \"max\"}]}";
    double t = log(5.0) / 0.8, peak = (exp(-0.2 * t) - exp(-t)) / 0.8, worst = 0.0;

    (void)state;
    run_texts(model, study, &(km_engine_options){0}, &out);
    for (int i = 0; i < 201; i++)
        worst = fmax(worst, fabs(out.value[0][i] / peak - 1.0));
    print_message("largest error of a peak soon after another %.1e\n", worst);
    assert_true(worst < 1e-4);
}

/* A kink is no parabola: the largest of the values looked at is taken, on whichever side it is. */
static void test_peaks_that_are_kinks(void **state)
{
    static const char model[] =
        "{\"name\": \"kink\", \"parameters\": {\"T\": {\"value\": 5, \"unit\": \"h\"}},\n"
        " \"states\": {\"y\": {\"initial\": \"1\", \"rate\": \"-y\", \"unit\": \"-\"}},\n"
        " \"outputs\": {\"tent\": {\"value\": \"min(2*(t-T),T-t)\", \"unit\": \"h\"}}}";
    static const char study[] =
        "{\"model\": \"model.json\", \"horizon\": \"30 h\", \"solver\": {\"method\": \"rodas4\", \"rtol\": 1e-4, \"precision\": \"double\"},\n"
        " \"design\": {\"axes\": [{\"name\": \"T\", \"of\": \"T\", \"linear\": [3, 25, 221]}]},\n"
        " \"endpoints\": [{\"name\": \"most\", \"of\": \"tent\", \"kind\": \"max\"}]}";
    double sum = 0.0;

    (void)state;
    run_texts(model, study, &(km_engine_options){0}, &out);
    for (int i = 0; i < 221; i++)
        sum += fabs(out.value[0][i]);
    print_message("mean error of a kink's height %.1e\n", sum / 221.0);
    assert_true(sum / 221.0 < 0.12);
}

static void test_rate_tinf_lag_and_breaks(void **state)
{
    /* input by a rate that jumps at `stop`, seen only through `breaks`; rate = amt / tinf */
    static const char model[] =
        "{\"name\": \"pulse\", \"parameters\": {\"k\": {\"value\": 0.2, \"unit\": \"1/h\"}, \"stop\": {\"value\": 7.3, \"unit\": \"h\"},\n"
        " \"late\": {\"value\": 2, \"unit\": \"h\"}},\n"
        " \"breaks\": [\"stop\"],\n"
        " \"states\": {\"A\": {\"initial\": \"0\", \"rate\": \"if(t < stop, 1, 0) - k*A\", \"unit\": \"mg\"},\n"
        "  \"B\": {\"initial\": \"0\", \"rate\": \"-k*B\", \"unit\": \"mg\"}},\n"
        " \"outputs\": {\"A\": {\"value\": \"A\", \"unit\": \"mg\"}, \"B\": {\"value\": \"B\", \"unit\": \"mg\"}},\n"
        " \"routes\": {\"slow\": [{\"into\": \"B\", \"fraction\": \"0.5\", \"lag\": \"late\"}, {\"into\": \"B\", \"fraction\": 0.25, \"duration\": \"4\"}]},\n"
        " \"dose\": {\"amount\": \"amt\", \"unit\": \"mg\"}}";
    static const char study[] =
        "{\"model\": \"model.json\", \"horizon\": \"20 h\", \"solver\": {\"rtol\": 1e-8, \"precision\": \"double\"},\n"
        " \"regimen\": [{\"amt\": \"8 mg\", \"rate\": \"4 mg/h\", \"time\": \"1 h\"}, {\"amt\": \"8 mg\", \"time\": \"6 h\"}],\n"
        " \"design\": {\"axes\": [{\"name\": \"stop\", \"of\": \"stop\", \"linear\": [\"3 h\", \"9 h\", 5]}]},\n"
        " \"endpoints\": [{\"name\": \"a\", \"of\": \"A\", \"kind\": \"value\", \"at\": \"20 h\"},\n"
        "  {\"name\": \"b\", \"of\": \"B\", \"kind\": \"value\", \"at\": \"20 h\"},\n"
        "  {\"name\": \"when\", \"of\": \"A\", \"kind\": \"time_of_max\"}]}";

    (void)state;
    run_texts(model, study, &(km_engine_options){0}, &out);
    for (int i = 0; i < 5; i++) {
        double stop = 3.0 + 1.5 * i, lagged[1] = {3.0}, at_once[1] = {1.0}, bolus[1] = {8.0}, own[1] = {6.0};
        double b = amount_at(20.0, 0.2, 4.0, 2.0, lagged, 1) + amount_at(20.0, 0.2, 2.0, 2.0, at_once, 1) +
                   amount_at(20.0, 0.2, 4.0, 0.0, bolus, 1) + amount_at(20.0, 0.2, 2.0, 4.0, own, 1);
        assert_int_equal(out.status[i], KM_POINT_DONE);
        assert_near(out.value[0][i], -expm1(-0.2 * stop) / 0.2 * exp(-0.2 * (20.0 - stop)), 1e-6);
        assert_near(out.value[1][i], b, 1e-6);
        assert_near(out.value[2][i], stop, 1e-6);
    }
}

/* Input within a window: literal bounds inside and outside the study, and bounds that vary. */
static void test_windows_by_breaks(void **state)
{
    static const char model[] =
        "{\"name\": \"window\", \"parameters\": {\"k\": {\"value\": 0.2, \"unit\": \"1/h\"}, \"size\": {\"value\": 0.4},\n"
        " \"on\": {\"value\": 0, \"unit\": \"h\"}, \"off\": {\"value\": 1e6, \"unit\": \"h\"}},\n"
        " \"breaks\": [\"on\", \"off\"],\n"
        " \"definitions\": {\"share\": \"if(t >= on && t < off, size, 0)\"},\n"
        " \"states\": {\"A\": {\"initial\": \"0\", \"rate\": \"1-share-k*A\"}},\n"
        " \"outputs\": {\"A\": \"A\", \"share\": \"share\"}}";
    static const char study[] =
        "{\"model\": \"model.json\", \"horizon\": \"20 h\", \"solver\": {\"rtol\": 1e-8, \"precision\": \"double\"}, %s\n"
        " \"endpoints\": [{\"name\": \"a\", \"of\": \"A\", \"kind\": \"value\", \"at\": \"20 h\"},\n"
        "  {\"name\": \"covered\", \"of\": \"share\", \"kind\": \"integral\"}]}";
    static const char *const rest[] = {
        "", "\"set\": {\"on\": 3.1, \"off\": 8.7},", "\"set\": {\"off\": 20},",
        "\"design\": {\"axes\": [{\"name\": \"on\", \"of\": \"on\", \"values\": [3.1]}, "
        "{\"name\": \"off\", \"of\": \"off\", \"values\": [8.7]}]},"};
    const double on[] = {0.0, 3.1, 0.0, 3.1}, off[] = {20.0, 8.7, 20.0, 8.7}, k = 0.2;

    (void)state;
    for (int i = 0; i < 4; i++) {
        char *text = km_format(study, rest[i]);
        double lost = 0.4 / k * (exp(-k * (20.0 - off[i])) - exp(-k * (20.0 - on[i])));
        run_texts(model, text, &(km_engine_options){0}, &out);
        assert_int_equal(out.status[0], KM_POINT_DONE);
        assert_near(out.value[0][0], -expm1(-k * 20.0) / k - lost, 1e-6);
        assert_near(out.value[1][0], 0.4 * (off[i] - on[i]), 1e-6);
        free(text);
    }
}

static const char prey[] =
    "{\"name\": \"prey\", \"parameters\": {\"a\": {\"value\": 1.5}, \"b\": {\"value\": 1}, \"c\": {\"value\": 3}, \"d\": {\"value\": 1}},\n"
    " \"states\": {\"x\": {\"initial\": \"1\", \"rate\": \"a*x-b*x*y\"}, \"y\": {\"initial\": \"1\", \"rate\": \"-c*y+d*x*y\"}},\n"
    " \"outputs\": {\"invariant\": \"d*x-c*log(x)+b*y-a*log(y)\"}}";

static double invariant_error(const char *rtol, const char *precision, double *steps)
{
    char *study = km_format("{\"model\": \"model.json\", \"horizon\": \"20 h\", \"solver\": {\"rtol\": %s, \"precision\": \"%s\"},\n"
                            " \"endpoints\": [{\"name\": \"v\", \"of\": \"invariant\", \"kind\": \"value\", \"at\": \"20 h\"}]}",
                            rtol, precision);

    run_texts(prey, study, &(km_engine_options){0}, &out);
    free(study);
    assert_int_equal(out.status[0], KM_POINT_DONE);
    *steps = out.steps[0] - out.rejected[0];
    return fabs(out.value[0][0] - 2.0);
}

static void test_invariant_and_order(void **state)
{
    double coarse_steps, fine_steps;
    double coarse = invariant_error("1e-5", "double", &coarse_steps), fine = invariant_error("1e-8", "double", &fine_steps);
    double order = log(coarse / fine) / log(fine_steps / coarse_steps), single;

    (void)state;
    print_message("error %.1e -> %.1e, steps %g -> %g, order %.2f\n", coarse, fine, coarse_steps, fine_steps, order);
    assert_true(order > 3.7);
    assert_true(fine < 1e-7);
    single = invariant_error("1e-4", "single", &coarse_steps);
    assert_true(single < 2e-3);
}

static void test_outputs_without_states(void **state)
{
    static const char model[] =
        "{\"name\": \"ishigami\", \"parameters\": {\"a\": {\"value\": 7}, \"x1\": {\"value\": 0}, \"x2\": {\"value\": 0}, \"x3\": {\"value\": 0}},\n"
        " \"outputs\": {\"y\": \"sin(x1)+a*sin(x2)^2+0.1*x3^4*sin(x1)\"}}";
    static const char study[] =
        "{\"model\": \"model.json\", \"solver\": {\"precision\": \"double\"}, \"design\": {\"axes\": [\n"
        " {\"name\": \"x1\", \"of\": \"x1\", \"linear\": [-3, 3, 7]}, {\"name\": \"x2\", \"of\": \"x2\", \"linear\": [-3, 3, 5]},\n"
        " {\"name\": \"x3\", \"of\": \"x3\", \"linear\": [-3, 3, 4]}]},\n"
        " \"endpoints\": [{\"name\": \"y\", \"of\": \"y\", \"kind\": \"value\", \"at\": 0}]}";

    (void)state;
    run_texts(model, study, &(km_engine_options){0}, &out);
    for (int i = 0; i < 140; i++) {
        double x1 = -3.0 + i / 20, x2 = -3.0 + 1.5 * (i / 4 % 5), x3 = -3.0 + 2.0 * (i % 4);
        assert_int_equal(out.status[i], KM_POINT_DONE);
        assert_near(out.value[0][i], sin(x1) + 7.0 * sin(x2) * sin(x2) + 0.1 * x3 * x3 * x3 * x3 * sin(x1), 1e-12);
    }
}

/* x' = x^2 blows up at t = 1/x0; sqrt(1-t) has no value after 1 h; a fast oscillation exhausts its steps. */
static void test_every_status_is_reached(void **state)
{
    static const char model[] =
        "{\"name\": \"trouble\", \"parameters\": {\"x0\": {\"value\": 1}, \"w\": {\"value\": 0}, \"s\": {\"value\": 0}},\n"
        " \"require\": [\"x0 > 0\"],\n"
        " \"states\": {\"x\": {\"initial\": \"x0\", \"rate\": \"x^2 + if(s > 0, sqrt(1-t), 0)\"},\n"
        "  \"z\": {\"initial\": \"1\", \"rate\": \"-w*sin(w*t)\"}},\n"
        " \"outputs\": {\"x\": \"x\", \"z\": \"z\"}}";
    static const char study[] =
        "{\"model\": \"model.json\", \"horizon\": \"2 h\", \"solver\": {\"rtol\": 1e-6, \"precision\": \"double\", \"max_steps\": 2000},\n"
        " \"design\": {\"axes\": [{\"name\": \"x0\", \"of\": \"x0\", \"values\": [-1, 0.3, 0.8]},\n"
        "  {\"name\": \"w\", \"of\": \"w\", \"values\": [0, 1e5]}, {\"name\": \"s\", \"of\": \"s\", \"values\": [0, 1]}]},\n"
        " \"endpoints\": [{\"name\": \"x\", \"of\": \"x\", \"kind\": \"max\"}, {\"name\": \"z\", \"of\": \"z\", \"kind\": \"min\"}]}";
    int seen[KM_N_POINT_STATUSES] = {0};

    (void)state;
    run_texts(model, study, &(km_engine_options){0}, &out);
    for (int i = 0; i < 12; i++) {
        assert_in_range(out.status[i], 0, KM_N_POINT_STATUSES - 1);
        seen[(int)out.status[i]]++;
        for (int e = 0; e < 2; e++) {
            assert_int_equal(out.state[e][i] == KM_STATE_FAILED, out.status[i] != KM_POINT_DONE);
            assert_int_equal(isnan(out.value[e][i]) != 0, out.status[i] != KM_POINT_DONE);
        }
    }
    assert_int_equal(seen[KM_POINT_BAD_PARAMETER], 4);
    assert_int_equal(out.status[4], KM_POINT_DONE);         /* x0 = 0.3, nothing special */
    assert_int_equal(out.status[5], KM_POINT_NON_FINITE);   /* the root of 1-t beyond 1 h */
    assert_int_equal(out.status[6], KM_POINT_STEP_BUDGET);  /* 1e5 oscillations */
    assert_int_equal(out.status[8], KM_POINT_STEP_TOO_SMALL); /* blows up at 1.25 h */
    assert_near(out.last_time[8], 1.25, 1e-3);
}

/* exp(100) is no single-precision number; exp(1000) is no double-precision one either. */
static void test_what_fails_in_single_is_retried_in_double(void **state)
{
    static const char model[] =
        "{\"name\": \"growth\", \"parameters\": {\"k\": {\"value\": 1}}, \"states\": {\"x\": {\"initial\": \"1\", \"rate\": \"k*x\"}},\n"
        " \"outputs\": {\"size\": \"log(x)\"}}";
    static const char study[] =
        "{\"model\": \"model.json\", \"horizon\": \"100 h\", \"solver\": {\"precision\": \"single\"},\n"
        " \"design\": {\"axes\": [{\"name\": \"k\", \"of\": \"k\", \"values\": [0.1, 1, 10, 0.2, 1.5]}]},\n"
        " \"endpoints\": [{\"name\": \"x\", \"of\": \"size\", \"kind\": \"value\", \"at\": \"100 h\"}, {\"name\": \"t\", \"of\": \"size\", \"kind\": \"first_time\", \"when\": \">= 5\"}]}";
    const int expected[5] = {KM_POINT_DONE, KM_POINT_RETRIED, KM_POINT_NON_FINITE, KM_POINT_DONE, KM_POINT_RETRIED};
    const double k[5] = {0.1, 1.0, 10.0, 0.2, 1.5};

    (void)state;
    run_texts(model, study, &(km_engine_options){0}, &out);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(out.status[i], expected[i]);
        if (expected[i] == KM_POINT_NON_FINITE) {
            assert_int_equal(out.state[0][i], KM_STATE_FAILED);
            continue;
        }
        assert_near(out.value[0][i], 100.0 * k[i], 0.05 * k[i]);
        assert_near(out.value[1][i], 5.0 / k[i], 1e-3 / k[i]);
    }
}

/* log(x) has no value once x is below 0; the comparison is then false, but the point must not end well. */
static void test_a_condition_that_is_not_a_number_is_not_silent(void **state)
{
    static const char model[] =
        "{\"name\": \"sneaky\", \"parameters\": {\"fall\": {\"value\": 1}},\n"
        " \"states\": {\"x\": {\"initial\": \"1\", \"rate\": \"-fall\"}, \"y\": {\"initial\": \"0\", \"rate\": \"if(log(x) > -5, 1, 2)\"}},\n"
        " \"outputs\": {\"y\": \"y\"}}";
    static const char study[] =
        "{\"model\": \"model.json\", \"horizon\": \"2 h\", \"solver\": {\"precision\": \"double\"},\n"
        " \"design\": {\"axes\": [{\"name\": \"fall\", \"of\": \"fall\", \"values\": [0.1, 1]}]},\n"
        " \"endpoints\": [{\"name\": \"y\", \"of\": \"y\", \"kind\": \"value\", \"at\": \"2 h\"}]}";

    (void)state;
    run_texts(model, study, &(km_engine_options){0}, &out);
    assert_int_equal(out.status[0], KM_POINT_DONE);
    assert_near(out.value[0][0], 2.0, 1e-4);
    assert_int_equal(out.status[1], KM_POINT_NON_FINITE);
}

static void test_a_hopeless_lane_does_not_touch_its_neighbours(void **state)
{
    static const char model[] =
        "{\"name\": \"mixed\", \"parameters\": {\"x0\": {\"value\": 1}},\n"
        " \"states\": {\"x\": {\"initial\": \"x0\", \"rate\": \"x^2\"}}, \"outputs\": {\"x\": \"x\"}}";
    static const char with[] =
        "{\"model\": \"model.json\", \"horizon\": \"1 h\", \"solver\": {\"precision\": \"double\"},\n"
        " \"design\": {\"axes\": [{\"name\": \"x0\", \"of\": \"x0\", \"values\": [0.1, 3, 0.2, 4, 0.3, 5, 0.4, 6, 0.5]}]},\n"
        " \"endpoints\": [{\"name\": \"x\", \"of\": \"x\", \"kind\": \"max\"}, {\"name\": \"t\", \"of\": \"x\", \"kind\": \"first_time\", \"when\": \">= 0.45\"}]}";
    static const char without[] =
        "{\"model\": \"model.json\", \"horizon\": \"1 h\", \"solver\": {\"precision\": \"double\"},\n"
        " \"design\": {\"axes\": [{\"name\": \"x0\", \"of\": \"x0\", \"values\": [0.1, 0.2, 0.3, 0.4, 0.5]}]},\n"
        " \"endpoints\": [{\"name\": \"x\", \"of\": \"x\", \"kind\": \"max\"}, {\"name\": \"t\", \"of\": \"x\", \"kind\": \"first_time\", \"when\": \">= 0.45\"}]}";

    (void)state;
    run_texts(model, with, &(km_engine_options){0}, &out);
    run_texts(model, without, &(km_engine_options){0}, &other);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(out.status[2 * i], KM_POINT_DONE);
        for (int e = 0; e < 2; e++) {
            assert_int_equal(out.state[e][2 * i], other.state[e][i]);
            assert_memory_equal(&out.value[e][2 * i], &other.value[e][i], sizeof(double));
        }
        assert_near(out.value[0][2 * i], 1.0 / (1.0 / (0.1 * (i + 1)) - 1.0), 1e-3);
    }
}

static void test_bits_do_not_follow_batches_or_units(void **state)
{
    static const char study[] =
        "{\"model\": \"model.json\", \"horizon\": \"72 h\", \"solver\": {\"rtol\": 1e-4, \"precision\": \"%s\"},\n"
        " \"regimen\": [{\"amt\": \"1 mg/kg\", \"tinf\": \"2 h\", \"ii\": \"24 h\", \"addl\": 2}],\n"
        " \"design\": {\"axes\": [{\"name\": \"k\", \"of\": \"k\", \"log\": [0.02, 2, 37]},\n"
        "  {\"name\": \"ii\", \"of\": \"regimen[0].ii\", \"linear\": [\"6 h\", \"30 h\", 41]}]},\n"
        " \"endpoints\": [{\"name\": \"on\", \"of\": \"A\", \"kind\": \"first_time\", \"when\": \">= 40\"},\n"
        "  {\"name\": \"in\", \"of\": \"A\", \"kind\": \"time_in\", \"when\": \">= 40\", \"margin\": true},\n"
        "  {\"name\": \"top\", \"of\": \"A\", \"kind\": \"time_of_max\"}, {\"name\": \"area\", \"of\": \"A\", \"kind\": \"integral\"}]}";
    const char *precision[2] = {"single", "double"};
    const km_engine_options options[4] = {{0}, {.batch = 256}, {.compute_units = 1}, {.batch = 300, .compute_units = 1}};

    (void)state;
    for (int p = 0; p < 2; p++) {
        char *text = km_format(study, precision[p]);
        run_texts(decay, text, &options[0], &out);
        for (int o = 1; o < 4; o++) {
            run_texts(decay, text, &options[o], &other);
            for (int e = 0; e < 4; e++) {
                assert_memory_equal(out.value[e], other.value[e], out.n * sizeof(double));
                assert_memory_equal(out.state[e], other.state[e], out.n);
            }
            assert_memory_equal(out.margin[1], other.margin[1], out.n * sizeof(double));
            assert_memory_equal(out.steps, other.steps, out.n * sizeof(int));
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_infusions_overlap_and_add),
        cmocka_unit_test(test_boluses_are_jumps_with_two_values),
        cmocka_unit_test(test_peaks_are_read_off_at_steps),
        cmocka_unit_test(test_peaks_soon_after_one_another),
        cmocka_unit_test(test_peaks_that_are_kinks),
        cmocka_unit_test(test_rate_tinf_lag_and_breaks),
        cmocka_unit_test(test_windows_by_breaks),
        cmocka_unit_test(test_invariant_and_order),
        cmocka_unit_test(test_outputs_without_states),
        cmocka_unit_test(test_every_status_is_reached),
        cmocka_unit_test(test_what_fails_in_single_is_retried_in_double),
        cmocka_unit_test(test_a_condition_that_is_not_a_number_is_not_silent),
        cmocka_unit_test(test_a_hopeless_lane_does_not_touch_its_neighbours),
        cmocka_unit_test(test_bits_do_not_follow_batches_or_units),
    };

    if (!have_device())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
