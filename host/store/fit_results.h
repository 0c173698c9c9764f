/* What a fit found: parameters, rows, trials, hypotheses. Filled by analysis/estimation.h, written here, printed by
 * view/fit_report.h. NaN where there is no such number; strings are owned. */
#ifndef KM_STORE_FIT_RESULTS_H
#define KM_STORE_FIT_RESULTS_H

#include "base/diag.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a profile of the likelihood says of a parameter, within the prior's range. */
typedef enum km_profile_verdict {
    KM_PROFILE_NONE,    /* not asked for */
    KM_PROFILE_FINITE,  /* bounded on both sides */
    KM_PROFILE_ABOVE,   /* bounded from above alone */
    KM_PROFILE_BELOW,   /* bounded from below alone */
    KM_PROFILE_FLAT,    /* the data do not bound it */
    KM_N_PROFILE_VERDICTS
} km_profile_verdict;

/* A free parameter. Quantiles of prior and posterior: 2.5, 50, 97.5 %. */
typedef struct km_fitted {
    char *name, *unit, *about;
    double prior[3], mode, mean, sd, posterior[3];
    double learned;                        /* share of the prior's variance, of its normal scores, that the data take away */
    double shift;                          /* posterior mean of those scores: in the prior's standard deviations */
    double ensemble_mean, ensemble_sd, r_hat, ess_bulk, ess_tail; /* of the second sampler */
    km_profile_verdict verdict;
    double profile_low, profile_high;      /* 95 %, by the likelihood's fall of 1.92 */
    double *profile_value, *profile_log;   /* [n_profile]: the value, the largest log likelihood there less that of all */
} km_fitted;

typedef struct km_fitted_row {
    char *study, *arm, *kind, *where;
    double time;                           /* hours, NaN where the row has none */
    bool held_out;
    double observed, error;                /* its standard error; NaN of rates */
    double mode;                           /* expected by the best candidate */
    double expected, expected_low, expected_high; /* posterior mean and 95 % of what is expected */
    double low, high;                      /* 95 % of what such a trial would publish */
    bool inside;                           /* the observed value lies there */
    double residual;                       /* (observed - mode) / its standard error; of rates the binomial's; NaN of medians of times */
} km_fitted_row;

/* The change from baseline of an arm with the drug less that of the control beside it, at one time: the trial's effect is
 * not in it. Points. */
typedef struct km_fitted_contrast {
    char *study, *arm, *control;
    double time;                           /* hours */
    bool held_out;
    double observed, error;                /* NaN where a spread is not known */
    double mode, expected, low, high;      /* best candidate; posterior mean and 95 % of what is expected */
} km_fitted_contrast;

typedef struct km_fitted_trial {
    char *name;
    int rows, rows_inside, held_out, held_out_inside;
    double elpd, k;                        /* leaving this trial out; NaN where it has no fitted row */
} km_fitted_trial;

typedef struct km_hypothesis {
    char *name, *variants;
    double log_evidence, error, best;      /* best: largest log likelihood * prior's density at the mode, as optimised */
    double elpd, elpd_error;
} km_hypothesis;

typedef struct km_fit_results {
    char *name;
    char *correlation;                     /* of the priors, [["CL", "V1", 0.48]]; NULL: they are independent */
    int n_free, n_profile;
    km_fitted *parameter;
    double mode_log_likelihood, mode_log_prior;
    int starts, starts_agree;              /* of the optimiser: how many came within half a nat of the best */
    size_t n_draws;
    double *draw;                          /* [n_draws][n_free], values in the parameters' units */
    double *draw_log_likelihood;           /* [n_draws] */
    double log_evidence, evidence_error;
    int stages;                            /* of temperature */
    size_t n_ensemble;                     /* draws of the second sampler, 0: not asked for */
    int n_rows, n_fitted;
    km_fitted_row *row;                    /* fitted ones first */
    int n_contrasts;
    km_fitted_contrast *contrast;
    int n_trials;
    km_fitted_trial *trial;
    double elpd, elpd_error, elpd_parameters, worst_k, waic, waic_error;
    int n_hypotheses;
    km_hypothesis *hypothesis;
    int n_skipped;
    char **skipped;                        /* "ROW: why" */
    uint64_t evaluations, models, failed;
} km_fit_results;

void km_fit_results_clear(km_fit_results *results);

const char *km_profile_verdict_word(km_profile_verdict verdict);
/* Log Bayes factor of hypothesis h against the one with the largest evidence, and its Monte Carlo error. */
double km_log_bayes_factor(const km_fit_results *results, int h, double *error);
/* "favoured", "not distinguishable" (less than log 3 and two errors from the best), "against": less than log 20, "strongly
 * against": more (Kass and Raftery, JASA 90, 1995, 773-795). */
const char *km_hypothesis_word(const km_fit_results *results, int h);

/* Tables, tab-separated. */
void km_fit_parameters_tsv(const km_fit_results *results, km_text *out);
void km_fit_rows_tsv(const km_fit_results *results, km_text *out);
void km_fit_contrasts_tsv(const km_fit_results *results, km_text *out);
void km_fit_trials_tsv(const km_fit_results *results, km_text *out);
void km_fit_profiles_tsv(const km_fit_results *results, km_text *out);
void km_fit_hypotheses_tsv(const km_fit_results *results, km_text *out);

/* The Zarr group: draws (draw, parameter), log_likelihood (draw), numbers over (parameter), (row), (contrast), (hypothesis),
 * (parameter, profile_point). run_json: what stands beside. */
km_status km_fit_results_write(const char *path, const km_fit_results *results, const char *attributes, const char *run_json, km_diag *d);

#endif
