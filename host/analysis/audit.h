/* How wrong are the numbers? A sample of the study's points is integrated again in double precision at a hundredth of
 * the tolerance, and every endpoint's error is recorded with the map. */
#ifndef KM_ANALYSIS_AUDIT_H
#define KM_ANALYSIS_AUDIT_H

#include "engine/engine.h"
#include "store/map.h"

enum { KM_AUDIT_POINTS = 256 };

/* The tolerance of the second integration. */
double km_audit_rtol(const km_study *study);

/* Errors of endpoint e between two results of the same points; `error` has room for n numbers. */
km_endpoint_audit km_audit_compare(const km_results *ours, const km_results *truth, size_t e, double *error);

/* *out: one entry an endpoint, the caller's; it follows the study and the arithmetic of engine and device only. The
 * device must have double precision. */
km_status km_audit_run(const km_study *study, km_engine *engine, const km_engine_options *options, km_endpoint_audit **out,
                       km_diag *d);

#endif
