/* Markowitz ordering on the pattern; small n, so dense loops. */
#include "codegen/sparse.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void km_sparse_order(int n, const bool *nonzero, int *order)
{
    size_t size = (size_t)n * (size_t)n;
    bool *left = km_alloc(size + 1, sizeof *left), *gone = km_alloc((size_t)n + 1, sizeof *gone);

    memcpy(left, nonzero, size * sizeof *left);
    for (int k = 0; k < n; k++) {
        int best = -1, least = n * n + 1;
        for (int p = 0; p < n; p++) {
            int rows = 0, columns = 0;
            if (gone[p])
                continue;
            for (int i = 0; i < n; i++) {
                rows += i != p && !gone[i] && left[i * n + p];
                columns += i != p && !gone[i] && left[p * n + i];
            }
            if (rows * columns < least) {
                least = rows * columns;
                best = p;
            }
        }
        order[k] = best;
        gone[best] = true;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                if (!gone[i] && !gone[j] && left[i * n + best] && left[best * n + j])
                    left[i * n + j] = true;
    }
    free(left);
    free(gone);
}

void km_sparse_fill(int n, bool *nonzero)
{
    for (int k = 0; k < n; k++)
        for (int i = k + 1; i < n; i++)
            for (int j = k + 1; j < n; j++)
                if (nonzero[i * n + k] && nonzero[k * n + j])
                    nonzero[i * n + j] = true;
}
