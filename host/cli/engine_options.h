/* --device, --lanes, --compute-units, --batch, --no-double and --kernel-dir of the commands that compute. */
#ifndef KM_CLI_ENGINE_OPTIONS_H
#define KM_CLI_ENGINE_OPTIONS_H

#include "cli/command.h"
#include "engine/engine.h"

/* The command's row must have all six. Strings are borrowed from the arguments. */
km_status km_engine_options_read(const km_arguments *arguments, km_engine_options *out, km_diag *d);

#endif
