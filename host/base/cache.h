/* Files kept between runs, of which losing any costs time only: in $XDG_CACHE_HOME/ketamap, else ~/.cache/ketamap, or where
 * KETAMAP_CACHE says; KETAMAP_CACHE=off: nowhere.
 *
 * An entry is a blob under a key (a SHA-256 of all it follows from). It is written beside its place and renamed, and read only
 * if its own checksum and key are right: torn, damaged and foreign files are as if absent. Nothing here fails or warns. */
#ifndef KM_BASE_CACHE_H
#define KM_BASE_CACHE_H

#include <stdbool.h>
#include <stddef.h>

/* The folder `kind` of the cache; NULL where there is none. Caller frees. It may not be there yet. */
char *km_cache_folder(const char *kind);

/* *out is the caller's, *size bytes. Marks the entry as used now. */
bool km_cache_read(const char *kind, const char key[65], unsigned char **out, size_t *size);
/* Then removes the entries longest not used while all of that kind take more than `most` bytes. */
void km_cache_write(const char *kind, const char key[65], const void *data, size_t size, size_t most);
void km_cache_remove(const char *kind, const char key[65]);

#endif
