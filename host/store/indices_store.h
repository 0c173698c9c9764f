/* The results of a sensitivity analysis as a Zarr group.
 *
 * Arrays over (endpoint, factor), one a column of the method, with the coordinates `endpoint` and `factor` (words);
 * over (endpoint, factor, factor_2) those of pairs; n_used, n_dropped, mean and variance over (endpoint); and the
 * convergence curve: curve_COLUMN over (stage, endpoint, factor) with the coordinate `rows`. */
#ifndef KM_STORE_INDICES_STORE_H
#define KM_STORE_INDICES_STORE_H

#include "store/indices.h"

/* Writes the group at `path`, where nothing may be (store/group.h). stage: [n_stages], or NULL. */
km_status km_indices_write(const char *path, const km_indices *indices, const km_indices *const *stage, int n_stages,
                           const char *attributes, const char *run_json, km_diag *d);

#endif
