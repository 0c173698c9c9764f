/* What a fit found: parameters, evidence, scores and predictions, whatever the method. Everything is owned. */
#ifndef KM_STORE_FIT_RESULTS_H
#define KM_STORE_FIT_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct km_fit_parameter {
    char *name, *unit, *about;
    double prior_low, prior_median, prior_high;     /* 2.5, 50, 97.5 % */
    double best;                                    /* of the highest posterior density */
    double mean, sd, low, median, high;             /* of the posterior; 2.5, 50, 97.5 % */
    double other_mean, other_sd, r_hat, ess;        /* of the second sampler; NAN where it did not run */
} km_fit_parameter;

typedef struct km_fit_prediction {
    char *study, *arm, *kind, *scale;
    double time_h, n;
    bool held_out;
    double value, error;            /* as published: its standard error, NAN of a count */
    double best;                    /* of the best candidate */
    double mean, low, high;         /* of what such a trial would publish, 95 % */
    double residual;                /* (value - best) over its error and that between trials; NAN where that has none */
} km_fit_prediction;

typedef struct km_fit_trial {
    char *name;
    double elpd, pareto_k;          /* leaving it out */
} km_fit_trial;

typedef struct km_fit_model {
    char *name;                     /* variants */
    double log_evidence, error;
} km_fit_model;

typedef struct km_fit_aside {
    char *study, *arm, *kind, *why;
} km_fit_aside;

typedef struct km_fit_results {
    char *name;
    int n_parameters, n_predictions, n_trials, n_models, n_aside;
    km_fit_parameter *parameter;
    km_fit_prediction *prediction;  /* the fitted, then those held out */
    km_fit_trial *trial;
    km_fit_model *model;            /* the fit's own first */
    km_fit_aside *aside;
    size_t n_draws;
    double *draw;                   /* [n_draws][n_parameters] */
    double *log_likelihood;         /* [n_draws] */
    double best_log_likelihood;
    double loo, loo_error, loo_parameters, worst_k, waic;
    uint64_t evaluations, failed;   /* candidates, those of them that the model could not do */
    uint64_t models;                /* integrated */
} km_fit_results;

void km_fit_results_destroy(km_fit_results *results);

#endif
