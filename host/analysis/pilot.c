#include "analysis/pilot.h"

#include "abi.h"
#include "base/memory.h"
#include "base/text.h"
#include "study/design.h"

#include <limits.h>
#include <stdlib.h>

typedef struct trial {
    double steps, flops; /* a point, mean; a step */
    long budget;         /* steps a point was given */
    size_t failed, over; /* points; `over`: more steps than the pilot's own budget */
} trial;

static km_status try_method(const km_study *study, const km_method *method, long budget, const km_engine_options *options,
                            const double *row, size_t n, trial *out, km_diag *d)
{
    km_study copy = *study; /* shares everything but the solver */
    km_engine_options few = *options;
    km_engine *engine = NULL;
    km_results r = {.n = n};
    km_status st = KM_OK;

    copy.solver.method = method;
    out->budget = budget < copy.solver.max_steps ? budget : LONG_MAX;
    if (budget < copy.solver.max_steps)
        copy.solver.max_steps = budget;
    few.batch = KM_PILOT_POINTS;
    few.no_retry = true;
    KM_TRY(km_engine_create(&copy, &few, &engine, d));
    KM_TRY(km_array_create(n, sizeof *r.status, (void **)&r.status, d));
    KM_TRY(km_array_create(n, sizeof *r.steps, (void **)&r.steps, d));
    KM_TRY(km_engine_run_rows(engine, row, &r, d));
    out->flops = km_engine_facts_of(engine)->step_flops;
    for (size_t i = 0; i < n; i++) {
        out->steps += (double)r.steps[i] / (double)n;
        if (r.status[i] == KM_POINT_STEP_BUDGET && out->budget < LONG_MAX)
            out->over++;
        else
            out->failed += r.status[i] != KM_POINT_DONE && r.status[i] != KM_POINT_BAD_PARAMETER;
    }
done:
    km_engine_destroy(engine);
    free(r.status), free(r.steps);
    return st;
}

static void say(km_text *why, const km_method *m, const trial *t, size_t n)
{
    if (t->failed)
        km_text_add(why, "%s failed at %zu of %zu points", m->name, t->failed, n);
    else if (t->over)
        km_text_add(why, "%s took more than %ld steps at %zu of %zu points", m->name, t->budget, t->over, n);
    else
        km_text_add(why, "%s %.0f steps of %.0f operations", m->name, t->steps, t->flops);
}

km_status km_pilot_choose(km_study *study, const km_engine_options *options, char **why, km_diag *d)
{
    size_t n = km_study_models(study) < KM_PILOT_POINTS ? (size_t)km_study_models(study) : KM_PILOT_POINTS;
    const km_method *stiff = km_method_implicit(study->model->method);
    const km_method *const way[] = {stiff, km_method_find("tsit5")};
    double *row;
    km_text text = {0};
    trial best = {0};
    km_status st = KM_OK;

    *why = NULL;
    if (!study->solver.automatic)
        return KM_OK;
    study->solver.method = stiff;
    if (study->model->n_states == 0 || study->n_endpoints == 0) {
        *why = km_format("%s: nothing to integrate", stiff->name);
        return KM_OK;
    }
    row = km_alloc(n * (size_t)study->n_slots + 1, sizeof *row);
    km_study_sample(study, n, row);
    for (size_t k = 0; k < sizeof way / sizeof *way; k++) {
        trial t = {0};
        /* ten times the steps of the best: then the case is decided */
        long budget = k == 0 || best.failed ? LONG_MAX : (long)(10.0 * best.steps) + 1000;
        KM_TRY(try_method(study, way[k], budget, options, row, n, &t, d));
        km_text_add(&text, k == 0 ? "" : "; ");
        say(&text, way[k], &t, n);
        if (k == 0 || t.failed < best.failed ||
            (t.failed == best.failed && t.over == 0 && t.steps * t.flops < best.steps * best.flops)) {
            best = t;
            study->solver.method = way[k];
        }
    }
    *why = km_format("%s, by a pilot of %zu points: %s", study->solver.method->name, n, text.data);
done:
    km_text_clear(&text);
    free(row);
    return st;
}
