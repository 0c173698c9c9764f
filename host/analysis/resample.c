#include "analysis/resample.h"

#include "analysis/streams.h"
#include "analysis/student.h"
#include "study/quantity.h"

#include <math.h>
#include <string.h>

unsigned km_resample_poisson(uint64_t seed, uint32_t resample, uint32_t block)
{
    double u = km_unit_of(km_draw(seed, KM_STREAM_POISSON, resample, block).x[0]), share = exp(-1.0), sum = share;
    unsigned k = 0;

    while (u > sum && k < 12) { /* 2^-32 lies below the tail from 12 on */
        k++;
        share /= k;
        sum += share;
    }
    return k;
}

void km_resample_rows(uint64_t seed, uint32_t resample, size_t n, uint32_t *weight)
{
    memset(weight, 0, n * sizeof *weight);
    for (size_t i = 0; i < n; i += 4) {
        const km_block b = km_draw(seed, KM_STREAM_BOOTSTRAP, resample, (km_u32)(i / 4));
        for (size_t k = 0; k < 4 && i + k < n; k++)
            weight[((uint64_t)b.x[k] * n) >> 32]++;
    }
}

/* Student's quantile; far out by Cornish and Fisher's series, whose next term is below 1e-4 there. */
static double quantile(double freedom)
{
    const double z = 1.959963984540054;

    return freedom < 100.0 ? km_student_quantile((int)freedom, 0.95) : z + (z * z * z + z) / (4.0 * freedom);
}

double km_resample_half_width(double rows, double n, double sum, double squares)
{
    double variance = (squares - sum * sum / n) / (n - 1.0);

    if (!(n > 1.0) || !(rows > 1.0))
        return (double)NAN;
    return quantile(rows - 1.0) * sqrt(fmax(variance, 0.0));
}

km_status km_resample_read(const km_json *block, int *out, km_diag *d)
{
    const km_json *node = block ? km_json_find(block, "resamples") : NULL;
    long count = KM_RESAMPLES;

    if (node) {
        km_status st = km_quantity_whole(node, "the number of resamples", 0, KM_MOST_RESAMPLES, &count, d);
        if (st != KM_OK)
            return st;
    }
    *out = (int)count;
    return KM_OK;
}
