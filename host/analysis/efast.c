/* Extended FAST (Saltelli, Tarantola and Chan, Technometrics 41, 1999, 39-56): along a closed curve through the factors' space
 * one factor swings fast, all others slowly. The endpoint's spectrum then says which part of its variance swings with the
 * first (its frequency and `harmonics` - 1 multiples: first order) and which with the others (the lower half of the
 * frequencies below: all but the total).
 *
 * A curve of n points for every factor, and that `curves` times with other random phases: what differs between those gives
 * the intervals. A curve is used whole or not at all. */
#include "analysis/ratio.h"
#include "analysis/sensitivity.h"
#include "analysis/streams.h"
#include "base/memory.h"
#include "study/quantity.h"

#include <math.h>
#include <stdlib.h>

enum { HARMONICS = 4, MOST_HARMONICS = 16, CURVES = 16, MOST_CURVES = 256, MOST_POINTS = 1 << 15 };
enum { IS_USED, FIRST, OTHERS, VARIANCE, MEAN, SQUARES, N_NUMBERS }; /* of a curve */

typedef struct efast {
    const km_study *study;
    int n_measures, k, n_curves, harmonics;
    uint32_t n, fast;     /* points of a curve, frequency of its factor */
    uint32_t *slow;       /* [k - 1], of the others */
    double *cosine, *sine; /* [n], of a full turn */
    double *number;       /* [n_measures][n_curves][k][N_NUMBERS] */
} efast;

static double *number_of(const efast *s, int m, int curve, int factor)
{
    return s->number + (((size_t)m * (size_t)s->n_curves + (size_t)curve) * (size_t)s->k + (size_t)factor) * N_NUMBERS;
}

static void destroy(void *self)
{
    efast *s = self;

    if (s == NULL)
        return;
    free(s->slow), free(s->cosine), free(s->sine), free(s->number);
    free(s);
}

static km_status read_keys(const km_json *block, long *harmonics, long *curves, km_diag *d)
{
    const km_json *h = block ? km_json_find(block, "harmonics") : NULL, *c = block ? km_json_find(block, "curves") : NULL;
    km_status st = KM_OK;

    *harmonics = HARMONICS, *curves = CURVES;
    if (h)
        KM_TRY(km_quantity_whole(h, "the number of harmonics", 1, MOST_HARMONICS, harmonics, d));
    if (c)
        KM_TRY(km_quantity_whole(c, "the number of curves of a factor", 1, MOST_CURVES, curves, d));
done:
    return st;
}

/* Frequencies of the others: spread over 1 ... fast/(2 harmonics), or all of these in turn. */
static void choose_frequencies(efast *s)
{
    uint32_t most = s->fast / (2 * (uint32_t)s->harmonics);

    s->slow = km_alloc((size_t)s->k, sizeof *s->slow);
    for (int i = 0; i < s->k - 1; i++) {
        if (most < (uint32_t)(s->k - 1))
            s->slow[i] = (uint32_t)i % most + 1;
        else
            s->slow[i] = s->k > 2 ? 1 + (uint32_t)((uint64_t)i * (most - 1) / (uint64_t)(s->k - 2)) : 1;
    }
}

static km_status create(const km_sa_method *method, const km_study *study, int n_measures, void **self, km_diag *d)
{
    const km_sensitivity *q = study->sensitivity;
    const km_json *n = q->node ? km_json_find(q->node, "n") : NULL;
    efast *s = km_alloc(1, sizeof *s);
    long harmonics, curves, least;
    km_status st = KM_OK;

    (void)method;
    *self = s;
    KM_TRY(read_keys(q->node, &harmonics, &curves, d));
    least = 4 * harmonics * harmonics + 1;
    if (q->n < (uint64_t)least || q->n > MOST_POINTS)
        KM_TRY(km_json_fail(n ? n : q->node, d, "with %ld harmonics a curve has %ld to %d points, got %llu", harmonics, least, (int)MOST_POINTS,
                            (unsigned long long)q->n));
    *s = (efast){.study = study, .n_measures = n_measures, .k = q->n_dimensions, .n_curves = (int)curves, .harmonics = (int)harmonics,
                 .n = (uint32_t)q->n, .fast = ((uint32_t)q->n - 1) / (2 * (uint32_t)harmonics)};
    choose_frequencies(s);
    s->cosine = km_alloc(s->n, sizeof *s->cosine);
    s->sine = km_alloc(s->n, sizeof *s->sine);
    for (uint32_t i = 0; i < s->n; i++) {
        s->cosine[i] = cos(2.0 * M_PI * i / s->n);
        s->sine[i] = sin(2.0 * M_PI * i / s->n);
    }
    KM_TRY(km_array_create((size_t)n_measures * (size_t)curves * (size_t)s->k * N_NUMBERS, sizeof *s->number, (void **)&s->number, d));
done:
    return st;
}

static uint64_t n_cells(const void *self) { return (uint64_t)((const efast *)self)->n_curves * (uint64_t)((const efast *)self)->k; }

static size_t cell_models(const void *self, uint64_t cell)
{
    (void)cell;
    return ((const efast *)self)->n;
}

/* 1/2 + asin(sin(2 pi turns))/pi: a triangle between 0 and 1. */
static double triangle(double turns)
{
    double t = turns - floor(turns), u = t < 0.25 ? 0.5 + 2.0 * t : t < 0.75 ? 1.5 - 2.0 * t : 2.0 * t - 1.5;

    return fmin(fmax(u, 0x1p-33), 1.0 - 0x1p-33);
}

static void draw(const void *self, uint64_t cell, double *unit)
{
    const efast *s = self;
    int factor = (int)(cell % (uint64_t)s->k);

    for (int j = 0, other = 0; j < s->k; j++) {
        uint64_t frequency = j == factor ? s->fast : s->slow[other++];
        double phase = km_unit_of(km_draw(s->study->sensitivity->seed, KM_STREAM_PHASE, (km_u32)j, (km_u32)cell).x[0]);
        for (uint64_t i = 0; i < s->n; i++)
            unit[i * (uint64_t)s->k + (uint64_t)j] = triangle((double)(frequency * i % s->n) / s->n + phase);
    }
}

/* |F(frequency)|^2 / n^2 of values less their mean. */
static double power(const efast *s, const double *y, double mean, uint64_t frequency)
{
    double real = 0.0, imaginary = 0.0;
    uint64_t at = 0;

    for (uint32_t i = 0; i < s->n; i++) {
        real += (y[i] - mean) * s->cosine[at];
        imaginary += (y[i] - mean) * s->sine[at];
        at += frequency;
        at -= at >= s->n ? s->n : 0;
    }
    return (real * real + imaginary * imaginary) / ((double)s->n * s->n);
}

static void digest(void *self, uint64_t cell, const double *const *value)
{
    efast *s = self;
    double n = s->n;

    for (int m = 0; m < s->n_measures; m++) {
        double *number = number_of(s, m, (int)(cell / (uint64_t)s->k), (int)(cell % (uint64_t)s->k)), mean = 0.0, squares = 0.0;
        for (uint32_t i = 0; i < s->n; i++)
            mean += value[m][i] / n; /* NaN if one is */
        if (isnan(mean))
            continue;
        for (uint32_t i = 0; i < s->n; i++)
            squares += (value[m][i] - mean) * (value[m][i] - mean);
        number[IS_USED] = 1.0;
        number[MEAN] = mean;
        number[SQUARES] = squares / n;
        number[VARIANCE] = squares / n - (s->n % 2 ? 0.0 : power(s, value[m], mean, s->n / 2)); /* Parseval, less the last of them */
        for (int h = 1; h <= s->harmonics; h++)
            number[FIRST] += 2.0 * power(s, value[m], mean, (uint64_t)h * s->fast);
        for (uint32_t f = 1; f <= s->fast / 2; f++)
            number[OTHERS] += 2.0 * power(s, value[m], mean, f);
    }
}

/* An index over all curves: the sum of one number over that of the variances. */
static void put(const efast *s, int m, int factor, int column, km_indices *out)
{
    double *num = km_alloc((size_t)s->n_curves, sizeof *num), *den = km_alloc((size_t)s->n_curves, sizeof *den),
           *used = km_alloc((size_t)s->n_curves, sizeof *used), *residual = km_alloc((size_t)s->n_curves, sizeof *residual), half;
    km_ratio r = {.residual = residual};

    for (int c = 0; c < s->n_curves; c++) {
        const double *number = number_of(s, m, c, factor);
        num[c] = column == 0 ? number[FIRST] : number[VARIANCE] - number[OTHERS];
        den[c] = number[VARIANCE];
        used[c] = number[IS_USED];
    }
    if (km_ratio_make(num, den, s->n_curves, 0.0, &r)) {
        half = km_ratio_half_width(residual, used, s->n_curves);
        *km_indices_at(out, column, m, factor) = r.value;
        *km_indices_at(out, column + 1, m, factor) = r.value - half;
        *km_indices_at(out, column + 2, m, factor) = r.value + half;
    }
    free(num), free(den), free(used), free(residual);
}

static void describe(const efast *s, int m, km_indices *out)
{
    double n = 0.0, mean = 0.0, squares = 0.0;

    for (int c = 0; c < s->n_curves; c++)
        for (int f = 0; f < s->k; f++) {
            const double *number = number_of(s, m, c, f);
            n += number[IS_USED];
            mean += number[MEAN];
        }
    mean /= n > 0.0 ? n : 1.0;
    for (int c = 0; c < s->n_curves; c++)
        for (int f = 0; f < s->k; f++) {
            const double *number = number_of(s, m, c, f);
            squares += number[IS_USED] * (number[SQUARES] + (number[MEAN] - mean) * (number[MEAN] - mean));
        }
    out->n_used[m] = (uint64_t)n * s->n;
    out->n_dropped[m] = ((uint64_t)s->n_curves * (uint64_t)s->k - (uint64_t)n) * s->n;
    out->mean[m] = n > 0.0 ? mean : (double)NAN;
    out->variance[m] = n > 0.0 ? squares / n : (double)NAN;
}

static void evaluate(const void *self, km_indices *out)
{
    const efast *s = self;

    for (int m = 0; m < s->n_measures; m++) {
        describe(s, m, out);
        for (int f = 0; f < s->k && out->variance[m] > 0.0; f++) {
            put(s, m, f, 0, out);
            put(s, m, f, 3, out);
        }
    }
    out->n_rows = s->n_measures ? out->n_used[0] + out->n_dropped[0] : 0;
}

static double *state(void *self, size_t *n)
{
    efast *s = self;

    *n = (size_t)s->n_measures * (size_t)s->n_curves * (size_t)s->k * N_NUMBERS;
    return s->number;
}

static const char *const keys[] = {"harmonics", "curves", NULL};
static const char *const columns[] = {"first", "first_low", "first_high", "total", "total_low", "total_high", NULL};

const km_sa_method km_sa_efast = {
    .name = "efast",
    .about = "shares of the variance from its spectrum along curves: first order and total",
    .caution = "intervals of efast hold what other phases change, and not the method's own error, often 0.01: compare another \"n\", or sobol",
    .rows = 1024,
    .choices = true,
    .keys = keys,
    .column = columns,
    .sort_column = "total",
    .create = create,
    .destroy = destroy,
    .n_cells = n_cells,
    .cell_models = cell_models,
    .draw = draw,
    .digest = digest,
    .evaluate = evaluate,
    .state = state,
};
