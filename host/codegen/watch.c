#include "codegen/watch.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static bool same_bound(km_bound a, km_bound b) { return a.number == b.number && a.reference == b.reference; }

static bool same(const km_watcher *a, const km_watcher *b)
{
    return a->what == b->what && a->output == b->output && a->sign == b->sign && a->strict == b->strict &&
           same_bound(a->threshold, b->threshold) && same_bound(a->after, b->after) && same_bound(a->before, b->before) &&
           a->hold == b->hold && a->at == b->at && a->pass == b->pass;
}

static int watch(km_watch_plan *p, km_watcher w)
{
    for (int i = 0; i < p->n_watchers; i++)
        if (same(&p->watcher[i], &w))
            return i;
    w.index = w.what == KM_WATCH_CONDITION ? p->n_conditions++ : w.what == KM_WATCH_EXTREME ? p->n_extremes++ : p->n_amounts++;
    KM_PUSH(p->watcher, p->n_watchers);
    p->watcher[p->n_watchers] = w;
    return p->n_watchers++;
}

static int refer(km_watch_plan *p, km_reference r)
{
    for (int i = 0; i < p->n_references; i++)
        if (p->reference[i].endpoint == r.endpoint && p->reference[i].extreme == r.extreme)
            return i;
    KM_PUSH(p->reference, p->n_references);
    p->reference[p->n_references] = r;
    p->n_time_references += r.endpoint >= 0;
    return p->n_references++;
}

static km_bound number(double value) { return (km_bound){value, -1}; }

static km_bound window_bound(km_watch_plan *p, double time, int endpoint)
{
    if (endpoint < 0)
        return number(time);
    return (km_bound){1.0, refer(p, (km_reference){endpoint, -1, p->study->endpoint[endpoint].pass})};
}

/* The largest (sign 1) or smallest value of an output over the whole course. */
static km_watcher whole_extreme(const km_watch_plan *p, int output, double sign)
{
    return (km_watcher){.what = KM_WATCH_EXTREME, .output = output, .sign = sign, .threshold = number(0.0),
                        .after = number(0.0), .before = number(p->study->horizon)};
}

static km_bound threshold_of(km_watch_plan *p, const km_endpoint *e)
{
    km_reference r = {-1, -1, 0};

    if (e->relative == KM_ABSOLUTE)
        return number(e->threshold);
    r.extreme = watch(p, whole_extreme(p, e->output, e->relative == KM_OF_PEAK ? 1.0 : -1.0));
    return (km_bound){e->threshold, refer(p, r)};
}

km_bound km_watch_widen(const km_watch_plan *p, km_bound b, int way, bool single)
{
    const double slack = single ? 3e-7 : 1e-15;

    if (b.reference >= 0 || (b.number > 0.0 && b.number < p->study->horizon))
        b.number *= 1.0 + way * slack;
    return b;
}

static bool is_condition(const km_endpoint *e)
{
    return e->kind == KM_FIRST_TIME || e->kind == KM_LAST_TIME || e->kind == KM_TIME_IN;
}

static double sign_of(const km_endpoint *e)
{
    if (is_condition(e))
        return e->compare == KM_GE || e->compare == KM_GT ? 1.0 : -1.0;
    return e->kind == KM_MIN || e->kind == KM_TIME_OF_MIN ? -1.0 : 1.0;
}

static void plan_endpoint(km_watch_plan *p, int i)
{
    const km_endpoint *e = &p->study->endpoint[i];
    km_watcher w = {.what = KM_WATCH_EXTREME, .output = e->output, .sign = sign_of(e), .threshold = number(0.0), .pass = e->pass};

    w.after = window_bound(p, e->after, e->after_endpoint);
    w.before = window_bound(p, e->before, e->before_endpoint);
    p->of_margin[i] = -1;
    if (is_condition(e)) {
        km_watcher extreme = w;
        w.what = KM_WATCH_CONDITION;
        w.threshold = threshold_of(p, e);
        w.strict = e->compare == KM_GT || e->compare == KM_LT;
        w.hold = e->kind == KM_FIRST_TIME ? e->hold : 0.0;
        p->of_endpoint[i] = watch(p, w);
        if (e->margin)
            p->of_margin[i] = watch(p, extreme);
        return;
    }
    if (e->kind == KM_INTEGRAL || e->kind == KM_VALUE_AT) {
        w.what = e->kind == KM_INTEGRAL ? KM_WATCH_INTEGRAL : KM_WATCH_VALUE;
        w.at = e->at;
    }
    p->of_endpoint[i] = watch(p, w);
}

void km_watch_plan_init(km_watch_plan *p, const km_study *study)
{
    memset(p, 0, sizeof *p);
    p->study = study;
    p->n_passes = 1;
    p->of_endpoint = km_alloc((size_t)study->n_endpoints + 1, sizeof *p->of_endpoint);
    p->of_margin = km_alloc((size_t)study->n_endpoints + 1, sizeof *p->of_margin);
    for (int i = 0; i < study->n_endpoints; i++) {
        plan_endpoint(p, i);
        if (study->endpoint[i].pass >= p->n_passes)
            p->n_passes = study->endpoint[i].pass + 1;
    }
}

void km_watch_plan_clear(km_watch_plan *p)
{
    free(p->watcher), free(p->reference), free(p->of_endpoint), free(p->of_margin);
    memset(p, 0, sizeof *p);
}
