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

/* *out: one entry an endpoint, the caller's; it follows the study and the arithmetic of engine and device only. Where the
 * device has no double precision the second integration is on the host; KM_E_INPUT if the study is too large for that. */
km_status km_audit_run(const km_study *study, km_engine *engine, const km_engine_options *options, km_endpoint_audit **out,
                       km_diag *d);

/* True if an endpoint's error is not what the tolerance promises: more than 1 % of the points flip, or the 99th percentile
 * of the error is above 100 times rtol of the 99th percentile of the endpoint's size. A step holds each state's error to
 * rtol of its size; over many steps, and by a crossing on a slow slope, an endpoint may magnify that. Of the shipped
 * studies' endpoints all but four stay below 5 times, the worst (a drifting invariant) is at 54; hundreds mean that
 * rounding, cancellation or a course that the tolerance does not see decides. */
bool km_audit_is_suspicious(const km_endpoint_audit *audit, double rtol);

#endif
