/* Fitting: where the posterior is highest, what it looks like, how likely the data are under each variant.
 *
 *   "estimation": {"seed": "1", "optimise": {"runs": 8, "evaluations": 4000}, "smc": {"particles": 1000, "islands": 8},
 *                  "ensemble": {"walkers": 100, "steps": 500}, "compare": ["H1", "H2", "H3"]}
 *
 * Phases follow one another: CMA-ES from several starts (analysis/cmaes.h), SMC (analysis/smc.h), the ensemble where it is
 * asked for (analysis/ensemble.h), then SMC for each variant to compare, which takes the place of the fit's own. Everything is
 * a function of the fit file and the seed. A state saved between two steps goes on the same; an optimisation begins anew. */
#ifndef KM_ANALYSIS_FITTING_H
#define KM_ANALYSIS_FITTING_H

#include "base/text.h"
#include "engine/engine.h"
#include "store/fit_results.h"
#include "study/fit_file.h"

typedef struct km_fitting km_fitting;

km_status km_fitting_create(const km_fit *fit, const km_engine_options *options, km_fitting **out, km_diag *d);
void km_fitting_destroy(km_fitting *fitting);

/* One launch of candidates. *done: there is nothing left but the results. */
km_status km_fitting_step(km_fitting *fitting, bool *done, km_diag *d);

/* "sampling, stage 4, temperature 0.12, acceptance 0.31"; caller frees. */
char *km_fitting_phase(const km_fitting *fitting);

/* State as bytes; back, with KM_E_INPUT if it is of another fit (`name` tells them apart) or damaged. */
void km_fitting_save(const km_fitting *fitting, const char *name, km_text *out);
km_status km_fitting_load(km_fitting *fitting, const char *name, const char *bytes, size_t size, km_diag *d);

/* Parameters, predictions of fitted and held-out rows, scores, evidence. After the last step. */
km_status km_fitting_results(km_fitting *fitting, km_fit_results **out, km_diag *d);

#endif
