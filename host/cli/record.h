/* run.json: what a run was, for a person; no two are alike. */
#ifndef KM_CLI_RECORD_H
#define KM_CLI_RECORD_H

#include "base/text.h"
#include "cli/command.h"
#include "engine/engine.h"

#include <time.h>

/* The first members: version, dates, device, command, units, batch. The caller adds more and "\n}\n". */
void km_record_begin(km_text *out, const km_engine_facts *facts, const km_arguments *arguments, time_t begun);

#endif
