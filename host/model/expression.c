/* The expression graph: making (with simplification), evaluating, copying, printing. */
#include "model/expression.h"

#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- making ---- */

void km_pool_init(km_pool *pool, bool single)
{
    memset(pool, 0, sizeof *pool);
    pool->single = single;
}

void km_pool_clear(km_pool *pool)
{
    free(pool->node);
    free(pool->bucket);
    memset(pool, 0, sizeof *pool);
}

static size_t node_hash(const km_node *n)
{
    uint64_t bits = 0, h = 1469598103934665603u;
    memcpy(&bits, &n->value, sizeof bits);
    const uint64_t part[7] = {(uint64_t)n->op,    (uint64_t)(n->a + 1), (uint64_t)(n->b + 1),
                              (uint64_t)(n->c + 1), bits, (uint64_t)n->kind, (uint64_t)n->index};
    for (int i = 0; i < 7; i++) {
        h ^= part[i];
        h *= 1099511628211u;
        h ^= h >> 29;
    }
    return (size_t)h;
}

static bool node_same(const km_node *x, const km_node *y)
{
    return x->op == y->op && x->a == y->a && x->b == y->b && x->c == y->c && x->kind == y->kind &&
           x->index == y->index && memcmp(&x->value, &y->value, sizeof x->value) == 0;
}

static void rehash(km_pool *pool)
{
    pool->n_buckets = pool->n_buckets ? 2 * pool->n_buckets : 256;
    free(pool->bucket);
    pool->bucket = km_alloc(pool->n_buckets, sizeof *pool->bucket);
    for (size_t i = 0; i < pool->n_buckets; i++)
        pool->bucket[i] = -1;
    for (size_t i = 0; i < pool->n; i++) {
        size_t at = node_hash(&pool->node[i]) & (pool->n_buckets - 1);
        while (pool->bucket[at] >= 0)
            at = (at + 1) & (pool->n_buckets - 1);
        pool->bucket[at] = (int)i;
    }
}

/* The node equal to `n`, added if it is new. */
static km_expr intern(km_pool *pool, km_node n)
{
    size_t at;

    if (2 * pool->n >= pool->n_buckets)
        rehash(pool);
    at = node_hash(&n) & (pool->n_buckets - 1);
    while (pool->bucket[at] >= 0) {
        if (node_same(&pool->node[pool->bucket[at]], &n))
            return pool->bucket[at];
        at = (at + 1) & (pool->n_buckets - 1);
    }
    KM_PUSH(pool->node, pool->n);
    pool->node[pool->n] = n;
    pool->bucket[at] = (int)pool->n;
    return (km_expr)pool->n++;
}

static km_node node_of(km_op op, km_expr a, km_expr b, km_expr c)
{
    return (km_node){.op = op, .a = a, .b = b, .c = c};
}

km_expr km_number(km_pool *pool, double value)
{
    km_node n = node_of(KM_OP_NUMBER, -1, -1, -1);

    n.value = pool->single ? (double)(float)value : value;
    if (n.value == 0.0)
        n.value = 0.0; /* one zero: -0.0 + 0.0 */
    if (isnan(n.value))
        n.value = (double)NAN;
    return intern(pool, n);
}

km_expr km_symbol(km_pool *pool, km_symbol_kind kind, int index)
{
    km_node n = node_of(KM_OP_SYMBOL, -1, -1, -1);

    n.kind = (int)kind;
    n.index = index;
    return intern(pool, n);
}

bool km_is_number(const km_pool *pool, km_expr e, double *value)
{
    if (e < 0 || pool->node[e].op != KM_OP_NUMBER)
        return false;
    if (value)
        *value = pool->node[e].value;
    return true;
}

static bool is_value(const km_pool *pool, km_expr e, double v)
{
    return pool->node[e].op == KM_OP_NUMBER && pool->node[e].value == v;
}

static km_op op_of(const km_pool *pool, km_expr e) { return pool->node[e].op; }

static km_expr make_add(km_pool *p, km_expr a, km_expr b)
{
    if (is_value(p, a, 0.0))
        return b;
    if (is_value(p, b, 0.0))
        return a;
    if (op_of(p, b) == KM_OP_NEG)
        return km_sub(p, a, p->node[b].a);
    if (op_of(p, a) == KM_OP_NEG)
        return km_sub(p, b, p->node[a].a);
    return intern(p, node_of(KM_OP_ADD, a < b ? a : b, a < b ? b : a, -1));
}

static km_expr make_sub(km_pool *p, km_expr a, km_expr b)
{
    if (a == b)
        return km_number(p, 0.0);
    if (is_value(p, b, 0.0))
        return a;
    if (is_value(p, a, 0.0))
        return km_neg(p, b);
    if (op_of(p, b) == KM_OP_NEG)
        return km_add(p, a, p->node[b].a);
    return intern(p, node_of(KM_OP_SUB, a, b, -1));
}

static km_expr make_mul(km_pool *p, km_expr a, km_expr b)
{
    if (is_value(p, a, 0.0) || is_value(p, b, 0.0))
        return km_number(p, 0.0);
    if (is_value(p, a, 1.0))
        return b;
    if (is_value(p, b, 1.0))
        return a;
    if (is_value(p, a, -1.0))
        return km_neg(p, b);
    if (is_value(p, b, -1.0))
        return km_neg(p, a);
    if (op_of(p, a) == KM_OP_NEG && op_of(p, b) == KM_OP_NEG)
        return km_mul(p, p->node[a].a, p->node[b].a);
    if (op_of(p, a) == KM_OP_NEG)
        return km_neg(p, km_mul(p, p->node[a].a, b));
    if (op_of(p, b) == KM_OP_NEG)
        return km_neg(p, km_mul(p, a, p->node[b].a));
    return intern(p, node_of(KM_OP_MUL, a < b ? a : b, a < b ? b : a, -1));
}

static km_expr make_div(km_pool *p, km_expr a, km_expr b)
{
    if (is_value(p, b, 1.0))
        return a;
    if (is_value(p, b, -1.0))
        return km_neg(p, a);
    if (is_value(p, a, 0.0) && !is_value(p, b, 0.0))
        return a;
    if (op_of(p, a) == KM_OP_NEG)
        return km_neg(p, km_div(p, p->node[a].a, b));
    return intern(p, node_of(KM_OP_DIV, a, b, -1));
}

static km_expr make_pow(km_pool *p, km_expr a, km_expr b)
{
    double n;

    if (is_value(p, a, 1.0))
        return a;
    if (km_is_number(p, b, &n)) {
        if (n == floor(n) && fabs(n) <= 64.0)
            return km_make_powi(p, a, (int)n);
        if (n == 0.5)
            return km_make(p, KM_OP_SQRT, a, -1, -1);
    }
    return intern(p, node_of(KM_OP_POW, a, b, -1));
}

/* (1+x)^n - 1 for a small whole n >= 1, by Horner's rule in x: x*(n + x*(...)), exact at 0. */
static km_expr expand_pow1p(km_pool *p, km_expr x, int n)
{
    double coefficient = 1.0;
    double binomial[16];
    km_expr sum;

    for (int k = 1; k <= n; k++) {
        coefficient = coefficient * (double)(n - k + 1) / (double)k;
        binomial[k] = coefficient;
    }
    sum = km_number(p, binomial[n]);
    for (int k = n - 1; k >= 1; k--)
        sum = km_add(p, km_number(p, binomial[k]), km_mul(p, x, sum));
    return km_mul(p, x, sum);
}

static km_expr make_pow1p(km_pool *p, km_expr a, km_expr b)
{
    double n;

    if (is_value(p, a, 0.0) || is_value(p, b, 0.0))
        return km_number(p, 0.0);
    if (km_is_number(p, b, &n) && n == floor(n) && n >= 1.0 && n <= 8.0)
        return expand_pow1p(p, a, (int)n);
    return intern(p, node_of(KM_OP_POW1P, a, b, -1));
}

/* x*(max(x,0)+d)^(n-1): written out, so that its power is shared with its derivative's. */
static km_expr make_posp(km_pool *p, km_expr x, km_expr n, km_expr d)
{
    km_expr base = km_add(p, km_make(p, KM_OP_MAX, x, km_number(p, 0.0), -1), d);

    if (is_value(p, n, 1.0))
        return x;
    return km_mul(p, x, km_make(p, KM_OP_POW, base, km_sub(p, n, km_number(p, 1.0)), -1));
}

static km_expr make_if(km_pool *p, km_expr c, km_expr a, km_expr b)
{
    double v;

    if (a == b)
        return a;
    if (km_is_number(p, c, &v) && !isnan(v))
        return v != 0.0 ? a : b;
    if (op_of(p, c) == KM_OP_NOT)
        return make_if(p, p->node[c].a, b, a);
    return intern(p, node_of(KM_OP_IF, c, a, b));
}

km_expr km_make_powi(km_pool *p, km_expr a, int n)
{
    km_node node = node_of(KM_OP_POWI, a, -1, -1);
    double v;

    if (n == 0)
        return km_number(p, 1.0);
    if (n == 1)
        return a;
    if (km_is_number(p, a, &v))
        return km_number(p, km_op_value(KM_OP_POWI, n, v, 0.0, 0.0));
    if (n < 0)
        return km_div(p, km_number(p, 1.0), km_make_powi(p, a, -n));
    node.index = n;
    return intern(p, node);
}

km_expr km_make(km_pool *p, km_op op, km_expr a, km_expr b, km_expr c)
{
    double x = 0.0, y = 0.0, z = 0.0;
    bool constant = km_is_number(p, a, &x) && (b < 0 || km_is_number(p, b, &y)) &&
                    (c < 0 || km_is_number(p, c, &z));

    if (constant && op != KM_OP_IF && op != KM_OP_POSP)
        return km_number(p, km_op_value(op, 0, x, y, z));
    switch (op) {
    case KM_OP_ADD: return make_add(p, a, b);
    case KM_OP_SUB: return make_sub(p, a, b);
    case KM_OP_MUL: return make_mul(p, a, b);
    case KM_OP_DIV: return make_div(p, a, b);
    case KM_OP_NEG: return op_of(p, a) == KM_OP_NEG   ? p->node[a].a
                           : op_of(p, a) == KM_OP_SUB ? km_sub(p, p->node[a].b, p->node[a].a)
                                                      : intern(p, node_of(op, a, -1, -1));
    case KM_OP_POW: return make_pow(p, a, b);
    case KM_OP_POW1P: return make_pow1p(p, a, b);
    case KM_OP_POSP: return make_posp(p, a, b, c);
    case KM_OP_IF: return make_if(p, a, b, c);
    default: return intern(p, node_of(op, a, b, c));
    }
}

/* ---- evaluating ---- */

static double power_of_whole(double x, int n)
{
    double result = 1.0, square = x;

    for (unsigned k = (unsigned)(n < 0 ? -n : n); k; k >>= 1) {
        if (k & 1u)
            result *= square;
        square *= square;
    }
    return n < 0 ? 1.0 / result : result;
}

double km_op_value(km_op op, int index, double a, double b, double c)
{
    switch (op) {
    case KM_OP_ADD: return a + b;
    case KM_OP_SUB: return a - b;
    case KM_OP_MUL: return a * b;
    case KM_OP_DIV: return a / b;
    case KM_OP_NEG: return -a;
    case KM_OP_POW: return b == floor(b) && fabs(b) <= 64.0 ? power_of_whole(a, (int)b)
                           : a < 0.0 ? (double)NAN : pow(a, b);
    case KM_OP_POWI: return power_of_whole(a, index);
    case KM_OP_POSP: return a * pow(fmax(a, 0.0) + c, b - 1.0);
    case KM_OP_POW1P: return a < -1.0 && b != floor(b) ? (double)NAN
                             : a == -1.0 ? pow(0.0, b) - 1.0 : a < -1.0 ? pow(1.0 + a, b) - 1.0
                                                                        : expm1(b * log1p(a));
    case KM_OP_EXP: return exp(a);
    case KM_OP_LOG: return log(a);
    case KM_OP_LOG10: return log10(a);
    case KM_OP_LOG1P: return log1p(a);
    case KM_OP_EXPM1: return expm1(a);
    case KM_OP_SQRT: return sqrt(a);
    case KM_OP_ABS: return fabs(a);
    case KM_OP_MIN: return a <= b ? a : b;
    case KM_OP_MAX: return a >= b ? a : b;
    case KM_OP_SIN: return sin(a);
    case KM_OP_COS: return cos(a);
    case KM_OP_TAN: return tan(a);
    case KM_OP_ASIN: return asin(a);
    case KM_OP_ACOS: return acos(a);
    case KM_OP_ATAN: return atan(a);
    case KM_OP_SINH: return sinh(a);
    case KM_OP_COSH: return cosh(a);
    case KM_OP_TANH: return tanh(a);
    case KM_OP_FLOOR: return floor(a);
    case KM_OP_CEIL: return ceil(a);
    case KM_OP_LT: return isnan(a) || isnan(b) ? (double)NAN : (double)(a < b);
    case KM_OP_LE: return isnan(a) || isnan(b) ? (double)NAN : (double)(a <= b);
    case KM_OP_GT: return isnan(a) || isnan(b) ? (double)NAN : (double)(a > b);
    case KM_OP_GE: return isnan(a) || isnan(b) ? (double)NAN : (double)(a >= b);
    case KM_OP_EQ: return isnan(a) || isnan(b) ? (double)NAN : (double)(a == b);
    case KM_OP_NE: return isnan(a) || isnan(b) ? (double)NAN : (double)(a != b);
    case KM_OP_AND: return isnan(a) || isnan(b) ? (double)NAN : (double)(a != 0.0 && b != 0.0);
    case KM_OP_OR: return isnan(a) || isnan(b) ? (double)NAN : (double)(a != 0.0 || b != 0.0);
    case KM_OP_NOT: return isnan(a) ? (double)NAN : (double)(a == 0.0);
    case KM_OP_IF: return isnan(a) ? (double)NAN : a != 0.0 ? b : c;
    default: return (double)NAN;
    }
}

typedef struct evaluation {
    const km_pool *pool;
    const km_values *values;
    double *value;
    bool *known;
} evaluation;

static double symbol_value(const km_values *v, const km_node *n)
{
    switch (n->kind) {
    case KM_SYMBOL_TIME: return v->t;
    case KM_SYMBOL_AMT: return v->amt;
    case KM_SYMBOL_PARAMETER: return v->parameter ? v->parameter[n->index] : (double)NAN;
    case KM_SYMBOL_STATE: return v->state ? v->state[n->index] : (double)NAN;
    default: return (double)NAN;
    }
}

static double value_of(evaluation *ev, km_expr e)
{
    const km_node *n = &ev->pool->node[e];
    double a, v;

    if (ev->known[e])
        return ev->value[e];
    if (n->op == KM_OP_NUMBER) {
        v = n->value;
    } else if (n->op == KM_OP_SYMBOL) {
        v = symbol_value(ev->values, n);
    } else if (n->op == KM_OP_IF) {
        a = value_of(ev, n->a);
        v = isnan(a) ? (double)NAN : value_of(ev, a != 0.0 ? n->b : n->c);
    } else {
        a = value_of(ev, n->a);
        v = km_op_value(n->op, n->index, a, n->b < 0 ? 0.0 : value_of(ev, n->b),
                        n->c < 0 ? 0.0 : value_of(ev, n->c));
    }
    ev->known[e] = true;
    ev->value[e] = v;
    return v;
}

double km_evaluate(const km_pool *pool, km_expr e, const km_values *values)
{
    evaluation ev = {pool, values, km_alloc((size_t)e + 1, sizeof(double)),
                     km_alloc((size_t)e + 1, sizeof(bool))};
    double v = value_of(&ev, e);

    free(ev.value);
    free(ev.known);
    return v;
}

/* ---- walking ---- */

/* Marks what `e` needs, itself included; operands have smaller indices. */
static void mark(const km_pool *pool, km_expr e, char *needed)
{
    needed[e] = 1;
    for (km_expr i = e; i >= 0; i--) {
        const km_node *n = &pool->node[i];
        if (!needed[i])
            continue;
        if (n->a >= 0)
            needed[n->a] = 1;
        if (n->b >= 0)
            needed[n->b] = 1;
        if (n->c >= 0)
            needed[n->c] = 1;
    }
}

km_expr km_copy(const km_pool *source, km_expr e, km_pool *target, km_expr *memo, km_replace replace,
                void *context)
{
    char *needed;

    if (memo[e] != KM_EXPR_NONE)
        return memo[e];
    needed = km_alloc((size_t)e + 1, 1);
    mark(source, e, needed);
    for (km_expr i = 0; i <= e; i++) {
        const km_node n = source->node[i];
        if (!needed[i] || memo[i] != KM_EXPR_NONE)
            continue;
        if (n.op == KM_OP_NUMBER)
            memo[i] = km_number(target, n.value);
        else if (n.op == KM_OP_SYMBOL)
            memo[i] = replace(context, target, n.kind, n.index);
        else if (n.op == KM_OP_POWI)
            memo[i] = km_make_powi(target, memo[n.a], n.index);
        else
            memo[i] = km_make(target, n.op, memo[n.a], n.b < 0 ? -1 : memo[n.b],
                              n.c < 0 ? -1 : memo[n.c]);
    }
    free(needed);
    return memo[e];
}

bool km_depends(const km_pool *pool, km_expr e, int kind, int index)
{
    char *needed = km_alloc((size_t)e + 1, 1);
    bool found = false;

    mark(pool, e, needed);
    for (km_expr i = 0; i <= e && !found; i++)
        found = needed[i] && pool->node[i].op == KM_OP_SYMBOL && pool->node[i].kind == kind &&
                (index < 0 || pool->node[i].index == index);
    free(needed);
    return found;
}

bool km_is_smooth(const km_pool *pool, km_expr e)
{
    static const char rough[KM_N_OPS] = {
        [KM_OP_POSP] = 1, [KM_OP_ABS] = 1, [KM_OP_MIN] = 1, [KM_OP_MAX] = 1, [KM_OP_FLOOR] = 1, [KM_OP_CEIL] = 1,
        [KM_OP_LT] = 1, [KM_OP_LE] = 1, [KM_OP_GT] = 1, [KM_OP_GE] = 1, [KM_OP_EQ] = 1, [KM_OP_NE] = 1,
        [KM_OP_AND] = 1, [KM_OP_OR] = 1, [KM_OP_NOT] = 1, [KM_OP_IF] = 1};
    char *needed = km_alloc((size_t)e + 1, 1);
    bool smooth = true;

    mark(pool, e, needed);
    for (km_expr i = 0; i <= e && smooth; i++)
        smooth = !needed[i] || !rough[pool->node[i].op];
    free(needed);
    return smooth;
}

/* ---- printing ---- */

static const char *function_name(km_op op)
{
    static const char *const name[KM_N_OPS] = {
        [KM_OP_POSP] = "posp", [KM_OP_POW1P] = "pow1p", [KM_OP_EXP] = "exp", [KM_OP_LOG] = "log",
        [KM_OP_LOG10] = "log10", [KM_OP_LOG1P] = "log1p", [KM_OP_EXPM1] = "expm1",
        [KM_OP_SQRT] = "sqrt", [KM_OP_ABS] = "abs", [KM_OP_MIN] = "min", [KM_OP_MAX] = "max",
        [KM_OP_SIN] = "sin", [KM_OP_COS] = "cos", [KM_OP_TAN] = "tan", [KM_OP_ASIN] = "asin",
        [KM_OP_ACOS] = "acos", [KM_OP_ATAN] = "atan", [KM_OP_SINH] = "sinh", [KM_OP_COSH] = "cosh",
        [KM_OP_TANH] = "tanh", [KM_OP_FLOOR] = "floor", [KM_OP_CEIL] = "ceil", [KM_OP_IF] = "if"};

    return name[op];
}

/* Binding strength: || 1, && 2, comparisons 3, + - 4, * / 5, unary 6, ^ 7, atoms 8. */
static int strength(const km_node *n)
{
    switch (n->op) {
    case KM_OP_OR: return 1;
    case KM_OP_AND: return 2;
    case KM_OP_LT: case KM_OP_LE: case KM_OP_GT: case KM_OP_GE: case KM_OP_EQ: case KM_OP_NE: return 3;
    case KM_OP_ADD: case KM_OP_SUB: return 4;
    case KM_OP_MUL: case KM_OP_DIV: return 5;
    case KM_OP_NEG: case KM_OP_NOT: return 6;
    case KM_OP_NUMBER: return n->value < 0.0 ? 6 : 8;
    case KM_OP_POW: case KM_OP_POWI: return 7;
    default: return 8;
    }
}

static const char *infix(km_op op)
{
    static const char *const sign[KM_N_OPS] = {
        [KM_OP_ADD] = " + ", [KM_OP_SUB] = " - ", [KM_OP_MUL] = "*", [KM_OP_DIV] = "/",
        [KM_OP_POW] = "^", [KM_OP_LT] = " < ", [KM_OP_LE] = " <= ", [KM_OP_GT] = " > ",
        [KM_OP_GE] = " >= ", [KM_OP_EQ] = " == ", [KM_OP_NE] = " != ", [KM_OP_AND] = " && ",
        [KM_OP_OR] = " || "};

    return sign[op];
}

static void print(const km_pool *pool, km_expr e, int least, km_name name, void *context, km_text *out)
{
    const km_node *n = &pool->node[e];
    int own = strength(n);

    if (own < least)
        km_text_add(out, "(");
    if (n->op == KM_OP_NUMBER) {
        km_text_add(out, "%.17g", n->value);
    } else if (n->op == KM_OP_SYMBOL) {
        km_text_add(out, "%s", name(context, n->kind, n->index));
    } else if (n->op == KM_OP_NEG || n->op == KM_OP_NOT) {
        km_text_add(out, n->op == KM_OP_NEG ? "-" : "!");
        print(pool, n->a, own, name, context, out);
    } else if (n->op == KM_OP_POWI) {
        print(pool, n->a, own + 1, name, context, out);
        km_text_add(out, "^%d", n->index);
    } else if (infix(n->op)) {
        print(pool, n->a, n->op == KM_OP_POW ? own + 1 : own, name, context, out);
        km_text_add(out, "%s", infix(n->op));
        print(pool, n->b, n->op == KM_OP_POW ? own : own + 1, name, context, out);
    } else {
        km_text_add(out, "%s(", function_name(n->op));
        print(pool, n->a, 0, name, context, out);
        if (n->b >= 0) {
            km_text_add(out, ", ");
            print(pool, n->b, 0, name, context, out);
        }
        if (n->c >= 0) {
            km_text_add(out, ", ");
            print(pool, n->c, 0, name, context, out);
        }
        km_text_add(out, ")");
    }
    if (own < least)
        km_text_add(out, ")");
}

char *km_print(const km_pool *pool, km_expr e, km_name name, void *context)
{
    km_text out = {0};

    print(pool, e, 0, name, context, &out);
    return km_text_take(&out);
}
