#include "codegen/flops.h"

#include "base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What each turn of the kernel's loop calls once. */
static const char *const per_step[] = {"km_derivatives", "km_observe", "km_weights", "km_step", "km_norm2", NULL};

/* Names whose cost is not read from their text: their own flops, and whether their arguments count. */
static const struct {
    const char *name;
    double flops;
    bool arguments;
} known[] = {
    {"KM_FMA", 2.0, true},         {"km_fma", 2.0, true},       {"fma", 2.0, true},           {"mad", 2.0, true},
    {"sqrt", 1.0, true},           {"km_pick", 0.0, true},      {"km_min", 0.0, true},        {"km_max", 0.0, true},
    {"KM_NUMBER", 0.0, true},      {"R", 0.0, false},           {"KM_AS_REAL", 0.0, false},   {"KM_AS_INTEGER", 0.0, false},
    {"KM_AS_NATURAL", 0.0, false}, {"KM_TO_REAL", 0.0, false},  {"km_beyond", 0.0, false},    {"km_any", 0.0, false},
    {"km_all", 0.0, false},        {"km_not", 0.0, false},      {"_Pragma", 0.0, false},      {"KM_HERE", 0.0, true},
    {"km_binary_exponent", 0.0, false}, {"km_exponent_bits", 0.0, false}, {"km_entry", 0.0, false},
    {"km_exponent_special", 0.0, true}, {"km_logarithm_special", 0.0, true}, {"km_log2_special", 0.0, true},
    {"km_power_special", 0.0, true}, {"km_power_of_2", 0.0, true}, {NULL, 0.0, false}};

typedef struct memo {
    char *name;
    km_flops flops;
} memo;

typedef struct counter {
    const char *text;
    memo *done;
    int n_done, depth;
    bool tables; /* KM_TABLES, which the device's compiler decides */
} counter;

typedef struct cursor {
    const char *at, *end;
    bool operand; /* the token before was an operand: what follows is a binary sign */
} cursor;

static km_flops plus(km_flops a, km_flops b) { return (km_flops){a.always + b.always, a.branches + b.branches}; }
static km_flops times(km_flops a, double n) { return (km_flops){a.always * n, a.branches * n}; }
static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* ---- the text ---- */

/* Behind the bracket that closes the one at `at`. */
static const char *behind(const char *at, const char *end)
{
    int depth = 0;

    for (; at < end; at++) {
        depth += *at == '(' || *at == '[' || *at == '{';
        depth -= *at == ')' || *at == ']' || *at == '}';
        if (depth == 0)
            return at + 1;
    }
    return end;
}

static const char *line_end(const char *at, const char *end)
{
    while (at < end && !(*at == '\n' && at[-1] != '\\'))
        at++;
    return at;
}

/* "#define NAME..." in the text: what follows the name; NULL where there is none. */
static const char *find_define(const char *text, const char *name, size_t n)
{
    for (const char *at = strstr(text, "#define "); at; at = strstr(at + 1, "#define "))
        if (strncmp(at + 8, name, n) == 0 && !is_word(at[8 + n]))
            return at + 8 + n;
    return NULL;
}

/* The number a macro stands for; 0 for one that is not there, as in #if. */
static double macro_number(const char *text, const char *name, size_t n)
{
    const char *at = isdigit((unsigned char)name[0]) ? name : find_define(text, name, n);

    return at ? strtod(at, NULL) : 0.0;
}

/* The body of a function "name(...) {...}" or of a macro "#define name(...) ...". */
static bool find_body(const char *text, const char *name, size_t n, cursor *out)
{
    const char *end = text + strlen(text), *close = find_define(text, name, n);

    if (close && *close == '(') {
        close = behind(close, end);
        *out = (cursor){close, line_end(close, end), false};
        return true;
    }
    for (const char *at = strstr(text, name); at; at = strstr(at + 1, name)) {
        if ((at > text && is_word(at[-1])) || at[n] != '(' || is_word(at[n]))
            continue;
        close = behind(at + n, end);
        while (close < end && isspace((unsigned char)*close))
            close++;
        if (close < end && *close == '{') {
            *out = (cursor){close, behind(close, end), false};
            return true;
        }
    }
    return false;
}

/* ---- statements and expressions ---- */

static km_flops statement(counter *k, cursor *c);
static km_flops expression(counter *k, cursor *c);

/* A directive inside a function: a side of #if that is off, or a definition, is stepped over. */
static void directive(counter *k, cursor *c)
{
    const char *rest = line_end(c->at, c->end), *name = c->at + 1;
    int depth = 0;
    bool skip = strncmp(name, "else", 4) == 0 || strncmp(name, "elif", 4) == 0;

    if (strncmp(name, "if ", 3) == 0) {
        size_t n = 0;
        bool negative = name[3] == '!';
        name += negative ? 4 : 3;
        while (is_word(name[n]))
            n++;
        skip = (n == 9 && strncmp(name, "KM_TABLES", 9) == 0 ? k->tables : macro_number(k->text, name, n) != 0.0) == negative;
    }
    c->at = rest;
    while (skip && c->at < c->end) {
        const char *line = c->at + 1;
        while (*line == ' ')
            line++;
        if (strncmp(line, "#if", 3) == 0)
            depth++;
        else if (strncmp(line, "#endif", 6) == 0 && depth-- == 0)
            skip = false;
        else if (strncmp(line, "#else", 5) == 0 && depth == 0)
            skip = false;
        c->at = line_end(c->at + 1, c->end);
    }
}

/* Blanks, comments, continued lines and directives. */
static void space(counter *k, cursor *c)
{
    while (c->at < c->end) {
        if (isspace((unsigned char)*c->at) || *c->at == '\\') {
            c->at++;
        } else if (c->at[0] == '/' && c->at[1] == '*') {
            const char *close = strstr(c->at, "*/");
            c->at = close && close + 2 <= c->end ? close + 2 : c->end;
        } else if (*c->at == '#') {
            directive(k, c);
        } else {
            return;
        }
    }
}

static km_flops inside(counter *k, const char *open, const char *close)
{
    cursor c = {open, close, false};
    km_flops sum = {0.0, 0.0};

    while (c.at < c.end)
        sum = plus(sum, expression(k, &c));
    return sum;
}

static km_flops of_function(counter *k, const char *name, size_t n, bool *found)
{
    km_flops sum = {0.0, 0.0};
    cursor body;

    *found = true;
    for (int i = 0; i < k->n_done; i++)
        if (strlen(k->done[i].name) == n && strncmp(k->done[i].name, name, n) == 0)
            return k->done[i].flops;
    char *copy = km_format("%.*s", (int)n, name);
    *found = k->depth < 32 && find_body(k->text, copy, n, &body);
    if (*found) {
        k->depth++;
        while (body.at < body.end) {
            space(k, &body);
            if (body.at < body.end)
                sum = plus(sum, statement(k, &body));
        }
        k->depth--;
        KM_PUSH(k->done, k->n_done);
        k->done[k->n_done++] = (memo){copy, sum};
        copy = NULL;
    }
    free(copy);
    return sum;
}

/* A name and, where it is called, its arguments. */
static km_flops word(counter *k, cursor *c)
{
    const char *name = c->at, *open, *close;
    size_t n;
    km_flops sum = {0.0, 0.0};
    bool found;

    while (c->at < c->end && (is_word(*c->at) || (*c->at == '.' && is_word(c->at[1]))))
        c->at++;
    n = (size_t)(c->at - name);
    c->operand = !(n == 6 && strncmp(name, "return", 6) == 0);
    open = c->at;
    if (isdigit((unsigned char)*name)) { /* 1.5e-3f: the sign belongs to the number */
        if (open < c->end && (open[-1] == 'e' || open[-1] == 'E') && (*open == '-' || *open == '+'))
            for (c->at++; c->at < c->end && is_word(*c->at);)
                c->at++;
        return sum;
    }
    if (open >= c->end || *open != '(')
        return sum;
    close = behind(open, c->end);
    c->at = close;
    if (n == 8 && strncmp(name, "KM_DENSE", 8) == 0) { /* KM_DENSE(F): F for every state that outputs need */
        size_t m = (size_t)(close - open - 2);
        return times(of_function(k, open + 1, m, &found), macro_number(k->text, "KM_N_DENSE", 10));
    }
    if (n == 12 && strncmp(name, "KM_WITH_TIME", 12) == 0) {
        const char *define = find_define(k->text, name, n);
        if (define == NULL || strncmp(define, "(x) x", 5) != 0)
            return sum;
        sum.always = sum.branches = open[1] == '+' || open[1] == '-'; /* added to what stands before it */
        return plus(sum, inside(k, open + 1, close - 1));
    }
    for (int i = 0; known[i].name; i++)
        if (strlen(known[i].name) == n && strncmp(known[i].name, name, n) == 0) {
            if (known[i].arguments)
                sum = inside(k, open + 1, close - 1);
            return plus(sum, (km_flops){known[i].flops, known[i].flops});
        }
    sum = of_function(k, name, n, &found);
    return plus(sum, inside(k, open + 1, close - 1));
}

/* Up to and with the next semicolon, or to the end. */
static km_flops expression(counter *k, cursor *c)
{
    km_flops sum = {0.0, 0.0};
    const km_flops one = {1.0, 1.0};

    for (c->operand = false; c->at < c->end;) {
        char ch, next;
        space(k, c);
        if (c->at >= c->end)
            break;
        ch = *c->at;
        next = c->at + 1 < c->end ? c->at[1] : '\0';
        if (ch == ';') {
            c->at++;
            break;
        }
        if (is_word(ch) || (ch == '.' && isdigit((unsigned char)next))) {
            sum = plus(sum, word(k, c));
        } else if (ch == '[') { /* an index */
            c->at = behind(c->at, c->end);
            c->operand = true;
        } else if (ch == '"') {
            const char *close = strchr(c->at + 1, '"');
            c->at = close && close < c->end ? close + 1 : c->end;
        } else if ((ch == '-' && next == '>') || (ch == '+' && next == '+') || (ch == '-' && next == '-')) {
            c->at += 2;
        } else if (ch == '+' || ch == '-' || ch == '*' || ch == '/') {
            if (c->operand)
                sum = plus(sum, one);
            c->operand = false;
            c->at += next == '=' ? 2 : 1;
        } else {
            c->operand = ch == ')' || ch == '}';
            c->at++;
        }
    }
    return sum;
}

/* How often a loop "for (int i = LOW; i < HIGH; ...)" runs. */
static double trips(counter *k, const char *open, const char *close)
{
    const char *low = memchr(open, '=', (size_t)(close - open)), *high = memchr(open, '<', (size_t)(close - open));
    size_t n = 0;

    if (low == NULL || high == NULL)
        return 1.0;
    for (high++; *high == ' ';)
        high++;
    while (is_word(high[n]))
        n++;
    return macro_number(k->text, high, n) - strtod(low + 1, NULL);
}

static bool starts(const cursor *c, const char *name)
{
    size_t n = strlen(name);

    return (size_t)(c->end - c->at) > n && strncmp(c->at, name, n) == 0 && !is_word(c->at[n]);
}

/* How often a condition holds, where that is known: a table of coefficients may give the third stage no rates of its own. */
static double share_of(counter *k, const char *condition)
{
    double third = macro_number(k->text, "KM_THIRD_AT_START", 17), stages = macro_number(k->text, "KM_STAGES", 9);

    if (strstr(condition, "!KM_THIRD_AT_START"))
        return 1.0 - third;
    return third / (stages - 1.0); /* once in the loop over stages */
}

static km_flops branch(counter *k, cursor *c)
{
    const char *open = strchr(c->at, '('), *close = behind(open, c->end);
    char *condition = km_format("%.*s", (int)(close - open), open);
    bool guarded = strstr(condition, "km_any") != NULL, is_known = strstr(condition, "KM_THIRD_AT_START") != NULL;
    double share = is_known ? share_of(k, condition) : 1.0;
    km_flops sum = inside(k, open + 1, close - 1), block;

    free(condition);
    c->at = close;
    space(k, c);
    block = times(statement(k, c), share);
    if (guarded)
        block.always = 0.0;
    space(k, c);
    if (is_known && starts(c, "else"))
        block = plus(block, times(statement(k, c), 1.0 - share));
    return plus(sum, block);
}

/* One of the cases, on average: a loop takes them in turn. */
static km_flops choice(counter *k, cursor *c)
{
    const char *open = behind(strchr(c->at, '('), c->end);
    cursor body = {strchr(open, '{') + 1, behind(strchr(open, '{'), c->end) - 1, false};
    km_flops sum = {0.0, 0.0};
    int n = 0;

    c->at = body.end + 1;
    for (space(k, &body); body.at < body.end; space(k, &body)) {
        if (starts(&body, "case") || starts(&body, "default")) {
            body.at = strchr(body.at, ':') + 1;
            n++;
        } else
            sum = plus(sum, statement(k, &body));
    }
    return times(sum, n > 0 ? 1.0 / n : 1.0);
}

static km_flops statement(counter *k, cursor *c)
{
    km_flops sum = {0.0, 0.0};

    if (*c->at == '{') {
        cursor body = {c->at + 1, behind(c->at, c->end) - 1, false};
        c->at = body.end + 1;
        for (space(k, &body); body.at < body.end; space(k, &body))
            sum = plus(sum, statement(k, &body));
        return sum;
    }
    if (starts(c, "_Pragma")) {
        c->at = behind(strchr(c->at, '('), c->end);
        space(k, c);
        return statement(k, c);
    }
    if (starts(c, "KM_ROLL")) {
        c->at += 7;
        space(k, c);
        return statement(k, c);
    }
    if (starts(c, "switch"))
        return choice(k, c);
    if (starts(c, "KM_EACH")) {
        c->at += 7;
        space(k, c);
        return times(statement(k, c), macro_number(k->text, "KM_N_STATES", 11));
    }
    if (starts(c, "for")) {
        const char *open = strchr(c->at, '('), *close = behind(open, c->end);
        c->at = close;
        space(k, c);
        return times(statement(k, c), trips(k, open, close));
    }
    if (starts(c, "if"))
        return branch(k, c);
    if (starts(c, "else")) {
        c->at += 4;
        space(k, c);
        return statement(k, c);
    }
    if (starts(c, "KM_DENSE") && c->at[8] == '(')
        return word(k, c);
    return expression(k, c);
}

/* ---- the whole ---- */

static km_status count(counter *k, const char *name, km_flops *out, km_diag *d)
{
    bool found;
    km_flops f = of_function(k, name, strlen(name), &found);

    if (!found)
        return km_diag_fail(d, KM_E_BUG, "the program's text has no function %s to count", name);
    *out = plus(*out, f);
    return KM_OK;
}

static void clear(counter *k)
{
    for (int i = 0; i < k->n_done; i++)
        free(k->done[i].name);
    free(k->done);
}

km_status km_flops_function(const char *text, const char *name, km_flops *out, km_diag *d)
{
    counter k = {.text = text};
    km_status st;

    *out = (km_flops){0.0, 0.0};
    st = count(&k, name, out, d);
    clear(&k);
    return st;
}

km_status km_flops_count(const km_source *source, km_flops *out, km_diag *d)
{
    counter k = {.text = source->text, .tables = source->lanes * (source->single ? 4 : 8) == 64};
    km_status st = KM_OK;

    *out = (km_flops){0.0, 0.0};
    for (int i = 0; per_step[i] && st == KM_OK; i++)
        if (i > 0 || strstr(source->text, "void km_derivatives(")) /* explicit methods have none */
            st = count(&k, per_step[i], out, d);
    clear(&k);
    return st;
}
