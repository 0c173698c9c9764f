/* The block "sensitivity" of a study: what is varied, and how much is drawn.
 *
 * A factor is what has an index of its own. Most are one number drawn from a law, one *dimension* of the sample;
 * a group is several dimensions that are switched together; a choice of variants is one dimension that sets several
 * slots, each by a km_factor of the study with the same `dimension`. */
#ifndef KM_STUDY_SENSITIVITY_BLOCK_H
#define KM_STUDY_SENSITIVITY_BLOCK_H

#include "study/study.h"

enum { KM_LEAST_REPLICATES = 16, KM_MOST_REPLICATES = 256, KM_MOST_SENSITIVITY_DIMENSIONS = 512 };

struct km_sensitivity {
    const km_json *node;    /* the block, for keys of a method's own (borrowed; NULL where the study has none) */
    char *method;           /* "sobol" by default; analysis/sensitivity.h knows which there are */
    uint64_t n;             /* base sample size; 0 where the study gives none, until the method has set its own */
    uint64_t seed;
    bool second_order;
    int replicates;         /* independent scrambles */
    double until;           /* the widest interval wanted, 0: none */
    int n_dimensions;
    char **dimension;       /* names */
    int *unit;              /* the factor a dimension belongs to */
    int n_units;
    char **unit_name;
    bool *grouped;          /* of a unit: a group */
    int first_moment;       /* the endpoints from here on are moments of courses, by "times" */
    int n_moments;
    char **course, **moment; /* the output of each, and its time as written: "2 h" */
};

/* Reads the block (NULL: the study has none, and every default holds) into study->sensitivity, study->factor and
 * study->slot. `given`: per parameter, whether variants or "set" gave it a value. */
km_status km_sensitivity_read(km_study *study, const km_json *node, const bool *given, km_diag *d);
/* Appends the endpoints that "times" asks for; the study's own are read. */
km_status km_sensitivity_read_times(km_study *study, const km_json *node, km_diag *d);
void km_sensitivity_destroy(km_sensitivity *sensitivity);

/* Reads "ci=0.01" into a width in (0, 1). `place`: for the message. */
km_status km_sensitivity_until(const char *text, double *out, km_diag *d);

/* The factor (unit) a study's factor k belongs to. */
int km_sensitivity_unit(const km_study *study, int k);

#endif
