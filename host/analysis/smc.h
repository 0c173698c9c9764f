/* Sequential Monte Carlo from the prior to the posterior (Del Moral, Doucet and Jasra, JRSS B 68, 2006, 411-436): a cloud of
 * particles goes through prior * likelihood^beta, beta from 0 to 1, each step as large as keeps the effective number of
 * particles at a given share. After each step particles are resampled and moved until they have forgotten where they
 * were.
 *
 * Moves are t-preconditioned Crank-Nicolson (Grumitt, Karamanis and Seljak, Inverse Problems 40, 2024, 105005): reversible for
 * Student's t with the cloud's mean and covariance, so that where the posterior is near that a proposal is nearly independent
 * and nearly always accepted; the size of steps follows the acceptance.
 *
 * The cloud consists of islands, which share temperatures and the proposal but never exchange particles. Each has an estimate
 * of the evidence of its own; the evidence is their mean, and its Monte Carlo error what they differ by. At the end particles
 * are drawn from the islands as their evidences have it.
 *
 * One call of km_smc_step is one evaluation of all particles. Everything is a function of the seed and of the likelihood. */
#ifndef KM_ANALYSIS_SMC_H
#define KM_ANALYSIS_SMC_H

#include "analysis/objective.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct km_smc_options {
    size_t particles;       /* a multiple of islands */
    int islands;            /* 8 by default, from 2 on for an error of the evidence */
    double keep;            /* effective share of the particles that a step of beta leaves, 0.5 by default */
    double forget;          /* moves go on until the correlation with the stage's start is below, 0.1 by default */
    int most_moves;         /* of a stage, 30 by default */
    uint64_t seed;
} km_smc_options;

typedef struct km_smc {
    km_smc_options options;
    int dim;
    uint64_t launches;
    int stage, moves;       /* of this stage */
    bool is_done;
    double beta, scale, acceptance;
    double log_evidence;    /* so far; valid when done, as is: */
    double evidence_error;  /* its standard error */
    double *z;              /* [particles][dim] */
    double *log_likelihood; /* [particles] */
    double *start;          /* [particles][dim] where the stage began */
    double *island;         /* [islands] log evidence */
} km_smc;

/* Members of options that are 0 get their defaults. */
void km_smc_create(int dim, const km_smc_options *options, km_smc *out);
void km_smc_destroy(km_smc *smc);

km_status km_smc_step(km_smc *smc, const km_objective *target, km_diag *d);

#endif
