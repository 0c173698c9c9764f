/* Online reducers: what endpoints remember while a lane's trajectory passes by.
 *
 * After every accepted step they see one km_passage: values g and time derivatives d of the outputs at its two ends
 * and the dense output between. A jump (a bolus, a break) is a passage of length 0. Crossings and extremes are
 * located on the output itself, evaluated on the dense output: the cubic through values and slopes only says
 * where to look. All times are global, all reals lane vectors.
 *
 * Locating takes as long for one lane as for all, and lanes seldom need it in the same turn. So a lane's passage in which
 * something happened is kept (km_keep), and settled together with those of other lanes when some lane has another
 * one or ends: once for many lanes. A lane's own next event finds its last one settled, so that its bits do not depend on
 * when that was. */
#ifndef KM_ENDPOINTS_H
#define KM_ENDPOINTS_H

#ifndef KM_INLINE
#define KM_INLINE static inline __attribute__((always_inline))
#endif

#define KM_EVERY (KM_NUMBER(R(0.0)) == R(0.0))
#define KM_NONE (KM_NUMBER(R(0.0)) > R(0.0))
#define KM_SECANTS 8
#define KM_LOOKS 48 /* secants, strides and halves to the tolerance */
#define KM_STIFF R(100.0) /* up to here the rate at the end is worth more than its error costs */

typedef struct km_passage {
    real t0, t1, h;
    real g0[KM_OUTPUTS], g1[KM_OUTPUTS], d0[KM_OUTPUTS], d1[KM_OUTPUTS];
    real y0[KM_N_DENSE], y1[KM_N_DENSE], f0[KM_N_DENSE], f1[KM_N_DENSE]; /* states outputs need, their rates */
    real a[KM_N_DENSE], b[KM_N_DENSE], q[KM_N_DENSE];                    /* the integrator's coefficients */
} km_passage;

/* Output k at the fraction x of the passage. States follow the cubic through their values and rates, three to ten
 * times as accurate as the integrator's own where the solution is smooth. A stiff state's rate at the end is mostly
 * error, though (its own, times what makes it stiff): such a state, whose f0 is NaN (km_rate_to_follow), follows the
 * integrator, as does one where the two disagree by more than a twentieth of the change at the middle. */
KM_INLINE real km_between(const km_passage *p, const int k, const real x, const real *c)
{
    real y[KM_N_DENSE];
    const real rest = R(1.0) - x;

    for (int i = 0; i < KM_N_DENSE; i++) {
        const real change = p->y1[i] - p->y0[i];
        real a = KM_FMA(p->f0[i], p->h, -change), b = KM_FMA(-p->h, p->f0[i] + p->f1[i], R(2.0) * change);
#if KM_QUARTIC
        y[i] = KM_FMA(x * x * rest, rest * p->q[i], KM_FMA(rest, p->y0[i], x * KM_FMA(rest, KM_FMA(x, b, a), p->y1[i])));
#else
        const mask smooth = fabs((a - p->a[i]) + R(0.5) * (b - p->b[i])) <= R(0.2) * fabs(change);
        a = km_pick(smooth, a, p->a[i]);
        b = km_pick(smooth, b, p->b[i]);
        y[i] = KM_FMA(rest, p->y0[i], x * KM_FMA(rest, KM_FMA(x, b, a), p->y1[i]));
#endif
    }
    return km_output(k, KM_HERE(KM_FMA(x, p->h, p->t0), p->t0, p->t1), y, c);
}

/* The passages of lanes `on`, in the place of those kept of them. */
KM_INLINE void km_keep(km_passage *kept, const mask on, const km_passage *p)
{
    kept->t0 = km_pick(on, p->t0, kept->t0);
    kept->t1 = km_pick(on, p->t1, kept->t1);
    kept->h = km_pick(on, p->h, kept->h);
    for (int k = 0; k < KM_OUTPUTS; k++) {
        kept->g0[k] = km_pick(on, p->g0[k], kept->g0[k]);
        kept->g1[k] = km_pick(on, p->g1[k], kept->g1[k]);
        kept->d0[k] = km_pick(on, p->d0[k], kept->d0[k]);
        kept->d1[k] = km_pick(on, p->d1[k], kept->d1[k]);
    }
    for (int i = 0; i < KM_N_DENSE; i++) {
        kept->y0[i] = km_pick(on, p->y0[i], kept->y0[i]);
        kept->y1[i] = km_pick(on, p->y1[i], kept->y1[i]);
        kept->f0[i] = km_pick(on, p->f0[i], kept->f0[i]);
        kept->f1[i] = km_pick(on, p->f1[i], kept->f1[i]);
        kept->a[i] = km_pick(on, p->a[i], kept->a[i]);
        kept->b[i] = km_pick(on, p->b[i], kept->b[i]);
        kept->q[i] = km_pick(on, p->q[i], kept->q[i]);
    }
}

/* The rate f at a step's start for km_between; NaN, no number, where the step is long for the state's own rate. */
KM_INLINE real km_rate_to_follow(const real f, const real step, const real diagonal)
{
    return km_pick(step * fabs(diagonal) < KM_NUMBER(KM_STIFF), f, KM_NUMBER((scalar)NAN));
}

/* Passages whose middle lies in the window. */
KM_INLINE mask km_within(const km_passage *p, const real after, const real before)
{
    const real middle = KM_FMA(KM_NUMBER(R(0.5)), p->h, p->t0);

    return (middle >= after) & (middle <= before);
}

/* ---- conditions: an output against a threshold ---- */

typedef struct km_condition {
    real since;      /* start of the present stay inside */
    real first;      /* start of the first stay that lasted `hold` */
    real last;       /* end of the last stay */
    real total;      /* time inside, finished stays */
    real until;      /* end of the last passage in the window */
    mask seen, inside, ever, found, from_start;
    mask open; /* something happened in the passage kept, not yet settled */
} km_condition;

KM_INLINE void km_condition_start(km_condition *q, const mask fresh)
{
    const mask keep = km_not(fresh);

    q->total = km_pick(fresh, KM_NUMBER(R(0.0)), q->total);
    q->since = km_pick(fresh, KM_NUMBER(R(0.0)), q->since);
    q->first = km_pick(fresh, KM_NUMBER(R(0.0)), q->first);
    q->last = km_pick(fresh, KM_NUMBER(R(0.0)), q->last);
    q->seen &= keep;
    q->inside &= keep;
    q->ever &= keep;
    q->found &= keep;
    q->from_start &= keep;
    q->open &= keep;
}

KM_INLINE void km_condition_clear(km_condition *q)
{
    q->since = q->first = q->last = q->total = q->until = KM_NUMBER(R(0.0));
    q->seen = q->inside = q->ever = q->found = q->from_start = q->open = KM_NONE;
}

/* Lanes `on` enter or leave at time `when`. */
KM_INLINE void km_condition_turn(km_condition *q, const mask on, const mask entering, const real when, const scalar hold)
{
    const mask enter = on & entering, leave = on & km_not(entering);
    const mask held = leave & km_not(q->found) & (when - q->since >= KM_NUMBER(hold));

    q->first = km_pick(held, q->since, q->first);
    q->found |= held;
    q->total = km_pick(leave, q->total + (when - q->since), q->total);
    q->last = km_pick(leave, when, q->last);
    q->since = km_pick(enter, when, q->since);
    q->ever |= enter;
}

/* The cubic through v0, v1 with slopes s0, s1 (times the length), and its derivative. */
KM_INLINE real km_cubic(const real v0, const real v1, const real s0, const real s1, const real x, real *slope)
{
    const real rise = v1 - v0;
    const real c2 = R(3.0) * rise - R(2.0) * s0 - s1, c3 = s0 + s1 - R(2.0) * rise;

    *slope = KM_FMA(x, KM_FMA(R(3.0) * x, c3, R(2.0) * c2), s0);
    return KM_FMA(x, KM_FMA(x, KM_FMA(x, c3, c2), s0), v0);
}

KM_INLINE mask km_is_inside(const real v, const int strict)
{
    return strict ? v > R(0.0) : v >= R(0.0);
}

/* Where sign*(output k - threshold) changes sign between the fractions low and high, for lanes `on`; `rising`:
 * from below. Newton on the cubic, then safeguarded secant steps on the output itself. Where an output jumps, or rests at
 * its threshold, these end anywhere: unless it is smooth, what they found has to have the other side next to it, or it is
 * looked for, in strides that grow and then by halves. Lanes that have converged are frozen, so that no lane's bits follow its
 * neighbours. */
KM_INLINE real km_root(const km_passage *p, const int k, const scalar sign, const real threshold, const int strict, mask on,
                       const mask rising, real low, real high, const real *c)
{
    const real v0 = sign * (p->g0[k] - threshold), v1 = sign * (p->g1[k] - threshold);
    const real s0 = sign * p->d0[k] * p->h, s1 = sign * p->d1[k] * p->h;
    const real least = KM_ROOT_TOLERANCE * (p->t1 + p->h) / p->h; /* the tolerance as a fraction of the passage */
    real x = R(0.5) * (low + high), l = low, u = high, slope = KM_NUMBER(R(1.0)), v, x_old, v_old, root, stride;
    mask checking = KM_NONE, upwards = KM_NONE, jumps = KM_NONE;

    for (int i = 0; i < 7; i++) { /* on the cubic */
        real next;
        mask below;
        v = km_cubic(v0, v1, s0, s1, x, &slope);
        below = ((v < R(0.0)) & rising) | ((v >= R(0.0)) & km_not(rising));
        l = km_pick(below, x, l);
        u = km_pick(below, u, x);
        next = x - v / slope;
        x = km_pick((next > l) & (next < u), next, R(0.5) * (l + u));
    }
    on = on & (p->h > R(0.0));
    root = x_old = x;
    v_old = KM_NUMBER(R(0.0));
    stride = R(2.0) * least;
    for (int i = 0; i < KM_LOOKS; i++) { /* on the output */
        const mask checked = on & checking;
        real next, probe;
        mask below, found, turned;
        if (!km_any(on))
            break;
        v = sign * (km_between(p, k, x, c) - threshold);
        below = km_is_inside(v, strict) ^ rising;
        low = km_pick(on & below, x, low);
        high = km_pick(on & km_not(below), x, high);
        if (i > 0)
            slope = km_pick(x != x_old, (v - v_old) / (x - x_old), slope);
        next = x - v / slope;
        next = km_pick((next >= low) & (next <= high), next, R(0.5) * (low + high));
        found = on & km_not(checking);
        if (i < KM_SECANTS - 1)
            found = found & km_not(fabs(next - x) * p->h > KM_ROOT_TOLERANCE * (p->t1 + p->h));
        root = km_pick(found, next, root);
        turned = checked & (below ^ upwards);
        stride = km_pick(turned, KM_NUMBER(R(2.0)), km_pick(checked, R(16.0) * stride, stride));
        upwards = (found & below) | (upwards & km_not(found));
        checking |= found;
        probe = km_pick(found, next, x) + km_pick(upwards, stride, -stride);
        probe = km_pick((probe > low) & (probe < high), probe, R(0.5) * (low + high));
        x_old = km_pick(on, x, x_old);
        v_old = km_pick(on, v, v_old);
        x = km_pick(on, km_pick(checking, probe, next), x);
        on = on & km_not(checking & (high - low <= R(4.0) * least));
        if (KM_SMOOTH(k) && i < KM_SECANTS - 1)
            on = on & km_not(found);
        jumps |= checked & on;
    }
    root = km_pick(jumps, R(0.5) * (low + high), root);
    return km_pick(p->h > R(0.0), root, KM_NUMBER(R(0.0)));
}

/* What the two ends of a passage say of a condition. */
typedef struct km_ends {
    real v0, v1, s0, s1; /* sign*(output - threshold) and its slope times the length */
    mask in0, in1;
} km_ends;

KM_INLINE km_ends km_condition_ends(const km_passage *p, const int k, const scalar sign, const real threshold, const int strict)
{
    km_ends e;

    e.v0 = sign * (p->g0[k] - threshold);
    e.v1 = sign * (p->g1[k] - threshold);
    e.s0 = sign * p->d0[k] * p->h;
    e.s1 = sign * p->d1[k] * p->h;
    e.in0 = km_is_inside(e.v0, strict);
    e.in1 = km_is_inside(e.v1, strict);
    return e;
}

/* Both ends on one side, slopes towards the other: the cubic may cross twice within the step. */
KM_INLINE mask km_condition_bump(const km_ends *e)
{
    return km_not(e->in0 ^ e->in1) &
           ((km_not(e->in0) & (e->s0 > R(0.0)) & (e->s1 < R(0.0))) | (e->in0 & (e->s0 < R(0.0)) & (e->s1 > R(0.0)))) &
           (km_min(fabs(e->v0), fabs(e->v1)) < R(0.1482) * (fabs(e->s0) + fabs(e->s1)));
}

/* Lanes in which something is to be settled between the passage's ends. */
KM_INLINE mask km_condition_event(const mask on, const km_passage *p, const int k, const scalar sign, const real threshold,
                                  const int strict, const real after, const real before)
{
    const km_ends e = km_condition_ends(p, k, sign, threshold, strict);

    return on & km_within(p, after, before) & ((e.in0 ^ e.in1) | km_condition_bump(&e));
}

KM_INLINE void km_condition_pass(km_condition *q, mask on, const km_passage *p, const int k, const scalar sign,
                                 const real threshold, const int strict, const scalar hold, const real after,
                                 const real before)
{
    const km_ends e = km_condition_ends(p, k, sign, threshold, strict);
    mask begin, long_enough;

    on = on & km_within(p, after, before);
    begin = on & km_not(q->seen);
    q->seen |= on;
    q->from_start |= begin & e.in0;
    q->ever |= begin & e.in0;
    q->since = km_pick(begin & e.in0, p->t0, q->since);
    q->open |= on & ((e.in0 ^ e.in1) | km_condition_bump(&e));
    q->inside = (q->inside & km_not(on)) | (e.in1 & on);
    q->until = km_pick(on, p->t1, q->until);
    long_enough = on & e.in1 & km_not(q->found | q->open) & (p->t1 - q->since >= KM_NUMBER(hold));
    q->first = km_pick(long_enough, q->since, q->first);
    q->found |= long_enough;
}

/* The crossings of the lanes whose condition is open, in the passage kept of each. */
KM_INLINE void km_condition_settle(km_condition *q, const km_passage *p, const int k, const scalar sign, const real threshold,
                                   const int strict, const scalar hold, const real *c)
{
    const km_ends e = km_condition_ends(p, k, sign, threshold, strict);
    const mask cross = q->open & (e.in0 ^ e.in1);
    mask bump = q->open & km_not(e.in0 ^ e.in1), long_enough;

    if (!km_any(q->open))
        return;
    if (km_any(cross)) {
        const real x = km_root(p, k, sign, threshold, strict, cross, e.in1, KM_NUMBER(R(0.0)), KM_NUMBER(R(1.0)), c);
        km_condition_turn(q, cross, e.in1, KM_FMA(x, p->h, p->t0), hold);
    }
    if (km_any(bump)) {
        const real rise = e.v1 - e.v0;
        const real b = R(2.0) * (R(3.0) * rise - R(2.0) * e.s0 - e.s1), a = R(3.0) * (e.s0 + e.s1 - R(2.0) * rise);
        const real turn = km_pick(e.in0, KM_NUMBER(R(-1.0)), KM_NUMBER(R(1.0)));
        const real root = sqrt(km_max(b * b - R(4.0) * a * e.s0, KM_NUMBER(R(0.0))));
        real x = R(2.0) * e.s0 / (turn * root - b), v, first, second;
        x = km_min(km_max(x, KM_NUMBER(R(0.0))), KM_NUMBER(R(1.0)));
        v = sign * (km_between(p, k, x, c) - threshold);
        bump = bump & (km_is_inside(v, strict) ^ e.in0);
        if (km_any(bump)) {
            first = km_root(p, k, sign, threshold, strict, bump, km_not(e.in0), KM_NUMBER(R(0.0)), x, c);
            km_condition_turn(q, bump, km_not(e.in0), KM_FMA(first, p->h, p->t0), hold);
            second = km_root(p, k, sign, threshold, strict, bump, e.in0, x, KM_NUMBER(R(1.0)), c);
            km_condition_turn(q, bump, e.in0, KM_FMA(second, p->h, p->t0), hold);
        }
    }
    long_enough = q->open & q->inside & km_not(q->found) & (q->until - q->since >= KM_NUMBER(hold));
    q->first = km_pick(long_enough, q->since, q->first);
    q->found |= long_enough;
    q->open = KM_NONE;
}

/* States as in abi.h, per lane, as reals. */
#define KM_STATE_OF(x) KM_NUMBER((scalar)(x))

/* `early`: a stay that began until then was there when the window began. */
KM_INLINE void km_condition_first(const km_condition *q, const real early, real *value, real *state)
{
    const real short_stay = km_pick(q->inside, q->since, KM_NUMBER((scalar)NAN));
    const mask at_start = q->from_start & (q->first <= early);

    *value = km_pick(q->found, q->first, short_stay);
    *state = km_pick(q->found, km_pick(at_start, KM_STATE_OF(KM_STATE_FROM_START), KM_STATE_OF(KM_STATE_EXACT)),
                     km_pick(q->inside, KM_STATE_OF(KM_STATE_CENSORED), KM_STATE_OF(KM_STATE_NEVER)));
}

KM_INLINE void km_condition_last(const km_condition *q, const real t, const real before, real *value, real *state)
{
    const real end = km_min(t, before);

    *value = km_pick(q->inside, end, km_pick(q->ever, q->last, KM_NUMBER((scalar)NAN)));
    *state = km_pick(q->inside, KM_STATE_OF(KM_STATE_CENSORED),
                     km_pick(q->ever, KM_STATE_OF(KM_STATE_EXACT), KM_STATE_OF(KM_STATE_NEVER)));
}

KM_INLINE void km_condition_total(const km_condition *q, const real t, const real before, real *value, real *state)
{
    const real end = km_min(t, before);

    *value = km_pick(q->inside, q->total + (end - q->since), q->total);
    *state = km_pick(q->inside, KM_STATE_OF(KM_STATE_CENSORED),
                     km_pick(q->from_start, KM_STATE_OF(KM_STATE_FROM_START),
                             km_pick(q->ever, KM_STATE_OF(KM_STATE_EXACT), KM_STATE_OF(KM_STATE_NEVER))));
}

/* ---- extremes ---- */

typedef struct km_extreme {
    real best, when; /* best is sign * value */
    mask seen;
    mask open; /* one may lie in the passage kept */
} km_extreme;

KM_INLINE void km_extreme_start(km_extreme *q, const mask fresh)
{
    q->seen &= km_not(fresh);
    q->open &= km_not(fresh);
    q->best = km_pick(fresh, KM_NUMBER(R(0.0)), q->best);
    q->when = km_pick(fresh, KM_NUMBER(R(0.0)), q->when);
}

/* Lanes in which the cubic has an extreme between the passage's ends that may be beyond `best`. */
KM_INLINE mask km_extreme_peak(const km_passage *p, const int k, const scalar sign, const real best)
{
    const real s0 = sign * p->d0[k] * p->h, s1 = sign * p->d1[k] * p->h;

    return (s0 > R(0.0)) & (s1 < R(0.0)) &
           (km_max(sign * p->g0[k], sign * p->g1[k]) + R(0.1482) * (fabs(s0) + fabs(s1)) > best);
}

KM_INLINE mask km_extreme_event(const km_extreme *q, mask on, const km_passage *p, const int k, const scalar sign,
                                const real after, const real before)
{
    return on & km_within(p, after, before) & km_extreme_peak(p, k, sign, km_pick(q->seen, q->best, sign * p->g0[k]));
}

KM_INLINE void km_extreme_pass(km_extreme *q, mask on, const km_passage *p, const int k, const scalar sign,
                               const real after, const real before)
{
    const real v0 = sign * p->g0[k], v1 = sign * p->g1[k];
    mask begin, better;

    on = on & km_within(p, after, before);
    begin = on & km_not(q->seen);
    q->seen |= on;
    q->best = km_pick(begin, v0, q->best);
    q->when = km_pick(begin, p->t0, q->when);
    q->open |= on & km_extreme_peak(p, k, sign, q->best);
    better = on & (v1 > q->best);
    q->best = km_pick(better, v1, q->best);
    q->when = km_pick(better, p->t1, q->when);
}

/* The extremes of the open lanes, in the passage kept of each. */
KM_INLINE void km_extreme_settle(km_extreme *q, const km_passage *p, const int k, const scalar sign, const real *c)
{
    if (km_any(q->open)) {
        const real rise = sign * (p->g1[k] - p->g0[k]), s0 = sign * p->d0[k] * p->h, s1 = sign * p->d1[k] * p->h;
        const real b = R(2.0) * (R(3.0) * rise - R(2.0) * s0 - s1), a = R(3.0) * (s0 + s1 - R(2.0) * rise);
        real x = R(2.0) * s0 / (sqrt(km_max(b * b - R(4.0) * a * s0, KM_NUMBER(R(0.0)))) - b), v, when;
        mask better;
        x = km_min(km_max(x, KM_NUMBER(R(0.0))), KM_NUMBER(R(1.0)));
        { /* the cubic is only near: a parabola through the output itself around there says where the extreme is */
            const real middle = km_min(km_max(x, KM_NUMBER(R(0.1))), KM_NUMBER(R(0.9)));
            const real left = middle - R(0.1), right = middle + R(0.1);
            const mask at_start = x < middle;
            real better_x, better_v, up, bend, slope;
            v = sign * km_between(p, k, middle, c);
            up = v - sign * km_between(p, k, left, c);
            bend = sign * km_between(p, k, right, c) - v - up;
            better_x = middle - R(0.05) - R(0.1) * up / bend;
            /* nearer to an end than that, its value, its slope (inwards, over a tenth) and the value at a tenth say better where */
            slope = R(0.1) * km_pick(at_start, s0, -s1);
            slope = R(0.05) * slope / (slope - km_pick(at_start, up, -(up + bend)));
            better_x = km_pick(x == middle, better_x, km_pick(at_start, slope, R(1.0) - slope));
            better_x = km_pick((bend < R(0.0)) & (better_x >= left) & (better_x <= right), better_x,
                               km_pick(up + up + bend > R(0.0), right, left)); /* uphill: a kink is there */
            better_v = sign * km_between(p, k, better_x, c);
            better = (better_v >= v) | km_not(v == v);
            x = km_pick(better, better_x, middle);
            v = km_pick(better, better_v, v);
        }
        /* of equal ones the earlier: later passages may have been looked at since */
        when = KM_FMA(x, p->h, p->t0);
        better = q->open & ((v > q->best) | ((v == q->best) & (when < q->when)));
        q->best = km_pick(better, v, q->best);
        q->when = km_pick(better, when, q->when);
        q->open = KM_NONE;
    }
}

KM_INLINE void km_extreme_clear(km_extreme *q)
{
    q->best = q->when = KM_NUMBER(R(0.0));
    q->seen = q->open = KM_NONE;
}

/* ---- integrals and values ---- */

typedef struct km_amount {
    real value;
    mask known;
} km_amount;

KM_INLINE void km_amount_start(km_amount *q, const mask fresh)
{
    q->value = km_pick(fresh, KM_NUMBER(R(0.0)), q->value);
    q->known &= km_not(fresh);
}

KM_INLINE void km_amount_clear(km_amount *q)
{
    q->value = KM_NUMBER(R(0.0));
    q->known = KM_NONE;
}

/* The Hermite rule: h/2 (g0+g1) + h^2/12 (d0-d1). */
KM_INLINE void km_integral_pass(km_amount *q, mask on, const km_passage *p, const int k, const real after,
                                const real before)
{
    const real part = p->h * (R(0.5) * (p->g0[k] + p->g1[k]) + p->h * R(0.08333333333333333) * (p->d0[k] - p->d1[k]));

    on = on & km_within(p, after, before);
    q->value = km_pick(on, q->value + part, q->value);
    q->known |= on;
}

/* The output at time `at`: the left value at a jump, except at 0. A step that ends at `reach`, a few roundings before
 * `at`, ends there: a jump, whose passage has no length and no states of its own, is never where it is read. */
KM_INLINE void km_value_pass(km_amount *q, mask on, const km_passage *p, const int k, const scalar at, const scalar reach,
                             const real *c)
{
    const mask early = on & km_not(q->known) & (p->t0 >= KM_NUMBER(reach));
    const mask here = on & km_not(q->known) & (p->t0 < KM_NUMBER(reach)) & (p->t1 >= KM_NUMBER(reach));

    if (km_any(here)) {
        const real x = km_min((at - p->t0) / p->h, KM_NUMBER(R(1.0)));
        q->value = km_pick(here, km_between(p, k, x, c), q->value);
    }
    q->value = km_pick(early, p->g0[k], q->value);
    q->known |= early | here;
}

/* ---- what lies ahead ---- */

/* The smaller of `ahead` and the time, for lanes of `on`, after which the value g with slope d is at the threshold. */
KM_INLINE real km_crossing_ahead(const real ahead, const mask on, const real g, const real d, const real threshold)
{
    const real wait = (threshold - g) / d; /* NaN where both are 0: no crossing ahead */

    return km_pick(on & (wait > R(0.0)) & (wait < ahead), wait, ahead);
}

/* The same for a time `at`. */
KM_INLINE real km_value_ahead(const real ahead, const mask on, const real t, const scalar at)
{
    const real wait = at - t;

    return km_pick(on & (wait > R(0.0)) & (wait < ahead), wait, ahead);
}

/* The smaller of `ahead` and the time after a passage's end, for lanes of `on`, at which output k would be extreme by its slope and
 * second derivative there (the cubic's), if it changes by more than 1.25 tolerances until then. */
KM_INLINE real km_turn_ahead(const real ahead, const mask on, const km_passage *p, const int k, const scalar sign)
{
    const real bend = KM_FMA(p->h, KM_FMA(R(4.0), p->d1[k], R(2.0) * p->d0[k]), R(6.0) * (p->g0[k] - p->g1[k])); /* times h^2 */
    const real wait = -p->d1[k] * p->h * p->h / bend;
    const mask grows = (sign * p->d1[k] > R(0.0)) & (fabs(p->d1[k]) * wait > R(2.5) * KM_RTOL * fabs(p->g1[k]));

    return km_pick(on & grows & (wait < ahead), wait, ahead);
}

/* ---- endpoints that refer to others ---- */

/* Lanes of `on` whose point is in pass k. */
#if KM_PASSES > 1
#define KM_IN_PASS(on, pass, k) ((on) & ((pass) == KM_NUMBER((scalar)(k))))
#else
#define KM_IN_PASS(on, pass, k) (on)
#endif

/* The time an endpoint gives to others: NaN unless it happened. */
KM_INLINE real km_instant(const real value, const real state)
{
    return km_pick((state == KM_STATE_OF(KM_STATE_EXACT)) | (state == KM_STATE_OF(KM_STATE_FROM_START)), value,
                   KM_NUMBER((scalar)NAN));
}

/* What refers to something absent has no value. */
KM_INLINE void km_need_reference(const real reference, real *value, real *state)
{
    const mask known = reference == reference;

    *value = km_pick(known, *value, KM_NUMBER((scalar)NAN));
    *state = km_pick(known, *state, KM_STATE_OF(KM_STATE_NO_REFERENCE));
}

/* An extreme of a window of no length, too. */
KM_INLINE void km_need_window(const mask seen, real *value, real *state)
{
    *value = km_pick(seen, *value, KM_NUMBER((scalar)NAN));
    *state = km_pick(seen, *state, KM_STATE_OF(KM_STATE_NO_REFERENCE));
}

#endif
