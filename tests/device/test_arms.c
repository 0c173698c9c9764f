/* Arms and the posterior against closed forms: D = exp(-k t) after a dose of 1 mg, score = S0 (1 - E D) (1 - L). */
#include "cmocka_all.h"

#include "analysis/likelihood.h"
#include "analysis/posterior.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const text_of_model =
    "{\"name\": \"fade\", \"time_unit\": \"h\", \"parameters\": {\n"
    " \"k\": {\"value\": 0.02, \"unit\": \"1/h\", \"range\": [0.005, 0.08], \"uncertainty\": \"log-uniform\", \"variability\": {\"cv\": 0.4}},\n"
    " \"E\": {\"value\": 0.5, \"range\": [0.1, 0.9]}, \"L\": {\"value\": 0.1, \"range\": [0, 0.4]}, \"S0\": {\"value\": 30, \"unit\": \"points\"},\n"
    " \"ref\": {\"value\": 1, \"unit\": \"mg\"}},\n"
    " \"states\": {\"D\": {\"initial\": \"0\", \"rate\": \"-k*D\", \"unit\": \"mg\"}},\n"
    " \"outputs\": {\"left\": {\"value\": \"D\", \"unit\": \"mg\"}, \"score\": {\"value\": \"S0*(1-E*D/ref)*(1-L)\", \"unit\": \"points\"}},\n"
    " \"routes\": {\"iv\": [{\"into\": \"D\", \"fraction\": \"1\"}]}, \"dose\": {\"amount\": \"amt\", \"unit\": \"mg\"}}";

static const char *const table =
    "study_id\tarm\tn\tdrug\troute\tdose_value\tdose_unit\tinfusion_minutes\tschedule_h\tscale\tbaseline_mean\tbaseline_sd\ttime_h\tvalue_kind"
    "\tvalue\tsd\tse\tci_low\tci_high\tprovenance\tsource\tuse\n"
    "A\tdrug\t40\tfader\tIV\t1\tmg\t\t0\tMADRS\t32\t4\t24\tmean_score\t20\t10\t\t\t\tverified\tx\tfit_primary\n"
    "A\tdrug\t40\tfader\tIV\t1\tmg\t\t0\tMADRS\t32\t4\t72\tmean_change\t-6\t10\t\t\t\tverified\tx\tfit_primary\n"
    "A\tcontrol\t40\tplacebo\tIV\t0\tmg\t\t0\tMADRS\t32\t4\t24\tmean_change\t-3\t9\t\t\t\tverified\tx\tfit_primary\n"
    "B\tdrug\t30\tfader\tIV\t1\tmg\t\t0\tHDRS-17\t20\t\t24\tresponse_rate_pct\t40\t\t\t\t\tverified\tx\tfit_primary\n"
    "B\tdrug\t30\tfader\tIV\t1\tmg\t\t0\tHDRS-17\t20\t\t48\tpercent_change\t-25\t30\t\t\t\tverified\tx\tfit_primary\n"
    "C\tdrug vs control\t50\tfader\tIV\t1\tmg\t\t0\tMADRS\t30\t\t24\tLSM_difference_vs_control\t-8\t\t2\t\t\tverified\tx\tfit_primary\n"
    "D\tdrug\t20\tfader\tIV\t1\tmg\t\t0;24\tMADRS\t30\t\t\tmedian_time_to_relapse_d\t4\t\t\t\t\tverified\tx\tfit_secondary\n"
    "D\tdrug\t20\tfader\tIV\t1\tmg\t\t0;24\tMADRS\t30\t\t120\trelapse_rate_pct\t60\t\t\t\t\tverified\tx\tfit_secondary\n"
    "E\tdrug\t20\tfader\tIV\t1\tmg\t\t0\tplasma ketamine\t\t\t\tmean_max\t1\t0.2\t\t\t\tverified\tx\tfit_secondary\n"
    "F\tdrug\t20\tfader\tIV\t1\tmg\t\t0\tMADRS\t30\t\t24\tmean_change\t-9\t\t2\t\t\trecalled\tx\tfit_secondary\n"
    "G\tdrug\t\tfader\tIV\t1\tmg\t\tdaily\tMADRS\t30\t\t24\tmean_change\t-9\t\t\t\t\tverified\tx\tvalidate\n";

/* What a test changes: the parts of the fit file that follow the model. */
static const char *const plain_parts =
    "\"rows\": [{\"use\": \"fit_primary\"}], \"score\": {\"output\": \"score\", \"baseline\": \"S0\", \"scales\": {\"MADRS\": 1, \"HDRS-17\": 1.3},\n"
    " \"remission\": {\"MADRS\": 10}, \"residual\": 6, \"persistent\": 0.5}, \"parameters\": {\"k\": {}, \"E\": {}},\n"
    " \"controls\": {\"parameter\": \"L\", \"levels\": {\"all\": {}}, \"default\": \"all\"},\n"
    " \"drugs\": {\"fader\": {\"routes\": {\"IV\": \"iv\"}}}";

static km_diag d;
static km_fit *fit;
static km_posterior *posterior;
static char folder[64], *path[3];
static const km_engine_options on = {.in_double = true};

static int begin(void **state)
{
    static const char *const name[] = {"model.json", "trials.tsv", "fit.json"};
    (void)state;
    km_diag_init(&d);
    (void)snprintf(folder, sizeof folder, "/tmp/ketamap-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 3; i++)
        path[i] = km_file_join(folder, name[i]);
    assert_ok(km_file_write(path[0], text_of_model, strlen(text_of_model), &d), &d);
    assert_ok(km_file_write(path[1], table, strlen(table), &d), &d);
    return 0;
}

static void drop(void)
{
    km_posterior_destroy(posterior);
    km_fit_destroy(fit);
    posterior = NULL, fit = NULL;
}

static int end(void **state)
{
    (void)state;
    drop();
    for (int i = 0; i < 3; i++) {
        (void)unlink(path[i]);
        free(path[i]);
    }
    (void)rmdir(folder);
    km_diag_clear(&d);
    return 0;
}

static km_status read_fit(const char *parts, const char *population)
{
    char *text = km_format("{\"model\": \"model.json\", \"trials\": \"trials.tsv\", \"solver\": {\"rtol\": 1e-8},\n"
                           " \"population\": {\"n\": 512, \"of\": %s}, %s}", population, parts);

    drop();
    assert_ok(km_file_write(path[2], text, strlen(text), &d), &d);
    free(text);
    return km_fit_read(path[2], &fit, &d);
}

/* k, E, L.all as scores. */
static void scores(double k, double e, double l, double *z)
{
    double theta[8];

    assert_int_equal(fit->n_free, 3);
    for (int i = 0; i < 3; i++)
        theta[i] = strcmp(fit->free[i].name, "k") == 0 ? k : strcmp(fit->free[i].name, "E") == 0 ? e : l;
    km_posterior_scores(fit, theta, z);
}

static const char *const nothing = "{\"ref\": {\"sd\": 1e-9}}"; /* no difference between patients worth the name */

static void test_scores_and_values(void **state)
{
    double z[3], theta[3];
    (void)state;
    assert_ok(read_fit(plain_parts, nothing), &d);
    scores(0.03, 0.7, 0.05, z);
    km_posterior_values(fit, z, theta);
    for (int i = 0; i < 3; i++) {
        double wanted = strcmp(fit->free[i].name, "k") == 0 ? 0.03 : strcmp(fit->free[i].name, "E") == 0 ? 0.7 : 0.05;
        assert_true(fabs(theta[i] - wanted) < 1e-9);
        assert_string_equal(fit->free[i].name, i == 0 ? "L.all" : i == 1 ? "k" : "E");
    }
}

/* Means: of scores, changes, per cent; the control arm is algebra; a difference. */
static void test_means(void **state)
{
    double z[3], out[6], k = 0.03, e = 0.7, l = 0.05;
    (void)state;
    assert_ok(read_fit(plain_parts, nothing), &d);
    assert_ok(km_posterior_create(fit, &on, &posterior, &d), &d);
    const km_arms_facts *facts = km_posterior_facts(posterior);
    assert_int_equal(facts->n_regimens, 2); /* one dose, none */
    assert_int_equal(facts->runs, 512);
    scores(k, e, l, z);
    assert_ok(km_posterior_predict(posterior, 1, z, 1, 0, out, NULL, &d), &d);
    double kept = 1.0 - l, bound = 2e-4; /* the baseline's quasi-random mean is that near to 32 */
    assert_true(fabs(out[0] - 32.0 * (1 - e * exp(-24 * k)) * kept) < 32 * bound);
    assert_true(fabs(out[1] - 32.0 * ((1 - e * exp(-72 * k)) * kept - 1.0)) < 32 * bound);
    assert_true(fabs(out[2] - 32.0 * (kept - 1.0)) < 32 * bound);
    assert_true(fabs(out[4] - 100.0 * ((1 - e * exp(-48 * k)) * kept - 1.0)) < 1e-5);
    assert_true(fabs(out[5] - 30.0 * -e * exp(-24 * k) * kept) < 30 * bound);
    /* response: half of 26 against the score with an error of 6 */
    double score = 26.0 * (1 - e * exp(-24 * k)) * kept, p = km_normal_below((13.0 - score) / 6.0);
    assert_true(fabs(out[3] - 100.0 * p) < 0.1);
    assert_int_equal(facts->integrated, 512);
}

/* Patients: the mean over the population's own scores, integrated by nobody else. */
static void test_patients(void **state)
{
    double z[3], out[6], sum = 0.0, k = 0.03, e = 0.7, l = 0.05;
    (void)state;
    assert_ok(read_fit(plain_parts, "{\"k\": {}, \"S0\": {\"sd\": 3}}"), &d);
    assert_ok(km_posterior_create(fit, &on, &posterior, &d), &d);
    scores(k, e, l, z);
    assert_ok(km_posterior_predict(posterior, 1, z, 1, 0, out, NULL, &d), &d);
    const km_population *p = fit->population;
    for (size_t j = 0; j < p->n; j++) {
        double own = km_trait_value(&p->trait[0], k, p->score[j * (size_t)p->n_scores]), base = 32.0 + 4.0 * p->score[j * (size_t)p->n_scores + 1];
        sum += base * (1 - e * exp(-24 * own)) * (1 - l);
    }
    assert_true(fabs(out[0] - sum / (double)p->n) < 1e-5);
}

/* The sum over rows, each likelihood written out. */
static void test_likelihood(void **state)
{
    double z[3], out[6], prior, likelihood, by_trial[8];
    (void)state;
    assert_ok(read_fit(plain_parts, nothing), &d);
    assert_ok(km_posterior_create(fit, &on, &posterior, &d), &d);
    scores(0.03, 0.7, 0.05, z);
    assert_ok(km_posterior_evaluate(posterior, 1, z, &prior, &likelihood, &d), &d);
    assert_ok(km_posterior_predict(posterior, 1, z, 1, 0, out, NULL, &d), &d);
    assert_ok(km_posterior_pointwise(posterior, 1, z, by_trial, &d), &d);
    double wanted = 0.0, own = 0.0;
    for (int i = 0; i < 3; i++)
        wanted += -0.5 * z[i] * z[i] - 0.5 * log(2 * acos(-1.0));
    assert_true(fabs(prior - wanted) < 1e-12);
    own = km_log_normal_density(20, out[0], 10 / sqrt(40)) + km_log_normal_density(-6, out[1], 10 / sqrt(40)) +
          km_log_normal_density(-3, out[2], 9 / sqrt(40));
    wanted = own + km_log_binomial(12, 30, out[3] / 100) + km_log_normal_density(-25, out[4], 30 / sqrt(30)) +
             km_log_normal_density(-8, out[5], 2);
    assert_true(fabs(likelihood - wanted) < 1e-9);
    assert_true(fabs(by_trial[0] - own) < 1e-9);
    assert_int_equal(fit->n_studies, 3);
}

/* A trial's effect integrated out: of means alone, a multivariate normal with tau^2 in every place. */
static void test_effect(void **state)
{
    char *parts = km_format("%s, \"likelihood\": {\"between_trials\": 4, \"repeated\": 0.6}", plain_parts);
    double z[3], out[6], by_trial[8];
    (void)state;
    assert_ok(read_fit(parts, nothing), &d);
    free(parts);
    assert_ok(km_posterior_create(fit, &on, &posterior, &d), &d);
    scores(0.03, 0.7, 0.05, z);
    assert_ok(km_posterior_predict(posterior, 1, z, 1, 0, out, NULL, &d), &d);
    assert_ok(km_posterior_pointwise(posterior, 1, z, by_trial, &d), &d);
    double s = 10 / sqrt(40), u = 9 / sqrt(40), r[] = {20 - out[0], -6 - out[1], -3 - out[2]};
    double c[3][3] = {{s * s + 16, 0.6 * s * s + 16, 16}, {0.6 * s * s + 16, s * s + 16, 16}, {16, 16, u * u + 16}};
    double det = c[0][0] * (c[1][1] * c[2][2] - c[1][2] * c[2][1]) - c[0][1] * (c[1][0] * c[2][2] - c[1][2] * c[2][0]) +
                 c[0][2] * (c[1][0] * c[2][1] - c[1][1] * c[2][0]), quad = 0.0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            int a = (j + 1) % 3, b = (j + 2) % 3, p = (i + 1) % 3, q = (i + 2) % 3;
            quad += r[i] * r[j] * (c[a][p] * c[b][q] - c[a][q] * c[b][p]) / det;
        }
    double wanted = -0.5 * (quad + log(det) + 3 * log(2 * acos(-1.0)));
    assert_true(fabs(by_trial[0] - wanted) < 1e-6);
    /* a difference does not know the effect */
    assert_true(fabs(by_trial[2] - km_log_normal_density(-8, out[5], 2)) < 1e-6);
    /* a rate with an error of 6 and effects of 4: on its own it has the error sqrt(52) */
    double score = 26.0 * (1 - 0.7 * exp(-24 * 0.03)) * 0.95, total = 0.0, change = r[0] * 0 + out[4];
    for (int i = -4000; i <= 4000; i++) { /* study B by a fine sum */
        double x = i / 800.0, p = km_normal_below((13.0 - score - 4 * x) / 6.0);
        total += exp(km_log_binomial(12, 30, p) + km_log_normal_density(-25, change + 4 * x * 100 / 26, 30 / sqrt(30)) +
                     km_log_normal_density(x, 0, 1)) / 800.0;
    }
    assert_true(fabs(by_trial[1] - log(total)) < 0.01);
}

/* Candidates side by side are what they are alone, whatever their number. */
static void test_together(void **state)
{
    enum { N = 300 };
    double *z = km_alloc(3 * N, sizeof *z), prior[N], likelihood[N], one_prior, one;
    (void)state;
    assert_ok(read_fit(plain_parts, "{\"k\": {}}"), &d);
    assert_ok(km_posterior_create(fit, &on, &posterior, &d), &d);
    for (int i = 0; i < 3 * N; i++)
        z[i] = 1.5 * sin(i * 12.9898);
    assert_ok(km_posterior_evaluate(posterior, N, z, prior, likelihood, &d), &d);
    for (int i = 0; i < N; i += 37) {
        assert_ok(km_posterior_evaluate(posterior, 1, z + 3 * i, &one_prior, &one, &d), &d);
        assert_true(one == likelihood[i] && one_prior == prior[i] && isfinite(one));
    }
    free(z);
}

/* Relapse after two doses, seen daily: shares of responders, their median, an outcome of an output of its own. */
static void test_relapse(void **state)
{
    static const char *const parts =
        "\"rows\": [{\"study\": [\"D\", \"E\"]}], \"score\": {\"output\": \"score\", \"baseline\": \"S0\", \"scales\": {\"MADRS\": 1}, \"residual\": 3,"
        " \"persistent\": 0}, \"parameters\": {\"k\": {}, \"E\": {}}, \"controls\": {\"parameter\": \"L\", \"levels\": {\"all\": {}}, \"default\": \"all\"},"
        " \"outputs\": {\"plasma ketamine\": \"left\"}, \"drugs\": {\"fader\": {\"routes\": {\"IV\": \"iv\"}}},"
        " \"relapse\": {\"reduction\": 0.3, \"responders_at\": \"1 h\", \"visits\": \"24 h\", \"follow_up\": \"20 d\"}";
    double z[3], out[3], by_trial[2], k = 0.012, e = 0.6, l = 0.02;
    (void)state;
    assert_ok(read_fit(parts, nothing), &d);
    assert_ok(km_posterior_create(fit, &on, &posterior, &d), &d);
    assert_int_equal(km_posterior_facts(posterior)->n_regimens, 2);
    scores(k, e, l, z);
    assert_ok(km_posterior_predict(posterior, 1, z, 1, 0, out, NULL, &d), &d);
    /* score t h after the second dose; all respond (score far below 15) */
    double first = exp(-24 * k) + 1.0, share[20], at = 0.0;
    for (int v = 0; v < 20; v++)
        share[v] = v == 0 ? 0.0 : 1 - km_normal_below((21.0 - 30 * (1 - e * first * exp(-k * (1 + 24 * v))) * (1 - l)) / 3);
    int v = 0;
    while (share[v + 1] < 0.5)
        v++;
    assert_true(fabs(out[0] - (1 + 24 * (v + (0.5 - share[v]) / (share[v + 1] - share[v]))) / 24) < 0.02);
    /* 120 h from the first dose are 96 from the last: 95/24 visits after the first */
    at = share[3] + (95.0 / 24 - 3) * (share[4] - share[3]);
    assert_true(fabs(out[1] - 100 * at) < 0.2);
    assert_true(fabs(out[2] - 1.0) < 1e-6); /* the largest of one dose */
    assert_ok(km_posterior_pointwise(posterior, 1, z, by_trial, &d), &d);
    double low = share[2] + (71.0 / 24 - 2) * (share[3] - share[2]), high = at;
    double wanted = log(km_order_statistic_below(10, 20, high) - km_order_statistic_below(10, 20, fmax(low, 1e-9))) + km_log_binomial(12, 20, at);
    assert_true(fabs(by_trial[0] - wanted) < 0.05);
    assert_true(fabs(by_trial[1] - km_log_normal_density(1, out[2], 0.2 / sqrt(20))) < 1e-6);
}

/* Draws of what a trial would publish: their mean and spread are the row's. */
static void test_draws(void **state)
{
    enum { N = 4000 };
    char *parts = km_format("%s, \"likelihood\": {\"between_trials\": 3}", plain_parts);
    double *z = km_alloc(3 * N, sizeof *z), *out = km_alloc(6 * N, sizeof *out), *again = km_alloc(6 * N, sizeof *again), one[6], mean = 0, square = 0;
    (void)state;
    assert_ok(read_fit(parts, "{\"k\": {}}"), &d);
    free(parts);
    assert_ok(km_posterior_create(fit, &on, &posterior, &d), &d);
    for (int i = 0; i < N; i++)
        scores(0.03, 0.7, 0.05, z + 3 * i);
    assert_ok(km_posterior_predict(posterior, N, z, 5, 0, again, out, &d), &d);
    for (int i = 0; i < N; i++)
        mean += out[6 * i] / N;
    for (int i = 0; i < N; i++)
        square += (out[6 * i] - mean) * (out[6 * i] - mean) / N;
    double sd = sqrt(9 + 100.0 / 40);
    assert_true(fabs(mean - again[0]) < 4 * sd / sqrt(N));
    assert_true(fabs(sqrt(square) / sd - 1) < 0.05);
    assert_ok(km_posterior_predict(posterior, 1, z + 3 * 1234, 5, 1234, NULL, one, &d), &d);
    assert_memory_equal(one, out + 6 * 1234, sizeof one);
    free(z), free(out), free(again);
}

static char *replaced(const char *text, const char *old, const char *new)
{
    const char *at = strstr(text, old);

    assert_non_null(at);
    return km_format("%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

/* What the fit file refuses. */
static void test_refused(void **state)
{
    static const char *const bad[][3] = {
        {"{\"use\": \"fit_primary\"}", "{\"use\": \"fit_primry\"}", "no row of"},
        {"{\"use\": \"fit_primary\"}", "{\"usage\": \"fit_primary\"}", "usage"},
        {"{\"use\": \"fit_primary\"}", "{\"study\": \"F\"}", "no row is fitted"},
        {"{\"use\": \"fit_primary\"}", "{\"study\": \"G\"}", "trials.tsv:12 (G, drug, mean_change at 24 h) cannot be fitted: n: it has neither"},
        {"{\"use\": \"fit_primary\"}", "{\"study\": \"E\"}", "cannot be fitted: scale: neither the score's \"scales\" nor \"outputs\" has"},
        {"\"MADRS\": 1,", "\"MADRS\": -1,", "expected points of the model's score"},
        {"\"HDRS-17\": 1.3", "\"HDRS-17\": null, \"X\": 1", ""},
        {"\"output\": \"score\"", "\"output\": \"scor\"", "did you mean \"score\""},
        {"\"baseline\": \"S0\"", "\"baseline\": \"k\"", "so that arms could not share their runs"},
        {"\"parameter\": \"L\"", "\"parameter\": \"k\"", "so that arms could not share their runs"},
        {"\"k\": {}", "\"L\": {}", "differs between controls"},
        {"\"k\": {}", "\"S0\": {}", "is the baseline, which the trials' rows give"},
        {"\"k\": {}", "\"ref\": {}", "needs a \"range\""},
        {"\"k\": {}", "\"K\": {}", "did you mean \"k\""},
        {"\"residual\": 6", "\"residual\": -6", "must be 0 or above"},
        {"\"residual\": 6", "\"residual\": {}", "needs a \"range\""},
        {"\"persistent\": 0.5", "\"persistent\": 1.5", "a share from 0 to below 1"},
        {"\"default\": \"all\"", "\"default\": \"some\"", "\"levels\" has no \"some\""},
        {"\"default\": \"all\"", "\"of\": {}", ") cannot be fitted: study_id: \"controls\" does not say which level A has"},
        {"\"fader\"", "\"faded\"", "cannot be fitted: drug: \"drugs\" has no \"fader\""},
        {"\"IV\": \"iv\"", "\"IM\": \"iv\"", "cannot be fitted: route: \"fader\" has no route \"IV\""},
        {"\"IV\": \"iv\"", "\"IV\": \"im\"", "the model has no route \"im\""},
        {"\"rows\": [", "\"leave_out\": [{\"study\": \"A\"}], \"rows\": [", "say in \"why\""},
        {"\"rows\": [", "\"assume\": [{\"study\": \"A\", \"n\": 3}], \"rows\": [", "why"},
        {"\"rows\": [", "\"assume\": [{\"study\": \"Z\", \"n\": 3, \"why\": \"x\"}], \"rows\": [", "no row of"},
        {"\"rows\": [", "\"likelihood\": {\"means\": \"cauchy\"}, \"rows\": [", "expected \"normal\" or"},
        {"\"rows\": [", "\"likelihood\": {\"means\": {\"student_t\": 0.5}}, \"rows\": [", "degrees of freedom above 1"},
        {"\"rows\": [", "\"likelihood\": {\"repeated\": 1}, \"rows\": [", "a share from 0"},
        {"\"rows\": [", "\"likelihood\": {\"no_spread\": \"guess\"}, \"rows\": [", "\"predicted\" or \"refuse\""},
        {"\"rows\": [", "\"relapse\": {\"reduction\": 2}, \"rows\": [", "a share between 0 and 1"}};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *parts = replaced(plain_parts, bad[i][0], bad[i][1]);
        km_status st = read_fit(parts, nothing);
        if (i != 6 && (st != KM_E_INPUT || strstr(d.message, bad[i][2]) == NULL))
            fail_msg("%s: expected \"%s\" in: %s", bad[i][1], bad[i][2], st == KM_OK ? "(no error)" : d.message);
        free(parts);
    }
}

/* Assumed numbers, spread by prediction, rows held out and left aside. */
static void test_assumed(void **state)
{
    static const char *const parts =
        "\"rows\": [{\"study\": [\"A\", \"G\"]}], \"hold_out\": [{\"study\": [\"C\", \"E\", \"F\"], \"recalled\": true}],"
        " \"assume\": [{\"study\": \"G\", \"n\": 25, \"schedule\": [0, 24], \"why\": \"a test\"}],"
        " \"score\": {\"output\": \"score\", \"baseline\": \"S0\", \"scales\": {\"MADRS\": 1}, \"residual\": 6}, \"parameters\": {\"k\": {}, \"E\": {}},"
        " \"controls\": {\"parameter\": \"L\", \"levels\": {\"all\": {}}, \"default\": \"all\"},"
        " \"drugs\": {\"fader\": {\"routes\": {\"IV\": \"iv\"}}}, \"likelihood\": {\"no_spread\": \"predicted\"}";
    double z[3], prior, likelihood, out[4], by_trial[5];
    (void)state;
    assert_ok(read_fit(parts, nothing), &d);
    assert_int_equal(fit->n_fitted, 4);
    assert_int_equal(fit->n_rows, 6); /* C and the recalled F; E has no output here */
    assert_int_equal(fit->n_skipped, 1);
    assert_non_null(strstr(fit->skipped[0].why, "plasma ketamine"));
    assert_true(fit->row[3].n == 25 && isnan(fit->row[3].se));
    assert_ok(km_posterior_create(fit, &on, &posterior, &d), &d);
    scores(0.03, 0.7, 0.05, z);
    assert_ok(km_posterior_evaluate(posterior, 1, z, &prior, &likelihood, &d), &d);
    assert_ok(km_posterior_predict(posterior, 1, z, 1, 0, out, NULL, &d), &d);
    assert_ok(km_posterior_pointwise(posterior, 1, z, by_trial, &d), &d);
    assert_true(fabs(by_trial[1] - km_log_normal_density(-9, out[3], 6 / sqrt(25))) < 1e-4); /* baselines of 30 do not differ */
    km_posterior_destroy(posterior);
    assert_ok(km_posterior_create_held_out(fit, &on, &posterior, &d), &d);
    assert_ok(km_posterior_predict(posterior, 1, z, 1, 0, out, NULL, &d), &d);
    assert_true(fabs(out[0] + 30 * 0.7 * exp(-24 * 0.03) * 0.95) < 0.01);
}

/* Counting twice: score and change, a difference and both its arms. */
static void test_twice(void **state)
{
    static const char *const more[] = {
        "A\tdrug\t40\tfader\tIV\t1\tmg\t\t0\tMADRS\t32\t4\t24\tmean_change\t-12\t10\t\t\t\tverified\tx\tfit_primary\n",
        "A\tdrug vs control\t80\tfader\tIV\t1\tmg\t\t0\tMADRS\t32\t4\t24\tLSM_difference_vs_control\t-8\t\t2\t\t\tverified\tx\tfit_primary\n"};
    static const char *const told[] = {"trials.tsv:13 (A, drug, mean_change at 24 h) counts twice what ", "a difference follows from the means"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        char *text = km_format("%s%s", table, more[i]);
        assert_ok(km_file_write(path[1], text, strlen(text), &d), &d);
        free(text);
        assert_int_equal(read_fit(plain_parts, nothing), KM_E_INPUT);
        assert_non_null(strstr(d.message, told[i]));
    }
}

/* Patients of one study within another: refused with both rows, unless accepted with a reason. */
static void test_overlaps(void **state)
{
    static const char *const pairs = "study\tcontains\twhy\nA\tB\tpooled\n";
    static const char *const accepted[] = {"", ", \"accepted\": [{\"studies\": [\"B\", \"A\"], \"why\": \"a test\"}]",
                                           ", \"accepted\": [{\"studies\": [\"A\", \"C\"], \"why\": \"a test\"}]",
                                           ", \"accepted\": [{\"studies\": [\"A\", \"B\"]}]"};
    char *file = km_file_join(folder, "overlaps.tsv");
    (void)state;
    assert_ok(km_file_write(file, pairs, strlen(pairs), &d), &d);
    for (int i = 0; i < 4; i++) {
        char *parts = km_format("%s, \"overlaps\": {\"file\": \"overlaps.tsv\"%s}", plain_parts, accepted[i]);
        km_status st = read_fit(parts, nothing);
        free(parts);
        if (i == 1) {
            assert_ok(st, &d);
            continue;
        }
        assert_int_equal(st, KM_E_INPUT);
        if (strstr(d.message, i == 3 ? "\"why\"" : "trials.tsv:5 (B, drug, response_rate_pct at 24 h) counts twice what ") == NULL)
            fail_msg("case %d: %s", i, d.message);
    }
    (void)unlink(file);
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scores_and_values, begin, end), cmocka_unit_test_setup_teardown(test_means, begin, end),
        cmocka_unit_test_setup_teardown(test_patients, begin, end),          cmocka_unit_test_setup_teardown(test_likelihood, begin, end),
        cmocka_unit_test_setup_teardown(test_effect, begin, end),            cmocka_unit_test_setup_teardown(test_together, begin, end),
        cmocka_unit_test_setup_teardown(test_relapse, begin, end),           cmocka_unit_test_setup_teardown(test_draws, begin, end),
        cmocka_unit_test_setup_teardown(test_refused, begin, end),           cmocka_unit_test_setup_teardown(test_assumed, begin, end),
        cmocka_unit_test_setup_teardown(test_twice, begin, end),
        cmocka_unit_test_setup_teardown(test_overlaps, begin, end)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
