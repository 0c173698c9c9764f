/* Time conditions that never change are settled while generating code. */
#include "codegen/breaks.h"

#include "base/memory.h"

#include <stdlib.h>

typedef struct settler {
    km_pool *pool;
    km_expr *memo; /* of the nodes there were at first */
    double horizon;
} settler;

static bool is_time(const km_pool *pool, km_expr e)
{
    return pool->node[e].op == KM_OP_SYMBOL && pool->node[e].kind == KM_SYMBOL_TIME;
}

/* A comparison with its sides exchanged. */
static km_op mirrored(km_op op)
{
    return op == KM_OP_LT ? KM_OP_GT : op == KM_OP_GT ? KM_OP_LT : op == KM_OP_LE ? KM_OP_GE : KM_OP_LE;
}

/* t compared with a number: what it is throughout the study, if that is one thing. */
static km_expr settled_comparison(settler *s, km_expr e)
{
    km_pool *pool = s->pool;
    const km_node n = pool->node[e];
    km_op op = n.op;
    double limit;
    bool later;

    if (is_time(pool, n.a) && km_is_number(pool, n.b, &limit))
        ;
    else if (is_time(pool, n.b) && km_is_number(pool, n.a, &limit))
        op = mirrored(op);
    else
        return e;
    later = op == KM_OP_GT || op == KM_OP_GE;
    if (limit >= s->horizon)
        return km_number(pool, later ? 0.0 : 1.0);
    if (limit <= 0.0)
        return km_number(pool, later ? 1.0 : 0.0);
    return e;
}

static km_expr settled(settler *s, km_expr e)
{
    const km_node n = s->pool->node[e];
    km_expr a, b, c, result = e;

    if (n.op == KM_OP_NUMBER || n.op == KM_OP_SYMBOL)
        return e;
    if (s->memo[e] != KM_EXPR_NONE)
        return s->memo[e];
    a = settled(s, n.a);
    b = n.b < 0 ? n.b : settled(s, n.b);
    c = n.c < 0 ? n.c : settled(s, n.c);
    if (a != n.a || b != n.b || c != n.c)
        result = n.op == KM_OP_POWI ? km_make_powi(s->pool, a, n.index) : km_make(s->pool, n.op, a, b, c);
    else if (n.op >= KM_OP_LT && n.op <= KM_OP_GE)
        result = settled_comparison(s, e);
    s->memo[e] = result;
    return result;
}

void km_breaks_settle(km_pool *pool, km_expr *list, int n, double horizon)
{
    settler s = {.pool = pool, .memo = km_alloc(pool->n + 1, sizeof *s.memo), .horizon = horizon};
    size_t size = pool->n;

    for (size_t i = 0; i < size; i++)
        s.memo[i] = KM_EXPR_NONE;
    for (int i = 0; i < n && horizon > 0.0; i++) /* without states t is 0 and stays it */
        if (list[i] != KM_EXPR_NONE)
            list[i] = settled(&s, list[i]);
    free(s.memo);
}

bool km_breaks_matter(const km_pool *pool, km_expr e)
{
    enum { USED = 1, TIME = 2, STATE = 4 };
    char *mark = km_alloc((size_t)e + 1, 1);
    bool found = false;

    mark[e] = USED;
    for (km_expr i = e; i >= 0; i--) {
        const km_expr operand[] = {pool->node[i].a, pool->node[i].b, pool->node[i].c};
        for (int k = 0; mark[i] && k < 3; k++)
            if (operand[k] >= 0)
                mark[operand[k]] = USED;
    }
    for (km_expr i = 0; i <= e && !found; i++) {
        const km_node *n = &pool->node[i];
        const km_expr operand[] = {n->a, n->b, n->c};
        const bool bends = (n->op >= KM_OP_LT && n->op <= KM_OP_NE) || n->op == KM_OP_FLOOR || n->op == KM_OP_CEIL ||
                           n->op == KM_OP_ABS || n->op == KM_OP_MIN || n->op == KM_OP_MAX;
        if (!mark[i])
            continue;
        if (n->op == KM_OP_SYMBOL && n->kind == KM_SYMBOL_TIME)
            mark[i] |= TIME;
        if (n->op == KM_OP_SYMBOL && n->kind == KM_SYMBOL_STATE)
            mark[i] |= STATE;
        for (int k = 0; k < 3; k++)
            if (operand[k] >= 0)
                mark[i] = (char)(mark[i] | mark[operand[k]]);
        found = bends && (mark[i] & TIME) && !(mark[i] & STATE);
    }
    free(mark);
    return found;
}

bool km_breaks_inside(const km_pool *pool, km_expr time, double horizon)
{
    double at;

    return !km_is_number(pool, time, &at) || (at > 0.0 && at < horizon);
}
