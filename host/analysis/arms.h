/* Predictions of trials' arms for many candidates at once.
 *
 * A candidate's patients are run once per distinct regimen: the states that the score needs are read off at every time that
 * some row of that regimen asks for. The score itself is computed on the host from those states, for each arm with its own
 * baseline and its own control: arms of one regimen share their runs, and arms without doses need none where the model
 * stays at rest (its rates vanish at its initial state). All candidates meet the same patients. */
#ifndef KM_ANALYSIS_ARMS_H
#define KM_ANALYSIS_ARMS_H

#include "engine/engine.h"
#include "study/fit_file.h"

typedef struct km_arms km_arms;

/* The effects of a trial at which what is not linear in them is known: -5, -4, ... 5 of their standard deviation. */
enum { KM_EFFECT_NODES = 11 };

/* What a candidate says of a row, in the row's own comparison (points of the model's score, per cent, days, an output's
 * unit). A trial's effect b (points, the same for all its arms) moves means by slope * b. */
typedef struct km_row_prediction {
    double mean, slope;
    double sd;                        /* of one patient, residual included */
    double node[2][KM_EFFECT_NODES];  /* rates and times: see km_measure_nodes */
} km_row_prediction;

/* How many of `node` a measure uses, and what of: rates the logit of the rate; a median of times the logits of the shares
 * below the visits around it; a mean of times the mean (days). 0: linear, the mean alone. */
int km_measure_nodes(km_measure measure);

typedef struct km_arms_facts {
    int n_regimens, n_arms;           /* those in use */
    size_t runs;                      /* integrations for one candidate */
    uint64_t integrated, failed;      /* models so far; candidates with a patient that failed */
    double build_seconds;
} km_arms_facts;

/* For the fit's rows first ... first+n-1. The fit outlives it. */
km_status km_arms_create(const km_fit *fit, const km_engine_options *options, int first, int n, km_arms **out, km_diag *d);
void km_arms_destroy(km_arms *arms);
const km_arms_facts *km_arms_facts_of(const km_arms *arms);

/* n candidates: theta is [n][n_free], out is [n][rows]. good[i] is false where some patient of candidate i failed or has a
 * parameter without a value; its predictions are then NAN. */
km_status km_arms_predict(km_arms *arms, size_t n, const double *theta, km_row_prediction *out, bool *good, km_diag *d);

#endif
