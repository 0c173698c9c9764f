/* A study: a model, a regimen, a design of points, endpoints, a solver, an output.
 *
 * Everything that varies from point to point is a *slot*: a parameter or a field of a dose record. The design is
 * a grid of axes, or points one after the other whose coordinates are factors. An axis gives values to one slot (or,
 * for the variant axis, to several), a factor to one. Times are in the model's time unit. */
#ifndef KM_STUDY_STUDY_H
#define KM_STUDY_STUDY_H

#include "base/diag.h"
#include "base/json.h"
#include "model/method.h"
#include "model/model.h"
#include "study/law.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum km_field {
    KM_FIELD_AMT,   /* in the model's amt_unit, or that per kg */
    KM_FIELD_TIME, KM_FIELD_TINF,
    KM_FIELD_RATE,  /* amt unit per time unit */
    KM_FIELD_II, KM_FIELD_ADDL, KM_FIELD_DELAY,
    KM_N_FIELDS,
    KM_FIELD_PARAMETER = KM_N_FIELDS /* not a field: a slot that is a model parameter */
} km_field;

/* Doses k = 0 ... addl at time + k*ii (+ delay for k >= 1), except those in skip. At most one of tinf and
 * rate is given; neither, or 0, is a bolus. */
typedef struct km_record {
    char *id;    /* or NULL */
    int route;   /* index into model->route */
    double field[KM_N_FIELDS];
    bool given[KM_N_FIELDS];
    bool amt_per_kg, rate_per_kg; /* times the weight parameter */
    int *skip;
    int n_skip;
    char *where; /* line of the table it comes from; NULL where the study itself has it */
} km_record;

typedef struct km_slot {
    km_field field;
    int index;   /* record, or parameter for KM_FIELD_PARAMETER */
} km_slot;

static inline bool km_slot_same(km_slot a, km_slot b) { return a.field == b.field && a.index == b.index; }

typedef enum km_axis_scale { KM_AXIS_LINEAR, KM_AXIS_LOG, KM_AXIS_VALUES, KM_AXIS_CATEGORY } km_axis_scale;

typedef struct km_axis {
    char *name, *unit, *about;
    char *of;            /* as written: "regimen[0].amt", "rho_NI", "variant" */
    km_axis_scale scale;
    size_t n;
    double *coordinate;  /* n values in `unit`; 0, 1, ... for categories */
    char **label;        /* n names for categories, else NULL */
    int n_slots;
    int *slot;           /* indices into study->slot */
    double *value;       /* [n_slots][n], internal units */
    double factor;       /* internal = coordinate * factor (1 for categories) */
} km_axis;

typedef enum km_design { KM_DESIGN_GRID, KM_DESIGN_SOBOL, KM_DESIGN_LATIN_HYPERCUBE, KM_DESIGN_LIST } km_design;

/* What varies along the points of a design that is no grid. Its values: km_design_coordinate. */
typedef struct km_factor {
    char *name, *unit, *about;
    char *of;            /* as written: "regimen[0].amt", "rho_NI" */
    int slot;
    int dimension;       /* of the points; two factors share one where a choice sets several slots */
    double factor;       /* internal = coordinate * factor */
    double low, high;    /* of the coordinates */
    km_law law;          /* of the coordinate, where points are drawn */
    uint32_t direction[32]; /* Sobol' */
    double *value;       /* of a list: n_points coordinates, else NULL */
    double *choice;      /* of a choice: its values (law.choice), else NULL */
} km_factor;

typedef enum km_endpoint_kind {
    KM_FIRST_TIME, KM_LAST_TIME, KM_TIME_IN, KM_MAX, KM_MIN, KM_TIME_OF_MAX, KM_TIME_OF_MIN,
    KM_INTEGRAL, KM_VALUE_AT, KM_N_ENDPOINT_KINDS
} km_endpoint_kind;

typedef enum km_compare { KM_GE, KM_GT, KM_LE, KM_LT } km_compare;

/* What a threshold is a multiple of: nothing, or the output's own largest or smallest value over the whole course. */
typedef enum km_relative { KM_ABSOLUTE, KM_OF_PEAK, KM_OF_TROUGH } km_relative;

typedef struct km_endpoint {
    char *name, *about;
    char *unit;          /* of the stored value: time unit, output unit, or output unit * time unit */
    int output;          /* index into model->output */
    km_endpoint_kind kind;
    km_compare compare;  /* with `threshold`: first_time, last_time, time_in */
    km_relative relative;
    double threshold;    /* in the output's unit; the multiple where relative */
    double after, before; /* window; 0 and the horizon by default */
    int after_endpoint, before_endpoint; /* an earlier endpoint whose time is that bound of the window; or -1 */
    int pass;            /* in which integration of the point it is read off: 0, or later where it refers to another */
    double hold, at;
    bool margin;         /* also store NAME_margin */
} km_endpoint;

typedef enum km_precision { KM_PRECISION_AUTO, KM_PRECISION_SINGLE, KM_PRECISION_DOUBLE } km_precision;

typedef struct km_solver {
    const km_method *method; /* with `automatic`, the implicit one until a pilot has chosen (analysis/pilot.h) */
    bool automatic;
    double rtol;
    km_precision precision;
    long max_steps;      /* per point */
} km_solver;

typedef struct km_sensitivity km_sensitivity; /* study/sensitivity_block.h */
typedef struct km_population km_population;   /* study/population.h */
typedef struct km_copula km_copula;           /* study/copula.h */
typedef struct km_statistic km_statistic;     /* study/statistic.h */

typedef struct km_study {
    char *path;
    km_json_file *file;  /* owned; NULL members below are owned too */
    km_model *model;
    char *model_path;    /* as resolved */
    double *parameter;   /* model->n_parameters: after variants, set and --set */
    char **variant;      /* names applied, in order */
    int n_variants;
    km_record *record;
    int n_records;
    double horizon;
    km_slot *slot;
    int n_slots;
    km_axis *axis;
    int n_axes;
    km_design design;
    km_factor *factor;   /* of designs that are no grid, which have no axes */
    int n_factors;
    km_copula *copula;   /* how their dimensions hang together, or NULL */
    bool every_factor;   /* the study named none: all that have a range */
    uint64_t seed;
    char list_hash[65];  /* SHA-256 of the list's file, or "" */
    char regimen_hash[65]; /* of the regimen's table, or "" */
    km_sensitivity *sensitivity; /* of km_study_read_sensitivity, else NULL */
    km_population *population; /* virtual patients at every point, or NULL */
    int *trait_slot;     /* per trait of the population */
    int *drawn_slot;     /* per parameter that its patients have from the draws of a fit */
    km_statistic *statistic; /* what its endpoints are reduced to */
    int n_statistics;
    uint64_t n_points;   /* of a grid the product of the axis lengths; 1 without a design */
    km_endpoint *endpoint;
    int n_endpoints;
    km_solver solver;
    char *map;           /* output path, relative to the working directory, or NULL */
    int keep;            /* mantissa bits kept of float endpoints: 16 by default, 23 is lossless */
    bool store_double;   /* float64 endpoints */
    char **set;          /* the --set arguments, in order */
    int n_set;
} km_study;

/* `set`: n_set texts "name=value" from the command line (name: a parameter, or regimen[i].field,
 * regimen.ID.field; value: a quantity). Unused parameters, later variants that override and doses at or
 * after the horizon are warnings in d. */
km_status km_study_read(const char *path, const char *const *set, int n_set, km_study **out, km_diag *d);
/* The same for points that are not the design's: of what an axis varies, the study's own value counts, and --set with it. */
km_status km_study_read_points(const char *path, const char *const *set, int n_set, km_study **out, km_diag *d);
/* The same from text; `path` stands for the file, and paths in the text are relative to it. */
km_status km_study_parse(const char *path, const char *text, km_study **out, km_diag *d);
/* The same for a sensitivity analysis: what the block "sensitivity" varies takes the place of the design. The points are
 * then Sobol' points of those factors, for pilots and audits; the analysis itself draws its own. */
km_status km_study_read_sensitivity(const char *path, const char *const *set, int n_set, km_study **out, km_diag *d);
void km_study_destroy(km_study *study);

/* The name of a slot as a user would write it ("rho_NI", "regimen[0].amt"); caller frees. */
char *km_slot_name(const km_study *study, const km_slot *slot);

/* Resolves "NAME" of a points file: the name of an axis or a factor, a parameter, or regimen[i].field. On success *slot is the
 * slot, *factor turns a cell's number into internal units. Fails with the nearest name. */
km_status km_study_column(const km_study *study, const char *name, km_slot *slot, double *factor, km_diag *d);

/* Words of an endpoint kind and back ("first_time"); NULL or KM_N_ENDPOINT_KINDS if unknown. */
const char *km_endpoint_kind_name(km_endpoint_kind kind);
km_endpoint_kind km_endpoint_kind_find(const char *name);

#endif
