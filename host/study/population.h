/* Virtual patients: how parameters differ from one to the next.
 *
 *   "population": {"n": 256, "stream": "sobol", "seed": "1", "of": {"CL": {"cv": 0.3}},
 *                  "correlation": [["CL", "V1", 0.48]], "quantiles": [0.05, 0.5, 0.95]}
 *
 * A patient is a row of normal scores, a pure function of (seed, patient, trait): the same at every point and for
 * every candidate of a fit, so that what is computed from them is smooth in what the points vary. A score becomes a
 * value around the point's own value of the parameter, which is the median of its patients. That value can be drawn, too:
 * from the posterior of a fit, another for each patient (study/draws.h). */
#ifndef KM_STUDY_POPULATION_H
#define KM_STUDY_POPULATION_H

#include "base/diag.h"
#include "base/json.h"
#include "model/model.h"
#include "study/law.h"
#include "study/study.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KM_MOST_PATIENTS = 65536, KM_MOST_QUANTILES = 32, KM_MOST_OWN_SCORES = 16 };

/* A parameter that differs between patients. */
typedef struct km_trait {
    int parameter;          /* of the model */
    km_law_kind kind;       /* KM_LAW_NORMAL, KM_LAW_LOGNORMAL or KM_LAW_LOGIT_NORMAL */
    double sd;              /* of the normal behind it: in the parameter's unit, of the logarithm, of the logit */
    bool bounded;           /* the law is cut to low ... high */
    double low, high;
} km_trait;

struct km_population {
    size_t n;               /* patients */
    bool quasi;             /* scrambled Sobol' points, else independent draws */
    uint64_t seed;
    int n_traits;
    km_trait *trait;
    int n_scores;           /* n_traits, then columns of the caller's own, which nothing correlates with */
    double *cholesky;       /* [n_traits][n_traits] of the scores' correlations, lower */
    double *score;          /* [n][n_scores] */
    int n_quantiles;
    double quantile[KM_MOST_QUANTILES]; /* ascending, in (0, 1) */
    int n_drawn;            /* parameters whose typical values come from the draws of a fit; 0 without */
    int *drawn;             /* [n_drawn] of the model */
    double *drawn_value;    /* [n][n_drawn] */
    size_t n_draws;         /* how many of the fit's draws are used */
    char draws_hash[65];    /* SHA-256 of the fit's draws, or "" */
};

/* Reads the block. Without "of": every parameter whose "variability" the model gives; {} after a name: the same for it.
 * Laws: {"cv"} lognormal with sd of the logarithm sqrt(log(1 + cv^2)); {"sd"} normal, in the parameter's unit;
 * {"law": "logit-normal", "sd"}, of the logit; each with "range": [low, high] cut to it. Correlations are of the normal
 * scores; a matrix that is not positive definite is refused. n_own: columns of scores beyond the traits'. */
km_status km_population_read(const km_model *model, const km_json *node, int n_own, km_population **out, km_diag *d);
/* Patients that differ by their draws alone; node: a block that may hold "quantiles". */
km_status km_population_of_draws(const km_json *node, size_t n, km_population **out, km_diag *d);
void km_population_destroy(km_population *population);

/* The value of a patient with this score where the point's value is `typical`. NaN where the law has no such typical
 * value (a lognormal one of 0 or less, a logit-normal one outside (0, 1)). */
double km_trait_value(const km_trait *trait, double typical, double score);

/* Gives the study's population its slots: those that the design varies already, or new ones. */
void km_population_take_slots(km_study *study);
/* A patient's slots from those of its point, `row`, in place. A value that the law does not have is NaN, and the patient
 * then fails. */
void km_population_patient(const km_study *study, size_t patient, double *row);

/* Index of the parameter among those that are drawn, or -1. */
int km_population_find_drawn(const km_population *population, int parameter);
/* Index of the parameter's trait, or -1. */
int km_population_find(const km_population *population, int parameter);

#endif
