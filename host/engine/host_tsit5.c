#define KM_HOST_METHOD "tsit5.h"
#define KM_HOST_PROGRAM km_host_tsit5
#include "engine/host_kernels.h"
