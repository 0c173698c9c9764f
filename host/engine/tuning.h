/* How a device is used best: one row a class of device, and what a pilot found on this one (`ketamap bench --tune`).
 *
 * None of it changes a point's bits but `lanes`, which a driver's compiler may round differently for (with PoCL they do not),
 * so that maps tell lanes. */
#ifndef KM_ENGINE_TUNING_H
#define KM_ENGINE_TUNING_H

#include "engine/device.h"

#include <stddef.h>

typedef struct km_tuning {
    const char *class_name;  /* of device; static */
    int lanes;               /* vector lanes of an item; 0: the device's native width */
    int local;               /* work-items of a group */
    int points_per_item;     /* 0: a fixed number of groups, KM_TUNING_GROUPS, whatever the points */
    size_t batch;            /* points of a launch, at most: it is less where memory is */
    unsigned memory_share;   /* buffers take at most 1/memory_share of the device's memory, */
    size_t most_bytes;       /* and at most so many bytes */
    bool measured;           /* by a pilot on this device; else the class's row */
} km_tuning;

enum { KM_TUNING_GROUPS = 128 };

/* The device's: what `bench --tune` stored for this device and driver, else its class's row. */
km_tuning km_tuning_of(const km_device_info *device);
/* The class's row alone. */
km_tuning km_tuning_class(const km_device_info *device);

/* What a pilot tries of a knob of the device's class: at most KM_TUNING_CANDIDATES values, *n of them; the pilot goes through the
 * knobs in this order. Lanes are those of single precision. */
typedef enum km_tuning_knob { KM_TUNING_LANES, KM_TUNING_LOCAL, KM_TUNING_POINTS_PER_ITEM, KM_TUNING_BATCH, KM_TUNING_N_KNOBS } km_tuning_knob;
enum { KM_TUNING_CANDIDATES = 6 };
void km_tuning_candidates(const km_device_info *device, km_tuning_knob knob, size_t *out, int *n);
const char *km_tuning_knob_name(km_tuning_knob knob);
size_t km_tuning_get(const km_tuning *tuning, km_tuning_knob knob);
void km_tuning_set(km_tuning *tuning, km_tuning_knob knob, size_t value);

/* True if the values could be a tuning of the device: what km_tuning_of asks of a stored one. */
bool km_tuning_is_sane(const km_tuning *tuning);

/* Stores it in the user's cache (base/cache.h), for km_tuning_of; false where there is none. Or forgets it. */
bool km_tuning_store(const km_device_info *device, const km_tuning *tuning);
void km_tuning_forget(const km_device_info *device);

#endif
