/* The chunks that a map does not have yet, as tasks for the devices (engine/dispatch.h): as many chunks a task as fill a
 * batch. */
#ifndef KM_CLI_MAP_TASKS_H
#define KM_CLI_MAP_TASKS_H

#include "engine/dispatch.h"
#include "store/map.h"

typedef struct km_map_tasks {
    const km_study *study;
    km_map *map;
    bool drop;     /* results are computed and not written, to see what writing costs */
    /* In the caller's thread, each may be NULL: with the results of some chunks, by an engine; as those of km_work. */
    void (*taken)(void *context, int engine, uint64_t n_chunks, const km_results *results);
    void (*lost)(void *context, int engine, const char *why);
    bool (*stop)(void);
    void *context;
    uint64_t *chunk, n_chunks, a_task; /* its own: task k is `a_task` chunks from chunk[k * a_task] on */
} km_map_tasks;

/* Until all chunks are handed to the map's writers, or stop() says so. */
km_status km_map_tasks_run(km_map_tasks *tasks, km_dispatch *dispatch, km_diag *d);

/* How many threads compress and write by default: two beside a CPU that computes, which has its cores busy; beside GPUs the
 * machine's cores, up to 16. */
int km_map_tasks_threads(const km_dispatch *dispatch);

#endif
