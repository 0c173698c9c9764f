/* Derivatives by the chain rule over the graph, operands first. */
#include "model/derivative.h"

#include "base/memory.h"

#include <stdlib.h>

/* d f(a) / d a for a function of one argument; e is the node f(a) itself. */
static km_expr outer(km_pool *p, km_op op, int index, km_expr a, km_expr e)
{
    km_expr one = km_number(p, 1.0), zero = km_number(p, 0.0);

    switch (op) {
    case KM_OP_NEG: return km_number(p, -1.0);
    case KM_OP_POWI: return km_mul(p, km_number(p, index), km_make_powi(p, a, index - 1));
    case KM_OP_EXP: return e;
    case KM_OP_LOG: return km_div(p, one, a);
    case KM_OP_LOG10: return km_div(p, km_number(p, 0.43429448190325182765), a);
    case KM_OP_LOG1P: return km_div(p, one, km_add(p, one, a));
    case KM_OP_EXPM1: return km_add(p, one, e);
    case KM_OP_SQRT: return km_div(p, km_number(p, 0.5), e);
    case KM_OP_ABS:
        return km_make(p, KM_OP_IF, km_make(p, KM_OP_GT, a, zero, -1), one,
                       km_make(p, KM_OP_IF, km_make(p, KM_OP_LT, a, zero, -1), km_number(p, -1.0), zero));
    case KM_OP_SIN: return km_make(p, KM_OP_COS, a, -1, -1);
    case KM_OP_COS: return km_neg(p, km_make(p, KM_OP_SIN, a, -1, -1));
    case KM_OP_TAN: return km_add(p, one, km_mul(p, e, e));
    case KM_OP_ASIN:
        return km_div(p, one, km_make(p, KM_OP_SQRT, km_sub(p, one, km_mul(p, a, a)), -1, -1));
    case KM_OP_ACOS:
        return km_div(p, km_number(p, -1.0), km_make(p, KM_OP_SQRT, km_sub(p, one, km_mul(p, a, a)), -1, -1));
    case KM_OP_ATAN: return km_div(p, one, km_add(p, one, km_mul(p, a, a)));
    case KM_OP_SINH: return km_make(p, KM_OP_COSH, a, -1, -1);
    case KM_OP_COSH: return km_make(p, KM_OP_SINH, a, -1, -1);
    case KM_OP_TANH: return km_sub(p, one, km_mul(p, e, e));
    default: return zero; /* floor, ceil, comparisons, logic */
    }
}

/* Derivative of node e given its operands' derivatives da, db, dc. */
static km_expr chain(km_pool *p, km_expr e, km_expr da, km_expr db, km_expr dc)
{
    const km_node n = p->node[e];
    km_expr one = km_number(p, 1.0);

    switch (n.op) {
    case KM_OP_ADD: return km_add(p, da, db);
    case KM_OP_SUB: return km_sub(p, da, db);
    case KM_OP_MUL: return km_add(p, km_mul(p, da, n.b), km_mul(p, n.a, db));
    case KM_OP_DIV: return km_div(p, km_sub(p, da, km_mul(p, e, db)), n.b);
    case KM_OP_POW: {
        km_expr by_base = km_mul(p, n.b, km_make(p, KM_OP_POW, n.a, km_sub(p, n.b, one), -1));
        km_expr max_part = p->node[n.a].op == KM_OP_ADD ? p->node[n.a].a : n.a;
        double d = 0.0;
        /* The base of posp is max(x,0)+d with d > 0: there x^(n-1) may share x^n, without 0/0. */
        if (p->node[n.a].op == KM_OP_ADD &&
            ((p->node[max_part].op == KM_OP_MAX && km_is_number(p, p->node[n.a].b, &d)) ||
             (p->node[p->node[n.a].b].op == KM_OP_MAX && km_is_number(p, p->node[n.a].a, &d))) &&
            d > 0.0)
            by_base = km_mul(p, n.b, km_div(p, e, n.a));
        return km_add(p, km_mul(p, by_base, da),
                      km_mul(p, km_mul(p, e, km_make(p, KM_OP_LOG, n.a, -1, -1)), db));
    }
    case KM_OP_POW1P: {
        km_expr power = km_add(p, one, e);
        return km_add(p, km_mul(p, km_div(p, km_mul(p, n.b, power), km_add(p, one, n.a)), da),
                      km_mul(p, km_mul(p, power, km_make(p, KM_OP_LOG1P, n.a, -1, -1)), db));
    }
    case KM_OP_MIN: return km_make(p, KM_OP_IF, km_make(p, KM_OP_LE, n.a, n.b, -1), da, db);
    case KM_OP_MAX: return km_make(p, KM_OP_IF, km_make(p, KM_OP_GE, n.a, n.b, -1), da, db);
    case KM_OP_IF: return km_make(p, KM_OP_IF, n.a, db, dc);
    default: return km_mul(p, outer(p, n.op, n.index, n.a, e), da);
    }
}

km_expr km_directional(km_pool *pool, km_expr e, km_seed seed, void *context)
{
    size_t n = (size_t)e + 1;
    km_expr *d = km_alloc(n, sizeof *d), zero = km_number(pool, 0.0), result;
    char *needed = km_alloc(n, 1);

    needed[e] = 1;
    for (km_expr i = e; i >= 0; i--) {
        const km_node *node = &pool->node[i];
        if (!needed[i])
            continue;
        if (node->a >= 0)
            needed[node->a] = 1;
        if (node->b >= 0)
            needed[node->b] = 1;
        if (node->c >= 0)
            needed[node->c] = 1;
    }
    for (km_expr i = 0; i <= e; i++) {
        const km_node node = pool->node[i];
        if (!needed[i])
            continue;
        if (node.op == KM_OP_NUMBER)
            d[i] = zero;
        else if (node.op == KM_OP_SYMBOL)
            d[i] = seed(context, pool, node.kind, node.index);
        else if (d[node.a] == zero && (node.b < 0 || d[node.b] == zero) && (node.c < 0 || d[node.c] == zero))
            d[i] = zero;
        else
            d[i] = chain(pool, i, d[node.a], node.b < 0 ? zero : d[node.b], node.c < 0 ? zero : d[node.c]);
    }
    result = d[e];
    free(d);
    free(needed);
    return result;
}

typedef struct one_symbol {
    int kind, index;
} one_symbol;

static km_expr seed_one(void *context, km_pool *pool, int kind, int index)
{
    const one_symbol *s = context;

    return km_number(pool, kind == s->kind && index == s->index ? 1.0 : 0.0);
}

km_expr km_partial(km_pool *pool, km_expr e, int kind, int index)
{
    one_symbol s = {kind, index};

    return km_directional(pool, e, seed_one, &s);
}
