/* The text of lines, in the order that order.c finds. */
#include "codegen/emit.h"

#include "base/memory.h"
#include "codegen/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_mask(const km_node *n) { return n->op >= KM_OP_LT && n->op <= KM_OP_NOT; }

/* ---- text of one operation ---- */

char *km_emit_number(km_dialect_kind dialect, double value)
{
    char digits[64];

    if (isnan(value) || isinf(value)) {
        const char *name = isnan(value) ? "NAN" : value > 0.0 ? "INFINITY" : "-INFINITY";
        return dialect == KM_DIALECT_LANES    ? km_format("KM_NUMBER(%s)", name)
               : dialect == KM_DIALECT_SCALAR ? km_format("((scalar)%s)", name)
                                              : km_format("(%s)", name);
    }
    snprintf(digits, sizeof digits, "%.17g", value);
    if (strpbrk(digits, ".e") == NULL)
        strcat(digits, ".0");
    return dialect == KM_DIALECT_LANES    ? km_format("KM_NUMBER(R(%s))", digits)
           : dialect == KM_DIALECT_SCALAR ? km_format(value < 0.0 ? "(R(%s))" : "R(%s)", digits)
                                          : km_format(value < 0.0 ? "(%s)" : "%s", digits);
}

/* The name of a node's value: a leaf's text, a literal, or its variable. Caller frees. */
static char *operand(km_emitter *em, km_expr e)
{
    char *text;

    if (em->pool->node[e].op == KM_OP_NUMBER)
        return km_emit_number(em->dialect, em->pool->node[e].value);
    text = em->needed[e] == 2 ? em->leaf(em->context, e) : NULL;
    return text ? text : km_format("n%d", e);
}

/* As a condition. */
static char *condition(km_emitter *em, km_expr e)
{
    char *text = operand(em, e), *result;

    if (is_mask(&em->pool->node[e]) && em->needed[e] != 2)
        return text;
    result = em->dialect == KM_DIALECT_LANES ? km_format("(%s != KM_NUMBER(R(0.0)))", text) : km_format("(%s != 0)", text);
    free(text);
    return result;
}

/* As a number: a mask becomes 1 or 0. */
static char *number(km_emitter *em, km_expr e)
{
    char *text = operand(em, e), *result;

    if (!is_mask(&em->pool->node[e]) || em->needed[e] == 2)
        return text;
    result = em->dialect == KM_DIALECT_LANES    ? km_format("km_pick(%s, KM_NUMBER(R(1.0)), KM_NUMBER(R(0.0)))", text)
             : em->dialect == KM_DIALECT_SCALAR ? km_format("(%s ? R(1.0) : R(0.0))", text)
                                                : km_format("(%s ? 1.0 : 0.0)", text);
    free(text);
    return result;
}

static const char *function_of(km_dialect_kind dialect, km_op op)
{
    static const char *const lanes[KM_N_OPS] = {
        [KM_OP_POW] = "km_pow", [KM_OP_POW1P] = "km_pow1p", [KM_OP_EXP] = "km_exp", [KM_OP_LOG] = "km_log",
        [KM_OP_LOG10] = "km_log10", [KM_OP_LOG1P] = "km_log1p", [KM_OP_EXPM1] = "km_expm1", [KM_OP_SQRT] = "sqrt",
        [KM_OP_ABS] = "fabs", [KM_OP_SIN] = "sin", [KM_OP_COS] = "cos", [KM_OP_TAN] = "tan", [KM_OP_ASIN] = "asin",
        [KM_OP_ACOS] = "acos", [KM_OP_ATAN] = "atan", [KM_OP_SINH] = "km_sinh", [KM_OP_COSH] = "km_cosh",
        [KM_OP_TANH] = "km_tanh", [KM_OP_FLOOR] = "floor", [KM_OP_CEIL] = "ceil"};
    static const char *const plain[KM_N_OPS] = {
        [KM_OP_POW] = "km_scalar_pow", [KM_OP_POW1P] = "km_scalar_pow1p", [KM_OP_EXP] = "exp", [KM_OP_LOG] = "log",
        [KM_OP_LOG10] = "log10", [KM_OP_LOG1P] = "log1p", [KM_OP_EXPM1] = "expm1", [KM_OP_SQRT] = "sqrt",
        [KM_OP_ABS] = "fabs", [KM_OP_SIN] = "sin", [KM_OP_COS] = "cos", [KM_OP_TAN] = "tan", [KM_OP_ASIN] = "asin",
        [KM_OP_ACOS] = "acos", [KM_OP_ATAN] = "atan", [KM_OP_SINH] = "sinh", [KM_OP_COSH] = "cosh",
        [KM_OP_TANH] = "tanh", [KM_OP_FLOOR] = "floor", [KM_OP_CEIL] = "ceil"};

    return dialect == KM_DIALECT_LANES ? lanes[op] : plain[op];
}

static const char *sign_of(km_op op)
{
    static const char *const sign[KM_N_OPS] = {
        [KM_OP_ADD] = "+", [KM_OP_SUB] = "-", [KM_OP_MUL] = "*", [KM_OP_DIV] = "/", [KM_OP_LT] = "<",
        [KM_OP_LE] = "<=", [KM_OP_GT] = ">", [KM_OP_GE] = ">=", [KM_OP_EQ] = "==", [KM_OP_NE] = "!="};

    return sign[op];
}

/* A product used once, by the sum being written, becomes part of a fused multiply-add. */
static bool fusible(const km_emitter *em, km_expr e)
{
    return em->dialect != KM_DIALECT_C && em->needed[e] == 1 && em->pool->node[e].op == KM_OP_MUL && em->uses[e] == 1;
}

static char *fused(km_emitter *em, const km_node *n)
{
    const char *name = em->dialect == KM_DIALECT_LANES ? "KM_FMA" : "KM_SCALAR_FMA";
    bool left = fusible(em, n->a);
    km_expr product = left ? n->a : n->b, other = left ? n->b : n->a;
    char *x = number(em, em->pool->node[product].a), *y = number(em, em->pool->node[product].b);
    char *z = number(em, other), *text;

    if (n->op == KM_OP_ADD)
        text = km_format("%s(%s, %s, %s)", name, x, y, z);
    else if (left)
        text = km_format("%s(%s, %s, -%s)", name, x, y, z);
    else
        text = km_format("%s(-%s, %s, %s)", name, x, y, z);
    free(x), free(y), free(z);
    return text;
}

static char *powi_text(const char *x, int n)
{
    km_text text = {0};

    km_text_add(&text, "%s", n == 2 ? "" : "(");
    if (n == 4)
        km_text_add(&text, "%s*%s)*(%s*%s", x, x, x, x);
    else
        for (int i = 0; i < n; i++)
            km_text_add(&text, "%s%s", i ? "*" : "", x);
    km_text_add(&text, "%s", n == 2 ? "" : ")");
    return km_text_take(&text);
}

static char *logic(km_emitter *em, const km_node *n)
{
    char *a = condition(em, n->a), *b = n->b >= 0 ? condition(em, n->b) : NULL, *text;
    bool lanes = em->dialect == KM_DIALECT_LANES;

    if (n->op == KM_OP_NOT)
        text = km_format(lanes ? "km_not(%s)" : "!%s", a);
    else if (n->op == KM_OP_AND)
        text = km_format(lanes ? "(%s & %s)" : "(%s && %s)", a, b);
    else
        text = km_format(lanes ? "(%s | %s)" : "(%s || %s)", a, b);
    free(a), free(b);
    return text;
}

/* ---- conditions that are not a number ---- */

/* True if finite inputs can make `e` NaN. */
static bool risky(const km_emitter *em, km_expr e)
{
    const km_node *n = &em->pool->node[e];

    switch (n->op) {
    case KM_OP_NUMBER: case KM_OP_SYMBOL: return false;
    case KM_OP_DIV: case KM_OP_POW: case KM_OP_POW1P: case KM_OP_LOG: case KM_OP_LOG10: case KM_OP_LOG1P: case KM_OP_SQRT:
    case KM_OP_ASIN: case KM_OP_ACOS: return true;
    default: return risky(em, n->a) || (n->b >= 0 && risky(em, n->b)) || (n->c >= 0 && risky(em, n->c));
    }
}

static bool uses(const km_emitter *em, km_expr e, km_expr part)
{
    const km_node *n = &em->pool->node[e];

    return e == part || (e > part && ((n->a >= 0 && uses(em, n->a, part)) || (n->b >= 0 && uses(em, n->b, part)) ||
                                      (n->c >= 0 && uses(em, n->c, part))));
}

/* The branch for a false condition. A comparison with NaN is false, so where the condition can be NaN and this
 * branch would not show it, the branch becomes NaN too: the step is rejected, the point is not silently wrong. */
static char *false_branch(km_emitter *em, km_expr condition_node, km_expr branch)
{
    const km_node *c = &em->pool->node[condition_node];
    char *text = number(em, branch), *operand_text, *guarded;
    const km_expr side[2] = {c->a, c->b};

    if (em->dialect == KM_DIALECT_C || c->op < KM_OP_LT || c->op > KM_OP_NE || em->needed[condition_node] == 2)
        return text;
    for (int i = 0; i < 2; i++) {
        if (side[i] < 0 || em->needed[side[i]] == 2 || !risky(em, side[i]) || uses(em, branch, side[i]))
            continue;
        operand_text = number(em, side[i]);
        guarded = km_format(em->dialect == KM_DIALECT_LANES ? "km_pick((%s == %s), %s, KM_NUMBER((scalar)NAN))"
                                                            : "((%s == %s) ? %s : (scalar)NAN)",
                            operand_text, operand_text, text);
        free(operand_text);
        free(text);
        text = guarded;
    }
    return text;
}

static char *choice(km_emitter *em, const km_node *n)
{
    const char *form = em->dialect == KM_DIALECT_LANES ? "km_pick(%s, %s, %s)" : "(%s ? %s : %s)";
    char *c, *a, *b, *text;

    if (n->op == KM_OP_IF) {
        c = condition(em, n->a);
        a = number(em, n->b);
        b = false_branch(em, n->a, n->c);
    } else { /* written so that NaN comes through, where one side is a number */
        bool swap = em->pool->node[n->b].op == KM_OP_NUMBER;
        a = number(em, swap ? n->b : n->a);
        b = number(em, swap ? n->a : n->b);
        c = swap ? km_format(n->op == KM_OP_MIN ? "(%s < %s)" : "(%s > %s)", a, b)
                 : km_format(n->op == KM_OP_MIN ? "(%s <= %s)" : "(%s >= %s)", a, b);
    }
    text = km_format(form, c, a, b);
    free(c), free(a), free(b);
    return text;
}

static char *operation(km_emitter *em, km_expr e)
{
    const km_node *n = &em->pool->node[e];
    char *a, *b, *text;
    int id = -1;

    switch (n->op) {
    case KM_OP_AND: case KM_OP_OR: case KM_OP_NOT: return logic(em, n);
    case KM_OP_IF: case KM_OP_MIN: case KM_OP_MAX: return choice(em, n);
    case KM_OP_ADD: case KM_OP_SUB:
        if (fusible(em, n->a) || fusible(em, n->b))
            return fused(em, n);
        break;
    default: break;
    }
    a = number(em, n->a);
    b = n->b >= 0 ? number(em, n->b) : NULL;
    if ((n->op == KM_OP_POW || n->op == KM_OP_POW1P) && em->power && em->pool->node[n->b].op == KM_OP_NUMBER)
        id = em->power(em->context, em->pool->node[n->b].value);
    if (id >= 0)
        text = km_format("%s_%d(%s)", function_of(em->dialect, n->op), id, a);
    else if (n->op == KM_OP_NEG)
        text = km_format("-%s", a);
    else if (n->op == KM_OP_POWI)
        text = powi_text(a, n->index);
    else if (sign_of(n->op))
        text = km_format("%s %s %s", a, sign_of(n->op), b);
    else if (b)
        text = km_format("%s(%s, %s)", function_of(em->dialect, n->op), a, b);
    else
        text = km_format("%s(%s)", function_of(em->dialect, n->op), a);
    free(a), free(b);
    return text;
}

static const char *type_of(const km_emitter *em, const km_node *n)
{
    if (is_mask(n))
        return em->dialect == KM_DIALECT_LANES ? "mask" : "int";
    return em->dialect == KM_DIALECT_LANES ? "real" : em->dialect == KM_DIALECT_SCALAR ? "scalar" : "double";
}

/* ---- lines and blocks ---- */

/* A product that a sum under the same guard takes into its multiply-add: it has no line of its own. */
static bool swallowed(const km_emitter *em, km_expr e)
{
    if (!fusible(em, e))
        return false;
    for (size_t p = (size_t)e + 1; p < em->pool->n; p++) {
        const km_node *n = &em->pool->node[p];
        if (em->needed[p] == 1 && (n->a == e || n->b == e))
            return (n->op == KM_OP_ADD || n->op == KM_OP_SUB) && em->guard[p] == em->guard[e] &&
                   (e == n->a || !fusible(em, n->a));
    }
    return false;
}

static void write_line(km_emitter *em, km_expr e, const char *indent, bool declared)
{
    char *text = operation(em, e);

    if (declared)
        km_text_add(em->out, "%sn%d = %s;\n", indent, e, text);
    else
        km_text_add(em->out, "%sconst %s n%d = %s;\n", indent, type_of(em, &em->pool->node[e]), e, text);
    free(text);
}

/* "if (...)" for lanes that take one of the blocks whose lines these are. Caller frees. */
static char *test_of_blocks(km_emitter *em, const km_expr *line, int n)
{
    const bool lanes = em->dialect == KM_DIALECT_LANES;
    km_text text = {0};
    char *any, *result;

    for (int i = 0; i < n; i++) {
        int guard = em->guard[line[i]], first = 0;
        char *test;
        while (em->guard[line[first]] != guard)
            first++;
        if (first < i)
            continue;
        test = condition(em, guard / 2);
        km_text_add(&text, "%s", i == 0 ? "" : lanes ? " | " : " || ");
        km_text_add(&text, guard % 2 ? (lanes ? "km_not(%s)" : "!%s") : "%s", test);
        free(test);
    }
    any = km_text_take(&text);
    result = km_format(lanes ? "if (km_any(%s))" : "if (%s)", any);
    free(any);
    return result;
}

/* n lines behind one test. */
static void write_blocks(km_emitter *em, const km_expr *line, int n)
{
    char *test, *inner = km_format("%s    ", em->indent);
    const char *zero = em->dialect == KM_DIALECT_LANES ? "KM_NUMBER(R(0.0))" : "0";

    for (int i = 0; i < n; i++) {
        const km_node *node = &em->pool->node[line[i]];
        if (!swallowed(em, line[i]))
            km_text_add(em->out, "%s%s n%d = %s;\n", em->indent, type_of(em, node), line[i], is_mask(node) ? "0" : zero);
    }
    test = test_of_blocks(em, line, n);
    km_text_add(em->out, "%s%s {\n", em->indent, test);
    free(test);
    for (int i = 0; i < n; i++)
        if (!swallowed(em, line[i]))
            write_line(em, line[i], inner, true);
    km_text_add(em->out, "%s}\n", em->indent);
    free(inner);
}

/* The lines from `first` on. */
static void write_lines(km_emitter *em, int first)
{
    for (int i = first, n; i < em->n_lines; i += n) {
        const km_expr *line = &em->line[i];
        int test = em->test[*line];
        for (n = 1; test >= 0 && i + n < em->n_lines && em->test[line[n]] == test;)
            n++;
        if (test >= 0)
            write_blocks(em, line, n);
        else if (!swallowed(em, *line))
            write_line(em, *line, em->indent, false);
    }
}

void km_emit(km_emitter *em, km_text *out, const km_expr *root, const char *const *target, int n)
{
    int written = 0;

    em->out = out;
    km_order_init(em, root, n);
    for (int i = 0; i < n; i++) {
        char *text;
        km_order_add(em, root[i]);
        write_lines(em, written);
        written = em->n_lines;
        if (target[i] == NULL)
            continue;
        text = number(em, root[i]);
        km_text_add(out, "%s%s = %s;\n", em->indent, target[i], text);
        free(text);
    }
    km_order_clear(em);
}
