/* ketamap info: what is this map? */
#include "cli/command.h"
#include "view/info.h"

static km_status run(const km_arguments *a, km_diag *d) { return km_info_print(a->positional[0], stdout, d); }

static const km_option options[] = {{0}};

const km_command km_command_info = {"info", "what a map holds: axes, endpoints, states, how it was made", "MAP", 1,
                                    "Prints axes, endpoints with their ranges, shares of states and statuses, precision and size of a map.",
                                    "ketamap info results/quickstart.zarr", options, run};
