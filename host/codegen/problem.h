/* The mathematics a study leaves to be integrated: literals put in, states that stay 0 or reach no output
 * taken out, the exact Jacobian and the time derivatives of outputs worked out. */
#ifndef KM_CODEGEN_PROBLEM_H
#define KM_CODEGEN_PROBLEM_H

#include "base/diag.h"
#include "study/study.h"

/* Symbol kinds in a problem's pool beside those of a model: */
enum {
    KM_SYMBOL_SLOT = 100,  /* a study's slot that is a parameter: index into study->slot */
    KM_SYMBOL_RATE,        /* dy/dt of state `index`, as computed */
    KM_SYMBOL_DOSE_SCALE   /* largest amount dosed into state `index` (1 if none) */
};

typedef struct km_entry {
    int row, column;
    km_expr value;
} km_entry;

/* States are numbered in elimination order; state[k] is the model's index of state k. */
typedef struct km_problem {
    const km_study *study;
    km_pool pool;
    int n_states, *state;
    km_expr *rate, *initial, *scale;
    bool *dosed;             /* receives doses */
    km_entry *jacobian;      /* nonzeros, by row then column */
    int n_jacobian;
    km_expr *time_derivative; /* d rate/dt, number 0 where none */
    bool rates_use_time;
    int n_outputs, *output;  /* the model's outputs that are asked for */
    km_expr *value, *slope;  /* of outputs; slope over KM_SYMBOL_RATE */
    bool outputs_use_time;
    bool *smooth;            /* outputs that neither jump nor rest where states do not */
    km_expr *jump;           /* the breaks that matter, n_jumps times */
    int n_jumps;
    km_expr *holds;          /* conditions on a point: the model's, and those on fractions of routes */
    int n_holds;
    km_expr amount, weight;  /* amount over KM_SYMBOL_AMT; weight KM_EXPR_NONE without */
    int n_removed;           /* model states not integrated */
} km_problem;

/* Which outputs a program computes: those of the endpoints, or all. Model indices, *n of them, the caller's; index: model
 * output -> position, or -1. */
int *km_problem_outputs(const km_study *study, bool all, int *index, int *n);

/* `output`: the wanted outputs (model indices, n of them). `single`: constants fold in single precision. */
void km_problem_init(km_problem *p, const km_study *study, const int *output, int n_outputs, bool single);
void km_problem_clear(km_problem *p);

/* An expression of the model's pool in the problem's pool. */
km_expr km_problem_translate(km_problem *p, km_expr e);

/* True if steps are to be bounded in time too: crossings are found between steps, and an output that uses t can change
 * where no state does. */
bool km_problem_limits_step(const km_problem *p, bool trajectory);
/* How many times that bound a step may be long where no crossing and no value's time lies ahead. */
double km_problem_stride(const km_problem *p);

/* True if `e` depends on neither state, rate nor time. */
bool km_problem_is_constant(const km_problem *p, km_expr e);

#endif
