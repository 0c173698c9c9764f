/* Sobol' indices: the shares of an endpoint's variance that factors explain, alone (first order), by pairs (second
 * order) and with all their interactions (total).
 *
 * Sample: independent scrambles (replicates) of one Sobol' sequence; a base row has the members A, B, A with unit i
 * from B (c_i) and, for second order, B with unit i from A (d_i). With x and y centred:
 *   closed index of u  (cov(x, y) - beta cov(a, b)) / ((var x + var y) / 2), x and y members that share u alone
 *   total index of i   E (a - c_i)^2 / 2 / var a (Jansen, CPC 117, 1999, 35-43)
 * beta = 0 is the estimator of Janon et al. (ESAIM P&S 18, 2014, 342-364), beta = 1 that of Saltelli et al. (CPC 181,
 * 2010, 259-270): a and b are independent, so that any beta gives the same index. The first is exact for factors that
 * explain much, the second for those that explain little: E (c - beta a)^2 is least at beta = corr(a, c), which is
 * 1 - total. So that is taken.
 *
 * An index is a ratio of sums over all replicates; its interval is Student's, from the replicates' residuals
 * (numerator - index * denominator), which are independent and alike.
 *
 * Where the variance rests on few rows (what happens rarely, a heavy tail), replicates that all lack the rows that matter
 * are alike too, and their spread says nothing of those. With m = (sum d^2)^2 / sum d^4 rows of weight, d the distance
 * from the mean, one more of them changes an index by 1/m or 2/m; as many as could be there unseen in 39 of 40 samples
 * (3.7: exp(-3.7) = 1/40, the rule of three) widen the interval, in squares. */
#include "analysis/sensitivity.h"

#include "analysis/ratio.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_ROWS = 128, FIRST_ROWS = 16 };
static const double heavy_tail = 10.0, few_rows = 32.0, unseen_rows = 3.7; /* kurtosis; rows of weight */
/* Sums of a replicate, of values less the measure's shift: */
enum { N_ROWS, N_DROPPED, SUM_A, SUM_B, SUM_AA, SUM_BB, SUM_AB, SUM_CUBES, SUM_FOURTHS, N_COMMON };
/* ... then for each unit: */
enum { SUM_C, SUM_CC, SUM_BC, SUM_TOTAL, N_ONE_WAY, SUM_D = N_ONE_WAY, SUM_DD, SUM_AD, SUM_TOTAL_D, N_BOTH_WAYS };

typedef struct sobol {
    const km_study *study;
    int n_measures, n_replicates, n_units, n_members, per_unit;
    bool second;
    uint64_t rows;     /* of a replicate */
    uint32_t *stage;   /* rows of a replicate at the end of each stage, ascending */
    uint64_t *first_cell; /* of each stage, and after the last */
    int n_stages;
    size_t n_sums;     /* of a replicate and measure */
    size_t n_pairs;
    double *state;     /* per measure: shift, whether it is set; then the sums of every replicate */
    size_t n_state;
} sobol;

static double *shift_of(const sobol *s, int m) { return s->state + (size_t)m * (2 + (size_t)s->n_replicates * s->n_sums); }
static double *sums_of(const sobol *s, int m, int replicate) { return shift_of(s, m) + 2 + (size_t)replicate * s->n_sums; }
static double *unit_of(const sobol *s, double *sums, int unit) { return sums + N_COMMON + (size_t)unit * (size_t)s->per_unit; }

static double *pair_of(const sobol *s, double *sums, int i, int j) /* i < j */
{
    size_t n = (size_t)s->n_units, k = (size_t)i;

    return sums + N_COMMON + n * (size_t)s->per_unit + (k * (2 * n - k - 1) / 2 + (size_t)(j - i - 1));
}

/* ---- the plan ---- */

static uint64_t cells_of(uint64_t rows) { return (rows + CELL_ROWS - 1) / CELL_ROWS; }

/* Stages: FIRST_ROWS of each replicate, then doubled. */
static void plan(sobol *s)
{
    uint64_t cells = 0, rows = 0;

    s->stage = km_alloc(64, sizeof *s->stage);
    s->first_cell = km_alloc(65, sizeof *s->first_cell);
    while (rows < s->rows) {
        uint64_t next = rows ? 2 * rows : FIRST_ROWS;
        next = next < s->rows ? next : s->rows;
        cells += cells_of(next - rows) * (uint64_t)s->n_replicates;
        rows = next;
        s->stage[s->n_stages++] = (uint32_t)rows;
        s->first_cell[s->n_stages] = cells;
    }
}

static void part(const void *self, uint64_t cell, km_sample_part *out)
{
    const sobol *s = self;
    uint32_t begin, end;
    uint64_t per_replicate, block;
    int k = 0;

    while (cell >= s->first_cell[k + 1])
        k++;
    begin = k ? s->stage[k - 1] : 0;
    end = s->stage[k];
    per_replicate = cells_of(end - begin);
    cell -= s->first_cell[k];
    block = cell % per_replicate;
    out->replicate = (int)(cell / per_replicate);
    out->first = begin + (uint32_t)block * CELL_ROWS;
    out->n = end - out->first < CELL_ROWS ? end - out->first : CELL_ROWS;
}

/* Sobol' points are balanced where a replicate has a power of 2 of them. */
static void warn_balance(const sobol *s, const km_json *place, km_diag *d)
{
    uint64_t below = 1;
    char *where;

    while (2 * below <= s->rows)
        below *= 2;
    if (below == s->rows || place == NULL)
        return;
    where = km_json_where(place);
    km_diag_warn(d, "%s: %llu rows of a replicate are no power of 2, so that they are not balanced; with %llu or %llu base rows they are",
                 where, (unsigned long long)s->rows, (unsigned long long)(below * (uint64_t)s->n_replicates),
                 (unsigned long long)(2 * below * (uint64_t)s->n_replicates));
    free(where);
}

static km_status create(const km_sa_method *method, const km_study *study, int n_measures, void **self, km_diag *d)
{
    const km_sensitivity *q = study->sensitivity;
    uint64_t replicates = (uint64_t)q->replicates;
    const km_json *n = q->node ? km_json_find(q->node, "n") : NULL;
    sobol *s;

    (void)method;
    *self = NULL;
    if (q->n % replicates != 0)
        return km_json_fail(n ? n : km_json_find(q->node, "replicates"), d,
                            "the %llu base rows are divided among %d replicates, and are not a multiple of that; %llu are",
                            (unsigned long long)q->n, q->replicates, (unsigned long long)((q->n / replicates + 1) * replicates));
    s = km_alloc(1, sizeof *s);
    s->study = study;
    s->n_measures = n_measures;
    s->n_replicates = q->replicates;
    s->n_units = q->n_units;
    s->second = q->second_order;
    s->n_members = 2 + (s->second ? 2 : 1) * s->n_units;
    s->per_unit = s->second ? N_BOTH_WAYS : N_ONE_WAY;
    s->rows = q->n / replicates;
    s->n_pairs = s->second ? (size_t)s->n_units * (size_t)(s->n_units - 1) / 2 : 0;
    s->n_sums = N_COMMON + (size_t)s->n_units * (size_t)s->per_unit + s->n_pairs;
    s->n_state = (size_t)n_measures * (2 + (size_t)s->n_replicates * s->n_sums);
    plan(s);
    warn_balance(s, n, d);
    *self = s;
    return km_array_create(s->n_state, sizeof *s->state, (void **)&s->state, d);
}

static void destroy(void *self)
{
    sobol *s = self;

    if (s == NULL)
        return;
    free(s->stage), free(s->first_cell), free(s->state);
    free(s);
}

static uint64_t n_cells(const void *self)
{
    const sobol *s = self;

    return s->first_cell[s->n_stages];
}

static size_t cell_models(const void *self, uint64_t cell)
{
    const sobol *s = self;
    km_sample_part p;

    part(self, cell, &p);
    return (size_t)p.n * (size_t)s->n_members;
}

static bool is_both_ways(const void *self) { return ((const sobol *)self)->second; }

static bool ends_stage(const void *self, uint64_t cell)
{
    const sobol *s = self;

    for (int k = 1; k <= s->n_stages; k++)
        if (cell + 1 == s->first_cell[k])
            return true;
    return false;
}

static double *state(void *self, size_t *n)
{
    sobol *s = self;

    *n = s->n_state;
    return s->state;
}

/* ---- sums ---- */

/* A row is used whole or not at all. */
static bool is_complete(const double *value, int n)
{
    double sum = 0.0;

    for (int i = 0; i < n; i++)
        sum += value[i]; /* NaN if one is */
    return !isnan(sum);
}

/* The mean of A and B over the first rows there are: sums of differences from it lose no digits. */
static void set_shift(const sobol *s, double *shift, const double *value, uint32_t rows)
{
    double sum = 0.0;
    uint32_t n = 0;

    for (uint32_t j = 0; j < rows; j++, value += s->n_members)
        if (is_complete(value, s->n_members)) {
            sum += 0.5 * value[0] + 0.5 * value[1];
            n++;
        }
    if (n > 0) {
        shift[0] = sum / n;
        shift[1] = 1.0;
    }
}

static void add_row(const sobol *s, const double *value, double shift, double *sums, double *x)
{
    int n = s->n_units;
    double a = value[0] - shift, b = value[1] - shift, *unit = unit_of(s, sums, 0), *pair = unit + (size_t)n * (size_t)s->per_unit;
    const double *c = x + 2, *d = x + 2 + n;

    for (int i = 2; i < s->n_members; i++)
        x[i] = value[i] - shift;
    sums[N_ROWS] += 1.0;
    sums[SUM_A] += a;
    sums[SUM_B] += b;
    sums[SUM_AA] += a * a;
    sums[SUM_BB] += b * b;
    sums[SUM_AB] += a * b;
    sums[SUM_CUBES] += a * a * a + b * b * b;
    sums[SUM_FOURTHS] += a * a * a * a + b * b * b * b;
    for (int i = 0; i < n; i++, unit += s->per_unit) {
        unit[SUM_C] += c[i];
        unit[SUM_CC] += c[i] * c[i];
        unit[SUM_BC] += b * c[i];
        unit[SUM_TOTAL] += (a - c[i]) * (a - c[i]);
        if (s->second) {
            unit[SUM_D] += d[i];
            unit[SUM_DD] += d[i] * d[i];
            unit[SUM_AD] += a * d[i];
            unit[SUM_TOTAL_D] += (b - d[i]) * (b - d[i]);
        }
    }
    for (int i = 0; s->second && i < n; i++)
        for (int j = i + 1; j < n; j++)
            *pair++ += d[i] * c[j] + d[j] * c[i];
}

static void digest(void *self, uint64_t cell, const double *const *value)
{
    sobol *s = self;
    km_sample_part p;
    double *cell_sums = km_alloc(s->n_sums, sizeof *cell_sums), *x = km_alloc((size_t)s->n_members, sizeof *x);

    part(self, cell, &p);
    for (int m = 0; m < s->n_measures; m++) {
        double *shift = shift_of(s, m), *sums = sums_of(s, m, p.replicate);
        if (shift[1] == 0.0)
            set_shift(s, shift, value[m], p.n);
        memset(cell_sums, 0, s->n_sums * sizeof *cell_sums);
        for (uint32_t j = 0; j < p.n; j++) {
            const double *row = value[m] + (size_t)j * (size_t)s->n_members;
            if (is_complete(row, s->n_members))
                add_row(s, row, shift[0], cell_sums, x);
            else
                cell_sums[N_DROPPED] += 1.0;
        }
        for (size_t i = 0; i < s->n_sums; i++)
            sums[i] += cell_sums[i];
    }
    free(cell_sums), free(x);
}

/* ---- indices ---- */

/* What evaluating one measure needs, an entry a replicate. */
typedef struct workspace {
    double *rows, *num, *den, *control, *residual;
    km_ratio *first, *total;
    double sum_rows, least;
    double unseen; /* by how much rows that were not seen could change an index, where each has the weight 1/m */
} workspace;

static workspace *make_workspace(const sobol *s)
{
    size_t r = (size_t)s->n_replicates, n = (size_t)s->n_units;
    workspace *w = km_alloc(1, sizeof *w);

    w->rows = km_alloc(r, sizeof(double)), w->num = km_alloc(r, sizeof(double)), w->den = km_alloc(r, sizeof(double));
    w->control = km_alloc(r, sizeof(double)), w->residual = km_alloc(r, sizeof(double));
    w->first = km_alloc(n, sizeof *w->first), w->total = km_alloc(n, sizeof *w->total);
    for (size_t i = 0; i < n; i++) {
        w->first[i].residual = km_alloc(r, sizeof(double));
        w->total[i].residual = km_alloc(r, sizeof(double));
    }
    return w;
}

static void free_workspace(const sobol *s, workspace *w)
{
    for (int i = 0; i < s->n_units; i++)
        free(w->first[i].residual), free(w->total[i].residual);
    free(w->rows), free(w->num), free(w->den), free(w->control), free(w->residual), free(w->first), free(w->total);
    free(w);
}

/* sum (x - u)(y - u) from n, sum x, sum y, sum xy */
static double centred(double n, double x, double y, double xy, double u) { return xy - u * (x + y) + n * u * u; }

static double pooled(const sobol *s, int m, int sum)
{
    double total = 0.0;

    for (int r = 0; r < s->n_replicates; r++)
        total += sums_of(s, m, r)[sum];
    return total;
}

static double pooled_unit(const sobol *s, int m, int unit, int sum)
{
    double total = 0.0;

    for (int r = 0; r < s->n_replicates; r++)
        total += unit_of(s, sums_of(s, m, r), unit)[sum];
    return total;
}

/* What rows that were not seen could change, of the mean `mean`; 0 where no few rows decide. */
static double unseen(const sobol *s, int m, double rows, double mean)
{
    double one = pooled(s, m, SUM_A) + pooled(s, m, SUM_B), two = pooled(s, m, SUM_AA) + pooled(s, m, SUM_BB),
           three = pooled(s, m, SUM_CUBES), four = pooled(s, m, SUM_FOURTHS), n = 2.0 * rows, squares, fourths, weight;

    squares = two - mean * (2.0 * one - n * mean);
    fourths = four - mean * (4.0 * three - mean * (6.0 * two - mean * (4.0 * one - n * mean)));
    if (!(squares > 0.0) || !(fourths > 0.0))
        return 0.0;
    weight = squares * squares / fourths;
    return weight < few_rows || n > heavy_tail * weight ? unseen_rows / weight : 0.0;
}

/* Rows, and the control variate: the covariance of a and b, 0 but for chance. */
static void begin_measure(const sobol *s, int m, workspace *w, km_indices *out)
{
    double mean, squares = 0.0, shift = shift_of(s, m)[0];

    w->sum_rows = pooled(s, m, N_ROWS);
    mean = w->sum_rows > 0.0 ? 0.5 * (pooled(s, m, SUM_A) + pooled(s, m, SUM_B)) / w->sum_rows : 0.0;
    for (int r = 0; r < s->n_replicates; r++) {
        const double *x = sums_of(s, m, r);
        w->rows[r] = x[N_ROWS];
        w->control[r] = centred(x[N_ROWS], x[SUM_A], x[SUM_B], x[SUM_AB], mean);
        w->den[r] = 0.5 * (centred(x[N_ROWS], x[SUM_A], x[SUM_A], x[SUM_AA], mean) +
                           centred(x[N_ROWS], x[SUM_B], x[SUM_B], x[SUM_BB], mean));
        squares += w->den[r];
    }
    w->least = w->sum_rows * 1e-26 * shift * shift; /* below it is rounding of equal values */
    out->n_used[m] = (uint64_t)w->sum_rows;
    out->n_dropped[m] = (uint64_t)pooled(s, m, N_DROPPED);
    if (w->sum_rows > 0.0) {
        out->mean[m] = mean + shift;
        out->variance[m] = squares > w->least ? squares / w->sum_rows : 0.0;
        w->unseen = out->variance[m] > 0.0 ? unseen(s, m, w->sum_rows, mean) : 0.0;
        out->decisive[m] = w->unseen > 0.0 ? unseen_rows / w->unseen : (double)NAN;
    }
}

/* w->den is that of begin_measure. */
static bool evaluate_total(const sobol *s, int m, int i, workspace *w)
{
    for (int r = 0; r < s->n_replicates; r++) {
        const double *u = unit_of(s, sums_of(s, m, r), i);
        w->num[r] = s->second ? 0.25 * (u[SUM_TOTAL] + u[SUM_TOTAL_D]) : 0.5 * u[SUM_TOTAL];
    }
    return km_ratio_make(w->num, w->den, s->n_replicates, w->least, &w->total[i]);
}

static double beta_of(const workspace *w, int i) { return fmin(fmax(1.0 - w->total[i].value, 0.0), 1.0); }

static bool evaluate_first(const sobol *s, int m, int i, workspace *w)
{
    double one = 0.5 * (pooled(s, m, SUM_B) + pooled_unit(s, m, i, SUM_C)) / w->sum_rows, beta = beta_of(w, i);
    double two = s->second ? 0.5 * (pooled(s, m, SUM_A) + pooled_unit(s, m, i, SUM_D)) / w->sum_rows : 0.0;

    for (int r = 0; r < s->n_replicates; r++) {
        double *x = sums_of(s, m, r), n = x[N_ROWS];
        const double *u = unit_of(s, x, i);
        w->num[r] = centred(n, x[SUM_B], u[SUM_C], u[SUM_BC], one);
        w->den[r] = 0.5 * (centred(n, x[SUM_B], x[SUM_B], x[SUM_BB], one) + centred(n, u[SUM_C], u[SUM_C], u[SUM_CC], one));
        if (s->second) {
            w->num[r] = 0.5 * (w->num[r] + centred(n, x[SUM_A], u[SUM_D], u[SUM_AD], two));
            w->den[r] = 0.5 * w->den[r] + 0.25 * (centred(n, x[SUM_A], x[SUM_A], x[SUM_AA], two) +
                                                  centred(n, u[SUM_D], u[SUM_D], u[SUM_DD], two));
        }
        w->num[r] -= beta * w->control[r];
    }
    return km_ratio_make(w->num, w->den, s->n_replicates, w->least, &w->first[i]);
}

/* The closed index of the pair less both first orders. */
static bool evaluate_pair(const sobol *s, int m, int i, int j, workspace *w, double *value)
{
    double mean = 0.0, beta = beta_of(w, i) * beta_of(w, j);
    km_ratio closed = {.residual = w->residual};

    mean = 0.25 * (pooled_unit(s, m, i, SUM_C) + pooled_unit(s, m, i, SUM_D) + pooled_unit(s, m, j, SUM_C) +
                   pooled_unit(s, m, j, SUM_D)) / w->sum_rows;
    for (int r = 0; r < s->n_replicates; r++) {
        double *x = sums_of(s, m, r), n = x[N_ROWS];
        const double *u = unit_of(s, x, i), *v = unit_of(s, x, j);
        double sum = u[SUM_C] + u[SUM_D] + v[SUM_C] + v[SUM_D];
        w->num[r] = 0.5 * (*pair_of(s, x, i, j) - mean * sum) + n * mean * mean - beta * w->control[r];
        w->den[r] = 0.25 * (u[SUM_CC] + u[SUM_DD] + v[SUM_CC] + v[SUM_DD] - 2.0 * mean * sum) + n * mean * mean;
    }
    if (!km_ratio_make(w->num, w->den, s->n_replicates, w->least, &closed))
        return false;
    *value = closed.value - w->first[i].value - w->first[j].value;
    for (int r = 0; r < s->n_replicates; r++)
        w->residual[r] -= w->first[i].residual[r] + w->first[j].residual[r];
    return true;
}

static double half_width(const sobol *s, const workspace *w, const double *residual, double weight)
{
    return hypot(km_ratio_half_width(residual, w->rows, s->n_replicates), weight * w->unseen);
}

/* weight: of a row in the index, where it is 1/m in the variance. */
static void put(const sobol *s, const workspace *w, const km_ratio *r, double weight, km_indices *out, int column, int m, int i)
{
    double half = half_width(s, w, r->residual, weight);

    *km_indices_at(out, column, m, i) = r->value;
    *km_indices_at(out, column + 1, m, i) = r->value - half;
    *km_indices_at(out, column + 2, m, i) = r->value + half;
}

static void put_pair(const sobol *s, const workspace *w, double value, km_indices *out, int m, int i, int j)
{
    double half = half_width(s, w, w->residual, 2.0);
    const double three[] = {value, value - half, value + half};

    for (int c = 0; c < 3; c++)
        *km_indices_pair_at(out, c, m, i, j) = *km_indices_pair_at(out, c, m, j, i) = three[c];
}

static void evaluate_measure(const sobol *s, int m, workspace *w, km_indices *out)
{
    bool ok = true;
    double value = 0.0;

    begin_measure(s, m, w, out);
    if (w->sum_rows == 0.0)
        return;
    for (int i = 0; i < s->n_units && ok; i++) {
        ok = evaluate_total(s, m, i, w);
        if (ok)
            put(s, w, &w->total[i], s->second ? 0.5 : 1.0, out, 3, m, i);
    }
    for (int i = 0; i < s->n_units && ok; i++) {
        ok = evaluate_first(s, m, i, w);
        if (ok)
            put(s, w, &w->first[i], s->second ? 1.0 : 2.0, out, 0, m, i);
    }
    for (int i = 0; i < s->n_units && ok && s->second; i++)
        for (int j = i + 1; j < s->n_units; j++)
            if (evaluate_pair(s, m, i, j, w, &value))
                put_pair(s, w, value, out, m, i, j);
}

static void evaluate(const void *self, km_indices *out)
{
    const sobol *s = self;
    workspace *w = make_workspace(s);

    for (int m = 0; m < s->n_measures; m++)
        evaluate_measure(s, m, w, out);
    out->n_rows = s->n_measures ? out->n_used[0] + out->n_dropped[0] : 0;
    out->n_models = out->n_rows * (uint64_t)s->n_members;
    free_workspace(s, w);
}

static const char *const keys[] = {"second_order", "replicates", NULL};
static const char *const columns[] = {"first", "first_low", "first_high", "total", "total_low", "total_high", NULL};
static const char *const pair_columns[] = {"second", "second_low", "second_high", NULL};

const km_sa_method km_sa_sobol = {
    .name = "sobol",
    .about = "shares of the variance: first order, total, second order on request",
    .rows = 65536,
    .most_rows = 1 << 24,
    .groups = true,
    .choices = true,
    .keys = keys,
    .column = columns,
    .pair_column = pair_columns,
    .sort_column = "total",
    .create = create,
    .destroy = destroy,
    .n_cells = n_cells,
    .cell_models = cell_models,
    .is_both_ways = is_both_ways,
    .part = part,
    .digest = digest,
    .ends_stage = ends_stage,
    .evaluate = evaluate,
    .state = state,
};
