/* What JSON is refused, where the message points, and that values arrive unchanged. */
#include "cmocka_all.h"

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static km_diag d;
static km_json_file *file;

static int setup(void **state)
{
    (void)state;
    km_diag_init(&d);
    file = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    km_json_destroy(file);
    km_diag_clear(&d);
    return 0;
}

static const km_json *parse(const char *text)
{
    assert_ok(km_json_parse("f.json", text, &file, &d), &d);
    return km_json_root(file);
}

static void refuses(const char *text, const char *message)
{
    km_json_file *none = (km_json_file *)&d; /* must become NULL */

    assert_int_equal(km_json_parse("f.json", text, &none, &d), KM_E_INPUT);
    assert_null(none);
    assert_string_equal(d.message, message);
}

static void test_values_and_places(void **state)
{
    const km_json *root =
        parse("{\n  \"a\": [1, -2.5e3,\ttrue, null],\n\"b\":{\"c/d~\":\"x\\u00e9\\n\"}}");
    const km_json *a = km_json_find(root, "a"), *b = km_json_find(root, "b");
    char *where;

    (void)state;
    assert_int_equal(root->kind, KM_JSON_OBJECT);
    assert_int_equal(root->n, 2);
    assert_int_equal(a->n, 4);
    assert_same_double(a->child[1].number, -2500.0);
    assert_true(a->child[2].boolean);
    assert_int_equal(a->child[3].kind, KM_JSON_NULL);
    assert_int_equal(a->child[1].line, 2);
    assert_int_equal(a->child[1].column, 12);
    assert_string_equal(b->child[0].string, "x\xC3\xA9\n");
    assert_ptr_equal(b->child[0].parent, b);
    assert_null(km_json_find(root, "A"));
    assert_null(km_json_find(a, "a"));

    where = km_json_where(&a->child[2]);
    assert_string_equal(where, "f.json:2:20: /a/2");
    free(where);
    where = km_json_where(&b->child[0]);
    assert_string_equal(where, "f.json:3:13: /b/c~1d~0");
    free(where);
    where = km_json_where(root);
    assert_string_equal(where, "f.json:1:1");
    free(where);
}

static void test_empty_containers(void **state)
{
    const km_json *root = parse(" [ { } , [ ] , \"\" ] ");

    (void)state;
    assert_int_equal(root->n, 3);
    assert_int_equal(root->child[0].n, 0);
    assert_int_equal(root->child[1].n, 0);
    assert_string_equal(root->child[2].string, "");
}

static void test_syntax_errors(void **state)
{
    (void)state;
    refuses("", "f.json:1:1: not valid JSON: expected a value, got the end of the text");
    refuses("{\"a\":1,}", "f.json:1:8: not valid JSON: expected another key after the comma, or no comma, got '}'");
    refuses("[1,]", "f.json:1:4: not valid JSON: expected another value after the comma, or no comma, got ']'");
    refuses("[1 2]", "f.json:1:4: not valid JSON: expected ',' or ']', got '2'");
    refuses("{\"a\":1\n\"b\":2}", "f.json:2:1: not valid JSON: expected ',' or '}', got '\"'");
    refuses("{\"a\" 1}", "f.json:1:6: not valid JSON: expected ':' after a key, got '1'");
    refuses("{a:1}", "f.json:1:2: not valid JSON: expected a key in double quotes or '}', got 'a'");
    refuses("[tru]",
            "f.json:1:2: not valid JSON: expected a value (text goes in double quotes), got 't'");
    refuses("[abc]", "f.json:1:2: not valid JSON: expected a value, got 'a'");
    refuses("[1] x", "f.json:1:5: not valid JSON: expected nothing after the value, got 'x'");
    refuses("{} {}", "f.json:1:4: not valid JSON: expected nothing after the value, got '{'");
    refuses("// no\n1", "f.json:1:1: not valid JSON: expected a value, got '/'");
    refuses("[1", "f.json:1:3: not valid JSON: expected ',' or ']', got the end of the text");
    refuses("\xEF\xBB\xBF{}",
            "f.json:1:1: starts with a byte order mark; save it as UTF-8 without one");
    refuses("[\x01]", "f.json:1:2: not valid JSON: expected a value, got the byte 0x01");
}

static void test_numbers_refused(void **state)
{
    (void)state;
    refuses("[01]", "f.json:1:3: not valid JSON: expected no digit after a leading 0, got '1'");
    refuses("[1.]",
            "f.json:1:4: not valid JSON: expected a digit after the decimal point, got ']'");
    refuses("[.5]", "f.json:1:2: not valid JSON: expected a value, got '.'");
    refuses("[+1]", "f.json:1:2: not valid JSON: expected a value, got '+'");
    refuses("[-]", "f.json:1:3: not valid JSON: expected a digit, got ']'");
    refuses("[1e]", "f.json:1:4: not valid JSON: expected a digit in the exponent, got ']'");
    refuses("[NaN]", "f.json:1:2: not valid JSON: expected a value, got 'N'");
    refuses("[Infinity]", "f.json:1:2: not valid JSON: expected a value, got 'I'");
    refuses("[0x10]", "f.json:1:3: not valid JSON: expected ',' or ']', got 'x'");
    refuses("{\"a\":[1,1e999]}",
            "f.json:1:9: /a/1: the number 1e999 does not fit a double-precision number");
    refuses("[-1e-999]",
            "f.json:1:2: /0: the number -1e-999 does not fit a double-precision number");
    refuses("[1.0000000000000000000000000000000000000000000000000000000000000000]",
            "f.json:1:2: the number 1.00000000000000000000000000000000000000... is longer than 60 "
            "characters");
}

static void test_strings_refused(void **state)
{
    (void)state;
    refuses("[\"a\\x\"]",
            "f.json:1:5: not valid JSON: expected one of \" \\ / b f n r t u after a backslash "
            "in a string, got 'x'");
    refuses("[\"a\nb\"]",
            "f.json:1:4: not valid JSON: expected a closing quote (inside a string write \\n and "
            "\\t), got a line break");
    refuses("[\"\\u0000\"]",
            "f.json:1:3: not valid JSON: expected a character other than \\u0000, got '\\'");
    refuses("[\"\\u12g4\"]",
            "f.json:1:3: not valid JSON: expected four hexadecimal digits after \\u, got '\\'");
    refuses("[\"\\udc00\"]",
            "f.json:1:3: not valid JSON: expected the first half of a \\u pair before its second "
            "half, got '\\'");
    refuses("[\"\\ud800x\"]",
            "f.json:1:9: not valid JSON: expected the second half of a \\u pair, got 'x'");
    refuses("[\"\xFF\"]", "f.json:1:3: not valid JSON: expected UTF-8 text, got the byte 0xff");
    refuses("[\"\xC0\xAF\"]", "f.json:1:3: not valid JSON: expected UTF-8 text, got the byte 0xc0");
    refuses("[\"\xED\xA0\x80\"]",
            "f.json:1:3: not valid JSON: expected UTF-8 text, got the byte 0xed");
    refuses(
        "[\"abc",
        "f.json:1:6: not valid JSON: expected a closing quote (inside a string write \\n and \\t), "
        "got the end of the text");
}

static void test_duplicate_keys(void **state)
{
    (void)state;
    refuses("{\"b\":1,\n\"a\":{\"x\":1,\"y\":2,\n \"x\":3}}",
            "f.json:3:6: /a/x: the key \"x\" is given twice, first on line 2");
    refuses("{\"k\":1,\"\\u006b\":2}",
            "f.json:1:17: /k: the key \"k\" is given twice, first on line 1");
}

static void test_depth(void **state)
{
    char deep[4001];

    (void)state;
    memset(deep, '[', 2000);
    memset(deep + 2000, ']', 2000);
    deep[4000] = '\0';
    refuses(deep, "f.json:1:101: nested deeper than 100 levels");
    memset(deep + 1900, '[', 100);
    assert_ok(km_json_parse("f.json", (deep[2100] = '\0', deep + 1900), &file, &d), &d);
}

static void test_unknown_keys(void **state)
{
    static const char *const keys[] = {"model", "horizon", "regimen", NULL};
    const km_json *root = parse("{\"$schema\":\"s\",\"model\":1,\n\"horizn\":2}");

    (void)state;
    assert_int_equal(km_json_allow(root, keys, &d), KM_E_INPUT);
    assert_string_equal(d.message,
                        "f.json:2:10: /horizn: unknown key \"horizn\"; did you mean \"horizon\"?");
    km_json_destroy(file);
    root = parse("{\"zzz\":2}");
    assert_int_equal(km_json_allow(root, keys, &d), KM_E_INPUT);
    assert_string_equal(
        d.message, "f.json:1:8: /zzz: unknown key \"zzz\"; known here: \"model\", \"horizon\", "
                   "\"regimen\"");
    assert_int_equal(km_json_allow(&root->child[0], keys, &d), KM_E_INPUT);
    assert_string_equal(d.message, "f.json:1:8: /zzz: expected an object, got the number 2");
}

static void test_access(void **state)
{
    const km_json *root = parse("{\"n\":0.1,\"s\":\"text\",\"b\":true,\"z\":null,\"a\":[]}");
    const km_json *node = root;
    const char *text = "before";
    double number = 7.0;
    bool flag = false;

    (void)state;
    assert_ok(km_json_get_number(root, "n", &number, &d), &d);
    assert_same_double(number, 0.1);
    assert_ok(km_json_get_string(root, "s", &text, &d), &d);
    assert_string_equal(text, "text");
    assert_ok(km_json_get_bool(root, "b", &flag, &d), &d);
    assert_true(flag);
    number = 7.0;
    assert_ok(km_json_get_number(root, "absent", &number, &d), &d);
    assert_same_double(number, 7.0);
    assert_ok(km_json_get(root, "absent", KM_JSON_ARRAY, &node, &d), &d);
    assert_ptr_equal(node, root);

    assert_int_equal(km_json_get_number(root, "s", &number, &d), KM_E_INPUT);
    assert_string_equal(d.message, "f.json:1:14: /s: expected a number, got \"text\"");
    assert_int_equal(km_json_get_string(root, "n", &text, &d), KM_E_INPUT);
    assert_string_equal(d.message, "f.json:1:6: /n: expected a string, got the number 0.1");
    assert_int_equal(km_json_get_bool(root, "z", &flag, &d), KM_E_INPUT);
    assert_string_equal(d.message, "f.json:1:34: /z: expected true or false, got null");
    assert_int_equal(km_json_get_number(root, "a", &number, &d), KM_E_INPUT);
    assert_string_equal(d.message, "f.json:1:43: /a: expected a number, got an empty array");
    assert_int_equal(km_json_need(root, "rate", KM_JSON_STRING, &node, &d), KM_E_INPUT);
    assert_null(node);
    assert_string_equal(d.message, "f.json:1:1: the key \"rate\" is missing (a string)");
}

/* The column of an offset into a string's value counts the bytes of its escapes. */
static void test_fail_at(void **state)
{
    const km_json *root = parse("{\n \"rate\": \"a\\n\\u00e9\\ud83d\\ude00+b\"}");
    const km_json *rate = km_json_find(root, "rate");

    (void)state;
    assert_int_equal(strlen(rate->string), 10); /* a \n e-acute(2) emoji(4) + b */
    (void)km_json_fail_at(rate, 0, &d, "here");
    assert_string_equal(d.message, "f.json:2:11: /rate: here");
    (void)km_json_fail_at(rate, 1, &d, "here");
    assert_string_equal(d.message, "f.json:2:12: /rate: here");
    (void)km_json_fail_at(rate, 2, &d, "here");
    assert_string_equal(d.message, "f.json:2:14: /rate: here");
    (void)km_json_fail_at(rate, 4, &d, "here");
    assert_string_equal(d.message, "f.json:2:20: /rate: here");
    (void)km_json_fail_at(rate, 8, &d, "unexpected '%c'", rate->string[8]);
    assert_string_equal(d.message, "f.json:2:32: /rate: unexpected '+'");
    (void)km_json_fail_at(rate, 99, &d, "here"); /* beyond the end: at the closing quote */
    assert_string_equal(d.message, "f.json:2:34: /rate: here");
}

/* Every double survives printing with 17 digits and reading. */
static void test_numbers_round_trip(void **state)
{
    uint64_t seed = 20260101, i;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (i = 0; i < 20000; i++) {
        uint64_t bits;
        double x;
        char text[64];
        km_json_file *one = NULL;

        seed = seed * 6364136223846793005U + 1442695040888963407U;
        bits = seed ^ (seed >> 29);
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x))
            continue;
        (void)snprintf(text, sizeof text, "[%.17g]", x);
        assert_ok(km_json_parse("n", text, &one, &d), &d);
        assert_same_double(km_json_root(one)->child[0].number, x);
        km_json_destroy(one);
    }
}

/* Quoting and reading give the text back; every byte but NUL, and random UTF-8. */
static void test_quote_round_trip(void **state)
{
    char text[3 * 127 + 8] = "";
    char *quoted;
    size_t n = 0;
    int c;

    (void)state;
    for (c = 1; c < 128; c++)
        text[n++] = (char)c;
    memcpy(text + n, "\xC3\xA9\xE2\x82\xAC", 6);
    quoted = km_json_quote(text);
    assert_string_equal(parse(quoted)->string, text);
    free(quoted);
}

/* Any prefix of a valid text, and any text with one byte changed, is read or refused with a
 * sentence. */
static void test_damaged_text(void **state)
{
    const char *text =
        "{\"a\": [1.5e-3, \"x\\u00e9\\ud83d\\ude00\", true, null], \"b\": {\"c\": {}}}";
    size_t n = strlen(text), i;
    int byte;

    (void)state;
    for (i = 0; i < n; i++) {
        char *copy = km_strdup(text);

        copy[i] = '\0';
        assert_int_equal(km_json_parse("f", copy, &file, &d), KM_E_INPUT);
        memcpy(copy, text, n);
        for (byte = 1; byte < 256; byte++) {
            km_status st;

            copy[i] = (char)byte;
            st = km_json_parse("f", copy, &file, &d);
            assert_true(st == KM_OK || st == KM_E_INPUT);
            assert_true((st == KM_OK) == (file != NULL));
            km_json_destroy(file);
            file = NULL;
        }
        free(copy);
    }
}

static void test_read(void **state)
{
    char path[] = "test_json.json";

    (void)state;
    assert_ok(km_file_write(path, "{\"a\":\n [1,\"\0\"]}", 15, &d), &d);
    assert_int_equal(km_json_read(path, &file, &d), KM_E_INPUT);
    assert_string_equal(d.message, "test_json.json:2:6: not a text file: contains a zero byte");
    assert_ok(km_file_write(path, " [1]\n", 5, &d), &d);
    assert_ok(km_json_read(path, &file, &d), &d);
    assert_string_equal(km_json_text(file), " [1]\n");
    assert_string_equal(km_json_name(file), path);
    km_json_destroy(file);
    file = NULL;
    (void)unlink(path);
    assert_int_equal(km_json_read(path, &file, &d), KM_E_IO);
    assert_string_equal(d.message, "cannot read \"test_json.json\": No such file or directory");
}

static void test_describe(void **state)
{
    const km_json *root =
        parse("[0.1, 1e300, \"a\", true, null, [1], {}, "
              "\"0123456789012345678901234567890123456789012345678901234567890123456789\"]");
    static const char *const text[] = {
        "the number 0.1", "the number 1e+300",
        "\"a\"",          "true",
        "null",           "an array",
        "an object",      "\"012345678901234567890123456789012345678901234567890123456...\""};
    size_t i;

    (void)state;
    for (i = 0; i < root->n; i++)
        assert_string_equal(km_json_describe(&root->child[i]), text[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_and_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_containers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_syntax_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strings_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duplicate_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_access, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fail_at, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quote_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_describe, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
