/* The study's endpoints as calls of the reducers in kernels/endpoints.h. Endpoints that watch the same condition, or
 * the same extreme, share one reducer. */
#include "base/memory.h"
#include "codegen/writer.h"

#include <stdlib.h>
#include <string.h>

typedef struct watcher {
    enum { WATCH_CONDITION, WATCH_EXTREME, WATCH_AMOUNT } what;
    int output;
    double sign, threshold, hold, after, before;
    int strict;
    int endpoint; /* of an amount: whose it is */
    int index;    /* among those of its kind */
} watcher;

typedef struct plan {
    watcher *watcher;
    int n, n_conditions, n_extremes, n_amounts;
} plan;

static int add(plan *p, watcher q)
{
    for (int i = 0; i < p->n; i++) {
        const watcher *o = &p->watcher[i];
        if (o->what == q.what && o->output == q.output && o->sign == q.sign && o->threshold == q.threshold &&
            o->hold == q.hold && o->after == q.after && o->before == q.before && o->strict == q.strict &&
            o->endpoint == q.endpoint)
            return o->index;
    }
    q.index = q.what == WATCH_CONDITION ? p->n_conditions++ : q.what == WATCH_EXTREME ? p->n_extremes++ : p->n_amounts++;
    KM_PUSH(p->watcher, p->n);
    p->watcher[p->n++] = q;
    return q.index;
}

static bool watches_condition(const km_endpoint *e)
{
    return e->kind == KM_FIRST_TIME || e->kind == KM_LAST_TIME || e->kind == KM_TIME_IN;
}

static double sign_of(const km_endpoint *e)
{
    if (watches_condition(e))
        return e->compare == KM_GE || e->compare == KM_GT ? 1.0 : -1.0;
    return e->kind == KM_MIN || e->kind == KM_TIME_OF_MIN ? -1.0 : 1.0;
}

static watcher condition_of(const km_endpoint *e, int output)
{
    return (watcher){.what = WATCH_CONDITION, .output = output, .sign = sign_of(e), .threshold = e->threshold,
                     .hold = e->kind == KM_FIRST_TIME ? e->hold : 0.0, .after = e->after, .before = e->before,
                     .strict = e->compare == KM_GT || e->compare == KM_LT, .endpoint = -1};
}

static watcher extreme_of(const km_endpoint *e, int output)
{
    return (watcher){.what = WATCH_EXTREME, .output = output, .sign = sign_of(e), .after = e->after,
                     .before = e->before, .endpoint = -1};
}

static watcher amount_of(const km_endpoint *e, int output, int endpoint)
{
    return (watcher){.what = WATCH_AMOUNT, .output = output, .after = e->after, .before = e->before,
                     .endpoint = endpoint};
}

/* A number as a scalar literal. */
static char *literal(double value) { return km_emit_number(KM_DIALECT_SCALAR, value); }

static void write_pass(km_text *out, const km_study *study, const watcher *q)
{
    char *sign = literal(q->sign), *threshold = literal(q->threshold), *hold = literal(q->hold);
    char *after = literal(q->after), *before = literal(q->before);

    if (q->what == WATCH_CONDITION) {
        km_text_add(out, "    km_condition_pass(&r->condition[%d], on, p, %d, %s, %s, %d, %s, %s, %s, c);\n", q->index,
                    q->output, sign, threshold, q->strict, hold, after, before);
    } else if (q->what == WATCH_EXTREME) {
        km_text_add(out, "    km_extreme_pass(&r->extreme[%d], on, p, %d, %s, %s, %s, c);\n", q->index, q->output, sign,
                    after, before);
    } else if (study->endpoint[q->endpoint].kind == KM_INTEGRAL) {
        km_text_add(out, "    km_integral_pass(&r->amount[%d], on, p, %d, %s, %s);\n", q->index, q->output, after, before);
    } else {
        char *at = literal(study->endpoint[q->endpoint].at);
        km_text_add(out, "    km_value_pass(&r->amount[%d], on, p, %d, %s, c);\n", q->index, q->output, at);
        free(at);
    }
    free(sign), free(threshold), free(hold), free(after), free(before);
}

static void write_result(km_text *out, const km_study *study, plan *p, int e, int output, int *n_margins)
{
    const km_endpoint *end = &study->endpoint[e];
    char *after = literal(end->after), *before = literal(end->before), *sign = literal(sign_of(end));
    int i = -1;

    if (watches_condition(end)) {
        static const char *const name[] = {"first", "last", "total"};
        i = add(p, condition_of(end, output));
        km_text_add(out, "    km_condition_%s(&r->condition[%d], t, %s, %s, &value[%d], &state[%d]);\n",
                    name[end->kind == KM_FIRST_TIME ? 0 : end->kind == KM_LAST_TIME ? 1 : 2], i, after, before, e, e);
    } else if (end->kind == KM_INTEGRAL || end->kind == KM_VALUE_AT) {
        i = add(p, amount_of(end, output, e));
        km_text_add(out,
                    "    value[%d] = km_pick(r->amount[%d].known, r->amount[%d].value, %s);\n"
                    "    state[%d] = KM_NUMBER(R(0.0));\n",
                    e, i, i, end->kind == KM_INTEGRAL ? "KM_NUMBER(R(0.0))" : "g[KM_LAST_OUTPUT]", e);
    } else {
        bool is_time = end->kind == KM_TIME_OF_MAX || end->kind == KM_TIME_OF_MIN;
        i = add(p, extreme_of(end, output));
        km_text_add(out, "    value[%d] = %sr->extreme[%d].%s;\n    state[%d] = KM_NUMBER(R(0.0));\n", e,
                    !is_time && sign_of(end) < 0.0 ? "-" : "", i, is_time ? "when" : "best", e);
    }
    if (end->margin) {
        char *threshold = literal(end->threshold);
        if (watches_condition(end)) {
            i = add(p, extreme_of(end, output));
            km_text_add(out, "    margin[%d] = r->extreme[%d].best - %s * %s;\n", *n_margins, i, sign, threshold);
        } else {
            km_text_add(out, "    margin[%d] = KM_NUMBER(R(0.0));\n", *n_margins);
        }
        (*n_margins)++;
        free(threshold);
    }
    free(after), free(before), free(sign);
}

void km_write_endpoints(km_writer *w, const int *output_index)
{
    const km_study *study = w->problem->study;
    plan p = {0};
    km_text results = {0}, *out = &w->text;

    for (int e = 0; e < study->n_endpoints; e++) {
        km_text one = {0};
        char *text, *at;
        write_result(&one, study, &p, e, output_index[study->endpoint[e].output], &w->n_margins);
        text = km_text_take(&one);
        at = text;
        for (char *mark; (mark = strstr(at, "KM_LAST_OUTPUT")) != NULL; at = mark + 14)
            km_text_add(&results, "%.*s%d", (int)(mark - at), at, output_index[study->endpoint[e].output]);
        km_text_add(&results, "%s", at);
        free(text);
    }
    km_text_add(out, "typedef struct km_reducers {\n    km_condition condition[%d];\n    km_extreme extreme[%d];\n"
                     "    km_amount amount[%d];\n} km_reducers;\n\n",
                p.n_conditions ? p.n_conditions : 1, p.n_extremes ? p.n_extremes : 1, p.n_amounts ? p.n_amounts : 1);
    km_text_add(out, "KM_MODEL void km_reducers_start(km_reducers *r, const mask fresh)\n{\n");
    for (int i = 0; i < p.n_conditions; i++)
        km_text_add(out, "    km_condition_start(&r->condition[%d], fresh);\n", i);
    for (int i = 0; i < p.n_extremes; i++)
        km_text_add(out, "    km_extreme_start(&r->extreme[%d], fresh);\n", i);
    for (int i = 0; i < p.n_amounts; i++)
        km_text_add(out, "    km_amount_start(&r->amount[%d], fresh);\n", i);
    km_text_add(out, "}\n\nKM_MODEL void km_reducers_clear(km_reducers *r)\n{\n");
    for (int i = 0; i < p.n_conditions; i++)
        km_text_add(out, "    km_condition_clear(&r->condition[%d]);\n", i);
    for (int i = 0; i < p.n_extremes; i++)
        km_text_add(out, "    km_extreme_clear(&r->extreme[%d]);\n", i);
    for (int i = 0; i < p.n_amounts; i++)
        km_text_add(out, "    km_amount_clear(&r->amount[%d]);\n", i);
    km_text_add(out, "}\n\n"
                     "KM_MODEL void km_reducers_pass(km_reducers *r, const mask on, const km_passage *p, const real *c)\n{\n");
    for (int i = 0; i < p.n; i++)
        write_pass(out, study, &p.watcher[i]);
    km_text_add(out, "}\n\nKM_MODEL void km_reducers_end(const km_reducers *r, const real *g, const real t, real *value,\n"
                     "                              real *state, real *margin)\n{\n%s}\n\n",
                results.data ? results.data : "");
    km_text_clear(&results);
    free(p.watcher);
}
