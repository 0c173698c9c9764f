/* How far an analysis is: for sensitivity.c, which runs it, and sensitivity_state.c, which keeps it. */
#ifndef KM_ANALYSIS_SENSITIVITY_PROGRESS_H
#define KM_ANALYSIS_SENSITIVITY_PROGRESS_H

#include "analysis/sensitivity.h"

struct km_sa {
    const km_study *study;
    const km_sa_method *method;
    void *self;
    km_sa_measure *measure;
    int n_measures;
    uint64_t cell, n_cells;      /* next, in all */
    uint64_t models_done, n_models, status[KM_N_POINT_STATUSES + 1];
    km_indices **stage;
    int n_stages;
    bool reached;
    /* of a run */
    const km_sa_watch *watch;
    int n_engines;
    const km_engine **engine;
    km_sampler **sampler;        /* of each engine, where the method has parts */
    size_t room;                 /* most models of a task */
    uint64_t *first_cell;        /* of each task, and after the last */
    uint64_t n_tasks;
    double *value;               /* [n_measures][room] */
    km_sa_observer *observer;
    void *observer_context;
};

/* The cell is the last of a stage. */
bool km_sa_ends_stage(const km_sa *sa, uint64_t cell);

#endif
