#include "engine/dispatch.h"

#include "base/memory.h"
#include "base/text.h"
#include "engine/device.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Results of a task: two an engine, so that it computes while its last results are taken; more where they are taken in
 * order, because a fast device runs ahead of a slow one. */
enum { SLOTS = 2, SLOTS_IN_ORDER = 8 };

struct km_dispatch {
    const km_study *study;
    km_engine_options *options; /* of the devices; once built, of the engines */
    char (*selector)[32];
    int n_devices;
    km_engine **engine; /* [n] */
    km_dispatch_count *count;
    int n;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- devices ---- */

km_status km_dispatch_create(const km_engine_options *options, km_dispatch **out, km_diag *d)
{
    km_dispatch *x = km_alloc(1, sizeof *x);
    km_device_info *device = NULL;
    km_status st = KM_OK;

    *out = NULL;
    KM_TRY(km_device_select(options->device, &device, &x->n_devices, d));
    x->options = km_alloc((size_t)x->n_devices, sizeof *x->options);
    x->selector = km_alloc((size_t)x->n_devices, sizeof *x->selector);
    for (int i = 0; i < x->n_devices; i++) {
        snprintf(x->selector[i], sizeof x->selector[i], "%d.%d", device[i].platform_index, device[i].device_index);
        x->options[i] = *options;
        x->options[i].device = x->selector[i];
        for (int k = 0; k < i && options->compute_units > 0; k++)
            x->options[i].part += device[k].id == device[i].id;
    }
    *out = x;
    x = NULL;
done:
    free(device);
    km_dispatch_destroy(x);
    return st;
}

static void leave_out(km_dispatch *x, int i)
{
    km_engine_destroy(x->engine[i]);
    x->n--;
    memmove(x->engine + i, x->engine + i + 1, (size_t)(x->n - i) * sizeof *x->engine);
    memmove(x->options + i, x->options + i + 1, (size_t)(x->n - i) * sizeof *x->options);
}

void km_dispatch_destroy(km_dispatch *x)
{
    if (x == NULL)
        return;
    while (x->n > 0)
        leave_out(x, x->n - 1);
    free(x->engine), free(x->count), free(x->options), free(x->selector);
    free(x);
}

const km_engine_options *km_dispatch_first(const km_dispatch *x) { return &x->options[0]; }
int km_dispatch_n(const km_dispatch *x) { return x->n; }
km_engine *km_dispatch_engine(const km_dispatch *x, int i) { return x->engine[i]; }
const km_dispatch_count *km_dispatch_count_of(const km_dispatch *x, int i) { return &x->count[i]; }

/* A map has one precision: the best there is. */
static void leave_out_single(km_dispatch *x, km_diag *d)
{
    bool twice = false;

    for (int i = 0; i < x->n; i++)
        twice = twice || !km_engine_facts_of(x->engine[i])->single;
    for (int i = x->n; twice && i-- > 0;)
        if (km_engine_facts_of(x->engine[i])->single) {
            km_diag_warn(d, "the device %s is left out: it has no double precision", km_engine_facts_of(x->engine[i])->device);
            leave_out(x, i);
        }
}

km_status km_dispatch_build(km_dispatch *x, const km_study *study, km_diag *d)
{
    char *failure = NULL;
    km_status st = KM_OK, failed = KM_OK;

    x->study = study;
    x->engine = km_alloc((size_t)x->n_devices, sizeof *x->engine);
    x->count = km_alloc((size_t)x->n_devices, sizeof *x->count);
    for (int i = 0; i < x->n_devices; i++) {
        st = km_engine_create(study, &x->options[i], &x->engine[x->n], d);
        if (st == KM_OK) {
            x->options[x->n++] = x->options[i];
            continue;
        }
        if (st != KM_E_DEVICE || x->n_devices == 1)
            goto done;
        if (failure)
            km_diag_warn(d, "a device is left out: %s", failure);
        free(failure);
        failure = km_strdup(d->message);
        failed = st;
    }
    st = KM_OK;
    if (x->n == 0)
        KM_FAIL(d, failed, "none of the %d devices can be used; the last: %s", x->n_devices, failure);
    if (failure)
        km_diag_warn(d, "a device is left out: %s", failure);
    d->message[0] = '\0';
    leave_out_single(x, d);
done:
    free(failure);
    return st;
}

/* ---- a run ---- */

typedef struct slot {
    uint64_t task;
    int engine;
    km_results r;
    struct slot *next;
} slot;

typedef struct run {
    km_dispatch *of;
    const km_work *work;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t next;                    /* task not begun yet */
    slot *free, *returned, *finished; /* lists */
    int n_slots, most_slots, n_busy, n_working;
    bool closing;
    char **why;                       /* of an engine lost and not yet told of */
    km_status failed;                 /* of a task */
    km_diag diag;
} run;

typedef struct worker {
    run *of;
    int engine;
    pthread_t thread;
} worker;

static slot *pop(slot **list)
{
    slot *s = *list;

    if (s)
        *list = s->next;
    return s;
}

static void push(slot **list, slot *s)
{
    s->next = *list;
    *list = s;
}

static void slot_destroy(slot *s)
{
    free(s->r.value), free(s->r.state), free(s->r.margin), free(s->r.status), free(s->r.steps);
    free(s);
}

static km_status make_results(const run *x, slot *s, km_diag *d)
{
    size_t n = x->work->most_points, values = n * (x->work->values ? x->work->values : (size_t)x->of->study->n_endpoints);
    km_status st = KM_OK;

    if (s->r.steps)
        return KM_OK;
    KM_TRY(km_array_create(values, sizeof *s->r.value, (void **)&s->r.value, d));
    KM_TRY(km_array_create(values, sizeof *s->r.state, (void **)&s->r.state, d));
    KM_TRY(km_array_create(values, sizeof *s->r.margin, (void **)&s->r.margin, d));
    KM_TRY(km_array_create(n, sizeof *s->r.status, (void **)&s->r.status, d));
    KM_TRY(km_array_create(n, sizeof *s->r.steps, (void **)&s->r.steps, d));
done:
    return st;
}

/* A free slot; one more is made while there may be more. */
static slot *free_slot(run *x)
{
    slot *s = pop(&x->free);

    if (s == NULL && x->n_slots < x->most_slots) {
        s = km_alloc(1, sizeof *s);
        x->n_slots++;
    }
    return s;
}

static double seconds_a_task(const km_dispatch_count *c) { return c->tasks ? c->seconds / (double)c->tasks : 0.0; }

/* True if another engine would be done with all that is left before engine `me` is done with one task. The fastest never
 * leaves anything, so that all is done. */
static bool leaves_the_rest(const run *x, int me)
{
    const km_dispatch *of = x->of;
    double mine = seconds_a_task(&of->count[me]), left = (double)(x->work->n_tasks - x->next);

    for (int i = 0; i < of->n; i++) {
        double other = seconds_a_task(&of->count[i]);
        if (i != me && !of->count[i].lost && other > 0.0 && mine > other * (left + 1.0))
            return true;
    }
    return false;
}

/* The next task for an engine, or NULL: for now (others may yet hand theirs back), or, *over, for good. */
static slot *next_task(run *x, int engine, bool *over)
{
    slot *s;

    *over = false;
    if (x->work->stop && x->work->stop())
        x->closing = true;
    if (x->closing) {
        *over = true;
        return NULL;
    }
    s = pop(&x->returned);
    if (s == NULL && x->next == x->work->n_tasks) {
        *over = x->n_busy == 0;
        return NULL;
    }
    if (s == NULL && !leaves_the_rest(x, engine) && (s = free_slot(x)) != NULL)
        s->task = x->next++;
    return s;
}

static bool others_are_left(const run *x, int engine)
{
    for (int i = 0; i < x->of->n; i++)
        if (i != engine && !x->of->count[i].lost)
            return true;
    return false;
}

/* What became of a task; the mutex is held. */
static void put_away(run *x, int engine, slot *s, km_status st, double seconds, const km_diag *d)
{
    km_dispatch_count *c = &x->of->count[engine];

    for (size_t i = 0; i < d->n_warnings; i++)
        km_diag_warn(&x->diag, "%s", d->warning[i]);
    if (st == KM_OK) {
        s->engine = engine;
        c->tasks++;
        c->points += s->r.n;
        c->seconds += seconds;
        push(&x->finished, s);
        return;
    }
    c->lost = st == KM_E_DEVICE;
    if (c->lost && others_are_left(x, engine)) {
        x->why[engine] = km_strdup(d->message);
        push(&x->returned, s);
        return;
    }
    push(&x->free, s);
    if (x->failed == KM_OK)
        x->failed = km_diag_fail(&x->diag, st, "%s", d->message);
    x->closing = true;
}

static void *compute(void *context)
{
    worker *w = context;
    run *x = w->of;
    bool over = false;

    pthread_mutex_lock(&x->mutex);
    while (!over && !x->of->count[w->engine].lost) {
        slot *s = next_task(x, w->engine, &over);
        km_diag d;
        km_status st;
        double start;
        if (s == NULL && !over)
            pthread_cond_wait(&x->changed, &x->mutex);
        if (s == NULL)
            continue;
        x->n_busy++;
        pthread_mutex_unlock(&x->mutex);
        km_diag_init(&d);
        start = now();
        st = make_results(x, s, &d);
        if (st == KM_OK)
            st = x->work->compute(x->work->context, s->task, x->of->engine[w->engine], &s->r, &d);
        pthread_mutex_lock(&x->mutex);
        put_away(x, w->engine, s, st, now() - start, &d);
        x->n_busy--;
        km_diag_clear(&d);
        pthread_cond_broadcast(&x->changed);
    }
    x->n_working--;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->mutex);
    return NULL;
}

/* The finished slot to take next: any, or that of task `expected`. */
static slot *next_finished(run *x, uint64_t expected)
{
    slot **at = &x->finished;

    while (*at && x->work->in_order && (*at)->task != expected)
        at = &(*at)->next;
    return pop(at);
}

/* Takes results until all threads have ended; the mutex is held. */
static km_status take_all(run *x, km_diag *d)
{
    const km_work *work = x->work;
    uint64_t taken = 0;
    km_status st = KM_OK;

    for (;;) {
        slot *s = next_finished(x, taken);
        for (int i = 0; i < x->of->n; i++)
            if (x->why[i] && work->lost) {
                work->lost(work->context, i, x->why[i]);
                free(x->why[i]);
                x->why[i] = NULL;
            }
        if (s == NULL && x->n_working == 0)
            return st;
        if (s == NULL) {
            pthread_cond_wait(&x->changed, &x->mutex);
            continue;
        }
        pthread_mutex_unlock(&x->mutex);
        if (st == KM_OK)
            st = work->take(work->context, s->task, s->engine, &s->r, d);
        pthread_mutex_lock(&x->mutex);
        x->closing = x->closing || st != KM_OK;
        taken++;
        push(&x->free, s);
        pthread_cond_broadcast(&x->changed);
    }
}

static void destroy_slots(slot *list)
{
    for (slot *s; (s = pop(&list)) != NULL;)
        slot_destroy(s);
}

km_status km_dispatch_run(km_dispatch *of, const km_work *work, km_diag *d)
{
    run x = {.of = of, .work = work};
    worker *w = km_alloc((size_t)of->n, sizeof *w);
    int n_threads = 0;
    km_status st = KM_OK;

    x.most_slots = of->n * (work->in_order && of->n > 1 ? SLOTS_IN_ORDER : SLOTS);
    x.why = km_alloc((size_t)of->n, sizeof *x.why);
    pthread_mutex_init(&x.mutex, NULL);
    pthread_cond_init(&x.changed, NULL);
    km_diag_init(&x.diag);
    pthread_mutex_lock(&x.mutex);
    for (int i = 0; i < of->n; i++) {
        int error;
        if (of->count[i].lost)
            continue;
        w[n_threads] = (worker){.of = &x, .engine = i};
        error = pthread_create(&w[n_threads].thread, NULL, compute, &w[n_threads]);
        if (error) {
            x.failed = km_diag_fail(&x.diag, KM_E_IO, "cannot start a thread: %s", strerror(error));
            x.closing = true;
            break;
        }
        n_threads++;
        x.n_working++;
    }
    st = take_all(&x, d);
    pthread_mutex_unlock(&x.mutex);
    for (int i = 0; i < n_threads; i++)
        pthread_join(w[i].thread, NULL);
    for (size_t i = 0; i < x.diag.n_warnings; i++)
        km_diag_warn(d, "%s", x.diag.warning[i]);
    if (st == KM_OK && x.failed != KM_OK)
        st = km_diag_fail(d, x.failed, "%s", x.diag.message);
    if (st == KM_OK && !x.closing && (x.returned || x.next < work->n_tasks))
        st = km_diag_fail(d, KM_E_DEVICE, "no device is left: all have failed");
    destroy_slots(x.free), destroy_slots(x.returned), destroy_slots(x.finished);
    for (int i = 0; i < of->n; i++)
        free(x.why[i]);
    free(x.why), free(w);
    km_diag_clear(&x.diag);
    pthread_mutex_destroy(&x.mutex);
    pthread_cond_destroy(&x.changed);
    return st;
}

char *km_dispatch_programs(const km_dispatch *p)
{
    km_text out = {0};
    int n = 0;

    for (int i = 0; i < km_dispatch_n(p); i++) {
        const km_engine_facts *f = km_engine_facts_of(km_dispatch_engine(p, i));
        if (out.data && strstr(out.data, f->program_hash))
            continue;
        km_text_add(&out, "%s%s of %d lanes", n++ ? ", " : "", f->program_hash, f->lanes);
    }
    if (n > 1)
        return km_text_take(&out);
    km_text_clear(&out);
    return NULL;
}
