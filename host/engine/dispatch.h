/* Tasks over devices: N tasks, an engine a device, one queue.
 *
 * Every engine has a thread that takes the next task when it is free, so that faster devices take more. Results come back
 * in the caller's thread, one after another, while the devices go on. A device that fails (KM_E_DEVICE) is not asked
 * again, and its task goes to the others; only where none is left is that an error. Near the end a slow device leaves
 * tasks to one that would be done with all of them sooner. What an engine computes does not depend on any of this. */
#ifndef KM_ENGINE_DISPATCH_H
#define KM_ENGINE_DISPATCH_H

#include "engine/engine.h"

typedef struct km_dispatch km_dispatch;

/* What an engine has done so far, over all runs. */
typedef struct km_dispatch_count {
    uint64_t tasks, points;
    double seconds; /* computing */
    bool lost;      /* it failed */
} km_dispatch_count;

typedef struct km_work {
    uint64_t n_tasks;
    size_t most_points;   /* of a task */
    size_t values;        /* rows of value, state and margin; 0: one for each endpoint */
    bool in_order;        /* results are taken in the order of the tasks, else as they come */
    /* In an engine's thread: sets results->n, at most most_points, and fills value, state, margin, status and steps. */
    km_status (*compute)(const void *context, uint64_t task, km_engine *engine, km_results *results, km_diag *d);
    /* In the caller's thread, `engine`: an index. The results are lent until it returns. */
    km_status (*take)(void *context, uint64_t task, int engine, const km_results *results, km_diag *d);
    /* In the caller's thread: a device has failed, and why. May be NULL. */
    void (*lost)(void *context, int engine, const char *why);
    /* Asked in any thread before a task is begun: true ends the run once the tasks begun are taken. May be NULL. */
    bool (*stop)(void);
    void *context;
} km_work;

/* The devices of options->device (km_device_select). A device named k times is divided into k sub-devices where
 * options->compute_units says how large they are, else it gets k engines. */
km_status km_dispatch_create(const km_engine_options *options, km_dispatch **out, km_diag *d);
void km_dispatch_destroy(km_dispatch *dispatch);

/* Options of an engine on the first device alone, for pilots and audits; borrowed. Once built: on that of engine 0. */
const km_engine_options *km_dispatch_first(const km_dispatch *dispatch);

/* Builds an engine for each device. One that cannot take the study, or only in single precision where another computes
 * in double, is left out with a warning, as long as another can. */
km_status km_dispatch_build(km_dispatch *dispatch, const km_study *study, km_diag *d);
int km_dispatch_n(const km_dispatch *dispatch); /* engines built */
km_engine *km_dispatch_engine(const km_dispatch *dispatch, int i);
const km_dispatch_count *km_dispatch_count_of(const km_dispatch *dispatch, int i);

/* Bits follow the program: where devices of several kinds have several, "SHA256 of N lanes, ..."; else NULL. Caller frees. */
char *km_dispatch_programs(const km_dispatch *dispatch);

/* Runs all tasks; ends early, with KM_OK, where stop() says so. KM_E_DEVICE when no device is left. */
km_status km_dispatch_run(km_dispatch *dispatch, const km_work *work, km_diag *d);

#endif
