/* Correlations of normal scores. */
#ifndef KM_STUDY_CORRELATION_H
#define KM_STUDY_CORRELATION_H

#include <stdbool.h>
#include <stddef.h>

/* The lower factor of a [n][n] in place, above its diagonal 0; false, with the row that has no spread of its own, where the matrix
 * is not positive definite. */
bool km_correlation_factorise(double *a, size_t n, size_t *row);

#endif
