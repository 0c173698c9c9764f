/* Expressions computed on the host: the nodes a set of roots needs, in an order in which operands come first.
 *
 * Every node of the pool has a register. Numbers stand in theirs from the start; a run loads the tape's leaves, computes
 * its nodes one after the other, and copies the roots. Both branches of an `if` are computed, one is taken. */
#ifndef KM_ENGINE_TAPE_H
#define KM_ENGINE_TAPE_H

#include "model/expression.h"

#include <stdbool.h>

/* Where leaves come from: arrays the caller of a run names. */
typedef enum km_source_of {
    KM_FROM_TIME, KM_FROM_STATE, KM_FROM_RATE, KM_FROM_CONSTANT, KM_FROM_SLOT, KM_FROM_DOSE_SCALE, KM_FROM_AMOUNT,
    KM_N_SOURCES
} km_source_of;

typedef struct km_leaf {
    km_expr node;
    km_source_of source;
    int index;
} km_leaf;

typedef struct km_tape {
    km_leaf *leaf;
    km_expr *step, *root;
    int n_leaves, n_steps, n_roots;
} km_tape;

/* What makes a node a leaf: fills source and index, returns false where the node is to be computed. Numbers are never
 * asked for. */
typedef bool (*km_is_leaf)(void *context, km_expr e, km_leaf *out);

void km_tape_init(km_tape *tape, const km_pool *pool, const km_expr *root, int n, km_is_leaf is_leaf, void *context);
void km_tape_clear(km_tape *tape);

/* Registers of a pool, one thread's; caller frees with km_registers_destroy. */
double *km_registers_create(const km_pool *pool);
void km_registers_destroy(double *registers);

/* out: n_roots values. */
void km_tape_run(const km_tape *tape, const km_pool *pool, const double *const from[KM_N_SOURCES], double *registers,
                 double *out);

#endif
