#include "cli/analysis_results.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/group.h"
#include "store/indices_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void trim_slashes(char *path)
{
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = '\0';
}

km_status km_analysis_place_name(const char *analysed, const km_arguments *a, km_analysis_place *out, km_diag *d)
{
    const char *output = km_argument(a, "output"), *stem;
    char *name = km_strdup(analysed);
    size_t n;

    *out = (km_analysis_place){0};
    if (output && *output == '\0') {
        free(name);
        return km_diag_fail(d, KM_E_INPUT, "--output is empty; give the results a name such as results/NAME.zarr");
    }
    trim_slashes(name);
    stem = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    n = km_text_length_without(stem, ".json") < strlen(stem) ? km_text_length_without(stem, ".json") : km_text_length_without(stem, ".zarr");
    out->path = output ? km_strdup(output) : km_format("results/%.*s%s.zarr", (int)n, stem, strncmp(stem, "sensitivity", 11) ? "-sensitivity" : "");
    trim_slashes(out->path); /* what belongs to it stands beside it, not in it */
    out->stem = km_format("%.*s", (int)km_text_length_without(out->path, ".zarr"), out->path);
    out->state = km_format("%s.state", out->path);
    out->kept = km_file_join(out->path, "state");
    free(name);
    return KM_OK;
}

void km_analysis_place_clear(km_analysis_place *p)
{
    free(p->path), free(p->stem), free(p->state), free(p->kept);
    *p = (km_analysis_place){0};
}

km_status km_analysis_place_look(const km_analysis_place *p, const km_arguments *a, const char *attributes, bool *there, km_diag *d)
{
    char *folder = km_file_folder(p->path);
    km_status st = KM_OK;

    *there = false;
    if (km_argument(a, "force") || !km_file_exists(p->path)) /* before anything is removed or computed */
        KM_TRY(km_file_probe_folder(folder, d));
    if (km_argument(a, "force")) {
        KM_TRY(km_group_remove(p->path, "\"ketamap_sensitivity\"", "results of a sensitivity analysis", d));
        (void)unlink(p->state);
    } else
        KM_TRY(km_group_is_there(p->path, "\"ketamap_sensitivity\"", attributes, there, d));
    if (*there && !km_argument(a, "quiet"))
        fprintf(stderr, "ketamap: %s is complete already, and of this very analysis; --force computes it again\n", p->path);
    if (!*there)
        KM_TRY(km_file_make_folder(folder, d));
done:
    free(folder);
    return st;
}

static km_status write_table(const char *stem, const char *ending, km_text *text, km_diag *d)
{
    char *path = km_format("%s%s", stem, ending);
    km_status st = km_file_write(path, text->data, text->size, d);

    km_text_clear(text);
    free(path);
    return st;
}

km_status km_analysis_write(const km_analysis_place *p, const km_indices *x, const km_indices *const *stage, int n_stages, const char *attributes,
                            const char *run_json, bool replace, const unsigned char *state, size_t size, km_diag *d)
{
    km_text text = {0};
    km_status st = KM_OK;

    km_indices_tsv(x, &text);
    KM_TRY(write_table(p->stem, ".tsv", &text, d));
    if (x->n_pair_columns > 0) {
        km_indices_pair_tsv(x, &text);
        KM_TRY(write_table(p->stem, "-pairs.tsv", &text, d));
    }
    if (replace)
        KM_TRY(km_group_remove(p->path, "\"ketamap_sensitivity\"", "results of a sensitivity analysis", d));
    KM_TRY(km_indices_write(p->path, x, stage, n_stages, attributes, run_json, d));
    if (size > 0)
        KM_TRY(km_file_write(p->kept, state, size, d));
    (void)unlink(p->state);
done:
    km_text_clear(&text);
    return st;
}
