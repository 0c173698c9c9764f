/* Correlations of normal scores, written [["CL", "V1", 0.48], ...]. */
#ifndef KM_STUDY_CORRELATION_H
#define KM_STUDY_CORRELATION_H

#include "base/json.h"

/* What is correlated: n things that names in the file stand for. */
typedef struct km_correlated {
    const char *what; /* one of them: "factor" */
    size_t n;
    const void *context;
    km_status (*find)(const void *context, const km_json *name, int *out, km_diag *d);
    const char *(*name)(const void *context, int i);
} km_correlated;

/* The lower factor [n][n] of the matrix that the list (NULL: none) describes, above its diagonal 0. Errors name the pair, or what
 * is left no spread of its own where the matrix is not positive definite. */
km_status km_correlation_read(const km_json *list, const km_correlated *of, double *factor, km_diag *d);

#endif
