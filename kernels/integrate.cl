/* The entry kernel: lanes integrate points until there are none left.
 *
 * Every lane has its own point, time, step, schedule and status; a lane that ends takes the next point from the
 * counter. One turn of the loop does, for all lanes at once: rates and Jacobian at the present state; the
 * endpoints' look at the step just accepted; edges reached; the choice of a first step; one step. A lane that
 * has nothing to do in a part is masked, so its bits never follow its neighbours'.
 *
 * Endpoints that refer to others (a share of the peak, a window that begins at the onset) are read off in a later
 * pass: the lane integrates its point again, knowing what it refers to. */

#define KM_LANE(v, lane) (((__private scalar *)&(v))[lane])
#if KM_LANES == 1
#define KM_LANE_MASK(m, lane) (((__private int *)&(m))[lane])
#define KM_YES 1
#else
#define KM_LANE_MASK(m, lane) (((__private scalar_integer *)&(m))[lane])
#define KM_YES (-1)
#endif

#define KM_REJECTIONS 25 /* in a row, then the point fails */

/* Sum over states of (x_i / weight_i)^2 / N for the weights of y. */
KM_INLINE real km_norm2(const real *x, const real *weight)
{
    real sum[4] = {KM_NUMBER(R(0.0)), KM_NUMBER(R(0.0)), KM_NUMBER(R(0.0)), KM_NUMBER(R(0.0))}; /* side by side */

    _Pragma("unroll") for (int i = 0; i < KM_N_STATES; i++)
    {
        const real r = x[i] * weight[i];
        sum[i % 4] = KM_FMA(r, r, sum[i % 4]);
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) * KM_INVERSE_N;
}

/* The first step, from |y|, |f| and |f'| in the error's norm: with the time scale |f|/|f'|, the step whose
 * error term is about the tolerance. */
KM_INLINE real km_first_step(const real *y, const real *f, const real *slope, const real *weight, const real length)
{
    const real f2 = km_norm2(f, weight), s2 = km_norm2(slope, weight);
    /* h^4 = (10 tolerance) * scale^4 / (|f| scale), scale = |f|/|f'|; squares throughout */
    const real scale2 = f2 / s2;
    const real h = sqrt(scale2) * km_root8(f2 * scale2 * R(0.01));
    const real bounded = km_pick((f2 > R(0.0)) & (s2 > R(0.0)) & (h > R(0.0)), h, length);

    return km_min(km_min(bounded, length), length);
}

KM_INLINE void km_store_failed(const int i, const uint capacity, const int status, __global scalar *value,
                               __global char *state, __global scalar *margin, __global char *out_status,
                               __global int *steps, __global int *rejected, __global scalar *last_time)
{
    for (int e = 0; e < KM_N_ENDPOINTS; e++) {
        value[(size_t)e * capacity + i] = (scalar)NAN;
        state[(size_t)e * capacity + i] = KM_STATE_FAILED;
    }
    for (int e = 0; e < KM_N_MARGINS; e++)
        margin[(size_t)e * capacity + i] = (scalar)NAN;
    out_status[i] = (char)status;
    steps[i] = 0;
    rejected[i] = 0;
    last_time[i] = R(0.0);
}

#if KM_PASSES > 1
/* An edge at `time` of point i, where a step shall end and nothing changes. */
static void km_add_edge(const size_t i, const size_t capacity, const wide time, __global wide *edge_time,
                        __global scalar *edge_value, __global int *n_edges)
{
    const int last = n_edges[i] - 1; /* the horizon */
    int e = last;

    if (!(time > (wide)0 && time < edge_time[(size_t)last * capacity + i]) || last >= KM_MAX_EDGES)
        return;
    while (edge_time[(size_t)(e - 1) * capacity + i] >= time)
        e--;
    if (edge_time[(size_t)e * capacity + i] == time)
        return;
    for (int k = last; k >= e; k--) {
        edge_time[(size_t)(k + 1) * capacity + i] = edge_time[(size_t)k * capacity + i];
        for (int d = 0; d < KM_N_EDGE_VALUES; d++)
            edge_value[((size_t)(k + 1) * KM_N_EDGE_VALUES + d) * capacity + i] =
                edge_value[((size_t)k * KM_N_EDGE_VALUES + d) * capacity + i];
    }
    edge_time[(size_t)e * capacity + i] = time;
    for (int d = 0; d < KM_N_EDGE_VALUES; d++) /* rates go on, no bolus, kind KM_EDGE_SOFT */
        edge_value[((size_t)e * KM_N_EDGE_VALUES + d) * capacity + i] =
            d < KM_N_DOSED ? edge_value[((size_t)(e - 1) * KM_N_EDGE_VALUES + d) * capacity + i] : R(0.0);
    n_edges[i] = last + 2;
}
#endif

/* The step just made becomes the present, for the lanes that KM_ALL or KM_ACCEPTED picks. */
#define KM_ALL(now, old) (now)
#define KM_ACCEPTED(now, old) km_pick(accept, (now), (old))
#if KM_SINGLE
#define KM_NORMAL(x) km_pick(fabs(x) < R(1e-30), KM_NUMBER(R(0.0)), (x)) /* no denormals */
#else
#define KM_NORMAL(x) (x)
#endif
#if KM_COMPENSATE
#define KM_ADVANCE_STATE(pick, i)                                                                                      \
    {                                                                                                                  \
        const real part = dy[i] - lost[i], sum = y[i] + part;                                                          \
        lost[i] = pick((sum - y[i]) - part, lost[i]);                                                                  \
        y[i] = KM_NORMAL(pick(sum, y[i]));                                                                             \
    }
#else
#define KM_ADVANCE_STATE(pick, i) y[i] = KM_NORMAL(pick(y[i] + dy[i], y[i]));
#endif
#define KM_ADVANCE(pick)                                                                                               \
    {                                                                                                                  \
        const real part = step - elapsed_lost, sum = elapsed + part;                                                   \
        elapsed_lost = pick((sum - elapsed) - part, elapsed_lost);                                                     \
        elapsed = pick(km_pick(final, length, sum), elapsed);                                                          \
        taken = pick(step, taken);                                                                                     \
        for (int i = 0; i < KM_N_STATES; i++)                                                                          \
            KM_ADVANCE_STATE(pick, i)                                                                                  \
    }

#if KM_TRAJECTORY
__kernel void km_trajectory(const uint n, const uint capacity, __global const scalar *constants,
                            __global const wide *edge_time, __global const scalar *edge_value,
                            __global const int *n_edges, __global char *status, __global const wide *time,
                            const uint n_times, __global scalar *value, __global int *steps)
#else
__kernel void km_integrate(const uint n, const uint capacity, __global int *counter, __global const scalar *constants,
                           __global wide *edge_time, __global scalar *edge_value, __global int *n_edges,
                           __global char *status, __global scalar *value,
                           __global char *state, __global scalar *margin, __global int *steps, __global int *rejected,
                           __global scalar *last_time)
#endif
{
    real c[KM_CONSTANTS], u[KM_DOSED], y[KM_STATES], f[KM_STATES], ft[KM_STATES], J[KM_N_J];
    real weight[KM_STATES], dy[KM_STATES], error[KM_STATES], f_end[KM_STATES];
    real next_u[KM_DOSED], bolus[KM_DOSED];
#if KM_COMPENSATE
    real lost[KM_STATES]; /* what rounding took from the states */
#endif
    km_passage p;
    km_reducers reducers;
#if !KM_TRAJECTORY && KM_LANES > 1
    km_passage kept; /* of lanes `held`: the last in which something is to be settled */
    mask held = KM_NONE;
#endif
    int slot[KM_LANES], edge[KM_LANES], last_edge[KM_LANES];
    wide start[KM_LANES];
    const mask none = KM_NONE;
    mask live = none, fresh = none, pending = none, jumped = none, opening = none;
    /* Lanes at whose last edge a rate rose or a bolus came (not fell, nor a break), and what first step would have been
     * right after such an edge: a treatment repeats, so the next first step need not be guessed. */
    mask rising = none, starting = none;
    real after_rise = KM_NUMBER(R(0.0)), after_fall = KM_NUMBER(R(0.0));
    /* What the edge ahead brings to lanes of `known` (with next_u and bolus): read lane by lane, for many lanes at once. */
    mask known = none, ahead_last = none;
    real ahead_start = KM_NUMBER(R(0.0)), ahead_length = KM_NUMBER(R(1.0)), ahead_kind = KM_NUMBER(R(0.0));
    real start_time = KM_NUMBER(R(0.0)), elapsed = KM_NUMBER(R(0.0)), elapsed_lost = KM_NUMBER(R(0.0));
    real length = KM_NUMBER(R(1.0)), h = KM_NUMBER(R(1.0)), taken = KM_NUMBER(R(0.0)), before = KM_NUMBER(R(0.0));
    real n_steps = KM_NUMBER(R(0.0)), n_rejected = KM_NUMBER(R(0.0)), in_a_row = KM_NUMBER(R(0.0));
    bool more = true;
#if KM_TURNS
    real turn = KM_NUMBER(R(0.0)); /* how long from here to where an output would be extreme */
#endif
#if KM_PASSES > 1
    real pass = KM_NUMBER(R(0.0)), reference[KM_REFERENCES];
    mask again = none;
#else
    const real pass = KM_NUMBER(R(0.0)), *reference = 0;
    mask again = none;
#endif
#if KM_TRAJECTORY
    uint next_time[KM_LANES];
    uint counter_value = 0;
#endif

    for (int lane = 0; lane < KM_LANES; lane++) {
        slot[lane] = -1;
        edge[lane] = last_edge[lane] = 0;
        start[lane] = (wide)0;
    }
    for (int i = 0; i < KM_CONSTANTS; i++)
        c[i] = KM_NUMBER(R(1.0));
    for (int d = 0; d < KM_DOSED; d++)
        u[d] = next_u[d] = bolus[d] = KM_NUMBER(R(0.0));
    for (int i = 0; i < KM_STATES; i++) {
        y[i] = f[i] = ft[i] = dy[i] = error[i] = f_end[i] = KM_NUMBER(R(0.0));
        weight[i] = KM_NUMBER(R(1.0));
#if KM_COMPENSATE
        lost[i] = KM_NUMBER(R(0.0));
#endif
    }
    km_reducers_clear(&reducers);
#if KM_PASSES > 1
    for (int k = 0; k < KM_REFERENCES; k++)
        reference[k] = KM_NUMBER(R(0.0));
#endif
    for (int k = 0; k < KM_OUTPUTS; k++)
        p.g0[k] = p.g1[k] = p.d0[k] = p.d1[k] = KM_NUMBER(R(0.0));
    for (int d = 0; d < KM_N_DENSE; d++)
        p.q[d] = p.y0[d] = p.y1[d] = p.f0[d] = p.f1[d] = p.a[d] = p.b[d] = KM_NUMBER(R(0.0));
    p.t0 = p.t1 = p.h = KM_NUMBER(R(0.0));
#if !KM_TRAJECTORY && KM_LANES > 1
    kept = p;
#endif

    for (;;) {
        mask stepping, at_end, ended, failed, nan_failed;
        real t, t_inside, d_now[KM_OUTPUTS]; /* t_inside: where conditions on time are what they are inside the stretch */

        /* ---- points for idle lanes ---- */
        if ((more && km_any(km_not(live))) || km_any(again)) {
            fresh = none;
            for (int lane = 0; lane < KM_LANES; lane++) {
                bool rerun = KM_LANE_MASK(again, lane) != 0; /* the same point once more */
                while (rerun || (more && slot[lane] < 0)) {
#if KM_TRAJECTORY
                    const uint i = (uint)get_global_id(0) + counter_value++ * (uint)get_global_size(0);
#else
                    const uint i = rerun ? (uint)slot[lane] : (uint)atomic_inc(counter);
#endif
                    if (i >= n) {
                        more = false;
                        break;
                    }
                    rerun = false;
                    if (status[i] != KM_POINT_NOT_COMPUTED) {
#if KM_TRAJECTORY
                        for (uint k = 0; k < n_times * KM_N_OUTPUTS; k++)
                            value[(size_t)i * n_times * KM_N_OUTPUTS + k] = (scalar)NAN;
                        steps[i] = 0;
#else
                        km_store_failed((int)i, capacity, status[i], value, state, margin, status, steps, rejected,
                                        last_time);
#endif
                        continue;
                    }
                    slot[lane] = (int)i;
                    edge[lane] = 0;
                    last_edge[lane] = n_edges[i] - 1;
                    start[lane] = (wide)0;
                    for (int k = 0; k < KM_N_CONSTANTS; k++)
                        KM_LANE(c[k], lane) = constants[(size_t)k * capacity + i];
                    for (int d = 0; d < KM_N_DOSED; d++) {
                        KM_LANE(next_u[d], lane) = edge_value[(size_t)d * capacity + i];
                        if (KM_JUMPS)
                            KM_LANE(bolus[d], lane) = edge_value[(size_t)(KM_N_DOSED + d) * capacity + i];
                    }
                    KM_LANE(length, lane) = (scalar)edge_time[(size_t)1 * capacity + i];
                    KM_LANE_MASK(fresh, lane) = KM_YES;
#if KM_TRAJECTORY
                    next_time[lane] = 0;
#endif
                }
            }
            if (km_any(fresh)) {
                const mask first_pass = fresh & km_not(again);
                real initial[KM_STATES];
                km_initial(c, initial);
                for (int i = 0; i < KM_N_STATES; i++) {
                    y[i] = km_pick(fresh, initial[i], y[i]);
#if KM_COMPENSATE
                    lost[i] = km_pick(fresh, KM_NUMBER(R(0.0)), lost[i]);
#endif
                }
                rising &= km_not(fresh);
                for (int d = 0; d < KM_N_DOSED; d++) {
                    rising |= fresh & ((next_u[d] > R(0.0)) | (bolus[d] > R(0.0)));
                    u[d] = km_pick(fresh, next_u[d], u[d]);
                    if (KM_JUMPS)
                        y[KM_DOSED_STATE(d)] = km_pick(fresh, y[KM_DOSED_STATE(d)] + bolus[d], y[KM_DOSED_STATE(d)]);
                }
                start_time = km_pick(fresh, KM_NUMBER(R(0.0)), start_time);
                elapsed = km_pick(fresh, KM_NUMBER(R(0.0)), elapsed);
                elapsed_lost = km_pick(fresh, KM_NUMBER(R(0.0)), elapsed_lost);
                before = km_pick(fresh, KM_NUMBER(R(0.0)), before);
                n_steps = km_pick(first_pass, KM_NUMBER(R(0.0)), n_steps);
                n_rejected = km_pick(first_pass, KM_NUMBER(R(0.0)), n_rejected);
#if KM_PASSES > 1
                pass = km_pick(first_pass, KM_NUMBER(R(0.0)), pass);
                for (int k = 0; k < KM_REFERENCES; k++) /* not known yet */
                    reference[k] = km_pick(first_pass, KM_NUMBER((scalar)NAN), reference[k]);
                again = none;
#endif
                in_a_row = km_pick(fresh, KM_NUMBER(R(0.0)), in_a_row);
                km_reducers_start(&reducers, fresh);
                after_rise = km_pick(fresh, KM_NUMBER(R(0.0)), after_rise);
                after_fall = km_pick(fresh, KM_NUMBER(R(0.0)), after_fall);
                live |= fresh;
                known &= km_not(fresh);
                opening |= fresh;
                pending &= km_not(fresh);
                jumped &= km_not(fresh);
            } else
                fresh = none;
        } else
            fresh = none;
        if (!km_any(live))
            break;

        /* ---- rates, Jacobian and outputs here ---- */
        t = start_time + elapsed;
        t_inside = KM_HERE(t, start_time, start_time + length);
#if KM_IMPLICIT
        km_derivatives(t_inside, y, c, u, f, J, ft);
#else /* known from the last step, except where a point begins and after a jump */
        for (int i = 0; i < KM_N_STATES; i++)
            f[i] = km_pick(pending, f_end[i], f[i]);
        if (km_any(fresh | jumped)) {
            km_rates(t_inside, y, c, u, f_end);
            for (int i = 0; i < KM_N_STATES; i++)
                f[i] = km_pick(fresh | jumped, f_end[i], f[i]);
        }
#endif
        km_observe(t_inside, y, c, f, p.g1, p.d1);

        /* ---- the step just accepted, or the jump ---- */
#define KM_RATE_HERE(d, i) p.f1[d] = f[i];
        KM_DENSE(KM_RATE_HERE)
#undef KM_RATE_HERE
        p.t0 = before;
        p.t1 = t;
        p.h = km_pick(pending, taken, KM_NUMBER(R(0.0)));
        if (km_any(fresh))
            for (int k = 0; k < KM_OUTPUTS; k++) {
                p.g0[k] = km_pick(fresh, p.g1[k], p.g0[k]);
                p.d0[k] = km_pick(fresh, p.d1[k], p.d0[k]);
            }
#if KM_TRAJECTORY
        for (int lane = 0; lane < KM_LANES; lane++)
            if (slot[lane] >= 0) {
                const bool stepped = KM_LANE_MASK(pending, lane) != 0, first = KM_LANE_MASK(fresh, lane) != 0;
                const bool finished = stepped && edge[lane] + 1 == last_edge[lane] &&
                                      KM_LANE(elapsed, lane) >= KM_LANE(length, lane);
                while (next_time[lane] < n_times &&
                       ((first && time[next_time[lane]] <= (wide)0) ||
                        (stepped && (time[next_time[lane]] - start[lane] <= (wide)KM_LANE(elapsed, lane) || finished)))) {
                    const scalar span = KM_LANE(taken, lane);
                    const scalar late = (scalar)(time[next_time[lane]] - start[lane]) - KM_LANE(elapsed, lane) + span;
                    const scalar x = first || !(span > R(0.0)) ? R(1.0) : fmax(R(0.0), fmin(R(1.0), late / span));
                    __global scalar *out = value + ((size_t)slot[lane] * n_times + next_time[lane]) * KM_N_OUTPUTS;
                    for (int k = 0; k < KM_N_OUTPUTS; k++) {
                        const real g = first ? p.g1[k] : km_between(&p, k, KM_NUMBER(x), c);
                        out[k] = KM_LANE(g, lane);
                    }
                    next_time[lane]++;
                }
            }
#else
        {
            const mask look = live & (pending | jumped | fresh);
            if (km_any(look)) {
#if KM_LANES == 1
                km_reducers_pass(&reducers, look, &p, pass, reference, c);
                km_reducers_settle(&reducers, &p, reference, c);
#else
                const mask event = km_reducers_event(&reducers, look, &p, pass, reference);
                if (km_any(event & held)) {
                    km_reducers_settle(&reducers, &kept, reference, c);
                    held = none;
                }
                km_reducers_pass(&reducers, look, &p, pass, reference, c);
                if (km_any(event)) {
                    km_keep(&kept, event, &p);
                    held |= event;
                }
#endif
            }
        }
#endif
#if KM_TURNS
        turn = km_pick(pending, km_turns_ahead(&p, t, pass, reference), turn);
#endif
        before = t;
        pending = none;
        jumped = none;
        for (int k = 0; k < KM_OUTPUTS; k++)
            d_now[k] = p.d1[k];

        /* ---- edges ---- */
        at_end = live & (elapsed >= length);
        if (km_any(at_end & km_not(known))) { /* seldom, and then nearly all lanes have passed theirs */
            const mask wanted = km_not(known) & (KM_TRAJECTORY ? at_end : live);
            for (int lane = 0; lane < KM_LANES; lane++)
                if (KM_LANE_MASK(wanted, lane)) {
                    const int i = slot[lane], e = ++edge[lane];
                    __global const scalar *at = edge_value + (size_t)e * KM_N_EDGE_VALUES * capacity + i;
                    const bool last = e >= last_edge[lane];
                    KM_LANE_MASK(known, lane) = KM_YES;
                    KM_LANE_MASK(ahead_last, lane) = last ? KM_YES : 0;
                    if (last)
                        continue;
                    start[lane] = edge_time[(size_t)e * capacity + i];
                    KM_LANE(ahead_start, lane) = (scalar)start[lane];
                    KM_LANE(ahead_length, lane) = (scalar)(edge_time[(size_t)(e + 1) * capacity + i] - start[lane]);
                    for (int d = 0; d < KM_N_DOSED; d++) {
                        KM_LANE(next_u[d], lane) = at[(size_t)d * capacity];
                        if (KM_JUMPS)
                            KM_LANE(bolus[d], lane) = at[(size_t)(KM_N_DOSED + d) * capacity];
                    }
                    KM_LANE(ahead_kind, lane) = at[(size_t)(2 * KM_N_DOSED) * capacity];
                }
        }
        ended = at_end & ahead_last;
        known &= KM_LANES == 1 ? none : km_not(at_end); /* one lane (a GPU) has no registers to keep it in */
        if (km_any(at_end)) {
            const mask moved = at_end & km_not(ahead_last);
            const mask jump = KM_JUMPS ? moved & (ahead_kind >= KM_NUMBER((scalar)KM_EDGE_JUMP)) : none;
            opening |= moved & (ahead_kind >= KM_NUMBER((scalar)KM_EDGE_RATE));
            start_time = km_pick(moved, ahead_start, start_time);
            length = km_pick(moved, ahead_length, length);
            elapsed = km_pick(moved, KM_NUMBER(R(0.0)), elapsed);
            elapsed_lost = km_pick(moved, KM_NUMBER(R(0.0)), elapsed_lost);
            rising &= km_not(moved);
            for (int d = 0; d < KM_N_DOSED; d++) {
                const real more_rate = km_pick(moved, next_u[d] - u[d], KM_NUMBER(R(0.0)));
                rising |= moved & ((more_rate > R(0.0)) | (jump & (bolus[d] > R(0.0))));
                u[d] = km_pick(moved, next_u[d], u[d]);
                f[KM_DOSED_STATE(d)] += more_rate; /* the infusion enters linearly: J stays */
                if (KM_JUMPS)
                    y[KM_DOSED_STATE(d)] += km_pick(moved & jump, bolus[d], KM_NUMBER(R(0.0)));
            }
            if (KM_N_DOSED > 0) {
                real g_right[KM_OUTPUTS], d_right[KM_OUTPUTS];
                km_observe(KM_HERE(t, start_time, start_time + length), y, c, f, g_right, d_right);
                for (int k = 0; k < KM_OUTPUTS; k++)
                    d_now[k] = km_pick(moved & km_not(jump), d_right[k], d_now[k]);
            }
            jumped = moved & jump; /* rests this turn: its rates are those of the left side */
        }

        /* ---- one step ---- */
        stepping = live & km_not(ended) & km_not(jumped);
        for (int k = 0; k < KM_OUTPUTS; k++) {
            p.g0[k] = p.g1[k];
            p.d0[k] = d_now[k];
        }
        km_weights(c, y, weight);
        const mask unknown = opening & stepping & km_not(km_pick(rising, after_rise, after_fall) > R(0.0));
        h = km_pick(opening & stepping, km_min(km_pick(rising, after_rise, after_fall), length), h);
        starting |= opening & stepping;
        opening &= km_not(stepping);
        if (km_any(unknown)) {
            real slope[KM_STATES];
#if KM_IMPLICIT
            km_second(J, c, f, ft, slope);
#else /* over a stretch in which the states change by about their tolerance */
            const real f2 = km_norm2(f, weight);
            const real stretch = km_min(km_pick(f2 > R(0.0), R(1.0) / sqrt(f2), length), R(0.01) * length);
            for (int i = 0; i < KM_N_STATES; i++)
                dy[i] = KM_FMA(stretch, f[i], y[i]);
            km_rates(KM_STAGE_TIME(t, R(1.0), stretch, start_time + length), dy, c, u, slope);
            for (int i = 0; i < KM_N_STATES; i++)
                slope[i] = (slope[i] - f[i]) / stretch;
#endif
            h = km_pick(unknown, km_first_step(y, f, slope, weight, length), h);
        }
        failed = none;
        nan_failed = none;
        {
            const real left = length - elapsed;
            real step = h, e2, factor;
            mask final, accept, reject, broken;
#if KM_LIMIT_STEP /* interpolation between steps should not be the larger error */
            {
                const real fine = KM_FMA(KM_NUMBER(R(0.02)), t, KM_NUMBER(KM_EARLY_STEP));
#if KM_TRAJECTORY
                step = km_min(step, fine);
#else /* short steps only where something is read off between them */
                const real ahead = R(0.6) * km_ahead(p.g1, d_now, t, pass, reference);
                step = km_min(step, km_max(fine, km_min(ahead, KM_STRIDE * fine)));
#endif
            }
#endif
#if KM_TURNS
            /* end at an extreme: values at steps are several times as accurate as those between */
            step = km_pick(km_not(starting) & (turn > R(0.03) * step), km_min(turn, step), step);
#endif
            /* a stretched step that was rejected must not be tried again: 0.98 is above the factor of a rejection */
            final = step >= km_pick(in_a_row > R(0.0), KM_NUMBER(R(0.98)), KM_NUMBER(R(0.88))) * left;
            step = km_pick(final, left, km_min(step, R(0.55) * left));
            step = km_pick(stepping, step, KM_NUMBER(R(1.0)));
            km_step(t, step, y, f, J, ft, c, u, start_time + length, dy, error, f_end, p.a, p.b, p.q);
            e2 = km_norm2(error, weight);
            factor = R(0.95) * KM_STEP_ROOT(e2);
            broken = stepping & km_not(e2 < KM_NUMBER(KM_NORM_LIMIT));
            accept = stepping & (e2 <= R(1.0));
            reject = stepping & km_not(accept);
#define KM_KEEP_DENSE(d, i)                                                                                            \
    p.y0[d] = y[i];                                                                                                    \
    p.y1[d] = y[i] + dy[i];                                                                                            \
    p.f0[d] = km_rate_to_follow(f[i], step, KM_DIAGONAL(i));
            KM_DENSE(KM_KEEP_DENSE)
#undef KM_KEEP_DENSE
            /* Mostly all lanes accept. Behind this branch, which a CPU foretells, the next turn need not wait for e2. */
            if (km_all(accept)) {
                KM_ADVANCE(KM_ALL)
                pending = KM_EVERY;
            } else {
                KM_ADVANCE(KM_ACCEPTED)
                pending = accept;
            }
            {
                const mask first = accept & starting;
                const real right = step * km_min(factor, KM_NUMBER(R(30.0)));
                after_rise = km_pick(first & rising, right, after_rise);
                after_fall = km_pick(first & km_not(rising), right, after_fall);
                starting &= km_not(accept);
            }
            n_steps = km_pick(accept, n_steps + R(1.0), n_steps);
            n_rejected = km_pick(reject, n_rejected + R(1.0), n_rejected);
            factor = km_max(km_min(factor, KM_NUMBER(R(6.0))), KM_NUMBER(R(0.2)));
            factor = km_pick((in_a_row > R(0.0)) | reject, km_min(factor, KM_NUMBER(R(1.0))), factor);
            factor = km_pick(broken, KM_NUMBER(R(0.25)), factor);
            h = km_pick(stepping, km_pick(accept & (step < h), km_max(h, step * factor), step * factor), h);
            in_a_row = km_pick(reject, in_a_row + R(1.0), km_pick(accept, KM_NUMBER(R(0.0)), in_a_row));
            failed = reject & ((in_a_row >= KM_NUMBER((scalar)KM_REJECTIONS)) |
                               (n_steps + n_rejected >= KM_NUMBER((scalar)KM_MAX_STEPS)) |
                               (elapsed + h <= elapsed));
            nan_failed = failed & broken;
            failed |= accept & (n_steps + n_rejected >= KM_NUMBER((scalar)KM_MAX_STEPS)) & (elapsed < length);
        }

        /* ---- lanes that end ---- */
        if (km_any(ended | failed)) {
#if !KM_TRAJECTORY
            real result[KM_ENDPOINTS], result_margin[KM_MARGINS];
            real result_state[KM_ENDPOINTS];
#if KM_LANES > 1
            if (km_any(held & ended)) {
                km_reducers_settle(&reducers, &kept, reference, c);
                held = none;
            }
            held &= km_not(failed);
#endif
            km_reducers_end(&reducers, p.g0, t, reference, result, result_state, result_margin);
#if KM_PASSES > 1
            km_refer(&reducers, ended, pass, result, result_state, reference);
            again = ended & (pass < KM_NUMBER((scalar)(KM_PASSES - 1)));
#endif
#endif
            for (int lane = 0; lane < KM_LANES; lane++) {
                const bool is_failed = KM_LANE_MASK(failed, lane) != 0;
                if (slot[lane] < 0 || !(is_failed || KM_LANE_MASK(ended, lane)))
                    continue;
                {
                    const int i = slot[lane];
                    const int total = (int)(KM_LANE(n_steps, lane) + KM_LANE(n_rejected, lane));
                    const int code = !is_failed                      ? KM_POINT_DONE
                                     : total >= KM_MAX_STEPS         ? KM_POINT_STEP_BUDGET
                                     : KM_LANE_MASK(nan_failed, lane) ? KM_POINT_NON_FINITE
                                                                     : KM_POINT_STEP_TOO_SMALL;
#if KM_TRAJECTORY
                    for (; next_time[lane] < n_times; next_time[lane]++)
                        for (int k = 0; k < KM_N_OUTPUTS; k++)
                            value[((size_t)i * n_times + next_time[lane]) * KM_N_OUTPUTS + k] =
                                code == KM_POINT_DONE ? KM_LANE(p.g0[k], lane) : (scalar)NAN;
                    status[i] = (char)code;
                    steps[i] = total;
#else
#if KM_PASSES > 1
                    const int now = (int)KM_LANE(pass, lane);
#else
                    const int now = 0;
#endif
                    if (is_failed)
                        km_store_failed(i, capacity, code, value, state, margin, status, steps, rejected, last_time);
                    else {
                        for (int e = 0; e < KM_N_ENDPOINTS; e++)
                            if (KM_PASS_OF(e) == now) {
                                value[(size_t)e * capacity + i] = KM_LANE(result[e], lane);
                                state[(size_t)e * capacity + i] = (char)KM_LANE(result_state[e], lane);
                            }
                        for (int e = 0; e < KM_N_MARGINS; e++)
                            if (KM_PASS_OF_MARGIN(e) == now)
                                margin[(size_t)e * capacity + i] = KM_LANE(result_margin[e], lane);
#if KM_PASSES > 1
                        if (KM_LANE_MASK(again, lane)) {
                            for (int r = 0; r < KM_N_REFERENCES; r++)
                                if (KM_IS_TIME(r))
                                    km_add_edge((size_t)i, capacity, (wide)KM_LANE(reference[r], lane), edge_time, edge_value,
                                                n_edges);
                            continue;
                        }
#endif
                        status[i] = KM_POINT_DONE;
                    }
                    steps[i] = total;
                    rejected[i] = (int)KM_LANE(n_rejected, lane);
                    last_time[i] = KM_LANE(t, lane);
#endif
                    slot[lane] = -1;
                }
            }
#if KM_PASSES > 1
            pass = km_pick(again, pass + R(1.0), pass);
#endif
            live &= km_not(ended | failed);
            pending &= live;
            jumped &= live;
            opening &= live;
        }
    }
}
