/* Where a command's table goes. */
#ifndef KM_CLI_OUTPUT_H
#define KM_CLI_OUTPUT_H

#include "base/diag.h"
#include "base/text.h"

/* Before the work: KM_E_IO where a file `path` could not be written. NULL, and what is no plain file, always can. */
km_status km_output_probe(const char *path, km_diag *d);

/* To the standard output when `path` is NULL. A file appears whole or not at all; what is no plain file (a device, a
 * pipe, a link such as /dev/stdout) is written to and stays what it is. */
km_status km_output_write(const char *path, const km_text *table, km_diag *d);

#endif
