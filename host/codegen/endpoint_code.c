/* The watch plan as calls of the reducers in kernels/endpoints.h. */
#include "base/memory.h"
#include "codegen/watch.h"
#include "codegen/writer.h"

#include <stdlib.h>

/* A number as a scalar literal; caller frees. */
static char *literal(double value) { return km_emit_number(KM_DIALECT_SCALAR, value); }

/* A bound as a lane value: a literal, or so many times a reference. Caller frees. */
static char *bound_text(km_bound b)
{
    char *number = literal(b.number), *text;

    if (b.reference < 0)
        text = km_format("KM_NUMBER(%s)", number);
    else if (b.number == 1.0)
        text = km_format("reference[%d]", b.reference);
    else
        text = km_format("%s * reference[%d]", number, b.reference);
    free(number);
    return text;
}

/* What becomes of a watcher's passage: whether something happens in it, what its ends say, what is found between them. */
typedef enum km_part { KM_PART_EVENT, KM_PART_PASS, KM_PART_SETTLE } km_part;

static void write_part(km_writer *w, const km_watch_plan *p, const km_watcher *q, int output, km_part part)
{
    km_text *out = &w->text;
    const bool single = w->problem->pool.single;
    char *sign = literal(q->sign), *threshold = bound_text(q->threshold), *hold = literal(q->hold), *at = literal(q->at);
    char *after = bound_text(km_watch_widen(p, q->after, -1, single)), *before = bound_text(km_watch_widen(p, q->before, 1, single));
    char *reach = literal(km_watch_widen(p, (km_bound){q->at, -1}, -1, single).number);
    char *on = km_format("KM_IN_PASS(on, pass, %d)", q->pass);

    if (q->what == KM_WATCH_CONDITION && part == KM_PART_EVENT)
        km_text_add(out, "    event |= km_condition_event(%s, p, %d, %s, %s, %d, %s, %s);\n", on, output, sign, threshold, q->strict, after,
                    before);
    else if (q->what == KM_WATCH_CONDITION && part == KM_PART_PASS)
        km_text_add(out, "    km_condition_pass(&r->condition[%d], %s, p, %d, %s, %s, %d, %s, %s, %s);\n", q->index, on, output,
                    sign, threshold, q->strict, hold, after, before);
    else if (q->what == KM_WATCH_CONDITION)
        km_text_add(out, "    km_condition_settle(&r->condition[%d], p, %d, %s, %s, %d, %s, c);\n", q->index, output, sign, threshold,
                    q->strict, hold);
    else if (q->what == KM_WATCH_EXTREME && part == KM_PART_EVENT)
        km_text_add(out, "    event |= km_extreme_event(&r->extreme[%d], %s, p, %d, %s, %s, %s);\n", q->index, on, output, sign, after,
                    before);
    else if (q->what == KM_WATCH_EXTREME && part == KM_PART_PASS)
        km_text_add(out, "    km_extreme_pass(&r->extreme[%d], %s, p, %d, %s, %s, %s);\n", q->index, on, output, sign, after,
                    before);
    else if (q->what == KM_WATCH_EXTREME)
        km_text_add(out, "    km_extreme_settle(&r->extreme[%d], p, %d, %s, c);\n", q->index, output, sign);
    else if (part != KM_PART_PASS)
        ; /* done with at once */
    else if (q->what == KM_WATCH_INTEGRAL)
        km_text_add(out, "    km_integral_pass(&r->amount[%d], %s, p, %d, %s, %s);\n", q->index, on, output, after, before);
    else
        km_text_add(out, "    km_value_pass(&r->amount[%d], %s, p, %d, %s, %s, c);\n", q->index, on, output, at, reach);
    free(sign), free(threshold), free(hold), free(at), free(reach), free(after), free(before), free(on);
}

static void write_parts(km_writer *w, const km_watch_plan *p, const int *output_index, km_part part)
{
    for (int i = 0; i < p->n_watchers; i++)
        write_part(w, p, &p->watcher[i], output_index[p->watcher[i].output], part);
}

/* value[e] and state[e] from the watcher. */
static void write_value(km_text *out, const km_watch_plan *p, const km_watcher *q, int e, int output, bool single)
{
    const km_endpoint *end = &p->study->endpoint[e];
    char *after = bound_text(q->after), *before = bound_text(q->before), *early = bound_text(km_watch_widen(p, q->after, 1, single));

    switch (end->kind) {
    case KM_FIRST_TIME:
        km_text_add(out, "    km_condition_first(&r->condition[%d], %s, &value[%d], &state[%d]);\n", q->index, early, e, e);
        break;
    case KM_LAST_TIME:
    case KM_TIME_IN:
        km_text_add(out, "    km_condition_%s(&r->condition[%d], t, %s, &value[%d], &state[%d]);\n",
                    end->kind == KM_LAST_TIME ? "last" : "total", q->index, before, e, e);
        break;
    case KM_INTEGRAL:
        km_text_add(out, "    value[%d] = km_pick(r->amount[%d].known, r->amount[%d].value, KM_NUMBER(R(0.0)));\n", e, q->index,
                    q->index);
        break;
    case KM_VALUE_AT:
        km_text_add(out, "    value[%d] = km_pick(r->amount[%d].known, r->amount[%d].value, g[%d]);\n", e, q->index, q->index, output);
        break;
    default:
        km_text_add(out, "    value[%d] = %sr->extreme[%d].%s;\n", e, end->kind == KM_MIN ? "-" : "", q->index,
                    end->kind == KM_MAX || end->kind == KM_MIN ? "best" : "when");
        break;
    }
    if (q->what != KM_WATCH_CONDITION)
        km_text_add(out, "    state[%d] = KM_NUMBER(R(0.0));\n", e);
    if (q->after.reference >= 0)
        km_text_add(out, "    km_need_reference(%s, &value[%d], &state[%d]);\n", after, e, e);
    if (q->before.reference >= 0)
        km_text_add(out, "    km_need_reference(%s, &value[%d], &state[%d]);\n", before, e, e);
    if (q->what == KM_WATCH_EXTREME && (q->after.reference >= 0 || q->before.reference >= 0))
        km_text_add(out, "    km_need_window(r->extreme[%d].seen, &value[%d], &state[%d]);\n", q->index, e, e);
    free(after), free(before), free(early);
}

/* margin[m]: how far the window's extreme lies beyond the threshold. */
static void write_margin(km_text *out, const km_watch_plan *p, int e, int m)
{
    const km_watcher *q = &p->watcher[p->of_endpoint[e]];
    char *sign = literal(q->sign), *threshold = bound_text(q->threshold);
    bool bounded = q->after.reference >= 0 || q->before.reference >= 0;

    if (p->of_margin[e] < 0)
        km_text_add(out, "    margin[%d] = KM_NUMBER(R(0.0));\n", m);
    else if (bounded)
        km_text_add(out, "    margin[%d] = km_pick(r->extreme[%d].seen, r->extreme[%d].best - %s * %s, KM_NUMBER((scalar)NAN));\n",
                    m, p->watcher[p->of_margin[e]].index, p->watcher[p->of_margin[e]].index, sign, threshold);
    else
        km_text_add(out, "    margin[%d] = r->extreme[%d].best - %s * %s;\n", m, p->watcher[p->of_margin[e]].index, sign, threshold);
    free(sign), free(threshold);
}

/* How long until something is read off between steps: a crossing ahead, by the output's slope, or a value's time. */
static void write_ahead(km_text *out, const km_watch_plan *p, const int *output_index)
{
    km_text_add(out, "KM_MODEL real km_ahead(const real *g, const real *d, const real t, const real pass, const real *reference)\n{\n"
                     "    real ahead = KM_NUMBER(KM_HORIZON);\n");
    for (int i = 0; i < p->n_watchers; i++) {
        const km_watcher *q = &p->watcher[i];
        char *threshold = bound_text(q->threshold), *at = literal(q->at);
        if (q->what == KM_WATCH_CONDITION)
            km_text_add(out, "    ahead = km_crossing_ahead(ahead, KM_IN_PASS(KM_EVERY, pass, %d), g[%d], d[%d], %s);\n", q->pass,
                        output_index[q->output], output_index[q->output], threshold);
        else if (q->what == KM_WATCH_VALUE)
            km_text_add(out, "    ahead = km_value_ahead(ahead, KM_IN_PASS(KM_EVERY, pass, %d), t, %s);\n", q->pass, at);
        free(threshold), free(at);
    }
    km_text_add(out, "    return ahead;\n}\n\n");
}

/* How long until an output that an extreme is asked of is largest, or smallest, by its slope and second derivative. */
static void write_turns_ahead(km_text *out, const km_watch_plan *p, const int *output_index, bool single)
{
    km_text_add(out, "KM_MODEL real km_turns_ahead(const km_passage *p, const real t, const real pass, const real *reference)\n{\n"
                     "    real ahead = KM_NUMBER(KM_HORIZON);\n");
    for (int i = 0; i < p->n_watchers; i++) {
        const km_watcher *q = &p->watcher[i];
        char *after = bound_text(km_watch_widen(p, q->after, -1, single)), *before = bound_text(km_watch_widen(p, q->before, 1, single));
        char *sign = literal(q->sign);
        if (q->what == KM_WATCH_EXTREME)
            km_text_add(out, "    ahead = km_turn_ahead(ahead, KM_IN_PASS((t >= %s) & (t <= %s), pass, %d), p, %d, %s);\n", after, before,
                        q->pass, output_index[q->output], sign);
        free(sign), free(after), free(before);
    }
    km_text_add(out, "    return ahead;\n}\n\n");
}

static void write_references(km_text *out, const km_watch_plan *p)
{
    km_text_add(out, "/* references known at the end of lanes' passes */\n"
                     "KM_MODEL void km_refer(const km_reducers *r, const mask on, const real pass, const real *value, const real *state,\n"
                     "                       real *reference)\n{\n");
    for (int i = 0; i < p->n_references; i++) {
        const km_reference *q = &p->reference[i];
        if (q->endpoint >= 0)
            km_text_add(out, "    reference[%d] = km_pick(KM_IN_PASS(on, pass, %d), km_instant(value[%d], state[%d]), reference[%d]);\n",
                        i, q->pass, q->endpoint, q->endpoint, i);
        else
            km_text_add(out, "    reference[%d] = km_pick(KM_IN_PASS(on, pass, %d), %sr->extreme[%d].best, reference[%d]);\n", i,
                        q->pass, p->watcher[q->extreme].sign < 0.0 ? "-" : "", p->watcher[q->extreme].index, i);
    }
    km_text_add(out, "}\n\n");
}

/* In which pass endpoint e, and margin m, is stored; which references are times, where a step has to end. */
static void write_tables(km_text *out, const km_watch_plan *p)
{
    const km_study *study = p->study;
    int m = 0;

    km_text_add(out, "#define KM_PASS_OF(e) (");
    for (int e = 0; e < study->n_endpoints; e++)
        if (study->endpoint[e].pass > 0)
            km_text_add(out, "(e) == %d ? %d : ", e, study->endpoint[e].pass);
    km_text_add(out, "0)\n#define KM_PASS_OF_MARGIN(m) (");
    for (int e = 0; e < study->n_endpoints; e++)
        if (study->endpoint[e].margin) {
            if (study->endpoint[e].pass > 0)
                km_text_add(out, "(m) == %d ? %d : ", m, study->endpoint[e].pass);
            m++;
        }
    km_text_add(out, "0)\n#define KM_IS_TIME(r) (");
    for (int i = 0; i < p->n_references; i++)
        if (p->reference[i].endpoint >= 0)
            km_text_add(out, "(r) == %d || ", i);
    km_text_add(out, "0)\n\n");
}

static void write_each(km_text *out, const km_watch_plan *p, const char *verb, const char *argument)
{
    const struct {
        const char *name;
        int n;
    } part[] = {{"condition", p->n_conditions}, {"extreme", p->n_extremes}, {"amount", p->n_amounts}};

    for (int k = 0; k < 3; k++)
        for (int i = 0; i < part[k].n; i++)
            km_text_add(out, "    km_%s_%s(&r->%s[%d]%s);\n", part[k].name, verb, part[k].name, i, argument);
}

void km_write_endpoints(km_writer *w, const km_watch_plan *p, const int *output_index)
{
    const km_study *study = p->study;
    km_text *out = &w->text;

    km_text_add(out, "typedef struct km_reducers {\n    km_condition condition[%d];\n    km_extreme extreme[%d];\n"
                     "    km_amount amount[%d];\n} km_reducers;\n\n",
                p->n_conditions ? p->n_conditions : 1, p->n_extremes ? p->n_extremes : 1, p->n_amounts ? p->n_amounts : 1);
    km_text_add(out, "KM_MODEL void km_reducers_start(km_reducers *r, const mask fresh)\n{\n");
    write_each(out, p, "start", ", fresh");
    km_text_add(out, "}\n\nKM_MODEL void km_reducers_clear(km_reducers *r)\n{\n");
    write_each(out, p, "clear", "");
    km_text_add(out, "}\n\n/* lanes whose passage is to be kept */\n"
                     "KM_MODEL mask km_reducers_event(const km_reducers *r, const mask on, const km_passage *p, const real pass,\n"
                     "                                const real *reference)\n{\n    mask event = KM_NONE;\n");
    write_parts(w, p, output_index, KM_PART_EVENT);
    km_text_add(out, "    return event;\n}\n\nKM_MODEL void km_reducers_pass(km_reducers *r, const mask on, const km_passage *p, const real pass,\n"
                     "                               const real *reference, const real *c)\n{\n");
    write_parts(w, p, output_index, KM_PART_PASS);
    km_text_add(out, "}\n\n/* in the passages kept */\n"
                     "KM_CALLED void km_reducers_settle(km_reducers *r, const km_passage *p, const real *reference, const real *c)\n{\n");
    write_parts(w, p, output_index, KM_PART_SETTLE);
    km_text_add(out, "}\n\nKM_MODEL void km_reducers_end(const km_reducers *r, const real *g, const real t, const real *reference,\n"
                     "                              real *value, real *state, real *margin)\n{\n");
    for (int e = 0; e < study->n_endpoints; e++) {
        write_value(out, p, &p->watcher[p->of_endpoint[e]], e, output_index[study->endpoint[e].output], w->problem->pool.single);
        if (study->endpoint[e].margin)
            write_margin(out, p, e, w->n_margins++);
    }
    km_text_add(out, "}\n\n");
    write_ahead(out, p, output_index);
    write_turns_ahead(out, p, output_index, w->problem->pool.single);
    if (p->n_passes > 1)
        write_references(out, p);
    write_tables(out, p);
}
