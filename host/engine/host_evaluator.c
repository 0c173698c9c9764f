#include "engine/host_evaluator.h"

#include "base/memory.h"
#include "engine/host_program.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_THREADS = 64, BATCH = 1024, BUFFER_LIMIT = 256 << 20, STACK = 8 << 20 /* a lane's arrays, and the schedule's */ };

struct km_host {
    const km_study *study;
    km_host_model model;
    const km_host_program *program;
    size_t batch;
    int n_threads;
    km_host_lane lane[MOST_THREADS];
    km_host_batch b;
};

/* What a thread does to the batch: prepares its points if it is given rows, else integrates. */
typedef struct task {
    km_host *host;
    int thread;
    const double *row;
} task;

static void *work(void *context)
{
    const task *t = context;
    km_host *h = t->host;

    if (t->row)
        h->program->prepare(&h->lane[t->thread], t->row, &h->b);
    else
        h->program->integrate(&h->lane[t->thread], &h->b);
    return NULL;
}

static km_status run_threads(km_host *h, int n_threads, const double *row, km_diag *d)
{
    pthread_t thread[MOST_THREADS];
    task tasks[MOST_THREADS];
    pthread_attr_t attributes;
    int started = 0;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    for (; started < n_threads; started++) {
        tasks[started] = (task){h, started, row};
        if (pthread_create(&thread[started], &attributes, work, &tasks[started]) != 0)
            break;
    }
    for (int i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    pthread_attr_destroy(&attributes);
    return started > 0 ? KM_OK : km_diag_fail(d, KM_E_IO, "the system has no room for another thread");
}

/* ---- a batch ---- */

static size_t some(int n) { return n > 0 ? (size_t)n : 1; }

static size_t bytes_of_point(const km_host_model *m)
{
    size_t n_ends = some(m->study->n_endpoints), n_edge = 2 * (size_t)m->n_dosed + 2;

    return sizeof(double) * (some(m->n_constants) + (size_t)m->n_edges * n_edge + n_ends + some(m->n_margins) + 1) + n_ends +
           4 * sizeof(int) + 1;
}

static km_status create_batch(km_host *h, km_diag *d)
{
    const km_host_model *m = &h->model;
    size_t n = h->batch, n_edges = n * (size_t)m->n_edges, n_ends = n * some(h->study->n_endpoints);
    km_host_batch *b = &h->b;
    km_status st = KM_OK;

    KM_TRY(km_array_create(n * some(m->n_constants), sizeof *b->constant, (void **)&b->constant, d));
    KM_TRY(km_array_create(n_edges, sizeof *b->edge_time, (void **)&b->edge_time, d));
    KM_TRY(km_array_create(n_edges * (2 * (size_t)m->n_dosed + 1), sizeof *b->edge_value, (void **)&b->edge_value, d));
    KM_TRY(km_array_create(n, sizeof *b->n_edges, (void **)&b->n_edges, d));
    KM_TRY(km_array_create(n, sizeof *b->status, (void **)&b->status, d));
    KM_TRY(km_array_create(n, sizeof *b->ignored, (void **)&b->ignored, d));
    KM_TRY(km_array_create(n_ends, sizeof *b->value, (void **)&b->value, d));
    KM_TRY(km_array_create(n_ends, sizeof *b->state, (void **)&b->state, d));
    KM_TRY(km_array_create(n * some(m->n_margins), sizeof *b->margin, (void **)&b->margin, d));
    KM_TRY(km_array_create(n, sizeof *b->steps, (void **)&b->steps, d));
    KM_TRY(km_array_create(n, sizeof *b->rejected, (void **)&b->rejected, d));
    KM_TRY(km_array_create(n, sizeof *b->last_time, (void **)&b->last_time, d));
done:
    return st;
}

/* The batch's points become points at ... of the results. */
static void read_batch(const km_host *h, km_results *r, size_t at)
{
    const km_host_batch *b = &h->b;
    size_t n = b->n, margin = 0;

    for (int e = 0; e < h->study->n_endpoints; e++) {
        size_t to = (size_t)e * r->n + at, from = (size_t)e * n;
        if (r->value)
            memcpy(r->value + to, b->value + from, n * sizeof *r->value);
        if (r->state)
            memcpy(r->state + to, b->state + from, n);
        if (r->margin && h->study->endpoint[e].margin)
            memcpy(r->margin + to, b->margin + n * margin++, n * sizeof *r->margin);
    }
    if (r->status)
        memcpy(r->status + at, b->status, n);
    if (r->steps)
        memcpy(r->steps + at, b->steps, n * sizeof *r->steps);
    if (r->rejected)
        memcpy(r->rejected + at, b->rejected, n * sizeof *r->rejected);
    if (r->last_time)
        memcpy(r->last_time + at, b->last_time, n * sizeof *r->last_time);
}

km_status km_host_run_rows(km_host *h, const double *row, km_results *r, km_diag *d)
{
    const double nothing = 0.0;
    km_status st = KM_OK;

    for (size_t at = 0; at < r->n; at += h->batch) {
        size_t n = r->n - at < h->batch ? (size_t)r->n - at : h->batch;
        h->b.n = (unsigned)n;
        h->b.counter = 0;
        KM_TRY(run_threads(h, 1, h->study->n_slots ? row + at * (size_t)h->study->n_slots : &nothing, d));
        KM_TRY(run_threads(h, n < (size_t)h->n_threads ? (int)n : h->n_threads, NULL, d));
        read_batch(h, r, at);
    }
done:
    return st;
}

/* ---- the evaluator ---- */

static const km_host_program *program_of(const km_method *method)
{
    static const km_host_program *const all[] = {&km_host_rodas4k, &km_host_rodas4, &km_host_tsit5};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i]->file, method->file) == 0)
            return all[i];
    return NULL;
}

/* The most a tape or a record's doses give at once. */
static size_t work_size(const km_host_model *m)
{
    const km_problem *p = &m->problem;
    size_t n = (size_t)(2 * p->n_states + p->n_jacobian + 2 * p->n_outputs) +
               (size_t)(m->n_constants + p->n_holds + p->n_jumps);

    for (int r = 0; r < m->study->n_records; r++)
        n = n < 3 * (size_t)m->record[r].n_entries ? 3 * (size_t)m->record[r].n_entries : n;
    return n + 1;
}

static int processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : (int)n;
}

km_status km_host_create(const km_study *study, int threads, km_host **out, km_diag *d)
{
    km_host *h = km_alloc(1, sizeof *h);
    km_status st = KM_OK;

    *out = NULL;
    h->study = study;
    KM_TRY(km_host_model_init(&h->model, study, d));
    h->program = program_of(study->solver.method);
    if (h->program == NULL)
        KM_FAIL(d, KM_E_BUG, "the method %s has no program for the host", study->solver.method->name);
    h->batch = BUFFER_LIMIT / bytes_of_point(&h->model);
    h->batch = h->batch < 1 ? 1 : h->batch > BATCH ? BATCH : h->batch;
    KM_TRY(create_batch(h, d));
    h->n_threads = threads > 0 && threads < MOST_THREADS ? threads : processors();
    for (int i = 0; i < h->n_threads; i++)
        h->lane[i] = (km_host_lane){&h->model, km_registers_create(&h->model.problem.pool),
                                    km_alloc(work_size(&h->model), sizeof(double))};
    *out = h;
    return KM_OK;
done:
    km_host_destroy(h);
    return st;
}

void km_host_destroy(km_host *h)
{
    if (h == NULL)
        return;
    for (int i = 0; i < h->n_threads; i++) {
        km_registers_destroy(h->lane[i].registers);
        free(h->lane[i].work);
    }
    free(h->b.constant), free(h->b.edge_time), free(h->b.edge_value), free(h->b.n_edges), free(h->b.status), free(h->b.ignored);
    free(h->b.value), free(h->b.state), free(h->b.margin), free(h->b.steps), free(h->b.rejected), free(h->b.last_time);
    km_host_model_clear(&h->model);
    free(h);
}
