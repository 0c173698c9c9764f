/* Patients: their laws against closed forms, their correlations, and what the block refuses. */
#include "cmocka_all.h"

#include "base/memory.h"
#include "study/population.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const text_of_model =
    "{\"name\": \"m\", \"parameters\": {\"CL\": {\"value\": 80, \"unit\": \"L/h\", \"range\": [50, 120], \"variability\": {\"cv\": 0.3}},\n"
    " \"V\": {\"value\": 100, \"unit\": \"L\"}, \"F\": {\"value\": 0.4}, \"S\": {\"value\": 30, \"variability\": {\"sd\": 6, \"law\": \"normal\"}}},\n"
    " \"outputs\": {\"y\": \"CL/V*F*S\"}}";

static km_diag d;
static km_model *model;
static km_json_file *block;
static km_population *p;

static km_status take(const char *text)
{
    km_population_destroy(p);
    p = NULL;
    km_json_destroy(block);
    block = NULL;
    assert_ok(km_json_parse("study.json", text, &block, &d), &d);
    return km_population_read(model, km_json_root(block), 1, &p, &d);
}

static int begin(void **state)
{
    (void)state;
    km_diag_init(&d);
    assert_ok(km_model_parse("model.json", text_of_model, &model, &d), &d);
    return 0;
}

static int end(void **state)
{
    (void)state;
    km_population_destroy(p);
    km_json_destroy(block);
    km_model_destroy(model);
    km_diag_clear(&d);
    p = NULL, block = NULL;
    return 0;
}

static double score(size_t j, int i) { return p->score[j * (size_t)p->n_scores + (size_t)i]; }

static double mean_product(int a, int b)
{
    double sum = 0.0;

    for (size_t j = 0; j < p->n; j++)
        sum += score(j, a) * score(j, b);
    return sum / (double)p->n;
}

/* Without "of": what the model says, in the order of its parameters. */
static void test_default(void **state)
{
    (void)state;
    assert_ok(take("{\"n\": 1024}"), &d);
    assert_int_equal(p->n_traits, 2);
    assert_int_equal(p->trait[0].kind, KM_LAW_LOGNORMAL);
    assert_true(fabs(p->trait[0].sd - sqrt(log(1.09))) < 1e-15);
    assert_int_equal(p->trait[1].kind, KM_LAW_NORMAL);
    assert_true(p->trait[1].sd == 6.0 && !p->trait[1].bounded);
    assert_int_equal(p->n_quantiles, 3);
    assert_true(p->quantile[0] == 0.05 && p->quantile[2] == 0.95);
}

/* A net's mean and spread are the law's: median = typical value, mean exp(s^2/2) times it. */
static void test_moments(void **state)
{
    (void)state;
    assert_ok(take("{\"n\": 4096, \"of\": {\"CL\": {}, \"F\": {\"law\": \"logit-normal\", \"sd\": 0.5}, \"S\": {\"sd\": 6, \"range\": [25, 60]}}}"), &d);
    double mean = 0.0, below = 0.0, share = 0.0, low = 1e9, cut = 0.0;
    for (size_t j = 0; j < p->n; j++) {
        double cl = km_trait_value(&p->trait[0], 80.0, score(j, 0)), s = km_trait_value(&p->trait[2], 30.0, score(j, 2));
        mean += cl / 4096.0;
        below += (cl < 80.0) / 4096.0;
        share += (km_trait_value(&p->trait[1], 0.4, score(j, 1)) < 1.0 / (1.0 + exp(-(log(0.4 / 0.6) + 0.5)))) / 4096.0;
        low = s < low ? s : low;
        cut += s / 4096.0;
    }
    assert_true(fabs(mean - 80.0 * sqrt(1.09)) < 0.02);
    assert_true(fabs(below - 0.5) < 1e-12);
    assert_true(fabs(share - 0.841344746) < 1.0 / 2048.0);
    assert_true(low >= 25.0 && low < 25.02);
    /* a normal of mean 30 and sd 6 between 25 and 60 has the mean 30 + 6 (phi(a) - phi(b))/(Phi(b) - Phi(a)) */
    double a = -5.0 / 6.0, b = 5.0, phi = exp(-a * a / 2) / sqrt(2 * acos(-1.0)), gap = 0.5 * (erfc(a / sqrt(2.0)) - erfc(b / sqrt(2.0)));
    assert_true(fabs(cut - (30.0 + 6.0 * (phi - 1.4867195e-6) / gap)) < 0.01);
}

static void test_correlation(void **state)
{
    static const char *const stream[] = {"sobol", "random"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        char *text = km_format("{\"n\": 16384, \"stream\": \"%s\", \"seed\": \"7\", \"of\": {\"CL\": {}, \"V\": {\"cv\": 0.2}, \"S\": {}},"
                               " \"correlation\": [[\"CL\", \"V\", 0.48], [\"S\", \"V\", -0.6]]}", stream[i]);
        double bound = i == 0 ? 0.01 : 5.0 / sqrt(16384.0);
        assert_ok(take(text), &d);
        free(text);
        assert_true(fabs(mean_product(0, 1) - 0.48) < bound);
        assert_true(fabs(mean_product(1, 2) + 0.6) < bound);
        assert_true(fabs(mean_product(0, 2)) < bound);
        assert_true(fabs(mean_product(1, 3)) < bound); /* a column of the caller's */
        assert_true(fabs(mean_product(3, 3) - 1.0) < bound);
        for (int k = 0; k < 3; k++)
            assert_true(fabs(mean_product(k, k) - 1.0) < bound);
    }
}

/* A patient does not depend on how many there are. */
static void test_prefix(void **state)
{
    double first[48];
    (void)state;
    assert_ok(take("{\"n\": 16, \"seed\": \"3\"}"), &d);
    memcpy(first, p->score, sizeof first);
    assert_ok(take("{\"n\": 500, \"seed\": \"3\"}"), &d);
    assert_memory_equal(first, p->score, sizeof first);
    assert_ok(take("{\"n\": 16, \"seed\": \"4\"}"), &d);
    assert_true(memcmp(first, p->score, sizeof first) != 0);
}

/* No such typical value: no number is made up. Far outside its range the law is at the range's end. */
static void test_values_without_a_law(void **state)
{
    km_trait t = {.kind = KM_LAW_LOGNORMAL, .sd = 0.3};
    (void)state;
    assert_true(isnan(km_trait_value(&t, 0.0, 0.0)));
    t.kind = KM_LAW_LOGIT_NORMAL;
    assert_true(isnan(km_trait_value(&t, 1.0, 0.0)));
    t = (km_trait){.kind = KM_LAW_NORMAL, .sd = 1.0, .bounded = true, .low = 0.0, .high = 1.0};
    assert_true(km_trait_value(&t, 1e3, 0.0) == 1.0);
    assert_true(km_trait_value(&t, -1e3, 0.0) == 0.0);
    assert_true(fabs(km_trait_value(&t, 0.5, 0.0) - 0.5) < 1e-15);
    assert_true(km_trait_value(&t, -20.0, 0.0) > 0.02 && km_trait_value(&t, -20.0, 0.0) < 0.05);
    assert_true(fabs(km_trait_value(&t, -20.0, 0.7) + km_trait_value(&t, 21.0, -0.7) - 1.0) < 1e-9);
}

static void test_refused(void **state)
{
    static const char *const bad[][2] = {
        {"{}", "\"n\""},
        {"{\"n\": 1}", "the number of patients"},
        {"{\"n\": 64, \"kind\": 1}", "kind"},
        {"{\"n\": 64, \"stream\": \"halton\"}", "\"sobol\" or \"random\""},
        {"{\"n\": 64, \"seed\": 1}", "a seed is a string of digits"},
        {"{\"n\": 64, \"of\": {}}", "nothing differs between patients"},
        {"{\"n\": 64, \"of\": {\"Cl\": {}}}", "did you mean \"CL\""},
        {"{\"n\": 64, \"of\": {\"V\": {}}}", "says nothing of how \"V\" differs"},
        {"{\"n\": 64, \"of\": {\"V\": {\"cv\": 0}}}", "must be larger than 0"},
        {"{\"n\": 64, \"of\": {\"V\": {\"cv\": 0.1, \"sd\": 3}}}", "\"cv\""},
        {"{\"n\": 64, \"of\": {\"V\": {\"law\": \"uniform\", \"sd\": 3}}}", "patients follow the law"},
        {"{\"n\": 64, \"of\": {\"V\": {\"law\": \"lognormal\", \"sd\": 3}}}", "its \"cv\""},
        {"{\"n\": 64, \"of\": {\"V\": {\"sd\": 3, \"range\": [4, 2]}}}", "larger than 4"},
        {"{\"n\": 64, \"of\": {\"F\": {\"law\": \"logit-normal\", \"sd\": 3, \"range\": [0, 2]}}}", "within 0 and 1"},
        {"{\"n\": 64, \"correlation\": [[\"CL\", \"V\", 0.5]]}", "\"V\" does not differ"},
        {"{\"n\": 64, \"correlation\": [[\"CL\", \"CL\", 0.5]]}", "with itself"},
        {"{\"n\": 64, \"correlation\": [[\"CL\", \"S\", 1]]}", "between -1 and 1"},
        {"{\"n\": 64, \"correlation\": [[\"CL\", \"S\", 0.1], [\"S\", \"CL\", 0.1]]}", "stands twice"},
        {"{\"n\": 64, \"of\": {\"CL\": {}, \"V\": {\"cv\": 1}, \"S\": {}}, \"correlation\": [[\"CL\", \"V\", 0.9], [\"V\", \"S\", 0.9],"
         " [\"CL\", \"S\", -0.9]]}", "not positive definite): those of \"S\""},
        {"{\"n\": 64, \"quantiles\": [0.5, 0.2]}", "quantiles ascend"},
        {"{\"n\": 64, \"quantiles\": [1]}", "between 0 and 1"}};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(take(bad[i][0]), KM_E_INPUT);
        if (strstr(d.message, bad[i][1]) == NULL)
            fail_msg("%s: expected \"%s\" in: %s", bad[i][0], bad[i][1], d.message);
        assert_non_null(strstr(d.message, ".json:"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_default, begin, end),       cmocka_unit_test_setup_teardown(test_moments, begin, end),
        cmocka_unit_test_setup_teardown(test_correlation, begin, end),   cmocka_unit_test_setup_teardown(test_prefix, begin, end),
        cmocka_unit_test_setup_teardown(test_values_without_a_law, begin, end),
        cmocka_unit_test_setup_teardown(test_refused, begin, end)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
