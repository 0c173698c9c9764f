/* Units of expressions. */
#include "model/dimension.h"

#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TOLD = 20 };

static const km_unit number_unit = {.scale = 1.0};

void km_dimensions_init(km_dimensions *t, const char *time_unit, km_diag *d)
{
    memset(t, 0, sizeof *t);
    t->time_unit = time_unit;
    t->diag = d;
}

void km_dimensions_clear(km_dimensions *t)
{
    if (t->n_untold > 0)
        km_diag_warn(t->diag, "%d more of the model's equations do not fit their units", t->n_untold);
    free(t->of);
    free(t->fault);
    memset(t, 0, sizeof *t);
}

/* ---- texts ---- */

static double atom_scale(int dim, const char *time_unit)
{
    km_unit u;
    km_diag quiet;

    if (dim != KM_DIM_TIME)
        return dim == KM_DIM_MASS ? 1e-3 : dim == KM_DIM_AMOUNT ? 1e-6 : 1.0;
    km_diag_init(&quiet);
    if (km_unit_parse(time_unit, &u, &quiet) != KM_OK)
        u.scale = 1.0;
    km_diag_clear(&quiet);
    return u.scale;
}

char *km_dimension_text(const km_unit *u, const char *time_unit)
{
    bool has_time = strcmp(time_unit, "-") != 0;
    const char *const atom[KM_N_DIMS] = {"mg", "umol", "L", has_time ? time_unit : "h", "mmHg"};
    double factor = u->scale;
    km_text over = {0}, under = {0}, out = {0};

    for (int i = 0; i < KM_N_DIMS; i++) {
        int n = abs(u->dim[i]);
        km_text *side = u->dim[i] > 0 ? &over : &under;
        if (n == 0)
            continue;
        factor /= pow(atom_scale(i, atom[KM_DIM_TIME]), u->dim[i]);
        km_text_add(side, "%s%s", side == &under ? "/" : side->size ? "*" : "", atom[i]);
        if (n > 1)
            km_text_add(side, "^%d", n);
    }
    if (fabs(factor - 1.0) > 1e-9)
        km_text_add(&out, "%.6g ", factor);
    km_text_add(&out, "%s%s", over.size ? over.data : under.size ? "1" : "-", under.size ? under.data : "");
    km_text_clear(&over);
    km_text_clear(&under);
    return km_text_take(&out);
}

/* True if this place is told for the first time, and there is room. */
static bool tell(km_dimensions *t, const km_json *place, size_t offset)
{
    for (int i = 0; i < t->n_faults; i++)
        if (t->fault[i].place == place && t->fault[i].offset == offset)
            return false;
    KM_PUSH(t->fault, t->n_faults);
    t->fault[t->n_faults].place = place;
    t->fault[t->n_faults++].offset = offset;
    if (t->n_faults <= MOST_TOLD)
        return true;
    t->n_untold++;
    return false;
}

/* "adds umol and h", with the factor where the dimension is the same. */
static void fault_of_two(km_dimensions *t, const km_json *place, size_t offset, const char *verb, const km_unit *a, const km_unit *b)
{
    char *left, *right, *where;

    if (!tell(t, place, offset))
        return;
    left = km_dimension_text(a, t->time_unit);
    right = km_dimension_text(b, t->time_unit);
    where = km_json_where_at(place, offset);
    if (km_unit_same_dimension(a, b))
        km_diag_warn(t->diag, "%s: %s %s and %s, which differ by a factor of %.6g", where, verb, left, right,
                     a->scale > b->scale ? a->scale / b->scale : b->scale / a->scale);
    else
        km_diag_warn(t->diag, "%s: %s %s and %s", where, verb, left, right);
    free(left), free(right), free(where);
}

static void fault_of_one(km_dimensions *t, const km_json *place, size_t offset, const char *what, const km_unit *u)
{
    char *text, *where;

    if (!tell(t, place, offset))
        return;
    text = km_dimension_text(u, t->time_unit);
    where = km_json_where_at(place, offset);
    km_diag_warn(t->diag, "%s: %s is in %s; it must be a plain number", where, what, text);
    free(text), free(where);
}

/* ---- the table ---- */

static void put(km_dimensions *t, km_expr e, km_dimension d)
{
    if ((size_t)e >= t->n) {
        size_t n = 2 * (size_t)e + 64;
        t->of = km_realloc(t->of, n, sizeof *t->of);
        memset(t->of + t->n, 0, (n - t->n) * sizeof *t->of);
        t->n = n;
    }
    t->of[e] = d;
}

void km_dimensions_set(km_dimensions *t, km_expr e, const km_unit *unit)
{
    put(t, e, (km_dimension){true, *unit, 1.0});
}

static km_dimension get(const km_dimensions *t, const km_pool *pool, km_expr e)
{
    double value;

    if (km_is_number(pool, e, &value))
        return (km_dimension){value != 0.0, number_unit, value != 0.0 ? value : 1.0};
    if ((size_t)e < t->n && t->of[e].known)
        return t->of[e];
    return (km_dimension){false, number_unit, 1.0};
}

/* ---- rules ---- */

static bool equal(double a, double b) { return fabs(a - b) <= 1e-9 * fabs(b); }

/* One unit, when literal factors may be conversions; *out is that unit. */
static bool same_unit(const km_dimension *a, const km_dimension *b, km_unit *out)
{
    const double left[2] = {a->unit.scale, a->unit.scale / fabs(a->literal)};
    const double right[2] = {b->unit.scale, b->unit.scale / fabs(b->literal)};

    *out = a->unit;
    if (!km_unit_same_dimension(&a->unit, &b->unit))
        return false;
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++)
            if (equal(left[i], right[k])) {
                out->scale = left[i];
                return true;
            }
    return false;
}

static bool is_number(const km_dimension *a)
{
    km_dimension one = {true, number_unit, 1.0};
    km_unit u;

    return !a->known || same_unit(a, &one, &u);
}

static km_dimension alike(km_dimensions *t, km_dimension a, km_dimension b, const char *verb, const km_json *place, size_t offset)
{
    km_unit u;

    if (!a.known)
        return b;
    if (!b.known)
        return a;
    if (!same_unit(&a, &b, &u)) {
        fault_of_two(t, place, offset, verb, &a.unit, &b.unit);
        return (km_dimension){false, number_unit, 1.0}; /* one fault, not a chain of them */
    }
    return (km_dimension){true, u, 1.0};
}

/* x^p; exponents that are no whole number need a plain x, unless the powers of its units come out whole (sqrt). */
static km_dimension power(km_dimensions *t, km_dimension x, double p, const km_json *place, size_t offset)
{
    km_dimension out = x;

    if (!x.known)
        return x;
    out.unit.scale = pow(x.unit.scale, p);
    out.literal = 1.0;
    for (int i = 0; i < KM_N_DIMS; i++) {
        double n = p * x.unit.dim[i];
        if (n != floor(n)) {
            fault_of_one(t, place, offset, "the base of a power whose exponent is no whole number", &x.unit);
            return (km_dimension){false, number_unit, 1.0};
        }
        out.unit.dim[i] = (int)n;
    }
    return out;
}

void km_dimensions_operation(km_dimensions *t, const km_pool *pool, km_op op, km_expr ea, km_expr eb, km_expr ec, km_expr out,
                             const km_json *place, size_t offset)
{
    km_dimension a = get(t, pool, ea), b = eb >= 0 ? get(t, pool, eb) : a, c = ec >= 0 ? get(t, pool, ec) : a;
    km_dimension number = {true, number_unit, 1.0}, r = number;
    double p;

    switch (op) {
    case KM_OP_ADD: r = alike(t, a, b, "adds", place, offset); break;
    case KM_OP_SUB: r = alike(t, a, b, "subtracts", place, offset); break;
    case KM_OP_MIN: case KM_OP_MAX: r = alike(t, a, b, "takes the smaller or larger of", place, offset); break;
    case KM_OP_IF: r = alike(t, b, c, "chooses between", place, offset); break;
    case KM_OP_LT: case KM_OP_LE: case KM_OP_GT: case KM_OP_GE: case KM_OP_EQ: case KM_OP_NE:
        if (!km_is_number(pool, ea, NULL) && !km_is_number(pool, eb, NULL)) /* "k > 0.05": in the unit of k */
            (void)alike(t, a, b, "compares", place, offset);
        break;
    case KM_OP_AND: case KM_OP_OR: case KM_OP_NOT: break;
    case KM_OP_MUL: case KM_OP_DIV:
        r.known = a.known && b.known;
        r.unit = op == KM_OP_MUL ? km_unit_multiply(a.unit, b.unit) : km_unit_divide(a.unit, b.unit);
        r.literal = op == KM_OP_MUL ? a.literal * b.literal : a.literal / b.literal;
        break;
    case KM_OP_NEG: case KM_OP_ABS: case KM_OP_FLOOR: case KM_OP_CEIL: r = a; break;
    case KM_OP_SQRT: r = power(t, a, 0.5, place, offset); break;
    case KM_OP_POW:
        if (km_is_number(pool, eb, &p)) {
            r = power(t, a, p, place, offset);
            break;
        }
        if (!is_number(&a))
            fault_of_one(t, place, offset, "the base of a power whose exponent is no whole number", &a.unit);
        if (!is_number(&b))
            fault_of_one(t, place, offset, "the exponent", &b.unit);
        break;
    default: /* exp, log, sin ... posp, pow1p: of plain numbers */
        if (!is_number(&a) || !is_number(&b) || !is_number(&c))
            fault_of_one(t, place, offset, "the argument", !is_number(&a) ? &a.unit : !is_number(&b) ? &b.unit : &c.unit);
        break;
    }
    if (!km_is_number(pool, out, NULL) && pool->node[out].op != KM_OP_SYMBOL && !((size_t)out < t->n && t->of[out].known))
        put(t, out, r);
}

void km_dimensions_require(km_dimensions *t, const km_pool *pool, km_expr e, const km_unit *unit, const km_json *place,
                           const char *what)
{
    km_dimension is = get(t, pool, e), should = {true, *unit, 1.0};
    km_unit u;
    /* a literal alone is in the unit wanted */
    bool fault = is.known && !km_is_number(pool, e, NULL) && !same_unit(&is, &should, &u);

    if (fault && tell(t, place, (size_t)-1)) {
        char *have = km_dimension_text(&is.unit, t->time_unit), *want = km_dimension_text(unit, t->time_unit);
        char *where = km_json_where(place);
        if (km_unit_same_dimension(&is.unit, unit))
            km_diag_warn(t->diag, "%s: %s should be in %s and is in %s; multiply by %.6g", where, what, want, have,
                         is.unit.scale / unit->scale);
        else
            km_diag_warn(t->diag, "%s: %s should be in %s and is in %s", where, what, want, have);
        free(have), free(want), free(where);
    }
    if (!km_is_number(pool, e, NULL) && pool->node[e].op != KM_OP_SYMBOL) /* one fault, not a chain of them */
        put(t, e, (km_dimension){!fault, *unit, 1.0});
}

/* ---- the unit of a dose ---- */

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
