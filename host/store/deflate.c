#include "store/deflate.h"

#if KM_LIBDEFLATE

#include <libdeflate.h>

size_t km_deflate_bound(size_t n) { return libdeflate_zlib_compress_bound(NULL, n); }

bool km_deflate(const void *data, size_t n, int level, void *out, size_t *size)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level);

    *size = compressor ? libdeflate_zlib_compress(compressor, data, n, out, *size) : 0;
    libdeflate_free_compressor(compressor);
    return *size > 0;
}

const char *km_deflate_name(void) { return "libdeflate " LIBDEFLATE_VERSION_STRING; }

#else

#include <zlib.h>

size_t km_deflate_bound(size_t n) { return compressBound((uLong)n); }

bool km_deflate(const void *data, size_t n, int level, void *out, size_t *size)
{
    uLongf length = (uLongf)*size;
    bool good = compress2(out, &length, data, (uLong)n, level) == Z_OK;

    *size = length;
    return good;
}

const char *km_deflate_name(void) { return "zlib " ZLIB_VERSION; }

#endif
