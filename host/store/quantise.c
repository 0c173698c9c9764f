#include "store/quantise.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

void km_quantise(float *value, size_t n, int keep)
{
    const unsigned drop = 23u - (unsigned)keep;

    if (drop == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        if (!isfinite(value[i]))
            continue;
        memcpy(&bits, &value[i], sizeof bits);
        bits += (1u << (drop - 1)) - 1u + (bits >> drop & 1u);
        bits &= ~((1u << drop) - 1u);
        memcpy(&value[i], &bits, sizeof bits);
    }
}
