/* Endpoints: what is read off a course of an output. */
#ifndef KM_STUDY_ENDPOINT_H
#define KM_STUDY_ENDPOINT_H

#include "study/study.h"

/* Appends the endpoints of the array `node`. The study's model, horizon and axes are known. */
km_status km_endpoint_read(km_study *study, const km_json *node, km_diag *d);
/* Appends the value of the output `of` (a string) at the time `at`, under the name given. */
km_status km_endpoint_add_value(km_study *study, const char *name, const km_json *of, const km_json *at, km_diag *d);
void km_endpoint_clear(km_endpoint *endpoint);

#endif
