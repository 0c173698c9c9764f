/* Dimensional analysis of a model, as its equations are read.
 *
 * Every node of the pool that an expression gives gets a dimension: a unit, or "any" (the number 0, what has no declared
 * unit, and what follows from such). Sums, comparisons, min, max and the branches of `if` need one unit; exponents, arguments
 * of exp, log, tanh and the like, and the base of a power whose exponent is no whole number are plain numbers; declared
 * units must be those of their expressions. A factor between units of one dimension is a fault too (h and min), unless a
 * literal factor is that conversion (1000*x turns mg into ug). A fault is a warning at its place; what it concerns is
 * taken for right from there on. */
#ifndef KM_MODEL_DIMENSION_H
#define KM_MODEL_DIMENSION_H

#include "model/expression.h"
#include "model/model.h"

typedef struct km_dimension {
    bool known;
    km_unit unit;
    double literal; /* product of the literal factors: they may be conversions */
} km_dimension;

typedef struct km_dimensions {
    km_dimension *of;       /* by node */
    size_t n;
    const char *time_unit;  /* for texts; borrowed */
    struct km_fault {
        const km_json *place;
        size_t offset;
    } *fault;               /* those told: a function's body is read once for each call */
    int n_faults, n_untold;
    km_diag *diag;
} km_dimensions;

void km_dimensions_init(km_dimensions *dims, const char *time_unit, km_diag *d);
/* Says how many faults were not told, if any, and frees. */
void km_dimensions_clear(km_dimensions *dims);

/* A unit as people write it: "umol/h", "1000 mg/L". Caller frees. */
char *km_dimension_text(const km_unit *unit, const char *time_unit);

void km_dimensions_set(km_dimensions *dims, km_expr e, const km_unit *unit);

/* `out` is what op gives of a, b, c (KM_EXPR_NONE where absent), its sign or name at byte `offset` of `place`. */
void km_dimensions_operation(km_dimensions *dims, const km_pool *pool, km_op op, km_expr a, km_expr b, km_expr c, km_expr out,
                             const km_json *place, size_t offset);

/* The expression in `place` should be in `unit`: `what` it is, for the warning ("the rate of Kc"). From here on it counts as
 * that. */
void km_dimensions_require(km_dimensions *dims, const km_pool *pool, km_expr e, const km_unit *unit, const km_json *place,
                           const char *what);

/* True, and *out the unit of `e` with the scale of its numbers, if it follows from *, /, whole powers, sums
 * of like units and literals (dimensionless). `amt` counts as the unit given. */
bool km_dimension_of(const km_model *model, km_expr e, const km_unit *amt, km_unit *out);

#endif
