/* Designs whose points are drawn: Sobol' and Latin hypercube. */
#ifndef KM_STUDY_FACTOR_H
#define KM_STUDY_FACTOR_H

#include "study/quantity.h"
#include "study/study.h"

/* Reads {"n", "seed", "factors", "correlation"}: fills factor, slot, copula, seed and n_points. study->design is set. */
km_status km_factor_read(km_study *study, const km_json *node, const bool *given, km_diag *d);

/* The dimension that draws each of the model's parameters, or -1; caller frees. */
int *km_factor_of_parameters(const km_study *study);

/* ---- for sensitivity_block.c ---- */

/* A factor as written. All borrowed. */
typedef struct km_factor_words {
    const km_json *of, *name;  /* strings; name may be NULL */
    const char *about;         /* or NULL */
    const km_json *bounds;     /* [low, high] of `kind`, or the values of a choice; NULL: the parameter's law */
    km_law_kind kind;
    const km_json *node;       /* what may say more of that law (an object), and the place of complaints */
} km_factor_words;

km_status km_factor_add(km_study *study, const km_factor_words *words, km_diag *d);
/* {"of", "name", "about", and "linear", "log", "values" or words of a law} */
km_status km_factor_read_object(km_study *study, const km_json *node, km_diag *d);
/* Every parameter with a range that nothing else gives. */
km_status km_factor_take_every(km_study *study, const bool *given, const km_json *node, km_diag *d);
/* Replaces in *p what `node` (an object) says of a law: "law", "range" (in the target's unit), "mean", "sd", "cv". */
km_status km_factor_override_law(const km_target *target, const km_json *node, km_parameter *p, km_diag *d);
km_status km_factor_read_seed(const km_json *node, uint64_t *out, km_diag *d);

#endif
