#include "store/fit_results.h"

#include "base/memory.h"
#include "store/group.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A column of numbers taken out of structs: member at `offset` of n structs of `size` bytes. */
static km_status write_column(km_group *g, const char *name, const char *dimension, const void *base, size_t size, size_t offset, size_t n,
                              const char *about, km_diag *d)
{
    const km_group_array a = {.name = name, .about = about, .n_dims = 1, .dimension = {dimension}, .shape = {n}};
    double *value = km_alloc(n + 1, sizeof *value);
    km_status st;

    for (size_t i = 0; i < n; i++)
        memcpy(&value[i], (const char *)base + i * size + offset, sizeof *value);
    st = km_group_numbers(g, &a, "<f8", value, d);
    free(value);
    return st;
}

typedef struct column {
    const char *name;
    size_t offset;
    const char *about;
} column;

#define AT(type, member) offsetof(type, member)

static km_status write_columns(km_group *g, const column *list, size_t n_columns, const char *dimension, const void *base, size_t size, size_t n,
                               km_diag *d)
{
    km_status st = KM_OK;

    for (size_t i = 0; i < n_columns && st == KM_OK; i++)
        st = write_column(g, list[i].name, dimension, base, size, list[i].offset, n, list[i].about, d);
    return st;
}

#define WRITE(list, dimension, base, n) write_columns(g, list, sizeof(list) / sizeof *(list), dimension, base, sizeof *(base), (size_t)(n), d)

static km_status write_parameters(km_group *g, const km_fit_results *r, km_diag *d)
{
    static const column list[] = {{"prior_q025", AT(km_fitted, prior[0]), NULL},
                                  {"prior_q50", AT(km_fitted, prior[1]), NULL},
                                  {"prior_q975", AT(km_fitted, prior[2]), NULL},
                                  {"mode", AT(km_fitted, mode), "best candidate: likelihood times prior"},
                                  {"mean", AT(km_fitted, mean), "posterior mean"},
                                  {"sd", AT(km_fitted, sd), "posterior standard deviation"},
                                  {"q025", AT(km_fitted, posterior[0]), NULL},
                                  {"q50", AT(km_fitted, posterior[1]), NULL},
                                  {"q975", AT(km_fitted, posterior[2]), NULL},
                                  {"learned", AT(km_fitted, learned), "share of the prior's variance, of its normal scores, that the data take away"},
                                  {"shift", AT(km_fitted, shift), "posterior mean of the prior's normal scores"},
                                  {"profile_low", AT(km_fitted, profile_low), NULL},
                                  {"profile_high", AT(km_fitted, profile_high), NULL}};
    static const column ensemble[] = {{"ensemble_mean", AT(km_fitted, ensemble_mean), NULL},
                                      {"ensemble_sd", AT(km_fitted, ensemble_sd), NULL},
                                      {"r_hat", AT(km_fitted, r_hat), "rank-normalised split R-hat of the ensemble"},
                                      {"ess_bulk", AT(km_fitted, ess_bulk), NULL},
                                      {"ess_tail", AT(km_fitted, ess_tail), NULL}};
    char **name = km_alloc((size_t)r->n_free + 1, sizeof *name);
    km_status st = KM_OK;

    for (int i = 0; i < r->n_free; i++)
        name[i] = r->parameter[i].name;
    KM_TRY(km_group_words(g, "parameter", "parameter", name, (size_t)r->n_free, "what is free", d));
    KM_TRY(WRITE(list, "parameter", r->parameter, r->n_free));
    if (r->n_ensemble > 0)
        KM_TRY(WRITE(ensemble, "parameter", r->parameter, r->n_free));
done:
    free(name);
    return st;
}

static km_status write_profiles(km_group *g, const km_fit_results *r, km_diag *d)
{
    size_t n = (size_t)r->n_profile, k = (size_t)r->n_free;
    km_group_array a = {.name = "profile_value", .n_dims = 2, .dimension = {"parameter", "profile_point"}, .shape = {k, n}};
    double *value = km_alloc(n * k + 1, sizeof *value);
    km_status st = KM_OK;

    for (size_t i = 0; i < k; i++)
        memcpy(value + i * n, r->parameter[i].profile_value, n * sizeof *value);
    KM_TRY(km_group_numbers(g, &a, "<f8", value, d));
    for (size_t i = 0; i < k; i++)
        memcpy(value + i * n, r->parameter[i].profile_log, n * sizeof *value);
    a.name = "profile_log_likelihood", a.about = "the largest with the parameter held there, less the largest of all";
    KM_TRY(km_group_numbers(g, &a, "<f8", value, d));
done:
    free(value);
    return st;
}

static km_status write_draws(km_group *g, const km_fit_results *r, km_diag *d)
{
    const km_group_array draws = {.name = "draws", .about = "of the posterior, equally likely", .n_dims = 2, .dimension = {"draw", "parameter"},
                                  .shape = {r->n_draws, (size_t)r->n_free}, .plain = true},
                         likelihood = {.name = "log_likelihood", .n_dims = 1, .dimension = {"draw"}, .shape = {r->n_draws}};
    km_status st = km_group_numbers(g, &draws, "<f8", r->draw, d);

    return st == KM_OK ? km_group_numbers(g, &likelihood, "<f8", r->draw_log_likelihood, d) : st;
}

static km_status write_rows(km_group *g, const km_fit_results *r, km_diag *d)
{
    static const column list[] = {{"row_time", AT(km_fitted_row, time), "hours from the first dose"},
                                  {"observed", AT(km_fitted_row, observed), "as published, in the model's points, per cent or days"},
                                  {"observed_se", AT(km_fitted_row, error), NULL},
                                  {"expected_mode", AT(km_fitted_row, mode), NULL},
                                  {"expected", AT(km_fitted_row, expected), "posterior mean"},
                                  {"expected_low", AT(km_fitted_row, expected_low), NULL},
                                  {"expected_high", AT(km_fitted_row, expected_high), NULL},
                                  {"residual", AT(km_fitted_row, residual), "observed less best candidate, in standard errors"},
                                  {"predicted_low", AT(km_fitted_row, low), "95 % of what such a trial would publish"},
                                  {"predicted_high", AT(km_fitted_row, high), NULL}};
    char **name = km_alloc((size_t)r->n_rows + 1, sizeof *name);
    int64_t *held_out = km_alloc((size_t)r->n_rows + 1, sizeof *held_out);
    const km_group_array a = {.name = "held_out", .about = "1: not fitted", .n_dims = 1, .dimension = {"row"}, .shape = {(size_t)r->n_rows}};
    km_status st = KM_OK;

    for (int i = 0; i < r->n_rows; i++) {
        name[i] = r->row[i].where;
        held_out[i] = r->row[i].held_out;
    }
    KM_TRY(km_group_words(g, "row", "row", name, (size_t)r->n_rows, "a published figure", d));
    KM_TRY(km_group_numbers(g, &a, "<i8", held_out, d));
    KM_TRY(WRITE(list, "row", r->row, r->n_rows));
done:
    free(name), free(held_out);
    return st;
}

static km_status write_contrasts(km_group *g, const km_fit_results *r, km_diag *d)
{
    static const column list[] = {{"contrast_time", AT(km_fitted_contrast, time), "hours from the first dose"},
                                  {"contrast_observed", AT(km_fitted_contrast, observed), "change with the drug less that of the control, points"},
                                  {"contrast_se", AT(km_fitted_contrast, error), NULL},
                                  {"contrast_mode", AT(km_fitted_contrast, mode), NULL},
                                  {"contrast_expected", AT(km_fitted_contrast, expected), "posterior mean"},
                                  {"contrast_low", AT(km_fitted_contrast, low), NULL},
                                  {"contrast_high", AT(km_fitted_contrast, high), NULL}};
    char **name = km_alloc((size_t)r->n_contrasts + 1, sizeof *name);
    km_status st = KM_OK;

    for (int i = 0; i < r->n_contrasts; i++)
        name[i] = km_format("%s, %s against %s", r->contrast[i].study, r->contrast[i].arm, r->contrast[i].control);
    KM_TRY(km_group_words(g, "contrast", "contrast", name, (size_t)r->n_contrasts, "two arms of a trial at one time", d));
    KM_TRY(WRITE(list, "contrast", r->contrast, r->n_contrasts));
done:
    for (int i = 0; i < r->n_contrasts; i++)
        free(name[i]);
    free(name);
    return st;
}

static km_status write_hypotheses(km_group *g, const km_fit_results *r, km_diag *d)
{
    static const column list[] = {{"hypothesis_log_evidence", AT(km_hypothesis, log_evidence), "natural logarithm"},
                                  {"hypothesis_log_evidence_error", AT(km_hypothesis, error), "Monte Carlo standard error"},
                                  {"hypothesis_elpd", AT(km_hypothesis, elpd), "leaving a trial out"},
                                  {"hypothesis_elpd_error", AT(km_hypothesis, elpd_error), NULL}};
    char **name = km_alloc((size_t)r->n_hypotheses + 1, sizeof *name);
    km_status st = KM_OK;

    for (int i = 0; i < r->n_hypotheses; i++)
        name[i] = r->hypothesis[i].name;
    KM_TRY(km_group_words(g, "hypothesis", "hypothesis", name, (size_t)r->n_hypotheses, "mechanisms compared", d));
    KM_TRY(WRITE(list, "hypothesis", r->hypothesis, r->n_hypotheses));
done:
    free(name);
    return st;
}

km_status km_fit_results_write(const char *path, const km_fit_results *r, const char *attributes, const char *run_json, km_diag *d)
{
    km_group group = {0}, *g = &group;
    km_status st = KM_OK;

    KM_TRY(km_group_begin(path, attributes, g, d));
    KM_TRY(write_parameters(g, r, d));
    if (r->n_profile > 0)
        KM_TRY(write_profiles(g, r, d));
    if (r->n_draws > 0)
        KM_TRY(write_draws(g, r, d));
    KM_TRY(write_rows(g, r, d));
    if (r->n_contrasts > 0)
        KM_TRY(write_contrasts(g, r, d));
    if (r->n_hypotheses > 0)
        KM_TRY(write_hypotheses(g, r, d));
    KM_TRY(km_group_finish(g, run_json, d));
done:
    km_group_close(g);
    return st;
}
