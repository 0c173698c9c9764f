/* Small dense matrices: what samplers need of linear algebra. Row-major, [n][n]. */
#ifndef KM_ANALYSIS_MATRIX_H
#define KM_ANALYSIS_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

/* The lower triangle of a becomes its Cholesky factor; false where a is not positive definite. */
bool km_cholesky(double *a, int n);
/* out = L x, and x = L^-1 b in place. */
void km_lower_multiply(const double *l, int n, const double *x, double *out);
void km_lower_solve(const double *l, int n, double *b);

/* Eigenvalues and vectors of a symmetric matrix (spoilt), by Jacobi's rotations: column k of vector belongs to value[k]. */
void km_eigen(double *a, int n, double *value, double *vector);

/* Mean and covariance (divided by the sum of weights) of rows x[n][dim]; weight may be NULL. */
void km_moments(const double *x, const double *weight, size_t n, int dim, double *mean, double *covariance);

#endif
