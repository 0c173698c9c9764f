/* Elimination order and pattern of an LU factorisation without pivoting. */
#ifndef KM_CODEGEN_SPARSE_H
#define KM_CODEGEN_SPARSE_H

#include <stdbool.h>

/* order[k]: the k-th pivot. Diagonal pivots of least Markowitz cost (r-1)(c-1), ties by index.
 * nonzero: n*n, row-major; the diagonal counts as nonzero. */
void km_sparse_order(int n, const bool *nonzero, int *order);

/* Adds to `nonzero` (n*n, already in elimination order) what elimination fills in. */
void km_sparse_fill(int n, bool *nonzero);

#endif
