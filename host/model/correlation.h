/* Correlations of normal scores, written [["CL", "V1", 0.48], ...]. */
#ifndef KM_MODEL_CORRELATION_H
#define KM_MODEL_CORRELATION_H

#include "base/json.h"

/* What is correlated: n things that names in the file stand for. */
typedef struct km_correlated {
    const char *what; /* one of them: "factor" */
    size_t n;
    void *context;
    km_status (*find)(void *context, const km_json *name, int *out, km_diag *d);
    const char *(*name)(const void *context, int i);
} km_correlated;

/* The matrix [n][n] that the list (NULL: none) describes, 1 on its diagonal and 0 for pairs that the list does not have. Errors name the
 * pair, or what is left no spread of its own where the matrix is not positive definite. */
km_status km_correlation_read(const km_json *list, const km_correlated *of, double *matrix, km_diag *d);

/* A matrix becomes its lower factor, above its diagonal 0; `place`: for the message where it is not positive definite. */
km_status km_correlation_factor(double *matrix, const km_correlated *of, const km_json *place, km_diag *d);

#endif
