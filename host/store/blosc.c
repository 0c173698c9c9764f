#include "store/blosc.h"

#include "base/memory.h"
#include "store/deflate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { HEADER = 16, STREAM = 24, SMALL = 128, SHUFFLED = 0x01, STORED = 0x02, WHOLE = 0x10, ZLIB = 3 << 5 };

static void put32(unsigned char *at, size_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(v >> (8 * i) & 0xff);
}

static size_t get32(const unsigned char *at)
{
    return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

/* Byte k of every element together. */
static void shuffle(const unsigned char *in, size_t n, size_t size, unsigned char *out)
{
    for (size_t k = 0; k < size; k++)
        for (size_t i = 0; i < n; i++)
            out[k * n + i] = in[i * size + k];
}

static void unshuffle(const unsigned char *in, size_t n, size_t size, unsigned char *out)
{
    for (size_t k = 0; k < size; k++)
        for (size_t i = 0; i < n; i++)
            out[i * size + k] = in[k * n + i];
}

static void put_header(unsigned char *frame, int flags, size_t typesize, size_t nbytes, size_t total)
{
    frame[0] = 2;
    frame[1] = 1;
    frame[2] = (unsigned char)flags;
    frame[3] = (unsigned char)typesize;
    put32(frame + 4, nbytes);
    put32(frame + 8, nbytes);
    put32(frame + 12, total);
}

km_status km_blosc_encode(const void *data, size_t nbytes, size_t typesize, int level, unsigned char **out, size_t *size,
                          km_diag *d)
{
    size_t length = km_deflate_bound(nbytes);
    unsigned char *frame = NULL, *mixed = NULL;
    const unsigned char *source = data;
    size_t rest = nbytes % typesize;
    km_status st = KM_OK;

    *out = NULL;
    KM_TRY(km_array_create(STREAM + length, 1, (void **)&frame, d));
    if (typesize > 1) {
        KM_TRY(km_array_create(nbytes, 1, (void **)&mixed, d));
        shuffle(data, nbytes / typesize, typesize, mixed);
        if (rest)
            memcpy(mixed + nbytes - rest, (const unsigned char *)data + nbytes - rest, rest);
        source = mixed;
    }
    if (nbytes >= SMALL && km_deflate(source, nbytes, level, frame + STREAM, &length) &&
        STREAM + length < HEADER + nbytes) {
        put_header(frame, (typesize > 1 ? SHUFFLED : 0) | WHOLE | ZLIB, typesize, nbytes, STREAM + length);
        put32(frame + HEADER, HEADER + 4);
        put32(frame + HEADER + 4, length);
        *size = STREAM + length;
    } else {
        put_header(frame, STORED | ZLIB, typesize, nbytes, HEADER + nbytes);
        memcpy(frame + HEADER, data, nbytes);
        *size = HEADER + nbytes;
    }
    *out = frame;
    frame = NULL;
done:
    free(frame);
    free(mixed);
    return st;
}

km_status km_blosc_decode(const unsigned char *frame, size_t size, void *out, size_t nbytes, km_diag *d)
{
    unsigned char *mixed = NULL;
    size_t typesize, start;
    uLongf length = (uLongf)nbytes;
    int flags;
    km_status st = KM_OK;

    if (size < HEADER || frame[0] != 2 || get32(frame + 4) != nbytes || get32(frame + 12) != size || frame[3] == 0)
        return km_diag_fail(d, KM_E_IO, "the Blosc header does not fit the chunk");
    flags = frame[2];
    typesize = frame[3];
    if (flags & STORED) {
        if (size != HEADER + nbytes)
            return km_diag_fail(d, KM_E_IO, "the stored chunk is cut short");
        memcpy(out, frame + HEADER, nbytes);
        return KM_OK;
    }
    if ((flags & 0xe0) != ZLIB || size < STREAM || get32(frame + 8) != nbytes)
        return km_diag_fail(d, KM_E_IO, "the chunk is not a single zlib block");
    start = get32(frame + HEADER);
    if (start > size - 4 || get32(frame + start) > size - 4 - start)
        return km_diag_fail(d, KM_E_IO, "the chunk is cut short");
    KM_TRY(km_array_create(nbytes, 1, (void **)&mixed, d));
    if (uncompress(mixed, &length, frame + start + 4, (uLong)get32(frame + start)) != Z_OK || length != nbytes)
        KM_FAIL(d, KM_E_IO, "the chunk's zlib stream is damaged");
    if (flags & SHUFFLED) {
        size_t rest = nbytes % typesize;
        unshuffle(mixed, nbytes / typesize, typesize, out);
        if (rest)
            memcpy((unsigned char *)out + nbytes - rest, mixed + nbytes - rest, rest);
    } else {
        memcpy(out, mixed, nbytes);
    }
done:
    free(mixed);
    return st;
}
