/* A fit in a terminal, for who treats patients: what the parameters are and what the data say of them, where the model is
 * right and where it is wrong, what it foretold, and which mechanism the trials support. */
#ifndef KM_VIEW_FIT_REPORT_H
#define KM_VIEW_FIT_REPORT_H

#include "store/fit_results.h"

#include <stdio.h>

void km_fit_report(const km_fit_results *results, FILE *to);

#endif
