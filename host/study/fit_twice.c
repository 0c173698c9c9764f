#include "study/fit_twice.h"

#include <stdlib.h>
#include <string.h>

static const char *const accepted_keys[] = {"studies", "why", NULL};

static bool is_mean(km_measure m) { return m == KM_MEAN_SCORE || m == KM_MEAN_CHANGE || m == KM_PERCENT_CHANGE; }

static bool together(const km_trial_row *a, const km_trial_row *b)
{
    return strcmp(a->study, b->study) == 0 && strcmp(a->scale, b->scale) == 0 && a->time == b->time;
}

static km_status fail_twice(const km_fit *f, const km_trial_row *a, const km_trial_row *b, const char *why, km_diag *d)
{
    char *one = km_trial_where(&f->trials, a), *other = km_trial_where(&f->trials, b);
    km_status st = km_diag_fail(d, KM_E_INPUT, "%s counts twice what %s says: %s; leave one of them out", other, one, why);

    free(one), free(other);
    return st;
}

static bool is_either(const km_json *pair, const char *study)
{
    return strcmp(pair->child[0].string, study) == 0 || strcmp(pair->child[1].string, study) == 0;
}

static km_status accepted_pair(const km_json *root, const char *a, const char *b, bool *out, km_diag *d)
{
    const km_json *overlaps = km_json_find(root, "overlaps"), *list = NULL;
    km_status st = KM_OK;

    *out = false;
    if (overlaps)
        KM_TRY(km_json_get(overlaps, "accepted", KM_JSON_ARRAY, &list, d));
    for (size_t i = 0; list && i < list->n; i++) {
        const km_json *one = &list->child[i], *pair = NULL, *why = NULL;
        KM_TRY(km_json_allow(one, accepted_keys, d));
        KM_TRY(km_json_need(one, "studies", KM_JSON_ARRAY, &pair, d));
        KM_TRY(km_json_need(one, "why", KM_JSON_STRING, &why, d));
        if (pair->n != 2 || pair->child[0].kind != KM_JSON_STRING || pair->child[1].kind != KM_JSON_STRING)
            KM_TRY(km_json_fail(pair, d, "expected the names of two studies"));
        *out = *out || (is_either(pair, a) && is_either(pair, b));
    }
done:
    return st;
}

static km_status check_pair(const km_fit *f, const km_json *root, const km_trial_row *a, const km_trial_row *b, km_diag *d)
{
    bool accepted = false;
    km_status st = KM_OK;

    if (strcmp(a->study, b->study) == 0) {
        if (is_mean(a->measure) && is_mean(b->measure) && together(a, b) && strcmp(a->arm, b->arm) == 0)
            return fail_twice(f, a, b, "a score and its change are one figure", d);
        return KM_OK;
    }
    for (size_t i = 0; i < f->overlaps.n; i++) {
        const km_overlap *o = &f->overlaps.pair[i];
        const km_trial_row *whole = strcmp(o->study, a->study) == 0 ? a : b, *part = whole == a ? b : a;
        if (strcmp(o->study, whole->study) != 0 || strcmp(o->contains, part->study) != 0)
            continue;
        KM_TRY(accepted_pair(root, a->study, b->study, &accepted, d));
        if (!accepted)
            KM_TRY(fail_twice(f, whole, part, o->why, d));
    }
done:
    return st;
}

/* A difference, and the means of both its arms. */
static km_status check_difference(const km_fit *f, const km_trial_row *r, km_diag *d)
{
    const km_trial_row *drug = NULL, *control = NULL;

    for (int i = 0; i < f->n_fitted; i++) {
        const km_trial_row *o = f->row[i].row;
        if (!is_mean(o->measure) || !together(o, r))
            continue;
        if (o->control)
            control = o;
        else if (strcmp(o->drug, r->drug) == 0 && strcmp(o->dose_text, r->dose_text) == 0)
            drug = o;
    }
    return drug && control ? fail_twice(f, drug, r, "a difference follows from the means of its two arms", d) : KM_OK;
}

km_status km_fit_check_twice(const km_fit *f, const km_json *root, km_diag *d)
{
    km_status st = KM_OK;

    for (int i = 0; i < f->n_fitted; i++) {
        for (int k = 0; k < i; k++)
            KM_TRY(check_pair(f, root, f->row[k].row, f->row[i].row, d));
        if (f->row[i].row->measure == KM_DIFFERENCE)
            KM_TRY(check_difference(f, f->row[i].row, d));
    }
done:
    return st;
}
