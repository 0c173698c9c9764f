#include "study/estimation.h"

#include "base/memory.h"
#include "study/factor.h"
#include "study/quantity.h"

#include <stdlib.h>
#include <string.h>

static const char *const estimation_keys[] = {"seed", "optimise", "smc", "ensemble", "compare", NULL};
static const char *const optimise_keys[] = {"runs", "evaluations", NULL};
static const char *const smc_keys[] = {"particles", "islands", NULL};
static const char *const ensemble_keys[] = {"walkers", "steps", NULL};

void km_estimation_clear(km_estimation *e)
{
    for (int i = 0; i < e->n_compare; i++)
        free(e->compare[i]);
    free(e->compare);
    memset(e, 0, sizeof *e);
}

/* Two whole numbers of the member `key`, if it is there. */
static km_status read_counts(const km_json *block, const char *key, const char *const *keys, long *const *out, const long *low,
                             const long *high, const km_json **node, km_diag *d)
{
    km_status st = KM_OK;

    *node = NULL;
    KM_TRY(km_json_get(block, key, KM_JSON_OBJECT, node, d));
    if (*node == NULL)
        return KM_OK;
    KM_TRY(km_json_allow(*node, keys, d));
    for (int i = 0; keys[i]; i++) {
        const km_json *child = km_json_find(*node, keys[i]);
        char *what = km_format("\"%s\"", keys[i]);
        st = child ? km_quantity_whole(child, what, low[i], high[i], out[i], d) : KM_OK;
        free(what);
        KM_TRY(st);
    }
done:
    return st;
}

km_status km_estimation_read(const km_model *model, const km_json *block, long dim, km_estimation *e, km_diag *d)
{
    const km_json *node = NULL, *compare = NULL;
    km_status st = KM_OK;

    *e = (km_estimation){.seed = 1, .runs = 8, .evaluations = 4000, .particles = 1000, .islands = 8};
    if (block == NULL)
        return KM_OK;
    KM_TRY(km_json_allow(block, estimation_keys, d));
    if (km_json_find(block, "seed"))
        KM_TRY(km_factor_read_seed(km_json_find(block, "seed"), &e->seed, d));
    KM_TRY(read_counts(block, "optimise", optimise_keys, (long *[]){&e->runs, &e->evaluations}, (long[]){1, 10}, (long[]){256, 10000000},
                       &node, d));
    KM_TRY(read_counts(block, "smc", smc_keys, (long *[]){&e->particles, &e->islands}, (long[]){16, 2}, (long[]){1000000, 64}, &node, d));
    if (e->particles % e->islands != 0)
        KM_TRY(km_json_fail(node ? node : block, d, "\"particles\" must be a multiple of \"islands\" (%ld), got %ld", e->islands, e->particles));
    if (km_json_find(block, "ensemble"))
        e->walkers = 4 * dim + 4, e->steps = 500;
    KM_TRY(read_counts(block, "ensemble", ensemble_keys, (long *[]){&e->walkers, &e->steps}, (long[]){2 * dim + 2, 16},
                       (long[]){100000, 1000000}, &node, d));
    if (e->walkers % 2)
        KM_TRY(km_json_fail(node, d, "\"walkers\" are moved by halves, so that their number is even, got %ld", e->walkers));
    KM_TRY(km_json_get(block, "compare", KM_JSON_ARRAY, &compare, d));
    for (size_t i = 0; compare && i < compare->n; i++) {
        const km_json *one = &compare->child[i];
        if (one->kind != KM_JSON_STRING || km_model_find_variant(model, one->string) < 0)
            KM_TRY(km_json_fail(one, d, "expected the name of a variant of the model, got %s", km_json_describe(one)));
        KM_PUSH(e->compare, e->n_compare);
        e->compare[e->n_compare++] = km_strdup(one->string);
    }
done:
    return st;
}
