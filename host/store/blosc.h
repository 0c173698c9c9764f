/* Blosc-1 frames around zlib: what Zarr v2 readers know as {"id": "blosc", "cname": "zlib"}.
 *
 * One block a frame: 16 bytes of header, the block's offset (20), its length, a zlib stream of the bytes shuffled
 * by element. Data that does not shrink, or is under 128 bytes, is stored as it is. */
#ifndef KM_STORE_BLOSC_H
#define KM_STORE_BLOSC_H

#include "base/diag.h"

#include <stddef.h>

/* `data`: nbytes (below 2^31), elements of `typesize` bytes (1 to 255). *out is the caller's. */
km_status km_blosc_encode(const void *data, size_t nbytes, size_t typesize, int level, unsigned char **out, size_t *size,
                          km_diag *d);
/* The other way: `out` has room for exactly nbytes. KM_E_IO when the frame is damaged or of another size or kind. */
km_status km_blosc_decode(const unsigned char *frame, size_t size, void *out, size_t nbytes, km_diag *d);

#endif
