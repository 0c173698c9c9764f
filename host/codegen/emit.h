/* Straight-line code from expressions: one line an operation, shared values once, expensive branches of `if`
 * computed only where some lane takes them. */
#ifndef KM_CODEGEN_EMIT_H
#define KM_CODEGEN_EMIT_H

#include "base/text.h"
#include "model/expression.h"

#include <stdbool.h>

typedef enum km_dialect_kind {
    KM_DIALECT_LANES,  /* OpenCL C on `real` vectors: km_exp, masks, any() */
    KM_DIALECT_SCALAR, /* OpenCL C on `scalar`: per-point preparation */
    KM_DIALECT_C       /* C11 on double */
} km_dialect_kind;

typedef struct km_emitter {
    const km_pool *pool;
    km_dialect_kind dialect;
    /* Text of a leaf (a symbol, or in the lanes dialect a whole constant expression), or NULL when the
     * expression is to be computed here. Caller frees. */
    char *(*leaf)(void *context, km_expr e);
    /* ID of a literal exponent whose powers are km_pow_ID(x) and km_pow1p_ID(x), or -1; may be NULL. */
    int (*power)(void *context, double exponent);
    void *context;
    /* Blocks that do not need each other may stand behind one test: good while their values fit in registers, which in
     * double precision they do not. */
    bool join_blocks;
    const char *indent;
    km_text *out;
    /* What order.c finds. A node's guard is -1 where it is always computed, else 2*condition + (0 for the true branch, 1 for
     * the false): its block. */
    char *needed; /* per node: 1 computed here, 2 a leaf */
    int *uses, *guard;
    km_expr *line; /* nodes in the order of their text; products within a multiply-add among them */
    int *test;     /* per node with a line: which test it stands behind, or -1 */
    int n_lines, n_tests;
    char *forbidden, *placed; /* per node: not to be in a block; has a line */
} km_emitter;

/* Lines that compute root[0..n) and store each. target[i] is the left-hand side, for example "f[3]"; a NULL target
 * is computed but not stored. */
void km_emit(km_emitter *emitter, km_text *out, const km_expr *root, const char *const *target, int n);

/* A number as a literal of the dialect; caller frees. */
char *km_emit_number(km_dialect_kind dialect, double value);

#endif
