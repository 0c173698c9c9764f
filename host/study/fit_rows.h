/* For fit_file.c: the rows of a fit, and everything each of them needs. */
#ifndef KM_STUDY_FIT_ROWS_H
#define KM_STUDY_FIT_ROWS_H

#include "base/text.h"
#include "study/fit_file.h"

/* Fills regimen, row, study and skipped from "rows", "leave_out", "hold_out", "assume", "drugs", "controls", "relapse" and
 * the score's scales. Model, trials, overlaps, population and controls are read. */
km_status km_fit_read_rows(km_fit *fit, const km_json *root, km_diag *d);

#endif
