/* Endpoints: kinds, windows, thresholds and their units, which key goes with which kind. */
#include "study_files.h"

static const km_endpoint *endpoint(const char *text)
{
    return &reads(with_endpoint(text))->endpoint[0];
}

static void test_defaults(void **state)
{
    const km_endpoint *e =
        endpoint("{\"name\": \"onset\", \"of\": \"effect\", \"kind\": \"first_time\", "
                 "\"when\": \">= 0.5\", \"about\": \"half effect\"}");

    (void)state;
    assert_int_equal(study->n_endpoints, 1);
    assert_string_equal(e->name, "onset");
    assert_string_equal(e->about, "half effect");
    assert_string_equal(e->unit, "h");
    assert_int_equal(e->output, km_model_find_output(study->model, "effect"));
    assert_int_equal(e->kind, KM_FIRST_TIME);
    assert_int_equal(e->compare, KM_GE);
    assert_same_double(e->threshold, 0.5);
    assert_same_double(e->after, 0.0);
    assert_same_double(e->before, 48.0);
    assert_same_double(e->hold, 0.0);
    assert_false(e->margin);
}

static void test_all_keys(void **state)
{
    const km_endpoint *e = endpoint(
        "{\"name\": \"onset\", \"of\": \"plasma\", \"kind\": \"first_time\", \"when\": \"<= 2 "
        "mg/L\", "
        "\"after\": \"60 min\", \"before\": \"1 d\", \"hold\": \"2 h\", \"margin\": true}");

    (void)state;
    assert_int_equal(e->compare, KM_LE);
    assert_same_double(e->threshold, 2000.0);
    assert_same_double(e->after, 1.0);
    assert_same_double(e->before, 24.0);
    assert_same_double(e->hold, 2.0);
    assert_true(e->margin);
    e = endpoint("{\"name\": \"late\", \"of\": \"plasma\", \"kind\": \"value\", \"at\": \"2 d\"}");
    assert_same_double(e->at, 48.0);
}

static void test_conditions(void **state)
{
    static const struct {
        const char *when;
        km_compare compare;
    } good[] = {{">= 3", KM_GE}, {">3", KM_GT}, {"  <=3 ng/mL", KM_LE}, {"< 3 ug/L ", KM_LT}};
    char text[256];

    (void)state;
    for (int i = 0; i < 4; i++) {
        const km_endpoint *e;

        (void)snprintf(
            text, sizeof text,
            "{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"time_in\", \"when\": \"%s\"}",
            good[i].when);
        e = endpoint(text);
        assert_int_equal(e->compare, good[i].compare);
        assert_same_double(e->threshold, 3.0);
    }
}

static void test_units_and_kinds(void **state)
{
    static const struct {
        const char *kind, *more, *unit;
    } row[] = {{"first_time", ", \"when\": \"> 1\"", "h"},
               {"last_time", ", \"when\": \"> 1\"", "h"},
               {"time_in", ", \"when\": \"> 1\"", "h"},
               {"max", "", "ng/mL"},
               {"min", "", "ng/mL"},
               {"time_of_max", "", "h"},
               {"time_of_min", "", "h"},
               {"integral", "", "ng/mL*h"},
               {"value", ", \"at\": 1", "ng/mL"}};
    char text[256];

    (void)state;
    for (int i = 0; i < KM_N_ENDPOINT_KINDS; i++) {
        const km_endpoint *e;

        (void)snprintf(text, sizeof text,
                       "{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"%s\"%s}", row[i].kind,
                       row[i].more);
        e = endpoint(text);
        assert_int_equal(e->kind, i);
        assert_string_equal(e->unit, row[i].unit);
        assert_string_equal(km_endpoint_kind_name((km_endpoint_kind)i), row[i].kind);
        assert_int_equal(km_endpoint_kind_find(row[i].kind), i);
    }
    assert_string_equal(
        endpoint("{\"name\": \"x\", \"of\": \"effect\", \"kind\": \"integral\"}")->unit, "h");
    assert_null(km_endpoint_kind_name(KM_N_ENDPOINT_KINDS));
    assert_int_equal(km_endpoint_kind_find("mean"), KM_N_ENDPOINT_KINDS);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {"{\"of\": \"plasma\", \"kind\": \"max\"}",
         "study.json:2:15: /endpoints/0: the key \"name\" is missing (a string)"},
        {"{\"name\": \"x\", \"kind\": \"max\"}",
         "study.json:2:15: /endpoints/0: the key \"of\" is missing (a string)"},
        {"{\"name\": \"x\", \"of\": \"plasma\"}",
         "study.json:2:15: /endpoints/0: the key \"kind\" is missing (a string)"},
        {"{\"name\": \"x\", \"of\": \"plasm\", \"kind\": \"max\"}",
         "study.json:2:35: /endpoints/0/of: the model has no output \"plasm\"; did you mean "
         "\"plasma\"?"},
        {"{\"name\": \"x\", \"of\": \"K\", \"kind\": \"max\"}",
         "study.json:2:35: /endpoints/0/of: the model has no output \"K\", though a state of that "
         "name; declare "
         "it under \"outputs\""},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"maximum\"}",
         "study.json:2:53: /endpoints/0/kind: there is no endpoint kind \"maximum\"; known are "
         "first_time, "
         "last_time, time_in, max, min, time_of_max, time_of_min, integral, value"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"frist_time\"}",
         "study.json:2:53: /endpoints/0/kind: there is no endpoint kind \"frist_time\"; did you "
         "mean "
         "\"first_time\"?"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"first_time\"}",
         "study.json:2:15: /endpoints/0: the kind \"first_time\" needs \"when\", such as \"when\": "
         "\">= 0.5\""},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"value\"}",
         "study.json:2:15: /endpoints/0: the kind \"value\" needs \"at\", such as \"at\": \"24 "
         "h\""},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"max\", \"when\": \"> 1\"}",
         "study.json:2:68: /endpoints/0/when: \"when\" does not go with the kind \"max\"; it is "
         "for first_time, "
         "last_time and time_in"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"max\", \"at\": 1}",
         "study.json:2:66: /endpoints/0/at: \"at\" does not go with the kind \"max\"; it is for "
         "value"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"time_in\", \"when\": \"> 1\", "
         "\"hold\": 1}",
         "study.json:2:87: /endpoints/0/hold: \"hold\" does not go with the kind \"time_in\"; it "
         "is for "
         "first_time"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"max\", \"margin\": true}",
         "study.json:2:70: /endpoints/0/margin: \"margin\" does not go with the kind \"max\"; it "
         "is for "
         "first_time, last_time and time_in"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"value\", \"at\": 1, \"after\": 1}",
         "study.json:2:80: /endpoints/0/after: \"after\" does not go with the kind \"value\"; it "
         "is for kinds "
         "other than value"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"value\", \"at\": \"49 h\"}",
         "study.json:2:68: /endpoints/0/at: \"at\" must not be later than the horizon, 48 h; got "
         "\"49 h\""},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"value\", \"at\": -1}",
         "study.json:2:68: /endpoints/0/at: \"at\" must not be negative, got the number -1"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"max\", \"after\": 5, \"before\": \"5 "
         "h\"}",
         "study.json:2:82: /endpoints/0/before: the window is empty: it starts after 5 h and ends "
         "before 5 h "
         "(the horizon is 48 h)"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"max\", \"after\": \"2 d\"}",
         "study.json:2:69: /endpoints/0/after: the window is empty: it starts after 48 h and ends "
         "before 48 h "
         "(the horizon is 48 h)"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"max\", \"before\": \"3 d\"}",
         "study.json:2:70: /endpoints/0/before: \"before\" must not be later than the horizon, 48 "
         "h; got \"3 "
         "d\""},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"max\", \"after\": \"t_peak\"}",
         "study.json:2:69: /endpoints/0/after: expected a time such as \"24 h\" or the name of an "
         "endpoint that stands earlier in the list, got \"t_peak\""},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"first_time\", \"when\": \"> 1\", "
         "\"after\": 40, "
         "\"hold\": 9}",
         "study.json:2:103: /endpoints/0/hold: \"hold\" is longer than the window, 8 h, so that it "
         "can never be "
         "met"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"time_in\", \"when\": \"<= half * peak\"}",
         "study.json:2:72: /endpoints/0/when: expected a multiple such as \"0.5 * peak\" or \"0.5 * "
         "trough\", got \"<= half * peak\""},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"time_in\", \"when\": \"== 1\"}",
         "study.json:2:72: /endpoints/0/when: expected >=, <=, > or < and a threshold such as \">= "
         "0.5\", got "
         "\"== 1\""},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"time_in\", \"when\": \">= \"}",
         "study.json:2:76: /endpoints/0/when: expected a quantity such as \"1 ng/mL\", got \"\""},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"time_in\", \"when\": \">= 3 h\"}",
         "study.json:2:76: /endpoints/0/when: expected a quantity such as \"1 ng/mL\", got \"3 "
         "h\""},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"time_in\", \"when\": 3}",
         "study.json:2:72: /endpoints/0/when: expected a string, got the number 3"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"time_in\", \"when\": \"> 1\", "
         "\"margin\": 1}",
         "study.json:2:89: /endpoints/0/margin: expected true or false, got the number 1"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"max\", \"befor\": 3}",
         "study.json:2:69: /endpoints/0/befor: unknown key \"befor\"; did you mean \"before\"?"},
        {"{\"name\": \"1x\", \"of\": \"plasma\", \"kind\": \"max\"}",
         "study.json:2:24: /endpoints/0/name: the name of an endpoint begins with a letter and has "
         "only letters, "
         "digits and _, got \"1x\""},
        {"{\"name\": \"status\", \"of\": \"plasma\", \"kind\": \"max\"}",
         "study.json:2:24: /endpoints/0/name: \"status\" clashes with the array \"status\" of "
         "every map; choose "
         "another name"},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"max\"}, {\"name\": \"x\", \"of\": "
         "\"plasma\", "
         "\"kind\": \"min\"}",
         "study.json:2:70: /endpoints/1/name: two endpoints are named \"x\""},
        {"{\"name\": \"x\", \"of\": \"plasma\", \"kind\": \"max\"}, {\"name\": \"x_state\", "
         "\"of\": \"plasma\", "
         "\"kind\": \"min\"}",
         "study.json:2:70: /endpoints/1/name: \"x_state\" clashes with the endpoint \"x\", which "
         "is stored with "
         "x_state and x_margin; choose another name"},
        {"\"max\"", "study.json:2:15: /endpoints/0: expected an object, got \"max\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuses(with_endpoint(bad[i].text), bad[i].expected);
}

/* A model without states is looked at at time 0 only. */
static void test_no_states(void **state)
{
    (void)state;
    reads("{\"model\": \"point.json\", \"endpoints\": [{\"name\": \"y\", \"of\": \"y\", \"kind\": "
          "\"value\", "
          "\"at\": 0}, {\"name\": \"z\", \"of\": \"y\", \"kind\": \"max\"}]}");
    assert_same_double(study->horizon, 0.0);
    assert_same_double(study->endpoint[0].at, 0.0);
    assert_same_double(study->endpoint[1].before, 0.0);
    refuses("{\"model\": \"point.json\", \"endpoints\": [{\"name\": \"y\", \"of\": \"y\", "
            "\"kind\": \"value\", "
            "\"at\": 1}]}",
            "study.json:1:87: /endpoints/0/at: \"at\" must not be later than the horizon, 0 h; got "
            "the number 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_conditions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_units_and_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_states, setup, teardown),
    };

    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
