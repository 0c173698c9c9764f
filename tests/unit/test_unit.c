/* Units and quantities: scales, dimensions, sentences. */
#include "cmocka_all.h"

#include "model/unit.h"

#include <stdlib.h>

static km_unit unit(const char *text)
{
    km_diag d;
    km_unit u;

    km_diag_init(&d);
    assert_ok(km_unit_parse(text, &u, &d), &d);
    return u;
}

static void is(const char *text, double scale, const char *dimension)
{
    km_unit u = unit(text);
    char *words = km_unit_dimension_text(&u);

    assert_same_double(u.scale, scale);
    assert_string_equal(words, dimension);
    free(words);
}

static void refuses(const char *text, const char *message)
{
    km_diag d;
    km_unit u;

    km_diag_init(&d);
    assert_int_equal(km_unit_parse(text, &u, &d), KM_E_INPUT);
    assert_string_equal(d.message, message);
}

static void test_scales(void **state)
{
    (void)state;
    is("mg", 1e-3, "mass^1");
    is("kg", 1e3, "mass^1");
    is("ug", 1e-6, "mass^1");
    is("ng/mL", 1e-6, "mass^1 volume^-1"); /* exactly ug/L */
    is("ug/L", 1e-6, "mass^1 volume^-1");
    is("uM", 1e-6, "amount^1 volume^-1");
    is("umol/L", 1e-6, "amount^1 volume^-1");
    is("kL", 1e3, "volume^1");
    is("L/h", 1.0, "volume^1 time^-1");
    is("1/h", 1.0, "time^-1");
    is("1/min", 60.0, "time^-1");
    is("h^-1", 1.0, "time^-1");
    is("min", 1.0 / 60.0, "time^1");
    is("s", 1.0 / 3600.0, "time^1");
    is("d", 24.0, "time^1");
    is("wk", 168.0, "time^1");
    is("mmHg", 1.0, "pressure^1");
    is("g/mol", 1.0, "mass^1 amount^-1");
}

static void test_dimensionless(void **state)
{
    (void)state;
    is("-", 1.0, "dimensionless");
    is("1", 1.0, "dimensionless");
    is("rel.", 1.0, "dimensionless");
    is("points", 1.0, "dimensionless");
    is("%", 0.01, "dimensionless");
    is("mg/kg", 1e-6, "dimensionless");
    is("points/h", 1.0, "time^-1");
    is("mg^0", 1.0, "dimensionless");
}

/* a/b/c is (a/b)/c and a/b*c is (a/b)*c. */
static void test_left_to_right(void **state)
{
    (void)state;
    is("L/h/kg", 1e-3, "mass^-1 volume^1 time^-1");
    is("mg/h*h", 1e-3, "mass^1");
    is("g*h/L", 1.0, "mass^1 volume^-1 time^1");
    is("mg^2/L^-1", 1e-6, "mass^2 volume^1");
    is(" mg / L ", 1e-3, "mass^1 volume^-1");
}

static void test_sentences(void **state)
{
    (void)state;
    refuses("ml", "unknown unit \"ml\"; did you mean \"mL\"?");
    refuses("L/hr", "unknown unit \"hr\" in \"L/hr\"; did you mean \"h\"?");
    refuses("days", "unknown unit \"days\"; did you mean \"d\"?");
    refuses("\xC2\xB5g", "unknown unit \"\xC2\xB5g\"; did you mean \"ug\"?");
    refuses("m", "unknown unit \"m\"; did you mean \"min\"?");
    refuses("furlong",
            "unknown unit \"furlong\"; known are g mol L M (with prefixes n u m k), h min s d wk, "
            "mmHg, %, points, rel. and -");
    refuses("kh", "unknown unit \"kh\"; did you mean \"kg\"?");
    refuses("", "the unit is empty; a dimensionless unit is \"-\"");
    refuses("mg/", "expected a unit at the end in \"mg/\"");
    refuses("/h", "expected a unit before every * / and ^ in \"/h\"");
    refuses("mg//h", "expected a unit before every * / and ^ in \"mg//h\"");
    refuses("mg kg", "expected * or / before \"kg\" in the unit \"mg kg\"");
    refuses("mg^x", "expected a whole number from -9 to 9 after ^ in \"mg^x\"");
    refuses("mg^99", "expected a whole number from -9 to 9 after ^ in \"mg^99\"");
    refuses("wk^9*wk^9*wk^9*wk^9*wk^9*wk^9*wk^9*wk^9*wk^9*wk^9*wk^9*wk^9*wk^9",
            "the unit \"wk^9*wk^9*wk^9*wk^9*...\" is longer than 63 characters");
    refuses("nM^9*nM^9*nM^9*nM^9*nM^9*nM^9*nM^9*nM^9",
            "the unit \"nM^9*nM^9*nM^9*nM^9*nM^9*nM^9*nM^9*nM^9\" is too large or too small to "
            "compute with");
}

static void test_algebra(void **state)
{
    km_unit mass = unit("mg"), volume = unit("L"), concentration = unit("mg/L"), back;

    (void)state;
    back = km_unit_divide(mass, volume);
    assert_true(km_unit_same_dimension(&back, &concentration));
    assert_same_double(back.scale, concentration.scale);
    back = km_unit_multiply(back, volume);
    assert_true(km_unit_same_dimension(&back, &mass));
    assert_same_double(back.scale, mass.scale);
    assert_false(km_unit_same_dimension(&mass, &volume));
}

static void test_quantities(void **state)
{
    static const struct {
        const char *text, *unit;
        double number;
    } good[] = {{"0.5 mg/kg", "mg/kg", 0.5},
                {"40 min", "min", 40.0},
                {"-1e-3", "", -1e-3},
                {"  7", "", 7.0},
                {"3h", "h", 3.0},
                {".5 d", "d", 0.5},
                {"+2 %", "%", 2.0},
                {"0 h", "h", 0.0},
                {"1 1/h", "1/h", 1.0}};
    static const char *const bad[] = {"",       "mg", "nan h", "inf h", "-inf",
                                      "0x10 h", "-",  ". h",   "half"};
    km_diag d;
    const char *text;
    double number;
    size_t i;

    (void)state;
    km_diag_init(&d);
    for (i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(km_quantity_parse(good[i].text, &number, &text, &d), &d);
        assert_same_double(number, good[i].number);
        assert_string_equal(text, good[i].unit);
    }
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(km_quantity_parse(bad[i], &number, &text, &d), KM_E_INPUT);
    assert_string_equal(d.message,
                        "expected a number and a unit such as \"0.5 mg/kg\", got \"half\"");
    assert_int_equal(km_quantity_parse("1e999 h", &number, &text, &d), KM_E_INPUT);
    assert_string_equal(d.message,
                        "the number in \"1e999 h\" does not fit a double-precision number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scales),        cmocka_unit_test(test_dimensionless),
        cmocka_unit_test(test_left_to_right), cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_algebra),       cmocka_unit_test(test_quantities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
