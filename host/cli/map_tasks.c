#include "cli/map_tasks.h"

#include "analysis/patients.h"
#include "base/memory.h"
#include "store/zarr.h"
#include "study/population.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_POINTS = 65536 }; /* of a chunk (store/zarr) */

/* Rows of a chunk's results: of a population its statistics and how many patients failed. */
static size_t n_rows(const km_map_tasks *t)
{
    return t->study->population ? (size_t)t->study->n_statistics + 1 : (size_t)t->study->n_endpoints;
}

/* Results of a task's chunks stand one after another in those of the task, each [n_rows][n]: those of the chunk that
 * begins `from` points into the task. */
static km_results of_chunk(const km_map_tasks *t, const km_results *r, uint64_t from, uint64_t n)
{
    size_t at = (size_t)from * n_rows(t);

    return (km_results){.n = n, .value = r->value + at, .state = r->state + at, .margin = r->margin + at, .status = r->status + from,
                        .steps = r->steps + from};
}

static uint64_t end_of_task(const km_map_tasks *t, uint64_t task)
{
    return (task + 1) * t->a_task < t->n_chunks ? (task + 1) * t->a_task : t->n_chunks;
}

static km_status compute_chunks(const void *context, uint64_t task, km_engine *engine, km_results *r, km_diag *d)
{
    const km_map_tasks *t = context;
    uint64_t first = task * t->a_task, n = end_of_task(t, task) - first;
    size_t(*corner)[2][KM_MOST_DIMS] = km_alloc((size_t)n, sizeof *corner);
    km_box *box = km_alloc((size_t)n, sizeof *box);
    km_results *part = km_alloc((size_t)n, sizeof *part);
    km_status st;

    r->n = 0;
    for (uint64_t k = 0; k < n; k++) {
        uint64_t points = km_map_chunk_points(t->map, t->chunk[first + k]);
        km_map_chunk(t->map, t->chunk[first + k], corner[k][0], corner[k][1]);
        box[k] = (km_box){corner[k][0], corner[k][1]};
        part[k] = of_chunk(t, r, r->n, points);
        r->n += points;
    }
    st = t->study->population ? KM_OK : km_engine_run_boxes(engine, box, part, (size_t)n, d);
    for (uint64_t k = 0; t->study->population && k < n && st == KM_OK; k++)
        st = km_patients_run(t->study, engine, &box[k], &part[k], d);
    free(corner), free(box), free(part);
    return st;
}

static km_status take_chunks(void *context, uint64_t task, int engine, const km_results *r, km_diag *d)
{
    km_map_tasks *t = context;
    uint64_t from = 0;
    km_status st = KM_OK;

    for (uint64_t k = task * t->a_task; k < end_of_task(t, task); k++) {
        km_results part = of_chunk(t, r, from, km_map_chunk_points(t->map, t->chunk[k]));
        if (!t->drop && t->study->population)
            KM_TRY(km_map_put_statistics(t->map, t->chunk[k], part.value, part.status, part.steps, d));
        else if (!t->drop)
            KM_TRY(km_map_put(t->map, t->chunk[k], part.value, part.state, part.margin, part.status, part.steps, d));
        from += part.n;
    }
    if (t->taken)
        t->taken(t->context, engine, end_of_task(t, task) - task * t->a_task, r);
done:
    return st;
}

/* A task fills a batch, as long as each device gets several. */
static uint64_t chunks_a_task(const km_map_tasks *t, const km_dispatch *dispatch)
{
    int n = km_dispatch_n(dispatch);
    uint64_t fit = 1, share = t->n_chunks / (4 * (uint64_t)n);

    for (int i = 0; i < n; i++) {
        uint64_t batch = km_engine_facts_of(km_dispatch_engine(dispatch, i))->batch / MOST_POINTS;
        fit = batch > fit ? batch : fit;
    }
    return fit > share ? (share > 0 ? share : 1) : fit;
}

static void say_lost(void *context, int engine, const char *why)
{
    const km_map_tasks *t = context;

    t->lost(t->context, engine, why);
}

km_status km_map_tasks_run(km_map_tasks *t, km_dispatch *dispatch, km_diag *d)
{
    km_work work = {.compute = compute_chunks, .take = take_chunks, .lost = t->lost ? say_lost : NULL, .stop = t->stop, .context = t};
    km_status st = KM_OK;

    t->n_chunks = 0;
    KM_TRY(km_array_create((size_t)km_map_n_chunks(t->map), sizeof *t->chunk, (void **)&t->chunk, d));
    for (uint64_t k = 0; k < km_map_n_chunks(t->map); k++)
        if (!km_map_has_chunk(t->map, k))
            t->chunk[t->n_chunks++] = k;
    t->a_task = t->study->population ? 1 : chunks_a_task(t, dispatch); /* a chunk of patients fills batches */
    work.values = n_rows(t);
    work.n_tasks = (t->n_chunks + t->a_task - 1) / t->a_task;
    work.most_points = MOST_POINTS * (size_t)t->a_task;
    st = km_dispatch_run(dispatch, &work, d);
done:
    free(t->chunk);
    t->chunk = NULL;
    return st;
}

int km_map_tasks_threads(const km_dispatch *dispatch)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    for (int i = 0; i < km_dispatch_n(dispatch); i++)
        if (strcmp(km_engine_facts_of(km_dispatch_engine(dispatch, i))->tuning.class_name, "GPU") != 0)
            return 2;
    return cores < 2 ? 2 : cores > 16 ? 16 : (int)cores;
}
