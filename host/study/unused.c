#include "study/unused.h"

#include "base/memory.h"
#include "model/influence.h"

#include <stdlib.h>

/* Per parameter: an endpoint (without any, an output) follows from it. The caller's. */
static bool *used_parameters(const km_study *study)
{
    const km_model *model = study->model;
    bool *parameter = km_alloc((size_t)model->n_parameters + 1, sizeof *parameter), *state = km_alloc((size_t)model->n_states + 1, sizeof *state);
    bool *dosed = km_alloc((size_t)model->n_routes + 1, sizeof *dosed), *weighed = km_alloc((size_t)model->n_routes + 1, sizeof *weighed);

    for (int i = 0; i < study->n_endpoints; i++)
        km_influence_direct(model, model->output[study->endpoint[i].output].value, parameter, state);
    for (int i = 0; study->n_endpoints == 0 && i < model->n_outputs; i++)
        km_influence_direct(model, model->output[i].value, parameter, state);
    for (int i = 0; i < study->n_records; i++) {
        const km_record *record = &study->record[i];
        dosed[record->route] = true;
        weighed[record->route] |= record->amt_per_kg || record->rate_per_kg;
    }
    km_influence_of_states(model, dosed, weighed, parameter, state);
    free(state), free(dosed), free(weighed);
    return parameter;
}

void km_warn_unused(const km_study *study, const km_assignments *log, km_diag *d)
{
    const km_model *model = study->model;
    bool *used = used_parameters(study);
    const char *of = study->n_endpoints > 0 ? "endpoint" : "output";

    for (int i = 0; i < log->n; i++) {
        const km_slot *slot = &log->entry[i].slot;

        if (slot->field == KM_FIELD_PARAMETER && !used[slot->index])
            km_diag_warn(d, "%s: has no effect, since no %s depends on %s", log->entry[i].where, of,
                         model->parameter[slot->index].name);
    }
    for (int a = 0; a < study->n_axes; a++) {
        bool any = false;

        for (int s = 0; s < study->axis[a].n_slots; s++) {
            const km_slot *slot = &study->slot[study->axis[a].slot[s]];

            any = any || slot->field != KM_FIELD_PARAMETER || used[slot->index];
        }
        if (!any)
            km_diag_warn(d, "%s: the axis \"%s\" has no effect, since no %s depends on %s",
                         study->path, study->axis[a].name, of, study->axis[a].of);
    }
    for (int k = 0; k < study->n_factors && !study->every_factor; k++) {
        const km_factor *f = &study->factor[k];
        const km_slot *slot = &study->slot[f->slot];

        if (slot->field == KM_FIELD_PARAMETER && !used[slot->index])
            km_diag_warn(d, "%s: the factor \"%s\" has no effect, since no %s depends on %s",
                         study->path, f->name, of, f->of);
    }
    free(used);
}
