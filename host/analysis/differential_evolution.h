/* Differential evolution (Storn and Price, J. Global Optim. 11, 1997, 341-359; the tutorial of Price, Storn and Lampinen, 2005):
 * every member of a population is challenged by a mixture of itself and base + F (difference of two others), and the better
 * one stays. Half of the challenges begin from a third member (rand/1/bin), half from a point on the way to the best
 * (current-to-best/1/bin); half take over few coordinates (0.2), half most of them (0.9); F is drawn anew from 0.5 to 1. A
 * generation is one evaluation. Slower than CMA-ES on one hill, at home among many. */
#ifndef KM_ANALYSIS_DIFFERENTIAL_EVOLUTION_H
#define KM_ANALYSIS_DIFFERENTIAL_EVOLUTION_H

#include "analysis/objective.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct km_evolution_options {
    int members;            /* 10 dim by default, at least 8 */
    bool with_prior;
    double tolerance;       /* done when three quarters of the members are this near to the best, 1e-6 by default: some stay on
                               other hills */
    uint64_t most_evaluations;
    uint64_t seed;
} km_evolution_options;

typedef struct km_evolution {
    km_evolution_options options;
    int dim, best;          /* best: a member */
    uint64_t generations, evaluations;
    double *z, *value;      /* [members][dim], [members] */
} km_evolution;

/* Members begin as draws of the prior. */
void km_evolution_create(int dim, const km_evolution_options *options, km_evolution *out);
void km_evolution_destroy(km_evolution *evolution);
km_status km_evolution_step(km_evolution *evolution, const km_objective *objective, bool *done, km_diag *d);

#endif
