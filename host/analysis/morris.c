/* Morris' elementary effects: what an endpoint changes by when one factor goes over its whole range, were it linear. Their
 * mean mu, the mean of their sizes mu* and their standard deviation sigma, over trajectories (analysis/trajectories.h). A
 * trajectory is used whole or not at all.
 *
 * Trajectories that were chosen because they lie far apart are no random sample of all: they prefer corners, and what they say is
 * about those, so that there are no intervals. */
#include "analysis/block_sums.h"
#include "analysis/resample.h"
#include "analysis/sensitivity.h"
#include "analysis/trajectories.h"
#include "base/memory.h"
#include "base/text.h"
#include "study/quantity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 4, MOST_LEVELS = 1024, FIRST_STAGE = 16, MOST_ROWS = 1 << 20, MOST_CANDIDATES = 1000 };
enum { N_BLOCKS, SUM_Y, SUM_YY, N_COMMON };        /* sums */
enum { EFFECT, SIZE, SQUARE, N_EACH };             /* and of each unit */
static const double most_work = 2e10;              /* of choosing candidates */

typedef struct morris {
    const km_study *study;
    km_trajectories design;
    int n_units;
    uint64_t n;
    bool chosen; /* from candidates, which another n chooses otherwise */
    km_block_sums sums;
    double *unit, *step, *term; /* room of digest */
    int *from, *to;
} morris;

/* ---- the block's keys ---- */

static km_status read_design(const km_json *block, bool *radial, km_diag *d)
{
    const km_json *node = NULL;
    km_status st = km_json_get(block, "design", KM_JSON_STRING, &node, d);

    if (st == KM_OK && node && strcmp(node->string, "radial") != 0 && strcmp(node->string, "trajectory") != 0)
        return km_json_fail(node, d, "expected \"trajectory\" or \"radial\", got \"%s\"", node->string);
    *radial = node && strcmp(node->string, "radial") == 0;
    return st;
}

static km_status read_keys(const km_study *study, bool *radial, long *levels, long *candidates, km_diag *d)
{
    const km_sensitivity *q = study->sensitivity;
    const km_json *block = q->node, *level = block ? km_json_find(block, "levels") : NULL,
                  *candidate = block ? km_json_find(block, "candidates") : NULL;
    double points = q->n_units + 1.0, work;
    km_status st = KM_OK;

    *radial = false, *levels = LEVELS, *candidates = 0;
    if (block == NULL)
        return KM_OK;
    KM_TRY(read_design(block, radial, d));
    if (level)
        KM_TRY(km_quantity_whole(level, "the number of levels", 2, MOST_LEVELS, levels, d));
    if (*levels % 2)
        KM_TRY(km_json_fail(level, d, "the number of levels is even, so that a step of half of them leads from each to another; got %ld", *levels));
    if (level && *radial)
        KM_TRY(km_json_fail(level, d, "a radial design has no levels; leave them out"));
    if (candidate)
        KM_TRY(km_quantity_whole(candidate, "the number of candidates", 2, MOST_CANDIDATES, candidates, d));
    if (candidate && (*radial || (uint64_t)*candidates <= q->n))
        KM_TRY(km_json_fail(candidate, d, *radial ? "candidates are chosen from for a trajectory design alone"
                                                  : "expected more candidates than the %llu trajectories to be chosen from them",
                            (unsigned long long)q->n));
    work = 0.5 * (double)*candidates * (double)*candidates * points * points * q->n_dimensions;
    if (work > most_work)
        KM_TRY(km_json_fail(candidate, d, "comparing %ld candidates of %d factors takes too long; at most %.0f can be", *candidates,
                            q->n_dimensions, floor(sqrt(most_work / (0.5 * points * points * q->n_dimensions)))));
    for (int u = 0; u < q->n_units && *radial; u++)
        if (q->grouped[u])
            KM_TRY(km_json_fail(km_json_find(block, "groups"), d, "a radial design has no groups; a trajectory design has"));
done:
    return st;
}

/* What a choice of trajectories leaves no sense to. */
static km_status check_chosen(const km_sensitivity *q, km_diag *d)
{
    static const char text[] = "trajectories that were chosen from candidates are no random sample, and have no intervals; leave out \"candidates\" or \"%s\"";
    const km_json *resamples = km_json_find(q->node, "resamples"), *until = km_json_find(q->node, "until");

    if (resamples)
        return km_json_fail(resamples, d, text, "resamples");
    if (until)
        return km_json_fail(until, d, text, "until");
    return q->until > 0.0 ? km_diag_fail(d, KM_E_INPUT, text, "until") : KM_OK;
}

/* ---- the method ---- */

static void destroy(void *self)
{
    morris *s = self;

    if (s == NULL)
        return;
    km_trajectories_destroy(&s->design);
    km_block_sums_destroy(&s->sums);
    free(s->unit), free(s->step), free(s->term), free(s->from), free(s->to);
    free(s);
}

static km_status create(const km_sa_method *method, const km_study *study, int n_measures, void **self, km_diag *d)
{
    const km_sensitivity *q = study->sensitivity;
    size_t units = (size_t)q->n_units, n_sums = N_COMMON + N_EACH * units;
    const km_json *n = q->node ? km_json_find(q->node, "n") : NULL;
    morris *s = km_alloc(1, sizeof *s);
    bool radial = false;
    long levels = 0, candidates = 0;
    int resamples = 0;
    km_status st = KM_OK;

    (void)method;
    *self = s;
    *s = (morris){.study = study, .n_units = q->n_units, .n = q->n};
    if (q->n < 2 || q->n > MOST_ROWS)
        KM_TRY(km_json_fail(n ? n : q->node, d, "expected 2 to %d trajectories, got %llu", (int)MOST_ROWS, (unsigned long long)q->n));
    KM_TRY(read_keys(study, &radial, &levels, &candidates, d));
    KM_TRY(km_resample_read(q->node, &resamples, d));
    if (candidates > 0)
        KM_TRY(check_chosen(q, d));
    resamples = candidates > 0 ? 0 : resamples;
    s->chosen = candidates > 0;
    KM_TRY(km_block_sums_create(n_measures, resamples, n_sums, q->seed, &s->sums, d));
    km_trajectories_create(q, radial, (int)levels, (uint32_t)q->n, (uint32_t)candidates, &s->design);
    s->unit = km_alloc((units + 1) * (size_t)q->n_dimensions, sizeof *s->unit);
    s->step = km_alloc(units, sizeof *s->step);
    s->term = km_alloc(n_sums, sizeof *s->term);
    s->from = km_alloc(units, sizeof *s->from);
    s->to = km_alloc(units, sizeof *s->to);
done:
    return st;
}

static uint64_t n_cells(const void *self) { return ((const morris *)self)->n; }

static size_t cell_models(const void *self, uint64_t cell)
{
    (void)cell;
    return (size_t)((const morris *)self)->n_units + 1;
}

/* With room of its own: engines draw in their threads while digest is at work. */
static void draw(const void *self, uint64_t cell, double *unit)
{
    const morris *s = self;
    size_t n = (size_t)s->n_units;
    int *from = km_alloc(2 * n, sizeof *from);
    double *step = km_alloc(n, sizeof *step);

    km_trajectories_draw(&s->design, (uint32_t)cell, unit, from, from + n, step);
    free(from), free(step);
}

static bool grows(const void *self) { return !((const morris *)self)->chosen; }

static bool ends_stage(const void *self, uint64_t cell)
{
    const morris *s = self;
    uint64_t rows = cell + 1;

    return rows == s->n || (rows >= FIRST_STAGE && (rows & (rows - 1)) == 0);
}

static void make_terms(const morris *s, const double *y, double shift)
{
    double *term = s->term;

    memset(term, 0, s->sums.n_sums * sizeof *term);
    term[N_BLOCKS] = 1.0;
    for (int i = 0; i <= s->n_units; i++) {
        term[SUM_Y] += y[i] - shift;
        term[SUM_YY] += (y[i] - shift) * (y[i] - shift);
    }
    for (int u = 0; u < s->n_units; u++) {
        double change = y[s->to[u]] - y[s->from[u]], *each = term + N_COMMON + N_EACH * u;
        double effect = isnan(s->step[u]) ? change / ((double)s->design.levels / (2.0 * (s->design.levels - 1))) : change / s->step[u];
        each[EFFECT] = isnan(s->step[u]) ? (double)NAN : effect; /* a group has no direction */
        each[SIZE] = fabs(effect);
        each[SQUARE] = effect * effect;
    }
}

static void digest(void *self, uint64_t cell, const double *const *value)
{
    morris *s = self;

    km_trajectories_draw(&s->design, (uint32_t)cell, s->unit, s->from, s->to, s->step);
    for (int m = 0; m < s->sums.n_measures; m++) {
        bool complete = true;
        for (int i = 0; i <= s->n_units; i++)
            complete = complete && !isnan(value[m][i]);
        if (!complete) {
            km_block_sums_drop(&s->sums, m);
            continue;
        }
        km_block_sums_set_shift(&s->sums, m, value[m][0]);
        make_terms(s, value[m], km_block_sums_shift(&s->sums, m));
        km_block_sums_add(&s->sums, m, cell, s->term);
    }
}

/* ---- numbers ---- */

static double mean_effect(const void *context, const double *sums, int unit)
{
    (void)context;
    return sums[N_BLOCKS] > 0.0 ? sums[N_COMMON + N_EACH * unit + EFFECT] / sums[N_BLOCKS] : (double)NAN;
}

static double mean_size(const void *context, const double *sums, int unit)
{
    (void)context;
    return sums[N_BLOCKS] > 0.0 ? sums[N_COMMON + N_EACH * unit + SIZE] / sums[N_BLOCKS] : (double)NAN;
}

static double deviation(const void *context, const double *sums, int unit)
{
    const double *each = sums + N_COMMON + N_EACH * unit;
    double n = sums[N_BLOCKS];

    (void)context;
    return n > 1.0 ? sqrt(fmax((each[SQUARE] - each[EFFECT] * each[EFFECT] / n) / (n - 1.0), 0.0)) : (double)NAN;
}

static void evaluate(const void *self, km_indices *out)
{
    static km_block_statistic *const statistic[] = {mean_size, mean_effect, deviation};
    const morris *s = self;

    for (int m = 0; m < s->sums.n_measures; m++) {
        const double *sums = km_block_sums_of(&s->sums, m, -1);
        double n = sums[N_BLOCKS], models = n * (s->n_units + 1), shift = km_block_sums_shift(&s->sums, m);
        out->n_used[m] = (uint64_t)n;
        out->n_dropped[m] = (uint64_t)km_block_sums_dropped(&s->sums, m);
        if (n == 0.0)
            continue;
        out->mean[m] = shift + sums[SUM_Y] / models;
        out->variance[m] = fmax(sums[SUM_YY] / models - sums[SUM_Y] / models * (sums[SUM_Y] / models), 0.0);
        for (int c = 0; c < 3; c++)
            for (int u = 0; u < s->n_units; u++) {
                double half, value = km_block_sums_value(&s->sums, m, n, statistic[c], NULL, u, &half);
                *km_indices_at(out, 3 * c, m, u) = value;
                *km_indices_at(out, 3 * c + 1, m, u) = value - half;
                *km_indices_at(out, 3 * c + 2, m, u) = value + half;
            }
    }
    out->n_rows = s->sums.n_measures ? out->n_used[0] + out->n_dropped[0] : 0;
}

static double *state(void *self, size_t *n)
{
    morris *s = self;

    *n = s->sums.n_state;
    return s->sums.state;
}

static const char *const keys[] = {"design", "levels", "candidates", "resamples", NULL};
static const char *const columns[] = {"mu_star", "mu_star_low", "mu_star_high", "mu", "mu_low", "mu_high", "sigma", "sigma_low", "sigma_high", NULL};

const km_sa_method km_sa_morris = {
    .name = "morris",
    .about = "elementary effects, one factor at a time: mean size mu*, mean mu, standard deviation sigma",
    .rows = 256,
    .most_rows = MOST_ROWS,
    .groups = true,
    .choices = true,
    .keys = keys,
    .column = columns,
    .sort_column = "mu_star",
    .create = create,
    .destroy = destroy,
    .n_cells = n_cells,
    .cell_models = cell_models,
    .draw = draw,
    .digest = digest,
    .grows = grows,
    .ends_stage = ends_stage,
    .evaluate = evaluate,
    .state = state,
};
