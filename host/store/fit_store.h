/* Results of a fit as a Zarr group, and as tables. */
#ifndef KM_STORE_FIT_STORE_H
#define KM_STORE_FIT_STORE_H

#include "base/diag.h"
#include "base/text.h"
#include "store/fit_results.h"

#include <stdbool.h>

/* What a fit is: its text, those of its model and tables, their hashes, program and precision; the group's .zattrs. */
typedef struct km_fit_facts {
    const char *version, *program_hash, *precision, *fit_text, *model_text, *trials_hash;
    int lanes;
} km_fit_facts;
void km_fit_attributes(km_text *out, const km_fit_facts *facts, const char *title);

/* Writes PATH.writing and renames it to `path`, where nothing may be. */
km_status km_fit_store(const char *path, const km_fit_results *results, const char *attributes, const char *run_json, km_diag *d);

/* *same: there are results at `path`, with these attributes. KM_E_INPUT where something else is. */
km_status km_fit_is_there(const char *path, const char *attributes, bool *same, km_diag *d);
/* Removes the results at `path`; KM_E_INPUT if what is there is none. */
km_status km_fit_remove(const char *path, km_diag *d);

/* A line a parameter, a row of the trials, a trial left out, a model. */
void km_fit_parameters_tsv(const km_fit_results *results, km_text *out);
void km_fit_predictions_tsv(const km_fit_results *results, km_text *out);
void km_fit_trials_tsv(const km_fit_results *results, km_text *out);
void km_fit_models_tsv(const km_fit_results *results, km_text *out);

#endif
