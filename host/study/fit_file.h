/* A fit file: which published rows a model is fitted to, how they map to it, and what is free.
 *
 * Everything a row needs to be compared with the model is resolved here: its number of patients and spread (published or
 * assumed, with a reason), its regimen, its kind of control, its baseline. A row to be fitted that lacks any of it is an
 * error with the row's line and column; a row to be predicted only is then left aside with the reason. docs/fitting.md is
 * the manual of the keys. */
#ifndef KM_STUDY_FIT_FILE_H
#define KM_STUDY_FIT_FILE_H

#include "base/diag.h"
#include "base/json.h"
#include "model/model.h"
#include "study/copula.h"
#include "study/law.h"
#include "study/population.h"
#include "study/study.h"
#include "study/trials.h"

#include <stdbool.h>
#include <stddef.h>

/* A number that is fixed, or free with a prior. */
typedef struct km_fit_number {
    double value;     /* where fixed */
    int free;         /* index of the free parameter, or -1 */
} km_fit_number;

/* A free parameter of the fit. */
typedef struct km_free {
    char *name, *unit, *about; /* "gam", "L_max.saline", "residual", "between_trials" */
    int parameter;             /* of the model, where it is its typical value; else -1 */
    km_law law;                /* prior */
    double base;               /* the model's value, or the prior's median */
} km_free;

/* Doses of one kind of arm. Regimen 0 is that of controls: no doses. */
typedef struct km_fit_regimen {
    char *text;                /* "racemic ketamine IV 0.5 mg/kg in 40 min at 0;48 h", for people */
    char *records;             /* the study's "regimen" */
    char *variants;            /* of the drug, apart by commas as in JSON, or "" */
    double last_dose;          /* model's time unit */
    double horizon;            /* of the latest row that asks for it */
} km_fit_regimen;

/* A level of the parameter that tells controls apart. */
typedef struct km_fit_control {
    char *name;
    km_fit_number value;
} km_fit_control;

/* How relapse is read off. Times in the model's unit. */
typedef struct km_fit_relapse {
    double reduction;          /* of the score from baseline: below it a patient has relapsed */
    double responders_at;      /* after the last dose: who has responded then can relapse */
    double visits, follow_up;  /* interval between visits, time from the last dose to the last of them */
} km_fit_relapse;

typedef struct km_fit_row {
    const km_trial_row *row;
    bool held_out;
    bool value_of_output;      /* of an output of its own, not of the score */
    int output;                /* of the model */
    double n;
    double factor;             /* points of the model's score for one of the row's scale */
    double value, se;          /* in the model's points, per cent or days; se NAN: from the prediction's spread */
    double time;               /* model's unit; NAN where the row has none */
    int regimen;
    int control;
    double baseline, baseline_sd;
    double remission;          /* threshold, model's points */
    km_fit_relapse relapse;
    int study;                 /* index among the fit's studies: rows of one share its random effect */
} km_fit_row;

/* A row that was asked for and is not used. */
typedef struct km_fit_skipped {
    const km_trial_row *row;
    char *why;
} km_fit_skipped;

typedef struct km_fit {
    char *path, *name;
    km_json_file *file;
    km_study *base;            /* the model without doses, after variants and "set" */
    const km_model *model;     /* of base */
    bool stateless;            /* the model has no states: everything is algebra */
    km_trials trials;
    km_overlaps overlaps;
    km_population *population;
    int persistent_score, baseline_score; /* columns of the population's scores */
    int score_output, baseline_parameter, control_parameter; /* the last -1 without controls */
    double response;           /* reduction that counts as a response */
    km_fit_control *control;
    int n_controls;
    km_free *free;
    int n_free;
    km_copula *copula;         /* how the priors of the free parameters hang together, or NULL */
    km_fit_number residual;    /* sd of an observed score around the patient's own, points */
    double persistent;         /* share of its variance that stays with a patient */
    km_fit_number between;     /* sd of a study's effect on scores, points; 0: none */
    double repeated;           /* correlation of the errors of one arm's means */
    double student;            /* degrees of freedom, 0: normal */
    km_fit_regimen *regimen;
    int n_regimens;
    km_fit_row *row;           /* the fitted ones, then those held out */
    int n_rows, n_fitted;
    char **study;
    int n_studies;
    km_fit_skipped *skipped;
    int n_skipped;
    const km_json *variants;   /* of the model, a list of names (borrowed), or NULL */
    int n_hypotheses;
    char **hypothesis;         /* names of variants to be compared */
    const km_json *estimation; /* what the methods read (borrowed), or NULL */
} km_fit;

km_status km_fit_read(const char *path, km_fit **out, km_diag *d);
/* The same with the variants of one of its "hypotheses": {"NAME": ["VARIANT", ...], ...}. */
km_status km_fit_read_hypothesis(const char *path, const char *hypothesis, km_fit **out, km_diag *d);
void km_fit_destroy(km_fit *fit);

/* The text of a study of regimen r with these endpoints (the inside of a JSON list); caller frees. For km_study_parse with
 * the fit's path. */
char *km_fit_study_text(const km_fit *fit, int r, const char *endpoints);

/* A candidate's value of a number: fixed, or theta of the free parameter. */
double km_fit_number_of(const km_fit_number *number, const double *theta);

#endif
