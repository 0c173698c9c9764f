/* SHA-256 (FIPS 180-4): names what went into a map, and checks its files. */
#ifndef KM_BASE_SHA256_H
#define KM_BASE_SHA256_H

#include <stddef.h>

/* 64 lower-case hexadecimal digits and a NUL. `data` may be NULL when n is 0. */
void km_sha256_hex(const void *data, size_t n, char out[65]);

#endif
