#include "study/correlation.h"

#include <math.h>

static const double least_pivot = 1e-9; /* less is rounding */

bool km_correlation_factorise(double *a, size_t n, size_t *row)
{
    for (*row = 0; *row < n; (*row)++) {
        size_t i = *row;
        for (size_t j = 0; j <= i; j++) {
            double sum = a[i * n + j];
            for (size_t m = 0; m < j; m++)
                sum -= a[i * n + m] * a[j * n + m];
            if (j < i)
                a[i * n + j] = sum / a[j * n + j];
            else if (!(sum > least_pivot))
                return false;
            else
                a[i * n + i] = sqrt(sum);
        }
        for (size_t j = i + 1; j < n; j++)
            a[i * n + j] = 0.0;
    }
    return true;
}
