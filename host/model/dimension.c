/* Units of expressions. */
#include "model/dimension.h"

static bool symbol_unit(const km_model *m, const km_node *n, const km_unit *amt, km_unit *out)
{
    switch (n->kind) {
    case KM_SYMBOL_TIME: *out = m->time; return true;
    case KM_SYMBOL_PARAMETER: *out = m->parameter[n->index].measure; return true;
    case KM_SYMBOL_STATE: *out = m->state[n->index].measure; return true;
    case KM_SYMBOL_AMT: *out = *amt; return true;
    default: return false;
    }
}

bool km_dimension_of(const km_model *m, km_expr e, const km_unit *amt, km_unit *out)
{
    const km_node *n = &m->pool.node[e];
    km_unit a, b;

    switch (n->op) {
    case KM_OP_NUMBER:
        *out = (km_unit){.scale = 1.0};
        return true;
    case KM_OP_SYMBOL:
        return symbol_unit(m, n, amt, out);
    case KM_OP_NEG: case KM_OP_ABS:
        return km_dimension_of(m, n->a, amt, out);
    case KM_OP_MUL: case KM_OP_DIV:
        if (!km_dimension_of(m, n->a, amt, &a) || !km_dimension_of(m, n->b, amt, &b))
            return false;
        *out = n->op == KM_OP_MUL ? km_unit_multiply(a, b) : km_unit_divide(a, b);
        return true;
    case KM_OP_POWI:
        if (n->index < 1 || n->index > 8 || !km_dimension_of(m, n->a, amt, &a))
            return false;
        *out = a;
        for (int k = 1; k < n->index; k++)
            *out = km_unit_multiply(*out, a);
        return true;
    case KM_OP_ADD: case KM_OP_SUB: case KM_OP_MIN: case KM_OP_MAX:
        if (!km_dimension_of(m, n->a, amt, &a) || !km_dimension_of(m, n->b, amt, &b) ||
            !km_unit_same_dimension(&a, &b) || a.scale != b.scale)
            return false;
        *out = a;
        return true;
    default:
        return false;
    }
}
