/* From a study to the reduced problem. */
#include "codegen/problem.h"

#include "base/memory.h"
#include "codegen/breaks.h"
#include "codegen/sparse.h"
#include "model/derivative.h"

#include <stdlib.h>
#include <string.h>

static km_expr *expressions(int n)
{
    km_expr *e = km_alloc((size_t)n + 1, sizeof *e);

    for (int i = 0; i < n; i++)
        e[i] = KM_EXPR_NONE;
    return e;
}

/* ---- translation from the model's pool ---- */

static km_expr replace_model_symbol(void *context, km_pool *pool, int kind, int index)
{
    const km_problem *p = context;

    if (kind != KM_SYMBOL_PARAMETER)
        return km_symbol(pool, (km_symbol_kind)kind, index);
    for (int s = 0; s < p->study->n_slots; s++)
        if (p->study->slot[s].field == KM_FIELD_PARAMETER && p->study->slot[s].index == index)
            return km_symbol(pool, (km_symbol_kind)KM_SYMBOL_SLOT, s);
    return km_number(pool, p->study->parameter[index]);
}

km_expr km_problem_translate(km_problem *p, km_expr e)
{
    const km_pool *source = &p->study->model->pool;
    km_expr *memo = expressions((int)source->n);
    km_expr result = km_copy(source, e, &p->pool, memo, replace_model_symbol, p);

    free(memo);
    return result;
}

bool km_problem_is_constant(const km_problem *p, km_expr e)
{
    return !km_depends(&p->pool, e, KM_SYMBOL_STATE, -1) && !km_depends(&p->pool, e, KM_SYMBOL_TIME, -1) &&
           !km_depends(&p->pool, e, KM_SYMBOL_RATE, -1);
}

/* ---- substituting states ---- */

typedef struct substitution {
    const int *number; /* new index of a state; -1: it is 0 */
} substitution;

static km_expr replace_state(void *context, km_pool *pool, int kind, int index)
{
    const substitution *s = context;

    if (kind != KM_SYMBOL_STATE)
        return km_symbol(pool, (km_symbol_kind)kind, index);
    return s->number[index] < 0 ? km_number(pool, 0.0) : km_symbol(pool, KM_SYMBOL_STATE, s->number[index]);
}

/* Rewrites n expressions, states renamed. */
static void substitute(km_pool *pool, km_expr *list, int n, const int *number)
{
    substitution s = {number};
    km_pool before = *pool; /* the nodes so far; the pool may move while it grows */
    km_expr *memo = expressions((int)before.n);
    km_pool source = before;

    source.node = km_alloc(before.n + 1, sizeof *source.node);
    memcpy(source.node, before.node, before.n * sizeof *source.node);
    for (int i = 0; i < n; i++)
        if (list[i] != KM_EXPR_NONE)
            list[i] = km_copy(&source, list[i], pool, memo, replace_state, &s);
    free(source.node);
    free(memo);
}

/* States that start at 0, receive no dose, and whose rates vanish while all of them are 0. */
static void find_zero_states(km_problem *p, const km_expr *rate, const km_expr *initial, const bool *dosed, int n,
                             int *number)
{
    double v;
    bool changed = true;

    for (int i = 0; i < n; i++)
        number[i] = !dosed[i] && km_is_number(&p->pool, initial[i], &v) && v == 0.0 ? -1 : i;
    while (changed) {
        km_expr *trial = expressions(n);
        changed = false;
        memcpy(trial, rate, (size_t)n * sizeof *trial);
        substitute(&p->pool, trial, n, number);
        for (int i = 0; i < n; i++)
            if (number[i] < 0 && !(km_is_number(&p->pool, trial[i], &v) && v == 0.0)) {
                number[i] = i;
                changed = true;
            }
        free(trial);
    }
}

/* ---- making expressions cheap: one reciprocal per divisor, constants of a point together ---- */

typedef struct optimiser {
    km_problem *p;
    km_expr *memo;
    char *constant; /* 1 yes, 2 no, 0 unknown */
    size_t size;
} optimiser;

static bool is_constant(optimiser *o, km_expr e)
{
    if ((size_t)e >= o->size) {
        size_t size = 2 * (size_t)e + 64;
        o->memo = km_realloc(o->memo, size, sizeof *o->memo);
        o->constant = km_realloc(o->constant, size, 1);
        for (size_t i = o->size; i < size; i++) {
            o->memo[i] = KM_EXPR_NONE;
            o->constant[i] = 0;
        }
        o->size = size;
    }
    if (o->constant[e] == 0) {
        const km_node n = o->p->pool.node[e];
        bool yes;
        if (n.op == KM_OP_NUMBER)
            yes = true;
        else if (n.op == KM_OP_SYMBOL)
            yes = n.kind != KM_SYMBOL_STATE && n.kind != KM_SYMBOL_TIME && n.kind != (int)KM_SYMBOL_RATE;
        else
            yes = is_constant(o, n.a) && (n.b < 0 || is_constant(o, n.b)) && (n.c < 0 || is_constant(o, n.c));
        o->constant[e] = yes ? 1 : 2;
    }
    return o->constant[e] == 1;
}

/* Splits e = constant * rest; either may be KM_EXPR_NONE. */
static void split(optimiser *o, km_expr e, km_expr *constant, km_expr *rest)
{
    const km_node n = o->p->pool.node[e];

    *constant = KM_EXPR_NONE;
    *rest = e;
    if (is_constant(o, e)) {
        *constant = e;
        *rest = KM_EXPR_NONE;
    } else if (n.op == KM_OP_MUL && is_constant(o, n.a)) {
        *constant = n.a;
        *rest = n.b;
    } else if (n.op == KM_OP_MUL && is_constant(o, n.b)) {
        *constant = n.b;
        *rest = n.a;
    }
}

static km_expr product(km_pool *pool, km_expr a, km_expr b)
{
    return a == KM_EXPR_NONE ? b : b == KM_EXPR_NONE ? a : km_mul(pool, a, b);
}

static km_expr optimised_mul(optimiser *o, km_expr a, km_expr b)
{
    km_pool *pool = &o->p->pool;
    km_expr ca, ra, cb, rb, c, r;

    if (pool->node[a].op == KM_OP_NEG)
        return km_neg(pool, optimised_mul(o, pool->node[a].a, b));
    if (pool->node[b].op == KM_OP_NEG)
        return km_neg(pool, optimised_mul(o, a, pool->node[b].a));
    split(o, a, &ca, &ra);
    split(o, b, &cb, &rb);
    c = product(pool, ca, cb);
    r = product(pool, ra, rb);
    return product(pool, c, r);
}

static km_expr optimised(optimiser *o, km_expr e)
{
    km_pool *pool = &o->p->pool;
    const km_node n = pool->node[e];
    km_expr a, b, c, result;

    if (is_constant(o, e))
        return e;
    if (o->memo[e] != KM_EXPR_NONE)
        return o->memo[e];
    if (n.op == KM_OP_SYMBOL) {
        result = e;
    } else {
        a = optimised(o, n.a);
        b = n.b < 0 ? -1 : optimised(o, n.b);
        c = n.c < 0 ? -1 : optimised(o, n.c);
        if (n.op == KM_OP_MUL)
            result = optimised_mul(o, a, b);
        else if (n.op == KM_OP_DIV)
            result = optimised_mul(o, a, km_div(pool, km_number(pool, 1.0), b));
        else if (n.op == KM_OP_POWI)
            result = km_make_powi(pool, a, n.index);
        else
            result = km_make(pool, n.op, a, b, c);
        /* 1/(c*x) -> (1/c)*(1/x) would cost more; leave it */
    }
    o->memo[e] = result;
    return result;
}

static void optimise(km_problem *p, km_expr *list, int n)
{
    optimiser o = {.p = p};

    for (int i = 0; i < n; i++)
        if (list[i] != KM_EXPR_NONE) {
            (void)is_constant(&o, list[i]);
            list[i] = optimised(&o, list[i]);
        }
    free(o.memo);
    free(o.constant);
}

/* ---- conditions on a point ---- */

/* A sum of 1 may come out a few roundings of single precision above it, and what is left of 1 as many below 0. */
#define FRACTION_SLACK 1e-6

static void require(km_problem *p, km_expr condition)
{
    double v;

    if (km_is_number(&p->pool, condition, &v) && v != 0.0)
        return; /* always met in this study */
    KM_PUSH(p->holds, p->n_holds);
    p->holds[p->n_holds++] = condition;
}

/* Fractions of a route are at least 0, and at most 1 together. Literals have been checked by the model's reader. */
static void require_fractions_of(km_problem *p, const km_route *route)
{
    km_pool *pool = &p->pool;
    km_expr sum = km_number(pool, 0.0);
    bool varies = false;

    for (int k = 0; k < route->n_entries; k++) {
        km_expr fraction = km_problem_translate(p, route->entry[k].fraction);
        sum = km_add(pool, sum, fraction);
        if (km_is_number(&p->study->model->pool, route->entry[k].fraction, NULL))
            continue;
        varies = true;
        require(p, km_make(pool, KM_OP_GE, fraction, km_number(pool, -FRACTION_SLACK), -1));
    }
    if (varies)
        require(p, km_make(pool, KM_OP_LE, sum, km_number(pool, 1.0 + FRACTION_SLACK), -1));
}

/* Those of routes that doses take into a state that is integrated (number[state] >= 0). */
static void require_fractions(km_problem *p, const int *number)
{
    const km_model *m = p->study->model;

    for (int i = 0; i < m->n_routes; i++) {
        bool taken = false, counts = false;
        for (int r = 0; r < p->study->n_records; r++)
            taken = taken || p->study->record[r].route == i;
        for (int k = 0; k < m->route[i].n_entries; k++)
            counts = counts || number[m->route[i].entry[k].state] >= 0;
        if (taken && counts)
            require_fractions_of(p, &m->route[i]);
    }
}

/* ---- the whole ---- */

static void find_dosed(const km_study *study, bool *dosed)
{
    double v;

    for (int r = 0; r < study->n_records; r++) {
        const km_route *route = &study->model->route[study->record[r].route];
        for (int k = 0; k < route->n_entries; k++)
            if (!km_is_number(&study->model->pool, route->entry[k].fraction, &v) || v != 0.0)
                dosed[route->entry[k].state] = true;
    }
}

/* States the outputs need, directly or through rates. */
static void find_needed(const km_problem *p, const km_expr *rate, const km_expr *value, int n_values, int n, bool *needed)
{
    bool changed = true;

    for (int i = 0; i < n_values; i++)
        for (int j = 0; j < n; j++)
            needed[j] = needed[j] || km_depends(&p->pool, value[i], KM_SYMBOL_STATE, j);
    while (changed) {
        changed = false;
        for (int i = 0; i < n; i++)
            for (int j = 0; needed[i] && j < n; j++)
                if (!needed[j] && km_depends(&p->pool, rate[i], KM_SYMBOL_STATE, j))
                    needed[j] = changed = true;
    }
}

static km_expr default_scale(km_problem *p, km_expr initial, bool dosed, int k)
{
    km_expr size = km_make(&p->pool, KM_OP_ABS, initial, -1, -1), one = km_number(&p->pool, 1.0);
    double v;

    if (km_is_number(&p->pool, size, &v) && v > 0.0)
        return size;
    if (dosed)
        return km_symbol(&p->pool, (km_symbol_kind)KM_SYMBOL_DOSE_SCALE, k);
    if (km_is_number(&p->pool, size, NULL))
        return one;
    return km_make(&p->pool, KM_OP_IF, km_make(&p->pool, KM_OP_GT, size, km_number(&p->pool, 0.0), -1), size, one);
}

static km_expr seed_rates(void *context, km_pool *pool, int kind, int index)
{
    (void)context;
    if (kind == KM_SYMBOL_TIME)
        return km_number(pool, 1.0);
    if (kind == KM_SYMBOL_STATE)
        return km_symbol(pool, (km_symbol_kind)KM_SYMBOL_RATE, index);
    return km_number(pool, 0.0);
}

static void differentiate(km_problem *p)
{
    double v;
    int n = p->n_states;

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            km_expr e = km_partial(&p->pool, p->rate[i], KM_SYMBOL_STATE, j);
            optimise(p, &e, 1);
            if (km_is_number(&p->pool, e, &v) && v == 0.0)
                continue;
            KM_PUSH(p->jacobian, p->n_jacobian);
            p->jacobian[p->n_jacobian++] = (km_entry){i, j, e};
        }
    p->time_derivative = expressions(n);
    for (int i = 0; i < n; i++) {
        p->time_derivative[i] = km_partial(&p->pool, p->rate[i], KM_SYMBOL_TIME, 0);
        p->rates_use_time = p->rates_use_time || km_depends(&p->pool, p->rate[i], KM_SYMBOL_TIME, -1);
    }
    optimise(p, p->time_derivative, n);
    p->slope = expressions(p->n_outputs);
    p->smooth = km_alloc((size_t)p->n_outputs + 1, sizeof *p->smooth);
    for (int i = 0; i < p->n_outputs; i++) {
        p->slope[i] = km_directional(&p->pool, p->value[i], seed_rates, NULL);
        p->smooth[i] = km_is_smooth(&p->pool, p->value[i]);
        p->outputs_use_time = p->outputs_use_time || km_depends(&p->pool, p->value[i], KM_SYMBOL_TIME, -1);
    }
    optimise(p, p->slope, p->n_outputs);
}

/* Numbers the states that stay: number[model index] = k in elimination order, or -1. */
static void choose_states(km_problem *p, const km_expr *rate, const bool *needed, int n, int *number)
{
    int *kept = km_alloc((size_t)n + 1, sizeof *kept), *order;
    int m = 0;
    bool *nonzero;

    for (int i = 0; i < n; i++)
        if (needed[i] && number[i] >= 0)
            kept[m++] = i;
    nonzero = km_alloc((size_t)m * (size_t)m + 1, sizeof *nonzero);
    order = km_alloc((size_t)m + 1, sizeof *order);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++)
            nonzero[i * m + j] = i == j || km_depends(&p->pool, rate[kept[i]], KM_SYMBOL_STATE, kept[j]);
    km_sparse_order(m, nonzero, order);
    for (int i = 0; i < n; i++)
        number[i] = -1;
    p->n_states = m;
    p->state = km_alloc((size_t)m + 1, sizeof *p->state);
    for (int k = 0; k < m; k++) {
        p->state[k] = kept[order[k]];
        number[kept[order[k]]] = k;
    }
    p->n_removed = n - m;
    free(kept);
    free(order);
    free(nonzero);
}

/* The breaks at which something that is computed may jump. */
static void keep_breaks(km_problem *p)
{
    const km_model *m = p->study->model;
    bool matter = false;

    p->jump = expressions(m->n_jumps);
    for (int i = 0; i < p->n_states; i++)
        matter = matter || km_breaks_matter(&p->pool, p->rate[i]);
    for (int i = 0; i < p->n_outputs; i++)
        matter = matter || km_breaks_matter(&p->pool, p->value[i]);
    for (int i = 0; matter && i < m->n_jumps; i++) {
        p->jump[p->n_jumps] = km_problem_translate(p, m->jump[i]);
        p->n_jumps += km_breaks_inside(&p->pool, p->jump[p->n_jumps], p->study->horizon);
    }
}

int *km_problem_outputs(const km_study *study, bool all, int *index, int *n)
{
    int *output = km_alloc((size_t)study->model->n_outputs + 1, sizeof *output);

    *n = 0;
    for (int k = 0; k < study->model->n_outputs; k++) {
        bool wanted = all;
        for (int e = 0; e < study->n_endpoints; e++)
            wanted = wanted || study->endpoint[e].output == k;
        index[k] = wanted ? *n : -1;
        if (wanted)
            output[(*n)++] = k;
    }
    return output;
}

bool km_problem_limits_step(const km_problem *p, bool trajectory)
{
    bool crossings = trajectory;

    for (int e = 0; e < p->study->n_endpoints; e++)
        crossings = crossings || p->study->endpoint[e].kind == KM_FIRST_TIME ||
                    p->study->endpoint[e].kind == KM_LAST_TIME || p->study->endpoint[e].kind == KM_TIME_IN;
    return crossings || p->outputs_use_time;
}

double km_problem_stride(const km_problem *p)
{
    bool integral = false;

    for (int e = 0; e < p->study->n_endpoints; e++)
        integral = integral || p->study->endpoint[e].kind == KM_INTEGRAL;
    return integral && p->outputs_use_time ? 1.0 : 7.0;
}

void km_problem_init(km_problem *p, const km_study *study, const int *output, int n_outputs, bool single)
{
    const km_model *m = study->model;
    int n = m->n_states, *number = km_alloc((size_t)n + 1, sizeof *number);
    km_expr *rate = expressions(n), *initial = expressions(n);
    bool *dosed = km_alloc((size_t)n + 1, sizeof *dosed), *needed = km_alloc((size_t)n + 1, sizeof *needed);

    memset(p, 0, sizeof *p);
    p->study = study;
    km_pool_init(&p->pool, single);
    for (int i = 0; i < n; i++) {
        rate[i] = km_problem_translate(p, m->state[i].rate);
        initial[i] = km_problem_translate(p, m->state[i].initial);
    }
    p->n_outputs = n_outputs;
    p->output = km_alloc((size_t)n_outputs + 1, sizeof *p->output);
    p->value = expressions(n_outputs);
    for (int i = 0; i < n_outputs; i++) {
        p->output[i] = output[i];
        p->value[i] = km_problem_translate(p, m->output[output[i]].value);
    }
    km_breaks_settle(&p->pool, rate, n, study->horizon);
    km_breaks_settle(&p->pool, p->value, n_outputs, study->horizon);
    find_dosed(study, dosed);
    find_zero_states(p, rate, initial, dosed, n, number);
    substitute(&p->pool, rate, n, number);
    substitute(&p->pool, p->value, n_outputs, number);
    find_needed(p, rate, p->value, n_outputs, n, needed);
    choose_states(p, rate, needed, n, number);
    substitute(&p->pool, rate, n, number);
    substitute(&p->pool, p->value, n_outputs, number);

    p->rate = expressions(p->n_states);
    p->initial = expressions(p->n_states);
    p->scale = expressions(p->n_states);
    p->dosed = km_alloc((size_t)p->n_states + 1, sizeof *p->dosed);
    for (int k = 0; k < p->n_states; k++) {
        int i = p->state[k];
        p->rate[k] = rate[i];
        p->initial[k] = initial[i];
        p->dosed[k] = dosed[i];
        p->scale[k] = m->state[i].scale == KM_EXPR_NONE ? default_scale(p, initial[i], dosed[i], k)
                                                        : km_problem_translate(p, m->state[i].scale);
    }
    optimise(p, p->rate, p->n_states);
    optimise(p, p->value, n_outputs);
    differentiate(p);

    keep_breaks(p);
    for (int i = 0; i < m->n_require; i++)
        require(p, km_problem_translate(p, m->require[i].holds));
    require_fractions(p, number);
    p->amount = m->has_dose ? km_problem_translate(p, m->amount) : KM_EXPR_NONE;
    p->weight = m->weight >= 0 ? replace_model_symbol(p, &p->pool, KM_SYMBOL_PARAMETER, m->weight) : KM_EXPR_NONE;
    free(number), free(rate), free(initial), free(dosed), free(needed);
}

void km_problem_clear(km_problem *p)
{
    free(p->state), free(p->rate), free(p->initial), free(p->scale), free(p->dosed), free(p->jacobian);
    free(p->time_derivative), free(p->output), free(p->value), free(p->slope), free(p->smooth), free(p->jump), free(p->holds);
    km_pool_clear(&p->pool);
    memset(p, 0, sizeof *p);
}
