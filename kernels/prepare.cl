/* Once per point, before integration: slot values, per-point constants, and the schedule.
 *
 * The schedule is a list of edges in time: at each one the infusion rate into every dosed state is replaced, a
 * bolus is added, or rates may jump (a break); some edges only make a step end there (the bounds of endpoint
 * windows). Edge 0 is the start, the last edge is the horizon. Times are exact: the same expression gives a
 * dose's start wherever it is needed. */

#define KM_EDGE_SOFT 0 /* a step ends here, nothing changes */
#define KM_EDGE_RATE 1 /* infusion rates change */
#define KM_EDGE_JUMP 2 /* a bolus or a break: states or rates jump */

/* What the doses of one point do, gathered by generated calls to km_dose. */
typedef struct km_plan {
    wide time[KM_MAX_EDGES]; /* ascending, distinct, after km_plan_order */
    int n, ignored;
    bool bad; /* more edges than there is room for, a dose before time 0 or at none, or over less than no time: the point fails */
} km_plan;

static inline void km_plan_add(km_plan *plan, const wide time)
{
    if (!(time > (wide)0 && time < KM_HORIZON))
        return;
    if (plan->n < KM_MAX_EDGES - 1)
        plan->time[plan->n++] = time;
    else
        plan->bad = true;
}

static inline void km_plan_order(km_plan *plan)
{
    int n = 0;

    for (int i = 1; i < plan->n; i++) { /* insertion: doses mostly come in order */
        const wide time = plan->time[i];
        int k = i;
        for (; k > 0 && plan->time[k - 1] > time; k--)
            plan->time[k] = plan->time[k - 1];
        plan->time[k] = time;
    }
    for (int i = 0; i < plan->n; i++)
        if (n == 0 || plan->time[i] != plan->time[n - 1])
            plan->time[n++] = plan->time[i];
    plan->time[n++] = KM_HORIZON;
    plan->n = n;
}

/* One dose into one state: `amount` over `duration` from `start` (0, or too short to be told from it: a bolus). First pass:
 * its edges. */
static inline void km_dose_edges(km_plan *plan, const wide start, const wide duration)
{
    if (!(start >= (wide)0 && duration >= (wide)0)) {
        plan->bad = true;
        return;
    }
    if (start >= KM_HORIZON) {
        plan->ignored++;
        return;
    }
    km_plan_add(plan, start);
    if (start + duration > start)
        km_plan_add(plan, start + duration);
}

/* Second pass: what it gives at an edge. rate and bolus are those of its state. */
static inline void km_dose_at(const wide time, const wide start, const wide duration, const scalar amount, scalar *rate,
                              scalar *bolus, int *kind)
{
    if (start >= KM_HORIZON)
        return;
    if (start + duration > start) {
        if (start <= time && time < start + duration)
            *rate += (scalar)((wide)amount / duration);
        if ((start == time || start + duration == time) && *kind < KM_EDGE_RATE)
            *kind = KM_EDGE_RATE;
    } else if (start == time) {
        *bolus += amount;
        *kind = KM_EDGE_JUMP;
    }
}

#define KM_FIRST_PASS (-1)

static void km_prepare_point(const wide *q, const uint at, const uint capacity, __global scalar *constants,
                             __global wide *edge_time, __global scalar *edge_value, __global int *n_edges,
                             __global char *status, __global int *ignored)
{
    km_plan plan;
    scalar value[KM_CONSTANTS], dose_scale[KM_STATES], rate[KM_DOSED], bolus[KM_DOSED];
    int kind = 0, bad = 0;

    for (int i = 0; i < KM_STATES; i++)
        dose_scale[i] = R(0.0);
    plan.n = plan.ignored = 0;
    plan.bad = false;
    km_plan_breaks(q, &plan, KM_FIRST_PASS, (wide)0, &kind);
    km_plan_doses(q, &plan, KM_FIRST_PASS, (wide)0, rate, bolus, &kind, dose_scale);
    km_plan_order(&plan);
    for (int i = 0; i < KM_STATES; i++)
        dose_scale[i] = dose_scale[i] > R(0.0) ? dose_scale[i] : R(1.0);

    bad = km_point(q, dose_scale, value) || plan.bad;
    for (int i = 0; i < KM_N_CONSTANTS; i++)
        constants[(size_t)i * capacity + at] = value[i];
    for (int e = 0; e <= plan.n; e++) { /* edge 0 is the start; edge e > 0 is plan.time[e-1] */
        const wide time = e == 0 ? (wide)0 : plan.time[e - 1];
        __global scalar *out = edge_value + (size_t)e * KM_N_EDGE_VALUES * capacity + at;
        kind = KM_EDGE_SOFT;
        for (int d = 0; d < KM_DOSED; d++)
            rate[d] = bolus[d] = R(0.0);
        km_plan_breaks(q, &plan, e, time, &kind);
        km_plan_doses(q, &plan, e, time, rate, bolus, &kind, dose_scale);
        edge_time[(size_t)e * capacity + at] = time;
        for (int d = 0; d < KM_N_DOSED; d++) {
            out[(size_t)d * capacity] = rate[d];
            out[(size_t)(KM_N_DOSED + d) * capacity] = bolus[d];
        }
        out[(size_t)(2 * KM_N_DOSED) * capacity] = (scalar)kind;
    }
    n_edges[at] = plan.n + 1;
    ignored[at] = plan.ignored;
    status[at] = bad ? KM_POINT_BAD_PARAMETER : KM_POINT_NOT_COMPUTED;
}

__kernel void km_prepare_box(__global const wide *table, __global const uint *meta, const ulong first, const uint n,
                             const uint at, const uint capacity, __global scalar *constants, __global wide *edge_time,
                             __global scalar *edge_value, __global int *n_edges, __global char *status,
                             __global int *ignored)
{
    const uint i = (uint)get_global_id(0), n_axes = meta[0];
    __global const uint *box = meta + 1, *slot = box + 2 * n_axes;
    wide q[KM_SLOTS];

    if (i >= n)
        return;
    for (int s = 0; s < KM_N_SLOTS; s++) {
        ulong rank = first + i; /* row-major: the last axis is the fastest */
        uint index = 0;
        for (uint a = n_axes; a-- > slot[2 * s];) {
            const uint extent = box[2 * a + 1];
            index = box[2 * a] + (uint)(rank % extent);
            rank /= extent;
        }
        q[s] = table[slot[2 * s + 1] + index];
    }
    km_prepare_point(q, at + i, capacity, constants, edge_time, edge_value, n_edges, status, ignored);
}

__kernel void km_prepare_rows(__global const wide *row, const uint n, const uint at, const uint capacity,
                              __global scalar *constants, __global wide *edge_time, __global scalar *edge_value,
                              __global int *n_edges, __global char *status, __global int *ignored)
{
    const uint i = (uint)get_global_id(0);
    wide q[KM_SLOTS];

    if (i >= n)
        return;
    for (int s = 0; s < KM_N_SLOTS; s++)
        q[s] = row[(size_t)i * KM_N_SLOTS + s];
    km_prepare_point(q, at + i, capacity, constants, edge_time, edge_value, n_edges, status, ignored);
}

__kernel void km_probe(__global int *out)
{
    out[0] = KM_ABI_VERSION;
    out[1] = (int)sizeof(scalar);
    out[2] = (int)sizeof(wide);
    out[3] = KM_LANES;
}
