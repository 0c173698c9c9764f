/* What is computed, and in what order, apart from how it is written down: the nodes that roots need, each a line, and those
 * that only one branch of an `if` needs in a block behind a test. */
#ifndef KM_CODEGEN_ORDER_H
#define KM_CODEGEN_ORDER_H

#include "codegen/emit.h"

/* Finds what n roots need, and adds the lines that come before all others. */
void km_order_init(km_emitter *emitter, const km_expr *root, int n);
/* Adds the line of e (in a block, of the whole block) behind those that it needs, where they are not there yet. */
void km_order_add(km_emitter *emitter, km_expr e);
void km_order_clear(km_emitter *emitter);

#endif
