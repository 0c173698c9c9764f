#include "analysis/streams.h"

#include "study/law.h"

void km_draw_normals(km_u64 seed, km_u32 stream, km_u32 iteration, km_u32 index, int n, double *out)
{
    for (int i = 0; i < n; i += 4) {
        const km_block b = km_draw_block(seed, stream, iteration, index, (km_u32)(i / 4));
        for (int k = 0; k < 4 && i + k < n; k++)
            out[i + k] = km_normal_quantile(km_unit_of(b.x[k]));
    }
}
