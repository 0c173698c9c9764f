#include "analysis/given_data.h"

#include "analysis/resample.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/map_axis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct column {
    const km_map_array *array;
    double *value; /* of every point */
} column;

typedef struct given {
    bool drawn;                /* points; else a grid */
    km_map_reader *reader;
    const km_map_array *shape; /* an array over all points */
    size_t n;
    column *factor;
    int n_factors, n_endpoints;
    int *endpoint;             /* of the reader's arrays */
} given;

static const size_t origin[8] = {0};

/* ---- factors ---- */

static km_status read_axis(given *g, int dimension, km_diag *d)
{
    km_map_axis axis;
    size_t before = 1, n = g->shape->shape[dimension];
    column *c;
    km_status st = km_map_axis_read(g->reader, g->shape, dimension, &axis, d);

    if (st != KM_OK || n < 2 || axis.array == NULL)
        goto done;
    for (int i = dimension + 1; i < g->shape->n_dims; i++)
        before *= g->shape->shape[i];
    KM_PUSH(g->factor, g->n_factors);
    c = &g->factor[g->n_factors++];
    c->array = axis.array;
    st = km_array_create(g->n, sizeof *c->value, (void **)&c->value, d);
    for (size_t i = 0; st == KM_OK && i < g->n; i++)
        c->value[i] = axis.value[i / before % n];
done:
    km_map_axis_clear(&axis);
    return st;
}

static km_status read_factor(given *g, int array, km_diag *d)
{
    column *c;
    km_status st = KM_OK;

    KM_PUSH(g->factor, g->n_factors);
    c = &g->factor[g->n_factors++];
    c->array = km_map_reader_array(g->reader, array);
    KM_TRY(km_array_create(g->n, sizeof *c->value, (void **)&c->value, d));
    KM_TRY(km_map_reader_read(g->reader, array, origin, &g->n, c->value, d));
done:
    return st;
}

static km_status read_factors(given *g, km_diag *d)
{
    km_status st = KM_OK;

    for (int i = 0; i < g->shape->n_dims; i++)
        KM_TRY(read_axis(g, i, d));
    for (int i = 0; i < km_map_reader_n_arrays(g->reader); i++)
        if (km_map_reader_is_factor(g->reader, i) && g->shape->n_dims == 1 && km_map_reader_array(g->reader, i)->shape[0] == g->n)
            KM_TRY(read_factor(g, i, d));
    g->drawn = g->n_factors > 0 && g->factor[0].array->shape[0] == g->n && g->shape->n_dims == 1 && km_map_reader_find(g->reader, g->shape->dimension[0]) < 0;
    if (g->n_factors == 0)
        KM_FAIL(d, KM_E_INPUT, "nothing varies in %s", km_map_reader_path(g->reader));
done:
    return st;
}

/* ---- endpoints ---- */

/* What stands for a time that never came: the horizon of a first_time, 0 of a last_time; NaN where that is not all. */
static double censored_value(const given *g, const char *name)
{
    const km_json *attributes = km_map_reader_attributes(g->reader), *study = km_json_find(attributes, "study"),
                  *horizon = km_json_find(attributes, "horizon"), *list = NULL;
    km_json_file *file = NULL;
    double out = (double)NAN;
    km_diag quiet;

    km_diag_init(&quiet);
    if (study && study->string && km_json_parse("study", study->string, &file, &quiet) == KM_OK)
        list = km_json_find(km_json_root(file), "endpoints");
    for (size_t i = 0; list && i < list->n; i++) {
        const km_json *e = &list->child[i], *own = km_json_find(e, "name"), *kind = km_json_find(e, "kind");
        if (!own || !own->string || strcmp(own->string, name) != 0 || !kind || !kind->string)
            continue;
        if (strcmp(kind->string, "first_time") == 0 && horizon && !km_json_find(e, "before"))
            out = horizon->number;
        if (strcmp(kind->string, "last_time") == 0)
            out = 0.0;
    }
    km_json_destroy(file);
    km_diag_clear(&quiet);
    return out;
}

/* An endpoint as up to three measures, each a column of numbers: NaN where a row is to be dropped. */
typedef struct measures {
    int n;
    char *name[3], *about[3], *unit[3];
    double *value[3];
} measures;

static void clear_measures(measures *m)
{
    for (int i = 0; i < m->n; i++)
        free(m->name[i]), free(m->about[i]), free(m->unit[i]), free(m->value[i]);
    *m = (measures){0};
}

static km_status add_measure(measures *m, const char *name, const char *ending, const char *about, const char *words, const char *unit, size_t n,
                             km_diag *d)
{
    m->name[m->n] = km_format("%s%s", name, ending);
    m->about[m->n] = km_format("%s%s", about, words);
    m->unit[m->n] = km_strdup(unit);
    return km_array_create(n, sizeof(double), (void **)&m->value[m->n++], d);
}

static bool is_never(double state) { return state == KM_STATE_NEVER || state == KM_STATE_NO_REFERENCE; }

static km_status measure(const given *g, int array, measures *m, km_diag *d)
{
    const km_map_array *a = km_map_reader_array(g->reader, array);
    char *name = km_format("%s_state", a->name);
    const char *about = a->about[0] ? a->about : a->name;
    double *state = NULL, censored;
    int states = km_map_reader_find(g->reader, name);
    bool never = false;
    km_status st = KM_OK;

    *m = (measures){0};
    KM_TRY(km_array_create(g->n, sizeof *state, (void **)&state, d));
    if (states >= 0)
        KM_TRY(km_map_reader_read(g->reader, states, origin, g->shape->shape, state, d));
    for (size_t i = 0; i < g->n; i++)
        never = never || is_never(state[i]);
    KM_TRY(add_measure(m, a->name, "", about, never ? ", where it happened" : "", a->unit, g->n, d));
    KM_TRY(km_map_reader_read(g->reader, array, origin, g->shape->shape, m->value[0], d));
    for (size_t i = 0; i < g->n; i++)
        if (!isfinite(m->value[0][i]) || state[i] == KM_STATE_FAILED || is_never(state[i]))
            m->value[0][i] = (double)NAN;
    if (!never)
        goto done;
    KM_TRY(add_measure(m, a->name, "_happened", about, ": whether it happened, 1 or 0", "-", g->n, d));
    for (size_t i = 0; i < g->n; i++)
        m->value[1][i] = state[i] == KM_STATE_FAILED ? (double)NAN : is_never(state[i]) ? 0.0 : 1.0;
    censored = censored_value(g, a->name);
    if (isnan(censored))
        goto done;
    KM_TRY(add_measure(m, a->name, "_censored", about, censored > 0.0 ? "; the horizon where it never did" : "; 0 where it never did", a->unit,
                       g->n, d));
    for (size_t i = 0; i < g->n; i++)
        m->value[2][i] = is_never(state[i]) ? censored : m->value[0][i];
done:
    free(state), free(name);
    return st;
}

/* ---- all of it ---- */

static km_status open_map(given *g, const char *path, km_diag *d)
{
    uint64_t done, total;
    km_status st = KM_OK;

    KM_TRY(km_map_reader_open(path, &g->reader, d));
    if (!km_map_reader_complete(g->reader, &done, &total))
        KM_FAIL(d, KM_E_INPUT, "%s is not finished: %llu of %llu points are there; run the study to its end first", km_map_reader_path(g->reader),
                (unsigned long long)done, (unsigned long long)total);
    g->endpoint = km_map_endpoints(g->reader, &g->n_endpoints);
    if (g->n_endpoints == 0)
        KM_FAIL(d, KM_E_INPUT, "%s has no endpoints that its study names", km_map_reader_path(g->reader));
    g->shape = km_map_reader_array(g->reader, g->endpoint[0]);
    g->n = 1;
    for (int i = 0; i < g->shape->n_dims; i++)
        g->n *= g->shape->shape[i];
    if (g->n > KM_MOST_GIVEN_POINTS)
        KM_FAIL(d, KM_E_INPUT, "%s has %zu points, and all are looked at together; at most %d can be", km_map_reader_path(g->reader), g->n,
                (int)KM_MOST_GIVEN_POINTS);
done:
    return st;
}

static void close_map(given *g)
{
    for (int i = 0; i < g->n_factors; i++)
        free(g->factor[i].value);
    free(g->factor), free(g->endpoint);
    km_map_reader_close(g->reader);
}

/* x: [n_factors][n] */
static km_status estimate(const given *g, const double *x, const km_sa_method *method, uint64_t seed, int resamples, km_indices *out, km_diag *d)
{
    measures m = {0};
    int row = 0;
    km_status st = KM_OK;

    for (int e = 0; e < g->n_endpoints; e++) {
        KM_TRY(measure(g, g->endpoint[e], &m, d));
        for (int i = 0; i < m.n; i++, row++) {
            out->endpoint[row] = km_strdup(m.name[i]);
            out->endpoint_about[row] = km_strdup(m.about[i]);
            out->unit[row] = km_strdup(m.unit[i]);
            km_estimate(method->estimator, g->n, g->n_factors, g->drawn, x, m.value[i], seed, resamples, out, row);
        }
        clear_measures(&m);
    }
    out->n_rows = out->n_models = g->n;
done:
    clear_measures(&m);
    return st;
}

static km_status count_measures(const given *g, int *n, km_diag *d)
{
    measures m = {0};
    km_status st = KM_OK;

    *n = 0;
    for (int e = 0; e < g->n_endpoints; e++) {
        KM_TRY(measure(g, g->endpoint[e], &m, d));
        *n += m.n;
        clear_measures(&m);
    }
done:
    clear_measures(&m);
    return st;
}

km_status km_given_data(const char *path, const km_sa_method *method, uint64_t seed, int resamples, int *resampled, km_indices **out, km_diag *d)
{
    given g = {0};
    double *x = NULL;
    km_indices *found = NULL;
    int n = 0;
    km_status st = KM_OK;

    *out = NULL;
    KM_TRY(open_map(&g, path, d));
    KM_TRY(read_factors(&g, d));
    if (!g.drawn && resamples >= 0)
        KM_FAIL(d, KM_E_INPUT, "%s is a grid, whose points were not drawn, so that there is nothing to resample; leave --resamples out", path);
    *resampled = !g.drawn ? 0 : resamples >= 0 ? resamples : g.n > KM_MANY_GIVEN_POINTS ? KM_FEW_RESAMPLES : KM_RESAMPLES;
    KM_TRY(km_array_create(g.n * (size_t)g.n_factors, sizeof *x, (void **)&x, d));
    for (int f = 0; f < g.n_factors; f++)
        memcpy(x + (size_t)f * g.n, g.factor[f].value, g.n * sizeof *x);
    KM_TRY(count_measures(&g, &n, d));
    found = km_sa_room(method, n, g.n_factors, false);
    for (int f = 0; f < g.n_factors; f++) {
        found->factor[f] = km_strdup(g.factor[f].array->name);
        found->factor_about[f] = km_strdup(g.factor[f].array->about);
    }
    KM_TRY(estimate(&g, x, method, seed, *resampled, found, d));
    *out = found;
    found = NULL;
done:
    km_indices_destroy(found);
    close_map(&g);
    free(x);
    return st;
}
