/* A model as read and checked: every equation an expression over parameters, states and time.
 *
 * Functions, definitions and derived values are expanded while reading (the graph shares them), so that
 * what remains are parameters, states and t. One pool holds everything. */
#ifndef KM_MODEL_MODEL_H
#define KM_MODEL_MODEL_H

#include "base/diag.h"
#include "base/json.h"
#include "model/expression.h"
#include "model/method.h"
#include "model/unit.h"

#include <stdbool.h>

typedef struct km_parameter {
    char *name, *unit, *about, *source, *evidence, *group; /* NULL where not given, unit "-" */
    km_unit measure;
    double value;
    bool has_range;
    double low, high;
    char *uncertainty;  /* "uniform", "lognormal", ...: the law of the typical value, or NULL */
    double cv, sd, mean; /* numbers of that law, NAN where not given */
    const km_json *place;
} km_parameter;

typedef struct km_derived {
    char *name, *unit, *about;
    km_expr value; /* over parameters only */
} km_derived;

typedef struct km_state {
    char *name, *unit, *about;
    km_unit measure;
    km_expr initial; /* over parameters */
    km_expr rate;    /* over parameters, states, t */
    km_expr scale;   /* over parameters, or KM_EXPR_NONE: the default rule of the error weight */
} km_state;

typedef struct km_output {
    char *name, *unit, *about;
    km_unit measure;
    km_expr value; /* over parameters, states, t */
} km_output;

typedef struct km_require {
    char *text;      /* as written */
    km_expr holds;   /* over parameters */
} km_require;

typedef struct km_route_entry {
    int state;
    km_expr fraction, lag, duration; /* over parameters; lag and duration may be KM_EXPR_NONE */
} km_route_entry;

typedef struct km_route {
    char *name;
    km_route_entry *entry;
    int n_entries;
} km_route;

typedef struct km_variant {
    char *name, *about;
    int n;
    int *parameter; /* indices */
    double *value;
} km_variant;

/* Of the normal scores of two parameters' laws: how their typical values hang together. */
typedef struct km_correlation {
    int a, b;
    double r;
} km_correlation;

typedef struct km_model {
    char *name, *about, *time_unit;
    km_unit time;    /* scale of the time unit in hours */
    km_pool pool;
    km_parameter *parameter;
    km_derived *derived;
    km_state *state;
    km_output *output;
    km_require *require;
    km_expr *jump;   /* "breaks": times, over parameters */
    km_route *route;
    km_variant *variant;
    km_correlation *correlation; /* no pair twice; positive definite together */
    int n_parameters, n_derived, n_states, n_outputs, n_require, n_jumps, n_routes, n_variants, n_correlations;
    bool has_dose;
    km_expr amount;  /* over KM_SYMBOL_AMT (in amt_unit) and parameters; in dose_unit */
    char *dose_unit; /* unit of the dosed amount, e.g. "umol" */
    char *amt_unit;  /* unit of a regimen's bare `amt`: "mg" when amt is a mass, else dose_unit */
    km_unit amt_measure;
    const km_method *method; /* the integrator of studies that name none */
    int weight;      /* parameter index of the body weight (kg), or -1 */
    km_json_file *file; /* owned */
} km_model;

/* Reads and checks a model file. Warnings (unused symbols, jumps of t outside `breaks`) go to d. */
km_status km_model_read(const char *path, km_model **out, km_diag *d);
/* The same from text; `name` stands for the path. */
km_status km_model_parse(const char *name, const char *text, km_model **out, km_diag *d);
void km_model_destroy(km_model *model);

/* Index by name, or -1. */
int km_model_find_parameter(const km_model *model, const char *name);
int km_model_find_state(const km_model *model, const char *name);
int km_model_find_output(const km_model *model, const char *name);
int km_model_find_route(const km_model *model, const char *name);
int km_model_find_variant(const km_model *model, const char *name);
/* Nearest known name of one family, for "did you mean", or NULL: family is 'p' parameters, 'o' outputs,
 * 'r' routes, 'v' variants. */
const char *km_model_nearest(const km_model *model, char family, const char *name);
/* "iv", "oral", or none. Caller frees. */
char *km_model_routes(const km_model *model);
/* What to say of a route that the model does not have: which is meant, or which there are. Caller frees. */
char *km_model_no_route(const km_model *model, const char *name);
/* The route that a string of a file names, or KM_E_INPUT with its place and that sentence; *out then stays. */
km_status km_model_need_route(const km_model *model, const km_json *name, int *out, km_diag *d);

#endif
