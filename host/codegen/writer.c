/* Leaves and constants of generated code. */
#include "codegen/writer.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void km_writer_init(km_writer *w, km_problem *problem, bool single)
{
    int n = problem->n_states;

    memset(w, 0, sizeof *w);
    w->problem = problem;
    w->powers.single = single;
    w->dosed_index = km_alloc((size_t)n + 1, sizeof(int));
    for (int i = 0; i < n; i++)
        w->dosed_index[i] = problem->dosed[i] ? w->n_dosed++ : -1;
    w->jacobian_index = km_alloc((size_t)problem->n_jacobian + 1, sizeof(int));
    for (int k = 0; k < problem->n_jacobian; k++)
        w->jacobian_index[k] = km_problem_is_constant(problem, problem->jacobian[k].value) ? -1 : w->n_dynamic++;
    w->dense_state = km_alloc((size_t)n + 1, sizeof(int));
    for (int i = 0; i < n; i++)
        for (int k = 0; k < problem->n_outputs; k++)
            if (km_depends(&problem->pool, problem->value[k], KM_SYMBOL_STATE, i)) {
                w->dense_state[w->n_dense++] = i;
                break;
            }
}

void km_writer_clear(km_writer *w)
{
    km_text_clear(&w->text);
    km_literal_powers_clear(&w->powers);
    free(w->constant), free(w->is_constant), free(w->dosed_index), free(w->jacobian_index), free(w->dense_state);
    memset(w, 0, sizeof *w);
}

static bool is_constant(km_writer *w, km_expr e)
{
    const km_node *n = &w->problem->pool.node[e];
    bool yes;

    if (w->problem->pool.n > w->n_known) {
        w->is_constant = km_realloc(w->is_constant, w->problem->pool.n, 1);
        memset(w->is_constant + w->n_known, -1, w->problem->pool.n - w->n_known);
        w->n_known = w->problem->pool.n;
    }
    if (w->is_constant[e] >= 0)
        return w->is_constant[e] == 1;
    if (n->op == KM_OP_NUMBER)
        yes = true;
    else if (n->op == KM_OP_SYMBOL)
        yes = n->kind == KM_SYMBOL_SLOT || n->kind == KM_SYMBOL_DOSE_SCALE;
    else
        yes = is_constant(w, n->a) && (n->b < 0 || is_constant(w, n->b)) && (n->c < 0 || is_constant(w, n->c));
    w->is_constant[e] = yes;
    return yes;
}

static int constant_index(km_writer *w, km_expr e)
{
    for (int k = 0; k < w->n_constants; k++)
        if (w->constant[k] == e)
            return k;
    KM_PUSH(w->constant, w->n_constants);
    w->constant[w->n_constants] = e;
    return w->n_constants++;
}

char *km_constant_text(km_writer *w, km_expr e)
{
    double v;

    if (km_is_number(&w->problem->pool, e, &v))
        return km_emit_number(KM_DIALECT_LANES, v);
    return km_format("c[%d]", constant_index(w, e));
}

static char *lane_leaf(void *context, km_expr e)
{
    km_writer *w = context;
    const km_node *n = &w->problem->pool.node[e];

    if (n->op == KM_OP_NUMBER)
        return NULL;
    if (is_constant(w, e))
        return km_constant_text(w, e);
    if (n->op != KM_OP_SYMBOL)
        return NULL;
    switch (n->kind) {
    case KM_SYMBOL_TIME: return km_strdup("t");
    case KM_SYMBOL_STATE: return w->dense ? km_format("x[%d]", w->dense[n->index]) : km_format("y[%d]", n->index);
    case KM_SYMBOL_RATE: return km_format("f[%d]", n->index);
    default: return km_strdup("?");
    }
}

static char *scalar_leaf(void *context, km_expr e)
{
    km_writer *w = context;
    const km_node *n = &w->problem->pool.node[e];

    if (n->op != KM_OP_SYMBOL)
        return NULL;
    switch (n->kind) {
    case KM_SYMBOL_SLOT: return km_format("((scalar)q[%d])", n->index);
    case KM_SYMBOL_DOSE_SCALE: return km_format("dose_scale[%d]", n->index);
    case KM_SYMBOL_AMT: return km_strdup("amt");
    default: return km_strdup("?");
    }
}

static int lane_power(void *context, double exponent)
{
    km_writer *w = context;

    return km_literal_power_id(&w->powers, exponent);
}

void km_write_lanes(km_writer *w, const km_expr *root, const char *const *target, int n)
{
    km_emitter em = {.pool = &w->problem->pool, .dialect = KM_DIALECT_LANES, .leaf = lane_leaf, .power = lane_power,
                     .context = w, .join_blocks = w->powers.single, .indent = "    "};

    km_emit(&em, &w->text, root, target, n);
}

void km_write_scalar(km_writer *w, const km_expr *root, const char *const *target, int n, const char *indent)
{
    km_emitter em = {.pool = &w->problem->pool, .dialect = KM_DIALECT_SCALAR, .leaf = scalar_leaf, .context = w,
                     .indent = indent};

    km_emit(&em, &w->text, root, target, n);
}
