#include "model/influence.h"

#include "base/memory.h"

#include <stdlib.h>

void km_influence_direct(const km_model *model, km_expr root, bool *parameter, bool *state)
{
    const km_pool *pool = &model->pool;
    bool *reached;

    if (root < 0)
        return;
    reached = km_alloc(pool->n + 1, sizeof *reached);
    reached[root] = true;
    for (km_expr e = root; e >= 0; e--) { /* operands have smaller indices */
        const km_node *n = &pool->node[e];
        const km_expr operand[] = {n->a, n->b, n->c};
        if (!reached[e])
            continue;
        for (int k = 0; k < 3; k++)
            if (operand[k] >= 0)
                reached[operand[k]] = true;
        if (n->op == KM_OP_SYMBOL && n->kind == KM_SYMBOL_PARAMETER && parameter)
            parameter[n->index] = true;
        if (n->op == KM_OP_SYMBOL && n->kind == KM_SYMBOL_STATE && state)
            state[n->index] = true;
    }
    free(reached);
}

static void doses_into(const km_model *model, int state, const bool *dosed, const bool *weighed, bool *parameter)
{
    for (int r = 0; r < model->n_routes; r++)
        for (int k = 0; k < model->route[r].n_entries; k++) {
            const km_route_entry *entry = &model->route[r].entry[k];
            if (entry->state != state || (dosed && !dosed[r]))
                continue;
            for (int i = 0; i < model->route[r].n_entries; i++) /* their sum decides whether the point is computed */
                km_influence_direct(model, model->route[r].entry[i].fraction, parameter, NULL);
            km_influence_direct(model, entry->lag, parameter, NULL);
            km_influence_direct(model, entry->duration, parameter, NULL);
            km_influence_direct(model, model->amount, parameter, NULL);
            if (model->weight >= 0 && (weighed == NULL || weighed[r]))
                parameter[model->weight] = true;
        }
}

void km_influence_of_states(const km_model *model, const bool *dosed, const bool *weighed, bool *parameter, bool *state)
{
    bool *done = km_alloc((size_t)model->n_states + 1, sizeof *done), again = true;

    while (again) {
        again = false;
        for (int i = 0; i < model->n_states; i++) {
            if (!state[i] || done[i])
                continue;
            done[i] = again = true;
            km_influence_direct(model, model->state[i].initial, parameter, state);
            km_influence_direct(model, model->state[i].rate, parameter, state);
            doses_into(model, i, dosed, weighed, parameter);
        }
    }
    for (int i = 0; i < model->n_require; i++)
        km_influence_direct(model, model->require[i].holds, parameter, NULL);
    for (int i = 0; i < model->n_jumps; i++)
        km_influence_direct(model, model->jump[i], parameter, NULL);
    free(done);
}
