/* ketamap check: is this file right, and what does it amount to; or the source it becomes. */
#include "analysis/sensitivity.h"
#include "base/json.h"
#include "base/memory.h"
#include "cli/command.h"
#include "codegen/codegen.h"
#include "model/model.h"
#include "study/copula.h"
#include "study/population.h"
#include "study/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static km_status is_study(const char *path, bool *yes, km_diag *d)
{
    km_json_file *file = NULL;
    km_status st = km_json_read(path, &file, d);

    if (st == KM_OK) {
        const km_json *root = km_json_root(file);
        *yes = root->kind == KM_JSON_OBJECT &&
               (km_json_find(root, "model") || km_json_find(root, "endpoints") || km_json_find(root, "design"));
    }
    km_json_destroy(file);
    return st;
}

static void print_model(const km_model *m)
{
    int sourced = 0;

    for (int i = 0; i < m->n_parameters; i++)
        sourced += m->parameter[i].source != NULL;
    printf("model %s: %d parameters (%d with a source), %d derived, %d states, %d outputs, %d routes, %d variants", m->name,
           m->n_parameters, sourced, m->n_derived, m->n_states, m->n_outputs, m->n_routes, m->n_variants);
    if (m->n_correlations > 0)
        printf(", %d correlation%s", m->n_correlations, m->n_correlations > 1 ? "s" : "");
    putchar('\n');
}

static void print_correlation(const km_study *s)
{
    if (s->copula)
        printf("correlation %s, %s\n", s->copula->text, s->copula->of_model ? "the model's" : "the study's");
}

static void print_analysis(const km_study *s, const km_sa *sa)
{
    const km_sensitivity *q = s->sensitivity;

    printf("sensitivity: %s, %d factors", q->method, q->n_units);
    if (q->n_units < q->n_dimensions)
        printf(" (of %d that vary)", q->n_dimensions);
    printf(", %llu models at most, %d with indices: ", (unsigned long long)km_sa_n_models(sa), km_sa_n_measures(sa));
    for (int m = 0; m < km_sa_n_measures(sa); m++) {
        char *name = km_sa_measure_name(sa, m);
        printf("%s%s", m ? ", " : "", name);
        free(name);
    }
    putchar('\n');
}

static void print_study(const km_study *s, const km_source *source)
{
    printf("study %s\n", s->path);
    print_model(s->model);
    for (int i = 0; i < s->n_axes; i++)
        printf("axis %s: %s, %zu values, %.6g to %.6g %s\n", s->axis[i].name, s->axis[i].of, s->axis[i].n,
               s->axis[i].coordinate[0], s->axis[i].coordinate[s->axis[i].n - 1], s->axis[i].unit);
    for (int i = 0; i < s->n_factors; i++)
        printf("factor %s: %s, %.6g to %.6g %s\n", s->factor[i].name, s->factor[i].of, s->factor[i].low, s->factor[i].high,
               s->factor[i].unit);
    print_correlation(s);
    if (!s->sensitivity)
        printf("points %llu, ", (unsigned long long)s->n_points);
    printf("horizon %.6g %s, method %s, rtol %.3g\n", s->horizon, s->model->time_unit, s->solver.automatic ? "auto" : s->solver.method->name,
           s->solver.rtol);
    if (s->population) {
        printf("population %zu patients at each point, %d arrays:", s->population->n, s->n_statistics);
        for (int i = 0; i < s->population->n_traits; i++)
            printf("%s %s", i ? "," : "", s->model->parameter[s->population->trait[i].parameter].name);
        printf("%s", s->population->n_traits ? " differ" : "");
        for (int i = 0; i < s->population->n_drawn; i++)
            printf("%s %s", i ? "," : s->population->n_traits ? ";" : "", s->model->parameter[s->population->drawn[i]].name);
        if (s->population->n_drawn)
            printf(" from %zu draws of a fit", s->population->n_draws);
        putchar('\n');
    }
    for (int i = 0; i < s->n_endpoints; i++) {
        printf("endpoint %s: %s of %s, %s", s->endpoint[i].name, km_endpoint_kind_name(s->endpoint[i].kind),
               s->model->output[s->endpoint[i].output].name, s->endpoint[i].unit);
        if (s->endpoint[i].pass > 0)
            printf(" (integration %d)", s->endpoint[i].pass + 1);
        putchar('\n');
    }
    printf("program: %d of %d states integrated, %d Jacobian nonzeros, %d LU values, %d constants a point, at most %d edges\n",
           source->layout.n_states, s->model->n_states, source->layout.jacobian_nonzeros, source->layout.lu_nonzeros,
           source->layout.n_constants, source->layout.n_edges);
}

static km_status check_model(const km_arguments *a, const char *emit, km_diag *d)
{
    km_model *model = NULL;
    char *text = NULL;
    km_status st = KM_OK;

    if (a->n_set > 0)
        return km_diag_fail(d, KM_E_INPUT, "--set belongs to a study; %s is a model", a->positional[0]);
    KM_TRY(km_model_read(a->positional[0], &model, d));
    if (emit && strcmp(emit, "opencl") == 0)
        KM_FAIL(d, KM_E_INPUT, "--emit opencl needs a study (what varies, doses and endpoints make the kernel); %s is a model",
                a->positional[0]);
    if (emit) {
        KM_TRY(km_codegen_c(model, &text, d));
        fputs(text, stdout);
    } else {
        print_model(model);
    }
done:
    free(text);
    km_model_destroy(model);
    return st;
}

static km_status check_study(const km_arguments *a, const char *emit, bool single, int lanes, km_diag *d)
{
    km_study *study = NULL, *varied = NULL;
    km_sa *sa = NULL;
    km_source source = {0};
    char *text = NULL;
    const km_json *root;
    km_status st = KM_OK;

    KM_TRY(km_study_read(a->positional[0], a->set, a->n_set, &study, d));
    root = km_json_root(study->file);
    if (km_json_find(root, "sensitivity")) {
        KM_TRY(km_study_read_sensitivity(a->positional[0], a->set, a->n_set, &varied, d));
        KM_TRY(km_sa_create(varied, &sa, d));
        if (km_json_find(root, "design") == NULL) { /* then that is what the study is for */
            km_study_destroy(study);
            study = varied;
        }
    }
    if (emit && strcmp(emit, "c") == 0) {
        KM_TRY(km_codegen_c(study->model, &text, d));
        fputs(text, stdout);
        goto done;
    }
    KM_TRY(km_codegen_opencl(study, KM_CODE_ENDPOINTS, single, true, lanes, km_argument(a, "kernel-dir"), &source, d));
    if (emit)
        fputs(source.text, stdout);
    else {
        print_study(study, &source);
        if (sa && varied != study)
            print_correlation(varied);
        if (sa)
            print_analysis(varied, sa);
    }
done:
    km_sa_destroy(sa);
    if (varied != study)
        km_study_destroy(varied);
    free(text);
    km_source_clear(&source);
    km_study_destroy(study);
    return st;
}

static km_status run(const km_arguments *a, km_diag *d)
{
    const char *emit = km_argument(a, "emit"), *precision = km_argument(a, "precision");
    long lanes;
    bool study = false;
    km_status st = KM_OK;

    if (emit && strcmp(emit, "opencl") != 0 && strcmp(emit, "c") != 0)
        return km_diag_fail(d, KM_E_INPUT, "--emit is opencl or c, got \"%s\"", emit);
    if (precision && strcmp(precision, "single") != 0 && strcmp(precision, "double") != 0)
        return km_diag_fail(d, KM_E_INPUT, "--precision is single or double, got \"%s\"", precision);
    KM_TRY(km_argument_integer(a, "lanes", 1, 16, 1, &lanes, d));
    if (lanes & (lanes - 1))
        return km_diag_fail(d, KM_E_INPUT, "--lanes is 1, 2, 4, 8 or 16, got %ld", lanes);
    KM_TRY(is_study(a->positional[0], &study, d));
    st = study ? check_study(a, emit, precision && strcmp(precision, "single") == 0, (int)lanes, d) : check_model(a, emit, d);
done:
    return st;
}

static const km_option options[] = {
    {"emit", "opencl|c", "print the program of a study, or the model as plain C"},
    {"precision", "single|double", "of the program printed (default double)"},
    {"lanes", "N", "of the program printed, 1 2 4 8 16 (default 1)"}, KM_OPTION_SET, KM_OPTION_STRICT, KM_OPTION_QUIET, KM_OPTION_KERNELS, {0}};

const km_command km_command_check = {
    "check", "read a model or a study and say what is wrong or what it amounts to", "FILE", 1,
    "Reads a model or a study with everything it refers to. Prints a summary, or the source it becomes.",
    "ketamap check configs/studies/quickstart.json", options, run};
