#include "engine/tuning.h"

#include "base/cache.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND "tuning"
enum { MOST_BYTES = 1 << 20, MOST_LOCAL = 1024, MOST_POINTS_PER_ITEM = 1024 };
static const size_t smallest_batch = 256, largest_batch = (size_t)1 << 24;

/* Of a class of device: how it is used untuned, and what a pilot tries of each knob (0 ends a list; of lanes they are shares
 * of the native width). What changes numbers, method and precision, is the study's and not here.
 *
 * vector CPU: drivers run a group on a core; lanes are the vector, and 128 groups draw points from one counter.
 * GPU: registers allow a few warps a multiprocessor; each item takes several points, so that the end is even. A launch has
 * to be long against what surrounds it, and there is memory for that.
 * other: no vectors of its own; items stand side by side as on a GPU, but slowly. Mesa 22.3's llvmpipe may let a
 * few groups take all points, and ends a loop after 65,536 turns, with points not computed: batches are small. */
typedef struct row {
    km_tuning use; /* class, lanes, local, points an item, batch, share of the memory, bytes */
    size_t candidates[KM_TUNING_N_KNOBS][KM_TUNING_CANDIDATES];
} row;

static const row table[] = {
    {{"vector CPU", 0, 1, 0, 32768, 1, (size_t)256 << 20, false}, {{1, 2}, {1}, {0}, {8192, 32768, 131072}}},
    {{"GPU", 1, 64, 4, (size_t)1 << 20, 8, (size_t)4 << 30, false},
     {{1}, {32, 64, 128, 256}, {1, 2, 4, 8, 16}, {(size_t)1 << 18, (size_t)1 << 20, (size_t)1 << 22}}},
    {{"other", 1, 64, 4, 1024, 1, (size_t)256 << 20, false}, {{1}, {32, 64, 128}, {2, 4, 8}, {512, 1024, 4096}}},
};

static const row *row_of(const km_device_info *device)
{
    if (strcmp(device->type, "GPU") == 0)
        return &table[1];
    return &table[device->width_single <= 1 ? 2 : 0];
}

km_tuning km_tuning_class(const km_device_info *device) { return row_of(device)->use; }

const char *km_tuning_knob_name(km_tuning_knob knob)
{
    static const char *const word[] = {"lanes", "local", "points_per_item", "batch"};

    return word[knob];
}

size_t km_tuning_get(const km_tuning *t, km_tuning_knob knob)
{
    switch (knob) {
    case KM_TUNING_LANES: return (size_t)t->lanes;
    case KM_TUNING_LOCAL: return (size_t)t->local;
    case KM_TUNING_POINTS_PER_ITEM: return (size_t)t->points_per_item;
    default: return t->batch;
    }
}

void km_tuning_set(km_tuning *t, km_tuning_knob knob, size_t value)
{
    switch (knob) {
    case KM_TUNING_LANES: t->lanes = (int)value; break;
    case KM_TUNING_LOCAL: t->local = (int)value; break;
    case KM_TUNING_POINTS_PER_ITEM: t->points_per_item = (int)value; break;
    default: t->batch = value; break;
    }
}

void km_tuning_candidates(const km_device_info *device, km_tuning_knob knob, size_t *out, int *n)
{
    const row *r = row_of(device);

    *n = 0;
    for (int i = 0; i < KM_TUNING_CANDIDATES && r->candidates[knob][i] > 0; i++) {
        size_t value = r->candidates[knob][i];
        if (knob == KM_TUNING_LANES && r->use.lanes == 0) /* the native width is 0: in double there are half as many */
            value = value == 1 ? 0 : device->width_single / value;
        if (knob != KM_TUNING_LANES || value != 1 || r->use.lanes == 1)
            out[(*n)++] = value;
    }
}

static void name(const km_device_info *device, char key[65])
{
    char *text = km_format("%s\n%s\n%s\n%s\n%s\n%u\n", KM_VERSION, device->platform, device->name, device->version, device->driver,
                           device->compute_units);

    km_sha256_hex(text, strlen(text), key);
    free(text);
}

bool km_tuning_is_sane(const km_tuning *t)
{
    bool lanes = t->lanes == 0 || t->lanes == 1 || t->lanes == 2 || t->lanes == 4 || t->lanes == 8 || t->lanes == 16;

    return lanes && t->local >= 1 && t->local <= MOST_LOCAL && t->points_per_item >= 0 &&
           t->points_per_item <= MOST_POINTS_PER_ITEM && t->batch >= smallest_batch && t->batch <= largest_batch;
}

km_tuning km_tuning_of(const km_device_info *device)
{
    km_tuning own = km_tuning_class(device), read = own;
    char key[65], *text = NULL, rest;
    unsigned char *bytes = NULL;
    size_t size = 0;

    name(device, key);
    if (!km_cache_read(KIND, key, &bytes, &size))
        return own;
    text = km_format("%.*s", (int)(size < MOST_BYTES ? size : MOST_BYTES), (const char *)bytes);
    if (sscanf(text, "lanes %d local %d points_per_item %d batch %zu %c", &read.lanes, &read.local, &read.points_per_item,
               &read.batch, &rest) == 4 && km_tuning_is_sane(&read)) {
        own = read;
        own.measured = true;
    }
    free(text), free(bytes);
    return own;
}

bool km_tuning_store(const km_device_info *device, const km_tuning *t)
{
    char key[65], *text = km_format("lanes %d local %d points_per_item %d batch %zu\n", t->lanes, t->local, t->points_per_item, t->batch);
    unsigned char *back = NULL;
    size_t size = 0;
    bool stored;

    name(device, key);
    km_cache_write(KIND, key, text, strlen(text), MOST_BYTES);
    stored = km_cache_read(KIND, key, &back, &size) && size == strlen(text) && memcmp(back, text, size) == 0;
    free(back), free(text);
    return stored;
}

void km_tuning_forget(const km_device_info *device)
{
    char key[65];

    name(device, key);
    km_cache_remove(KIND, key);
}
