/* The study's dose records, breaks and endpoint windows as code of one point (see kernels/prepare.cl). */
#include "base/memory.h"
#include "codegen/schedule.h"
#include "codegen/writer.h"

#include <stdlib.h>

/* A record's field: the slot that varies it, or its number, in `wide`. Caller frees. */
static char *field_text(const km_study *study, int record, km_field field)
{
    int slot = km_schedule_slot(study, record, field);

    return slot >= 0 ? km_format("q[%d]", slot) : km_format("(wide)%.17g", study->record[record].field[field]);
}

static void write_amounts(km_writer *w, int r)
{
    const km_study *study = w->problem->study;
    char *amt = field_text(study, r, KM_FIELD_AMT), *rate = field_text(study, r, KM_FIELD_RATE);
    km_text *out = &w->text;

    if (w->problem->weight != KM_EXPR_NONE && (study->record[r].amt_per_kg || study->record[r].rate_per_kg)) {
        const char *const target[] = {"const scalar kilograms"};
        km_write_scalar(w, &w->problem->weight, target, 1, "        ");
        km_text_add(out, "        const wide weight = (wide)kilograms;\n");
    }
    km_text_add(out, "        const scalar amt = (scalar)(%s%s);\n", amt, study->record[r].amt_per_kg ? " * weight" : "");
    if (study->record[r].rate_per_kg)
        km_text_add(out, "        const wide amt_rate = %s * weight;\n", rate);
    else
        km_text_add(out, "        const wide amt_rate = %s;\n", rate);
    {
        const char *const target[] = {"const scalar amount"};
        km_write_scalar(w, &w->problem->amount, target, 1, "        ");
    }
    free(amt), free(rate);
}

static void write_entry(km_writer *w, const km_route_entry *entry)
{
    km_text *out = &w->text;
    int state = -1;
    km_expr share = km_problem_translate(w->problem, entry->fraction);

    for (int k = 0; k < w->problem->n_states; k++)
        if (w->problem->state[k] == entry->state)
            state = k;
    if (state < 0 || w->dosed_index[state] < 0)
        return; /* no output needs this state */
    km_text_add(out, "            {\n");
    {
        const char *const target[] = {"const scalar share"};
        km_write_scalar(w, &share, target, 1, "                ");
    }
    if (entry->lag != KM_EXPR_NONE) {
        const char *const target[] = {"const scalar lag_value"};
        km_expr lag = km_problem_translate(w->problem, entry->lag);
        km_write_scalar(w, &lag, target, 1, "                ");
        km_text_add(out, "                const wide lag = (wide)lag_value;\n");
    } else {
        km_text_add(out, "                const wide lag = (wide)0;\n");
    }
    if (entry->duration != KM_EXPR_NONE) {
        const char *const target[] = {"const scalar own_value"};
        km_expr own = km_problem_translate(w->problem, entry->duration);
        km_write_scalar(w, &own, target, 1, "                ");
        km_text_add(out, "                const wide own = (wide)own_value;\n");
    } else {
        km_text_add(out, "                const wide own = (wide)0;\n");
    }
    km_text_add(out,
                "                const wide start = dose + lag, duration = length > (wide)0 ? length : own;\n"
                "                if (pass == KM_FIRST_PASS) {\n"
                "                    km_dose_edges(plan, start, duration);\n"
                "                    if (start < KM_HORIZON)\n"
                "                        dose_scale[%d] = fmax(dose_scale[%d], amount * share);\n"
                "                } else\n"
                "                    km_dose_at(time, start, duration, amount * share, &rate[%d], &bolus[%d], kind);\n"
                "            }\n",
                state, state, w->dosed_index[state], w->dosed_index[state]);
}

static void write_record(km_writer *w, int r)
{
    const km_study *study = w->problem->study;
    const km_record *record = &study->record[r];
    const km_route *route = &study->model->route[record->route];
    char *time = field_text(study, r, KM_FIELD_TIME), *tinf = field_text(study, r, KM_FIELD_TINF);
    char *ii = field_text(study, r, KM_FIELD_II), *addl = field_text(study, r, KM_FIELD_ADDL);
    char *delay = field_text(study, r, KM_FIELD_DELAY);
    km_text *out = &w->text;

    km_text_add(out, "    { /* regimen[%d] */\n", r);
    write_amounts(w, r);
    km_text_add(out,
                "        const wide tinf = %s;\n"
                "        const wide length = tinf > (wide)0 ? tinf : amt_rate > (wide)0 ? (wide)amt / amt_rate : (wide)0;\n"
                "        const int last = (int)(%s);\n"
                "        for (int k = 0; k <= last; k++) {\n"
                "            const wide dose = fma((wide)k, %s, %s) + (k > 0 ? %s : (wide)0);\n",
                tinf, addl, ii, time, delay);
    for (int i = 0; i < record->n_skip; i++)
        km_text_add(out, "            if (k == %d)\n                continue;\n", record->skip[i]);
    for (int k = 0; k < route->n_entries; k++)
        write_entry(w, &route->entry[k]);
    km_text_add(out, "        }\n    }\n");
    free(time), free(tinf), free(ii), free(addl), free(delay);
}

static void write_soft_edge(km_writer *w, double time)
{
    if (km_schedule_has_bound(w->problem->study, time))
        km_text_add(&w->text, "        km_plan_add(plan, (wide)%.17g);\n", time);
}

void km_write_schedule(km_writer *w)
{
    const km_study *study = w->problem->study;
    km_text *out = &w->text;

    km_text_add(out, "static void km_plan_breaks(const wide *q, km_plan *plan, const int pass, const wide time, int *kind)\n{\n");
    for (int i = 0; i < w->problem->n_jumps; i++) {
        const char *const target[] = {"const scalar jump_value"};
        km_text_add(out, "    {\n");
        km_write_scalar(w, &w->problem->jump[i], target, 1, "        ");
        km_text_add(out, "        const wide jump = (wide)jump_value;\n");
        km_text_add(out, "        if (pass == KM_FIRST_PASS)\n            km_plan_add(plan, jump);\n"
                         "        else if (time == jump)\n            *kind = KM_EDGE_JUMP;\n    }\n");
    }
    km_text_add(out, "    if (pass == KM_FIRST_PASS) {\n");
    for (int e = 0; e < study->n_endpoints; e++) {
        write_soft_edge(w, study->endpoint[e].after);
        write_soft_edge(w, study->endpoint[e].before);
    }
    km_text_add(out, "    }\n}\n\n"
                     "static void km_plan_doses(const wide *q, km_plan *plan, const int pass, const wide time, scalar *rate,\n"
                     "                          scalar *bolus, int *kind, scalar *dose_scale)\n{\n");
    for (int r = 0; r < study->n_records; r++)
        write_record(w, r);
    km_text_add(out, "}\n\n");
}
