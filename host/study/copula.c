#include "study/copula.h"

#include "base/memory.h"
#include "base/text.h"
#include "model/correlation.h"
#include "study/law.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void km_copula_destroy(km_copula *c)
{
    if (c == NULL)
        return;
    free(c->weight), free(c->text);
    free(c);
}

/* ---- rows ---- */

double km_copula_weight(const km_copula *c, int j, int i) { return c->weight[(size_t)j * (size_t)c->n + (size_t)i]; }

bool km_copula_is_mixed(const km_copula *c, int j)
{
    for (int i = 0; c && i < j; i++)
        if (km_copula_weight(c, j, i) != 0.0)
            return true;
    return false;
}

double km_copula_coordinate(const km_copula *c, int j, const double *unit)
{
    double z = 0.0;

    for (int i = 0; i <= j; i++)
        if (km_copula_weight(c, j, i) != 0.0)
            z += km_copula_weight(c, j, i) * km_normal_quantile(unit[i]);
    return fmin(fmax(0.5 * erfc(-z * sqrt(0.5)), 0x1p-33), 1.0 - 0x1p-33);
}

void km_copula_apply(const km_copula *c, double *unit)
{
    for (int j = c ? c->n - 1 : 0; j > 0; j--) /* what comes before j is untouched yet */
        if (km_copula_is_mixed(c, j))
            unit[j] = km_copula_coordinate(c, j, unit);
}

void km_copula_mix(const km_copula *c, const double *z, double *out)
{
    for (int j = 0; j < c->n; j++) {
        out[j] = 0.0;
        for (int i = 0; i <= j; i++)
            out[j] += km_copula_weight(c, j, i) * z[i];
    }
}

void km_copula_unmix(const km_copula *c, double *score)
{
    for (int j = 0; j < c->n; j++) {
        for (int i = 0; i < j; i++)
            score[j] -= km_copula_weight(c, j, i) * score[i];
        score[j] /= km_copula_weight(c, j, j);
    }
}

/* ---- reading ---- */

km_status km_copula_find(const char *const *name, int n, const char *what, const km_json *node, int *out, km_diag *d)
{
    const char *nearest;

    if (node->kind != KM_JSON_STRING)
        return km_json_fail(node, d, "expected the name of a %s, got %s", what, km_json_describe(node));
    for (*out = 0; *out < n; (*out)++)
        if (strcmp(name[*out], node->string) == 0)
            return KM_OK;
    nearest = km_text_nearest(node->string, name, (size_t)n);
    if (nearest)
        return km_json_fail(node, d, "no %s is named \"%s\"; did you mean \"%s\"?", what, node->string, nearest);
    return km_json_fail(node, d, "no %s is named \"%s\"; only what is varied can be named here", what, node->string);
}

static km_status find_factor(void *context, const km_json *name, int *out, km_diag *d)
{
    const km_copula_factors *f = context;

    return km_copula_find(f->name, f->n, f->what, name, out, d);
}

static const char *factor_name(const void *context, int i) { return ((const km_copula_factors *)context)->name[i]; }

/* The model's pairs whose parameters are both drawn; the others are left out, which changes nothing for these. */
static km_status take_model(const km_model *model, const km_copula_factors *f, double *matrix, km_diag *d)
{
    km_status st = KM_OK;

    for (int i = 0; i < f->n; i++)
        matrix[(size_t)i * (size_t)f->n + (size_t)i] = 1.0;
    for (int k = 0; k < model->n_correlations; k++) {
        const km_correlation *c = &model->correlation[k];
        int a = f->of_parameter[c->a], b = f->of_parameter[c->b];
        if (a < 0 || b < 0 || a == b || c->r == 0.0)
            continue;
        if (f->unfit[a] || f->unfit[b])
            KM_TRY(km_json_fail(f->place, d, "the model correlates \"%s\" and \"%s\", and %s; \"correlation\": [] here leaves the model's "
                                             "correlations out", model->parameter[c->a].name, model->parameter[c->b].name,
                                f->unfit[a] ? f->unfit[a] : f->unfit[b]));
        matrix[(size_t)a * (size_t)f->n + (size_t)b] = matrix[(size_t)b * (size_t)f->n + (size_t)a] = c->r;
    }
done:
    return st;
}

/* NULL where no pair is correlated. Caller frees. */
static char *describe(const double *matrix, const km_copula_factors *f)
{
    km_text out = {0};

    for (int a = 0; a < f->n; a++)
        for (int b = a + 1; b < f->n; b++) {
            double r = matrix[(size_t)a * (size_t)f->n + (size_t)b];
            char *number = km_format("%.15g", r);
            if (km_text_number(number, NULL) != r) {
                free(number);
                number = km_format("%.17g", r);
            }
            if (r != 0.0)
                km_text_add(&out, "%s[\"%s\", \"%s\", %s]", out.size ? ", " : "[", f->name[a], f->name[b], number);
            free(number);
        }
    if (out.size == 0)
        return NULL;
    km_text_add(&out, "]");
    return km_text_take(&out);
}

km_status km_copula_read(const km_model *model, const km_json *block, const km_copula_factors *f, km_copula **out, km_diag *d)
{
    const km_correlated of = {f->what, (size_t)f->n, (void *)(uintptr_t)f, find_factor, factor_name};
    km_copula *c = km_alloc(1, sizeof *c);
    const km_json *list = NULL;
    km_status st = KM_OK;

    *out = NULL;
    if (block)
        KM_TRY(km_json_get(block, "correlation", KM_JSON_ARRAY, &list, d));
    c->n = f->n;
    c->of_model = list == NULL;
    if (list ? list->n == 0 : model->n_correlations == 0)
        goto done;
    KM_TRY(km_array_create(of.n * of.n, sizeof *c->weight, (void **)&c->weight, d));
    KM_TRY(list ? km_correlation_read(list, &of, c->weight, d) : take_model(model, f, c->weight, d));
    c->text = describe(c->weight, f);
    if (c->text == NULL)
        goto done;
    KM_TRY(km_correlation_factor(c->weight, &of, list ? list : f->place, d));
    *out = c;
    c = NULL;
done:
    km_copula_destroy(c);
    return st;
}
