#define KM_HOST_METHOD "rodas4k.h"
#define KM_HOST_PROGRAM km_host_rodas4k
#include "engine/host_kernels.h"
