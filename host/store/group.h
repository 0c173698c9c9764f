/* A small Zarr group of results, written at once: arrays of one chunk each, words for coordinates, run.json beside them. It is
 * made as NAME.writing and renamed when all of it is there. */
#ifndef KM_STORE_GROUP_H
#define KM_STORE_GROUP_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

enum { KM_MOST_GROUP_DIMENSIONS = 3 };

/* What an array is about. coordinates, about, unit may be NULL. All borrowed. */
typedef struct km_group_array {
    const char *name, *coordinates, *about, *unit;
    int n_dims;
    const char *dimension[KM_MOST_GROUP_DIMENSIONS];
    size_t shape[KM_MOST_GROUP_DIMENSIONS];
    bool plain; /* not compressed: read where there is no zlib (study/draws.h) */
} km_group_array;

typedef struct km_group {
    char *path, *partial;
} km_group;

/* attributes: the group's .zattrs. */
km_status km_group_begin(const char *path, const char *attributes, km_group *out, km_diag *d);
/* Numbers of 8 bytes: dtype "<f8" or "<i8". */
km_status km_group_numbers(km_group *group, const km_group_array *array, const char *dtype, const void *value, km_diag *d);
/* A coordinate of words, ASCII. */
km_status km_group_words(km_group *group, const char *name, const char *dimension, char *const *word, size_t n, const char *about, km_diag *d);
/* run_json: what stands beside the arrays, outside any comparison. */
km_status km_group_finish(km_group *group, const char *run_json, km_diag *d);
void km_group_close(km_group *group);

/* *same: there is a group at `path` with these attributes. KM_E_INPUT if there is something else; `mark` is in
 * the attributes of what --force would replace. */
km_status km_group_is_there(const char *path, const char *mark, const char *attributes, bool *same, km_diag *d);
/* Removes the group at `path` if its attributes hold the key `mark`; KM_E_INPUT, with `what` it is not, if they do not. */
km_status km_group_remove(const char *path, const char *mark, const char *what, km_diag *d);

#endif
