/* The steps of a fit, one after the other:
 *
 *   the best candidate     CMA-ES from several starts in the prior (or differential evolution), then CMA-ES from the best with a
 *                          small step
 *   the posterior          Sequential Monte Carlo, with the evidence
 *   the second sampler     an ensemble, where "ensemble" asks for it
 *   profiles               of every free parameter, where "profiles" asks for them
 *   predictions            of every row, fitted or held out; scores by leaving a trial out
 *   hypotheses             the first two and the scores for each of the fit's "hypotheses"
 *
 *   "estimation": {"seed": "1", "optimise": {"method": "cmaes", "starts": 8, "evaluations": 2000}, "posterior": {"particles": 1000},
 *                  "ensemble": {"walkers": 64, "steps": 1000, "thin": 2}, "profiles": {"points": 9, "evaluations": 300},
 *                  "hypotheses": {"starts": 4, "evaluations": 1000, "particles": 256}}
 *
 * All of it follows from the fit and the seed. Every likelihood goes through a log, so that a killed fit is done again
 * with the log's numbers as far as they go (store/evaluation_log.h). */
#ifndef KM_ANALYSIS_ESTIMATION_H
#define KM_ANALYSIS_ESTIMATION_H

#include "analysis/posterior.h"
#include "store/evaluation_log.h"
#include "store/fit_results.h"

enum { KM_PROFILE_POINTS = 64 }; /* of a profile at most */

typedef struct km_estimation {
    uint64_t seed;
    bool evolution;           /* differential evolution instead of CMA-ES */
    int starts;
    uint64_t evaluations;     /* of a start */
    size_t particles;
    int walkers, steps, thin; /* walkers 0: no second sampler */
    int profile_points;       /* 0: no profiles */
    uint64_t profile_evaluations;
    int hypothesis_starts;    /* of each hypothesis, which has particles of its own */
    uint64_t hypothesis_evaluations;
    size_t hypothesis_particles;
} km_estimation;

/* Reads the block (estimation_block.c); NULL: every default. */
km_status km_estimation_read(const km_json *block, int n_free, km_estimation *out, km_diag *d);

/* Who looks on: told in words after every launch; asked before each whether to stop. */
typedef struct km_estimation_watch {
    void *context;
    void (*say)(void *context, const char *stage, uint64_t evaluations, const char *words);
    bool (*stop)(void *context);
} km_estimation_watch;

/* Everything but the hypotheses, for which it makes room. out is to be cleared by the caller, after an error too. */
km_status km_fit_estimate(const km_fit *fit, const km_estimation *how, const km_engine_options *options, km_evaluation_log *log,
                      const km_estimation_watch *watch, km_fit_results *out, km_diag *d);

/* A hypothesis, whose fit this is: its numbers are filled in. */
km_status km_fit_estimate_hypothesis(const km_fit *fit, const km_estimation *how, const km_engine_options *options,
                                 km_evaluation_log *log, const km_estimation_watch *watch, km_hypothesis *out, km_diag *d);

#endif
