/* "routes" and "dose": how doses enter. */
#include "model/reader.h"

#include "base/memory.h"
#include "base/text.h"
#include "model/derivative.h"
#include "model/dimension.h"

#include <math.h>
#include <stdlib.h>

static km_status read_route(km_reader *r, const km_json *node)
{
    static const char *const keys[] = {"into", "fraction", "lag", "duration", NULL};
    km_route route = {0};
    km_status st = KM_OK;
    double total = 0.0, share, length;

    if (node->kind != KM_JSON_ARRAY || node->n == 0)
        return km_json_fail(node, r->d, "expected a list of entries such as [{\"into\": \"Kc\", \"fraction\": \"1\"}], "
                                        "got %s", km_json_describe(node));
    for (size_t i = 0; i < node->n; i++) {
        const km_json *item = &node->child[i], *lag, *duration, *fraction;
        km_route_entry e = {.state = -1, .lag = KM_EXPR_NONE, .duration = KM_EXPR_NONE};
        const char *into = NULL;
        KM_TRY(km_json_allow(item, keys, r->d));
        KM_TRY(km_json_get_string(item, "into", &into, r->d));
        if (into == NULL || (e.state = km_model_find_state(r->m, into)) < 0) {
            const char **word = km_alloc((size_t)r->m->n_states + 1, sizeof *word);
            const char *near = NULL;
            for (int k = 0; k < r->m->n_states; k++)
                word[k] = r->m->state[k].name;
            if (into)
                near = km_text_nearest(into, word, (size_t)r->m->n_states);
            free(word);
            if (into == NULL)
                st = km_json_fail(item, r->d, "a route entry needs \"into\", the name of a state");
            else if (near)
                st = km_json_fail(km_json_find(item, "into"), r->d, "unknown state \"%s\"; did you mean \"%s\"?", into,
                                  near);
            else
                st = km_json_fail(km_json_find(item, "into"), r->d, "unknown state \"%s\"", into);
            goto done;
        }
        fraction = km_json_find(item, "fraction");
        e.fraction = km_number(&r->m->pool, 1.0);
        if (fraction)
            KM_TRY(km_names_parse(&r->names, fraction, KM_LEVEL_PARAMETERS, &e.fraction, r->d));
        if (fraction)
            km_reader_require_unit(r, e.fraction, &(km_unit){.scale = 1.0}, fraction, "a fraction", NULL);
        if ((lag = km_json_find(item, "lag")) != NULL)
            KM_TRY(km_names_parse(&r->names, lag, KM_LEVEL_PARAMETERS, &e.lag, r->d));
        if (lag)
            km_reader_require_unit(r, e.lag, &r->m->time, lag, "a lag", NULL);
        if ((duration = km_json_find(item, "duration")) != NULL)
            KM_TRY(km_names_parse(&r->names, duration, KM_LEVEL_PARAMETERS, &e.duration, r->d));
        if (duration)
            km_reader_require_unit(r, e.duration, &r->m->time, duration, "a duration", NULL);
        if (duration && km_is_number(&r->m->pool, e.duration, &length) && length < 0.0)
            KM_TRY(km_json_fail(duration, r->d, "a duration is at least 0, got %g", length));
        if (km_is_number(&r->m->pool, e.fraction, &share)) {
            total += share;
            if (share < 0.0) {
                st = km_json_fail(fraction, r->d, "a fraction lies between 0 and 1, got %g", share);
                goto done;
            }
        }
        KM_PUSH(route.entry, route.n_entries);
        route.entry[route.n_entries++] = e;
    }
    if (total > 1.0 + 1e-12) {
        st = km_json_fail(node, r->d, "the fractions of a route sum to at most 1, got %g", total);
        goto done;
    }
    route.name = km_strdup(node->key);
    KM_PUSH(r->m->route, r->m->n_routes);
    r->m->route[r->m->n_routes++] = route;
    return KM_OK;

done:
    free(route.entry);
    return st;
}

/* dose.amount is a quantity: the unit of `amt` follows from the declared unit of the amount. */
static km_status read_amount(km_reader *r, const km_json *dose, const km_json *amount)
{
    km_model *m = r->m;
    km_unit one = {.scale = 1.0}, unit = {.scale = 1.0}, rest, milligram = {.scale = 1e-3};
    km_status st = KM_OK;
    km_expr slope;

    KM_TRY(km_names_parse(&r->names, amount, KM_LEVEL_AMOUNT, &m->amount, r->d));
    slope = km_partial(&m->pool, m->amount, KM_SYMBOL_AMT, 0);
    if (km_is_number(&m->pool, slope, NULL) && m->pool.node[slope].value == 0.0)
        return km_json_fail(amount, r->d, "dose.amount does not use amt; write for example \"amt/molar_mass\"");
    if (km_depends(&m->pool, slope, KM_SYMBOL_AMT, -1))
        return km_json_fail(amount, r->d, "dose.amount must be proportional to amt");
    KM_TRY(km_reader_unit(dose, &m->dose_unit, &unit, r->d));
    if (!km_dimension_of(m, slope, &one, &rest)) {
        st = km_json_fail(amount, r->d, "the unit of dose.amount does not follow from its factors; use products and "
                                        "quotients of amt and parameters with units");
        goto done;
    }
    m->amt_measure = km_unit_divide(unit, rest);
    milligram.dim[KM_DIM_MASS] = 1;
    if (km_unit_same_dimension(&m->amt_measure, &milligram)) {
        /* amt is a mass: users write mg; the expression's numbers are turned into dose_unit */
        double factor = milligram.scale / m->amt_measure.scale;
        if (fabs(factor - floor(factor + 0.5)) < 1e-9 * factor)
            factor = floor(factor + 0.5); /* 1000, not 999.9999 */
        m->amount = km_mul(&m->pool, m->amount, km_number(&m->pool, factor));
        m->amt_measure = milligram;
        m->amt_unit = km_strdup("mg");
    } else if (km_unit_same_dimension(&m->amt_measure, &unit)) {
        m->amount = km_mul(&m->pool, m->amount, km_number(&m->pool, unit.scale / m->amt_measure.scale));
        m->amt_measure = unit;
        m->amt_unit = km_strdup(m->dose_unit);
    } else {
        char *is = km_unit_dimension_text(&m->amt_measure);
        st = km_json_fail(amount, r->d, "with dose.unit %s, amt would be neither a mass nor in %s (it would be %s)",
                          m->dose_unit, m->dose_unit, is);
        free(is);
    }
done:
    return st;
}

km_status km_read_dose(km_reader *r)
{
    static const char *const keys[] = {"amount", "unit", "weight", NULL};
    km_model *m = r->m;
    const km_json *dose, *routes, *amount;
    const char *weight = NULL;
    km_status st = KM_OK;

    KM_TRY(km_reader_section(r, "routes", KM_JSON_OBJECT, &routes));
    for (size_t i = 0; routes && i < routes->n; i++)
        KM_TRY(read_route(r, &routes->child[i]));
    KM_TRY(km_reader_section(r, "dose", KM_JSON_OBJECT, &dose));
    m->weight = -1;
    if (dose == NULL) {
        if (m->n_routes > 0)
            st = km_json_fail(routes, r->d, "routes need a \"dose\" such as {\"amount\": \"amt\", \"unit\": \"mg\"}");
        goto done;
    }
    KM_TRY(km_json_allow(dose, keys, r->d));
    amount = km_json_find(dose, "amount");
    if (amount == NULL) {
        st = km_json_fail(dose, r->d, "dose has no \"amount\"; write for example \"amt/molar_mass\"");
        goto done;
    }
    if (m->n_routes == 0) {
        st = km_json_fail(dose, r->d, "a dose needs \"routes\" that say into which state it goes");
        goto done;
    }
    KM_TRY(read_amount(r, dose, amount));
    KM_TRY(km_json_get_string(dose, "weight", &weight, r->d));
    if (weight) {
        km_name_entry *entry = km_names_find(&r->names, weight);
        km_unit kilogram = {.scale = 1e3, .dim = {[KM_DIM_MASS] = 1}};
        m->weight = km_model_find_parameter(m, weight);
        if (m->weight < 0) {
            st = km_json_fail(km_json_find(dose, "weight"), r->d, "expected the name of a parameter, got \"%s\"", weight);
            goto done;
        }
        if (!km_unit_same_dimension(&m->parameter[m->weight].measure, &kilogram) ||
            m->parameter[m->weight].measure.scale != kilogram.scale) {
            st = km_json_fail(km_json_find(dose, "weight"), r->d, "the weight \"%s\" must be in kg, it is in %s", weight,
                              m->parameter[m->weight].unit);
            goto done;
        }
        entry->used = true;
    }
    for (int i = 0; i < m->n_routes; i++)
        for (int k = 0; k < m->route[i].n_entries; k++) {
            km_unit into = m->state[m->route[i].entry[k].state].measure, unit;
            KM_TRY(km_unit_parse(m->dose_unit, &unit, r->d));
            if (!km_unit_same_dimension(&into, &unit) || fabs(into.scale - unit.scale) > 1e-12 * unit.scale) {
                st = km_json_fail(km_json_find(dose, "unit"), r->d, "the dose is in %s, but the state \"%s\" is in %s",
                                  m->dose_unit, m->state[m->route[i].entry[k].state].name,
                                  m->state[m->route[i].entry[k].state].unit);
                goto done;
            }
        }
    m->has_dose = true;
done:
    return st;
}
