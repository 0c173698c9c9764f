#include "study/draws.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"
#include "points.h"
#include "study/factor.h"
#include "study/population.h"
#include "study/quantity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const block_keys[] = {"from", "n", "seed", "control", "quantiles", NULL};
static const km_u32 dimension_of_order = 0xF17u; /* of the permutation, beyond any factor's */
enum { LETTER = 4, NUMBER = 8, LONGEST_NAME = 256 };

/* The results of a fit, as far as they are needed here. */
typedef struct source {
    char *path;
    km_json_file *attributes, *fit, *model;
    size_t n, n_columns;    /* draws, free parameters of the fit */
    char **name;            /* [n_columns] */
    char *bytes;            /* of the draws: [n][n_columns] doubles */
    char hash[65];          /* of names and draws */
    const km_json *controls; /* of the fit, or NULL */
} source;

static void clear_source(source *s)
{
    for (size_t i = 0; s->name && i < s->n_columns; i++)
        free(s->name[i]);
    free(s->path), free(s->name), free(s->bytes);
    km_json_destroy(s->attributes), km_json_destroy(s->fit), km_json_destroy(s->model);
}

/* ---- the group of results ---- */

/* The shape of an array of one uncompressed chunk, and the chunk; *letters: of a word, where it holds words. */
static km_status read_array(const source *s, const char *name, const char *chunk, size_t n_dims, size_t *shape, size_t *letters, char **bytes,
                            km_diag *d)
{
    char *folder = km_file_join(s->path, name), *about = km_file_join(folder, ".zarray"), *data = km_file_join(folder, chunk);
    km_json_file *file = NULL;
    const km_json *root, *list = NULL, *type = NULL, *packed;
    size_t size = 0, wanted = letters ? LETTER : NUMBER;
    km_status st = KM_OK;

    KM_TRY(km_json_read(about, &file, d));
    root = km_json_root(file);
    KM_TRY(km_json_need(root, "shape", KM_JSON_ARRAY, &list, d));
    KM_TRY(km_json_need(root, "dtype", KM_JSON_STRING, &type, d));
    packed = km_json_find(root, "compressor");
    if (packed && packed->kind != KM_JSON_NULL)
        KM_TRY(km_json_fail(packed, d, "\"%s\" is compressed: these are results of an older version, `ketamap fit --force` writes them anew", name));
    if (letters)
        *letters = strncmp(type->string, "<U", 2) == 0 ? (size_t)strtoul(type->string + 2, NULL, 10) : 0;
    if (letters ? *letters < 1 || *letters > LONGEST_NAME : strcmp(type->string, "<f8") != 0)
        KM_TRY(km_json_fail(type, d, "\"%s\" has another type than a fit's results", name));
    for (size_t i = 0; i < n_dims; i++) {
        double extent = i < list->n && list->child[i].kind == KM_JSON_NUMBER ? list->child[i].number : 0.0;
        if (list->n != n_dims || !(extent >= 1.0 && extent <= 1e8))
            KM_TRY(km_json_fail(list, d, "\"%s\" has another shape than a fit's results", name));
        shape[i] = (size_t)extent;
        wanted *= shape[i];
    }
    wanted *= letters ? *letters : 1;
    KM_TRY(km_file_read(data, bytes, &size, d));
    if (size != wanted)
        KM_FAIL(d, KM_E_INPUT, "%s: %zu bytes, and its description says %zu: the file is damaged", data, size, wanted);
done:
    km_json_destroy(file);
    free(folder), free(about), free(data);
    return st;
}

static km_status read_numbers(source *s, km_diag *d)
{
    size_t letters = 0, shape[2] = {0}, k = 0;
    char *words = NULL, *both = NULL;
    km_status st = KM_OK;

    KM_TRY(read_array(s, "parameter", "0", 1, &k, &letters, &words, d));
    s->name = km_alloc(k, sizeof *s->name);
    s->n_columns = k;
    for (size_t i = 0; i < k; i++) {
        char name[LONGEST_NAME + 1] = {0};
        for (size_t j = 0; j < letters; j++)
            name[j] = words[LETTER * (i * letters + j)];
        s->name[i] = km_strdup(name);
    }
    KM_TRY(read_array(s, "draws", "0.0", 2, shape, NULL, &s->bytes, d));
    if (shape[1] != k)
        KM_FAIL(d, KM_E_INPUT, "%s: draws of %zu parameters, and names of %zu", s->path, shape[1], k);
    s->n = shape[0];
    both = km_alloc(LETTER * k * letters + NUMBER * s->n * k, 1);
    memcpy(both, words, LETTER * k * letters);
    memcpy(both + LETTER * k * letters, s->bytes, NUMBER * s->n * k);
    km_sha256_hex(both, LETTER * k * letters + NUMBER * s->n * k, s->hash);
done:
    free(words), free(both);
    return st;
}

static double draw_of(const source *s, size_t i, size_t column)
{
    double x;

    memcpy(&x, s->bytes + NUMBER * (i * s->n_columns + column), sizeof x);
    return x;
}

/* A text among the attributes that is itself JSON: the fit's file, the model. */
static km_status read_text(const source *s, const char *key, km_json_file **out, km_diag *d)
{
    const km_json *text = NULL;
    char *name = km_format("%s, its \"%s\"", s->path, key);
    km_status st = KM_OK;

    KM_TRY(km_json_need(km_json_root(s->attributes), key, KM_JSON_STRING, &text, d));
    KM_TRY(km_json_parse(name, text->string, out, d));
done:
    free(name);
    return st;
}

static km_status open_source(source *s, const km_study *study, const km_json *from, km_diag *d)
{
    char *attributes = NULL;
    km_status st = KM_OK;

    s->path = km_file_resolve(study->path, from->string);
    attributes = km_file_join(s->path, ".zattrs");
    if (!km_file_exists(s->path))
        KM_TRY(km_json_fail(from, d, "there is no %s; `ketamap fit` writes it", s->path));
    if (!km_file_is_folder(s->path) || !km_file_exists(attributes))
        KM_TRY(km_json_fail(from, d, "%s is not what `ketamap fit` writes (a folder NAME.zarr)", s->path));
    KM_TRY(km_json_read(attributes, &s->attributes, d));
    if (km_json_find(km_json_root(s->attributes), "ketamap_fit") == NULL)
        KM_TRY(km_json_fail(from, d, "%s holds no results of a fit", s->path));
    KM_TRY(read_text(s, "fit", &s->fit, d));
    KM_TRY(read_text(s, "model", &s->model, d));
    KM_TRY(km_json_get(km_json_root(s->fit), "controls", KM_JSON_OBJECT, &s->controls, d));
    KM_TRY(read_numbers(s, d));
done:
    free(attributes);
    return st;
}

/* ---- is it of this model ---- */

static const char *name_of(const km_json_file *model)
{
    const km_json *name = km_json_find(km_json_root(model), "name");

    return name && name->kind == KM_JSON_STRING ? name->string : "";
}

static void warn_at(const km_json *node, km_diag *d, const char *what)
{
    char *where = km_json_where(node);

    km_diag_warn(d, "%s: %s", where, what);
    free(where);
}

/* Whether the key is a name and no word of the format: in a section, as "parameters", or in a variant. */
static bool is_name(const km_json *member)
{
    const km_json *above = member->parent->parent; /* of a section's member the root, of a variant's "variants" */

    if (above && above->parent && above->parent->parent == NULL)
        return strcmp(above->key, "variants") == 0 && strcmp(member->key, "about") != 0;
    return above && above->parent == NULL;
}

/* What a model says for people changes no number, a state's scale and the integrator none by more than the tolerance. */
static bool is_beside_the_model(const km_json *member)
{
    static const char *const keys[] = {"about", "source", "evidence", "group", "scale", "method", "$schema"};
    const char *key = member->key;

    if (key == NULL || is_name(member))
        return false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

static bool same(const km_json *a, const km_json *b);

/* Every member of a that is part of the model is in b, and the same. */
static bool within(const km_json *a, const km_json *b)
{
    for (size_t i = 0; i < a->n; i++) {
        const km_json *one = &a->child[i], *other = a->kind == KM_JSON_OBJECT ? km_json_find(b, one->key) : &b->child[i];
        if (!is_beside_the_model(one) && (other == NULL || !same(one, other)))
            return false;
    }
    return true;
}

static bool same(const km_json *a, const km_json *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case KM_JSON_NULL: return true;
    case KM_JSON_BOOL: return a->boolean == b->boolean;
    case KM_JSON_NUMBER: return a->number == b->number;
    case KM_JSON_STRING: return strcmp(a->string, b->string) == 0;
    case KM_JSON_ARRAY: return a->n == b->n && within(a, b);
    case KM_JSON_OBJECT: return within(a, b) && within(b, a);
    }
    return false;
}

static km_status check_model(const source *s, const km_study *study, const km_json *from, km_diag *d)
{
    const char *here = study->model->file ? km_json_text(study->model->file) : "", *there = km_json_text(s->model);
    char mine[65], its[65], *text = NULL;
    km_status st = KM_OK;

    if (study->model->file == NULL || strcmp(name_of(study->model->file), name_of(s->model)) != 0)
        KM_TRY(km_json_fail(from, d, "the draws are of the model \"%s\", and this is \"%s\"", name_of(s->model),
                            study->model->file ? name_of(study->model->file) : ""));
    if (same(km_json_root(study->model->file), km_json_root(s->model)))
        goto done;
    km_sha256_hex(here, strlen(here), mine);
    km_sha256_hex(there, strlen(there), its);
    text = km_format("the draws are of another state of the model \"%s\" (SHA-256 %.12s..., now %.12s...); fit it again", name_of(s->model), its,
                     mine);
    warn_at(from, d, text);
done:
    free(text);
    return st;
}

static bool has_variant(const km_study *study, const char *name)
{
    for (int i = 0; i < study->n_variants; i++)
        if (strcmp(study->variant[i], name) == 0)
            return true;
    return false;
}

/* What the fit had fixed for all its arms. */
static km_status check_fixed(const source *s, const km_study *study, const km_json *from, km_diag *d)
{
    const km_json *variants = NULL, *set = NULL, *own = NULL;
    char *text = NULL;
    km_status st = KM_OK;

    KM_TRY(km_json_get(km_json_root(s->fit), "variants", KM_JSON_ARRAY, &variants, d));
    KM_TRY(km_json_get(km_json_root(s->fit), "set", KM_JSON_OBJECT, &set, d));
    KM_TRY(km_json_get(km_json_root(study->file), "set", KM_JSON_OBJECT, &own, d));
    for (size_t i = 0; variants && i < variants->n; i++)
        if (variants->child[i].kind == KM_JSON_STRING && !has_variant(study, variants->child[i].string)) {
            free(text);
            text = km_format("the draws are of a fit with the variant \"%s\", which this study does not have", variants->child[i].string);
            warn_at(from, d, text);
        }
    for (size_t i = 0; set && i < set->n; i++)
        if (own == NULL || km_json_find(own, set->child[i].key) == NULL) {
            free(text);
            text = km_format("the draws are of a fit that sets \"%s\", which this study does not", set->child[i].key);
            warn_at(from, d, text);
        }
done:
    free(text);
    return st;
}

/* ---- which column is which parameter ---- */

typedef struct column {
    int parameter;
    size_t from;      /* of the draws; n_columns: `value` in all of them */
    double value;
} column;

/* The parameter that tells the fit's controls apart, "L_max", or "". */
static const char *control_parameter(const source *s)
{
    const km_json *name = s->controls ? km_json_find(s->controls, "parameter") : NULL;

    return name && name->kind == KM_JSON_STRING ? name->string : "";
}

/* "residual" and "between_trials" are the trials' and no model's. */
static bool is_of_trials(const char *name) { return strcmp(name, "residual") == 0 || strcmp(name, "between_trials") == 0; }

static bool is_level(const source *s, const char *name)
{
    size_t n = strlen(control_parameter(s));

    return n > 0 && strncmp(name, control_parameter(s), n) == 0 && name[n] == '.';
}

static km_status find_columns(const source *s, const km_study *study, const km_json *from, column *out, size_t *n, km_diag *d)
{
    km_status st = KM_OK;

    for (size_t i = 0; i < s->n_columns; i++) {
        int parameter = km_model_find_parameter(study->model, s->name[i]);
        if (parameter >= 0)
            out[(*n)++] = (column){parameter, i, 0.0};
        else if (!is_of_trials(s->name[i]) && !is_level(s, s->name[i]))
            KM_TRY(km_json_fail(from, d, "the draws are of \"%s\", which is no parameter of the model", s->name[i]));
    }
done:
    return st;
}

static char *level_names(const km_json *levels)
{
    km_text out = {0};

    for (size_t i = 0; i < levels->n; i++)
        km_text_add(&out, "%s\"%s\"", i ? ", " : "", levels->child[i].key);
    return km_text_take(&out);
}

/* The level of the control that the patients shall have: a column of its own, or the fit's number. */
static km_status find_control(const source *s, const km_study *study, const km_json *node, const km_json *from, column *out, size_t *n, km_diag *d)
{
    const km_json *wanted = NULL, *levels = s->controls ? km_json_find(s->controls, "levels") : NULL, *level;
    int parameter = km_model_find_parameter(study->model, control_parameter(s));
    char *known = levels ? level_names(levels) : NULL, *text = NULL, *name = NULL;
    column c = {parameter, 0, 0.0};
    km_status st = KM_OK;

    KM_TRY(km_json_get(node, "control", KM_JSON_STRING, &wanted, d));
    if (wanted && (levels == NULL || parameter < 0))
        KM_TRY(km_json_fail(wanted, d, "the fit has no controls; leave \"control\" out"));
    if (levels == NULL || parameter < 0)
        goto done;
    if (wanted == NULL) {
        text = km_format("the fit has a \"%s\" for each control (%s): say which with \"control\"; it is %g here", control_parameter(s), known,
                         study->parameter[parameter]);
        warn_at(from, d, text);
        goto done;
    }
    level = km_json_find(levels, wanted->string);
    if (level == NULL)
        KM_TRY(km_json_fail(wanted, d, "the fit has no control %s; it has %s", km_json_describe(wanted), known));
    name = km_format("%s.%s", control_parameter(s), wanted->string);
    while (c.from < s->n_columns && strcmp(s->name[c.from], name) != 0)
        c.from++;
    if (c.from == s->n_columns) {
        km_target target = km_target_parameter(study->model, parameter);
        KM_TRY(km_quantity_value(level, &target, &c.value, d));
    }
    out[(*n)++] = c;
done:
    free(known), free(text), free(name);
    return st;
}

/* ---- patients ---- */

/* Patient j has the draw that a random permutation sends j to, so that a few draws are of all the posterior's, whatever the
 * order they are stored in, and those of fewer patients are the first of those of more. */
static km_status give(km_study *study, const source *s, const column *columns, size_t n_columns, size_t n, uint64_t seed, const km_json *from,
                      km_diag *d)
{
    km_population *p = study->population;
    km_status st = KM_OK;

    p->n_drawn = (int)n_columns;
    p->n_draws = n;
    p->drawn = km_alloc(n_columns + 1, sizeof *p->drawn);
    memcpy(p->draws_hash, s->hash, sizeof p->draws_hash);
    KM_TRY(km_array_create(p->n * n_columns, sizeof *p->drawn_value, (void **)&p->drawn_value, d));
    for (size_t k = 0; k < n_columns; k++)
        p->drawn[k] = columns[k].parameter;
    for (size_t j = 0; j < p->n; j++) {
        size_t at = km_point_stratum(seed, dimension_of_order, (km_u32)(j % n), (km_u32)(s->n - 1));
        for (size_t k = 0; k < n_columns; k++) {
            double x = columns[k].from < s->n_columns ? draw_of(s, at, columns[k].from) : columns[k].value;
            if (!isfinite(x))
                KM_TRY(km_json_fail(from, d, "draw %zu of \"%s\" is no number", at, study->model->parameter[columns[k].parameter].name));
            p->drawn_value[j * n_columns + k] = x;
        }
    }
done:
    return st;
}

km_status km_draws_read(km_study *study, const km_json *node, km_diag *d)
{
    source s = {0};
    const km_json *from = NULL, *n = NULL, *seed, *quantiles;
    column *columns = NULL;
    size_t n_columns = 0;
    uint64_t number = 1;
    long wanted = 0;
    km_status st = KM_OK;

    KM_TRY(km_json_allow(node, block_keys, d));
    KM_TRY(km_json_need(node, "from", KM_JSON_STRING, &from, d));
    KM_TRY(open_source(&s, study, from, d));
    KM_TRY(check_model(&s, study, from, d));
    KM_TRY(check_fixed(&s, study, from, d));
    columns = km_alloc(s.n_columns + 1, sizeof *columns);
    KM_TRY(find_columns(&s, study, from, columns, &n_columns, d));
    KM_TRY(find_control(&s, study, node, from, columns, &n_columns, d));
    if (n_columns == 0)
        KM_TRY(km_json_fail(from, d, "the draws are of no parameter of the model"));
    wanted = s.n < KM_MOST_PATIENTS ? (long)s.n : (long)KM_MOST_PATIENTS;
    n = km_json_find(node, "n");
    if (n)
        KM_TRY(km_quantity_whole(n, "the number of draws", 2, wanted, &wanted, d));
    seed = km_json_find(node, "seed");
    if (seed)
        KM_TRY(km_factor_read_seed(seed, &number, d));
    quantiles = km_json_find(node, "quantiles");
    if (quantiles && study->population)
        KM_TRY(km_json_fail(quantiles, d, "the population has its \"quantiles\"; leave these out"));
    if (study->population == NULL)
        KM_TRY(km_population_of_draws(node, (size_t)wanted, &study->population, d));
    KM_TRY(give(study, &s, columns, n_columns, (size_t)wanted, number, from, d));
done:
    clear_source(&s);
    free(columns);
    return st;
}
