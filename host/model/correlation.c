#include "model/correlation.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double least_pivot = 1e-9; /* less is rounding */

/* In place; false, with the row that has no spread of its own, where the matrix is not positive definite. */
static bool factorise(double *a, size_t n, size_t *row)
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

static km_status read_pair(const km_json *pair, const km_correlated *of, double *matrix, bool *given, km_diag *d)
{
    int a = 0, b = 0;
    km_status st = KM_OK;

    if (pair->kind != KM_JSON_ARRAY || pair->n != 3 || pair->child[2].kind != KM_JSON_NUMBER)
        KM_TRY(km_json_fail(pair, d, "expected [\"CL\", \"V1\", 0.5], got %s", km_json_describe(pair)));
    KM_TRY(of->find(of->context, &pair->child[0], &a, d));
    KM_TRY(of->find(of->context, &pair->child[1], &b, d));
    if (a == b)
        KM_TRY(km_json_fail(pair, d, "a %s's correlation with itself is 1", of->what));
    if (!(fabs(pair->child[2].number) < 1.0))
        KM_TRY(km_json_fail(&pair->child[2], d, "a correlation lies between -1 and 1, got %g", pair->child[2].number));
    if (given[(size_t)a * of->n + (size_t)b])
        KM_TRY(km_json_fail(pair, d, "the correlation of \"%s\" and \"%s\" stands twice", of->name(of->context, a), of->name(of->context, b)));
    given[(size_t)a * of->n + (size_t)b] = given[(size_t)b * of->n + (size_t)a] = true;
    matrix[(size_t)a * of->n + (size_t)b] = matrix[(size_t)b * of->n + (size_t)a] = pair->child[2].number;
done:
    return st;
}

km_status km_correlation_factor(double *matrix, const km_correlated *of, const km_json *place, km_diag *d)
{
    size_t row = 0;

    if (factorise(matrix, of->n, &row))
        return KM_OK;
    return km_json_fail(place, d, "these correlations cannot hold together (their matrix is not positive definite): those of \"%s\" "
                                  "leave it no spread of its own", of->name(of->context, (int)row));
}

km_status km_correlation_read(const km_json *list, const km_correlated *of, double *matrix, km_diag *d)
{
    size_t size = of->n * of->n;
    double *factor = km_alloc(size + 1, sizeof *factor);
    bool *given = km_alloc(size + 1, sizeof *given);
    km_status st = KM_OK;

    memset(matrix, 0, size * sizeof *matrix);
    for (size_t i = 0; i < of->n; i++)
        matrix[i * of->n + i] = 1.0;
    for (size_t i = 0; list && i < list->n; i++)
        KM_TRY(read_pair(&list->child[i], of, matrix, given, d));
    memcpy(factor, matrix, size * sizeof *factor);
    KM_TRY(km_correlation_factor(factor, of, list, d));
done:
    free(factor), free(given);
    return st;
}
