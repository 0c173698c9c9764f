/* How a device is used does not change a bit: groups, points an item, batches; what is stored comes back, and what cannot
 * be a tuning does not. A queue of tasks that are taken in order. */
#include "engine_files.h"

#include "base/cache.h"
#include "engine/dispatch.h"
#include "engine/tuning.h"

static const char model[] =
    "{\"name\": \"decay\", \"parameters\": {\"k\": {\"value\": 0.1, \"unit\": \"1/h\", \"range\": [0.01, 1]}},"
    " \"states\": {\"A\": {\"initial\": \"0\", \"rate\": \"-k*A\", \"unit\": \"mg\"}},"
    " \"outputs\": {\"amount\": {\"value\": \"A\", \"unit\": \"mg\"}},"
    " \"routes\": {\"iv\": [{\"into\": \"A\"}]}, \"dose\": {\"amount\": \"amt\", \"unit\": \"mg\"}}";
static const char study_text[] =
    "{\"model\": \"model.json\", \"horizon\": \"48 h\", \"regimen\": [{\"route\": \"iv\", \"amt\": \"10 mg\", \"tinf\": \"2 h\"}],"
    " \"design\": {\"axes\": [{\"name\": \"k\", \"of\": \"k\", \"log\": [0.02, 0.9, 31]},"
    "                         {\"name\": \"amt\", \"of\": \"regimen[0].amt\", \"linear\": [\"1 mg\", \"40 mg\", 67]}]},"
    " \"endpoints\": [{\"name\": \"inside\", \"of\": \"amount\", \"kind\": \"time_in\", \"when\": \">= 3\"},"
    "                 {\"name\": \"top\", \"of\": \"amount\", \"kind\": \"max\"}],"
    " \"solver\": {\"rtol\": 1e-5, \"precision\": \"single\"}}";

static run_results first, other;

static void test_bits_do_not_follow_the_tuning(void **state)
{
    static const struct {
        int local, points_per_item;
        size_t batch;
    } use[] = {{1, 0, 256}, {1, 4, 1000}, {3, 1, 4096}, {16, 2, 300}, {64, 4, 4096}, {64, 16, 512}, {128, 1, 2077}, {256, 8, 4096}};
    km_study *study;
    (void)state;
    if (!have_device())
        skip();
    study = read_study(model, study_text);
    assert_int_equal(study->n_points, 2077);
    run_study(study, &(km_engine_options){.lanes = 0}, &first);
    assert_true(first.status[0] == KM_POINT_DONE && first.value[1][2076] > 10.0);
    for (size_t i = 0; i < sizeof use / sizeof *use; i++)
        for (int lanes = 0; lanes < 2; lanes++) { /* a driver may compile one lane to other bits, but then always the same */
            km_tuning tuning = {.class_name = "test", .lanes = lanes, .local = use[i].local, .points_per_item = use[i].points_per_item,
                                .batch = use[i].batch, .memory_share = 1, .most_bytes = (size_t)64 << 20};
            run_study(study, &(km_engine_options){.lanes = lanes}, &first);
            run_study(study, &(km_engine_options){.tuning = &tuning}, &other);
            assert_memory_equal(first.status, other.status, first.n);
            for (int e = 0; e < study->n_endpoints; e++) {
                assert_memory_equal(first.value[e], other.value[e], first.n * sizeof(double));
                assert_memory_equal(first.state[e], other.state[e], first.n);
            }
            assert_memory_equal(first.steps, other.steps, first.n * sizeof(int));
        }
    km_study_destroy(study);
}

static void test_what_is_stored_comes_back(void **state)
{
    char folder[] = "/tmp/ketamap-test-XXXXXX", *kind, *command;
    km_device_info device = {.platform = "P", .name = "D", .driver = "1", .version = "2", .type = "GPU", .compute_units = 7};
    km_tuning t, read;
    (void)state;

    assert_non_null(mkdtemp(folder));
    setenv("KETAMAP_CACHE", folder, 1);
    t = km_tuning_of(&device);
    assert_false(t.measured);
    assert_string_equal(t.class_name, "GPU");
    t.local = 128, t.points_per_item = 7, t.batch = 12345, t.lanes = 2;
    assert_true(km_tuning_store(&device, &t));
    read = km_tuning_of(&device);
    assert_true(read.measured);
    for (int k = 0; k < KM_TUNING_N_KNOBS; k++)
        assert_int_equal(km_tuning_get(&read, (km_tuning_knob)k), km_tuning_get(&t, (km_tuning_knob)k));
    assert_int_equal(read.memory_share, t.memory_share);
    device.driver[0] = '3'; /* another driver: not its tuning */
    assert_false(km_tuning_of(&device).measured);
    device.driver[0] = '1';
    t.local = 0; /* stored by something that is not us */
    assert_true(km_tuning_store(&device, &t));
    assert_false(km_tuning_of(&device).measured);
    t.local = 64, t.lanes = 3;
    assert_true(km_tuning_store(&device, &t));
    assert_false(km_tuning_of(&device).measured);
    t.lanes = 4;
    assert_true(km_tuning_store(&device, &t));
    assert_true(km_tuning_of(&device).measured);
    setenv("KETAMAP_CACHE", "off", 1);
    assert_false(km_tuning_of(&device).measured);
    assert_false(km_tuning_store(&device, &t));
    setenv("KETAMAP_CACHE", folder, 1);
    km_tuning_forget(&device);
    assert_false(km_tuning_of(&device).measured);
    kind = km_cache_folder("tuning");
    assert_non_null(strstr(kind, folder));
    command = km_format("rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
    free(kind), free(command);
    unsetenv("KETAMAP_CACHE");
}

/* ---- tasks ---- */

typedef struct account {
    uint64_t next, taken, sum, lost, limit;
    bool in_order;
} account;

static bool fails_in_second; /* the second engine's device fails at its third task */
static int seconds_tasks;
static km_engine *second;

/* Results that say which task they are of. */
static km_status compute(const void *context, uint64_t task, km_engine *engine, km_results *r, km_diag *d)
{
    (void)context;
    if (engine == second && fails_in_second && ++seconds_tasks == 3)
        return km_diag_fail(d, KM_E_DEVICE, "it is gone");
    usleep(engine == second ? 3000 : 500);
    r->n = 1 + task % 3;
    for (uint64_t i = 0; i < r->n; i++)
        r->steps[i] = (int)task;
    return KM_OK;
}

static km_status take(void *context, uint64_t task, int engine, const km_results *r, km_diag *d)
{
    account *a = context;

    assert_in_range(engine, 0, 1);
    if (a->in_order)
        assert_int_equal(task, a->next);
    assert_int_equal(r->n, 1 + task % 3);
    assert_int_equal(r->steps[r->n - 1], task);
    a->next++;
    a->taken++;
    a->sum += task;
    return a->taken == a->limit ? km_diag_fail(d, KM_E_IO, "enough") : KM_OK;
}

static void lost(void *context, int engine, const char *why)
{
    account *a = context;

    assert_int_equal(engine, 1);
    assert_string_equal(why, "it is gone");
    a->lost++;
}

static void test_tasks(void **state)
{
    enum { N = 200 };
    km_dispatch *dispatch = NULL;
    km_study *study;
    km_diag d;
    (void)state;
    if (!have_device())
        skip();
    km_diag_init(&d);
    study = read_study(model, study_text);
    assert_ok(km_dispatch_create(&(km_engine_options){.device = "0,0"}, &dispatch, &d), &d);
    assert_ok(km_dispatch_build(dispatch, study, &d), &d);
    assert_int_equal(km_dispatch_n(dispatch), 2);
    second = km_dispatch_engine(dispatch, 1);
    for (int turn = 0; turn < 4; turn++) { /* as they come, in order, with an error of the taker, with a device that fails */
        account a = {.in_order = turn % 2 == 1, .limit = turn == 2 ? 20 : UINT64_MAX};
        km_work work = {.n_tasks = N, .most_points = 3, .in_order = a.in_order, .compute = compute, .take = take, .lost = lost, .context = &a};
        km_dispatch_count before = *km_dispatch_count_of(dispatch, 0);
        km_status st;
        fails_in_second = turn == 3;
        st = km_dispatch_run(dispatch, &work, &d);
        if (turn == 2) {
            assert_int_equal(st, KM_E_IO);
            assert_string_equal(d.message, "enough");
            assert_int_equal(a.taken, 20);
            continue;
        }
        assert_ok(st, &d);
        assert_int_equal(a.taken, N);
        assert_int_equal(a.sum, N * (N - 1) / 2); /* each once */
        assert_int_equal(a.lost, turn == 3);
        if (turn == 0) /* the faster one took more */
            assert_true(km_dispatch_count_of(dispatch, 0)->tasks - before.tasks > N / 2 + N / 8);
    }
    assert_true(km_dispatch_count_of(dispatch, 1)->lost);
    second = km_dispatch_engine(dispatch, 0); /* now the only one, and it fails */
    seconds_tasks = 0;
    {
        account a = {.limit = UINT64_MAX};
        km_work work = {.n_tasks = N, .most_points = 3, .compute = compute, .take = take, .context = &a};
        assert_int_equal(km_dispatch_run(dispatch, &work, &d), KM_E_DEVICE);
        assert_int_equal(a.taken, 2);
        assert_int_equal(km_dispatch_run(dispatch, &work, &d), KM_E_DEVICE);
        assert_non_null(strstr(d.message, "no device is left"));
    }
    km_dispatch_destroy(dispatch);
    km_study_destroy(study);
    km_diag_clear(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bits_do_not_follow_the_tuning), cmocka_unit_test(test_what_is_stored_comes_back),
                                       cmocka_unit_test(test_tasks)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
