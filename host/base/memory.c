/* The one place that may end the program: with no memory left for a small block there is no way to
 * carry a message further up. */
#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(size_t n, size_t size)
{
    (void)fprintf(stderr, "ketamap: out of memory (asked for %zu times %zu bytes)\n", n, size);
    exit(KM_E_IO);
}

void *km_alloc(size_t n, size_t size)
{
    void *block = calloc(n > 0 ? n : 1, size > 0 ? size : 1);

    if (block == NULL)
        out_of_memory(n, size);
    return block;
}

void *km_realloc(void *block, size_t n, size_t size)
{
    void *larger = NULL;

    if (n == 0 || size == 0)
        n = size = 1;
    if (n <= SIZE_MAX / size)
        larger = realloc(block, n * size);
    if (larger == NULL)
        out_of_memory(n, size);
    return larger;
}

char *km_strdup(const char *text)
{
    size_t n = strlen(text) + 1;

    return memcpy(km_alloc(n, 1), text, n);
}

char *km_format(const char *format, ...)
{
    va_list arguments;
    char *text;
    int n;

    va_start(arguments, format);
    n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (n < 0)
        return km_strdup("");
    text = km_alloc((size_t)n + 1, 1);
    va_start(arguments, format);
    (void)vsnprintf(text, (size_t)n + 1, format, arguments);
    va_end(arguments);
    return text;
}

char *km_format_bytes(double bytes)
{
    return bytes < 1e6 ? km_format("%.4g kB", bytes / 1e3) : km_format("%.4g MB", bytes / 1e6);
}

km_status km_array_create(size_t n, size_t size, void **out, km_diag *d)
{
    *out = NULL;
    if (n == 0 || size == 0)
        return KM_OK;
    *out = calloc(n, size);
    if (*out == NULL)
        return km_diag_fail(d, KM_E_IO, "not enough memory for %zu values of %zu bytes (%.3g GiB)",
                            n, size, (double)n * (double)size / 1073741824.0);
    return KM_OK;
}
