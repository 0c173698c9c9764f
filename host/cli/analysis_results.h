/* Where the results of a sensitivity analysis go, and what it takes to put them there. */
#ifndef KM_CLI_ANALYSIS_RESULTS_H
#define KM_CLI_ANALYSIS_RESULTS_H

#include "cli/command.h"
#include "store/indices.h"

#include <stdbool.h>

typedef struct km_analysis_place {
    char *path, *stem, *state, *kept; /* NAME.zarr, NAME, NAME.zarr.state, and NAME.zarr/state, which another may go on from */
} km_analysis_place;

/* From --output, else results/STEM-sensitivity.zarr with the name of the study or map that is analysed. */
km_status km_analysis_place_name(const char *analysed, const km_arguments *arguments, km_analysis_place *out, km_diag *d);
void km_analysis_place_clear(km_analysis_place *place);

/* *there: results of this very analysis are there already, and the user was told so. --force takes away what is there. */
km_status km_analysis_place_look(const km_analysis_place *place, const km_arguments *arguments, const char *attributes, bool *there, km_diag *d);

/* The tables, then the group, which says that all is there, in the place of what `replace` says is there; then what another may go on from
 * (size 0: nothing). stage: [n_stages], or NULL. */
km_status km_analysis_write(const km_analysis_place *place, const km_indices *indices, const km_indices *const *stage, int n_stages,
                            const char *attributes, const char *run_json, bool replace, const unsigned char *state, size_t size, km_diag *d);

#endif
