#include "engine/host_model.h"

#include "base/memory.h"
#include "codegen/schedule.h"
#include "codegen/sparse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- leaves ---- */

typedef struct leaves {
    km_host_model *model;
    const char *is_constant; /* of every node */
    const int *dense;        /* index of a state among those outputs need, or NULL */
} leaves;

static int constant_index(km_host_model *m, km_expr e)
{
    for (int k = 0; k < m->n_constants; k++)
        if (m->constant[k] == e)
            return k;
    KM_PUSH(m->constant, m->n_constants);
    m->constant[m->n_constants] = e;
    return m->n_constants++;
}

/* While integrating: what depends on parameters only is known. */
static bool lane_leaf(void *context, km_expr e, km_leaf *out)
{
    const leaves *l = context;
    const km_node *n = &l->model->problem.pool.node[e];

    if (l->is_constant[e]) {
        out->source = KM_FROM_CONSTANT;
        out->index = constant_index(l->model, e);
        return true;
    }
    if (n->op != KM_OP_SYMBOL)
        return false;
    out->source = n->kind == KM_SYMBOL_TIME ? KM_FROM_TIME : n->kind == KM_SYMBOL_STATE ? KM_FROM_STATE : KM_FROM_RATE;
    out->index = n->kind == KM_SYMBOL_STATE && l->dense ? l->dense[n->index] : n->index;
    return true;
}

/* While a point is prepared. */
static bool point_leaf(void *context, km_expr e, km_leaf *out)
{
    const leaves *l = context;
    const km_node *n = &l->model->problem.pool.node[e];

    if (n->op != KM_OP_SYMBOL)
        return false;
    out->source = n->kind == KM_SYMBOL_SLOT ? KM_FROM_SLOT : n->kind == KM_SYMBOL_AMT ? KM_FROM_AMOUNT : KM_FROM_DOSE_SCALE;
    out->index = n->index;
    return true;
}

/* Nodes that depend on slots, dose scales and numbers only. */
static char *find_constants(const km_pool *pool)
{
    char *yes = km_alloc(pool->n + 1, 1);

    for (size_t e = 0; e < pool->n; e++) {
        const km_node *n = &pool->node[e];
        if (n->op == KM_OP_SYMBOL)
            yes[e] = n->kind == KM_SYMBOL_SLOT || n->kind == KM_SYMBOL_DOSE_SCALE;
        else
            yes[e] = (n->a < 0 || yes[n->a]) && (n->b < 0 || yes[n->b]) && (n->c < 0 || yes[n->c]);
    }
    return yes;
}

/* ---- the parts ---- */

static void number_states(km_host_model *m, int *dense)
{
    const km_problem *p = &m->problem;
    size_t n = (size_t)p->n_states + 1;

    m->dosed_state = km_alloc(n, sizeof(int));
    m->dosed_index = km_alloc(n, sizeof(int));
    m->dense_state = km_alloc(n, sizeof(int));
    for (int i = 0; i < p->n_states; i++) {
        bool needed = false;
        m->dosed_index[i] = p->dosed[i] ? m->n_dosed : -1;
        if (p->dosed[i])
            m->dosed_state[m->n_dosed++] = i;
        for (int k = 0; k < p->n_outputs; k++)
            needed = needed || km_depends(&p->pool, p->value[k], KM_SYMBOL_STATE, i);
        dense[i] = m->n_dense;
        if (needed)
            m->dense_state[m->n_dense++] = i;
    }
}

static void make_lane_tapes(km_host_model *m, const char *is_constant, const int *dense, const km_expr *scale)
{
    const km_problem *p = &m->problem;
    int n = p->n_states, n_out = p->n_outputs, total = 2 * n + p->n_jacobian, k = 0;
    km_expr *root = km_alloc((size_t)(total + 2 * n_out) + 1, sizeof *root);
    leaves l = {.model = m, .is_constant = is_constant};

    km_tape_init(&m->rates, &p->pool, p->rate, n, lane_leaf, &l);
    for (int i = 0; i < n; i++)
        root[k++] = p->rate[i];
    for (int i = 0; i < p->n_jacobian; i++)
        root[k++] = p->jacobian[i].value;
    for (int i = 0; i < n; i++)
        root[k++] = p->time_derivative[i];
    km_tape_init(&m->derivatives, &p->pool, root, total, lane_leaf, &l);
    for (int i = 0; i < n_out; i++) {
        root[i] = p->value[i];
        root[n_out + i] = p->slope[i];
    }
    km_tape_init(&m->observe, &p->pool, root, 2 * n_out, lane_leaf, &l);
    km_tape_init(&m->initial, &p->pool, p->initial, n, lane_leaf, &l);
    km_tape_init(&m->scale, &p->pool, scale, n, lane_leaf, &l);
    m->output = km_alloc((size_t)n_out + 1, sizeof *m->output);
    l.dense = dense;
    for (int i = 0; i < n_out; i++)
        km_tape_init(&m->output[i], &p->pool, &p->value[i], 1, lane_leaf, &l);
    free(root);
}

static void make_point_tapes(km_host_model *m)
{
    const km_problem *p = &m->problem;
    int n_holds = p->n_holds;
    km_expr *root = km_alloc((size_t)(m->n_constants + n_holds) + 1, sizeof *root);
    leaves l = {.model = m};

    for (int i = 0; i < m->n_constants; i++)
        root[i] = m->constant[i];
    for (int i = 0; i < n_holds; i++)
        root[m->n_constants + i] = p->holds[i];
    km_tape_init(&m->point, &p->pool, root, m->n_constants + n_holds, point_leaf, &l);
    km_tape_init(&m->jumps, &p->pool, p->jump, p->n_jumps, point_leaf, &l);
    free(root);
}

static void make_record(km_host_model *m, int r)
{
    km_problem *p = &m->problem;
    const km_record *record = &m->study->record[r];
    const km_route *route = &m->study->model->route[record->route];
    km_host_record *out = &m->record[r];
    leaves l = {.model = m};

    for (int f = 0; f < KM_N_FIELDS; f++)
        out->slot[f] = km_schedule_slot(m->study, r, (km_field)f);
    out->entry = km_alloc((size_t)route->n_entries + 1, sizeof *out->entry);
    for (int k = 0; k < route->n_entries; k++) {
        const km_route_entry *entry = &route->entry[k];
        const km_expr nothing = km_number(&p->pool, 0.0);
        km_expr root[3] = {km_problem_translate(p, entry->fraction), nothing, nothing};
        int state = 0;
        while (state < p->n_states && p->state[state] != entry->state)
            state++;
        if (state == p->n_states || m->dosed_index[state] < 0)
            continue; /* no output needs this state */
        if (entry->lag != KM_EXPR_NONE)
            root[1] = km_problem_translate(p, entry->lag);
        if (entry->duration != KM_EXPR_NONE)
            root[2] = km_problem_translate(p, entry->duration);
        out->entry[out->n_entries].state = state;
        out->entry[out->n_entries].dosed = m->dosed_index[state];
        km_tape_init(&out->entry[out->n_entries++].tape, &p->pool, root, 3, point_leaf, &l);
    }
    km_tape_init(&out->amount, &p->pool, &p->amount, p->amount != KM_EXPR_NONE, point_leaf, &l);
    km_tape_init(&out->kilograms, &p->pool, &p->weight, p->weight != KM_EXPR_NONE && (record->amt_per_kg || record->rate_per_kg),
                 point_leaf, &l);
}

static void make_pattern(km_host_model *m)
{
    const km_problem *p = &m->problem;
    int n = p->n_states, k = 0;
    bool *nonzero = km_alloc((size_t)n * (size_t)n + 1, sizeof *nonzero);

    for (int i = 0; i < n; i++)
        nonzero[i * n + i] = true;
    for (int i = 0; i < p->n_jacobian; i++)
        nonzero[p->jacobian[i].row * n + p->jacobian[i].column] = true;
    km_sparse_fill(n, nonzero);
    m->row_start = km_alloc((size_t)n + 1, sizeof *m->row_start);
    m->column = km_alloc((size_t)n * (size_t)n + 1, sizeof *m->column);
    for (int i = 0; i < n; i++) {
        m->row_start[i] = k;
        for (int j = 0; j < n; j++)
            if (nonzero[i * n + j])
                m->column[k++] = j;
    }
    m->row_start[n] = k;
    free(nonzero);
}

static km_status check_size(const char *what, int n, int most, km_diag *d)
{
    if (n <= most)
        return KM_OK;
    return km_diag_fail(d, KM_E_INPUT, "the evaluator on the host holds %d %s, this study has %d", most, what, n);
}

km_status km_host_model_init(km_host_model *m, const km_study *study, km_diag *d)
{
    km_problem *p = &m->problem;
    int n_outputs, *output, *dense = NULL;
    km_expr hundredth, *scale = NULL;
    char *is_constant = NULL;
    km_status st = KM_OK;

    memset(m, 0, sizeof *m);
    m->study = study;
    m->output_index = km_alloc((size_t)study->model->n_outputs + 1, sizeof *m->output_index);
    output = km_problem_outputs(study, false, m->output_index, &n_outputs);
    km_problem_init(p, study, output, n_outputs, false);
    free(output);
    km_watch_plan_init(&m->plan, study);
    m->n_states = p->n_states;
    m->n_edges = km_schedule_edges(p) + m->plan.n_time_references + 2;
    m->early_step = km_problem_limits_step(p, false) ? study->horizon / 700.0 : (double)INFINITY;
    m->stride = km_problem_stride(p);
    m->margin_endpoint = km_alloc((size_t)study->n_endpoints + 1, sizeof *m->margin_endpoint);
    for (int e = 0; e < study->n_endpoints; e++)
        if (study->endpoint[e].margin)
            m->margin_endpoint[m->n_margins++] = e;
    KM_TRY(check_size("states", p->n_states, KM_HOST_STATES, d));
    KM_TRY(check_size("outputs", p->n_outputs, KM_HOST_OUTPUTS, d));
    KM_TRY(check_size("endpoints", study->n_endpoints, KM_HOST_ENDPOINTS, d));
    KM_TRY(check_size("watchers of endpoints", m->plan.n_watchers + m->plan.n_references, KM_HOST_WATCHERS, d));
    KM_TRY(check_size("edges of a schedule", m->n_edges, KM_HOST_EDGES, d));

    dense = km_alloc((size_t)p->n_states + 1, sizeof *dense);
    number_states(m, dense);
    scale = km_alloc((size_t)p->n_states + 1, sizeof *scale);
    hundredth = km_number(&p->pool, 0.01);
    for (int i = 0; i < p->n_states; i++)
        scale[i] = km_mul(&p->pool, hundredth, p->scale[i]);
    m->record = km_alloc((size_t)study->n_records + 1, sizeof *m->record);
    for (int r = 0; r < study->n_records; r++)
        make_record(m, r);
    is_constant = find_constants(&p->pool);
    make_lane_tapes(m, is_constant, dense, scale);
    make_point_tapes(m);
    make_pattern(m);
    KM_TRY(check_size("constants of a point", m->n_constants, KM_HOST_CONSTANTS, d));
done:
    free(dense), free(scale), free(is_constant);
    if (st != KM_OK)
        km_host_model_clear(m);
    return st;
}

void km_host_model_clear(km_host_model *m)
{
    km_tape *tape[] = {&m->point, &m->jumps, &m->rates, &m->derivatives, &m->observe, &m->initial, &m->scale};

    for (size_t i = 0; i < sizeof tape / sizeof *tape; i++)
        km_tape_clear(tape[i]);
    for (int i = 0; m->output && i < m->problem.n_outputs; i++)
        km_tape_clear(&m->output[i]);
    for (int r = 0; m->record && r < m->study->n_records; r++) {
        for (int k = 0; k < m->record[r].n_entries; k++)
            km_tape_clear(&m->record[r].entry[k].tape);
        free(m->record[r].entry);
        km_tape_clear(&m->record[r].amount);
        km_tape_clear(&m->record[r].kilograms);
    }
    free(m->output_index), free(m->dosed_state), free(m->dosed_index), free(m->dense_state), free(m->margin_endpoint);
    free(m->constant), free(m->output), free(m->record), free(m->row_start), free(m->column);
    km_watch_plan_clear(&m->plan);
    km_problem_clear(&m->problem);
    memset(m, 0, sizeof *m);
}
