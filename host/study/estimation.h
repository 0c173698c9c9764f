/* The block "estimation" of a fit file: how its posterior is explored.
 *
 *   {"seed": "1", "optimise": {"runs": 8, "evaluations": 4000}, "smc": {"particles": 1000, "islands": 8},
 *    "ensemble": {"walkers": 100, "steps": 500}, "compare": ["H1", "H2", "H3"]} */
#ifndef KM_STUDY_ESTIMATION_H
#define KM_STUDY_ESTIMATION_H

#include "base/json.h"
#include "model/model.h"

#include <stdint.h>

typedef struct km_estimation {
    uint64_t seed;
    long runs, evaluations;  /* of the optimiser; evaluations of a run */
    long particles, islands; /* of sequential Monte Carlo */
    long walkers, steps;     /* of the second sampler; 0: it does not run */
    char **compare;          /* variants whose evidence is computed too */
    int n_compare;
} km_estimation;

/* `node` may be NULL: defaults. dim: how many parameters are free. */
km_status km_estimation_read(const km_model *model, const km_json *node, long dim, km_estimation *out, km_diag *d);
void km_estimation_clear(km_estimation *estimation);

#endif
