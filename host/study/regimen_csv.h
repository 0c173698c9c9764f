/* A regimen as a table of events, as NONMEM and mrgsolve have it (CSV with a header, upper or lower case).
 *
 * Columns: TIME, AMT; RATE, II, ADDL; ROUTE (a name) or CMT (a number that the study's "cmt" names a route for); EVID (0 is an
 * observation and no dose, 1 a dose), ID, SS. MDV and DV are ignored, other columns with a warning. "." and nothing are 0.
 * Times are in the model's unit and amounts in that of `amt`, or in those of "units". Every dose becomes a record.
 *
 *   "regimen": {"csv": "doses.csv", "cmt": {"1": "oral"}, "id": "3", "units": {"amt": "mg/kg", "time": "min"}} */
#ifndef KM_STUDY_REGIMEN_CSV_H
#define KM_STUDY_REGIMEN_CSV_H

#include "study/study.h"

/* `node` is that object; the file's path resolves against the study's. Fills record, and regimen_hash. */
km_status km_regimen_csv_read(km_study *study, const km_json *node, km_diag *d);

#endif
