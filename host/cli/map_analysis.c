#include "cli/map_analysis.h"

#include "analysis/given_data.h"
#include "analysis/resample.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/analysis_results.h"
#include "view/indices_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SEED = 1 };

/* Options that speak of models to be run. */
static km_status refuse_options(const km_arguments *a, km_diag *d)
{
    static const char *const without[] = {"until", "resume", "device", "lanes", "compute-units", "batch", "no-double", "strict", "kernels", "sample"};

    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        if (km_argument(a, without[i]))
            return km_diag_fail(d, KM_E_INPUT, "--%s has no meaning for a map, of which no model is run again; leave it out", without[i]);
    if (a->n_set > 0)
        return km_diag_fail(d, KM_E_INPUT, "--set has no meaning for a map, of which no model is run again; leave it out");
    return KM_OK;
}

static km_status find_method(const km_arguments *a, const km_sa_method **out, km_diag *d)
{
    const char *name = km_argument(a, "method");
    km_status st = km_sa_find_method(name ? name : "given_data", NULL, out, d);

    if (st != KM_OK)
        km_diag_context(d, "--method");
    else if ((*out)->estimator == NULL)
        return km_diag_fail(d, KM_E_INPUT, "method \"%s\" needs a sample of its own; of a map's points regression, pawn, delta and given_data can be had", name);
    return st;
}

/* The map's own attributes, and what was asked of it. */
static km_status describe(const char *path, const km_sa_method *method, int resamples, char **out, km_diag *d)
{
    char *of = km_file_join(path, ".zattrs"), *bytes = NULL, *quoted = km_json_quote(path);
    size_t size = 0;
    km_text text = {0};
    km_status st = KM_OK;

    KM_TRY(km_file_read(of, &bytes, &size, d));
    km_text_add(&text,
                "{\n    \"Conventions\": \"CF-1.10\",\n    \"ketamap_sensitivity\": \"1\",\n    \"ketamap_version\": \"%s\",\n"
                "    \"sensitivity_method\": \"%s\",\n    \"seed\": \"%d\",\n    \"resamples\": %d,\n    \"map\": %s,\n    \"map_attributes\": ",
                KM_VERSION, method->name, (int)SEED, resamples, quoted);
    km_text_add_bytes(&text, bytes, size);
    km_text_add(&text, "}\n");
    *out = km_text_take(&text);
done:
    free(of), free(bytes), free(quoted);
    return st;
}

static char *record(const km_arguments *a, clock_t begun, const km_indices *x)
{
    km_text out = {0};

    km_text_add(&out, "{\n    \"version\": \"%s\",\n    \"command\": [\"ketamap\"", KM_VERSION);
    for (int i = 0; i < a->argc; i++) {
        char *quoted = km_json_quote(a->argv[i]);
        km_text_add(&out, ", %s", quoted);
        free(quoted);
    }
    km_text_add(&out, "],\n    \"cpu_seconds\": %.3f,\n    \"points\": %llu\n}\n", (double)(clock() - begun) / CLOCKS_PER_SEC,
                (unsigned long long)x->n_rows);
    return km_text_take(&out);
}

km_status km_map_analysis(const km_arguments *a, int lines, km_diag *d)
{
    const char *path = a->positional[0];
    const km_sa_method *method = NULL;
    km_analysis_place place = {0};
    km_indices *x = NULL;
    char *attributes = NULL, *report = NULL;
    long resamples;
    int resampled = 0;
    bool there = false;
    clock_t begun = clock();
    km_status st = KM_OK;

    KM_TRY(refuse_options(a, d));
    KM_TRY(find_method(a, &method, d));
    KM_TRY(km_argument_integer(a, "resamples", 0, KM_MOST_RESAMPLES, -1, &resamples, d));
    KM_TRY(km_analysis_place_name(path, a, &place, d));
    KM_TRY(describe(path, method, (int)resamples, &attributes, d));
    KM_TRY(km_analysis_place_look(&place, a, attributes, &there, d));
    if (there)
        goto done;
    KM_TRY(km_given_data(path, method, SEED, (int)resamples, &resampled, &x, d));
    report = record(a, begun, x);
    KM_TRY(km_analysis_write(&place, x, NULL, 0, attributes, report, false, NULL, 0, d));
    km_indices_table(x, lines, stdout);
    fflush(stdout); /* before the summary, where both go to one place */
    if (!km_argument(a, "quiet"))
        fprintf(stderr, "ketamap: %llu points of %s, %s; the results are %s and %s.tsv\n", (unsigned long long)x->n_rows, path,
                resampled > 1 ? "with intervals from resamples" : "as they are, without intervals", place.path, place.stem);
done:
    km_analysis_place_clear(&place);
    km_indices_destroy(x);
    free(attributes), free(report);
    return st;
}
