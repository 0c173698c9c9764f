/* Numbers with units: what converts to what, exactly, and what is refused with which words. */
#include "study_files.h"

#include "study/quantity.h"

#include <math.h>

static km_model *model;

static int model_setup(void **state)
{
    assert_int_equal(setup(state), 0);
    assert_ok(km_model_parse("model.json", study_model, &model, &d), &d);
    return 0;
}

static int model_teardown(void **state)
{
    km_model_destroy(model);
    model = NULL;
    return teardown(state);
}

static km_quantity quantity(const char *text, km_target target)
{
    km_place place = {.label = "--set x", .text = text};
    km_quantity q;

    assert_ok(km_quantity_read(&place, &target, &q, &d), &d);
    return q;
}

static void is(const char *text, km_target target, double value, bool per_kg, const char *unit)
{
    km_quantity q = quantity(text, target);

    assert_same_double(q.number * q.factor, value);
    assert_int_equal(q.per_kg, per_kg);
    assert_string_equal(q.unit, unit);
    km_quantity_clear(&q);
}

static void is_refused(const char *text, km_target target, const char *expected)
{
    km_place place = {.label = "--set x", .text = text};
    km_quantity q;

    assert_int_equal(km_quantity_read(&place, &target, &q, &d), KM_E_INPUT);
    assert_string_equal(d.message, expected);
}

static void test_times(void **state)
{
    km_target time = km_target_time(model);

    (void)state;
    is("24", time, 24.0, false, "h");
    is("24 h", time, 24.0, false, "h");
    is("24h", time, 24.0, false, "h");
    is("  24  h ", time, 24.0, false, "h");
    is("42 d", time, 1008.0, false, "d");
    is("2 wk", time, 336.0, false, "wk");
    is("30 min", time, 0.5, false, "min");
    is("-1e1 h", time, -10.0, false, "h");
    is_refused("24 mg", time, "--set x: expected a time such as \"24 h\", got \"24 mg\"");
    is_refused("h", time, "--set x: expected a time such as \"24 h\", got \"h\"");
    is_refused("", time, "--set x: expected a time such as \"24 h\", got \"\"");
    is_refused("nan", time, "--set x: expected a time such as \"24 h\", got \"nan\"");
    is_refused("1e999", time, "--set x: expected a time such as \"24 h\", got \"1e999\"");
    is_refused("24 hh", time, "--set x: unknown unit \"hh\"; did you mean \"h\"?");
    is_refused("1e308 wk", time, "--set x: the number is too large");
}

static void test_amounts(void **state)
{
    km_target amt = km_target_field(model, KM_FIELD_AMT);

    (void)state;
    is("50", amt, 50.0, false, "mg");
    is("50 mg", amt, 50.0, false, "mg");
    is("0.5 mg/kg", amt, 0.5, true, "mg/kg");
    is("0.5 mg / kg", amt, 0.5, true, "mg / kg");
    is("500 ug/kg", amt, 0.5, true, "ug/kg");
    is("1 g", amt, 1000.0, false, "g");
    is_refused("3 umol", amt,
               "--set x: expected an amount such as \"50 mg\" or \"0.5 mg/kg\", got \"3 umol\"");
    is_refused("3 umol/kg", amt,
               "--set x: expected an amount such as \"50 mg\" or \"0.5 mg/kg\", got \"3 umol/kg\"");
    is_refused("0.5 mg/g", amt,
               "--set x: expected an amount such as \"50 mg\" or \"0.5 mg/kg\", got \"0.5 mg/g\"");
    is_refused(
        "0.5 mg/kg/h", amt,
        "--set x: expected an amount such as \"50 mg\" or \"0.5 mg/kg\", got \"0.5 mg/kg/h\"");
    is_refused("0.5 mgg/kg", amt, "--set x: unknown unit \"mgg\"; did you mean \"mg\"?");
}

static void test_rates(void **state)
{
    km_target rate = km_target_field(model, KM_FIELD_RATE);

    (void)state;
    is("20", rate, 20.0, false, "mg/h");
    is("20 mg/h", rate, 20.0, false, "mg/h");
    is("0.3 mg/kg/h", rate, 0.3, true, "mg/kg/h");
    is("0.3 mg/h/kg", rate, 0.3, true, "mg/h/kg");
    is("1 mg/min", rate, 60.0, false, "mg/min");
    is_refused("20 mg", rate,
               "--set x: expected a rate such as \"20 mg/h\" or \"0.3 mg/kg/h\", got \"20 mg\"");
}

static void test_parameters_and_outputs(void **state)
{
    km_target volume = km_target_parameter(model, km_model_find_parameter(model, "V"));
    km_target gain = km_target_parameter(model, km_model_find_parameter(model, "gain"));
    km_target plasma = km_target_output(model, km_model_find_output(model, "plasma"));

    (void)state;
    is("100", volume, 100.0, false, "L");
    is("100 mL", volume, 0.1, false, "mL");
    is("2", gain, 2.0, false, "-");
    is("50 %", gain, 0.5, false, "%");
    is("3 ug/L", plasma, 3.0, false, "ug/L");
    is("3 mg/L", plasma, 3000.0, false, "mg/L");
    is_refused("3 h", volume, "--set x: expected a quantity such as \"1 L\", got \"3 h\"");
    is_refused("3 h", gain,
               "--set x: expected a number without a dimension such as 0.5, got \"3 h\"");
    is_refused("0.5 mg/kg", volume,
               "--set x: expected a quantity such as \"1 L\", got \"0.5 mg/kg\"");
}

static void test_a_model_without_weight(void **state)
{
    km_model *plain = NULL;
    km_target amt, rate;

    (void)state;
    assert_ok(km_model_parse("plain.json", plain_model, &plain, &d), &d);
    amt = km_target_field(plain, KM_FIELD_AMT);
    rate = km_target_field(plain, KM_FIELD_RATE);
    is("3", amt, 3.0, false, "umol");
    is("48 umol/h", rate, 1152.0, false, "umol/h");
    is_refused("3 mg", amt, "--set x: expected an amount such as \"50 umol\", got \"3 mg\"");
    is_refused(
        "3 umol/kg", amt,
        "--set x: \"3 umol/kg\" needs a body weight, and the model's dose names no \"weight\" "
        "parameter; write an amount that is not per kg");
    km_model_destroy(plain);
}

/* JSON values: a number is bare, other kinds are refused, offsets point into the string. */
static void test_places(void **state)
{
    static const char text[] = "[1.5, \"2 d\", true, \">= 7 mg\", null, {}]";
    km_json_file *file = NULL;
    const km_json *root;
    km_target time = km_target_time(model);
    km_place inner;
    km_quantity q;
    double value = 0.0;

    (void)state;
    assert_ok(km_json_parse("f.json", text, &file, &d), &d);
    root = km_json_root(file);
    assert_ok(km_quantity_value(&root->child[0], &time, &value, &d), &d);
    assert_same_double(value, 1.5);
    assert_ok(km_quantity_value(&root->child[1], &time, &value, &d), &d);
    assert_same_double(value, 48.0);
    assert_int_equal(km_quantity_value(&root->child[2], &time, &value, &d), KM_E_INPUT);
    assert_string_equal(d.message, "f.json:1:14: /2: expected a time such as \"24 h\", got true");
    inner = (km_place){.node = &root->child[3], .text = "7 mg", .offset = 3};
    assert_int_equal(km_quantity_read(&inner, &time, &q, &d), KM_E_INPUT);
    assert_string_equal(d.message,
                        "f.json:1:24: /3: expected a time such as \"24 h\", got \"7 mg\"");
    assert_int_equal(km_quantity_value(&root->child[4], &time, &value, &d), KM_E_INPUT);
    assert_int_equal(km_quantity_value(&root->child[5], &time, &value, &d), KM_E_INPUT);
    assert_same_double(value, 48.0); /* failures leave it */
    km_json_destroy(file);
}

static void test_whole_numbers(void **state)
{
    static const char text[] = "[1, 1.5, -1, \"2\", 1e18, 7]";
    km_json_file *file = NULL;
    const km_json *root;
    long n = 0;

    (void)state;
    assert_ok(km_json_parse("f.json", text, &file, &d), &d);
    root = km_json_root(file);
    assert_ok(km_quantity_whole(&root->child[0], "n", 1, 7, &n, &d), &d);
    assert_int_equal(n, 1);
    for (int i = 1; i < 5; i++)
        assert_int_equal(km_quantity_whole(&root->child[i], "n", 1, 7, &n, &d), KM_E_INPUT);
    assert_string_equal(
        d.message, "f.json:1:19: /4: n must be a whole number from 1 to 7, got the number 1e+18");
    assert_ok(km_quantity_whole(&root->child[5], "n", 1, 7, &n, &d), &d);
    assert_int_equal(n, 7);
    km_json_destroy(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_times, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_amounts, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_rates, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_parameters_and_outputs, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_a_model_without_weight, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_places, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_whole_numbers, model_setup, model_teardown),
    };

    return cmocka_run_group_tests_name("quantity", tests, NULL, NULL);
}
