/* The kernels as C11: one lane in double precision, the model's arithmetic read from tapes.
 *
 * kernels/prepare.cl, an integrator, endpoints.h and integrate.cl are compiled as they are, so that host and device share
 * the schedule, the steps and the endpoints. What codegen/ writes for a device is here instead: words of OpenCL C, the
 * program's sizes (arrays have the largest, loops the study's), and the model's functions. Included by one file for each
 * integrator, which defines KM_HOST_METHOD, the integrator's file, and KM_HOST_PROGRAM, the name of its entry. */
#pragma GCC system_header /* warnings about kernel code are the device compiler's */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* loops meant to be unrolled have no fixed length here */
#endif

#include "abi.h"
#include "engine/host_program.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Names the host has for other things. */
#define km_output km_output_here
#define km_factor km_factor_here

/* ---- OpenCL C ---- */

#define uint unsigned int
#define ulong uint64_t
#define long int64_t
#define char signed char
#define __kernel static __attribute__((unused))
#define __global
#define __private
#define atomic_inc(p) __atomic_fetch_add((p), 1, __ATOMIC_RELAXED)
#define get_global_id(dimension) km_work_item
#define as_double(x) km_double_of_bits((ulong)(x))
#define as_uint64_t(x) _Generic((x), double: km_bits_of_double, default: km_bits_of_whole)(x) /* as_ulong */
#define as_int64_t(x) ((int64_t)as_uint64_t(x))
#define convert_double(x) ((double)(x))

static inline ulong km_bits_of_whole(ulong x) { return x; }

static inline ulong km_bits_of_double(double x)
{
    ulong bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double km_double_of_bits(ulong bits)
{
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ---- the program's first lines ---- */

/* What this thread computes. Further passes are a number by itself: in #if a name counts as 0, so that KM_PASSES is 2
 * to the preprocessor and the study's number to the compiler. */
static _Thread_local const km_host_lane *here;
static _Thread_local int km_passes_beyond_two;
static _Thread_local uint km_work_item;

#define KM_SINGLE 0
#define KM_WIDE_DOUBLE 1
#define KM_LANES 1
#define KM_TRAJECTORY 0
#define KM_COMPENSATE 0
#define KM_LIMIT_STEP 1
#define KM_TURNS 1
#define KM_JUMPS 1
#define KM_STRIDE (KM_MODEL->stride)
#define KM_PASSES (2 + km_passes_beyond_two)

#define KM_STATES KM_HOST_STATES
#define KM_DOSED KM_HOST_STATES
#define KM_N_DENSE KM_HOST_STATES
#define KM_N_J (KM_HOST_STATES * KM_HOST_STATES)
#define KM_N_LU (KM_HOST_STATES * KM_HOST_STATES)
#define KM_CONSTANTS KM_HOST_CONSTANTS
#define KM_SLOTS 1 /* rows are read in place */
#define KM_OUTPUTS KM_HOST_OUTPUTS
#define KM_ENDPOINTS KM_HOST_ENDPOINTS
#define KM_MARGINS KM_HOST_ENDPOINTS
#define KM_REFERENCES KM_HOST_WATCHERS
#define KM_MAX_EDGES KM_HOST_EDGES

#define KM_MODEL here->model
#define KM_STUDY here->model->study
#define KM_N_STATES (KM_MODEL->n_states)
#define KM_N_CONSTANTS (KM_MODEL->n_constants)
#define KM_N_DOSED (KM_MODEL->n_dosed)
#define KM_N_SLOTS (KM_STUDY->n_slots)
#define KM_N_ENDPOINTS (KM_STUDY->n_endpoints)
#define KM_N_MARGINS (KM_MODEL->n_margins)
#define KM_N_REFERENCES (KM_MODEL->plan.n_references)
#define KM_N_EDGE_VALUES (2 * KM_N_DOSED + 1)
#define KM_HORIZON (KM_STUDY->horizon)
#define KM_EARLY_STEP (KM_MODEL->early_step)
#define KM_INVERSE_RTOL (1.0 / (KM_STUDY->solver.method->allowance * KM_STUDY->solver.rtol))
#define KM_RTOL (KM_STUDY->solver.rtol)
#define KM_INVERSE_N (KM_N_STATES > 0 ? 1.0 / KM_N_STATES : 0.0)
#define KM_NORM_LIMIT 1e300
#define KM_ROOT_TOLERANCE 1e-7
#define KM_MAX_STEPS (KM_STUDY->solver.max_steps)
#define KM_WITH_TIME(x) x
#define KM_HERE(t, start, end)                                                                                        \
    (KM_MODEL->problem.n_jumps > 0 ? km_max(km_min((t), (end) * 0.9999999999999996), (start) * 1.0000000000000004) : (t))
#define KM_SMOOTH(k) (KM_MODEL->problem.smooth[k])
#define KM_STAGE_TIME(t, part, h, end) KM_HERE((t) + (part) * (h), t, end)
#define KM_DENSE(F)                                                                                                   \
    for (int dense_ = 0; dense_ < KM_MODEL->n_dense; dense_++) {                                                      \
        F(dense_, KM_MODEL->dense_state[dense_])                                                                      \
    }
#define KM_DOSED_STATE(d) (KM_MODEL->dosed_state[d])
#define KM_PASS_OF(e) (KM_STUDY->endpoint[e].pass)
#define KM_PASS_OF_MARGIN(m) (KM_STUDY->endpoint[KM_MODEL->margin_endpoint[m]].pass)
#define KM_IS_TIME(r) (KM_MODEL->plan.reference[r].endpoint >= 0)
#define KM_NUMBER(x) ((real)(x))
#define KM_FMA(a, b, c) km_fma((real)(a), (real)(b), (real)(c))

#include "real.h"

#include "lane_tables.h"
#include "lane_math.h"

/* ---- the model ---- */

static void km_tape_here(const km_tape *tape, const double *const from[KM_N_SOURCES], double *out)
{
    km_tape_run(tape, &KM_MODEL->problem.pool, from, here->registers, out);
}

static void km_add_infusions(const real *u, real *rate)
{
    for (int d = 0; d < KM_N_DOSED; d++)
        rate[KM_DOSED_STATE(d)] += u[d];
}

static void km_rates(const real t, const real *y, const real *c, const real *u, real *out)
{
    km_tape_here(&KM_MODEL->rates,
                 (const double *[KM_N_SOURCES]){[KM_FROM_TIME] = &t, [KM_FROM_STATE] = y, [KM_FROM_CONSTANT] = c}, out);
    km_add_infusions(u, out);
}

static void km_derivatives(const real t, const real *y, const real *c, const real *u, real *f, real *J, real *ft)
{
    const int n = KM_N_STATES, n_j = KM_MODEL->problem.n_jacobian;
    real *out = here->work;

    km_tape_here(&KM_MODEL->derivatives,
                 (const double *[KM_N_SOURCES]){[KM_FROM_TIME] = &t, [KM_FROM_STATE] = y, [KM_FROM_CONSTANT] = c}, out);
    memcpy(f, out, (size_t)n * sizeof *f);
    memcpy(J, out + n, (size_t)n_j * sizeof *J);
    memcpy(ft, out + n + n_j, (size_t)n * sizeof *ft);
    km_add_infusions(u, f);
}

static void km_observe(const real t, const real *y, const real *c, const real *f, real *g, real *d)
{
    const int n = KM_MODEL->problem.n_outputs;

    km_tape_here(&KM_MODEL->observe,
                 (const double *[KM_N_SOURCES]){[KM_FROM_TIME] = &t, [KM_FROM_STATE] = y, [KM_FROM_CONSTANT] = c,
                                                [KM_FROM_RATE] = f}, here->work);
    memcpy(g, here->work, (size_t)n * sizeof *g);
    memcpy(d, here->work + n, (size_t)n * sizeof *d);
}

static real km_output(const int k, const real t, const real *x, const real *c)
{
    real value;

    km_tape_here(&KM_MODEL->output[k],
                 (const double *[KM_N_SOURCES]){[KM_FROM_TIME] = &t, [KM_FROM_STATE] = x, [KM_FROM_CONSTANT] = c}, &value);
    return value;
}

static void km_initial(const real *c, real *out)
{
    km_tape_here(&KM_MODEL->initial, (const double *[KM_N_SOURCES]){[KM_FROM_CONSTANT] = c}, out);
}

/* 1 / (rtol (scale/100 + |y|)) */
static void km_weights(const real *c, const real *y, real *weight)
{
    km_tape_here(&KM_MODEL->scale, (const double *[KM_N_SOURCES]){[KM_FROM_CONSTANT] = c}, weight);
    for (int i = 0; i < KM_N_STATES; i++)
        weight[i] = KM_INVERSE_RTOL / (weight[i] + fabs(y[i]));
}

/* LU of g - J, in the order of codegen/linear_algebra.c: M below the diagonal, 1/d on it, V above. */
static void km_factor(const real *J, const real g, const real *c, real *lu)
{
    const km_problem *p = &KM_MODEL->problem;
    const int n = KM_N_STATES, *start = KM_MODEL->row_start, *column = KM_MODEL->column;

    for (int i = 0; i < n; i++)
        for (int a = start[i]; a < start[i + 1]; a++)
            lu[i * n + column[a]] = 0.0;
    for (int k = 0; k < p->n_jacobian; k++)
        lu[p->jacobian[k].row * n + p->jacobian[k].column] = J[k];
    for (int i = 0; i < n; i++) {
        real *row = lu + i * n;
        int a = start[i];
        for (; column[a] < i; a++) {
            const int k = column[a];
            for (int b = start[k]; b < start[k + 1]; b++)
                if (column[b] > k)
                    row[column[b]] = km_fma(row[k], lu[k * n + column[b]], row[column[b]]);
        }
        row[i] = 1.0 / (g - row[i]);
        for (a++; a < start[i + 1]; a++)
            row[column[a]] *= row[i];
    }
}

static void km_solve(const real *J, const real *c, const real *lu, real *x)
{
    const int n = KM_N_STATES, *start = KM_MODEL->row_start, *column = KM_MODEL->column;

    for (int i = 0; i < n; i++) {
        for (int a = start[i]; column[a] < i; a++)
            x[i] = km_fma(lu[i * n + column[a]], x[column[a]], x[i]);
        x[i] *= lu[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--)
        for (int a = start[i]; a < start[i + 1]; a++)
            if (column[a] > i)
                x[i] = km_fma(lu[i * n + column[a]], x[column[a]], x[i]);
}

static real km_diagonal_here(const real *J, const int i)
{
    const km_problem *p = &KM_MODEL->problem;

    for (int k = 0; k < p->n_jacobian; k++)
        if (p->jacobian[k].row == i && p->jacobian[k].column == i)
            return J[k];
    return 0.0;
}
#define KM_DIAGONAL(i) (KM_IMPLICIT ? km_diagonal_here(J, i) : 0.0)

/* d2y/dt2 = J f + df/dt */
static void km_second(const real *J, const real *c, const real *f, const real *ft, real *out)
{
    const km_problem *p = &KM_MODEL->problem;

    memcpy(out, ft, (size_t)KM_N_STATES * sizeof *out);
    for (int k = 0; k < p->n_jacobian; k++)
        out[p->jacobian[k].row] = km_fma(J[k], f[p->jacobian[k].column], out[p->jacobian[k].row]);
}

#include KM_HOST_METHOD
#if KM_IMPLICIT
#include "rosenbrock.h"
#endif

#include "endpoints.h"

/* ---- the endpoints: the watch plan, as codegen/endpoint_code.c writes it ---- */

typedef struct km_reducers {
    km_condition condition[KM_HOST_WATCHERS];
    km_extreme extreme[KM_HOST_WATCHERS];
    km_amount amount[KM_HOST_WATCHERS];
} km_reducers;

static void km_reducers_start(km_reducers *r, const mask fresh)
{
    const km_watch_plan *w = &KM_MODEL->plan;

    for (int i = 0; i < w->n_conditions; i++)
        km_condition_start(&r->condition[i], fresh);
    for (int i = 0; i < w->n_extremes; i++)
        km_extreme_start(&r->extreme[i], fresh);
    for (int i = 0; i < w->n_amounts; i++)
        km_amount_start(&r->amount[i], fresh);
}

static void km_reducers_clear(km_reducers *r)
{
    const km_watch_plan *w = &KM_MODEL->plan;

    for (int i = 0; i < w->n_conditions; i++)
        km_condition_clear(&r->condition[i]);
    for (int i = 0; i < w->n_extremes; i++)
        km_extreme_clear(&r->extreme[i]);
    for (int i = 0; i < w->n_amounts; i++)
        km_amount_clear(&r->amount[i]);
}

static real km_bound_here(const km_bound b, const real *reference)
{
    return b.reference < 0 ? b.number : b.number * reference[b.reference];
}

static real km_window_here(const km_bound b, const int way, const real *reference)
{
    return km_bound_here(km_watch_widen(&KM_MODEL->plan, b, way, false), reference);
}

static void km_reducers_settle(km_reducers *r, const km_passage *p, const real *reference, const real *c)
{
    const km_watch_plan *w = &KM_MODEL->plan;

    for (int i = 0; i < w->n_watchers; i++) {
        const km_watcher *q = &w->watcher[i];
        const int k = KM_MODEL->output_index[q->output];
        if (q->what == KM_WATCH_CONDITION)
            km_condition_settle(&r->condition[q->index], p, k, q->sign, km_bound_here(q->threshold, reference), q->strict, q->hold, c);
        else if (q->what == KM_WATCH_EXTREME)
            km_extreme_settle(&r->extreme[q->index], p, k, q->sign, c);
    }
}

static void km_reducers_pass(km_reducers *r, const mask on, const km_passage *p, const real pass, const real *reference,
                             const real *c)
{
    const km_watch_plan *w = &KM_MODEL->plan;

    for (int i = 0; i < w->n_watchers; i++) {
        const km_watcher *q = &w->watcher[i];
        const mask now = KM_IN_PASS(on, pass, q->pass);
        const int k = KM_MODEL->output_index[q->output];
        const real after = km_window_here(q->after, -1, reference), before = km_window_here(q->before, 1, reference);
        if (q->what == KM_WATCH_CONDITION)
            km_condition_pass(&r->condition[q->index], now, p, k, q->sign, km_bound_here(q->threshold, reference), q->strict,
                              q->hold, after, before);
        else if (q->what == KM_WATCH_EXTREME)
            km_extreme_pass(&r->extreme[q->index], now, p, k, q->sign, after, before);
        else if (q->what == KM_WATCH_INTEGRAL)
            km_integral_pass(&r->amount[q->index], now, p, k, after, before);
        else
            km_value_pass(&r->amount[q->index], now, p, k, q->at, km_window_here((km_bound){q->at, -1}, -1, reference), c);
    }
}

static real km_ahead(const real *g, const real *d, const real t, const real pass, const real *reference)
{
    const km_watch_plan *w = &KM_MODEL->plan;
    real ahead = KM_HORIZON;

    for (int i = 0; i < w->n_watchers; i++) {
        const km_watcher *q = &w->watcher[i];
        const int k = KM_MODEL->output_index[q->output];
        if (q->what == KM_WATCH_CONDITION)
            ahead = km_crossing_ahead(ahead, KM_IN_PASS(KM_EVERY, pass, q->pass), g[k], d[k], km_bound_here(q->threshold, reference));
        else if (q->what == KM_WATCH_VALUE)
            ahead = km_value_ahead(ahead, KM_IN_PASS(KM_EVERY, pass, q->pass), t, q->at);
    }
    return ahead;
}

static real km_turns_ahead(const km_passage *p, const real t, const real pass, const real *reference)
{
    const km_watch_plan *w = &KM_MODEL->plan;
    real ahead = KM_HORIZON;

    for (int i = 0; i < w->n_watchers; i++) {
        const km_watcher *q = &w->watcher[i];
        const int k = KM_MODEL->output_index[q->output];
        const mask inside = t >= km_window_here(q->after, -1, reference) && t <= km_window_here(q->before, 1, reference);
        if (q->what == KM_WATCH_EXTREME)
            ahead = km_turn_ahead(ahead, KM_IN_PASS(inside, pass, q->pass), p, k, q->sign);
    }
    return ahead;
}

static void km_end_of_endpoint(const km_reducers *r, const int e, const real *g, const real t, const real *reference,
                               real *value, real *state)
{
    const km_endpoint *end = &KM_STUDY->endpoint[e];
    const km_watcher *q = &KM_MODEL->plan.watcher[KM_MODEL->plan.of_endpoint[e]];
    const real after = km_bound_here(q->after, reference), before = km_bound_here(q->before, reference);

    *state = 0.0;
    switch (end->kind) {
    case KM_FIRST_TIME: km_condition_first(&r->condition[q->index], km_window_here(q->after, 1, reference), value, state); break;
    case KM_LAST_TIME: km_condition_last(&r->condition[q->index], t, before, value, state); break;
    case KM_TIME_IN: km_condition_total(&r->condition[q->index], t, before, value, state); break;
    case KM_INTEGRAL: *value = r->amount[q->index].known ? r->amount[q->index].value : 0.0; break;
    case KM_VALUE_AT:
        *value = r->amount[q->index].known ? r->amount[q->index].value : g[KM_MODEL->output_index[end->output]];
        break;
    case KM_MAX: *value = r->extreme[q->index].best; break;
    case KM_MIN: *value = -r->extreme[q->index].best; break;
    default: *value = r->extreme[q->index].when; break;
    }
    if (q->after.reference >= 0)
        km_need_reference(after, value, state);
    if (q->before.reference >= 0)
        km_need_reference(before, value, state);
    if (q->what == KM_WATCH_EXTREME && (q->after.reference >= 0 || q->before.reference >= 0))
        km_need_window(r->extreme[q->index].seen, value, state);
}

/* How far the window's extreme lies beyond the threshold. */
static real km_margin_here(const km_reducers *r, const int e, const real *reference)
{
    const km_watch_plan *w = &KM_MODEL->plan;
    const km_watcher *q = &w->watcher[w->of_endpoint[e]];
    const km_extreme *extreme;

    if (w->of_margin[e] < 0)
        return 0.0;
    extreme = &r->extreme[w->watcher[w->of_margin[e]].index];
    if ((q->after.reference >= 0 || q->before.reference >= 0) && !extreme->seen)
        return (real)NAN;
    return extreme->best - q->sign * km_bound_here(q->threshold, reference);
}

static void km_reducers_end(const km_reducers *r, const real *g, const real t, const real *reference, real *value, real *state,
                            real *margin)
{
    for (int e = 0; e < KM_N_ENDPOINTS; e++)
        km_end_of_endpoint(r, e, g, t, reference, &value[e], &state[e]);
    for (int m = 0; m < KM_N_MARGINS; m++)
        margin[m] = km_margin_here(r, KM_MODEL->margin_endpoint[m], reference);
}

/* References known at the end of a pass. */
static void km_refer(const km_reducers *r, const mask on, const real pass, const real *value, const real *state, real *reference)
{
    const km_watch_plan *w = &KM_MODEL->plan;

    for (int i = 0; i < w->n_references; i++) {
        const km_reference *q = &w->reference[i];
        if (!KM_IN_PASS(on, pass, q->pass))
            continue;
        if (q->endpoint >= 0)
            reference[i] = km_instant(value[q->endpoint], state[q->endpoint]);
        else
            reference[i] = w->watcher[q->extreme].sign * r->extreme[w->watcher[q->extreme].index].best;
    }
}

/* ---- a point's schedule, as codegen/schedule_code.c writes it ---- */

struct km_plan;
static void km_plan_breaks(const wide *q, struct km_plan *plan, const int pass, const wide time, int *kind);
static void km_plan_doses(const wide *q, struct km_plan *plan, const int pass, const wide time, scalar *rate, scalar *bolus,
                          int *kind, scalar *dose_scale);
static int km_point(const wide *q, const scalar *dose_scale, scalar *value);

#include "prepare.cl"

/* The study's bound of edges is the buffers'. */
static void km_plan_clip(km_plan *plan)
{
    plan->bad = plan->bad || plan->n > KM_MODEL->n_edges - 2;
    plan->n = plan->bad ? 0 : plan->n;
}

static void km_plan_breaks(const wide *q, km_plan *plan, const int pass, const wide time, int *kind)
{
    const km_study *study = KM_STUDY;

    km_tape_here(&KM_MODEL->jumps, (const double *[KM_N_SOURCES]){[KM_FROM_SLOT] = q}, here->work);
    for (int i = 0; i < KM_MODEL->problem.n_jumps; i++) {
        if (pass == KM_FIRST_PASS)
            km_plan_add(plan, here->work[i]);
        else if (time == here->work[i])
            *kind = KM_EDGE_JUMP;
    }
    for (int e = 0; e < study->n_endpoints && pass == KM_FIRST_PASS; e++) {
        km_plan_add(plan, study->endpoint[e].after); /* a bound at 0 or the horizon adds nothing */
        km_plan_add(plan, study->endpoint[e].before);
    }
}

static bool km_skips(const km_record *record, const int k)
{
    for (int i = 0; i < record->n_skip; i++)
        if (record->skip[i] == k)
            return true;
    return false;
}

static void km_plan_record(const int r, const wide *q, km_plan *plan, const int pass, const wide time, scalar *rate, scalar *bolus,
                           int *kind, scalar *dose_scale)
{
    const km_record *record = &KM_STUDY->record[r];
    const km_host_record *own = &KM_MODEL->record[r];
    wide field[KM_N_FIELDS], amt, amt_rate, length, amount = 0.0, kilograms = 1.0;
    const double *from[KM_N_SOURCES] = {[KM_FROM_SLOT] = q, [KM_FROM_AMOUNT] = &amt};

    for (int f = 0; f < KM_N_FIELDS; f++)
        field[f] = own->slot[f] >= 0 ? q[own->slot[f]] : record->field[f];
    km_tape_here(&own->kilograms, from, &kilograms);
    amt = field[KM_FIELD_AMT] * (record->amt_per_kg ? kilograms : 1.0);
    amt_rate = field[KM_FIELD_RATE] * (record->rate_per_kg ? kilograms : 1.0);
    km_tape_here(&own->amount, from, &amount);
    length = field[KM_FIELD_TINF] > 0.0 ? field[KM_FIELD_TINF] : amt_rate > 0.0 ? amt / amt_rate : 0.0;
    for (int e = 0; e < own->n_entries; e++)
        km_tape_here(&own->entry[e].tape, from, here->work + 3 * e);
    for (int k = 0; k <= (int)field[KM_FIELD_ADDL]; k++) {
        const wide dose = fma((wide)k, field[KM_FIELD_II], field[KM_FIELD_TIME]) + (k > 0 ? field[KM_FIELD_DELAY] : 0.0);
        for (int e = 0; e < own->n_entries && !km_skips(record, k); e++) {
            const km_host_entry *entry = &own->entry[e];
            const scalar *given = here->work + 3 * e; /* share, lag, duration */
            const wide start = dose + given[1], duration = length > 0.0 ? length : given[2];
            if (pass != KM_FIRST_PASS) {
                km_dose_at(time, start, duration, amount * given[0], &rate[entry->dosed], &bolus[entry->dosed], kind);
                continue;
            }
            km_dose_edges(plan, start, duration);
            if (start < KM_HORIZON)
                dose_scale[entry->state] = fmax(dose_scale[entry->state], amount * given[0]);
        }
    }
}

static void km_plan_doses(const wide *q, km_plan *plan, const int pass, const wide time, scalar *rate, scalar *bolus, int *kind,
                          scalar *dose_scale)
{
    for (int r = 0; r < KM_STUDY->n_records; r++)
        km_plan_record(r, q, plan, pass, time, rate, bolus, kind, dose_scale);
    if (pass == KM_FIRST_PASS)
        km_plan_clip(plan);
}

/* The constants of a point, and its conditions; nonzero when a condition fails or a constant is no number. */
static int km_point(const wide *q, const scalar *dose_scale, scalar *value)
{
    const int n = KM_N_CONSTANTS, n_holds = KM_MODEL->problem.n_holds;
    int bad = 0;

    km_tape_here(&KM_MODEL->point, (const double *[KM_N_SOURCES]){[KM_FROM_SLOT] = q, [KM_FROM_DOSE_SCALE] = dose_scale},
                 here->work);
    memcpy(value, here->work, (size_t)n * sizeof *value);
    for (int i = 0; i < n; i++)
        bad |= isnan(value[i]) != 0;
    for (int i = 0; i < n_holds; i++)
        bad |= !(fabs(here->work[n + i]) > 0.0);
    return bad;
}

#undef KM_MAX_EDGES
#define KM_MAX_EDGES (KM_MODEL->n_edges - 1)

#include "integrate.cl"

/* ---- the entries ---- */

static void begin(const km_host_lane *lane)
{
    here = lane;
    km_passes_beyond_two = lane->model->plan.n_passes - 2;
}

static void prepare(const km_host_lane *lane, const double *row, km_host_batch *b)
{
    begin(lane);
    for (uint i = 0; i < b->n; i++)
        km_prepare_point(row + (size_t)i * (size_t)KM_N_SLOTS, i, b->n, b->constant, b->edge_time, b->edge_value, b->n_edges,
                         b->status, b->ignored);
}

static void integrate(const km_host_lane *lane, km_host_batch *b)
{
    begin(lane);
    km_integrate(b->n, b->n, &b->counter, b->constant, b->edge_time, b->edge_value, b->n_edges, b->status, b->value, b->state,
                 b->margin, b->steps, b->rejected, b->last_time);
}

const km_host_program KM_HOST_PROGRAM = {KM_HOST_METHOD, prepare, integrate};
