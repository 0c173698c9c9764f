/* Dose records, and their fields by path: "regimen[0].amt", "regimen.ID.amt". */
#ifndef KM_STUDY_REGIMEN_H
#define KM_STUDY_REGIMEN_H

#include "study/quantity.h"
#include "study/study.h"

/* "amt", "time", ... */
const char *km_field_name(km_field field);

/* True for [A-Za-z][A-Za-z0-9_]*. */
bool km_regimen_is_word(const char *text);

/* Appends the records of the array `node`. */
km_status km_regimen_read(km_study *study, const km_json *node, km_diag *d);
void km_record_clear(km_record *record);

/* True if `text` is meant as a path into the regimen: it begins with "regimen[" or "regimen.". */
bool km_regimen_is_path(const char *text);
/* The slot of such a path. */
km_status km_regimen_find(const km_study *study, const char *text, const km_place *place,
                          km_slot *out, km_diag *d);
/* Refuses a value (in internal units) that the field cannot take. */
km_status km_regimen_check_value(km_field field, double value, const km_place *place, km_diag *d);
/* Gives a field the quantity at `place`. */
km_status km_regimen_set(km_study *study, const km_slot *slot, const km_place *place, km_diag *d);

/* What only the whole shows, once the axes are known: tinf and rate, ii with addl, skip. Warns of
 * doses at or after the horizon. */
km_status km_regimen_check(const km_study *study, km_diag *d);

#endif
