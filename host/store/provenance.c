#include "store/provenance.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "study/copula.h"
#include "study/population.h"
#include "study/sensitivity_block.h"

#include <stdlib.h>
#include <string.h>

static void add_string(km_text *out, const char *key, const char *value, const char *end)
{
    char *quoted = km_json_quote(value);

    km_text_add(out, "    \"%s\": %s%s\n", key, quoted, end);
    free(quoted);
}

static void add_strings(km_text *out, const char *key, char **value, int n)
{
    km_text_add(out, "    \"%s\": [", key);
    for (int i = 0; i < n; i++) {
        char *quoted = km_json_quote(value[i]);
        km_text_add(out, "%s%s", i ? ", " : "", quoted);
        free(quoted);
    }
    km_text_add(out, "],\n");
}

static void add_correlation(km_text *out, const km_study *s)
{
    if (s->copula)
        km_text_add(out, "    \"correlation\": %s,\n    \"correlation_of\": \"%s\",\n", s->copula->text, s->copula->of_model ? "model" : "study");
}

/* The texts that the numbers come from, and their hashes: the last members. */
static void add_sources(km_text *out, const km_study *s, const char *study_text, const char *program_hash)
{
    const char *model_text = s->model->file ? km_json_text(s->model->file) : "";
    char study_hash[65], model_hash[65];

    km_sha256_hex(study_text, strlen(study_text), study_hash);
    km_sha256_hex(model_text, strlen(model_text), model_hash);
    add_string(out, "program_sha256", program_hash, ",");
    add_string(out, "study_sha256", study_hash, ",");
    add_string(out, "model_sha256", model_hash, ",");
    if (s->list_hash[0] != '\0')
        add_string(out, "list_sha256", s->list_hash, ",");
    if (s->regimen_hash[0] != '\0')
        add_string(out, "regimen_sha256", s->regimen_hash, ",");
    if (s->population && s->population->draws_hash[0] != '\0')
        add_string(out, "draws_sha256", s->population->draws_hash, ",");
    add_string(out, "study", study_text, ",");
    add_string(out, "model", model_text, "");
}

void km_provenance_group(km_text *out, const km_study *s, const km_map_facts *f)
{
    km_text_add(out, "{\n");
    add_string(out, "Conventions", "CF-1.10", ",");
    add_string(out, "ketamap_map", "1", ",");
    add_string(out, "ketamap_version", f->version, ",");
    add_string(out, "title", s->model->name, ",");
    add_string(out, "time_unit", s->model->time_unit, ",");
    km_text_add(out, "    \"horizon\": %.17g,\n", s->horizon);
    add_strings(out, "variants", s->variant, s->n_variants);
    add_strings(out, "set", s->set, s->n_set);
    add_correlation(out, s);
    add_string(out, "method", f->method, ",");
    if (f->method_choice)
        add_string(out, "method_choice", f->method_choice, ",");
    add_string(out, "precision", f->precision, ",");
    km_text_add(out, "    \"rtol\": %.17g,\n    \"max_steps\": %ld,\n    \"lanes\": %d,\n    \"mantissa_bits\": %d,\n",
                s->solver.rtol, s->solver.max_steps, f->lanes, s->store_double ? 52 : s->keep);
    if (f->double_on_host)
        add_string(out, "retry", "points of status 6 were computed in double precision on the host", ",");
    if (f->audit_rtol > 0.0)
        km_text_add(out, "    \"audit\": \"error_* of an endpoint: against double precision%s at rtol %.3g, on a sample of the points\",\n",
                    f->double_on_host ? " on the host" : "", f->audit_rtol);
    else
        add_string(out, "audit", "none", ",");
    if (f->programs)
        add_string(out, "programs", f->programs, ",");
    add_sources(out, s, s->file ? km_json_text(s->file) : "", f->program_hash);
    km_text_add(out, "}\n");
}

/* sizes: with n and until. */
static void add_analysis(km_text *out, const km_study *s, const km_analysis_facts *f, const char *found, const char *study_text, bool sizes)
{
    const km_sensitivity *q = s->sensitivity;

    km_text_add(out, "{\n");
    add_string(out, "Conventions", "CF-1.10", ",");
    add_string(out, "ketamap_sensitivity", "1", ",");
    add_string(out, "ketamap_version", f->version, ",");
    add_string(out, "title", s->model->name, ",");
    add_string(out, "sensitivity_method", q->method, ",");
    if (sizes)
        km_text_add(out, "    \"n\": %llu,\n", (unsigned long long)q->n);
    km_text_add(out, "    \"seed\": \"%llu\",\n    \"replicates\": %d,\n    \"second_order\": %s,\n", (unsigned long long)q->seed, q->replicates,
                q->second_order ? "true" : "false");
    if (sizes)
        km_text_add(out, "    \"until\": %.17g,\n", f->until);
    km_text_add(out, "%s", found);
    add_string(out, "time_unit", s->model->time_unit, ",");
    km_text_add(out, "    \"horizon\": %.17g,\n", s->horizon);
    add_strings(out, "variants", s->variant, s->n_variants);
    add_strings(out, "set", s->set, s->n_set);
    add_correlation(out, s);
    add_string(out, "method", f->integrator, ",");
    if (f->method_choice)
        add_string(out, "method_choice", f->method_choice, ",");
    add_string(out, "precision", f->precision, ",");
    km_text_add(out, "    \"rtol\": %.17g,\n    \"max_steps\": %ld,\n    \"lanes\": %d,\n", s->solver.rtol, s->solver.max_steps, f->lanes);
    add_sources(out, s, study_text, f->program_hash);
    km_text_add(out, "}\n");
}

void km_provenance_analysis(km_text *out, const km_study *s, const km_analysis_facts *f, const char *found)
{
    add_analysis(out, s, f, found, s->file ? km_json_text(s->file) : "", true);
}

/* {"a": ..., "sensitivity": {...}} with the keys "n" and "until" of that block left out. */
static char *study_without_sizes(const km_study *s)
{
    const km_json *root = s->file ? km_json_root(s->file) : NULL;
    km_text out = {0};

    for (size_t i = 0; root && i < root->n; i++) {
        const km_json *child = &root->child[i];
        bool block = strcmp(child->key, "sensitivity") == 0 && child->kind == KM_JSON_OBJECT;
        km_text_add(&out, "%s: ", child->key);
        for (size_t k = 0; block && k < child->n; k++)
            if (strcmp(child->child[k].key, "n") != 0 && strcmp(child->child[k].key, "until") != 0) {
                km_text_add(&out, "%s: ", child->child[k].key);
                km_json_print(&out, &child->child[k]);
                km_text_add(&out, "\n");
            }
        if (!block)
            km_json_print(&out, child);
        km_text_add(&out, "\n");
    }
    return km_text_take(&out);
}

void km_provenance_analysis_of_any_size(km_text *out, const km_study *s, const km_analysis_facts *f)
{
    char *study = study_without_sizes(s);

    add_analysis(out, s, f, "", study, false);
    free(study);
}

void km_provenance_array(km_text *out, const char *const *dimension, int n, const char *coordinates, const char *unit, const char *long_name,
                         const char *const *flags, int n_flags, int first, int keep,
                         const km_endpoint_audit *audit)
{
    km_text_add(out, "{\n    \"_ARRAY_DIMENSIONS\": [");
    for (int i = 0; i < n; i++)
        km_text_add(out, "%s\"%s\"", i ? ", " : "", dimension[i]);
    km_text_add(out, "]");
    if (coordinates)
        km_text_add(out, ",\n    \"coordinates\": \"%s\"", coordinates);
    if (unit) {
        char *quoted = km_json_quote(unit);
        km_text_add(out, ",\n    \"units\": %s", quoted);
        free(quoted);
    }
    if (long_name) {
        char *quoted = km_json_quote(long_name);
        km_text_add(out, ",\n    \"long_name\": %s", quoted);
        free(quoted);
    }
    if (flags) {
        km_text_add(out, ",\n    \"flag_values\": [");
        for (int i = 0; i < n_flags; i++)
            km_text_add(out, "%s%d", i ? ", " : "", first + i);
        km_text_add(out, "],\n    \"flag_meanings\": \"");
        for (int i = 0; i < n_flags; i++)
            km_text_add(out, "%s%s", i ? " " : "", flags[i]);
        km_text_add(out, "\"");
    }
    if (keep)
        km_text_add(out, ",\n    \"mantissa_bits\": %d", keep);
    if (audit)
        km_text_add(out, ",\n    \"error_median\": %.3g,\n    \"error_p99\": %.3g,\n    \"error_max\": %.3g,\n"
                         "    \"error_points\": %ld,\n    \"error_flips\": %ld", audit->median, audit->p99, audit->max, audit->n,
                    audit->flips);
    km_text_add(out, "\n}\n");
}

static bool same(const km_json *a, const km_json *b)
{
    if (a == NULL && b == NULL)
        return true;
    if (a == NULL || b == NULL || a->kind != b->kind || a->n != b->n)
        return false;
    if (a->kind == KM_JSON_STRING)
        return strcmp(a->string, b->string) == 0;
    if (a->kind == KM_JSON_NUMBER)
        return a->number == b->number;
    for (size_t i = 0; i < a->n; i++)
        if (!same(&a->child[i], &b->child[i]))
            return false;
    return true;
}

const char *km_provenance_difference(const char *have, const char *want)
{
    static const char *const known[][2] = {
        {"study", "the study's text"}, {"model", "the model's text"}, {"list_sha256", "the list of points"}, {"regimen_sha256", "the table of doses"}, {"set", "--set"},
        {"ketamap_version", "the version of ketamap"}, {"precision", "the precision"}, {"method_choice", "the method that a pilot chose"}, {"audit", "whether it is audited"}, {"lanes", "the number of lanes"},
        {"program_sha256", "the compiled program"}, {"programs", "the kinds of devices"}};
    km_json_file *a = NULL, *b = NULL;
    const char *word = NULL;
    km_diag d;

    if (strcmp(have, want) == 0)
        return NULL;
    km_diag_init(&d);
    if (km_json_parse("have", have, &a, &d) == KM_OK && km_json_parse("want", want, &b, &d) == KM_OK)
        for (size_t i = 0; i < sizeof known / sizeof *known && word == NULL; i++)
            if (!same(km_json_find(km_json_root(a), known[i][0]), km_json_find(km_json_root(b), known[i][0])))
                word = known[i][1];
    km_json_destroy(a);
    km_json_destroy(b);
    km_diag_clear(&d);
    return word ? word : "its description";
}
