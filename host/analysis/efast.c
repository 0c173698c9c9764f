/* Extended FAST (Saltelli, Tarantola and Chan, Technometrics 41, 1999, 39-56): along a closed curve through the factors' space
 * one factor swings fast, all others slowly. The endpoint's spectrum then says which part of its variance swings with the
 * first (its frequency and `harmonics` - 1 multiples: first order) and which with the others (the lower half of the
 * frequencies below: all but the total).
 *
 * A curve of n points for every factor, and that `curves` times with other random phases, and with the others' frequencies dealt out
 * anew: what differs between those is the one part of an interval. A curve is used whole or not at all.
 *
 * The other part is what the method itself gets wrong, read off the same spectra, fast = F, harmonics = M:
 *   first order, too small: harmonics beyond M. Those to 2 M - 1 can be seen, since no two of them fold onto one frequency; an interaction
 *     that lies where one folds is as strong on the other side of its multiple of F. Or they go on as harmonics M - 1 and M do.
 *   first order, too large: what combinations of the others leave at multiples of F: M times the mean power between those multiples;
 *     and at M F the folded side of a neighbour, as large as the side that is not folded.
 *   total, too large: what the others do above F/2. An interaction with the factor is as strong below F as above it, and the others'
 *     own part falls with the frequency: the sum of P(F - d) - P(F + d).
 *   total, too small: interactions that reach down below F/2. Likewise they reach up from h F: the sum of P((h+1) F - d) - P((h+1) F + d);
 *     what lies at F/2 itself; and of what is sharper than M, main effect or interaction, harmonics 2 M, 4 M, ..., which fold down there.
 * What is seen is not all: of the spectrum of a jump, 1/h^2, it is the part TAIL. */
#include "analysis/ratio.h"
#include "analysis/sensitivity.h"
#include "analysis/spectrum.h"
#include "analysis/streams.h"
#include "base/memory.h"
#include "study/quantity.h"

#include <math.h>
#include <stdlib.h>

enum { HARMONICS = 4, MOST_HARMONICS = 16, CURVES = 16, MOST_CURVES = 256, MOST_POINTS = 1 << 15 };
/* Of a curve. SHARP: the harmonics from M + 1 on; MIRRORED: the other sides of where they fold; JUMP: what is beyond M if 1/h^2 goes on; BETWEEN: mean power between multiples of F; FOLDED: the side of M F; MIDDLE: at F/2; LAST:
 * interactions around M F; REACH + h - 1: the sum of P(h F - d) - P(h F + d). */
enum { IS_USED, FIRST, OTHERS, VARIANCE, MEAN, SQUARES, SHARP, MIRRORED, JUMP, BETWEEN, FOLDED, MIDDLE, LAST, REACH, N_NUMBERS = REACH + MOST_HARMONICS };
static const double tail = 3.5; /* M = 4: 0.22 = sum of 1/h^2 for h > 4, of which (5 ... 8) - (9 ... 12) are 0.066 */
static const double sharper = 4.0;  /* likewise, of which (5, 6, 7) - (9, 10, 11), which fold onto the other sides, are 0.058 */
static const double doubled = 0.4;  /* 1/2^2 + 1/4^2 + ..., likewise */

typedef struct efast {
    const km_study *study;
    int n_measures, k, n_curves, harmonics;
    uint32_t n, fast;     /* points of a curve, frequency of its factor */
    uint32_t *slow;       /* [k - 1], of the others */
    km_spectrum *spectrum;
    double *power;        /* [n/2 + 1], of the curve that is digested */
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
    km_spectrum_destroy(s->spectrum);
    free(s->slow), free(s->power), free(s->number);
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
    s->spectrum = km_spectrum_create(s->n);
    s->power = km_alloc(s->n / 2 + 1, sizeof *s->power);
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

/* The others' frequencies along a curve: in order along the first, as Saltelli has them, dealt out along the others, so that what one
 * assignment gets wrong differs between curves. */
static void deal(const efast *s, uint64_t cell, uint32_t *slow)
{
    for (int i = 0; i < s->k - 1; i++) {
        uint32_t word = km_draw(s->study->sensitivity->seed, KM_STREAM_FREQUENCY, (km_u32)i, (km_u32)cell).x[0];
        int other = cell < (uint64_t)s->k ? i : (int)(((uint64_t)word * (uint64_t)(i + 1)) >> 32);
        slow[i] = slow[other]; /* Fisher and Yates, inside out */
        slow[other] = s->slow[i];
    }
}

static void draw(const void *self, uint64_t cell, double *unit)
{
    const efast *s = self;
    int factor = (int)(cell % (uint64_t)s->k);
    uint32_t *slow = km_alloc((size_t)s->k, sizeof *slow);

    deal(s, cell, slow);
    for (int j = 0, other = 0; j < s->k; j++) {
        uint64_t frequency = j == factor ? s->fast : slow[other++];
        double phase = km_unit_of(km_draw(s->study->sensitivity->seed, KM_STREAM_PHASE, (km_u32)j, (km_u32)cell).x[0]);
        for (uint64_t i = 0; i < s->n; i++)
            unit[i * (uint64_t)s->k + (uint64_t)j] = triangle((double)(frequency * i % s->n) / s->n + phase);
    }
    free(slow);
}

/* Both halves of the spectrum, at a frequency or what it folds onto. */
static double power_at(const efast *s, uint64_t frequency)
{
    uint64_t f = frequency % s->n;

    return 2.0 * s->power[f <= s->n / 2 ? f : s->n - f];
}

/* What the error of the method is estimated from. */
static void add_error_parts(const efast *s, double *number)
{
    uint64_t fast = s->fast, m = (uint64_t)s->harmonics, fold = s->n - 2 * m * fast, sides = 0; /* h F folds onto (2 M - h) F + fold */

    for (uint64_t h = m + 1; h < 2 * m; h++) {
        number[SHARP] += power_at(s, h * fast);
        number[MIRRORED] += power_at(s, (2 * m - h) * fast - fold);
    }
    for (uint64_t h = m > 1 ? m - 1 : 1; h <= m; h++)
        number[JUMP] += power_at(s, h * fast) * (double)(h * h) / (2.0 * (double)m + 1.0);
    for (uint64_t h = 1; h < m; h++)
        for (uint64_t d = 1; d < fast / 2; d++, sides += 2)
            number[BETWEEN] += power_at(s, h * fast - d) + power_at(s, h * fast + d);
    number[BETWEEN] /= sides ? (double)sides : 1.0;
    number[FOLDED] = power_at(s, m * fast - fold);
    for (uint64_t d = 1; d <= fast / 2; d++)
        number[LAST] += 2.0 * power_at(s, m * fast - d);
    number[MIDDLE] = fast % 2 == 0 ? power_at(s, fast / 2) : 0.0;
    for (uint64_t h = 1; h < m; h++)
        for (uint64_t d = 1; d < fast - fast / 2; d++)
            if (d != fold && d != 2 * fold) /* there lie harmonics that fold */
                number[REACH + h - 1] += power_at(s, h * fast - d) - power_at(s, h * fast + d);
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
        km_spectrum_power(s->spectrum, value[m], mean, s->power);
        number[IS_USED] = 1.0;
        number[MEAN] = mean;
        number[SQUARES] = squares / n;
        number[VARIANCE] = squares / n - (s->n % 2 ? 0.0 : s->power[s->n / 2]); /* Parseval, less the last of them */
        for (int h = 1; h <= s->harmonics; h++)
            number[FIRST] += power_at(s, (uint64_t)h * s->fast);
        for (uint32_t f = 1; f <= s->fast / 2; f++)
            number[OTHERS] += power_at(s, f);
        add_error_parts(s, number);
    }
}

/* The sum of a number over all curves. */
static double sum_of(const efast *s, int m, int factor, int which)
{
    double sum = 0.0;

    for (int c = 0; c < s->n_curves; c++)
        sum += number_of(s, m, c, factor)[which];
    return sum;
}

/* What is beyond harmonic M of the factor alone. */
static double sharp_of(const efast *s, int m, int factor)
{
    double seen = sum_of(s, m, factor, SHARP), alone = seen - sum_of(s, m, factor, MIRRORED);

    return fmax(sharper * alone, fmin(sum_of(s, m, factor, JUMP), tail * seen));
}

/* How much too large and too small the method may make an index, beside what curves differ by; with one harmonic nothing is known. */
static void estimate_error(const efast *s, int m, int factor, int column, double index, double *above, double *below)
{
    double variance = sum_of(s, m, factor, VARIANCE), sharp = sharp_of(s, m, factor) / variance, reach = 0.0;

    if (s->harmonics < 2) {
        *above = *below = (double)NAN;
    } else if (column == 0) {
        *above = tail * (s->harmonics * sum_of(s, m, factor, BETWEEN) + sum_of(s, m, factor, FOLDED)) / variance;
        *above = fmin(*above, fmax(index, 0.0));
        *below = sharp;
    } else {
        for (int h = 2; h < s->harmonics; h++)
            reach += fmax(sum_of(s, m, factor, REACH + h - 1), 0.0);
        *above = tail * fmax(sum_of(s, m, factor, REACH), 0.0) / variance;
        *below = tail * reach / variance + (sum_of(s, m, factor, MIDDLE) + doubled * sum_of(s, m, factor, LAST)) / variance + sharp / s->harmonics;
    }
}

/* An index over all curves: the sum of one number over that of the variances. */
static void put(const efast *s, int m, int factor, int column, km_indices *out)
{
    double *num = km_alloc((size_t)s->n_curves, sizeof *num), *den = km_alloc((size_t)s->n_curves, sizeof *den),
           *used = km_alloc((size_t)s->n_curves, sizeof *used), *residual = km_alloc((size_t)s->n_curves, sizeof *residual), half, above, below;
    km_ratio r = {.residual = residual};

    for (int c = 0; c < s->n_curves; c++) {
        const double *number = number_of(s, m, c, factor);
        num[c] = column == 0 ? number[FIRST] : number[VARIANCE] - number[OTHERS];
        den[c] = number[VARIANCE];
        used[c] = number[IS_USED];
    }
    if (km_ratio_make(num, den, s->n_curves, 0.0, &r)) {
        half = km_ratio_half_width(residual, used, s->n_curves);
        estimate_error(s, m, factor, column, r.value, &above, &below);
        *km_indices_at(out, column, m, factor) = r.value;
        *km_indices_at(out, column + 1, m, factor) = r.value - half - above;
        *km_indices_at(out, column + 2, m, factor) = r.value + half + below;
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
