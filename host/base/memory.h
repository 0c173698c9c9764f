/* Memory. Small blocks never come back NULL: when the system has none left the program says so in
 * one sentence and ends with exit code 3 (maps resume, nothing is lost). Arrays whose size follows the
 * user's input go through km_array_create, which fails like everything else. */
#ifndef KM_BASE_MEMORY_H
#define KM_BASE_MEMORY_H

#include "base/diag.h"

#include <stddef.h>

/* n * size bytes, zeroed. */
void *km_alloc(size_t n, size_t size);
void *km_realloc(void *block, size_t n, size_t size);
char *km_strdup(const char *text);
/* printf into a fresh string; the caller frees it. */
char *km_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A size for people, "12.5 kB" or "3.041 MB"; caller frees. */
char *km_format_bytes(double bytes);

/* *out: n * size bytes, zeroed, or NULL when n is 0. */
km_status km_array_create(size_t n, size_t size, void **out, km_diag *d);

/* Grows `array` (of elements of `size` bytes) so that index n is valid: capacity doubles. */
#define KM_PUSH(array, n)                                                                         \
    (((n) & ((n)-1)) == 0                                                                         \
         ? (void)((array) = km_realloc((array), (n) == 0 ? 4 : 2 * (size_t)(n) + 4, sizeof *(array))) \
         : (void)0)

#endif
