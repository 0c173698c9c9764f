/* A generated source built for a device. */
#ifndef KM_ENGINE_PROGRAM_H
#define KM_ENGINE_PROGRAM_H

#include "base/diag.h"
#include "codegen/codegen.h"
#include "engine/opencl.h"

#include <stdbool.h>

typedef struct km_program {
    cl_program program;
    char key[65]; /* SHA-256 of the source, the options, the device, its driver and its platform */
    bool kept;    /* its binary is in the cache (base/cache.h), or is not wanted there */
} km_program;

/* Builds, from the binary of an earlier run where there is one, then asks the program itself (km_probe) whether it agrees on
 * versions and sizes. A binary that the driver refuses, or that does not agree, is forgotten, and the source is built. The
 * message of a failed build begins with the compiler's first error. */
km_status km_program_build(cl_context context, cl_device_id device, cl_command_queue queue, const km_source *source,
                           km_program *out, km_diag *d);
void km_program_release(km_program *program);

/* What a failure of the compiler is: `st`, or KM_E_IO, with a sentence, where the folder it writes to has no room. Drivers do not
 * say so themselves; known of PoCL only. */
km_status km_program_failure(cl_device_id device, km_status st, km_diag *d);
/* The same at the end of a program that the compiler has ended: KM_OK if none was at work. */
km_status km_program_ended(km_diag *d);

/* Puts the binary into the cache, once. To be called after the kernels have run: drivers such as PoCL compile them at
 * their first launch, and a binary has what is compiled by then. */
void km_program_keep(km_program *program);

#endif
