/* Expressions as a hash-consed graph: two equal expressions are one node, so that common subexpressions
 * are shared by construction.
 *
 * A node is an index into its pool; operands always have smaller indices. Making a node simplifies: constants
 * fold (in the pool's precision), x+0, x*1, 0*x, x/1, x^1, if(constant,...) vanish. */
#ifndef KM_MODEL_EXPRESSION_H
#define KM_MODEL_EXPRESSION_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int km_expr;
#define KM_EXPR_NONE (-1)

typedef enum km_op {
    KM_OP_NUMBER, /* a literal */
    KM_OP_SYMBOL, /* a name whose meaning the pool's owner keeps: see km_symbol_kind */
    KM_OP_ADD, KM_OP_SUB, KM_OP_MUL, KM_OP_DIV, KM_OP_NEG,
    KM_OP_POW,    /* x^y, NaN for x < 0 */
    KM_OP_POWI,   /* x^n, n a literal integer kept in `index` */
    KM_OP_POSP,   /* x*(max(x,0)+d)^(n-1) */
    KM_OP_POW1P,  /* (1+x)^n - 1 */
    KM_OP_EXP, KM_OP_LOG, KM_OP_LOG10, KM_OP_LOG1P, KM_OP_EXPM1, KM_OP_SQRT, KM_OP_ABS,
    KM_OP_MIN, KM_OP_MAX,
    KM_OP_SIN, KM_OP_COS, KM_OP_TAN, KM_OP_ASIN, KM_OP_ACOS, KM_OP_ATAN,
    KM_OP_SINH, KM_OP_COSH, KM_OP_TANH, KM_OP_FLOOR, KM_OP_CEIL,
    KM_OP_LT, KM_OP_LE, KM_OP_GT, KM_OP_GE, KM_OP_EQ, KM_OP_NE,
    KM_OP_AND, KM_OP_OR, KM_OP_NOT,
    KM_OP_IF,
    KM_N_OPS
} km_op;

typedef enum km_symbol_kind {
    KM_SYMBOL_TIME,      /* index 0 */
    KM_SYMBOL_PARAMETER, /* index into the model's parameters */
    KM_SYMBOL_STATE,     /* index into the model's states */
    KM_SYMBOL_AMT,       /* `amt` within dose.amount */
    KM_SYMBOL_LOCAL      /* a formal argument while a function body is read */
} km_symbol_kind;

typedef struct km_node {
    km_op op;
    km_expr a, b, c;   /* operands, KM_EXPR_NONE where absent */
    double value;      /* KM_OP_NUMBER */
    int kind, index;   /* KM_OP_SYMBOL: kind and index; KM_OP_POWI: index = n */
} km_node;

typedef struct km_pool {
    km_node *node;
    size_t n;
    bool single;       /* fold in single precision */
    int *bucket;       /* hash table */
    size_t n_buckets;
} km_pool;

void km_pool_init(km_pool *pool, bool single);
void km_pool_clear(km_pool *pool);

km_expr km_number(km_pool *pool, double value);
km_expr km_symbol(km_pool *pool, km_symbol_kind kind, int index);
km_expr km_make(km_pool *pool, km_op op, km_expr a, km_expr b, km_expr c);
km_expr km_make_powi(km_pool *pool, km_expr a, int n);
bool km_is_number(const km_pool *pool, km_expr e, double *value);

static inline km_expr km_add(km_pool *p, km_expr a, km_expr b) { return km_make(p, KM_OP_ADD, a, b, -1); }
static inline km_expr km_sub(km_pool *p, km_expr a, km_expr b) { return km_make(p, KM_OP_SUB, a, b, -1); }
static inline km_expr km_mul(km_pool *p, km_expr a, km_expr b) { return km_make(p, KM_OP_MUL, a, b, -1); }
static inline km_expr km_div(km_pool *p, km_expr a, km_expr b) { return km_make(p, KM_OP_DIV, a, b, -1); }
static inline km_expr km_neg(km_pool *p, km_expr a) { return km_make(p, KM_OP_NEG, a, -1, -1); }

/* The value of one operation on numbers; also how constants fold. */
double km_op_value(km_op op, int index, double a, double b, double c);

/* Values of the symbols for km_evaluate; arrays may be NULL if no such symbol occurs. */
typedef struct km_values {
    double t, amt;
    const double *parameter, *state;
} km_values;

/* Double-precision value of `e`; the branch of an `if` that is not selected is not evaluated.
 * NaN conditions give NaN. */
double km_evaluate(const km_pool *pool, km_expr e, const km_values *values);

/* Copies `e` from `source` into `target`, each symbol replaced by `replace(context, kind, index)` (which
 * returns a node of `target`). `memo` has source->n entries, KM_EXPR_NONE at first. */
typedef km_expr (*km_replace)(void *context, km_pool *target, int kind, int index);
km_expr km_copy(const km_pool *source, km_expr e, km_pool *target, km_expr *memo, km_replace replace,
                void *context);

/* True if a symbol of `kind` (and `index`, unless -1) occurs in `e`. */
bool km_depends(const km_pool *pool, km_expr e, int kind, int index);
/* True if nothing in `e` jumps, bends or rests: no condition, abs, min, max, floor, ceil or posp. */
bool km_is_smooth(const km_pool *pool, km_expr e);

/* Infix text with parentheses where needed, names by `name(context, kind, index)`; caller frees. */
typedef const char *(*km_name)(void *context, int kind, int index);
char *km_print(const km_pool *pool, km_expr e, km_name name, void *context);

#endif
