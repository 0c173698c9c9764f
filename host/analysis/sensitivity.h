/* Sensitivity analysis: a method draws rows cell by cell, the engine integrates them, the method keeps sums.
 *
 * A *cell* is a fixed piece of the sample: its rows, and how its results are summed, follow from its number alone. Cells
 * are digested in order, whatever batches or chunks the engine takes them in, so that the sums are the same to the last
 * bit, and a state saved between two cells is all that a resumed run needs. Memory does not grow with the sample.
 *
 * A *measure* is what has indices: an endpoint's value, or, where it can be "never", three of them (km_sa_measure). */
#ifndef KM_ANALYSIS_SENSITIVITY_H
#define KM_ANALYSIS_SENSITIVITY_H

#include "abi.h"
#include "analysis/estimator.h"
#include "engine/dispatch.h"
#include "engine/sampler.h"
#include "store/indices.h"
#include "study/sensitivity_block.h"

typedef enum km_sa_kind {
    KM_SA_VALUE,    /* NAME: the endpoint's value; of one that can be "never": given that it happened */
    KM_SA_HAPPENED, /* NAME_happened: 1 or 0 */
    KM_SA_CENSORED  /* NAME_censored: the value, the horizon for a first_time that never came, 0 for a last_time */
} km_sa_kind;

typedef struct km_sa_measure {
    int endpoint;
    km_sa_kind kind;
} km_sa_measure;

/* A method is a row of km_sa_methods. `self` is what create made. Either `part` or `draw` is given: a sample made on
 * the device (engine/sampler.h), or unit coordinates made here and put through the factors' laws. */
typedef struct km_sa_method {
    const char *name, *about;
    const char *const *keys;          /* of the block, for this method alone; ends with NULL; may be NULL */
    uint64_t rows, most_rows;         /* "n" by default; with "until", which is refused where this is 0 */
    bool groups, choices;             /* it can do them */
    bool correlations, grouped_correlations; /* of any factors; within groups */
    const km_estimator *estimator;    /* its columns are the method's; or NULL, and: */
    const char *const *column;        /* of the TSV, between factor and n_used; ends with NULL */
    const char *const *pair_column;   /* ends with NULL; may be NULL */
    const char *sort_column;
    /* Checks what the study asks for, and makes room for sums. */
    km_status (*create)(const struct km_sa_method *method, const km_study *study, int n_measures, void **self, km_diag *d);
    void (*destroy)(void *self);
    uint64_t (*n_cells)(const void *self);
    size_t (*cell_models)(const void *self, uint64_t cell);           /* models of a cell */
    bool (*is_both_ways)(const void *self);                           /* of part; may be NULL: no */
    void (*part)(const void *self, uint64_t cell, km_sample_part *out);
    void (*draw)(const void *self, uint64_t cell, double *unit);      /* [models][n_dimensions], each in (0, 1); in any thread */
    /* value[m]: the cell's models under measure m; NaN where a model failed or the measure does not exist. */
    void (*digest)(void *self, uint64_t cell, const double *const *value);
    /* False where another "n" is another sample. May be NULL: with "until" it can grow, without not. */
    bool (*grows)(const void *self);
    /* True if indices can be looked at after this cell: the end of a stage of growth. May be NULL: the last alone. */
    bool (*ends_stage)(const void *self, uint64_t cell);
    /* The numbers after the cells digested so far: value, pair, n_used, n_dropped, mean, variance, n_rows. */
    void (*evaluate)(const void *self, km_indices *out);
    /* Everything that digest changes, *n numbers, to be saved and restored in place. */
    double *(*state)(void *self, size_t *n);
} km_sa_method;

extern const km_sa_method *const km_sa_methods[]; /* ends with NULL */
extern const km_sa_method km_sa_sobol, km_sa_morris, km_sa_efast, km_sa_dgsm, km_sa_regression, km_sa_pawn, km_sa_delta, km_sa_given_data;

/* The method `name`; where there is none KM_E_INPUT, at `place` (may be NULL), with those there are. */
km_status km_sa_find_method(const char *name, const km_json *place, const km_sa_method **out, km_diag *d);
/* Room for a method's numbers, columns named. */
km_indices *km_sa_room(const km_sa_method *method, int n_endpoints, int n_factors, bool pairs);

typedef struct km_sa km_sa;

/* Makes the analysis that study->sensitivity describes; the study outlives it. Checks the block against the method. */
km_status km_sa_create(const km_study *study, km_sa **out, km_diag *d);
void km_sa_destroy(km_sa *sa);
const km_sa_method *km_sa_method_of(const km_sa *sa);
int km_sa_n_measures(const km_sa *sa);
const km_sa_measure *km_sa_measure_at(const km_sa *sa, int m);

char *km_sa_measure_name(const km_sa *sa, int m); /* caller frees */
bool km_sa_grows(const km_sa *sa);             /* a larger "n" goes on with the same sample */

uint64_t km_sa_n_models(const km_sa *sa);      /* in all, if no width stops it before */
uint64_t km_sa_models_done(const km_sa *sa);
/* Models so far by KM_POINT_*; the last count is of what is none of those. */
const uint64_t *km_sa_statuses(const km_sa *sa);

/* Who looks on. All may be NULL but `context`. */
typedef struct km_sa_watch {
    void *context;
    km_status (*taken)(void *context, km_diag *d);         /* some more cells are digested */
    void (*lost)(void *context, int engine, const char *why); /* a device failed, and the others go on */
    bool (*stop)(void);                                    /* asked in any thread: true ends the run soon */
} km_sa_watch;

/* Runs the cells that are left, on all engines of the dispatch, until the last one is digested, the intervals are narrow enough or
 * `stop` says so. What is computed does not depend on the engines, nor on how many models one takes at once. */
km_status km_sa_run(km_sa *sa, km_dispatch *dispatch, const km_sa_watch *watch, km_diag *d);

/* Called for every model, in order: the factors of its dimensions (km_sa_dimension_value) and its measures.
 * A run that goes on from a state begins where that ended. */
typedef void km_sa_observer(void *context, const double *factor, const double *measure);
void km_sa_observe(km_sa *sa, km_sa_observer *observer, void *context);

/* The value of a dimension, in the factor's unit; where one dimension sets several numbers (variants), which choice it is. */
double km_sa_dimension_value(const km_study *study, int dimension, double unit);

/* The numbers now; the caller's. */
km_indices *km_sa_indices(const km_sa *sa);
/* The widest interval of an index of x, NaN where none is known. *of (may be NULL): whose it is, "total of CL for onset", or NULL
 * where there is none; caller frees. */
double km_sa_width(const km_indices *x, char **of);

/* The convergence curve: the numbers at the end of every stage so far; borrowed. */
int km_sa_n_stages(const km_sa *sa);
const km_indices *km_sa_stage(const km_sa *sa, int i);
/* Nothing is left to do: the last cell is digested, or the intervals are narrow enough. */
bool km_sa_is_done(const km_sa *sa);
bool km_sa_reached(const km_sa *sa);           /* stopped because the intervals are narrow enough */

/* What is needed to go on later, as bytes with a checksum; `name`: what the analysis is (its hashes). Caller frees. */
km_status km_sa_save(km_sa *sa, const char *name, unsigned char **out, size_t *size, km_diag *d);
/* The bytes are a state with this name. */
bool km_sa_is_state(const char *name, const unsigned char *bytes, size_t size);
/* What was done by an analysis with another "n" or "until" is gone on from where an analysis from scratch would come by with the same
 * sums. KM_E_INPUT where it would not, and if the bytes are of another analysis or damaged. */
km_status km_sa_load(km_sa *sa, const char *name, const unsigned char *bytes, size_t size, km_diag *d);

#endif
