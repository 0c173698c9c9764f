/* A generated source built for a device. */
#ifndef KM_ENGINE_PROGRAM_H
#define KM_ENGINE_PROGRAM_H

#include "base/diag.h"
#include "codegen/codegen.h"
#include "engine/opencl.h"

/* Builds, then asks the program itself (km_probe) whether it agrees on versions and sizes. The message of a failed
 * build begins with the compiler's first error. */
km_status km_program_build(cl_context context, cl_device_id device, cl_command_queue queue, const km_source *source,
                           cl_program *out, km_diag *d);

#endif
