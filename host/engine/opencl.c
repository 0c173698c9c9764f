/* Names of errors, and the calls that return objects. */
#include "engine/opencl.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

const char *km_opencl_error_name(cl_int error)
{
    static _Thread_local char other[32];
    static const struct {
        cl_int code;
        const char *name;
    } table[] = {
#define NAME(x) {x, #x}
        NAME(CL_DEVICE_NOT_FOUND), NAME(CL_DEVICE_NOT_AVAILABLE), NAME(CL_COMPILER_NOT_AVAILABLE),
        NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE), NAME(CL_OUT_OF_RESOURCES), NAME(CL_OUT_OF_HOST_MEMORY),
        NAME(CL_BUILD_PROGRAM_FAILURE), NAME(CL_COMPILE_PROGRAM_FAILURE), NAME(CL_LINK_PROGRAM_FAILURE),
        NAME(CL_DEVICE_PARTITION_FAILED), NAME(CL_INVALID_VALUE), NAME(CL_INVALID_DEVICE_TYPE),
        NAME(CL_INVALID_PLATFORM), NAME(CL_INVALID_DEVICE), NAME(CL_INVALID_CONTEXT), NAME(CL_INVALID_COMMAND_QUEUE),
        NAME(CL_INVALID_MEM_OBJECT), NAME(CL_INVALID_BINARY), NAME(CL_INVALID_BUILD_OPTIONS), NAME(CL_INVALID_PROGRAM),
        NAME(CL_INVALID_PROGRAM_EXECUTABLE), NAME(CL_INVALID_KERNEL_NAME), NAME(CL_INVALID_KERNEL),
        NAME(CL_INVALID_KERNEL_ARGS), NAME(CL_INVALID_ARG_INDEX), NAME(CL_INVALID_ARG_VALUE), NAME(CL_INVALID_ARG_SIZE),
        NAME(CL_INVALID_WORK_GROUP_SIZE), NAME(CL_INVALID_WORK_ITEM_SIZE), NAME(CL_INVALID_GLOBAL_WORK_SIZE),
        NAME(CL_INVALID_BUFFER_SIZE), NAME(CL_INVALID_DEVICE_PARTITION_COUNT),
        {-1001, "CL_PLATFORM_NOT_FOUND_KHR"}
#undef NAME
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].code == error)
            return table[i].name;
    snprintf(other, sizeof other, "error %d", (int)error);
    return other;
}

km_status km_opencl_check(cl_int error, const char *call, km_diag *d)
{
    if (error == CL_SUCCESS)
        return KM_OK;
    return km_diag_fail(d, KM_E_DEVICE, "the OpenCL call %.*s failed with %s", (int)strcspn(call, "("), call,
                        km_opencl_error_name(error));
}

km_status km_opencl_buffer(cl_context context, cl_mem_flags flags, size_t size, const void *data, cl_mem *out,
                           km_diag *d)
{
    cl_int error = CL_SUCCESS;

    /* copied at once: CL_MEM_COPY_HOST_PTR does not keep the pointer */
    union {
        const void *in;
        void *out;
    } pointer = {data};
    *out = clCreateBuffer(context, flags | (data ? CL_MEM_COPY_HOST_PTR : 0), size ? size : 8, data ? pointer.out : NULL,
                          &error);
    if (error != CL_SUCCESS)
        return km_diag_fail(d, KM_E_DEVICE, "the device has no %zu MB for a buffer (clCreateBuffer: %s); a smaller --batch "
                                            "needs less", size >> 20, km_opencl_error_name(error));
    return KM_OK;
}

km_status km_opencl_kernel(cl_program program, const char *name, cl_kernel *out, km_diag *d)
{
    cl_int error = CL_SUCCESS;

    *out = clCreateKernel(program, name, &error);
    return km_opencl_check(error, "clCreateKernel", d);
}

void km_opencl_settle(cl_command_queue queue)
{
    const struct timespec a_moment = {0, 20000};
    cl_event event = NULL;
    cl_uint references = 2;

    if (queue == NULL || clEnqueueMarkerWithWaitList(queue, 0, NULL, &event) != CL_SUCCESS)
        return;
    if (clWaitForEvents(1, &event) == CL_SUCCESS)
        for (int i = 0; i < 1000; i++) { /* a driver may keep a reference of its own: not for ever */
            if (clGetEventInfo(event, CL_EVENT_REFERENCE_COUNT, sizeof references, &references, NULL) != CL_SUCCESS || references <= 1)
                break;
            nanosleep(&a_moment, NULL);
        }
    clReleaseEvent(event);
}
