#include "codegen/schedule.h"

#include "study/design.h"

#include <math.h>

int km_schedule_slot(const km_study *study, int record, km_field field)
{
    for (int s = 0; s < study->n_slots; s++)
        if (study->slot[s].field == field && study->slot[s].index == record)
            return s;
    return -1;
}

bool km_schedule_has_bound(const km_study *study, double time) { return time > 0.0 && time < study->horizon; }

/* The largest addl a record can have. A slot outside the design (a column of a points file) may hold up to 1000. */
static int largest_addl(const km_study *study, int record)
{
    double largest = study->record[record].field[KM_FIELD_ADDL], low, high;

    for (int s = 0; s < study->n_slots; s++)
        if (study->slot[s].field == KM_FIELD_ADDL && study->slot[s].index == record)
            largest = fmax(largest, km_design_extent(study, s, &low, &high) ? high : 1000.0);
    return (int)largest;
}

int km_schedule_edges(const km_problem *p)
{
    const km_study *study = p->study;
    int n = 1 + p->n_jumps; /* the horizon, breaks */

    for (int r = 0; r < study->n_records; r++)
        n += 2 * study->model->route[study->record[r].route].n_entries * (largest_addl(study, r) + 1);
    for (int e = 0; e < study->n_endpoints; e++)
        n += km_schedule_has_bound(study, study->endpoint[e].after) + km_schedule_has_bound(study, study->endpoint[e].before);
    return n;
}

bool km_schedule_jumps(const km_problem *p)
{
    const km_study *study = p->study;

    for (int r = 0; r < study->n_records; r++) /* where tinf varies, some point from elsewhere may say 0; a very short one is a bolus */
        if (km_schedule_slot(study, r, KM_FIELD_TINF) >= 0 || !(study->record[r].field[KM_FIELD_TINF] > 1e-6 * study->horizon))
            return true;
    return p->n_jumps > 0;
}
