/* A recursive-descent parser; one function per level of precedence. */
#include "model/parser.h"

#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_LIMIT = 200, ARGUMENT_LIMIT = 8, NAME_LIMIT = 128 };

typedef struct builtin {
    const char *name;
    km_op op;
    int n_arguments;
} builtin;

static const builtin builtins[] = {
    {"exp", KM_OP_EXP, 1},     {"log", KM_OP_LOG, 1},     {"log10", KM_OP_LOG10, 1},
    {"log1p", KM_OP_LOG1P, 1}, {"expm1", KM_OP_EXPM1, 1}, {"sqrt", KM_OP_SQRT, 1},
    {"abs", KM_OP_ABS, 1},     {"min", KM_OP_MIN, 2},     {"max", KM_OP_MAX, 2},
    {"sin", KM_OP_SIN, 1},     {"cos", KM_OP_COS, 1},     {"tan", KM_OP_TAN, 1},
    {"asin", KM_OP_ASIN, 1},   {"acos", KM_OP_ACOS, 1},   {"atan", KM_OP_ATAN, 1},
    {"sinh", KM_OP_SINH, 1},   {"cosh", KM_OP_COSH, 1},   {"tanh", KM_OP_TANH, 1},
    {"floor", KM_OP_FLOOR, 1}, {"ceil", KM_OP_CEIL, 1},   {"posp", KM_OP_POSP, 3},
    {"pow1p", KM_OP_POW1P, 2}, {"if", KM_OP_IF, 3}};

km_op km_builtin_find(const char *name, int *n_arguments)
{
    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
        if (strcmp(builtins[i].name, name) == 0) {
            *n_arguments = builtins[i].n_arguments;
            return builtins[i].op;
        }
    return KM_N_OPS;
}

const char *const *km_builtin_names(void)
{
    static const char *names[sizeof builtins / sizeof *builtins + 1];

    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
        names[i] = builtins[i].name;
    return names;
}

km_status km_parser_fail(km_parser *parser, size_t offset, const char *format, ...)
{
    char message[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return km_json_fail_at(parser->place, offset, parser->diag, "%s", message);
}

km_expr km_parser_make(km_parser *p, km_op op, size_t offset, km_expr a, km_expr b, km_expr c)
{
    km_expr out = km_make(p->pool, op, a, b, c);

    if (p->scope->operation)
        p->scope->operation(p, op, offset, a, b, c, out);
    return out;
}

static void skip_space(km_parser *p)
{
    while (isspace((unsigned char)p->text[p->at]))
        p->at++;
}

/* True, and moves on, if the text goes on with `sign`. */
static bool accept(km_parser *p, const char *sign)
{
    size_t n = strlen(sign);

    skip_space(p);
    if (strncmp(p->text + p->at, sign, n) != 0)
        return false;
    p->at += n;
    return true;
}

static km_status expected(km_parser *p, const char *what)
{
    char c = p->text[p->at];

    if (c == '\0')
        return km_parser_fail(p, p->at, "expected %s, but the expression ends here", what);
    if (!isprint((unsigned char)c))
        return km_parser_fail(p, p->at, "expected %s, got the byte 0x%02x", what, (unsigned char)c);
    return km_parser_fail(p, p->at, "expected %s, got \"%c\"", what, c);
}

static km_status parse_or(km_parser *p, km_expr *out);

static km_status parse_number(km_parser *p, km_expr *out)
{
    const char *end = NULL;
    double value = km_text_number(p->text + p->at, &end);
    size_t start = p->at;

    if (p->text[start] == '0' && (p->text[start + 1] == 'x' || p->text[start + 1] == 'X'))
        return km_parser_fail(p, start, "hexadecimal numbers are not part of the language; write a decimal one");

    p->at = (size_t)(end - p->text);
    if (!isfinite(value))
        return km_parser_fail(p, start, "the number %.*s is too large", (int)(p->at - start), p->text + start);
    if (isalnum((unsigned char)p->text[p->at]) || p->text[p->at] == '_' || p->text[p->at] == '.')
        return km_parser_fail(p, start, "\"%.*s\" is not a number; write a product with *",
                              (int)(p->at - start + 1), p->text + start);
    *out = km_number(p->pool, value);
    return KM_OK;
}

static km_status parse_call(km_parser *p, const char *name, size_t start, km_expr *out)
{
    km_expr argument[ARGUMENT_LIMIT];
    km_status st = KM_OK;
    int n = 0;

    if (!accept(p, ")")) {
        do {
            if (n == ARGUMENT_LIMIT)
                return km_parser_fail(p, start, "%s has more than %d arguments", name, (int)ARGUMENT_LIMIT);
            st = parse_or(p, &argument[n++]);
            if (st != KM_OK)
                return st;
        } while (accept(p, ","));
        if (!accept(p, ")"))
            return expected(p, "\")\" or \",\"");
    }
    return p->scope->call(p, name, start, argument, n, out);
}

static km_status parse_name(km_parser *p, km_expr *out)
{
    char name[NAME_LIMIT];
    size_t start = p->at, n = 0;

    while (isalnum((unsigned char)p->text[p->at]) || p->text[p->at] == '_') {
        if (n + 1 == sizeof name)
            return km_parser_fail(p, start, "a name has at most %d characters", (int)NAME_LIMIT - 1);
        name[n++] = p->text[p->at++];
    }
    name[n] = '\0';
    if (accept(p, "("))
        return parse_call(p, name, start, out);
    return p->scope->name(p, name, start, out);
}

static km_status parse_atom(km_parser *p, km_expr *out)
{
    km_status st;
    unsigned char c;

    skip_space(p);
    c = (unsigned char)p->text[p->at];
    if (isdigit(c) || (c == '.' && isdigit((unsigned char)p->text[p->at + 1])))
        return parse_number(p, out);
    if (isalpha(c))
        return parse_name(p, out);
    if (accept(p, "(")) {
        st = parse_or(p, out);
        if (st != KM_OK)
            return st;
        return accept(p, ")") ? KM_OK : expected(p, "\")\"");
    }
    return expected(p, "a number, a name or \"(\"");
}

static km_status parse_unary(km_parser *p, km_expr *out);

static km_status parse_power(km_parser *p, km_expr *out)
{
    km_expr base, exponent;
    km_status st = parse_atom(p, &base);
    size_t sign;

    if (st != KM_OK)
        return st;
    if (!accept(p, "^")) {
        *out = base;
        return KM_OK;
    }
    sign = p->at - 1;
    st = parse_unary(p, &exponent);
    if (st == KM_OK)
        *out = km_parser_make(p, KM_OP_POW, sign, base, exponent, -1);
    return st;
}

static km_status parse_unary(km_parser *p, km_expr *out)
{
    km_op op = KM_N_OPS;
    km_status st;

    if (++p->depth > DEPTH_LIMIT)
        return km_parser_fail(p, p->at, "the expression is nested more than %d levels deep", (int)DEPTH_LIMIT);
    skip_space(p);
    if (accept(p, "-"))
        op = KM_OP_NEG;
    else if (p->text[p->at] == '!' && p->text[p->at + 1] != '=' && accept(p, "!"))
        op = KM_OP_NOT;
    else if (accept(p, "+"))
        op = KM_OP_ADD;
    st = op == KM_N_OPS ? parse_power(p, out) : parse_unary(p, out);
    if (st == KM_OK && (op == KM_OP_NEG || op == KM_OP_NOT))
        *out = km_parser_make(p, op, p->at, *out, -1, -1);
    p->depth--;
    return st;
}

static km_status parse_product(km_parser *p, km_expr *out)
{
    km_status st = parse_unary(p, out);
    km_expr right;

    while (st == KM_OK) {
        km_op op = accept(p, "*") ? KM_OP_MUL : accept(p, "/") ? KM_OP_DIV : KM_N_OPS;
        size_t sign = p->at - 1;
        if (op == KM_N_OPS)
            break;
        st = parse_unary(p, &right);
        if (st == KM_OK)
            *out = km_parser_make(p, op, sign, *out, right, -1);
    }
    return st;
}

static km_status parse_sum(km_parser *p, km_expr *out)
{
    km_status st = parse_product(p, out);
    km_expr right;

    while (st == KM_OK) {
        km_op op = accept(p, "+") ? KM_OP_ADD : accept(p, "-") ? KM_OP_SUB : KM_N_OPS;
        size_t sign = p->at - 1;
        if (op == KM_N_OPS)
            break;
        st = parse_product(p, &right);
        if (st == KM_OK)
            *out = km_parser_make(p, op, sign, *out, right, -1);
    }
    return st;
}

static km_op accept_comparison(km_parser *p)
{
    return accept(p, "<=")   ? KM_OP_LE
           : accept(p, ">=") ? KM_OP_GE
           : accept(p, "==") ? KM_OP_EQ
           : accept(p, "!=") ? KM_OP_NE
           : accept(p, "<")  ? KM_OP_LT
           : accept(p, ">")  ? KM_OP_GT
                             : KM_N_OPS;
}

static km_status parse_comparison(km_parser *p, km_expr *out)
{
    km_status st = parse_sum(p, out);
    km_expr right;
    km_op op;
    size_t sign;

    if (st == KM_OK)
        skip_space(p);
    sign = p->at;
    if (st != KM_OK || (op = accept_comparison(p)) == KM_N_OPS)
        return st;
    st = parse_sum(p, &right);
    if (st != KM_OK)
        return st;
    *out = km_parser_make(p, op, sign, *out, right, -1);
    if (accept_comparison(p) != KM_N_OPS)
        return km_parser_fail(p, p->at, "comparisons do not chain; write \"a < b && b < c\"");
    return KM_OK;
}

static km_status parse_and(km_parser *p, km_expr *out)
{
    km_status st = parse_comparison(p, out);
    km_expr right;

    while (st == KM_OK && accept(p, "&&")) {
        st = parse_comparison(p, &right);
        if (st == KM_OK)
            *out = km_parser_make(p, KM_OP_AND, p->at, *out, right, -1);
    }
    return st;
}

static km_status parse_or(km_parser *p, km_expr *out)
{
    km_status st = parse_and(p, out);
    km_expr right;

    while (st == KM_OK && accept(p, "||")) {
        st = parse_and(p, &right);
        if (st == KM_OK)
            *out = km_parser_make(p, KM_OP_OR, p->at, *out, right, -1);
    }
    return st;
}

km_status km_parse(km_pool *pool, const km_scope *scope, const km_json *place, const char *text, void *frame,
                   km_expr *out, km_diag *d)
{
    km_parser p = {.pool = pool, .scope = scope, .place = place, .diag = d, .text = text, .frame = frame};
    km_status st = parse_or(&p, out);

    if (st != KM_OK)
        return st;
    skip_space(&p);
    return p.text[p.at] == '\0' ? KM_OK : expected(&p, "an operator or the end of the expression");
}
