/* First-order shares from any sample: between classes of a factor, the share of the variance that the classes' means explain
 * (Pearson's correlation ratio). What chance alone explains is taken off by degrees of freedom, as for an adjusted R^2
 * (Kelley, PNAS 21, 1935, 554-559), so that a factor that does nothing has 0 on average. On a
 * grid there is no chance in it, and nothing is taken off. */
#include "analysis/estimator.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

/* Classes of a continuous factor: within one it still varies, which hides about 1/classes^2 of a smooth effect; their number adds
 * sqrt(2 classes)/n of noise, next to nothing beside the 1/sqrt(n) that the sample has anyway. */
static int wanted_classes(size_t n)
{
    int c = (int)lround(sqrt((double)n));

    return c < 2 ? 2 : c > KM_MOST_VALUES ? KM_MOST_VALUES : c;
}

/* 1 - within/total, each a variance by its degrees of freedom. */
static double share(const km_rows *r, const uint32_t *weight, const uint16_t *class_of, int n_classes)
{
    double size[KM_MOST_VALUES] = {0.0}, sum[KM_MOST_VALUES] = {0.0}, n = 0.0, mean = 0.0, within = 0.0, total = 0.0;
    int used = 0;

    for (size_t i = 0; i < r->n; i++) {
        double w = weight ? (double)weight[i] : 1.0;
        size[class_of[i]] += w;
        sum[class_of[i]] += w * r->y[i];
    }
    for (int c = 0; c < n_classes; c++) {
        n += size[c];
        mean += sum[c];
        used += size[c] > 0.0;
    }
    mean /= n;
    for (size_t i = 0; i < r->n; i++) {
        double w = weight ? (double)weight[i] : 1.0, off = r->y[i] - sum[class_of[i]] / size[class_of[i]];
        if (w == 0.0)
            continue;
        within += w * off * off;
        total += w * (r->y[i] - mean) * (r->y[i] - mean);
    }
    if (!(n > used) || used < 2 || !(total > 0.0))
        return used == 1 ? 0.0 : (double)NAN;
    return r->drawn ? 1.0 - (within / (n - used)) / (total / (n - 1.0)) : 1.0 - within / total;
}

static void estimate(const km_rows *r, const uint32_t *weight, double *out)
{
    uint16_t *class_of = km_alloc(r->n, sizeof *class_of);

    for (int f = 0; f < r->k; f++) {
        int n = 0;
        km_rows_classes(r, f, wanted_classes(r->n), class_of, &n);
        out[f] = share(r, weight, class_of, n);
    }
    free(class_of);
}

static const char *const columns[] = {"first", "first_low", "first_high", NULL};

const km_estimator km_correlation_ratio = {
    .column = columns,
    .sort_column = "first",
    .n_statistics = 1,
    .least_rows = 16,
    .estimate = estimate,
};
