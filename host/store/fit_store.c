#include "store/fit_store.h"

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "store/blosc.h"
#include "store/provenance.h"
#include "store/zarr.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVEL = 5 };

/* ---- attributes ---- */

static void add_string(km_text *out, const char *key, const char *value, const char *end)
{
    char *quoted = km_json_quote(value);

    km_text_add(out, "    \"%s\": %s%s\n", key, quoted, end);
    free(quoted);
}

void km_fit_attributes(km_text *out, const km_fit_facts *f, const char *title)
{
    char hash[65];

    km_text_add(out, "{\n");
    add_string(out, "Conventions", "CF-1.10", ",");
    add_string(out, "ketamap_fit", "1", ",");
    add_string(out, "ketamap_version", f->version, ",");
    add_string(out, "title", title, ",");
    add_string(out, "program_sha256", f->program_hash, ",");
    add_string(out, "precision", f->precision, ",");
    km_text_add(out, "    \"lanes\": %d,\n", f->lanes);
    km_sha256_hex(f->fit_text, strlen(f->fit_text), hash);
    add_string(out, "fit_sha256", hash, ",");
    km_sha256_hex(f->model_text, strlen(f->model_text), hash);
    add_string(out, "model_sha256", hash, ",");
    add_string(out, "trials_sha256", f->trials_hash, ",");
    add_string(out, "fit", f->fit_text, ",");
    add_string(out, "model", f->model_text, "");
    km_text_add(out, "}\n");
}

/* ---- the group ---- */

static km_status write_text(const char *folder, const char *name, const char *text, km_diag *d)
{
    char *path = km_file_join(folder, name);
    km_status st = km_file_write(path, text, strlen(text), d);

    free(path);
    return st;
}

/* GROUP/NAME with its metadata and its only chunk. */
static km_status write_array(const char *group, const char *name, const char *array, const char *attributes, int n_dims, const void *bytes,
                             size_t size, km_diag *d)
{
    static const size_t first[KM_MOST_DIMS] = {0};
    char *folder = km_file_join(group, name), *chunk = km_zarr_chunk_name(n_dims, first), *path = km_file_join(folder, chunk);
    km_status st = KM_OK;

    KM_TRY(km_file_make_folder(folder, d));
    KM_TRY(write_text(folder, ".zarray", array, d));
    KM_TRY(write_text(folder, ".zattrs", attributes, d));
    KM_TRY(km_file_write(path, bytes, size, d));
done:
    free(folder), free(chunk), free(path);
    return st;
}

typedef struct writer {
    const char *group;
    km_diag *d;
} writer;

static km_status write_doubles(const writer *w, const char *name, const char *about, int n_dims, const char *const *dimension,
                               const size_t *shape, const double *value)
{
    km_text array = {0}, attributes = {0};
    unsigned char *frame = NULL;
    size_t n = 1, size = 0;
    km_status st = KM_OK;

    for (int i = 0; i < n_dims; i++)
        n *= shape[i];
    if (n == 0)
        return KM_OK;
    km_zarr_array_text(&array, "<f8", n_dims, shape, shape);
    km_provenance_array(&attributes, dimension, n_dims, NULL, NULL, about, NULL, 0, 0, 0, NULL);
    KM_TRY(km_blosc_encode(value, n * sizeof *value, sizeof *value, LEVEL, &frame, &size, w->d));
    KM_TRY(write_array(w->group, name, array.data, attributes.data, n_dims, frame, size, w->d));
done:
    km_text_clear(&array);
    km_text_clear(&attributes);
    free(frame);
    return st;
}

/* Member `offset` (a double, or a text) of n structs of `size` bytes. */
static km_status write_column(const writer *w, const char *dimension, const char *name, const char *about, const void *all, size_t size,
                              int n, size_t offset)
{
    size_t count = (size_t)n;
    double *value = km_alloc(count + 1, sizeof *value);
    km_status st;

    for (size_t i = 0; i < count; i++)
        memcpy(&value[i], (const char *)all + i * size + offset, sizeof *value);
    st = write_doubles(w, name, about, 1, &dimension, &count, value);
    free(value);
    return st;
}

/* Words as numpy's "<U"; letters beyond ASCII become "?". */
static km_status write_words(const writer *w, const char *dimension, const char *name, const char *about, const void *all, size_t size, int n,
                             size_t offset)
{
    size_t longest = 1, count = (size_t)n;
    km_text array = {0}, attributes = {0};
    unsigned char *bytes = NULL;
    const char *word;
    km_status st = KM_OK;

    if (n == 0)
        return KM_OK;
    for (size_t i = 0; i < count; i++) {
        memcpy(&word, (const char *)all + i * size + offset, sizeof word);
        longest = strlen(word) > longest ? strlen(word) : longest;
    }
    KM_TRY(km_array_create(count * longest, 4, (void **)&bytes, w->d));
    for (size_t i = 0; i < count; i++) {
        memcpy(&word, (const char *)all + i * size + offset, sizeof word);
        for (size_t k = 0; word[k]; k++)
            bytes[4 * (i * longest + k)] = (unsigned char)word[k] < 128 ? (unsigned char)word[k] : '?';
    }
    km_text_add(&array, "{\n    \"chunks\": [%zu],\n    \"compressor\": null,\n    \"dtype\": \"<U%zu\",\n    \"fill_value\": null,\n"
                        "    \"filters\": null,\n    \"order\": \"C\",\n    \"shape\": [%zu],\n    \"zarr_format\": 2\n}\n", count, longest, count);
    km_provenance_array(&attributes, &dimension, 1, NULL, NULL, about, NULL, 0, 0, 0, NULL);
    KM_TRY(write_array(w->group, name, array.data, attributes.data, 1, bytes, 4 * count * longest, w->d));
done:
    km_text_clear(&array);
    km_text_clear(&attributes);
    free(bytes);
    return st;
}

typedef struct field {
    const char *name, *about;
    size_t offset;
} field;

static const field parameter_fields[] = {
    {"prior_low", "2.5 % of the prior", offsetof(km_fit_parameter, prior_low)},
    {"prior_median", "median of the prior", offsetof(km_fit_parameter, prior_median)},
    {"prior_high", "97.5 % of the prior", offsetof(km_fit_parameter, prior_high)},
    {"best", "where the posterior is highest", offsetof(km_fit_parameter, best)},
    {"mean", "posterior mean", offsetof(km_fit_parameter, mean)},
    {"sd", "posterior standard deviation", offsetof(km_fit_parameter, sd)},
    {"low", "2.5 % of the posterior", offsetof(km_fit_parameter, low)},
    {"median", "posterior median", offsetof(km_fit_parameter, median)},
    {"high", "97.5 % of the posterior", offsetof(km_fit_parameter, high)},
    {"other_mean", "posterior mean by the second sampler", offsetof(km_fit_parameter, other_mean)},
    {"other_sd", "posterior standard deviation by the second sampler", offsetof(km_fit_parameter, other_sd)},
    {"r_hat", "rank-normalised split R-hat of the second sampler", offsetof(km_fit_parameter, r_hat)},
    {"ess", "bulk effective sample size of the second sampler", offsetof(km_fit_parameter, ess)}};

static const field prediction_fields[] = {
    {"row_time_h", "hours from the first dose", offsetof(km_fit_prediction, time_h)},
    {"row_n", "patients, published or assumed", offsetof(km_fit_prediction, n)},
    {"row_value", "as published", offsetof(km_fit_prediction, value)},
    {"row_error", "standard error, published or from what was assumed", offsetof(km_fit_prediction, error)},
    {"row_best", "of the best candidate", offsetof(km_fit_prediction, best)},
    {"row_mean", "posterior predictive mean", offsetof(km_fit_prediction, mean)},
    {"row_low", "2.5 % of what such a trial would publish", offsetof(km_fit_prediction, low)},
    {"row_high", "97.5 % of what such a trial would publish", offsetof(km_fit_prediction, high)},
    {"row_residual", "weighted residual of the best candidate", offsetof(km_fit_prediction, residual)}};

static const field trial_fields[] = {
    {"trial_elpd", "expected log predictive density, the trial left out", offsetof(km_fit_trial, elpd)},
    {"trial_pareto_k", "Pareto's shape of its weights", offsetof(km_fit_trial, pareto_k)}};

static const field model_fields[] = {{"model_log_evidence", "log evidence", offsetof(km_fit_model, log_evidence)},
                                     {"model_error", "its Monte Carlo standard error", offsetof(km_fit_model, error)}};

#define N_OF(a) (sizeof(a) / sizeof *(a))

static km_status write_fields(const writer *w, const char *dimension, const field *f, size_t n_fields, const void *all, size_t size, int n)
{
    km_status st = KM_OK;

    for (size_t i = 0; i < n_fields && st == KM_OK; i++)
        st = write_column(w, dimension, f[i].name, f[i].about, all, size, n, f[i].offset);
    return st;
}

static km_status write_arrays(const writer *w, const km_fit_results *r)
{
    static const char *const draws[] = {"draw", "parameter"};
    const size_t shape[] = {r->n_draws, (size_t)r->n_parameters};
    double *held_out = km_alloc((size_t)r->n_predictions + 1, sizeof *held_out);
    const char *row = "row";
    size_t rows = (size_t)r->n_predictions;
    km_status st = KM_OK;

    KM_TRY(write_words(w, "parameter", "parameter", "free parameter", r->parameter, sizeof *r->parameter, r->n_parameters,
                       offsetof(km_fit_parameter, name)));
    KM_TRY(write_fields(w, "parameter", parameter_fields, N_OF(parameter_fields), r->parameter, sizeof *r->parameter, r->n_parameters));
    KM_TRY(write_doubles(w, "draws", "draws from the posterior", 2, draws, shape, r->draw));
    KM_TRY(write_doubles(w, "log_likelihood", "log likelihood of a draw", 1, draws, shape, r->log_likelihood));
    KM_TRY(write_words(w, "row", "row_study", "study", r->prediction, sizeof *r->prediction, r->n_predictions, offsetof(km_fit_prediction, study)));
    KM_TRY(write_words(w, "row", "row_arm", "arm", r->prediction, sizeof *r->prediction, r->n_predictions, offsetof(km_fit_prediction, arm)));
    KM_TRY(write_words(w, "row", "row_kind", "what was published", r->prediction, sizeof *r->prediction, r->n_predictions,
                       offsetof(km_fit_prediction, kind)));
    KM_TRY(write_fields(w, "row", prediction_fields, N_OF(prediction_fields), r->prediction, sizeof *r->prediction, r->n_predictions));
    for (size_t i = 0; i < rows; i++)
        held_out[i] = r->prediction[i].held_out;
    KM_TRY(write_doubles(w, "row_held_out", "1: the fit has not seen the row", 1, &row, &rows, held_out));
    KM_TRY(write_words(w, "trial", "trial", "study", r->trial, sizeof *r->trial, r->n_trials, offsetof(km_fit_trial, name)));
    KM_TRY(write_fields(w, "trial", trial_fields, N_OF(trial_fields), r->trial, sizeof *r->trial, r->n_trials));
    KM_TRY(write_words(w, "model", "model", "variants", r->model, sizeof *r->model, r->n_models, offsetof(km_fit_model, name)));
    KM_TRY(write_fields(w, "model", model_fields, N_OF(model_fields), r->model, sizeof *r->model, r->n_models));
done:
    free(held_out);
    return st;
}

/* ---- folders ---- */

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    (void)s, (void)kind, (void)where;
    return remove(path);
}

static km_status remove_folder(const char *path, km_diag *d)
{
    if (km_file_exists(path) && nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        return km_diag_fail(d, KM_E_IO, "cannot remove %s: %s", path, strerror(errno));
    return KM_OK;
}

static char *read_attributes(const char *path)
{
    char *name = km_file_join(path, ".zattrs"), *text = NULL;
    km_diag quiet;

    km_diag_init(&quiet);
    if (!km_file_exists(name) || km_file_read(name, &text, NULL, &quiet) != KM_OK)
        text = NULL;
    km_diag_clear(&quiet);
    free(name);
    return text;
}

km_status km_fit_is_there(const char *path, const char *attributes, bool *same, km_diag *d)
{
    char *have = km_file_exists(path) ? read_attributes(path) : NULL;
    km_status st = KM_OK;

    *same = have && strcmp(have, attributes) == 0;
    if (!*same && km_file_exists(path))
        KM_FAIL(d, KM_E_INPUT, "%s is there already, and of another fit; --force replaces it, or choose another --output", path);
done:
    free(have);
    return st;
}

km_status km_fit_remove(const char *path, km_diag *d)
{
    char *have = km_file_exists(path) ? read_attributes(path) : NULL;
    km_status st = KM_OK;

    if (km_file_exists(path) && (have == NULL || strstr(have, "\"ketamap_fit\"") == NULL))
        KM_FAIL(d, KM_E_INPUT, "%s holds no results of a fit, so --force does not remove it", path);
    KM_TRY(remove_folder(path, d));
done:
    free(have);
    return st;
}

km_status km_fit_store(const char *path, const km_fit_results *r, const char *attributes, const char *run_json, km_diag *d)
{
    char *partial = km_format("%s.writing", path);
    const writer w = {partial, d};
    km_status st = KM_OK;

    KM_TRY(remove_folder(partial, d)); /* of a run that was killed while writing */
    KM_TRY(km_file_make_folder(partial, d));
    KM_TRY(write_text(partial, ".zgroup", "{\n    \"zarr_format\": 2\n}\n", d));
    KM_TRY(write_text(partial, ".zattrs", attributes, d));
    KM_TRY(write_arrays(&w, r));
    KM_TRY(write_text(partial, "run.json", run_json, d));
    if (rename(partial, path) != 0)
        KM_FAIL(d, KM_E_IO, "cannot rename %s to %s: %s", partial, path, strerror(errno));
done:
    free(partial);
    return st;
}

/* ---- tables ---- */

static void add_number(km_text *out, double x)
{
    if (isnan(x))
        km_text_add(out, "\tnan");
    else
        km_text_add(out, "\t%.6g", x);
}

static void add_fields(km_text *out, const field *f, size_t n, const void *one)
{
    for (size_t i = 0; i < n; i++) {
        double value;
        memcpy(&value, (const char *)one + f[i].offset, sizeof value);
        add_number(out, value);
    }
    km_text_add(out, "\n");
}

static void add_names(km_text *out, const field *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *bare = strchr(f[i].name, '_');
        bool prefixed = strncmp(f[i].name, "row_", 4) == 0 || strncmp(f[i].name, "trial_", 6) == 0 || strncmp(f[i].name, "model_", 6) == 0;
        km_text_add(out, "\t%s", prefixed ? bare + 1 : f[i].name);
    }
    km_text_add(out, "\n");
}

void km_fit_parameters_tsv(const km_fit_results *r, km_text *out)
{
    km_text_add(out, "parameter\tunit");
    add_names(out, parameter_fields, N_OF(parameter_fields));
    for (int i = 0; i < r->n_parameters; i++) {
        km_text_add(out, "%s\t%s", r->parameter[i].name, r->parameter[i].unit);
        add_fields(out, parameter_fields, N_OF(parameter_fields), &r->parameter[i]);
    }
}

void km_fit_predictions_tsv(const km_fit_results *r, km_text *out)
{
    km_text_add(out, "study\tarm\tkind\tscale\theld_out");
    add_names(out, prediction_fields, N_OF(prediction_fields));
    for (int i = 0; i < r->n_predictions; i++) {
        const km_fit_prediction *p = &r->prediction[i];
        km_text_add(out, "%s\t%s\t%s\t%s\t%d", p->study, p->arm, p->kind, p->scale, p->held_out);
        add_fields(out, prediction_fields, N_OF(prediction_fields), p);
    }
}

void km_fit_trials_tsv(const km_fit_results *r, km_text *out)
{
    km_text_add(out, "trial");
    add_names(out, trial_fields, N_OF(trial_fields));
    for (int i = 0; i < r->n_trials; i++) {
        km_text_add(out, "%s", r->trial[i].name);
        add_fields(out, trial_fields, N_OF(trial_fields), &r->trial[i]);
    }
}

void km_fit_models_tsv(const km_fit_results *r, km_text *out)
{
    km_text_add(out, "model");
    add_names(out, model_fields, N_OF(model_fields));
    for (int i = 0; i < r->n_models; i++) {
        km_text_add(out, "%s", r->model[i].name);
        add_fields(out, model_fields, N_OF(model_fields), &r->model[i]);
    }
}
