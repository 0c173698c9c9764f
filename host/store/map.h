/* A response map: a Zarr v2 group with one array per endpoint over the study's axes, or over its points beside one
 * array per factor, written while computing, resumed after a kill.
 *
 * Life: km_map_open makes or reopens NAME.zarr.partial; km_map_put hands over finished chunks (compressed and
 * written by worker threads); km_map_finish renames to NAME.zarr. A chunk's `status` file is written last: it is
 * the chunk's commit record. */
#ifndef KM_STORE_MAP_H
#define KM_STORE_MAP_H

#include "base/diag.h"
#include "study/study.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct km_map km_map;

/* What an audit found of one endpoint, in the endpoint's unit: errors over n points where it happened both times, and
 * how many points flipped between happening and never. */
typedef struct km_endpoint_audit {
    long n, flips;
    double median, p99, max;
    double size;               /* 99th percentile of the endpoint's size over those points; not kept in the map */
} km_endpoint_audit;

/* What goes into the attributes besides the study itself. Strings are borrowed. */
typedef struct km_map_facts {
    const char *version;       /* of ketamap */
    const char *program_hash;  /* of the first device */
    const char *programs;      /* all of them, where devices of several kinds compute; else NULL */
    const char *precision;     /* "single" or "double" */
    const char *method;
    const char *method_choice; /* why that method, where a pilot chose it; else NULL */
    int lanes;                 /* bits follow lanes, so that it is an attribute, not run.json */
    bool double_on_host;       /* second tries and the audit were made on the host, not on the device */
    double audit_rtol;         /* tolerance of the audit; 0: not audited */
    const km_endpoint_audit *audit; /* [n_endpoints]; may be NULL when the map is only resumed or looked at */
} km_map_facts;

/* Opens for writing: a fresh NAME.partial, or an existing one to resume. Fails with KM_E_INPUT if NAME exists
 * complete (says how to go on), or if a partial map belongs to another study, model, program or version: the
 * message names what differs. `threads`: compressing workers. */
km_status km_map_open(const char *path, const km_study *study, const km_map_facts *facts, int threads,
                      km_map **out, km_diag *d);

/* A finished map of ketamap, be its attributes whole or not; results of other commands and groups of others are none. */
bool km_map_is_there(const char *path);
/* *same: there is a complete map at `path` and it is of this study, program and version. */
km_status km_map_is_complete(const char *path, const km_study *study, const km_map_facts *facts, bool *same, km_diag *d);

uint64_t km_map_n_chunks(const km_map *map);
/* Box of a chunk: origin and extent per dimension (extent is clipped at the map's edge), and its points. */
void km_map_chunk(const km_map *map, uint64_t chunk, size_t *origin, size_t *extent);
uint64_t km_map_chunk_points(const km_map *map, uint64_t chunk);
bool km_map_has_chunk(const km_map *map, uint64_t chunk);

/* One chunk's results, row-major within the box: value and margin [n_endpoints][n], state [n_endpoints][n],
 * status and steps [n]. Copied before the call returns; blocks while the writers' queue is full.
 * Errors of the writers surface in later calls and in finish. */
km_status km_map_put(km_map *map, uint64_t chunk, const double *value, const signed char *state,
                     const double *margin, const signed char *status, const int *steps, km_diag *d);

/* The same of a study with a population: [n_statistics + 1][n], its statistics and how many patients failed. */
km_status km_map_put_statistics(km_map *map, uint64_t chunk, const double *statistic, const signed char *status, const int *steps, km_diag *d);

/* What a map's flag meanings call a state of an endpoint (KM_STATE_*) and a status of a point (KM_POINT_*). */
const char *km_state_word(int state);
const char *km_status_word(int status);

/* Files and bytes written so far, for dry runs and summaries. */
uint64_t km_map_bytes(const km_map *map);

/* Waits for the writers. After this every chunk put is on disk. */
km_status km_map_flush(km_map *map, km_diag *d);
/* Flushes, writes run.json (`run_json`: its whole text, borrowed) and renames NAME.partial to NAME. */
km_status km_map_finish(km_map *map, const char *run_json, km_diag *d);
/* Without finish the map stays partial and resumable. Takes NULL. */
void km_map_close(km_map *map);

/* Reading, for info, plot and tests. unit, about, coordinates and flags are "" where the array has none. */
typedef struct km_map_array {
    char *name, *unit, *about, *dtype;    /* "<f4", "|i1", "<i4", "<f8" */
    int n_dims;
    size_t *shape, *chunk;
    char **dimension;                      /* names */
    bool audited;                          /* an endpoint whose map was audited: */
    km_endpoint_audit error;
    char *coordinates;                     /* names of the factors, apart by blanks, of a map over points */
    char *flags;                           /* CF flag_meanings: words from flag 0 on (status: from -1) */
} km_map_array;

typedef struct km_map_reader km_map_reader;
/* `path`: NAME.zarr, or NAME.zarr.partial; the latter is also found where NAME.zarr is not there yet. */
km_status km_map_reader_open(const char *path, km_map_reader **out, km_diag *d);
const char *km_map_reader_path(const km_map_reader *reader); /* the folder that is read */
void km_map_reader_close(km_map_reader *reader);
const km_json *km_map_reader_attributes(const km_map_reader *reader); /* the group's .zattrs */
int km_map_reader_n_arrays(const km_map_reader *reader); /* sorted by name */
const km_map_array *km_map_reader_array(const km_map_reader *reader, int i);
int km_map_reader_find(const km_map_reader *reader, const char *name); /* index or -1 */
/* True if an array holds a factor: it says where a map's points are. */
bool km_map_reader_is_factor(const km_map_reader *reader, int array);
/* The box [origin, origin+extent) of an array as doubles, row-major. What a partial map does not have yet is NaN. */
km_status km_map_reader_read(km_map_reader *reader, int array, const size_t *origin, const size_t *extent,
                             double *out, km_diag *d);
/* True for a finished map; else chunks done so far. */
bool km_map_reader_complete(const km_map_reader *reader, uint64_t *done, uint64_t *total);

#endif
