/* What a sensitivity analysis found: numbers per endpoint and factor, whatever the method. */
#ifndef KM_STORE_INDICES_H
#define KM_STORE_INDICES_H

#include "base/diag.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

/* value is [n_columns][n_endpoints][n_factors], pair [n_pair_columns][n_endpoints][n_factors][n_factors] (symmetric, the
 * diagonal NaN); NaN where there is no such number. Endpoints here are what has indices: onset, onset_happened, ... */
typedef struct km_indices {
    int n_endpoints, n_factors, n_columns, n_pair_columns;
    char **endpoint, **unit, **endpoint_about;  /* owned */
    char **course, **moment;     /* owned; "madrs_change" and "2 h" of an endpoint that is a moment of an output's course, else NULL */
    double *time;                /* per endpoint: of that moment, in the model's unit, else NaN */
    char **factor, **factor_about; /* owned */
    char **evidence;             /* per factor: "measured", "fitted, assumed" of a group; owned; NULL where the model says nothing */
    const char *const *column;   /* names as in the literature: "first", "first_low", ...; borrowed */
    const char *const *pair_column;
    int sort_column;             /* tables are sorted by it, and it has the bars */
    double *value, *pair;
    uint64_t *n_used, *n_dropped; /* per endpoint: base rows */
    double *mean, *variance;     /* per endpoint, of what was sampled; NaN where unknown */
    double *decisive;            /* per endpoint: so few models that its variance rests on them, which makes intervals wide; else NaN */
    uint64_t n_rows, n_models;   /* drawn and run so far */
} km_indices;

/* Room for the numbers, all NaN; names are to be filled in. */
km_indices *km_indices_create(int n_endpoints, int n_factors, const char *const *column, int n_columns,
                              const char *const *pair_column, int n_pair_columns);
void km_indices_destroy(km_indices *indices);

double *km_indices_at(const km_indices *indices, int column, int endpoint, int factor);
double *km_indices_pair_at(const km_indices *indices, int column, int endpoint, int factor, int other);
/* Index of a column by name, or -1. */
int km_indices_column(const km_indices *indices, const char *name);

/* "endpoint factor COLUMNS n_used n_dropped", a line for each endpoint and factor. */
void km_indices_tsv(const km_indices *indices, km_text *out);
/* "endpoint factor factor_2 PAIR_COLUMNS n_used n_dropped". */
void km_indices_pair_tsv(const km_indices *indices, km_text *out);

#endif
