/* Running a small model and study, given as texts, on the first device there is. */
#ifndef KM_TESTS_ENGINE_FILES_H
#define KM_TESTS_ENGINE_FILES_H

#include "cmocka_all.h"

#include "abi.h"
#include "base/file.h"
#include "base/memory.h"
#include "engine/device.h"
#include "engine/engine.h"
#include "study/design.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 4096, MOST_ENDPOINTS = 16 };

/* Results of the last run, [endpoint][point]. */
typedef struct run_results {
    uint64_t n;
    double value[MOST_ENDPOINTS][MOST];
    signed char state[MOST_ENDPOINTS][MOST];
    double margin[MOST_ENDPOINTS][MOST];
    signed char status[MOST];
    int steps[MOST], rejected[MOST];
    double last_time[MOST];
} run_results;

static inline bool have_device(void)
{
    km_diag d;
    km_device_info *list = NULL;
    int n = 0;
    bool yes;

    km_diag_init(&d);
    yes = km_device_list(&list, &n, &d) == KM_OK;
    if (!yes)
        print_message("skipped: %s\n", d.message);
    free(list);
    km_diag_clear(&d);
    return yes;
}

static inline km_study *read_study(const char *model, const char *study)
{
    char folder[] = "/tmp/ketamap-test-XXXXXX", *model_path, *study_path;
    km_study *out = NULL;
    km_diag d;

    km_diag_init(&d);
    assert_non_null(mkdtemp(folder));
    model_path = km_file_join(folder, "model.json");
    study_path = km_file_join(folder, "study.json");
    assert_ok(km_file_write(model_path, model, strlen(model), &d), &d);
    assert_ok(km_file_write(study_path, study, strlen(study), &d), &d);
    assert_ok(km_study_read(study_path, NULL, 0, &out, &d), &d);
    unlink(model_path);
    unlink(study_path);
    rmdir(folder);
    free(model_path);
    free(study_path);
    km_diag_clear(&d);
    return out;
}

/* Runs all points of a study's grid. */
static inline void run_study(const km_study *study, const km_engine_options *options, run_results *out)
{
    size_t origin[32] = {0}, extent[32];
    km_box box = {origin, extent};
    km_engine *engine = NULL;
    km_results r = {.n = study->n_points, .value = out->value[0], .state = out->state[0], .margin = out->margin[0],
                    .status = out->status, .steps = out->steps, .rejected = out->rejected, .last_time = out->last_time};
    static double value[MOST_ENDPOINTS * MOST], margin[MOST_ENDPOINTS * MOST];
    static signed char state[MOST_ENDPOINTS * MOST];
    km_diag d;

    km_diag_init(&d);
    assert_true(study->n_points <= MOST && study->n_endpoints <= MOST_ENDPOINTS);
    (void)km_design_shape(study, extent);
    r.value = value;
    r.state = state;
    r.margin = margin;
    assert_ok(km_engine_create(study, options, &engine, &d), &d);
    assert_ok(km_engine_run_box(engine, &box, 0, &r, &d), &d);
    km_engine_destroy(engine);
    out->n = r.n;
    for (int e = 0; e < study->n_endpoints; e++)
        for (size_t i = 0; i < r.n; i++) {
            out->value[e][i] = value[(size_t)e * r.n + i];
            out->state[e][i] = state[(size_t)e * r.n + i];
            out->margin[e][i] = margin[(size_t)e * r.n + i];
        }
    km_diag_clear(&d);
}

/* Reads, runs, forgets. */
static inline void run_texts(const char *model, const char *study_text, const km_engine_options *options, run_results *out)
{
    km_study *study = read_study(model, study_text);

    run_study(study, options, out);
    km_study_destroy(study);
}

#define assert_near(a, b, tolerance)                                                                                  \
    do {                                                                                                              \
        double near_a = (a), near_b = (b);                                                                            \
        if (!(fabs(near_a - near_b) <= (tolerance))) {                                                                \
            print_error("%.17g is not within %g of %.17g\n", near_a, (double)(tolerance), near_b);                    \
            fail();                                                                                                   \
        }                                                                                                             \
    } while (0)

#endif
