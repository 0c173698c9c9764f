/* A fit in words and tables, for the terminal. */
#ifndef KM_VIEW_FIT_REPORT_H
#define KM_VIEW_FIT_REPORT_H

#include "store/fit_results.h"

#include <stdio.h>

void km_fit_report(const km_fit_results *results, FILE *to);

#endif
