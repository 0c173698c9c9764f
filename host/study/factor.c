#include "study/factor.h"

#include "base/memory.h"
#include "study/axis.h"
#include "study/copula.h"
#include "study/design.h"
#include "study/joe_kuo.h"
#include "study/regimen.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const long most_points = 4294967296; /* 2^32: an index is a word */
static const char *const draw_keys[] = {"n", "seed", "factors", "correlation", NULL};
static const char *const factor_keys[] = {"name", "of", "about", "linear", "log", "values", "law", "range", "mean", "sd", "cv", NULL};

km_status km_factor_read_seed(const km_json *node, uint64_t *out, km_diag *d)
{
    const char *text = node->kind == KM_JSON_STRING ? node->string : "";

    errno = 0;
    *out = strtoull(text, NULL, 10);
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0' || errno != 0)
        return km_json_fail(node, d, "a seed is a string of digits, \"0\" to \"18446744073709551615\", got %s",
                            km_json_describe(node));
    return KM_OK;
}

/* [low, high], in the unit of the first; of an axis their number follows. */
static km_status read_bounds(km_factor *f, const km_target *target, const km_json *node, bool *per_kg, km_diag *d)
{
    km_coordinates c = {.what = "factor", .target = target};
    bool logarithmic = f->law.kind == KM_LAW_LOG_UNIFORM;
    km_status st = KM_OK;

    KM_TRY(km_coordinate_read(&c, &node->child[0], &f->law.low, d));
    KM_TRY(km_coordinate_read(&c, &node->child[1], &f->law.high, d));
    if (logarithmic && f->law.low <= 0.0)
        KM_TRY(km_json_fail(&node->child[0], d, "a logarithmic factor starts above 0, got %s",
                            km_json_describe(&node->child[0])));
    if (!(f->law.low < f->law.high))
        KM_TRY(km_json_fail(&node->child[1], d, "expected a number larger than %g, got %s", f->law.low,
                            km_json_describe(&node->child[1])));
    if (!isfinite(f->law.high - f->law.low) || (logarithmic && !isfinite(f->law.high / f->law.low)) ||
        !isfinite(f->law.low * c.factor) || !isfinite(f->law.high * c.factor))
        KM_TRY(km_json_fail(node, d, "the span from %g to %g is too large", f->law.low, f->law.high));
    f->factor = c.factor;
    f->unit = c.unit;
    c.unit = NULL; /* handed over */
    *per_kg = c.per_kg;

done:
    free(c.unit);
    return st;
}

/* [a, b, ...]: one of them, each as likely as the next. */
static km_status read_choice(km_factor *f, const km_target *target, const km_json *node, bool *per_kg, km_diag *d)
{
    km_coordinates c = {.what = "factor", .target = target};
    km_status st = KM_OK;

    if (node->kind != KM_JSON_ARRAY || node->n < 2 || node->n > 1000)
        KM_TRY(km_json_fail(node, d, "expected a list of 2 to 1000 values, got %s", km_json_describe(node)));
    f->choice = km_alloc(node->n, sizeof *f->choice);
    for (size_t i = 0; i < node->n; i++) {
        KM_TRY(km_coordinate_read(&c, &node->child[i], &f->choice[i], d));
        f->law.low = i ? fmin(f->law.low, f->choice[i]) : f->choice[i];
        f->law.high = i ? fmax(f->law.high, f->choice[i]) : f->choice[i];
    }
    f->law.kind = KM_LAW_CHOICE;
    f->law.choice = f->choice;
    f->law.n_choices = (int)node->n;
    f->factor = c.factor;
    f->unit = c.unit;
    c.unit = NULL; /* handed over */
    *per_kg = c.per_kg;

done:
    free(c.unit);
    return st;
}

km_status km_factor_override_law(const km_target *target, const km_json *node, km_parameter *p, km_diag *d)
{
    const km_json *law = NULL, *range = NULL, *spread;
    km_status st = KM_OK;

    KM_TRY(km_json_get(node, "law", KM_JSON_STRING, &law, d));
    KM_TRY(km_json_get(node, "range", KM_JSON_ARRAY, &range, d));
    if (law && !km_law_is_name(law->string))
        KM_TRY(km_json_fail(law, d, "expected \"uniform\", \"log-uniform\", \"normal\", \"lognormal\" or \"logit-normal\", got %s",
                            km_json_describe(law)));
    if (law) {
        p->uncertainty = (char *)(uintptr_t)law->string; /* read only */
        p->mean = p->sd = p->cv = (double)NAN; /* those of another law */
    }
    if (range && range->n != 2)
        KM_TRY(km_json_fail(range, d, "expected [low, high], got %s of another length", km_json_describe(range)));
    if (range) {
        KM_TRY(km_quantity_value(&range->child[0], target, &p->low, d));
        KM_TRY(km_quantity_value(&range->child[1], target, &p->high, d));
        p->has_range = true;
        if (!(p->low < p->high))
            KM_TRY(km_json_fail(&range->child[1], d, "expected a number larger than %g, got %s", p->low,
                                km_json_describe(&range->child[1])));
    }
    KM_TRY(km_json_get_number(node, "mean", &p->mean, d));
    KM_TRY(km_json_get_number(node, "sd", &p->sd, d));
    KM_TRY(km_json_get_number(node, "cv", &p->cv, d));
    for (int i = 0; i < 2; i++) {
        spread = km_json_find(node, i ? "cv" : "sd");
        if (spread && !(spread->number > 0.0))
            KM_TRY(km_json_fail(spread, d, "\"%s\" must be larger than 0, got %s", spread->key, km_json_describe(spread)));
    }
done:
    return st;
}

/* The parameter's own law, in its own unit, or what `node` (an object, or NULL) says of it. */
static km_status take_law(const km_study *study, km_factor *f, const km_slot *slot, const km_json *node, const km_json *place,
                          km_diag *d)
{
    km_parameter p;
    const char *why = NULL;
    km_status st = KM_OK;

    if (slot->field != KM_FIELD_PARAMETER)
        return km_json_fail(place, d, "a field of the regimen has no law of its own; give \"linear\" or \"log\": [low, high]");
    p = study->model->parameter[slot->index];
    if (node && node->kind == KM_JSON_OBJECT) {
        km_target target = km_target_slot(study->model, slot);
        KM_TRY(km_factor_override_law(&target, node, &p, d));
    }
    if (!p.has_range)
        return km_json_fail(place, d, "the parameter \"%s\" has no \"range\" in the model; give \"linear\" or \"log\": [low, high]",
                            p.name);
    if (!km_law_of_parameter(&p, &f->law, &why))
        return km_json_fail(place, d, "the law of \"%s\", %s, cannot be drawn from: %s; give \"linear\" or \"log\": [low, high]",
                            p.name, p.uncertainty, why);
    f->factor = 1.0;
    f->unit = km_strdup(p.unit);
done:
    return st;
}

static km_status check_bounds(const km_study *study, const km_factor *f, const km_slot *slot, const km_json *bounds, km_diag *d)
{
    size_t n = f->choice ? (size_t)f->law.n_choices : 2;
    km_status st = KM_OK;
    bool in_range = true;

    for (size_t i = 0; i < n; i++) {
        km_place place = {.node = &bounds->child[i]};
        double value = (f->choice ? f->choice[i] : i == 0 ? f->law.low : f->law.high) * f->factor;

        if (slot->field != KM_FIELD_PARAMETER)
            KM_TRY(km_regimen_check_value(slot->field, value, &place, d));
        else if (in_range) /* one warning a factor */
            in_range = km_slot_in_range(study, slot, value, &place, d);
    }
done:
    return st;
}

/* The factor's slot and the numbers of its dimension; takes the factor. */
static km_status add_factor(km_study *study, km_factor *f, const km_slot *slot, const km_json *place, km_diag *d)
{
    km_status st = KM_OK;

    if (study->n_factors == KM_JOE_KUO_DIMENSIONS)
        KM_TRY(km_json_fail(place, d, "a design has at most %d factors", (int)KM_JOE_KUO_DIMENSIONS));
    KM_TRY(km_design_add_slot(study, slot, place, &f->slot, d));
    f->low = f->law.low;
    f->high = f->law.high;
    f->dimension = study->n_factors;
    if (study->design == KM_DESIGN_SOBOL)
        km_joe_kuo_directions(f->dimension, f->direction);
    KM_PUSH(study->factor, study->n_factors);
    study->factor[study->n_factors++] = *f;
    memset(f, 0, sizeof *f);
done:
    return st;
}

km_status km_factor_add(km_study *study, const km_factor_words *w, km_diag *d)
{
    km_factor f = {0};
    km_place place = {.node = w->of};
    km_target target;
    km_slot slot;
    bool per_kg = false;
    km_status st = KM_OK;

    f.of = km_strdup(w->of->string);
    f.about = w->about ? km_strdup(w->about) : NULL;
    f.name = w->name ? km_strdup(w->name->string) : km_design_word(w->of->string);
    KM_TRY(km_design_check_name(study, "factor", f.name, f.of, w->name ? w->name : w->of, d));
    KM_TRY(km_slot_find(study, w->of->string, &place, &slot, d));
    if (slot.field == KM_FIELD_ADDL)
        KM_TRY(km_json_fail(w->of, d, "\"addl\" counts doses and is whole; vary it by an axis or a list"));
    target = km_target_slot(study->model, &slot);
    f.law.kind = w->kind;
    if (w->bounds) {
        KM_TRY(w->kind == KM_LAW_CHOICE ? read_choice(&f, &target, w->bounds, &per_kg, d)
                                        : read_bounds(&f, &target, w->bounds, &per_kg, d));
        KM_TRY(check_bounds(study, &f, &slot, w->bounds, d));
    } else {
        KM_TRY(take_law(study, &f, &slot, w->node, w->node, d));
    }
    if (f.about == NULL && slot.field == KM_FIELD_PARAMETER && study->model->parameter[slot.index].about)
        f.about = km_strdup(study->model->parameter[slot.index].about);
    if (slot.field != KM_FIELD_PARAMETER)
        km_design_adopt(study, "factor", f.unit, &slot, per_kg, km_law_quantile(&f.law, 0.5) * f.factor, w->bounds, d);
    KM_TRY(add_factor(study, &f, &slot, w->of, d));

done:
    km_factor_clear(&f);
    return st;
}

km_status km_factor_read_object(km_study *study, const km_json *node, km_diag *d)
{
    static const struct {
        const char *key;
        km_law_kind kind;
    } ways[] = {{"linear", KM_LAW_UNIFORM}, {"log", KM_LAW_LOG_UNIFORM}, {"values", KM_LAW_CHOICE}};
    static const char *const of_a_law[] = {"law", "range", "mean", "sd", "cv"};
    km_factor_words w = {.node = node};
    km_status st = KM_OK;

    KM_TRY(km_json_allow(node, factor_keys, d));
    KM_TRY(km_json_need(node, "of", KM_JSON_STRING, &w.of, d));
    KM_TRY(km_json_get(node, "name", KM_JSON_STRING, &w.name, d));
    KM_TRY(km_json_get_string(node, "about", &w.about, d));
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const km_json *child = km_json_find(node, ways[i].key);
        if (child == NULL)
            continue;
        if (w.bounds)
            KM_TRY(km_json_fail(child, d, "a factor has one of \"%s\" and \"%s\", not two", w.bounds->key, child->key));
        if (ways[i].kind != KM_LAW_CHOICE && (child->kind != KM_JSON_ARRAY || child->n != 2))
            KM_TRY(km_json_fail(child, d, "expected [low, high], got %s%s", km_json_describe(child),
                                child->kind == KM_JSON_ARRAY ? " of another length" : ""));
        w.bounds = child;
        w.kind = ways[i].kind;
    }
    for (size_t i = 0; w.bounds && i < sizeof of_a_law / sizeof *of_a_law; i++)
        if (km_json_find(node, of_a_law[i]))
            KM_TRY(km_json_fail(km_json_find(node, of_a_law[i]), d, "\"%s\" belongs to the parameter's law, and \"%s\" takes its place",
                                of_a_law[i], w.bounds->key));
    KM_TRY(km_factor_add(study, &w, d));
done:
    return st;
}

static bool is_choice(const km_parameter *p)
{
    return (p->uncertainty && (strcmp(p->uncertainty, "switch") == 0 || strcmp(p->uncertainty, "categorical") == 0)) ||
           (p->evidence && strcmp(p->evidence, "switch") == 0);
}

km_status km_factor_take_every(km_study *study, const bool *given, const km_json *node, km_diag *d)
{
    km_status st = KM_OK;
    km_factor f = {0};

    study->every_factor = true;
    for (int i = 0; i < study->model->n_parameters; i++) {
        const km_parameter *p = &study->model->parameter[i];
        km_slot slot = {.field = KM_FIELD_PARAMETER, .index = i};

        if (!p->has_range || is_choice(p) || given[i])
            continue;
        KM_TRY(take_law(study, &f, &slot, NULL, node, d));
        f.name = km_strdup(p->name);
        f.of = km_strdup(p->name);
        f.about = p->about ? km_strdup(p->about) : NULL;
        KM_TRY(km_design_check_name(study, "factor", f.name, f.of, node, d));
        KM_TRY(add_factor(study, &f, &slot, node, d));
    }
    if (study->n_factors == 0)
        KM_TRY(km_json_fail(node, d, "there is nothing to vary: no parameter of the model has a range that the study leaves open"));

done:
    km_factor_clear(&f);
    return st;
}

int *km_factor_of_parameters(const km_study *study)
{
    int *of = km_alloc((size_t)study->model->n_parameters + 1, sizeof *of);

    for (int i = 0; i < study->model->n_parameters; i++)
        of[i] = -1;
    for (int k = 0; k < study->n_factors; k++)
        if (study->slot[study->factor[k].slot].field == KM_FIELD_PARAMETER)
            of[study->slot[study->factor[k].slot].index] = study->factor[k].dimension;
    return of;
}

static km_status read_correlation(km_study *study, const km_json *node, km_diag *d)
{
    size_t n = (size_t)study->n_factors;
    const char **name = km_alloc(n, sizeof *name), **unfit = km_alloc(n, sizeof *unfit);
    int *of_parameter = km_factor_of_parameters(study);
    const km_copula_factors factors = {"factor", study->n_factors, name, of_parameter, unfit, node};
    km_status st;

    for (size_t k = 0; k < n; k++) {
        name[k] = study->factor[k].name;
        unfit[k] = study->factor[k].law.kind == KM_LAW_CHOICE ? "a choice of values has no normal score" : NULL;
    }
    st = km_copula_read(study->model, node, &factors, &study->copula, d);
    free(name), free(unfit), free(of_parameter);
    return st;
}

static void warn_balance(const km_study *study, const km_json *node, km_diag *d)
{
    uint64_t n = study->n_points, below = 1;
    char *where;

    while (2 * below <= n)
        below *= 2;
    if (study->design != KM_DESIGN_SOBOL || below == n)
        return;
    where = km_json_where(node);
    km_diag_warn(d, "%s: %llu is no power of 2, so that the points are not balanced; %llu and %llu are", where,
                 (unsigned long long)n, (unsigned long long)below, (unsigned long long)(2 * below));
    free(where);
}

km_status km_factor_read(km_study *study, const km_json *node, const bool *given, km_diag *d)
{
    km_status st = KM_OK;
    const km_json *n = NULL, *factors = NULL, *seed;
    long count;

    KM_TRY(km_json_allow(node, draw_keys, d));
    KM_TRY(km_json_need(node, "n", KM_JSON_NUMBER, &n, d));
    KM_TRY(km_quantity_whole(n, "the number of points", 1, most_points, &count, d));
    study->n_points = (uint64_t)count;
    warn_balance(study, n, d);
    study->seed = 1;
    seed = km_json_find(node, "seed");
    if (seed)
        KM_TRY(km_factor_read_seed(seed, &study->seed, d));
    KM_TRY(km_json_get(node, "factors", KM_JSON_ARRAY, &factors, d));
    if (factors && factors->n == 0)
        KM_TRY(km_json_fail(factors, d, "expected at least one factor; without \"factors\" every parameter that has a range is one"));
    for (size_t i = 0; factors && i < factors->n; i++)
        KM_TRY(km_factor_read_object(study, &factors->child[i], d));
    if (factors == NULL)
        KM_TRY(km_factor_take_every(study, given, node, d));
    KM_TRY(read_correlation(study, node, d));
done:
    return st;
}
