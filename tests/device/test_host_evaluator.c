/* The host evaluator against the device in double precision: the same program, so the same steps and nearly the same
 * numbers. */
#include "engine_files.h"

#include "engine/host_evaluator.h"
#include "study/design.h"

#include <dirent.h>
#include <time.h>

enum { POINTS = 40 };

static km_study *shipped_study(const char *name)
{
    const char *source = getenv("KM_SOURCE_DIR");
    char *path = km_format("%s/configs/studies/%s", source ? source : ".", name);
    km_study *study = NULL;
    km_diag d;

    km_diag_init(&d);
    assert_ok(km_study_read(path, NULL, 0, &study, &d), &d);
    km_diag_clear(&d);
    free(path);
    return study;
}

typedef struct pair {
    size_t n;
    double *row;
    km_results device, host;
} pair;

static void results_create(km_results *r, size_t n, size_t n_endpoints)
{
    *r = (km_results){.n = n, .value = km_alloc(n * n_endpoints + 1, sizeof(double)), .margin = km_alloc(n * n_endpoints + 1, sizeof(double)),
                      .state = km_alloc(n * n_endpoints + 1, 1), .status = km_alloc(n + 1, 1), .steps = km_alloc(n + 1, sizeof(int)),
                      .rejected = km_alloc(n + 1, sizeof(int)), .last_time = km_alloc(n + 1, sizeof(double))};
}

static void results_clear(km_results *r)
{
    free(r->value), free(r->margin), free(r->state), free(r->status), free(r->steps), free(r->rejected), free(r->last_time);
}

/* A sample of the study's points by both. */
static void run_both(const km_study *study, size_t most, pair *p)
{
    km_engine *engine = NULL;
    km_host *host = NULL;
    km_diag d;

    km_diag_init(&d);
    p->n = study->n_points < most ? (size_t)study->n_points : most;
    p->row = km_alloc(p->n * (size_t)study->n_slots + 1, sizeof *p->row);
    km_study_sample(study, p->n, p->row);
    results_create(&p->device, p->n, (size_t)study->n_endpoints);
    results_create(&p->host, p->n, (size_t)study->n_endpoints);
    assert_ok(km_engine_create(study, &(km_engine_options){.in_double = true}, &engine, &d), &d);
    assert_ok(km_engine_run_rows(engine, p->row, &p->device, &d), &d);
    km_engine_destroy(engine);
    assert_ok(km_host_create(study, 0, &host, &d), &d);
    assert_ok(km_host_run_rows(host, p->row, &p->host, &d), &d);
    km_host_destroy(host);
    km_diag_clear(&d);
}

static void pair_clear(pair *p)
{
    results_clear(&p->device);
    results_clear(&p->host);
    free(p->row);
}

/* Largest difference of an endpoint, relative to its largest size. */
static double difference(const pair *p, int e)
{
    double worst = 0.0, size = 0.0;

    for (size_t i = 0; i < p->n; i++) {
        double a = p->device.value[(size_t)e * p->n + i], b = p->host.value[(size_t)e * p->n + i];
        assert_int_equal(isnan(a) != 0, isnan(b) != 0);
        if (isnan(a))
            continue;
        worst = fmax(worst, fabs(a - b));
        size = fmax(size, fabs(a));
    }
    return size > 0.0 ? worst / size : worst;
}

static void test_every_shipped_study(void **state)
{
    const char *source = getenv("KM_SOURCE_DIR");
    char *folder = km_format("%s/configs/studies", source ? source : ".");
    DIR *list = opendir(folder);
    struct dirent *entry;
    int seen = 0;

    (void)state;
    assert_non_null(list);
    while ((entry = readdir(list)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        km_study *study;
        pair p;
        if (dot == NULL || strcmp(dot, ".json") != 0)
            continue;
        study = shipped_study(entry->d_name);
        study->solver.rtol = 1e-8;
        study->solver.max_steps = 1000000;
        run_both(study, POINTS, &p);
        for (int e = 0; e < study->n_endpoints; e++) {
            double worst = difference(&p, e);
            print_message("%s %s: %.1e\n", entry->d_name, study->endpoint[e].name, worst);
            assert_memory_equal(p.device.state + (size_t)e * p.n, p.host.state + (size_t)e * p.n, p.n);
            assert_true(worst < 1e-6);
        }
        for (size_t i = 0; i < p.n; i++)
            assert_int_equal(p.host.status[i], p.device.status[i]);
        pair_clear(&p);
        km_study_destroy(study);
        seen++;
    }
    closedir(list);
    free(folder);
    assert_true(seen >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_shipped_study),
    };

    if (!have_device())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
