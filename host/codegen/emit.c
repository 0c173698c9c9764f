/* Emission. Nodes are numbered so that operands come first; the text follows the same order, except that
 * values needed by one branch of an `if` only are gathered in a block behind a test of its mask. */
#include "codegen/emit.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* LOOK_AHEAD: about how many instructions a present CPU takes up before the oldest of them is done. */
enum { BLOCK_COST = 12, EXPENSIVE = 20, LITERAL_POWER_COST = 28, LOOK_AHEAD = 450 };

static bool is_mask(const km_node *n)
{
    return (n->op >= KM_OP_LT && n->op <= KM_OP_NOT);
}

static double cost_of(const km_node *n)
{
    switch (n->op) {
    case KM_OP_NUMBER: case KM_OP_SYMBOL: return 0.0;
    case KM_OP_DIV: case KM_OP_SQRT: return 8.0;
    case KM_OP_POWI: return 2.0;
    case KM_OP_EXP: case KM_OP_LOG: case KM_OP_LOG10: return 22.0;
    case KM_OP_EXPM1: case KM_OP_LOG1P: return 28.0;
    case KM_OP_POW: return 44.0;
    case KM_OP_POW1P: return 55.0;
    case KM_OP_SIN: case KM_OP_COS: case KM_OP_TAN: case KM_OP_ASIN: case KM_OP_ACOS: case KM_OP_ATAN:
    case KM_OP_SINH: case KM_OP_COSH: case KM_OP_TANH: return 40.0;
    default: return 1.0;
    }
}

/* ---- which nodes, how often, under which branch ---- */

static bool is_leaf(km_emitter *em, km_expr e)
{
    char *text = em->leaf(em->context, e);

    free(text);
    return text != NULL;
}

static void grow(km_emitter *em)
{
    size_t n = em->pool->n + 1;

    em->needed = km_realloc(em->needed, n, 1);
    em->emitted = km_realloc(em->emitted, n, 1);
    em->forbidden = km_realloc(em->forbidden, n, 1);
    em->uses = km_realloc(em->uses, n, sizeof *em->uses);
    em->guard = km_realloc(em->guard, n, sizeof *em->guard);
    memset(em->needed, 0, n);
    memset(em->emitted, 0, n);
    memset(em->forbidden, 0, n);
    memset(em->uses, 0, n * sizeof *em->uses);
    em->size = n;
}

static void release(km_emitter *em)
{
    free(em->needed), free(em->emitted), free(em->forbidden), free(em->uses), free(em->guard);
    em->needed = em->emitted = em->forbidden = NULL;
    em->uses = em->guard = NULL;
    em->size = 0;
}

/* needed: 1 computed here, 2 a leaf. */
static void find_needed(km_emitter *em, const km_expr *root, int n)
{
    km_expr last = -1;

    for (int i = 0; i < n; i++) {
        em->needed[root[i]] = 1;
        em->uses[root[i]]++;
        last = root[i] > last ? root[i] : last;
    }
    for (km_expr e = last; e >= 0; e--) {
        const km_node *node = &em->pool->node[e];
        const km_expr operand[3] = {node->a, node->b, node->c};
        if (!em->needed[e])
            continue;
        if (node->op == KM_OP_NUMBER || is_leaf(em, e)) {
            em->needed[e] = 2;
            continue;
        }
        for (int k = 0; k < 3; k++)
            if (operand[k] >= 0) {
                em->needed[operand[k]] = 1;
                em->uses[operand[k]]++;
            }
    }
}

/* guard[e]: -1 always computed, -2 not known yet, else 2*condition + (0 for the true branch, 1 for the false). */
static int join(int known, int use) { return known == -2 || known == use ? use : -1; }

static void find_guards(km_emitter *em, const km_expr *root, int n)
{
    km_expr last = -1;

    for (size_t i = 0; i < em->size; i++)
        em->guard[i] = -2;
    for (int i = 0; i < n; i++) {
        em->guard[root[i]] = -1;
        last = root[i] > last ? root[i] : last;
    }
    for (km_expr e = last; e >= 0; e--) {
        const km_node *node = &em->pool->node[e];
        int own;
        if (em->needed[e] != 1)
            continue;
        if (em->forbidden[e])
            em->guard[e] = -1;
        own = em->guard[e];
        if (node->op == KM_OP_IF && own == -1) {
            em->guard[node->a] = -1;
            em->guard[node->b] = join(em->guard[node->b], 2 * node->a);
            em->guard[node->c] = join(em->guard[node->c], 2 * node->a + 1);
            continue;
        }
        if (node->a >= 0)
            em->guard[node->a] = join(em->guard[node->a], own);
        if (node->b >= 0)
            em->guard[node->b] = join(em->guard[node->b], own);
        if (node->c >= 0)
            em->guard[node->c] = join(em->guard[node->c], own);
    }
}

static bool in_block(const km_emitter *em, km_expr e, int guard)
{
    return e >= 0 && em->needed[e] == 1 && em->guard[e] == guard;
}

/* A block must not need, from outside, what itself needs the block: such nodes are computed always. Cheap
 * blocks are not worth a test. Returns true if something was forbidden, so that guards are found anew. */
static bool forbid_guards(km_emitter *em)
{
    bool changed = false;
    size_t n = em->pool->n;
    char *tainted = km_alloc(n + 1, 1);

    for (size_t i = 0; i < n && !changed; i++) {
        int guard = em->needed[i] == 1 ? em->guard[i] : -1;
        double cost = 0.0;
        if (guard < 0)
            continue;
        memset(tainted, 0, n);
        for (size_t k = 0; k < n; k++) {
            const km_node *node = &em->pool->node[k];
            if (em->needed[k] != 1)
                continue;
            if (em->guard[k] == guard) {
                const km_expr operand[3] = {node->a, node->b, node->c};
                cost += cost_of(node);
                for (int j = 0; j < 3; j++)
                    if (operand[j] >= 0 && tainted[operand[j]] && !em->forbidden[k])
                        em->forbidden[k] = 1, changed = true;
            } else {
                tainted[k] = (node->a >= 0 && (tainted[node->a] || in_block(em, node->a, guard))) ||
                             (node->b >= 0 && (tainted[node->b] || in_block(em, node->b, guard))) ||
                             (node->c >= 0 && (tainted[node->c] || in_block(em, node->c, guard)));
            }
        }
        if (cost < BLOCK_COST)
            for (size_t k = 0; k < n; k++)
                if (em->needed[k] == 1 && em->guard[k] == guard && !em->forbidden[k])
                    em->forbidden[k] = 1, changed = true;
    }
    free(tainted);
    return changed;
}

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
static bool fusible(km_emitter *em, km_expr e)
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

/* ---- order ---- */

static void emit_node(km_emitter *em, km_expr e);

/* True if a fusible product: it has no line of its own. */
static bool swallowed(km_emitter *em, km_expr parent, km_expr e)
{
    const km_node *n = &em->pool->node[parent];
    bool sum = n->op == KM_OP_ADD || n->op == KM_OP_SUB;

    return sum && fusible(em, e) && (e == n->a || !fusible(em, n->a));
}

static void emit_operands(km_emitter *em, km_expr e)
{
    const km_node *n = &em->pool->node[e];
    const km_expr operand_of[3] = {n->a, n->b, n->c};

    for (int k = 0; k < 3; k++)
        if (operand_of[k] >= 0) {
            if (swallowed(em, e, operand_of[k]))
                emit_operands(em, operand_of[k]);
            else
                emit_node(em, operand_of[k]);
        }
}

static void emit_line(km_emitter *em, km_expr e, const char *indent, bool declared)
{
    char *text = operation(em, e);

    if (declared)
        km_text_add(em->out, "%sn%d = %s;\n", indent, e, text);
    else
        km_text_add(em->out, "%sconst %s n%d = %s;\n", indent, type_of(em, &em->pool->node[e]), e, text);
    free(text);
}

/* A product that a sum within the same block takes into its multiply-add. */
static bool swallowed_in_block(km_emitter *em, km_expr e)
{
    if (!fusible(em, e))
        return false;
    for (size_t p = (size_t)e + 1; p < em->pool->n; p++)
        if (em->needed[p] == 1 && (em->pool->node[p].a == e || em->pool->node[p].b == e))
            return swallowed(em, (km_expr)p, e);
    return false;
}

static bool in_blocks(const km_emitter *em, km_expr e, const int *guard, int n)
{
    for (int i = 0; i < n; i++)
        if (in_block(em, e, guard[i]))
            return true;
    return false;
}

/* "if (...)" for lanes that take one of the blocks. Caller frees. */
static char *test_of_blocks(km_emitter *em, const int *guard, int n)
{
    const bool lanes = em->dialect == KM_DIALECT_LANES;
    km_text text = {0};

    for (int i = 0; i < n; i++) {
        char *test = condition(em, guard[i] / 2);
        km_text_add(&text, "%s", i == 0 ? "" : lanes ? " | " : " || ");
        km_text_add(&text, guard[i] % 2 ? (lanes ? "km_not(%s)" : "!%s") : "%s", test);
        free(test);
    }
    {
        char *all = km_text_take(&text), *result = km_format(lanes ? "if (km_any(%s))" : "if (%s)", all);
        free(all);
        return result;
    }
}

/* n blocks that do not need each other, behind one test. */
static void emit_blocks(km_emitter *em, const int *guard, int n)
{
    char *test, *inner = km_format("%s    ", em->indent);
    size_t size = em->pool->n;
    const char *zero = em->dialect == KM_DIALECT_LANES ? "KM_NUMBER(R(0.0))" : "0";

    for (int i = 0; i < n; i++)
        emit_node(em, guard[i] / 2);
    for (size_t e = 0; e < size; e++) /* what the blocks need from outside */
        if (in_blocks(em, (km_expr)e, guard, n) && !em->emitted[e]) {
            const km_node *node = &em->pool->node[e];
            const km_expr operand_of[3] = {node->a, node->b, node->c};
            for (int k = 0; k < 3; k++)
                if (operand_of[k] >= 0 && !in_blocks(em, operand_of[k], guard, n))
                    emit_node(em, operand_of[k]);
        }
    for (size_t e = 0; e < size; e++)
        if (in_blocks(em, (km_expr)e, guard, n) && !em->emitted[e] && !swallowed_in_block(em, (km_expr)e))
            km_text_add(em->out, "%s%s n%d = %s;\n", em->indent, type_of(em, &em->pool->node[e]), (int)e,
                        is_mask(&em->pool->node[e]) ? "0" : zero);
    test = test_of_blocks(em, guard, n);
    km_text_add(em->out, "%s%s {\n", em->indent, test);
    free(test);
    for (size_t e = 0; e < size; e++)
        if (in_blocks(em, (km_expr)e, guard, n) && !em->emitted[e]) {
            if (!swallowed_in_block(em, (km_expr)e))
                emit_line(em, (km_expr)e, inner, true);
            em->emitted[e] = 1;
        }
    km_text_add(em->out, "%s}\n", em->indent);
    free(inner);
}

static void emit_node(km_emitter *em, km_expr e)
{
    if (em->needed[e] != 1 || em->emitted[e])
        return;
    if (em->guard[e] >= 0) {
        emit_blocks(em, &em->guard[e], 1);
        return;
    }
    emit_operands(em, e);
    emit_line(em, e, em->indent, false);
    em->emitted[e] = 1;
}

/* level[e]: how many blocks, one behind the other, e waits for; those within a block count it. Returns the largest, or where
 * blocks wait for each other -1, and one of them in *cyclic. */
static int find_levels(const km_emitter *em, int *level, int *cyclic)
{
    size_t n = em->pool->n;
    int *block = km_alloc(2 * n + 2, sizeof *block), largest = 0, n_blocks = 0;
    bool changed = true;

    memset(level, 0, n * sizeof *level);
    while (changed && largest >= 0) {
        changed = false;
        for (size_t e = 0; e < n; e++) {
            const km_node *node = &em->pool->node[e];
            const km_expr operand_of[3] = {node->a, node->b, node->c};
            int guard = em->guard[e], least = 0;
            if (em->needed[e] != 1)
                continue;
            for (int k = 0; k < 3; k++)
                if (operand_of[k] >= 0 && !(guard >= 0 && in_block(em, operand_of[k], guard)) && level[operand_of[k]] > least)
                    least = level[operand_of[k]];
            if (guard >= 0) {
                least = (level[guard / 2] > least ? level[guard / 2] : least) + 1;
                n_blocks += block[guard] == 0;
                block[guard] = least > block[guard] ? least : block[guard];
                least = block[guard];
            }
            changed = changed || least != level[e];
            level[e] = least;
            if (least > n_blocks) {
                *cyclic = guard;
                largest = -1;
                break;
            }
            largest = least > largest ? least : largest;
        }
    }
    free(block);
    return largest;
}

static double cost_of_expensive(const km_emitter *em)
{
    double sum = 0.0;

    for (size_t e = 0; e < em->pool->n; e++) {
        const km_node *node = &em->pool->node[e];
        bool power = node->op == KM_OP_POW || node->op == KM_OP_POW1P;
        if (em->needed[e] != 1 || cost_of(node) < EXPENSIVE)
            continue;
        sum += power && em->power && em->pool->node[node->b].op == KM_OP_NUMBER ? LITERAL_POWER_COST : cost_of(node);
    }
    return sum;
}

/* Two blocks that need each other as wholes, though none of their nodes needs itself: one of them is computed always. */
static bool forbid_cycle(km_emitter *em, int *level, int *n_levels)
{
    int cyclic = -1;

    *n_levels = find_levels(em, level, &cyclic);
    for (size_t e = 0; e < em->pool->n && *n_levels < 0; e++)
        if (em->needed[e] == 1 && em->guard[e] == cyclic)
            em->forbidden[e] = 1;
    return *n_levels < 0;
}

/* The blocks of a level. The two sides of one condition do not share a test, which would always hold. */
static void emit_level(km_emitter *em, const int *level, int l)
{
    int *guard = NULL, n = 0, *alone = NULL, n_alone = 0;

    for (size_t e = 0; e < em->pool->n; e++) {
        bool other_side = false;
        if (em->needed[e] != 1 || em->emitted[e] || level[e] != l || em->guard[e] < 0 || in_blocks(em, (km_expr)e, guard, n) ||
            in_blocks(em, (km_expr)e, alone, n_alone))
            continue;
        for (int i = 0; i < n; i++)
            other_side = other_side || guard[i] == (em->guard[e] ^ 1);
        if (em->join_blocks && !other_side) {
            KM_PUSH(guard, n);
            guard[n++] = em->guard[e];
        } else {
            KM_PUSH(alone, n_alone);
            alone[n_alone++] = em->guard[e];
        }
    }
    if (n > 0)
        emit_blocks(em, guard, n);
    for (int i = 0; i < n_alone; i++)
        emit_blocks(em, &alone[i], 1);
    free(guard);
    free(alone);
}

/* Expensive operations and blocks first, those that wait for fewest blocks before the others: a CPU does several at
 * once where none of them needs the one before, and a compiler does not change the order of blocks. Where the CPU looks
 * ahead over all of them, the order in which they are needed is better: fewer values wait in registers, and fewer lanes
 * compute what others need. */
static void emit_expensive(km_emitter *em, const int *level, int n_levels)
{
    if (cost_of_expensive(em) < LOOK_AHEAD)
        return;
    for (int l = 0; l <= n_levels; l++) {
        for (size_t e = 0; e < em->pool->n; e++)
            if (em->needed[e] == 1 && em->guard[e] < 0 && level[e] == l && cost_of(&em->pool->node[e]) >= EXPENSIVE)
                emit_node(em, (km_expr)e);
        emit_level(em, level, l + 1);
    }
}

void km_emit(km_emitter *em, km_text *out, const km_expr *root, const char *const *target, int n)
{
    int *level = km_alloc(em->pool->n + 1, sizeof *level), n_levels = 0;

    em->out = out;
    grow(em);
    find_needed(em, root, n);
    do
        find_guards(em, root, n);
    while (forbid_guards(em) || forbid_cycle(em, level, &n_levels));
    emit_expensive(em, level, n_levels);
    free(level);
    for (int i = 0; i < n; i++) {
        char *text;
        emit_node(em, root[i]);
        if (target[i] == NULL)
            continue;
        text = number(em, root[i]);
        km_text_add(out, "%s%s = %s;\n", em->indent, target[i], text);
        free(text);
    }
    release(em);
}

double km_emit_cost(km_emitter *em, const km_expr *root, int n)
{
    double cost = 0.0;

    grow(em);
    find_needed(em, root, n);
    for (size_t e = 0; e < em->pool->n; e++)
        if (em->needed[e] == 1)
            cost += cost_of(&em->pool->node[e]);
    release(em);
    return cost;
}
