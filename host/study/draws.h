/* What a fit found, as the population of a study:
 *
 *   "parameters": {"from": "../../results/ketamine-iv.zarr", "n": 256, "seed": "1", "control": "pooled", "quantiles": [0.05, 0.5, 0.95]}
 *
 * The draws of a fit's posterior are equally likely sets of typical values. Without a "population" they are the patients:
 * what the map then holds is how sure one can be of the typical patient. With one, each patient has a draw of its own, and
 * differs from that by its own scores: what the map then holds is what to expect of the next patient. */
#ifndef KM_STUDY_DRAWS_H
#define KM_STUDY_DRAWS_H

#include "base/diag.h"
#include "base/json.h"
#include "study/study.h"

/* Reads the block and the draws it names (a folder that `ketamap fit` wrote), and gives them to the study's population,
 * which it makes where there is none. Refuses draws of another model, of parameters that the model does not have, values
 * that are no numbers. Warns where the model's text, variants or "set" are not those of the fit. */
km_status km_draws_read(km_study *study, const km_json *node, km_diag *d);

#endif
