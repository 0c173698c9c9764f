/* The posterior of a fit: log prior and log likelihood of many candidates at once.
 *
 * A candidate is a vector z, one number for each free parameter. The parameters' scores are z itself, or where priors are correlated
 * z mixed by their copula; a value is the quantile of its prior at the share of a standard normal below its score. So every prior is
 * a standard normal of z, the bounds are never met, and the density of z is that of the parameters' prior whatever their laws.
 *
 * A trial's effect b, normal with the sd between trials, moves all its scores and is integrated out (by the trapezoidal
 * rule over 81 points). Given b, rows are independent but for the means of one arm, whose errors correlate by "repeated".
 * The likelihood is a product over trials: that is what scores by leaving one trial out need. */
#ifndef KM_ANALYSIS_POSTERIOR_H
#define KM_ANALYSIS_POSTERIOR_H

#include "analysis/arms.h"

typedef struct km_posterior km_posterior;

/* Builds the programs of the fitted rows. The fit outlives the posterior. */
km_status km_posterior_create(const km_fit *fit, const km_engine_options *options, km_posterior **out, km_diag *d);
/* The same for the rows held out: for km_posterior_predict and km_posterior_pointwise. Fails with KM_E_INPUT where there
 * are none. */
km_status km_posterior_create_held_out(const km_fit *fit, const km_engine_options *options, km_posterior **out, km_diag *d);
void km_posterior_destroy(km_posterior *posterior);

size_t km_posterior_dimension(const km_posterior *posterior);
const km_arms_facts *km_posterior_facts(const km_posterior *posterior);

/* The scores of a candidate; and back, in place. [n_free] each. */
void km_posterior_prior_scores(const km_fit *fit, const double *z, double *score);
void km_posterior_candidate(const km_fit *fit, double *score);
/* The value of free parameter i at a score. */
double km_posterior_value(const km_fit *fit, int i, double score);
/* The parameters' values of a candidate, and the candidate of values (NAN where the prior excludes them). [n_free] each. */
void km_posterior_values(const km_fit *fit, const double *z, double *theta);
void km_posterior_scores(const km_fit *fit, const double *theta, double *z);

/* z: [n][dimension]. log_likelihood -inf where the model fails. `posterior`: a km_posterior, void for callers that know
 * no more. */
km_status km_posterior_evaluate(void *posterior, size_t n, const double *z, double *log_prior, double *log_likelihood, km_diag *d);

/* out: [n][fit->n_studies], the log likelihood by trial; 0 for trials that have no row here. */
km_status km_posterior_pointwise(km_posterior *posterior, size_t n, const double *z, double *out, km_diag *d);

/* What candidates say of each row, in the row's own unit: expected, [n][rows]; and one draw of what such a trial would
 * publish (its effect, its patients, its error), a function of (seed, index + i, row): observed, [n][rows]. Rows in the
 * order of fit->row. NAN where the model fails. Either may be NULL. */
km_status km_posterior_predict(km_posterior *posterior, size_t n, const double *z, uint64_t seed, uint32_t index, double *expected,
                               double *observed, km_diag *d);

#endif
