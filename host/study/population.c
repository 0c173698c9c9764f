#include "study/population.h"

#include "base/memory.h"
#include "points.h"
#include "model/correlation.h"
#include "study/factor.h"
#include "study/joe_kuo.h"
#include "study/quantity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const population_keys[] = {"n", "stream", "seed", "of", "correlation", "quantiles", NULL};
static const char *const trait_keys[] = {"law", "cv", "sd", "range", NULL};
static const double default_quantiles[] = {0.05, 0.5, 0.95};

void km_population_destroy(km_population *p)
{
    if (p == NULL)
        return;
    free(p->trait), free(p->cholesky), free(p->score), free(p->drawn), free(p->drawn_value);
    free(p);
}

int km_population_find(const km_population *p, int parameter)
{
    for (int i = 0; p && i < p->n_traits; i++)
        if (p->trait[i].parameter == parameter)
            return i;
    return -1;
}

int km_population_find_drawn(const km_population *p, int parameter)
{
    for (int i = 0; p && i < p->n_drawn; i++)
        if (p->drawn[i] == parameter)
            return i;
    return -1;
}

/* ---- values ---- */

static double straighten(km_law_kind kind, double x)
{
    return kind == KM_LAW_LOGNORMAL ? log(x) : kind == KM_LAW_LOGIT_NORMAL ? log(x / (1.0 - x)) : x;
}

static double bend(km_law_kind kind, double y)
{
    return kind == KM_LAW_LOGNORMAL ? exp(y) : kind == KM_LAW_LOGIT_NORMAL ? 1.0 / (1.0 + exp(-y)) : y;
}

static double below(double z) { return 0.5 * erfc(-z * sqrt(0.5)); }

/* The score that has as much of the normal between a and b below it as `score` has of the whole one. In the upper tail
 * everything is turned over, so that shares keep their digits. */
static double cut_score(double a, double b, double score)
{
    double side = a > 0.0 ? -1.0 : 1.0, low = side > 0.0 ? a : -b, high = side > 0.0 ? b : -a;
    double share = below(low) + below(side * score) * (below(high) - below(low));

    if (!(share > 0.0 && share < 1.0)) /* the range lies where nothing is */
        return side * (fabs(low) < fabs(high) ? low : high);
    return side * km_normal_quantile(share);
}

double km_trait_value(const km_trait *t, double typical, double score)
{
    double centre, x;

    if ((t->kind == KM_LAW_LOGNORMAL && !(typical > 0.0)) || (t->kind == KM_LAW_LOGIT_NORMAL && !(typical > 0.0 && typical < 1.0)))
        return (double)NAN;
    centre = straighten(t->kind, typical);
    if (!t->bounded)
        return bend(t->kind, centre + t->sd * score);
    score = cut_score((straighten(t->kind, t->low) - centre) / t->sd, (straighten(t->kind, t->high) - centre) / t->sd, score);
    x = bend(t->kind, centre + t->sd * score);
    return fmin(fmax(x, t->low), t->high);
}

/* ---- patients of a study ---- */

static int slot_of(km_study *study, int parameter)
{
    int s = 0;

    while (s < study->n_slots && (study->slot[s].field != KM_FIELD_PARAMETER || study->slot[s].index != parameter))
        s++;
    if (s == study->n_slots) {
        study->slot = km_realloc(study->slot, (size_t)s + 1, sizeof *study->slot);
        study->slot[study->n_slots++] = (km_slot){.field = KM_FIELD_PARAMETER, .index = parameter};
    }
    return s;
}

void km_population_take_slots(km_study *study)
{
    const km_population *p = study->population;

    study->trait_slot = km_alloc((size_t)p->n_traits + 1, sizeof *study->trait_slot);
    for (int i = 0; i < p->n_traits; i++)
        study->trait_slot[i] = slot_of(study, p->trait[i].parameter);
    study->drawn_slot = km_alloc((size_t)p->n_drawn + 1, sizeof *study->drawn_slot);
    for (int i = 0; i < p->n_drawn; i++)
        study->drawn_slot[i] = slot_of(study, p->drawn[i]);
}

void km_population_patient(const km_study *study, size_t patient, double *row)
{
    const km_population *p = study->population;

    for (int i = 0; i < p->n_drawn; i++)
        row[study->drawn_slot[i]] = p->drawn_value[patient * (size_t)p->n_drawn + (size_t)i];
    for (int i = 0; i < p->n_traits; i++) {
        double *value = &row[study->trait_slot[i]];
        *value = km_trait_value(&p->trait[i], *value, p->score[patient * (size_t)p->n_scores + (size_t)i]);
    }
}

/* ---- scores ---- */

static double independent_score(const km_population *p, const uint32_t *direction, int trait, size_t patient)
{
    uint32_t word = p->quasi ? km_point_sobol(direction, p->seed, (uint32_t)trait, (uint32_t)patient)
                             : km_draw(p->seed, KM_STREAM_PATIENT, (uint32_t)trait, (uint32_t)patient).x[0];

    return km_normal_quantile(((double)word + 0.5) * 0x1p-32);
}

static km_status make_scores(km_population *p, km_diag *d)
{
    size_t k = (size_t)p->n_traits, all = (size_t)p->n_scores;
    double *own = km_alloc(all + 1, sizeof *own);
    uint32_t (*direction)[32] = km_alloc(all + 1, sizeof *direction);
    km_status st = KM_OK;

    KM_TRY(km_array_create(p->n * all, sizeof *p->score, (void **)&p->score, d));
    for (int i = 0; i < p->n_scores; i++)
        km_joe_kuo_directions(i, direction[i]);
    for (size_t j = 0; j < p->n; j++) {
        for (int i = 0; i < p->n_scores; i++)
            own[i] = independent_score(p, direction[i], i, j);
        for (size_t i = 0; i < k; i++)
            for (size_t m = 0; m <= i; m++)
                p->score[j * all + i] += p->cholesky[i * k + m] * own[m];
        for (size_t i = k; i < all; i++)
            p->score[j * all + i] = own[i];
    }
done:
    free(own), free(direction);
    return st;
}

/* ---- reading ---- */

static km_status read_law(const km_json *node, km_trait *t, km_diag *d)
{
    static const struct {
        const char *name;
        km_law_kind kind;
    } laws[] = {{"normal", KM_LAW_NORMAL}, {"lognormal", KM_LAW_LOGNORMAL}, {"logit-normal", KM_LAW_LOGIT_NORMAL}};
    const km_json *law = NULL, *cv = km_json_find(node, "cv"), *sd = km_json_find(node, "sd");
    km_status st = KM_OK;
    size_t i = 0;

    KM_TRY(km_json_get(node, "law", KM_JSON_STRING, &law, d));
    t->kind = cv ? KM_LAW_LOGNORMAL : KM_LAW_NORMAL;
    if (law) {
        while (i < 3 && strcmp(laws[i].name, law->string) != 0)
            i++;
        if (i == 3)
            KM_TRY(km_json_fail(law, d, "patients follow the law \"normal\", \"lognormal\" or \"logit-normal\", got %s",
                                km_json_describe(law)));
        t->kind = laws[i].kind;
    }
    if (t->kind == KM_LAW_LOGNORMAL && (cv == NULL || sd))
        KM_TRY(km_json_fail(sd ? sd : node, d, "the spread of a lognormal law between patients is its \"cv\""));
    if (t->kind != KM_LAW_LOGNORMAL && (sd == NULL || cv))
        KM_TRY(km_json_fail(cv ? cv : node, d, "the spread of a %s law between patients is its \"sd\"%s",
                            t->kind == KM_LAW_NORMAL ? "normal" : "logit-normal", cv || law ? "" : "; that of a lognormal one its \"cv\""));
done:
    return st;
}

static km_status read_spread(const km_model *model, const km_json *node, km_trait *t, km_diag *d)
{
    const km_json *spread = km_json_find(node, t->kind == KM_LAW_LOGNORMAL ? "cv" : "sd");
    km_target target = km_target_parameter(model, t->parameter);
    km_status st = KM_OK;

    if (t->kind == KM_LAW_NORMAL)
        KM_TRY(km_quantity_value(spread, &target, &t->sd, d));
    else
        KM_TRY(km_json_get_number(node, spread->key, &t->sd, d));
    if (!(t->sd > 0.0))
        KM_TRY(km_json_fail(spread, d, "\"%s\" must be larger than 0, got %s", spread->key, km_json_describe(spread)));
    if (t->kind == KM_LAW_LOGNORMAL)
        t->sd = sqrt(log1p(t->sd * t->sd));
done:
    return st;
}

static km_status read_range(const km_model *model, const km_json *node, km_trait *t, km_diag *d)
{
    km_target target = km_target_parameter(model, t->parameter);
    const km_json *range = NULL;
    km_status st = KM_OK;

    KM_TRY(km_json_get(node, "range", KM_JSON_ARRAY, &range, d));
    if (range == NULL)
        goto done;
    if (range->n != 2)
        KM_TRY(km_json_fail(range, d, "expected [low, high], got %s of another length", km_json_describe(range)));
    KM_TRY(km_quantity_value(&range->child[0], &target, &t->low, d));
    KM_TRY(km_quantity_value(&range->child[1], &target, &t->high, d));
    t->bounded = true;
    if (!(t->low < t->high))
        KM_TRY(km_json_fail(&range->child[1], d, "expected a number larger than %g, got %s", t->low, km_json_describe(&range->child[1])));
    if (t->kind == KM_LAW_LOGNORMAL && t->low < 0.0)
        KM_TRY(km_json_fail(&range->child[0], d, "a lognormal law lies above 0, got %g", t->low));
    if (t->kind == KM_LAW_LOGIT_NORMAL && (t->low < 0.0 || t->high > 1.0))
        KM_TRY(km_json_fail(range, d, "a logit-normal law lies within 0 and 1, got [%g, %g]", t->low, t->high));
done:
    return st;
}

/* `node`: what the block says of the parameter, or the model's own "variability". */
static km_status add_trait(km_population *p, const km_model *model, int parameter, const km_json *node, km_diag *d)
{
    const km_parameter *q = &model->parameter[parameter];
    const km_json *own = q->place ? km_json_find(q->place, "variability") : NULL;
    km_trait t = {.parameter = parameter};
    km_status st = KM_OK;

    KM_TRY(km_json_allow(node, trait_keys, d));
    if (node->n == 0 && own == NULL)
        KM_TRY(km_json_fail(node, d, "the model says nothing of how \"%s\" differs between patients; give its \"cv\" or \"sd\"", q->name));
    if (node->n == 0)
        node = own;
    KM_TRY(read_law(node, &t, d));
    KM_TRY(read_spread(model, node, &t, d));
    KM_TRY(read_range(model, node, &t, d));
    if (p->n_traits == KM_JOE_KUO_DIMENSIONS - KM_MOST_OWN_SCORES)
        KM_TRY(km_json_fail(node, d, "at most %d parameters differ between patients",
                            (int)(KM_JOE_KUO_DIMENSIONS - KM_MOST_OWN_SCORES)));
    KM_PUSH(p->trait, p->n_traits);
    p->trait[p->n_traits++] = t;
done:
    return st;
}

static km_status find_parameter(const km_model *model, const km_json *place, const char *name, int *out, km_diag *d)
{
    const char *nearest;

    *out = km_model_find_parameter(model, name);
    if (*out >= 0)
        return KM_OK;
    nearest = km_model_nearest(model, 'p', name);
    return km_json_fail(place, d, "the model has no parameter \"%s\"%s%s%s", name, nearest ? "; did you mean \"" : "",
                        nearest ? nearest : "", nearest ? "\"?" : "");
}

static km_status read_traits(km_population *p, const km_model *model, const km_json *node, km_diag *d)
{
    const km_json *of = NULL;
    km_status st = KM_OK;
    int parameter = 0;

    KM_TRY(km_json_get(node, "of", KM_JSON_OBJECT, &of, d));
    for (size_t i = 0; of && i < of->n; i++) {
        KM_TRY(find_parameter(model, &of->child[i], of->child[i].key, &parameter, d));
        KM_TRY(add_trait(p, model, parameter, &of->child[i], d));
    }
    for (parameter = 0; of == NULL && parameter < model->n_parameters; parameter++) {
        const km_parameter *q = &model->parameter[parameter];
        const km_json *own = q->place ? km_json_find(q->place, "variability") : NULL;
        if (own)
            KM_TRY(add_trait(p, model, parameter, own, d));
    }
    if (p->n_traits == 0)
        KM_TRY(km_json_fail(of ? of : node, d, "nothing differs between patients: %s",
                            of ? "name a parameter such as \"CL\": {\"cv\": 0.3}"
                               : "no parameter of the model has a \"variability\"; give \"of\": {\"CL\": {\"cv\": 0.3}}"));
done:
    return st;
}

/* Traits, to the reader of correlations. */
typedef struct traits {
    const km_population *population;
    const km_model *model;
} traits;

static km_status find_trait(void *context, const km_json *name, int *out, km_diag *d)
{
    const traits *t = context;
    int parameter = -1;
    km_status st = KM_OK;

    if (name->kind != KM_JSON_STRING)
        KM_TRY(km_json_fail(name, d, "expected the name of a parameter, got %s", km_json_describe(name)));
    KM_TRY(find_parameter(t->model, name, name->string, &parameter, d));
    *out = km_population_find(t->population, parameter);
    if (*out < 0)
        KM_TRY(km_json_fail(name, d, "\"%s\" does not differ between patients; name it in \"of\"", name->string));
done:
    return st;
}

static const char *trait_name(const void *context, int i)
{
    const traits *t = context;

    return t->model->parameter[t->population->trait[i].parameter].name;
}

static km_status read_correlation(km_population *p, const km_model *model, const km_json *node, km_diag *d)
{
    traits context = {p, model};
    const km_correlated of = {"parameter", (size_t)p->n_traits, &context, find_trait, trait_name};
    const km_json *list = NULL;
    km_status st = KM_OK;

    p->cholesky = km_alloc(of.n * of.n + 1, sizeof *p->cholesky);
    KM_TRY(km_json_get(node, "correlation", KM_JSON_ARRAY, &list, d));
    KM_TRY(km_correlation_read(list, &of, p->cholesky, d));
    KM_TRY(km_correlation_factor(p->cholesky, &of, list, d));
done:
    return st;
}

static km_status read_quantiles(km_population *p, const km_json *node, km_diag *d)
{
    const km_json *list = NULL;
    km_status st = KM_OK;

    memcpy(p->quantile, default_quantiles, sizeof default_quantiles);
    p->n_quantiles = sizeof default_quantiles / sizeof *default_quantiles;
    KM_TRY(km_json_get(node, "quantiles", KM_JSON_ARRAY, &list, d));
    if (list == NULL)
        goto done;
    if (list->n > KM_MOST_QUANTILES)
        KM_TRY(km_json_fail(list, d, "at most %d quantiles, got %zu", (int)KM_MOST_QUANTILES, list->n));
    p->n_quantiles = (int)list->n;
    for (size_t i = 0; i < list->n; i++) {
        const km_json *one = &list->child[i];
        if (one->kind != KM_JSON_NUMBER || !(one->number > 0.0 && one->number < 1.0))
            KM_TRY(km_json_fail(one, d, "a quantile is a share between 0 and 1, got %s", km_json_describe(one)));
        if (i > 0 && !(one->number > p->quantile[i - 1]))
            KM_TRY(km_json_fail(one, d, "quantiles ascend, got %g after %g", one->number, p->quantile[i - 1]));
        p->quantile[i] = one->number;
    }
done:
    return st;
}

km_status km_population_read(const km_model *model, const km_json *node, int n_own, km_population **out, km_diag *d)
{
    km_population *p = km_alloc(1, sizeof *p);
    const km_json *n = NULL, *stream = NULL, *seed;
    long count = 0;
    km_status st = KM_OK;

    *out = NULL;
    KM_TRY(km_json_allow(node, population_keys, d));
    KM_TRY(km_json_need(node, "n", KM_JSON_NUMBER, &n, d));
    KM_TRY(km_quantity_whole(n, "the number of patients", 2, KM_MOST_PATIENTS, &count, d));
    p->n = (size_t)count;
    p->seed = 1;
    p->quasi = true;
    KM_TRY(km_json_get(node, "stream", KM_JSON_STRING, &stream, d));
    if (stream && strcmp(stream->string, "sobol") != 0 && strcmp(stream->string, "random") != 0)
        KM_TRY(km_json_fail(stream, d, "patients are drawn from the stream \"sobol\" or \"random\", got %s", km_json_describe(stream)));
    p->quasi = stream == NULL || strcmp(stream->string, "sobol") == 0;
    seed = km_json_find(node, "seed");
    if (seed)
        KM_TRY(km_factor_read_seed(seed, &p->seed, d));
    KM_TRY(read_traits(p, model, node, d));
    KM_TRY(read_correlation(p, model, node, d));
    KM_TRY(read_quantiles(p, node, d));
    p->n_scores = p->n_traits + n_own;
    KM_TRY(make_scores(p, d));
    *out = p;
    p = NULL;
done:
    km_population_destroy(p);
    return st;
}

km_status km_population_of_draws(const km_json *node, size_t n, km_population **out, km_diag *d)
{
    km_population *p = km_alloc(1, sizeof *p);
    km_status st = KM_OK;

    *out = NULL;
    p->n = n;
    KM_TRY(read_quantiles(p, node, d));
    *out = p;
    p = NULL;
done:
    km_population_destroy(p);
    return st;
}
