/* What arms.c plans and runs, and arm_rows.c reads off. */
#ifndef KM_ANALYSIS_ARM_RUNS_H
#define KM_ANALYSIS_ARM_RUNS_H

#include "analysis/arms.h"
#include "engine/tape.h"

/* A slot of a regimen's study: a free parameter, one that differs between patients, or both. */
typedef struct km_run_slot {
    int parameter, free, trait; /* -1 where not */
} km_run_slot;

typedef struct km_regimen_run {
    bool used, at_rest;
    km_study *study;
    km_engine *engine;
    double *time;
    int n_times;
    int *output;         /* endpoints of outputs of their own, after the states': of the model, ... */
    double *output_time; /* ... at this time, or NAN for the largest value */
    int n_outputs;
    km_run_slot *slot;
    double *base;        /* a row of slots */
    km_results r;
} km_regimen_run;

/* Arms that differ in nothing the score depends on are one. */
typedef struct km_arm {
    int regimen, control;
    double baseline, baseline_sd;
    bool *needed; /* per time of the regimen */
} km_arm;

struct km_arms {
    const km_fit *fit;
    int first, n;
    km_regimen_run *run; /* [fit->n_regimens] */
    km_arm *arm;
    int n_arms;
    int *row_arm, *row_control; /* of a row; of a difference also that of its control */
    int *state, n_states;       /* those the score needs */
    int *state_output;          /* an output of the model that is that state alone */
    bool *drives;               /* per parameter: the states follow from it */
    int *parameter_free;        /* per parameter: index of the free one, or -1 */
    km_tape score, initial;
    km_arms_facts facts;
    size_t block;        /* candidates at a time */
    int most_times;
};

bool km_is_relapse(km_measure m);
/* Visits of a row on relapse, from the one where response is judged, and when number k of them is. */
int km_arm_n_visits(const km_fit_relapse *r);
double km_arm_visit_time(const km_fit *f, const km_fit_row *row, int k);
/* Place of a time among those of a regimen, or -1. */
int km_arm_find_time(const km_regimen_run *g, double t);
/* A patient's value of a parameter; `typical` is the arm's or the candidate's. */
double km_arm_of_patient(const km_population *p, int trait, double typical, size_t patient);

/* What n candidates, whose runs are there, say of every row: out[i] where good[i], which becomes false where a score or a
 * prediction has no value. */
void km_arm_rows_reduce(const km_arms *a, size_t n, const double *theta, km_row_prediction *out, bool *good);

#endif
