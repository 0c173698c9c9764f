#include "engine/tape.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void km_tape_init(km_tape *t, const km_pool *pool, const km_expr *root, int n, km_is_leaf is_leaf, void *context)
{
    char *needed = km_alloc(pool->n + 1, 1);
    km_expr last = -1;

    memset(t, 0, sizeof *t);
    t->root = km_alloc((size_t)n + 1, sizeof *t->root);
    t->n_roots = n;
    for (int i = 0; i < n; i++) {
        t->root[i] = root[i];
        needed[root[i]] = 1;
        last = root[i] > last ? root[i] : last;
    }
    for (km_expr e = last; e >= 0; e--) {
        const km_node *node = &pool->node[e];
        const km_expr operand[3] = {node->a, node->b, node->c};
        km_leaf leaf = {.node = e};
        if (!needed[e] || node->op == KM_OP_NUMBER) {
            needed[e] = 0;
            continue;
        }
        if (is_leaf(context, e, &leaf)) {
            KM_PUSH(t->leaf, t->n_leaves);
            t->leaf[t->n_leaves++] = leaf;
            needed[e] = 0;
            continue;
        }
        for (int k = 0; k < 3; k++)
            if (operand[k] >= 0)
                needed[operand[k]] = 1;
    }
    for (km_expr e = 0; e <= last; e++)
        if (needed[e]) {
            KM_PUSH(t->step, t->n_steps);
            t->step[t->n_steps++] = e;
        }
    free(needed);
}

void km_tape_clear(km_tape *t)
{
    free(t->leaf), free(t->step), free(t->root);
    memset(t, 0, sizeof *t);
}

double *km_registers_create(const km_pool *pool)
{
    double *block = km_alloc(pool->n + 1, sizeof *block), *registers = block + 1; /* register -1: no operand */

    for (size_t e = 0; e < pool->n; e++)
        if (pool->node[e].op == KM_OP_NUMBER)
            registers[e] = pool->node[e].value;
    return registers;
}

void km_registers_destroy(double *registers)
{
    if (registers)
        free(registers - 1);
}

/* The operations that take part in almost every model, in line; as km_op_value, but a number that is none is never lost
 * in a comparison, and powers of negative numbers have no value (the exponent may vary). */
static double value_of(const km_node *n, const double *r)
{
    const double a = r[n->a], b = r[n->b], c = r[n->c];

    switch (n->op) {
    case KM_OP_ADD: return a + b;
    case KM_OP_SUB: return a - b;
    case KM_OP_MUL: return a * b;
    case KM_OP_DIV: return a / b;
    case KM_OP_NEG: return -a;
    case KM_OP_POW: return a < 0.0 ? (double)NAN : pow(a, b);
    case KM_OP_POW1P: return a < -1.0 ? (double)NAN : km_op_value(n->op, 0, a, b, c);
    case KM_OP_MIN: return a <= b || isnan(a) ? a : b;
    case KM_OP_MAX: return a >= b || isnan(a) ? a : b;
    default: return km_op_value(n->op, n->index, a, b, c);
    }
}

void km_tape_run(const km_tape *t, const km_pool *pool, const double *const from[KM_N_SOURCES], double *r, double *out)
{
    const km_node *node = pool->node;

    for (int i = 0; i < t->n_leaves; i++)
        r[t->leaf[i].node] = from[t->leaf[i].source][t->leaf[i].index];
    for (int i = 0; i < t->n_steps; i++)
        r[t->step[i]] = value_of(&node[t->step[i]], r);
    for (int i = 0; i < t->n_roots; i++)
        out[i] = r[t->root[i]];
}
