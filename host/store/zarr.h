/* Zarr version 2: metadata as text, chunk names, chunk order. */
#ifndef KM_STORE_ZARR_H
#define KM_STORE_ZARR_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KM_MOST_DIMS = 32 };

/* The text of .zarray; dtype "<f4", "<f8", "<i4" or "|i1": floats fill with NaN, integers with null. packed: chunks are Blosc's, else
 * as they are. */
void km_zarr_array_text(km_text *out, const char *dtype, int n_dims, const size_t *shape, const size_t *chunk, bool packed);

/* Near-cubic chunks of at most 65,536 values: the longest side is halved until it fits. */
void km_zarr_chunk_shape(int n_dims, const size_t *shape, size_t *chunk);

/* Number of chunks, and the grid position of chunk k (row-major). */
uint64_t km_zarr_n_chunks(int n_dims, const size_t *shape, const size_t *chunk);
void km_zarr_chunk_position(int n_dims, const size_t *shape, const size_t *chunk, uint64_t k, size_t *position);
/* "3.0.12"; caller frees. */
char *km_zarr_chunk_name(int n_dims, const size_t *position);

/* Size of an element in bytes. */
size_t km_zarr_element(const char *dtype);

#endif
