/* Axes: coordinates in the unit written, values in internal units, and the slots they go to. */
#ifndef KM_STUDY_AXIS_H
#define KM_STUDY_AXIS_H

#include "study/quantity.h"
#include "study/study.h"

/* A slot by the name a user writes: a parameter, "regimen[i].field" or "regimen.ID.field". */
km_status km_slot_find(const km_study *study, const char *name, const km_place *place, km_slot *out,
                       km_diag *d);
/* False, with a warning, if `value` lies outside the parameter's range in the model. */
bool km_slot_in_range(const km_study *study, const km_slot *slot, double value,
                      const km_place *place, km_diag *d);

/* Coordinates in one unit, that of the first. */
typedef struct km_coordinates {
    const char *what; /* "axis", "factor": for messages */
    const km_target *target;
    char *unit; /* as written; NULL before the first; the caller's to free */
    double factor;
    bool per_kg;
} km_coordinates;

km_status km_coordinate_read(km_coordinates *c, const km_json *node, double *out, km_diag *d);

/* Reads the array "axes": fills axis, slot and n_points. Records whose amount or rate an axis
 * gives follow the axis in being per kg; a field that only an axis gives takes its first value as
 * base value. */
km_status km_axis_read(km_study *study, const km_json *axes, km_diag *d);
void km_axis_clear(km_axis *axis);

#endif
