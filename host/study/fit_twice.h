/* For fit_rows.c: no figure of a fit counts twice. */
#ifndef KM_STUDY_FIT_TWICE_H
#define KM_STUDY_FIT_TWICE_H

#include "study/fit_file.h"

/* Names both rows where two fitted ones say the same: studies of which one contains the other and "overlaps" does not accept
 * it, a score and its change, a difference and the means of its two arms. The rows are read. */
km_status km_fit_check_twice(const km_fit *fit, const km_json *root, km_diag *d);

#endif
