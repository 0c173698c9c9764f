/* OpenCL calls that fail with one sentence: the call, the error's name, the device. The only folder that sees
 * CL/cl.h. */
#ifndef KM_ENGINE_OPENCL_H
#define KM_ENGINE_OPENCL_H

#include "base/diag.h"

#include <CL/cl.h>

/* "CL_OUT_OF_RESOURCES", or "error -9999". */
const char *km_opencl_error_name(cl_int error);

/* KM_OK for CL_SUCCESS, else KM_E_DEVICE with a sentence naming `call`. */
km_status km_opencl_check(cl_int error, const char *call, km_diag *d);

/* KM_TRY for an expression that yields a cl_int. */
#define KM_CL(call, d) KM_TRY(km_opencl_check((call), #call, (d)))

km_status km_opencl_buffer(cl_context context, cl_mem_flags flags, size_t size, const void *data, cl_mem *out,
                           km_diag *d);
km_status km_opencl_kernel(cl_program program, const char *name, cl_kernel *out, km_diag *d);

/* To be called before a queue is released. PoCL's (3.1) threads touch an event's queue after they have said that the event is
 * complete, and crash where it is gone: this waits until they have let go of the last one. */
void km_opencl_settle(cl_command_queue queue);

#endif
