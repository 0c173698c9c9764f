/* zlib streams, by zlib or, where CMake was told -DKM_LIBDEFLATE=ON, by libdeflate: 6 to 8 % smaller, 5 to 10 % less work in a map
 * of a cheap model, and read by everything that reads zlib's. The same build gives the same bytes. */
#ifndef KM_STORE_DEFLATE_H
#define KM_STORE_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>

/* What n bytes may become at most. */
size_t km_deflate_bound(size_t n);
/* *size: room in `out`, then what it took. False if that is not enough, or memory. */
bool km_deflate(const void *data, size_t n, int level, void *out, size_t *size);
/* "zlib 1.2.13", "libdeflate 1.14". */
const char *km_deflate_name(void);

#endif
