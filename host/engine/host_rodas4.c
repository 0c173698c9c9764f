#define KM_HOST_METHOD "rodas4.h"
#define KM_HOST_PROGRAM km_host_rodas4
#include "engine/host_kernels.h"
