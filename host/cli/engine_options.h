/* --device, --lanes, --compute-units, --batch, --kernel-dir and --no-double of the commands that compute. */
#ifndef KM_CLI_ENGINE_OPTIONS_H
#define KM_CLI_ENGINE_OPTIONS_H

#include "cli/command.h"
#include "engine/engine.h"

/* A switch that the command's row lacks is off. Strings are borrowed from the arguments. */
km_status km_engine_options_read(const km_arguments *arguments, km_engine_options *out, km_diag *d);

#endif
