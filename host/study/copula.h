/* How drawn factors hang together: each keeps its law, and their normal scores are correlated (a Gaussian copula). Correlations are
 * those of the model's "correlation" between parameters that are factors here, or, where the block of the study has the key, those
 * of the block alone. */
#ifndef KM_STUDY_COPULA_H
#define KM_STUDY_COPULA_H

#include "base/diag.h"
#include "base/json.h"
#include "model/model.h"

#include <stdbool.h>

typedef struct km_copula {
    int n;          /* factors */
    double *weight; /* [n][n], lower: scores are independent ones times this */
    bool of_model;
    char *text;     /* [["CL", "V1", 0.48]]: what is in force */
} km_copula;

/* What is drawn. All borrowed. */
typedef struct km_copula_factors {
    const char *what;          /* one of them: "factor" */
    int n;
    const char *const *name;   /* [n] */
    const int *of_parameter;   /* [model->n_parameters]: the factor that draws it, or -1 */
    const char *const *unfit;  /* [n]: why it cannot follow the model's correlations, or NULL */
    const km_json *place;      /* where the model's could be replaced */
} km_copula_factors;

/* `block` may be NULL. *out is NULL where all factors are independent. */
km_status km_copula_read(const km_model *model, const km_json *block, const km_copula_factors *factors, km_copula **out, km_diag *d);
void km_copula_destroy(km_copula *copula);

/* True if factor j depends on others than itself; copula may be NULL. */
bool km_copula_is_mixed(const km_copula *copula, int j);
double km_copula_weight(const km_copula *copula, int j, int i);
/* A row of independent coordinates in (0, 1) becomes one whose normal scores are correlated; copula may be NULL. */
void km_copula_apply(const km_copula *copula, double *unit);
/* Its coordinate j, from the independent ones up to j of which the weight is not 0. */
double km_copula_coordinate(const km_copula *copula, int j, const double *unit);

/* Of normal scores: out = weights z; and back, in place. */
void km_copula_mix(const km_copula *copula, const double *z, double *out);
void km_copula_unmix(const km_copula *copula, double *score);

/* Which of n names a node of the file is; where it is none, KM_E_INPUT with the nearest. */
km_status km_copula_find(const char *const *name, int n, const char *what, const km_json *node, int *out, km_diag *d);

#endif
