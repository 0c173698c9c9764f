#include "view/scatter.h"

#include "abi.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "view/gnuplot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DOTS = 100000 };

/* What a direction, or the colour, shows. */
typedef struct series {
    const km_map_array *array;
    bool endpoint;
    double *value;
} series;

static const char *const colours =
    "set palette defined (0 '#440154', 1 '#472c7a', 2 '#3b518b', 3 '#2c718e', 4 '#21908d', 5 '#27ad81', 6 '#5cc863', "
    "7 '#aadc32', 8 '#fde725')\n";

/* The array of an endpoint's states, or -1: it has none, or is none. */
static int state_of(const km_map_reader *r, int i)
{
    char *name = km_format("%s_state", km_map_reader_array(r, i)->name);
    int state = km_map_reader_find(r, name);

    free(name);
    return state;
}

/* What never happened has no place in the picture, though it may have a value: a time spent is 0. */
static km_status forget_never(km_map_reader *r, int state, size_t n, double *value, km_diag *d)
{
    double *code = NULL;
    size_t zero = 0;
    km_status st = KM_OK;

    KM_TRY(km_array_create(n, sizeof *code, (void **)&code, d));
    KM_TRY(km_map_reader_read(r, state, &zero, &n, code, d));
    for (size_t i = 0; i < n; i++)
        if (code[i] == KM_STATE_NEVER || code[i] == KM_STATE_NO_REFERENCE)
            value[i] = (double)NAN;
done:
    free(code);
    return st;
}

/* The array `name`; only of factors where `factor`. */
static km_status choose(km_map_reader *r, const char *name, bool factor, size_t n, series *out, km_diag *d)
{
    const char **word = km_alloc((size_t)km_map_reader_n_arrays(r) + 1, sizeof *word), *near = NULL;
    size_t zero = 0, n_words = 0;
    int found = -1, state;
    km_status st = KM_OK;

    for (int i = 0; i < km_map_reader_n_arrays(r); i++) {
        if (!km_map_reader_is_factor(r, i) && (factor || strchr(km_map_reader_array(r, i)->dtype, 'f') == NULL))
            continue; /* an endpoint, its margin, or a population's statistic is a number with a fraction */
        word[n_words++] = km_map_reader_array(r, i)->name;
        if (strcmp(word[n_words - 1], name) == 0)
            found = i;
    }
    if (found < 0) {
        near = km_text_nearest(name, word, n_words);
        KM_FAIL(d, KM_E_INPUT, "the map has no %s \"%s\"; %s%s%s", factor ? "factor" : "endpoint or factor", name,
                near ? "did you mean \"" : "ketamap info lists them", near ? near : "", near ? "\"?" : "");
    }
    out->array = km_map_reader_array(r, found);
    out->endpoint = !km_map_reader_is_factor(r, found);
    KM_TRY(km_array_create(n, sizeof *out->value, (void **)&out->value, d));
    KM_TRY(km_map_reader_read(r, found, &zero, &n, out->value, d));
    state = state_of(r, found);
    if (out->endpoint && state >= 0)
        KM_TRY(forget_never(r, state, n, out->value, d));
    for (size_t i = 0; i < n; i++)
        out->value[i] = isfinite(out->value[i]) ? out->value[i] : (double)NAN; /* a quantile of times that never came is infinite */
done:
    free(word);
    return st;
}

static void add_axis(km_text *out, char letter, const series *s, size_t n)
{
    char *text = km_gnuplot_label(s->array, s->array->name), *label = km_gnuplot_text(text);
    double low = (double)INFINITY, high = -(double)INFINITY;

    for (size_t i = 0; i < n; i++) {
        low = fmin(low, s->value[i]);
        high = fmax(high, s->value[i]);
    }
    km_text_add(out, "set %clabel \"%s\"\n", letter, label);
    if (!s->endpoint && low > 0.0 && high >= 10.0 * low)
        km_gnuplot_log_tics(out, letter, low, high);
    if (low < high)
        km_text_add(out, "set %crange [%.9g:%.9g]\n", letter, low, high);
    free(text), free(label);
}

static km_status write_table(const series *x, const series *y, const series *z, size_t n, size_t *absent, const char *path, km_diag *d)
{
    km_text out = {0};
    km_status st;

    km_text_add(&out, "# %s\t%s%s%s\n", x->array->name, y->array->name, z->array ? "\t" : "", z->array ? z->array->name : "");
    for (size_t i = 0; i < n; i++) {
        if (isnan(y->value[i]) || isnan(x->value[i]) || (z->array && isnan(z->value[i]))) {
            ++*absent;
            continue;
        }
        km_text_add(&out, "%.9g\t%.9g", x->value[i], y->value[i]);
        if (z->array)
            km_text_add(&out, "\t%.9g", z->value[i]);
        km_text_add(&out, "\n");
    }
    st = km_file_write(path, out.data, out.size, d);
    km_text_clear(&out);
    return st;
}

static km_status write_script(const series *x, const series *y, const series *z, size_t n, size_t all, size_t absent,
                              const char *prefix, const char *path, km_diag *d)
{
    static const char *const terminal[] = {
        "set terminal pngcairo size 1600,1200 font \"Sans,12\" fontscale 1.6 linewidth 1.6\nset output prefix.\".png\"\n",
        "set terminal svg size 1000,750 dynamic font \"Sans,13\" background '#ffffff'\nset output prefix.\".svg\"\n"};
    const km_map_array *shown = z->array ? z->array : y->array;
    char *title = km_gnuplot_text(shown->about[0] ? shown->about : shown->name), *name = km_gnuplot_file(prefix);
    char *text = z->array ? km_gnuplot_label(z->array, z->array->name) : km_strdup(""), *bar = km_gnuplot_text(text);
    km_text out = {0};
    km_status st;

    km_text_add(&out,
                "# A picture of the points of a ketamap map. Change it and run: gnuplot %s.gp\n"
                "set encoding utf8\nset datafile separator \"\\t\"\nset key off\n"
                "set title \"{/:Bold*1.2 %s}\\n{/*0.9 %s%zu points", prefix, title, n < all ? "the first " : "", n);
    if (n < all)
        km_text_add(&out, " of %zu", all);
    if (absent)
        km_text_add(&out, ", %zu of them not shown: never, or failed", absent);
    km_text_add(&out, "}\" offset 0,0.3\nset cblabel \"%s\" offset 1\n%sset tics out nomirror\nset border lw 1\n", bar, colours);
    add_axis(&out, 'x', x, n);
    add_axis(&out, 'y', y, n);
    km_text_add(&out, "prefix = '%s'\ntable = prefix.\".tsv\"\n", name);
    for (int pass = 0; pass < 2; pass++)
        km_text_add(&out, "%splot table using 1:2%s with points pointtype 7 pointsize %s linecolor %s\n", terminal[pass],
                    z->array ? ":3" : "", n > 5000 ? "0.3" : "0.7", z->array ? "palette" : "rgb '#2c718e'");
    km_text_add(&out, "unset output\n");
    st = km_file_write(path, out.data, out.size, d);
    km_text_clear(&out);
    free(title), free(name), free(text), free(bar);
    return st;
}

/* The first of the factors' names. Caller frees. */
static char *first_factor(const km_map_reader *r)
{
    const char *names = km_map_reader_array(r, km_map_reader_find(r, "status"))->coordinates;

    return km_format("%.*s", (int)strcspn(names, " "), names);
}

km_status km_scatter(km_map_reader *r, const char *map, const char *first, const km_plot_options *o, char **made, km_diag *d)
{
    const char *endpoint = o->endpoint ? o->endpoint : first, *up = o->y ? o->y : endpoint;
    size_t all = km_map_reader_array(r, km_map_reader_find(r, "status"))->shape[0], n = all < MOST_DOTS ? all : MOST_DOTS, absent = 0;
    series x = {0}, y = {0}, z = {0};
    char *factor = o->x ? km_strdup(o->x) : first_factor(r), *prefix = NULL, *table = NULL, *script = NULL;
    km_status st = KM_OK;

    if (o->n_at > 0)
        KM_FAIL(d, KM_E_INPUT, "--at %s: %s is a map over points, which has no axes to choose a value of", o->at[0], map);
    if (up == NULL || endpoint == NULL)
        KM_FAIL(d, KM_E_INPUT, "%s does not say what its endpoints are; choose one with --endpoint", map);
    KM_TRY(choose(r, factor, true, n, &x, d));
    KM_TRY(choose(r, up, false, n, &y, d));
    if (!y.endpoint || (o->endpoint && strcmp(o->endpoint, up) != 0))
        KM_TRY(choose(r, endpoint, false, n, &z, d));
    prefix = o->prefix ? km_strdup(o->prefix) : km_gnuplot_prefix(map, z.array ? z.array->name : y.array->name);
    table = km_format("%s.tsv", prefix);
    script = km_format("%s.gp", prefix);
    KM_TRY(write_table(&x, &y, &z, n, &absent, table, d));
    if (absent == n)
        KM_FAIL(d, KM_E_INPUT, "%s: no point has a value to show (never, failed or not computed yet); the table is %s", map, table);
    KM_TRY(write_script(&x, &y, &z, n, all, absent, prefix, script, d));
    KM_TRY(km_gnuplot_draw(prefix, script, made, d));
done:
    free(x.value), free(y.value), free(z.value), free(factor), free(prefix), free(table), free(script);
    return st;
}
