/* Reading in the order of precedence: model, variants, the study's "set", --set, axes. */
#include "study/study.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "study/axis.h"
#include "study/copula.h"
#include "study/design.h"
#include "study/draws.h"
#include "study/endpoint.h"
#include "study/quantity.h"
#include "study/regimen.h"
#include "study/regimen_csv.h"
#include "study/population.h"
#include "study/sensitivity_block.h"
#include "study/statistic.h"
#include "study/unused.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *const study_keys[] = {"name",      "about",   "model",   "variants",
                                         "set",       "regimen", "horizon", "design",
                                         "endpoints", "solver",  "output",  "sensitivity", "population", "parameters", NULL};
static const char *const solver_keys[] = {"method", "rtol", "precision", "max_steps", NULL};
static const char *const output_keys[] = {"map", "keep", "type", NULL};

void km_study_destroy(km_study *study)
{
    int i;

    if (study == NULL)
        return;
    for (i = 0; i < study->n_variants; i++)
        free(study->variant[i]);
    for (i = 0; i < study->n_records; i++)
        km_record_clear(&study->record[i]);
    for (i = 0; i < study->n_axes; i++)
        km_axis_clear(&study->axis[i]);
    for (i = 0; i < study->n_factors; i++)
        km_factor_clear(&study->factor[i]);
    for (i = 0; i < study->n_endpoints; i++)
        km_endpoint_clear(&study->endpoint[i]);
    for (i = 0; i < study->n_set; i++)
        free(study->set[i]);
    for (i = 0; i < study->n_statistics; i++)
        km_statistic_clear(&study->statistic[i]);
    free(study->statistic), free(study->trait_slot), free(study->drawn_slot);
    km_population_destroy(study->population);
    km_sensitivity_destroy(study->sensitivity);
    km_copula_destroy(study->copula);
    free(study->variant);
    free(study->record);
    free(study->axis);
    free(study->factor);
    free(study->endpoint);
    free(study->set);
    free(study->slot);
    free(study->parameter);
    free(study->map);
    free(study->model_path);
    free(study->path);
    km_model_destroy(study->model);
    km_json_destroy(study->file);
    free(study);
}

/* ---- model and variants ---- */

static km_status read_model(km_study *study, const km_json *root, km_diag *d)
{
    km_status st = KM_OK;
    const km_json *model = NULL;

    KM_TRY(km_json_need(root, "model", KM_JSON_STRING, &model, d));
    if (model->string[0] == '\0')
        KM_TRY(km_json_fail(model, d, "expected the path of a model file, got an empty string"));
    study->model_path = km_file_resolve(study->path, model->string);
    st = km_model_read(study->model_path, &study->model, d);
    if (st == KM_E_IO) { /* the place of the path; mistakes inside the model have their own */
        char *where = km_json_where(model);
        km_diag_context(d, "%s", where);
        free(where);
    }
    KM_TRY(st);
    study->parameter = km_alloc((size_t)study->model->n_parameters + 1, sizeof *study->parameter);
    for (int i = 0; i < study->model->n_parameters; i++)
        study->parameter[i] = study->model->parameter[i].value;

done:
    return st;
}

static km_status find_variant(const km_model *model, const km_json *node, int *out, km_diag *d)
{
    const char *nearest;

    if (node->kind != KM_JSON_STRING)
        return km_json_fail(node, d, "expected the name of a variant, got %s",
                            km_json_describe(node));
    *out = km_model_find_variant(model, node->string);
    if (*out >= 0)
        return KM_OK;
    nearest = km_model_nearest(model, 'v', node->string);
    if (nearest != NULL)
        return km_json_fail(node, d, "the model has no variant %s; did you mean \"%s\"?",
                            km_json_describe(node), nearest);
    return km_json_fail(node, d, "the model has no variant %s", km_json_describe(node));
}

static km_status read_variants(km_study *study, const km_json *root, km_diag *d)
{
    km_status st = KM_OK;
    const km_model *model = study->model;
    const km_json *list = NULL;
    int *setter = km_alloc((size_t)model->n_parameters + 1, sizeof *setter); /* variant + 1 */

    KM_TRY(km_json_get(root, "variants", KM_JSON_ARRAY, &list, d));
    if (list == NULL)
        goto done;
    study->variant = km_alloc(list->n + 1, sizeof *study->variant);
    for (size_t i = 0; i < list->n; i++) {
        km_place place = {.node = &list->child[i]};
        const km_variant *v;
        int index = -1;

        KM_TRY(find_variant(model, place.node, &index, d));
        v = &model->variant[index];
        study->variant[study->n_variants++] = km_strdup(v->name);
        for (int k = 0; k < v->n; k++) {
            km_slot slot = {.field = KM_FIELD_PARAMETER, .index = v->parameter[k]};

            if (setter[slot.index] > 0) {
                char *where = km_json_where(place.node);
                km_diag_warn(d, "%s: the variants \"%s\" and \"%s\" both set %s; the later wins",
                             where, model->variant[setter[slot.index] - 1].name, v->name,
                             model->parameter[slot.index].name);
                free(where);
            }
            setter[slot.index] = index + 1;
            study->parameter[slot.index] = v->value[k]; /* may leave the range: it can be another drug */
        }
    }

done:
    free(setter);
    return st;
}

/* ---- set and --set ---- */

static km_status assign(km_study *study, km_assignments *log, const char *name, const km_place *place,
                        const char *where, km_diag *d)
{
    km_status st = KM_OK;
    km_quantity q = {.factor = 1.0};
    km_target target;
    km_slot slot;

    KM_TRY(km_slot_find(study, name, place, &slot, d));
    if (slot.field != KM_FIELD_PARAMETER) {
        KM_TRY(km_regimen_set(study, &slot, place, d));
    } else {
        target = km_target_slot(study->model, &slot);
        KM_TRY(km_quantity_read(place, &target, &q, d));
        study->parameter[slot.index] = q.number * q.factor;
        (void)km_slot_in_range(study, &slot, study->parameter[slot.index], place, d);
    }
    KM_PUSH(log->entry, log->n);
    log->entry[log->n++] = (km_assignment){.slot = slot, .where = km_strdup(where)};

done:
    km_quantity_clear(&q);
    return st;
}

static km_status read_set(km_study *study, const km_json *root, km_assignments *log, km_diag *d)
{
    km_status st = KM_OK;
    const km_json *set = NULL;
    char *where = NULL;

    KM_TRY(km_json_get(root, "set", KM_JSON_OBJECT, &set, d));
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        km_place place = {.node = &set->child[i]};

        free(where);
        where = km_json_where(place.node);
        KM_TRY(assign(study, log, set->child[i].key, &place, where, d));
    }

done:
    free(where);
    return st;
}

/* The text between first and last, without blanks around it; caller frees. */
static char *trimmed(const char *first, const char *last)
{
    while (first < last && isspace((unsigned char)*first))
        first++;
    while (last > first && isspace((unsigned char)last[-1]))
        last--;
    return km_format("%.*s", (int)(last - first), first);
}

static km_status apply_argument(km_study *study, const char *text, km_assignments *log, km_diag *d)
{
    km_status st = KM_OK;
    const char *equals = strchr(text, '=');
    char *name = NULL, *value = NULL, *label = km_format("--set %s", text);
    km_place place = {.label = label};

    if (equals == NULL || equals == text || equals[1] == '\0') {
        st = km_place_fail(&place, d, "expected NAME=VALUE such as \"--set regimen[0].amt=50mg\"");
        goto done;
    }
    name = trimmed(text, equals);
    value = trimmed(equals + 1, equals + 1 + strlen(equals + 1));
    place.text = value;
    KM_TRY(assign(study, log, name, &place, label, d));

done:
    free(name);
    free(value);
    free(label);
    return st;
}

static km_status read_arguments(km_study *study, const char *const *set, int n_set,
                                km_assignments *log, km_diag *d)
{
    km_status st = KM_OK;

    study->set = km_alloc((size_t)n_set + 1, sizeof *study->set);
    for (int i = 0; i < n_set; i++) {
        study->set[study->n_set++] = km_strdup(set[i]);
        KM_TRY(apply_argument(study, set[i], log, d));
    }

done:
    return st;
}

/* True if the axis gives the slot's parameter a value at every coordinate: of the variants on an
 * axis some may leave it alone. */
static bool covers(const km_study *study, const km_axis *axis, const km_slot *slot)
{
    size_t setting = 0;

    if (axis->scale != KM_AXIS_CATEGORY)
        return true;
    for (size_t i = 0; i < axis->n; i++) {
        const km_variant *v =
            &study->model->variant[km_model_find_variant(study->model, axis->label[i])];

        for (int k = 0; k < v->n; k++)
            setting += v->parameter[k] == slot->index;
    }
    return setting == axis->n;
}

static void warn_overridden(const km_study *study, const km_assignments *log, km_diag *d)
{
    for (int i = 0; i < log->n; i++)
        for (int a = 0; a < study->n_axes; a++)
            for (int s = 0; s < study->axis[a].n_slots; s++) {
                const km_slot *slot = &study->slot[study->axis[a].slot[s]];

                if (km_slot_same(*slot, log->entry[i].slot) && covers(study, &study->axis[a], slot))
                    km_diag_warn(d, "%s: has no effect, since the axis \"%s\" gives the values",
                                 log->entry[i].where, study->axis[a].name);
            }
    for (int i = 0; i < log->n; i++)
        for (int k = 0; k < study->n_factors; k++) {
            const km_slot *slot = &study->slot[study->factor[k].slot];

            if (km_slot_same(*slot, log->entry[i].slot))
                km_diag_warn(d, "%s: has no effect, since the factor \"%s\" gives the values",
                             log->entry[i].where, study->factor[k].name);
        }
}

static void clear_assignments(km_assignments *log)
{
    for (int i = 0; i < log->n; i++)
        free(log->entry[i].where);
    free(log->entry);
}

/* ---- horizon, solver, output ---- */

static km_status read_horizon(km_study *study, const km_json *root, km_diag *d)
{
    km_status st = KM_OK;
    const km_json *horizon = km_json_find(root, "horizon");

    if (study->model->n_states == 0) {
        if (horizon != NULL)
            KM_TRY(km_json_fail(
                horizon, d,
                "the model has no states and is evaluated at time 0; leave out \"horizon\""));
        goto done;
    }
    if (horizon == NULL)
        KM_TRY(km_json_fail(root, d, "the key \"horizon\" is missing (a time such as \"42 d\")"));
    KM_TRY(km_quantity_get_time(root, "horizon", study->model, &study->horizon, d));
    if (study->horizon <= 0.0)
        KM_TRY(km_json_fail(horizon, d, "\"horizon\" must be larger than 0, got %s",
                            km_json_describe(horizon)));

done:
    return st;
}

static km_status read_precision(km_study *study, const km_json *solver, km_diag *d)
{
    static const char *const name[] = {[KM_PRECISION_AUTO] = "auto",
                                       [KM_PRECISION_SINGLE] = "single",
                                       [KM_PRECISION_DOUBLE] = "double"};
    km_status st = KM_OK;
    const km_json *precision = NULL;
    int i;

    KM_TRY(km_json_get(solver, "precision", KM_JSON_STRING, &precision, d));
    if (precision == NULL)
        goto done;
    for (i = 0; i < 3 && strcmp(precision->string, name[i]) != 0; i++)
        ;
    if (i == 3)
        KM_TRY(km_json_fail(precision, d, "expected \"auto\", \"single\" or \"double\", got %s",
                            km_json_describe(precision)));
    study->solver.precision = (km_precision)i;

done:
    return st;
}

static km_status read_method(km_solver *s, const km_json *method, km_diag *d)
{
    s->automatic = strcmp(method->string, "auto") == 0;
    if (!s->automatic)
        return km_method_read(method, ", \"auto\"", &s->method, d);
    s->method = km_method_implicit(s->method);
    return KM_OK;
}

static km_status read_solver(km_study *study, const km_json *root, km_diag *d)
{
    km_status st = KM_OK;
    km_solver *s = &study->solver;
    const km_json *solver = NULL, *method = NULL, *rtol = NULL, *max_steps;

    *s = (km_solver){.method = study->model->method, .rtol = 1e-4, .max_steps = 100000};
    KM_TRY(km_json_get(root, "solver", KM_JSON_OBJECT, &solver, d));
    if (solver == NULL)
        goto done;
    KM_TRY(km_json_allow(solver, solver_keys, d));
    KM_TRY(km_json_get(solver, "method", KM_JSON_STRING, &method, d));
    if (method != NULL)
        KM_TRY(read_method(s, method, d));
    KM_TRY(read_precision(study, solver, d));
    KM_TRY(km_json_get(solver, "rtol", KM_JSON_NUMBER, &rtol, d));
    if (rtol != NULL) {
        if (rtol->number < 1e-9 || rtol->number > 0.01)
            KM_TRY(km_json_fail(rtol, d, "\"rtol\" must be from 1e-9 to 0.01, got %s",
                                km_json_describe(rtol)));
        if (s->precision == KM_PRECISION_SINGLE && rtol->number < 1e-6)
            KM_TRY(km_json_fail(
                rtol, d,
                "\"rtol\" must be at least 1e-6 in single precision, got %s; or choose "
                "\"precision\": \"double\"",
                km_json_describe(rtol)));
        s->rtol = rtol->number;
    }
    max_steps = km_json_find(solver, "max_steps");
    if (max_steps != NULL)
        KM_TRY(km_quantity_whole(max_steps, "\"max_steps\"", 1, INT_MAX, &s->max_steps, d));

done:
    return st;
}

/* results/STEM.zarr, of a study file .../STEM.json; caller frees. */
static char *default_map(const char *path)
{
    const char *slash = strrchr(path, '/'), *stem = slash != NULL ? slash + 1 : path;

    return km_format("results/%.*s.zarr", (int)km_text_length_without(stem, ".json"), stem);
}

static km_status read_output(km_study *study, const km_json *root, km_diag *d)
{
    km_status st = KM_OK;
    const km_json *output = NULL, *map = NULL, *type = NULL, *keep;
    long bits = 16;

    study->keep = (int)bits;
    KM_TRY(km_json_get(root, "output", KM_JSON_OBJECT, &output, d));
    if (output == NULL)
        goto done;
    KM_TRY(km_json_allow(output, output_keys, d));
    KM_TRY(km_json_get(output, "map", KM_JSON_STRING, &map, d));
    if (map != NULL && map->string[0] == '\0')
        KM_TRY(km_json_fail(map, d,
                            "expected a path such as \"results/study.zarr\", got an empty string"));
    if (map != NULL)
        study->map = km_strdup(map->string);
    KM_TRY(km_json_get(output, "type", KM_JSON_STRING, &type, d));
    if (type != NULL) {
        study->store_double = strcmp(type->string, "float64") == 0;
        if (!study->store_double && strcmp(type->string, "float32") != 0)
            KM_TRY(km_json_fail(type, d, "expected \"float32\" or \"float64\", got %s",
                                km_json_describe(type)));
    }
    keep = km_json_find(output, "keep");
    if (keep != NULL && study->store_double)
        KM_TRY(
            km_json_fail(keep, d, "\"keep\" rounds float32 values and does not go with float64"));
    if (keep != NULL)
        KM_TRY(km_quantity_whole(keep, "\"keep\" (mantissa bits)", 8, 23, &bits, d));
    study->keep = (int)bits;

done:
    if (st == KM_OK && study->map == NULL)
        study->map = default_map(study->path);
    return st;
}

/* ---- the study ---- */

/* Per parameter, whether variants, "set" or --set gave it a value. Caller frees. */
static bool *given_parameters(const km_study *study, const km_assignments *log)
{
    const km_model *model = study->model;
    bool *given = km_alloc((size_t)model->n_parameters + 1, sizeof *given);

    for (int i = 0; i < study->n_variants; i++) {
        const km_variant *v = &model->variant[km_model_find_variant(model, study->variant[i])];

        for (int k = 0; k < v->n; k++)
            given[v->parameter[k]] = true;
    }
    for (int i = 0; i < log->n; i++)
        if (log->entry[i].slot.field == KM_FIELD_PARAMETER)
            given[log->entry[i].slot.index] = true;
    return given;
}

/* The draws of a fit belong together: what the study says of one of their parameters contradicts them. */
static km_status take_draws(km_study *study, const km_json *draws, const km_assignments *log, bool *given, km_diag *d)
{
    const km_population *p;
    km_status st = KM_OK;

    KM_TRY(km_draws_read(study, draws, d));
    p = study->population;
    for (int i = 0; i < log->n; i++)
        if (log->entry[i].slot.field == KM_FIELD_PARAMETER && km_population_find_drawn(p, log->entry[i].slot.index) >= 0)
            KM_FAIL(d, KM_E_INPUT, "%s: \"%s\" comes from the draws that \"parameters\" names; leave one of the two out", log->entry[i].where,
                    study->model->parameter[log->entry[i].slot.index].name);
    for (int i = 0; i < study->n_variants; i++) {
        const km_variant *v = &study->model->variant[km_model_find_variant(study->model, study->variant[i])];
        for (int k = 0; k < v->n; k++)
            if (km_population_find_drawn(p, v->parameter[k]) >= 0)
                km_diag_warn(d, "%s: the variant \"%s\" sets %s without effect, since the draws that \"parameters\" names give its values",
                             study->path, v->name, study->model->parameter[v->parameter[k]].name);
    }
    for (int i = 0; i < p->n_drawn; i++)
        given[p->drawn[i]] = true;
done:
    return st;
}

static km_status refuse_drawn_points(const km_study *study, const km_json *draws, km_diag *d)
{
    for (int s = 0; s < study->n_slots; s++)
        if (study->slot[s].field == KM_FIELD_PARAMETER && km_population_find_drawn(study->population, study->slot[s].index) >= 0)
            return km_json_fail(draws, d, "\"%s\" comes from the draws, and the design varies it too; leave one of the two out",
                                study->model->parameter[study->slot[s].index].name);
    return KM_OK;
}

static km_status check_keys(const km_json *root, km_diag *d)
{
    const char *text;

    for (int i = 0; i < 2; i++) {
        text = NULL;
        if (km_json_get_string(root, i == 0 ? "name" : "about", &text, d) != KM_OK)
            return KM_E_INPUT;
    }
    if (km_json_find(root, "trials"))
        return km_json_fail(root, d, "this is a fit, which ketamap fit reads; a study has no \"trials\"");
    if (km_json_find(root, "model") == NULL && km_json_find(root, "outputs"))
        return km_json_fail(root, d, "this is a model; a study names it by its key \"model\", and has doses, points and endpoints");
    return km_json_allow(root, study_keys, d);
}

/* What the study is read for: its own design, the block "sensitivity", or points that the command has. */
typedef enum reading { FOR_DESIGN, FOR_SENSITIVITY, FOR_POINTS } reading;

static km_status read_root(km_study *study, const km_json *root, const char *const *set, int n_set, reading purpose, km_assignments *log,
                           km_diag *d)
{
    bool sensitivity = purpose == FOR_SENSITIVITY;
    km_status st = KM_OK;
    const km_json *regimen = NULL, *design = NULL, *endpoints = NULL, *block = NULL, *population = NULL, *draws = NULL;
    bool *given = NULL;

    if (root->kind != KM_JSON_OBJECT)
        KM_TRY(km_json_fail(root, d, "a study is a JSON object, got %s", km_json_describe(root)));
    KM_TRY(check_keys(root, d));
    KM_TRY(read_model(study, root, d));
    KM_TRY(read_variants(study, root, d));
    regimen = km_json_find(root, "regimen");
    if (regimen != NULL && regimen->kind == KM_JSON_OBJECT) {
        KM_TRY(km_regimen_csv_read(study, regimen, d));
    } else {
        KM_TRY(km_json_get(root, "regimen", KM_JSON_ARRAY, &regimen, d));
        if (regimen != NULL)
            KM_TRY(km_regimen_read(study, regimen, d));
    }
    KM_TRY(read_set(study, root, log, d));
    KM_TRY(read_arguments(study, set, n_set, log, d));
    KM_TRY(read_horizon(study, root, d));
    KM_TRY(km_json_get(root, "population", KM_JSON_OBJECT, &population, d));
    KM_TRY(km_json_get(root, "parameters", KM_JSON_OBJECT, &draws, d));
    if ((population || draws) && sensitivity)
        KM_TRY(km_json_fail(population ? population : draws, d,
                            "a sensitivity analysis varies single models; leave \"%s\" out, and make what differs between patients factors",
                            population ? "population" : "parameters"));
    if (population)
        KM_TRY(km_population_read(study->model, population, 0, &study->population, d));
    given = given_parameters(study, log);
    if (draws)
        KM_TRY(take_draws(study, draws, log, given, d));
    KM_TRY(km_json_get(root, "design", KM_JSON_OBJECT, &design, d));
    KM_TRY(km_json_get(root, "sensitivity", KM_JSON_OBJECT, &block, d));
    if (sensitivity)
        KM_TRY(km_sensitivity_read(study, block, given, d));
    else if (design != NULL)
        KM_TRY(km_design_read(study, design, given, d));
    KM_TRY(refuse_drawn_points(study, draws, d));
    if (study->population)
        km_population_take_slots(study);
    KM_TRY(km_regimen_check(study, d));
    KM_TRY(km_json_get(root, "endpoints", KM_JSON_ARRAY, &endpoints, d));
    if (endpoints != NULL)
        KM_TRY(km_endpoint_read(study, endpoints, d));
    if (sensitivity)
        KM_TRY(km_sensitivity_read_times(study, block, d));
    if (study->population)
        KM_TRY(km_statistics_make(study, population ? population : draws, d));
    KM_TRY(read_solver(study, root, d));
    KM_TRY(read_output(study, root, d));
    if (purpose != FOR_POINTS)
        warn_overridden(study, log, d);
    km_warn_unused(study, log, d);

done:
    free(given);
    return st;
}

/* `text`: what the file would say, or NULL to read it. */
static km_status read_study(const char *path, const char *text, const char *const *set, int n_set, reading purpose, km_study **out,
                            km_diag *d)
{
    km_status st = KM_OK;
    km_study *study = km_alloc(1, sizeof *study);
    km_assignments log = {0};

    *out = NULL;
    study->path = km_strdup(path);
    study->n_points = 1;
    KM_TRY(text ? km_json_parse(path, text, &study->file, d) : km_json_read(path, &study->file, d));
    KM_TRY(read_root(study, km_json_root(study->file), set, n_set, purpose, &log, d));
    *out = study;
    study = NULL; /* handed over */

done:
    clear_assignments(&log);
    km_study_destroy(study);
    return st;
}

km_status km_study_read(const char *path, const char *const *set, int n_set, km_study **out, km_diag *d)
{
    return read_study(path, NULL, set, n_set, FOR_DESIGN, out, d);
}

km_status km_study_read_points(const char *path, const char *const *set, int n_set, km_study **out, km_diag *d)
{
    return read_study(path, NULL, set, n_set, FOR_POINTS, out, d);
}

km_status km_study_parse(const char *path, const char *text, km_study **out, km_diag *d)
{
    return read_study(path, text, NULL, 0, FOR_DESIGN, out, d);
}

km_status km_study_read_sensitivity(const char *path, const char *const *set, int n_set, km_study **out, km_diag *d)
{
    return read_study(path, NULL, set, n_set, FOR_SENSITIVITY, out, d);
}

/* ---- columns of a points file ---- */

km_status km_study_column(const km_study *study, const char *name, km_slot *slot, double *factor,
                          km_diag *d)
{
    km_status st = KM_OK;
    char *label = km_format("column \"%s\"", name);
    km_place place = {.label = label};
    const char **words = NULL, *nearest;
    size_t n = 0;

    *slot = (km_slot){.field = KM_FIELD_PARAMETER, .index = -1};
    *factor = 1.0;
    for (int a = 0; a < study->n_axes; a++) {
        const km_axis *axis = &study->axis[a];

        if (strcmp(axis->name, name) != 0)
            continue;
        if (axis->scale == KM_AXIS_CATEGORY)
            KM_TRY(km_place_fail(
                &place, d,
                "the axis is of variants, which a number cannot name; give columns of the "
                "parameters that they set"));
        *slot = study->slot[axis->slot[0]];
        *factor = axis->factor;
        goto done;
    }
    for (int k = 0; k < study->n_factors; k++) {
        if (strcmp(study->factor[k].name, name) != 0)
            continue;
        *slot = study->slot[study->factor[k].slot];
        *factor = study->factor[k].factor;
        goto done;
    }
    if (km_regimen_is_path(name)) {
        KM_TRY(km_regimen_find(study, name, &place, slot, d));
        goto done;
    }
    slot->index = km_model_find_parameter(study->model, name);
    if (slot->index >= 0)
        goto done;
    words = km_alloc((size_t)(study->n_axes + study->n_factors + study->model->n_parameters) + 1,
                     sizeof *words);
    for (int a = 0; a < study->n_axes; a++)
        words[n++] = study->axis[a].name;
    for (int k = 0; k < study->n_factors; k++)
        words[n++] = study->factor[k].name;
    for (int i = 0; i < study->model->n_parameters; i++)
        words[n++] = study->model->parameter[i].name;
    nearest = km_text_nearest(name, words, n);
    if (nearest != NULL)
        KM_TRY(km_place_fail(&place, d, "no axis or parameter has this name; did you mean \"%s\"?",
                             nearest));
    KM_TRY(
        km_place_fail(&place, d,
                      "no axis or parameter has this name, and it is not a regimen field such as "
                      "regimen[0].amt"));

done:
    free(words);
    free(label);
    return st;
}
