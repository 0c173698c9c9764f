#include "view/plot.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/map.h"
#include "store/zarr.h"
#include "view/gnuplot.h"
#include "store/map_axis.h"
#include "view/scatter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NOT_YET = -1 }; /* in place of a state: a chunk that is not computed yet */

typedef km_map_axis side; /* one axis of the picture */

typedef struct picture {
    km_map_reader *r;
    int endpoint, state;
    const km_map_array *array;
    side x, y;
    size_t origin[KM_MOST_DIMS], extent[KM_MOST_DIMS];
    char *prefix;
    km_text fixed;     /* "rho_NI = 0.9" ... */
    double *z, *code;  /* as read: the axis of lower dimension outer */
    bool never, failed, missing, any; /* what the picture shows */
} picture;

/* ---- choosing ---- */

/* The first endpoint in the study's own order. */
static const char *first_endpoint(const picture *p)
{
    int n, *index = km_map_endpoints(p->r, &n);
    const char *name = n > 0 ? km_map_reader_array(p->r, index[0])->name : NULL;

    free(index);
    return name;
}

static km_status choose_endpoint(picture *p, const char *name, km_diag *d)
{
    char *state;

    if (name == NULL)
        name = first_endpoint(p);
    p->endpoint = name ? km_map_reader_find(p->r, name) : -1;
    if (p->endpoint < 0 || strchr(km_map_reader_array(p->r, p->endpoint)->dtype, 'f') == NULL ||
        strcmp(km_map_reader_array(p->r, p->endpoint)->dimension[0], name) == 0) {
        const char **word = km_alloc((size_t)km_map_reader_n_arrays(p->r) + 1, sizeof *word);
        const char *near = NULL;
        for (int i = 0; i < km_map_reader_n_arrays(p->r); i++)
            word[i] = km_map_reader_array(p->r, i)->name;
        if (name)
            near = km_text_nearest(name, word, (size_t)km_map_reader_n_arrays(p->r));
        free(word);
        return near && strcmp(near, name) != 0
                   ? km_diag_fail(d, KM_E_INPUT, "the map has no endpoint \"%s\"; did you mean \"%s\"?", name, near)
                   : km_diag_fail(d, KM_E_INPUT, "the map has no endpoint \"%s\"; ketamap info lists them", name ? name : "");
    }
    p->array = km_map_reader_array(p->r, p->endpoint);
    state = km_format("%s_state", name);
    p->state = km_map_reader_find(p->r, state);
    free(state);
    return KM_OK;
}

static int find_dimension(const picture *p, const char *name)
{
    for (int i = 0; i < p->array->n_dims; i++)
        if (strcmp(p->array->dimension[i], name) == 0)
            return i;
    return -1;
}

static km_status choose_side(picture *p, const char *name, int otherwise, side *s, km_diag *d)
{
    int dimension = name ? find_dimension(p, name) : otherwise;

    if (dimension < 0)
        return km_diag_fail(d, KM_E_INPUT, "the map has no axis \"%s\"; ketamap info lists them", name);
    return km_map_axis_read(p->r, p->array, dimension, s, d);
}

/* The grid index of a fixed axis: the value asked for, or the middle. */
static km_status fix_axis(picture *p, int dimension, const km_plot_options *o, km_diag *d)
{
    side s = {0};
    size_t best;
    km_status st = KM_OK;

    KM_TRY(km_map_axis_read(p->r, p->array, dimension, &s, d));
    best = s.n / 2;
    for (int i = 0; i < o->n_at; i++) {
        const char *equals = strchr(o->at[i], '='), *end;
        double wanted;
        if (equals == NULL || (size_t)(equals - o->at[i]) != strlen(s.name) || strncmp(o->at[i], s.name, strlen(s.name)) != 0)
            continue;
        for (best = 0; s.label && best < s.n && strcmp(s.label[best], equals + 1) != 0;)
            best++;
        if (s.label && best < s.n)
            continue;
        best = 0;
        wanted = km_text_number(equals + 1, &end);
        if (end == equals + 1 || *end != '\0')
            KM_FAIL(d, KM_E_INPUT, s.label ? "--at %s: the map has no such category" : "--at %s: expected NAME=NUMBER", o->at[i]);
        for (size_t k = 1; k < s.n; k++)
            if (fabs(s.value[k] - wanted) < fabs(s.value[best] - wanted))
                best = k;
    }
    p->origin[dimension] = best;
    p->extent[dimension] = 1;
    km_text_add(&p->fixed, "%s%s = ", p->fixed.size ? ",  " : "", s.name);
    if (s.label)
        km_text_add(&p->fixed, "%s", s.label[best]);
    else
        km_text_add(&p->fixed, "%.4g %s", s.value[best], s.array && strcmp(s.array->unit, "-") != 0 ? s.array->unit : "");
done:
    km_map_axis_clear(&s);
    return st;
}

static km_status check_at(const picture *p, const km_plot_options *o, km_diag *d)
{
    for (int i = 0; i < o->n_at; i++) {
        char *name = km_format("%.*s", (int)strcspn(o->at[i], "="), o->at[i]);
        int dimension = find_dimension(p, name);
        bool shown = dimension == p->x.dimension || dimension == p->y.dimension;
        free(name);
        if (dimension < 0 || shown)
            return km_diag_fail(d, KM_E_INPUT, "--at %s: %s", o->at[i],
                                shown ? "this axis is in the picture" : "the map has no such axis; ketamap info lists them");
    }
    return KM_OK;
}

/* ---- the table ---- */

/* Edges of cell i: half-way to its neighbours, in the logarithm on a logarithmic axis. */
static void cell(const side *s, size_t i, double *low, double *high)
{
    double before, after, here = s->value[i];

    if (s->n == 1) {
        *low = here - 0.5;
        *high = here + 0.5;
        return;
    }
    before = i > 0 ? s->value[i - 1] : s->logarithmic ? here * here / s->value[1] : 2.0 * here - s->value[1];
    after = i + 1 < s->n ? s->value[i + 1] : s->logarithmic ? here * here / s->value[i - 1] : 2.0 * here - s->value[i - 1];
    *low = s->logarithmic ? sqrt(before * here) : 0.5 * (before + here);
    *high = s->logarithmic ? sqrt(after * here) : 0.5 * (after + here);
}

static km_status write_table(picture *p, const char *path, km_diag *d)
{
    bool x_first = p->x.dimension < p->y.dimension;
    km_text out = {0};
    km_status st = KM_OK;

    km_text_add(&out, "# %s\tx_low\tx_high\t%s\ty_low\ty_high\t%s\tstate\n", p->x.name, p->y.name, p->array->name);
    for (size_t i = 0; i < p->x.n; i++)
        for (size_t k = 0; k < p->y.n; k++) {
            size_t at = x_first ? i * p->y.n + k : k * p->x.n + i;
            double low, high, bottom, top;
            int code = isnan(p->code[at]) ? NOT_YET : (int)p->code[at];
            cell(&p->x, i, &low, &high);
            cell(&p->y, k, &bottom, &top);
            p->never = p->never || code == 1 || code == 4;
            p->failed = p->failed || code == 5;
            p->missing = p->missing || code == NOT_YET;
            p->any = p->any || (!isnan(p->z[at]) && code != 1 && code != 4 && code != 5);
            km_text_add(&out, "%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t", p->x.value[i], low, high, p->y.value[k], bottom, top);
            if (isnan(p->z[at]))
                km_text_add(&out, "nan\t%d\n", code);
            else
                km_text_add(&out, "%.9g\t%d\n", p->z[at], code);
        }
    st = km_file_write(path, out.data, out.size, d);
    km_text_clear(&out);
    return st;
}

/* ---- the script ---- */

static void add_axis(km_text *out, char letter, const side *s)
{
    char *text = km_gnuplot_label(s->array, s->name), *label = km_gnuplot_text(text);
    double low, high, ignored;

    cell(s, 0, &low, &ignored);
    cell(s, s->n - 1, &ignored, &high);
    km_text_add(out, "set %clabel \"%s\"\nset %crange [%.9g:%.9g]\n", letter, label, letter, low, high);
    if (s->label) {
        km_text_add(out, "set %ctics (", letter);
        for (size_t i = 0; i < s->n; i++) {
            char *word = km_gnuplot_text(s->label[i]);
            km_text_add(out, "%s\"%s\" %zu", i ? ", " : "", word, i);
            free(word);
        }
        km_text_add(out, ")\n");
    } else if (s->logarithmic) {
        km_gnuplot_log_tics(out, letter, low, high);
    } else {
        km_text_add(out, "set m%ctics 2\n", letter);
    }
    free(text);
    free(label);
}

/* The cells of one state, in one colour, with a line in the key. */
static void add_state(km_text *out, const char *border, const char *condition, const char *colour, const char *title)
{
    bool first = out->data[out->size - 1] == ' ';

    km_text_add(out,
                "%stable using (%s ? $1 : NaN):4:2:3:5:6 with boxxyerror fillstyle solid 1.0%s linecolor rgb '%s' "
                "title \"%s\"",
                first ? "" : ", \\\n  ", condition, border, colour, title);
}

static void add_plots(km_text *out, const picture *p)
{
    static const char *const terminal[] = {
        "set terminal pngcairo size 1600,1200 font \"Sans,12\" fontscale 1.6 linewidth 1.6\nset output prefix.\".png\"\n",
        "set terminal svg size 1000,750 dynamic font \"Sans,13\" background '#ffffff'\nset output prefix.\".svg\"\n"};

    for (int pass = 0; pass < 2; pass++) {
        const char *border = pass == 0 ? "" : " noborder"; /* closes seams in the PNG; the SVG's edges are crisp */
        km_text_add(out, "%splot ", terminal[pass]);
        if (p->any)
            km_text_add(out, "table using 1:4:2:3:5:6:($8 == 0 || $8 == 2 || $8 == 3 ? $7 : NaN) with boxxyerror "
                             "fillstyle solid 1.0%s linecolor palette notitle", border);
        if (p->never)
            add_state(out, border, "$8 == 1 || $8 == 4", "#d0d0d0", "never within the horizon");
        if (p->failed)
            add_state(out, border, "$8 == 5", "#d62728", "point failed");
        if (p->missing)
            add_state(out, border, "$8 == -1", "#f4ecd8", "not computed yet");
        km_text_add(out, "\n");
    }
    km_text_add(out, "unset output\n");
}

static km_status write_script(const picture *p, const char *path, km_diag *d)
{
    const char *unit = p->array->unit;
    char *text = unit[0] && strcmp(unit, "-") != 0 ? km_format("%s [%s]", p->array->name, unit) : km_strdup(p->array->name);
    char *bar = km_gnuplot_text(text), *title = km_gnuplot_text(p->array->about[0] ? p->array->about : p->array->name);
    char *fixed = km_gnuplot_text(p->fixed.data ? p->fixed.data : ""), *prefix = km_gnuplot_file(p->prefix);
    km_text out = {0};
    km_status st;

    km_text_add(&out,
                "# A picture of one endpoint of a ketamap map. Change it and run: gnuplot %s.gp\n"
                "# The table: x, its cell's edges, y, its cell's edges, value, state.\n"
                "set encoding utf8\nset datafile missing \"nan\"\nset datafile separator \"\\t\"\n"
                "set title \"{/:Bold*1.2 %s}%s%s%s\" offset 0,0.3\n",
                p->prefix, title, fixed[0] ? "\\n{/*0.9 " : "", fixed, fixed[0] ? "}" : "");
    add_axis(&out, 'x', &p->x);
    add_axis(&out, 'y', &p->y);
    km_text_add(&out,
                "set cblabel \"%s\" offset 1\nset lmargin at screen 0.11\nset rmargin at screen 0.83\n"
                "set tmargin at screen 0.89\nset bmargin at screen %s\n"
                "# viridis\n"
                "set palette defined (0 '#440154', 1 '#472c7a', 2 '#3b518b', 3 '#2c718e', 4 '#21908d', 5 '#27ad81', 6 '#5cc863', "
                "7 '#aadc32', 8 '#fde725')\n"
                "set tics out nomirror\nset border lw 1\n",
                bar, p->never || p->failed || p->missing ? "0.15" : "0.11");
    if (!p->any)
        km_text_add(&out, "set cbrange [0:1]\nunset colorbox\n");
    km_text_add(&out, p->never || p->failed || p->missing
                          ? "set key at screen 0.83,0.035 right center horizontal Right samplen 2\n"
                          : "set key off\n");
    km_text_add(&out, "prefix = '%s'\ntable = prefix.\".tsv\"\n", prefix);
    add_plots(&out, p);
    st = km_file_write(path, out.data, out.size, d);
    km_text_clear(&out);
    free(text), free(bar), free(title), free(fixed), free(prefix);
    return st;
}

/* ---- the whole ---- */

static km_status read_slice(picture *p, km_diag *d)
{
    size_t n = p->x.n * p->y.n;
    km_status st = KM_OK;

    p->origin[p->x.dimension] = p->origin[p->y.dimension] = 0;
    p->extent[p->x.dimension] = p->x.n;
    p->extent[p->y.dimension] = p->y.n;
    KM_TRY(km_array_create(n, sizeof *p->z, (void **)&p->z, d));
    KM_TRY(km_array_create(n, sizeof *p->code, (void **)&p->code, d));
    KM_TRY(km_map_reader_read(p->r, p->endpoint, p->origin, p->extent, p->z, d));
    if (p->state >= 0)
        KM_TRY(km_map_reader_read(p->r, p->state, p->origin, p->extent, p->code, d));
done:
    return st;
}

km_status km_plot(const char *map, const km_plot_options *o, char **made, km_diag *d)
{
    picture p = {.state = -1};
    char *table = NULL, *script = NULL;
    int second;
    km_status st = KM_OK;

    if (made)
        *made = NULL;
    KM_TRY(km_map_reader_open(map, &p.r, d));
    if (km_map_reader_array(p.r, km_map_reader_find(p.r, "status"))->coordinates[0]) {
        st = km_scatter(p.r, map, first_endpoint(&p), o, made, d);
        goto done;
    }
    KM_TRY(choose_endpoint(&p, o->endpoint, d));
    if (p.array->n_dims < 2)
        KM_FAIL(d, KM_E_INPUT, "a heatmap needs a map of at least two axes; %s has one", map);
    KM_TRY(choose_side(&p, o->x, o->y && find_dimension(&p, o->y) == 0 ? 1 : 0, &p.x, d));
    second = p.x.dimension == 0 ? 1 : 0;
    KM_TRY(choose_side(&p, o->y, second, &p.y, d));
    if (p.x.dimension == p.y.dimension)
        KM_FAIL(d, KM_E_INPUT, "the two axes of the picture are both \"%s\"; choose two", p.x.name);
    KM_TRY(check_at(&p, o, d));
    for (int i = 0; i < p.array->n_dims; i++)
        if (i != p.x.dimension && i != p.y.dimension)
            KM_TRY(fix_axis(&p, i, o, d));
    KM_TRY(read_slice(&p, d));
    p.prefix = o->prefix ? km_strdup(o->prefix) : km_gnuplot_prefix(map, p.array->name);
    table = km_format("%s.tsv", p.prefix);
    script = km_format("%s.gp", p.prefix);
    KM_TRY(write_table(&p, table, d));
    KM_TRY(write_script(&p, script, d));
    KM_TRY(km_gnuplot_draw(p.prefix, script, made, d));
done:
    free(table), free(script);
    km_map_axis_clear(&p.x), km_map_axis_clear(&p.y), free(p.z), free(p.code), free(p.prefix);
    km_text_clear(&p.fixed);
    km_map_reader_close(p.r);
    return st;
}
