#include "engine/sampler.h"

#include "base/memory.h"
#include "engine/batch.h"
#include "points.h"
#include "study/copula.h"
#include "study/joe_kuo.h"
#include "study/sensitivity_block.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LAW_NUMBERS = 10 }; /* kernels/sample.cl */

struct km_sampler {
    km_engine *engine;
    const km_study *study;
    int n_members;
    size_t most_rows; /* of a batch */
    cl_kernel base, prepare;
    cl_mem direction, *scramble, dimension, number, mix, meta, value;
    cl_uint n_weights; /* where they begin among the numbers */
    int n_replicates;
};

/* Of an independent scramble. */
static km_u64 replicate_seed(const km_study *study, int replicate)
{
    km_block b = km_draw(study->sensitivity->seed, KM_STREAM_REPLICATE, 0u, (km_u32)replicate);

    return (km_u64)b.x[1] << 32 | b.x[0];
}

static km_u32 scramble_word(const km_study *study, int replicate, int dimension)
{
    return km_draw(replicate_seed(study, replicate), KM_STREAM_SCRAMBLE, (km_u32)dimension, 0u).x[0];
}

/* True if member m takes the factors of a unit from row B. */
static bool from_b(int member, int unit, int n_units)
{
    return member < 2 ? member == 1 : member < n_units + 2 ? unit == member - 2 : unit != member - 2 - n_units;
}

void km_sample_unit(const km_study *study, int replicate, uint32_t index, int member, double *unit)
{
    const km_sensitivity *s = study->sensitivity;
    uint32_t direction[32];

    for (int k = 0; k < s->n_dimensions; k++) {
        int j = k + (from_b(member, s->unit[k], s->n_units) ? s->n_dimensions : 0);
        km_joe_kuo_directions(j, direction);
        unit[k] = ((double)km_owen(km_sobol(direction, index), scramble_word(study, replicate, j)) + 0.5) * 0x1p-32;
    }
    km_copula_apply(study->copula, unit);
}

void km_sample_row(const km_study *study, int replicate, uint32_t index, int member, double *row)
{
    double unit[KM_MOST_SENSITIVITY_DIMENSIONS];

    km_sample_unit(study, replicate, index, member, unit);
    for (int k = 0; k < study->n_factors; k++) {
        const km_factor *f = &study->factor[k];
        row[f->slot] = km_law_quantile(&f->law, unit[f->dimension]) * f->factor;
    }
}

/* ---- buffers ---- */

/* Those of the dimensions that depend on others. */
static size_t n_weights(const km_study *study)
{
    size_t n = 0;

    for (int j = 0; j < study->sensitivity->n_dimensions; j++)
        for (int i = 0; i <= j && km_copula_is_mixed(study->copula, j); i++)
            n += km_copula_weight(study->copula, j, i) != 0.0;
    return n;
}

/* Where each dimension's weights begin, and the dimensions that they are of; positions count from the first start. */
static km_status make_mix(km_sampler *s, km_diag *d)
{
    const km_copula *c = s->study->copula;
    int n_dimensions = s->study->sensitivity->n_dimensions;
    size_t starts = (size_t)n_dimensions + 1, n = starts;
    cl_uint *mix = km_alloc(starts + n_weights(s->study), sizeof *mix);
    km_status st;

    for (int j = 0; j < n_dimensions; j++) {
        mix[j] = (cl_uint)n;
        for (int i = 0; i <= j && km_copula_is_mixed(c, j); i++)
            if (km_copula_weight(c, j, i) != 0.0)
                mix[n++] = (cl_uint)i;
    }
    mix[n_dimensions] = (cl_uint)n;
    s->n_weights -= (cl_uint)starts;
    st = km_opencl_buffer(s->engine->context, CL_MEM_READ_ONLY, n * sizeof *mix, mix, &s->mix, d);
    free(mix);
    return st;
}

static km_status make_numbers(km_sampler *s, km_diag *d)
{
    const km_study *study = s->study;
    size_t n = KM_QUANTILE_NUMBERS + LAW_NUMBERS * (size_t)study->n_factors, at = n;
    double *number;
    km_status st;

    for (int k = 0; k < study->n_factors; k++)
        n += (size_t)study->factor[k].law.n_choices;
    s->n_weights = (cl_uint)n;
    number = km_alloc(n + n_weights(study), sizeof *number);
    km_normal_quantile_numbers(number);
    for (int k = 0; k < study->n_factors; k++) {
        const km_factor *f = &study->factor[k];
        const km_law *law = &f->law;
        const double words[LAW_NUMBERS] = {(double)law->kind, law->low, law->high, law->location, law->scale, law->below,
                                           law->between, f->factor, (double)law->n_choices, (double)at};
        memcpy(number + KM_QUANTILE_NUMBERS + LAW_NUMBERS * (size_t)k, words, sizeof words);
        if (law->n_choices > 0)
            memcpy(number + at, law->choice, (size_t)law->n_choices * sizeof *number);
        at += (size_t)law->n_choices;
    }
    for (int j = 0; j < study->sensitivity->n_dimensions; j++)
        for (int i = 0; i <= j && km_copula_is_mixed(study->copula, j); i++)
            if (km_copula_weight(study->copula, j, i) != 0.0)
                number[n++] = -sqrt(0.5) * km_copula_weight(study->copula, j, i);
    st = km_buffer_wide(s->engine->context, &s->engine->source, number, n, &s->number, d);
    free(number);
    return st;
}

static km_status make_words(km_sampler *s, km_diag *d)
{
    const km_study *study = s->study;
    const km_sensitivity *q = study->sensitivity;
    size_t n_dimensions = 2 * (size_t)q->n_dimensions, n_factors = (size_t)study->n_factors;
    cl_uint *direction = km_alloc(32 * n_dimensions, sizeof *direction), *word = km_alloc(n_dimensions, sizeof *word),
            *dimension = km_alloc(n_factors, sizeof *dimension), *meta = km_alloc(2 * n_factors, sizeof *meta);
    cl_context context = s->engine->context;
    km_status st = KM_OK;

    for (size_t j = 0; j < n_dimensions; j++)
        km_joe_kuo_directions((int)j, direction + 32 * j);
    for (size_t k = 0; k < n_factors; k++) {
        const km_factor *f = &study->factor[k];
        dimension[k] = (cl_uint)f->dimension;
        meta[2 * f->slot] = (cl_uint)k;
        meta[2 * f->slot + 1] = (cl_uint)q->unit[f->dimension];
    }
    KM_TRY(km_opencl_buffer(context, CL_MEM_READ_ONLY, 32 * n_dimensions * sizeof *direction, direction, &s->direction, d));
    KM_TRY(km_opencl_buffer(context, CL_MEM_READ_ONLY, n_factors * sizeof *dimension, dimension, &s->dimension, d));
    KM_TRY(km_opencl_buffer(context, CL_MEM_READ_ONLY, 2 * n_factors * sizeof *meta, meta, &s->meta, d));
    for (int r = 0; r < s->n_replicates; r++) {
        for (size_t j = 0; j < n_dimensions; j++)
            word[j] = scramble_word(study, r, (int)j);
        KM_TRY(km_opencl_buffer(context, CL_MEM_READ_ONLY, n_dimensions * sizeof *word, word, &s->scramble[r], d));
    }
done:
    free(direction), free(word), free(dimension), free(meta);
    return st;
}

km_status km_sampler_create(km_engine *engine, bool both_ways, km_sampler **out, km_diag *d)
{
    const km_study *study = engine->study;
    const km_sensitivity *q = study->sensitivity;
    km_sampler *s = km_alloc(1, sizeof *s);
    km_status st = KM_OK;

    *out = NULL;
    s->engine = engine;
    s->study = study;
    s->n_members = 2 + (both_ways ? 2 : 1) * q->n_units;
    s->n_replicates = q->replicates;
    s->scramble = km_alloc((size_t)s->n_replicates, sizeof(cl_mem));
    s->most_rows = engine->b.capacity / (size_t)s->n_members;
    if (s->most_rows == 0)
        KM_FAIL(d, KM_E_INPUT, "a base row of this analysis has %d models, and a batch %zu points; choose --batch %d or more", s->n_members,
                engine->b.capacity, s->n_members);
    KM_TRY(km_opencl_kernel(engine->program.program, "km_sample_base", &s->base, d));
    KM_TRY(km_opencl_kernel(engine->program.program, "km_prepare_sample", &s->prepare, d));
    KM_TRY(make_words(s, d));
    KM_TRY(make_numbers(s, d));
    KM_TRY(make_mix(s, d));
    KM_TRY(km_opencl_buffer(engine->context, CL_MEM_READ_WRITE, 2 * (size_t)study->n_factors * s->most_rows * km_wide_size(&engine->source),
                            NULL, &s->value, d));
    *out = s;
    return KM_OK;

done:
    km_sampler_destroy(s);
    return st;
}

void km_sampler_destroy(km_sampler *s)
{
    cl_mem *all[6];

    if (s == NULL)
        return;
    all[0] = &s->direction, all[1] = &s->dimension, all[2] = &s->number, all[3] = &s->meta, all[4] = &s->value, all[5] = &s->mix;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        km_buffer_release(all[i]);
    for (int r = 0; r < s->n_replicates; r++)
        km_buffer_release(&s->scramble[r]);
    if (s->base)
        clReleaseKernel(s->base);
    if (s->prepare)
        clReleaseKernel(s->prepare);
    free(s->scramble);
    free(s);
}

int km_sampler_members(const km_sampler *s) { return s->n_members; }

/* ---- running ---- */

/* Base rows of one scramble into columns at ... at+n-1 of the batch's values. */
static km_status draw(km_sampler *s, int replicate, uint32_t first, uint32_t n, size_t at, km_diag *d)
{
    const km_sensitivity *q = s->study->sensitivity;
    size_t local[2] = {n < 64 ? 1 : 64, 1}, global[2] = {(n + local[0] - 1) / local[0] * local[0], 2 * (size_t)s->study->n_factors};
    const cl_mem *buffer[] = {&s->direction, &s->scramble[replicate], &s->dimension, &s->number, &s->mix};
    const cl_uint number[] = {s->n_weights, (cl_uint)q->n_dimensions, (cl_uint)s->study->n_factors, first, n, (cl_uint)at, (cl_uint)s->most_rows};
    km_status st = KM_OK;

    for (cl_uint i = 0; i < 5; i++)
        KM_CL(clSetKernelArg(s->base, i, sizeof(cl_mem), buffer[i]), d);
    for (cl_uint i = 0; i < 7; i++)
        KM_CL(clSetKernelArg(s->base, 5 + i, sizeof(cl_uint), &number[i]), d);
    KM_CL(clSetKernelArg(s->base, 12, sizeof(cl_mem), &s->value), d);
    KM_CL(clEnqueueNDRangeKernel(s->engine->queue, s->base, 2, NULL, global, local, 0, NULL, NULL), d);
done:
    return st;
}

static km_status prepare(km_sampler *s, size_t n_points, km_diag *d)
{
    const km_buffers *b = &s->engine->b;
    const cl_uint number[] = {(cl_uint)s->study->n_factors, (cl_uint)s->study->sensitivity->n_units, (cl_uint)s->n_members,
                              (cl_uint)s->most_rows, (cl_uint)n_points, 0, (cl_uint)b->stride};
    size_t local = 64, global = (n_points + local - 1) / local * local;
    km_status st = KM_OK;

    KM_CL(clSetKernelArg(s->prepare, 0, sizeof(cl_mem), &s->value), d);
    KM_CL(clSetKernelArg(s->prepare, 1, sizeof(cl_mem), &s->meta), d);
    for (cl_uint i = 0; i < 7; i++)
        KM_CL(clSetKernelArg(s->prepare, 2 + i, sizeof(cl_uint), &number[i]), d);
    KM_TRY(km_batch_set_prepared(s->prepare, 9, b, d));
    KM_CL(clEnqueueNDRangeKernel(s->engine->queue, s->prepare, 1, NULL, &global, &local, 0, NULL, NULL), d);
done:
    return st;
}

/* Where a batch's rows are, for second tries. */
typedef struct batch_rows {
    const km_study *study;
    int n_members;
    const km_sample_part *part; /* the batch's first, and how many of its rows an earlier batch took */
    uint32_t skipped;
} batch_rows;

static void sample_row(const void *context, size_t i, double *out)
{
    const batch_rows *b = context;
    const km_sample_part *part = b->part;
    uint64_t row = i / (size_t)b->n_members + b->skipped;

    for (; row >= part->n; part++)
        row -= part->n;
    km_sample_row(b->study, part->replicate, part->first + (uint32_t)row, (int)(i % (size_t)b->n_members), out);
}

km_status km_sampler_run(km_sampler *s, const km_sample_part *part, size_t n_parts, km_results *r, km_diag *d)
{
    const km_sample_part *end = part + n_parts;
    uint32_t taken = 0; /* rows of *part */
    uint64_t at = 0;
    km_status st = KM_OK;

    while (part < end) {
        batch_rows rows = {s->study, s->n_members, part, taken};
        size_t filled = 0, n;

        while (part < end && filled < s->most_rows) {
            uint32_t left = part->n - taken, room = (uint32_t)(s->most_rows - filled), take = left < room ? left : room;
            if (take > 0)
                KM_TRY(draw(s, part->replicate, part->first + taken, take, filled, d));
            filled += take;
            taken += take;
            if (taken == part->n) {
                part++;
                taken = 0;
            }
        }
        n = filled * (size_t)s->n_members;
        if (n == 0)
            continue;
        KM_TRY(prepare(s, n, d));
        KM_TRY(km_batch_run(s->engine, n, d));
        KM_TRY(km_batch_read(s->engine, 0, r, (size_t)at, n, d));
        KM_TRY(km_batch_retry(s->engine, r, (size_t)at, n, sample_row, &rows, d));
        km_program_keep(&s->engine->program);
        at += n;
    }
done:
    return st;
}
