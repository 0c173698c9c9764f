/* "correlation": how the typical values of parameters hang together. */
#include "model/reader.h"

#include "base/memory.h"
#include "model/correlation.h"

#include <stdlib.h>
#include <string.h>

/* The parameters that the list names, in the order that it does. */
typedef struct named {
    const km_model *model;
    int n;
    int *parameter;
} named;

static km_status find_parameter(void *context, const km_json *name, int *out, km_diag *d)
{
    named *all = context;
    const km_parameter *p;
    const char *nearest;
    int index;

    if (name->kind != KM_JSON_STRING)
        return km_json_fail(name, d, "expected the name of a parameter, got %s", km_json_describe(name));
    index = km_model_find_parameter(all->model, name->string);
    if (index < 0) {
        nearest = km_model_nearest(all->model, 'p', name->string);
        return km_json_fail(name, d, "unknown parameter \"%s\"%s%s%s", name->string, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                            nearest ? "\"?" : "");
    }
    p = &all->model->parameter[index];
    if (!p->has_range)
        return km_json_fail(name, d, "the parameter \"%s\" has no \"range\", so that there is no law of it to correlate", p->name);
    if (p->uncertainty && (strcmp(p->uncertainty, "categorical") == 0 || strcmp(p->uncertainty, "switch") == 0))
        return km_json_fail(name, d, "the law of \"%s\" is %s, which has no normal score to correlate", p->name, p->uncertainty);
    for (*out = 0; *out < all->n && all->parameter[*out] != index; (*out)++)
        ;
    if (*out == all->n)
        all->parameter[all->n++] = index;
    return KM_OK;
}

static const char *name_of(const void *context, int i)
{
    const named *all = context;

    return all->model->parameter[all->parameter[i]].name;
}

km_status km_read_correlation(km_reader *r)
{
    named all = {.model = r->m};
    km_correlated of = {.what = "parameter", .context = &all, .find = find_parameter, .name = name_of};
    double *matrix = NULL;
    const km_json *list;
    km_status st = KM_OK;

    KM_TRY(km_reader_section(r, "correlation", KM_JSON_ARRAY, &list));
    if (list == NULL)
        goto done;
    of.n = 2 * list->n < (size_t)r->m->n_parameters ? 2 * list->n : (size_t)r->m->n_parameters;
    all.parameter = km_alloc(of.n + 1, sizeof *all.parameter);
    KM_TRY(km_array_create(of.n * of.n, sizeof *matrix, (void **)&matrix, r->d));
    KM_TRY(km_correlation_read(list, &of, matrix, r->d));
    for (int a = 0; a < all.n; a++)
        for (int b = a + 1; b < all.n; b++) {
            double one = matrix[(size_t)a * of.n + (size_t)b];
            if (one == 0.0)
                continue;
            KM_PUSH(r->m->correlation, r->m->n_correlations);
            r->m->correlation[r->m->n_correlations++] = (km_correlation){all.parameter[a], all.parameter[b], one};
        }
done:
    free(matrix), free(all.parameter);
    return st;
}
