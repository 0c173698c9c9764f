/* Dose records: fields, defaults, what cannot stand together, paths. */
#include "study_files.h"

#include "study/regimen.h"

#include <math.h>

static void test_a_full_record(void **state)
{
    const km_record *r =
        &reads(with_record("\"id\": \"load\", \"amt\": \"0.5 mg/kg\", \"tinf\": \"40 min\", "
                           "\"time\": \"1 h\", \"ii\": \"6 h\", \"addl\": 5, "
                           "\"delay\": \"30 min\", \"skip\": [4, 1]"))
             ->record[0];

    (void)state;
    assert_int_equal(study->n_records, 1);
    assert_string_equal(r->id, "load");
    assert_int_equal(r->route, km_model_find_route(study->model, "iv"));
    assert_true(r->amt_per_kg);
    assert_false(r->rate_per_kg);
    assert_same_double(r->field[KM_FIELD_AMT], 0.5);
    assert_same_double(r->field[KM_FIELD_TINF], 40.0 * (1.0 / 60.0));
    assert_same_double(r->field[KM_FIELD_TIME], 1.0);
    assert_same_double(r->field[KM_FIELD_II], 6.0);
    assert_same_double(r->field[KM_FIELD_ADDL], 5.0);
    assert_same_double(r->field[KM_FIELD_DELAY], 0.5);
    assert_same_double(r->field[KM_FIELD_RATE], 0.0);
    assert_true(r->given[KM_FIELD_TINF]);
    assert_false(r->given[KM_FIELD_RATE]);
    assert_int_equal(r->n_skip, 2);
    assert_int_equal(r->skip[0], 1);
    assert_int_equal(r->skip[1], 4);
    assert_int_equal(d.n_warnings, 0);
}

static void test_defaults(void **state)
{
    const km_record *r;

    (void)state;
    r = &reads(with_record("\"amt\": 50"))->record[0];
    assert_null(r->id);
    assert_same_double(r->field[KM_FIELD_AMT], 50.0);
    assert_false(r->amt_per_kg);
    for (int f = KM_FIELD_TIME; f < KM_N_FIELDS; f++) {
        assert_same_double(r->field[f], 0.0);
        assert_false(r->given[f]);
    }
    assert_int_equal(reads(with(one_endpoint))->n_records, 0); /* placebo */
    /* the only route need not be named */
    r = &reads("{\"model\": \"plain.json\", \"horizon\": 3, \"regimen\": [{\"amt\": \"2 umol\", "
               "\"rate\": \"1 umol/d\"}]}")
             ->record[0];
    assert_int_equal(r->route, 0);
    assert_same_double(r->field[KM_FIELD_RATE], 1.0);
}

static void test_refused_records(void **state)
{
    (void)state;
    refuses(
        with_record(""),
        "study.json:2:13: /regimen/0: the key \"amt\" is missing (an amount such as \"50 mg\")");
    refuses(with_record("\"amt\": -1"),
            "study.json:2:36: /regimen/0/amt: \"amt\" must not be negative");
    refuses(with_record("\"amt\": 1, \"time\": \"-1 h\""),
            "study.json:2:47: /regimen/0/time: \"time\" must not be negative");
    refuses(with_record("\"amt\": 1, \"time\": \"5 mg\""),
            "study.json:2:47: /regimen/0/time: expected a time such as \"24 h\", got \"5 mg\"");
    refuses(with_record("\"amt\": 1, \"tinf\": 1, \"rate\": 1"),
            "study.json:2:13: /regimen/0: regimen[0] has both \"tinf\" and \"rate\" (axes and "
            "--set count); an "
            "infusion is given by one of them");
    refuses(with_record("\"amt\": 1, \"ss\": 1"), "study.json:2:45: /regimen/0/ss: \"ss\" is not "
                                                  "supported: write the doses that lead to steady "
                                                  "state with \"ii\" and \"addl\"");
    refuses(with_record("\"amt\": 1, \"evid\": 1"),
            "study.json:2:47: /regimen/0/evid: \"evid\" is not supported: every record is a dose");
    refuses(
        with_record("\"amt\": 1, \"cmt\": 1"),
        "study.json:2:46: /regimen/0/cmt: \"cmt\" is not supported: name a \"route\" of the model");
    refuses(with_record("\"amt\": 1, \"dur\": 1"),
            "study.json:2:46: /regimen/0/dur: \"dur\" is not supported: write the duration of an "
            "infusion as "
            "\"tinf\"");
    refuses(with_record("\"amt\": 1, \"tinff\": 1"),
            "study.json:2:48: /regimen/0/tinff: unknown key \"tinff\"; did you mean \"tinf\"?");
    refuses(with_record("\"amt\": 1, \"id\": \"2nd\""),
            "study.json:2:45: /regimen/0/id: an id begins with a letter and has only letters, "
            "digits and _, "
            "got \"2nd\"");
    refuses(with("\"regimen\": [{\"amt\": 1}]"), "study.json:2:13: /regimen/0: the key \"route\" "
                                                 "is missing; the model has \"iv\", \"oral\"");
    refuses(with("\"regimen\": [{\"amt\": 1, \"route\": \"orall\"}]"),
            "study.json:2:33: /regimen/0/route: the model has no route \"orall\"; did you mean "
            "\"oral\"?");
    refuses(with("\"regimen\": [{\"amt\": 1, \"route\": \"subcutaneous\"}]"),
            "study.json:2:33: /regimen/0/route: the model has no route \"subcutaneous\"; it has "
            "\"iv\", "
            "\"oral\"");
    refuses(with("\"regimen\": [3]"),
            "study.json:2:13: /regimen/0: expected a dose record such as {\"amt\": "
            "\"50 mg\"}, got the number 3");
    refuses(with("\"regimen\": {}"), "study.json:2:12: /regimen: the key \"csv\" is missing (a string)");
    refuses(with("\"regimen\": [{\"id\": \"a\", \"route\": \"iv\", \"amt\": 1}, {\"id\": \"a\", "
                 "\"route\": "
                 "\"iv\", \"amt\": 1}]"),
            "study.json:2:58: /regimen/1/id: the id \"a\" is already that of regimen[0]");
    refuses("{\"model\": \"point.json\", \"regimen\": [{\"amt\": 1}]}",
            "study.json:1:36: /regimen: the model takes no doses: it has no \"dose\"; leave out "
            "\"regimen\"");
}

static void test_repeats(void **state)
{
    (void)state;
    refuses(with_record("\"amt\": 1, \"addl\": 2"),
            "study.json:2:13: /regimen/0: the key \"ii\" is missing: "
            "\"addl\" repeats the dose every \"ii\"");
    refuses(
        with_record("\"amt\": 1, \"addl\": 2, \"ii\": 0"),
        "study.json:2:13: /regimen/0: \"ii\" must be larger than 0 when \"addl\" repeats the dose");
    refuses(with_record("\"amt\": 1, \"addl\": 2.5, \"ii\": 1"),
            "study.json:2:47: /regimen/0/addl: \"addl\" must be a whole number from 0 to 100000, "
            "got 2.5");
    refuses(with_record("\"amt\": 1, \"addl\": 100001, \"ii\": 1"),
            "study.json:2:47: /regimen/0/addl: \"addl\" must be a whole number from 0 to 100000, "
            "got 100001");
    refuses(with_record("\"amt\": 1, \"addl\": \"2 h\", \"ii\": 1"),
            "study.json:2:47: /regimen/0/addl: expected a number without a dimension such as 0.5, "
            "got \"2 h\"");
    refuses(with_record("\"amt\": 1, \"addl\": 2, \"ii\": 1, \"skip\": [3]"),
            "study.json:2:67: /regimen/0/skip: the doses are numbered from 0 to addl = 2; there is "
            "no dose 3 "
            "to skip");
    refuses(with_record("\"amt\": 1, \"addl\": 2, \"ii\": 1, \"skip\": [1, 1]"),
            "study.json:2:67: /regimen/0/skip: \"skip\" lists the dose 1 twice");
    refuses(with_record("\"amt\": 1, \"addl\": 2, \"ii\": 1, \"skip\": [0.5]"),
            "study.json:2:68: /regimen/0/skip/0: a dose to skip must be a whole number from 0 to "
            "100000, got "
            "the number 0.5");
    refuses(with_record("\"amt\": 1, \"skip\": 3"),
            "study.json:2:47: /regimen/0/skip: expected an array, got the number 3");
    assert_int_equal(reads(with_record("\"amt\": 1, \"skip\": []"))->record[0].n_skip, 0);
}

static void test_warnings(void **state)
{
    (void)state;
    /* doses at 0, 24.5, 48.5, 72.5, 96.5 of a 48 h horizon; number 3 is skipped anyway */
    reads(with_record("\"amt\": 1, \"ii\": \"24 h\", \"addl\": 4, \"delay\": 0.5, \"skip\": [3]"));
    assert_int_equal(warnings("/regimen: 2 doses are at or after the horizon (48 h) and left out"),
                     1);
    reads(with_record("\"amt\": 1, \"time\": 48"));
    assert_int_equal(warnings("1 dose is at or after the horizon"), 1);
    reads(with_record("\"amt\": 1, \"time\": 47.9"));
    assert_int_equal(d.n_warnings, 0);
    reads(with_record("\"amt\": 1, \"ii\": 24"));
    assert_int_equal(warnings("\"ii\" has no effect, since \"addl\" is 0"), 1);
}

static const char two_records[] = "\"regimen\": [{\"route\": \"iv\", \"amt\": \"50 mg\"}, {\"id\": "
                                  "\"rescue\", \"route\": \"oral\", \"amt\": "
                                  "\"1 mg/kg\", \"time\": \"12 h\"}]";

static void test_paths(void **state)
{
    const char *text = with(two_records);

    (void)state;
    assert_same_double(reads_set(text, "regimen[0].amt=75mg")->record[0].field[KM_FIELD_AMT], 75.0);
    assert_same_double(reads_set(text, "regimen[1].time = 1 d")->record[1].field[KM_FIELD_TIME],
                       24.0);
    assert_same_double(
        reads_set(text, "regimen.rescue.tinf=30 min")->record[1].field[KM_FIELD_TINF], 0.5);
    assert_true(study->record[1].given[KM_FIELD_TINF]);
    assert_true(reads_set(text, "regimen[0].amt=2 mg/kg")->record[0].amt_per_kg);
    assert_int_equal(
        warnings("the amt of this record was not per kg of body weight in the study and is per kg"),
        1);
    refuses_set(
        text, "regimen[2].amt=1",
        "--set regimen[2].amt=1: there is no regimen[2]; the regimen has 2 records, from 0");
    refuses_set(
        text, "regimen[-1].amt=1",
        "--set regimen[-1].amt=1: there is no regimen[-1]; the regimen has 2 records, from 0");
    refuses_set(
        text, "regimen[99999999999999999999].amt=1",
        "--set regimen[99999999999999999999].amt=1: there is no regimen[99999999999999999999]; the "
        "regimen has 2 records, from 0");
    refuses_set(
        text, "regimen.rescu.amt=1",
        "--set regimen.rescu.amt=1: no record has the id \"rescu\"; did you mean \"rescue\"?");
    refuses_set(
        text, "regimen.x.amt=1",
        "--set regimen.x.amt=1: no record has the id \"x\"; write regimen[0] for the first record");
    refuses_set(text, "regimen[0].amnt=1",
                "--set regimen[0].amnt=1: a record has no field \"amnt\" that can vary; did you "
                "mean \"amt\"?");
    refuses_set(text, "regimen[0].zeros=1",
                "--set regimen[0].zeros=1: a record has no field \"zeros\" that can vary; it has "
                "amt, time, "
                "tinf, rate, ii, addl and delay");
    refuses_set(
        text, "regimen[0].route=1",
        "--set regimen[0].route=1: the route of a record cannot vary; write a study for each");
    refuses_set(text, "regimen[0]amt=1",
                "--set regimen[0]amt=1: \"regimen[0]amt\" is not a field of the regimen; write "
                "\"regimen[0].amt\" or \"regimen.ID.amt\"");
    refuses_set(text, "regimen.amt=1",
                "--set regimen.amt=1: \"regimen.amt\" is not a field of the regimen; write "
                "\"regimen[0].amt\" or \"regimen.ID.amt\"");
    refuses_set(
        text, "regimen[0].addl=3",
        "study.json:2:13: /regimen/0: the key \"ii\" is missing: \"addl\" repeats the dose every "
        "\"ii\"");
    refuses_set(text, "regimen[0].amt=-3", "--set regimen[0].amt=-3: \"amt\" must not be negative");
    text = with(one_endpoint);
    refuses_set(text, "regimen[0].amt=1", "--set regimen[0].amt=1: the study has no dose records");
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(km_field_name(KM_FIELD_AMT), "amt");
    assert_string_equal(km_field_name(KM_FIELD_DELAY), "delay");
    assert_true(km_regimen_is_word("a_1"));
    assert_false(km_regimen_is_word(""));
    assert_false(km_regimen_is_word("_a"));
    assert_false(km_regimen_is_word("a-b"));
    assert_false(km_regimen_is_path("regimen"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_full_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_repeats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warnings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words, setup, teardown),
    };

    return cmocka_run_group_tests_name("regimen", tests, NULL, NULL);
}
