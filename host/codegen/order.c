/* Nodes are numbered so that operands come first. Guards say which branch of an `if` alone needs a node, levels how many
 * blocks it waits for. Lines follow as roots need them, each behind its operands, a block as a whole. */
#include "codegen/order.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* LOOK_AHEAD: about how many instructions a present CPU takes up before the oldest of them is done. */
enum { BLOCK_COST = 12, EXPENSIVE = 20, LITERAL_POWER_COST = 28, LOOK_AHEAD = 450 };

static double cost_of(const km_node *n)
{
    switch (n->op) {
    case KM_OP_NUMBER: case KM_OP_SYMBOL: return 0.0;
    case KM_OP_DIV: case KM_OP_SQRT: return 8.0;
    case KM_OP_POWI: return 2.0;
    case KM_OP_EXP: case KM_OP_LOG: case KM_OP_LOG10: return 22.0;
    case KM_OP_EXPM1: case KM_OP_LOG1P: return 28.0;
    case KM_OP_POW: return 44.0;
    case KM_OP_POW1P: return 55.0;
    case KM_OP_SIN: case KM_OP_COS: case KM_OP_TAN: case KM_OP_ASIN: case KM_OP_ACOS: case KM_OP_ATAN:
    case KM_OP_SINH: case KM_OP_COSH: case KM_OP_TANH: return 40.0;
    default: return 1.0;
    }
}

/* ---- which nodes, how often, under which branch ---- */

static bool is_leaf(km_emitter *em, km_expr e)
{
    char *text = em->leaf(em->context, e);

    free(text);
    return text != NULL;
}

static void find_needed(km_emitter *em, const km_expr *root, int n)
{
    km_expr last = -1;

    for (int i = 0; i < n; i++) {
        em->needed[root[i]] = 1;
        em->uses[root[i]]++;
        last = root[i] > last ? root[i] : last;
    }
    for (km_expr e = last; e >= 0; e--) {
        const km_node *node = &em->pool->node[e];
        const km_expr operand[3] = {node->a, node->b, node->c};
        if (!em->needed[e])
            continue;
        if (node->op == KM_OP_NUMBER || is_leaf(em, e)) {
            em->needed[e] = 2;
            continue;
        }
        for (int k = 0; k < 3; k++)
            if (operand[k] >= 0) {
                em->needed[operand[k]] = 1;
                em->uses[operand[k]]++;
            }
    }
}

/* The guard of a node that has one more use; -2: it had none. */
static int join(int known, int use) { return known == -2 || known == use ? use : -1; }

static void find_guards(km_emitter *em, const km_expr *root, int n)
{
    km_expr last = -1;

    for (size_t i = 0; i < em->pool->n; i++)
        em->guard[i] = -2;
    for (int i = 0; i < n; i++) {
        em->guard[root[i]] = -1;
        last = root[i] > last ? root[i] : last;
    }
    for (km_expr e = last; e >= 0; e--) {
        const km_node *node = &em->pool->node[e];
        int own;
        if (em->needed[e] != 1)
            continue;
        if (em->forbidden[e])
            em->guard[e] = -1;
        own = em->guard[e];
        if (node->op == KM_OP_IF && own == -1) {
            em->guard[node->a] = -1;
            em->guard[node->b] = join(em->guard[node->b], 2 * node->a);
            em->guard[node->c] = join(em->guard[node->c], 2 * node->a + 1);
            continue;
        }
        if (node->a >= 0)
            em->guard[node->a] = join(em->guard[node->a], own);
        if (node->b >= 0)
            em->guard[node->b] = join(em->guard[node->b], own);
        if (node->c >= 0)
            em->guard[node->c] = join(em->guard[node->c], own);
    }
}

static bool in_block(const km_emitter *em, km_expr e, int guard)
{
    return e >= 0 && em->needed[e] == 1 && em->guard[e] == guard;
}

/* A block must not need, from outside, what itself needs the block: such nodes are computed always. Cheap
 * blocks are not worth a test. Returns true if something was forbidden, so that guards are found anew. */
static bool forbid_guards(km_emitter *em)
{
    bool changed = false;
    size_t n = em->pool->n;
    char *tainted = km_alloc(n + 1, 1);

    for (size_t i = 0; i < n && !changed; i++) {
        int guard = em->needed[i] == 1 ? em->guard[i] : -1;
        double cost = 0.0;
        if (guard < 0)
            continue;
        memset(tainted, 0, n);
        for (size_t k = 0; k < n; k++) {
            const km_node *node = &em->pool->node[k];
            if (em->needed[k] != 1)
                continue;
            if (em->guard[k] == guard) {
                const km_expr operand[3] = {node->a, node->b, node->c};
                cost += cost_of(node);
                for (int j = 0; j < 3; j++)
                    if (operand[j] >= 0 && tainted[operand[j]] && !em->forbidden[k])
                        em->forbidden[k] = 1, changed = true;
            } else {
                tainted[k] = (node->a >= 0 && (tainted[node->a] || in_block(em, node->a, guard))) ||
                             (node->b >= 0 && (tainted[node->b] || in_block(em, node->b, guard))) ||
                             (node->c >= 0 && (tainted[node->c] || in_block(em, node->c, guard)));
            }
        }
        if (cost < BLOCK_COST)
            for (size_t k = 0; k < n; k++)
                if (em->needed[k] == 1 && em->guard[k] == guard && !em->forbidden[k])
                    em->forbidden[k] = 1, changed = true;
    }
    free(tainted);
    return changed;
}

/* ---- levels ---- */

/* level[e]: how many blocks, one behind the other, e waits for; those within a block count it. Returns the largest, or where
 * blocks wait for each other -1, and one of them in *cyclic. */
static int find_levels(const km_emitter *em, int *level, int *cyclic)
{
    size_t n = em->pool->n;
    int *block = km_alloc(2 * n + 2, sizeof *block), largest = 0, n_blocks = 0;
    bool changed = true;

    memset(level, 0, n * sizeof *level);
    while (changed && largest >= 0) {
        changed = false;
        for (size_t e = 0; e < n; e++) {
            const km_node *node = &em->pool->node[e];
            const km_expr operand[3] = {node->a, node->b, node->c};
            int guard = em->guard[e], least = 0;
            if (em->needed[e] != 1)
                continue;
            for (int k = 0; k < 3; k++)
                if (operand[k] >= 0 && !(guard >= 0 && in_block(em, operand[k], guard)) && level[operand[k]] > least)
                    least = level[operand[k]];
            if (guard >= 0) {
                least = (level[guard / 2] > least ? level[guard / 2] : least) + 1;
                n_blocks += block[guard] == 0;
                block[guard] = least > block[guard] ? least : block[guard];
                least = block[guard];
            }
            changed = changed || least != level[e];
            level[e] = least;
            if (least > n_blocks) {
                *cyclic = guard;
                largest = -1;
                break;
            }
            largest = least > largest ? least : largest;
        }
    }
    free(block);
    return largest;
}

/* Two blocks that need each other as wholes, though none of their nodes needs itself: one of them is computed always. */
static bool forbid_cycle(km_emitter *em, int *level, int *n_levels)
{
    int cyclic = -1;

    *n_levels = find_levels(em, level, &cyclic);
    for (size_t e = 0; e < em->pool->n && *n_levels < 0; e++)
        if (em->needed[e] == 1 && em->guard[e] == cyclic)
            em->forbidden[e] = 1;
    return *n_levels < 0;
}

/* ---- lines ---- */

static bool in_blocks(const km_emitter *em, km_expr e, const int *guard, int n)
{
    for (int i = 0; i < n; i++)
        if (in_block(em, e, guard[i]))
            return true;
    return false;
}

static void add_line(km_emitter *em, km_expr e, int test)
{
    em->line[em->n_lines++] = e;
    em->test[e] = test;
    em->placed[e] = 1;
}

/* n blocks that do not need each other, behind one test. */
static void place_blocks(km_emitter *em, const int *guard, int n)
{
    for (int i = 0; i < n; i++)
        km_order_add(em, guard[i] / 2);
    for (size_t e = 0; e < em->pool->n; e++) /* what the blocks need from outside */
        if (in_blocks(em, (km_expr)e, guard, n) && !em->placed[e]) {
            const km_node *node = &em->pool->node[e];
            const km_expr operand[3] = {node->a, node->b, node->c};
            for (int k = 0; k < 3; k++)
                if (operand[k] >= 0 && !in_blocks(em, operand[k], guard, n))
                    km_order_add(em, operand[k]);
        }
    for (size_t e = 0; e < em->pool->n; e++)
        if (in_blocks(em, (km_expr)e, guard, n) && !em->placed[e])
            add_line(em, (km_expr)e, em->n_tests);
    em->n_tests++;
}

void km_order_add(km_emitter *em, km_expr e)
{
    const km_node *node = &em->pool->node[e];
    const km_expr operand[3] = {node->a, node->b, node->c};

    if (em->needed[e] != 1 || em->placed[e])
        return;
    if (em->guard[e] >= 0) {
        place_blocks(em, &em->guard[e], 1);
        return;
    }
    for (int k = 0; k < 3; k++)
        if (operand[k] >= 0)
            km_order_add(em, operand[k]);
    add_line(em, e, -1);
}

static double cost_of_expensive(const km_emitter *em)
{
    double sum = 0.0;

    for (size_t e = 0; e < em->pool->n; e++) {
        const km_node *node = &em->pool->node[e];
        bool power = node->op == KM_OP_POW || node->op == KM_OP_POW1P;
        if (em->needed[e] != 1 || cost_of(node) < EXPENSIVE)
            continue;
        sum += power && em->power && em->pool->node[node->b].op == KM_OP_NUMBER ? LITERAL_POWER_COST : cost_of(node);
    }
    return sum;
}

/* The blocks of a level. The two sides of one condition do not share a test, which would always hold. */
static void place_level(km_emitter *em, const int *level, int l)
{
    int *guard = NULL, n = 0, *alone = NULL, n_alone = 0;

    for (size_t e = 0; e < em->pool->n; e++) {
        bool other_side = false;
        if (em->needed[e] != 1 || em->placed[e] || level[e] != l || em->guard[e] < 0 || in_blocks(em, (km_expr)e, guard, n) ||
            in_blocks(em, (km_expr)e, alone, n_alone))
            continue;
        for (int i = 0; i < n; i++)
            other_side = other_side || guard[i] == (em->guard[e] ^ 1);
        if (em->join_blocks && !other_side) {
            KM_PUSH(guard, n);
            guard[n++] = em->guard[e];
        } else {
            KM_PUSH(alone, n_alone);
            alone[n_alone++] = em->guard[e];
        }
    }
    if (n > 0)
        place_blocks(em, guard, n);
    for (int i = 0; i < n_alone; i++)
        place_blocks(em, &alone[i], 1);
    free(guard);
    free(alone);
}

/* Expensive operations and blocks first, those that wait for fewest blocks before the others: a CPU does several at
 * once where none of them needs the one before, and a compiler does not change the order of blocks. Where the CPU looks
 * ahead over all of them, the order in which they are needed is better: fewer values wait in registers, and fewer lanes
 * compute what others need. */
static void place_expensive(km_emitter *em, const int *level, int n_levels)
{
    if (cost_of_expensive(em) < LOOK_AHEAD)
        return;
    for (int l = 0; l <= n_levels; l++) {
        for (size_t e = 0; e < em->pool->n; e++)
            if (em->needed[e] == 1 && em->guard[e] < 0 && level[e] == l && cost_of(&em->pool->node[e]) >= EXPENSIVE)
                km_order_add(em, (km_expr)e);
        place_level(em, level, l + 1);
    }
}

void km_order_init(km_emitter *em, const km_expr *root, int n)
{
    size_t size = em->pool->n + 1;
    int *level = km_alloc(size, sizeof *level), n_levels = 0;

    em->needed = km_alloc(size, 1);
    em->forbidden = km_alloc(size, 1);
    em->placed = km_alloc(size, 1);
    em->uses = km_alloc(size, sizeof *em->uses);
    em->guard = km_alloc(size, sizeof *em->guard);
    em->test = km_alloc(size, sizeof *em->test);
    em->line = km_alloc(size, sizeof *em->line);
    em->n_lines = em->n_tests = 0;
    find_needed(em, root, n);
    do
        find_guards(em, root, n);
    while (forbid_guards(em) || forbid_cycle(em, level, &n_levels));
    place_expensive(em, level, n_levels);
    free(level);
}

void km_order_clear(km_emitter *em)
{
    free(em->needed), free(em->forbidden), free(em->placed), free(em->uses), free(em->guard), free(em->test), free(em->line);
}
