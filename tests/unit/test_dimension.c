/* Units of equations: what fits, what is told and where. */
#include "cmocka_all.h"

#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The warnings of a model whose output "y", in `unit`, is `equation`; joined by newlines. Caller frees. */
static char *warnings(const char *equation, const char *unit)
{
    char text[4096], *all = calloc(1, 8192);
    km_model *m = NULL;
    km_diag d;

    km_diag_init(&d);
    (void)snprintf(text, sizeof text,
                   "{\"name\": \"m\", \"functions\": {\"hill(x,n)\": \"x^n/(1+x^n)\"},\n"
                   " \"parameters\": {\"CL\": {\"value\": 1, \"unit\": \"L/h\"}, \"V\": {\"value\": 1, \"unit\": \"L\"},\n"
                   "  \"k\": {\"value\": 1, \"unit\": \"1/h\"}, \"fast\": {\"value\": 1, \"unit\": \"1/min\"}, \"MM\": {\"value\": 238, \"unit\": \"g/mol\"},\n"
                   "  \"C50\": {\"value\": 1, \"unit\": \"umol/L\"}, \"n\": {\"value\": 2, \"unit\": \"-\"}, \"part\": {\"value\": 5, \"unit\": \"%%\"},\n"
                   "  \"bare\": {\"value\": 3}},\n"
                   " \"states\": {\"A\": {\"initial\": \"0\", \"rate\": \"-CL/V*A\", \"unit\": \"umol\"}},\n"
                   " \"outputs\": {\"y\": {\"value\": \"%s\", \"unit\": \"%s\"},\n"
                   "  \"all\": \"hill(A/V/C50,n)*CL*bare*V*fast*k*MM*part\"}}",
                   equation, unit);
    assert_int_equal(km_model_parse("m.json", text, &m, &d), KM_OK);
    for (size_t i = 0; i < d.n_warnings; i++) {
        strcat(all, d.warning[i]);
        strcat(all, "\n");
    }
    km_model_destroy(m);
    km_diag_clear(&d);
    return all;
}

static void fits(const char *equation, const char *unit)
{
    char *said = warnings(equation, unit);

    if (said[0] != '\0')
        print_error("%s in %s: %s", equation, unit, said);
    assert_string_equal(said, "");
    free(said);
}

static void tells(const char *equation, const char *unit, const char *words)
{
    char *said = warnings(equation, unit);

    if (strstr(said, words) == NULL)
        print_error("%s in %s: expected \"%s\" in: %s", equation, unit, words, said);
    assert_non_null(strstr(said, words));
    if (strchr(strchr(said, '\n') + 1, '\n'))
        print_error("%s in %s: more than one sentence: %s", equation, unit, said);
    assert_null(strchr(strchr(said, '\n') + 1, '\n')); /* one sentence */
    free(said);
}

static void test_sums_and_comparisons(void **state)
{
    (void)state;
    fits("A/V+C50", "umol/L");
    fits("0+A", "umol");
    fits("A-0*V", "umol");
    fits("if(A/V > C50, A, 2*A)", "umol");
    fits("max(A, 0)", "umol");
    fits("if(A > 3, 1, 2)", "-");
    fits("V/CL+1/k", "h");
    tells("A+V", "umol", "m.json:7:31: /outputs/y/value: adds umol and L");
    tells("A-CL", "umol", "subtracts umol and L/h");
    tells("if(A > C50, 1, 2)", "-", "compares umol and umol/L");
    tells("if(A > 0, A, V)", "umol", "chooses between umol and L");
    tells("min(A, C50*CL)", "umol", "takes the smaller or larger of umol and umol/h");
    tells("k+fast", "1/h", "adds 1/h and 60 1/h, which differ by a factor of 60");
    tells("1+A/A+k", "-", "adds - and 1/h");
}

static void test_powers_and_functions(void **state)
{
    (void)state;
    fits("A^2", "umol^2");
    fits("sqrt(V*V)", "L");
    fits("(V/V)^0.75", "-");
    fits("hill(A/V/C50, n)", "-");
    fits("exp(-k*t)", "-");
    fits("posp(A/V/C50, n, 1e-9)", "-");
    fits("abs(-A)", "umol");
    tells("V^0.75", "-", "the base of a power whose exponent is no whole number is in L");
    tells("2^V", "-", "the exponent is in L");
    tells("exp(t)", "-", "the argument is in h; it must be a plain number");
    tells("pow1p(A, n)", "-", "the argument is in umol");
    tells("sqrt(V)", "-", "is in L; it must be a plain number");
    tells("log(C50)", "-", "m.json:7:30: /outputs/y/value: the argument is in umol/L");
}

static void test_declared_units(void **state)
{
    (void)state;
    fits("A/V*MM", "ng/mL");
    fits("3.5", "ng/mL");
    fits("1000*A/V", "nmol/L");
    fits("A/1000/V", "mmol/L");
    fits("100*(A/V/C50)", "%");
    fits("fast*60", "1/h");
    tells("A/V", "nmol/L", "the output \"y\" should be in 0.001 umol/L and is in umol/L; multiply by 1000");
    tells("A", "umol/L", "should be in umol/L and is in umol");
    tells("part", "-", "should be in - and is in 0.01 -; multiply by 0.01");
}

/* What has no declared unit fits everywhere. */
static void test_what_says_nothing(void **state)
{
    (void)state;
    fits("bare*A", "umol/L");
    fits("bare+A", "umol");
    fits("exp(bare*t)", "-");
}

static void test_rates_and_the_rest(void **state)
{
    static const char text[] =
        "{\"name\": \"m\", \"time_unit\": \"d\",\n"
        " \"parameters\": {\"k\": {\"value\": 1, \"unit\": \"1/h\"}, \"lag\": {\"value\": 1, \"unit\": \"h\"}, \"F\": {\"value\": 1, \"unit\": \"L\"}},\n"
        " \"derived\": {\"twice\": {\"value\": \"2*k\", \"unit\": \"1/d\"}},\n"
        " \"breaks\": [\"k\"],\n"
        " \"states\": {\"A\": {\"initial\": \"F\", \"rate\": \"-k*A\", \"unit\": \"mg\", \"scale\": \"lag\"}},\n"
        " \"outputs\": {\"out\": {\"value\": \"A*twice\", \"unit\": \"mg/d\"}},\n"
        " \"routes\": {\"iv\": [{\"into\": \"A\", \"fraction\": \"F\", \"lag\": \"lag\"}]}, \"dose\": {\"amount\": \"amt\", \"unit\": \"mg\"}}";
    static const char *const words[] = {
        "m.json:3:33: /derived/twice/value: \"twice\" should be in 1/d and is in 24 1/d; multiply by 24",
        "m.json:5:30: /states/A/initial: the initial value of \"A\" should be in mg and is in L",
        "/states/A/rate: the rate of \"A\" should be in mg/d and is in 24 mg/d; multiply by 24",
        "/states/A/scale: the scale of \"A\" should be in mg and is in 0.0416667 d",
        "/breaks/0: a time in \"breaks\" should be in d and is in 24 1/d",
        "/routes/iv/0/fraction: a fraction should be in - and is in L",
        "/routes/iv/0/lag: a lag should be in d and is in 0.0416667 d; multiply by 0.0416667"};
    km_model *m = NULL;
    km_diag d;

    (void)state;
    km_diag_init(&d);
    assert_int_equal(km_model_parse("m.json", text, &m, &d), KM_OK);
    assert_int_equal(d.n_warnings, 7);
    for (int i = 0; i < 7; i++) {
        bool found = false;
        for (size_t k = 0; k < d.n_warnings; k++)
            found = found || strstr(d.warning[k], words[i]) != NULL;
        if (!found)
            print_error("expected \"%s\" among: %s ...\n", words[i], d.warning[0]);
        assert_true(found);
    }
    km_model_destroy(m);
    km_diag_clear(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_and_comparisons), cmocka_unit_test(test_powers_and_functions),
        cmocka_unit_test(test_declared_units),       cmocka_unit_test(test_what_says_nothing),
        cmocka_unit_test(test_rates_and_the_rest),
    };

    return cmocka_run_group_tests_name("dimension", tests, NULL, NULL);
}
