/* ketamap sensitivity MAP.zarr: from the points of a finished map. */
#ifndef KM_CLI_MAP_ANALYSIS_H
#define KM_CLI_MAP_ANALYSIS_H

#include "cli/command.h"

/* lines: of an endpoint's table, 0: all. */
km_status km_map_analysis(const km_arguments *arguments, int lines, km_diag *d);

#endif
