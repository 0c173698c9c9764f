/* Writing, resuming and reading a map, without a device: values are a function of the point. */
#include "study_files.h"

#include "store/map.h"
#include "store/zarr.h"

#include <dirent.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const km_map_facts facts = {.version = "0.1.0", .program_hash = "0123456789abcdef", .precision = "single", .method = "rodas4", .lanes = 8};
static char *map_path, *partial;
static km_map *map;
static km_map_reader *reader;

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    (void)s, (void)kind, (void)where;
    return remove(path);
}

static int map_setup(void **state)
{
    int result = setup(state);

    map_path = km_file_join(folder, "m.zarr");
    partial = km_file_join(folder, "m.zarr.partial");
    map = NULL;
    reader = NULL;
    return result;
}

static int map_teardown(void **state)
{
    km_map_close(map);
    km_map_reader_close(reader);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(map_path);
    free(partial);
    return teardown(state);
}

/* 3 axes, 97 x 2 x 811 points: several chunks, the last ones clipped. */
static const char *grid(const char *output)
{
    static char text[4096];

    (void)snprintf(
        text, sizeof text,
        "{\"model\": \"model.json\", \"horizon\": \"48 h\", \"regimen\": [{\"id\": \"load\", "
        "\"route\": \"iv\", \"amt\": \"50 mg\"}],\n"
        "\"design\": {\"axes\": [\n"
        "{\"name\": \"dose\", \"of\": \"regimen.load.amt\", \"log\": [\"1 mg\", \"100 mg\", 97], "
        "\"about\": \"amount\"},\n"
        "{\"name\": \"who\", \"of\": \"variant\", \"values\": [\"slow\", \"fast\"]},\n"
        "{\"name\": \"gain\", \"of\": \"gain\", \"linear\": [1, 3, 811]}]},\n"
        "\"endpoints\": [{\"name\": \"top\", \"of\": \"plasma\", \"kind\": \"max\"},\n"
        "{\"name\": \"onset\", \"of\": \"plasma\", \"kind\": \"first_time\", \"when\": \">= 5 "
        "ng/mL\", \"margin\": true}]%s}\n",
        output);
    return text;
}

static double value_of(int endpoint, double rank)
{
    return endpoint + 1.0 + rank / 1024.0;
}

/* Every seventh point never reaches the second endpoint; every hundredth failed. */
static int state_of(int endpoint, size_t rank)
{
    return endpoint == 1 && rank % 7 == 0 ? 1 : 0;
}

static size_t rank_of(const size_t *origin, const size_t *extent, size_t i)
{
    size_t rank = 0, place[KM_MOST_DIMS];

    for (int a = study->n_axes; a-- > 0; i /= extent[a])
        place[a] = origin[a] + i % extent[a];
    for (int a = 0; a < study->n_axes; a++)
        rank = rank * study->axis[a].n + place[a];
    return rank;
}

static km_status put(uint64_t chunk)
{
    size_t origin[KM_MOST_DIMS], extent[KM_MOST_DIMS], n = 1,
                                                       n_endpoints = (size_t)study->n_endpoints;
    double *value, *margin;
    signed char *state, *status;
    int *steps;
    km_status st;

    km_map_chunk(map, chunk, origin, extent);
    for (int a = 0; a < study->n_axes; a++)
        n *= extent[a];
    value = km_alloc(n * n_endpoints, sizeof *value);
    margin = km_alloc(n * n_endpoints, sizeof *margin);
    state = km_alloc(n * n_endpoints, 1);
    status = km_alloc(n, 1);
    steps = km_alloc(n, sizeof *steps);
    for (size_t i = 0; i < n; i++) {
        size_t rank = rank_of(origin, extent, i);
        for (size_t e = 0; e < n_endpoints; e++) {
            state[e * n + i] = (signed char)state_of((int)e, rank);
            value[e * n + i] = state[e * n + i] ? (double)NAN : value_of((int)e, (double)rank);
            margin[e * n + i] = -1.0 - (double)rank;
        }
        status[i] = rank % 100 == 0 ? 2 : 0;
        steps[i] = (int)rank;
    }
    st = km_map_put(map, chunk, value, state, margin, status, steps, &d);
    free(value), free(margin), free(state), free(status), free(steps);
    return st;
}

static void opens(void)
{
    assert_ok(km_map_open(map_path, study, &facts, 3, &map, &d), &d);
}

/* Puts what is missing, backwards if asked to, at most `most` chunks. */
static void puts_missing(uint64_t most, bool backwards)
{
    uint64_t n = km_map_n_chunks(map);

    for (uint64_t i = 0; i < n && most > 0; i++) {
        uint64_t k = backwards ? n - 1 - i : i;
        if (km_map_has_chunk(map, k))
            continue;
        assert_ok(put(k), &d);
        most--;
    }
    assert_ok(km_map_flush(map, &d), &d);
}

static void closes(void)
{
    km_map_close(map);
    map = NULL;
}

static void finishes(const char *run)
{
    assert_ok(km_map_finish(map, run, &d), &d);
    closes();
    assert_true(km_file_exists(map_path));
    assert_false(km_file_exists(partial));
}

/* ---- a folder as one text: every path and its bytes but run.json ---- */

static km_text all_files;

static int add_file(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    char *bytes = NULL;
    size_t size = 0;

    (void)s;
    if (kind != FTW_F || strcmp(path + where->base, "run.json") == 0)
        return 0;
    assert_ok(km_file_read(path, &bytes, &size, &d), &d);
    km_text_add(&all_files, "%s %zu %08x\n", strstr(path, ".zarr") + 5, size, (unsigned)size);
    km_text_add_bytes(&all_files, bytes, size);
    free(bytes);
    return 0;
}

/* nftw follows the folder's order, which differs: file by file, sorted. */
static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_folder(const char *path)
{
    DIR *stream = opendir(path);
    const struct dirent *entry;
    char **name = NULL;
    size_t n = 0;

    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        KM_PUSH(name, n);
        name[n++] = km_file_join(path, entry->d_name);
    }
    closedir(stream);
    qsort(name, n, sizeof *name, compare_names);
    for (size_t i = 0; i < n; i++) {
        if (km_file_is_folder(name[i])) {
            add_folder(name[i]);
        } else {
            struct FTW where = {(int)(strrchr(name[i], '/') + 1 - name[i]), 0};
            add_file(name[i], NULL, FTW_F, &where);
        }
        free(name[i]);
    }
    free(name);
}

static char *whole_folder(size_t *size)
{
    memset(&all_files, 0, sizeof all_files);
    add_folder(map_path);
    *size = all_files.size;
    return km_text_take(&all_files);
}

/* Makes the map in one go and returns its bytes; removes it again. */
static char *straight(const char *text, size_t *size)
{
    char *bytes;

    reads(text);
    opens();
    puts_missing(UINT64_MAX, false);
    finishes("{}");
    bytes = whole_folder(size);
    nftw(map_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return bytes;
}

/* ---- tests ---- */

static void test_values_come_back(void **state)
{
    static const size_t zero[3] = {0}, part_origin[3] = {40, 1, 300}, part[3] = {30, 1, 222};
    size_t shape[3] = {97, 2, 811};
    double *data;
    uint64_t done, total;
    int top, onset, axis;
    (void)state;

    reads(grid(", \"output\": {\"keep\": 23}"));
    opens();
    assert_true(km_map_n_chunks(map) > 2);
    puts_missing(UINT64_MAX, false);
    assert_true(km_map_bytes(map) > 1000);
    finishes("{\"hello\": 1}\n");
    assert_ok(km_map_reader_open(map_path, &reader, &d), &d);
    assert_true(km_map_reader_complete(reader, &done, &total));
    assert_int_equal(done, total);
    top = km_map_reader_find(reader, "top");
    onset = km_map_reader_find(reader, "onset");
    axis = km_map_reader_find(reader, "dose");
    assert_true(top >= 0 && onset >= 0 && axis >= 0);
    assert_int_equal(km_map_reader_find(reader, "absent"), -1);
    assert_string_equal(km_map_reader_array(reader, top)->unit, "ng/mL");
    assert_string_equal(km_map_reader_array(reader, top)->dtype, "<f4");
    assert_string_equal(km_map_reader_array(reader, top)->dimension[2], "gain");
    assert_string_equal(km_map_reader_array(reader, axis)->about, "amount");
    assert_string_equal(km_map_reader_array(reader, km_map_reader_find(reader, "who"))->flags,
                        "slow fast");
    data = km_alloc(97 * 2 * 811, sizeof *data);
    assert_ok(km_map_reader_read(reader, top, zero, shape, data, &d), &d);
    for (size_t i = 0; i < 97 * 2 * 811; i++)
        assert_same_double(data[i], value_of(0, (double)i));
    assert_ok(km_map_reader_read(reader, onset, part_origin, part, data, &d), &d);
    for (size_t i = 0; i < 30 * 222; i++) {
        size_t rank = ((40 + i / 222) * 2 + 1) * 811 + 300 + i % 222;
        if (state_of(1, rank))
            assert_true(isnan(data[i]));
        else
            assert_same_double(data[i], value_of(1, (double)rank));
    }
    assert_ok(km_map_reader_read(reader, km_map_reader_find(reader, "steps"), part_origin, part,
                                 data, &d),
              &d);
    assert_same_double(data[0], (40 * 2 + 1) * 811 + 300);
    assert_ok(
        km_map_reader_read(reader, km_map_reader_find(reader, "status"), zero, shape, data, &d),
        &d);
    assert_same_double(data[100], 2);
    assert_same_double(data[101], 0);
    assert_ok(km_map_reader_read(reader, axis, zero, shape, data, &d), &d);
    assert_same_double(data[96], study->axis[0].coordinate[96]);
    assert_int_equal(km_map_reader_read(reader, top, part_origin, shape, data, &d), KM_E_INPUT);
    free(data);
}

static void test_one_point_has_one_dimension(void **state)
{
    (void)state;
    reads(with_record("\"amt\": \"50 mg\""));
    assert_int_equal(study->n_axes, 0);
    opens();
    assert_int_equal(km_map_n_chunks(map), 1);
    puts_missing(1, false);
    finishes("{}");
    assert_ok(km_map_reader_open(map_path, &reader, &d), &d);
    assert_string_equal(
        km_map_reader_array(reader, km_map_reader_find(reader, "top"))->dimension[0], "point");
    assert_int_equal(km_map_reader_array(reader, 0)->shape[0], 1);
}

static void test_resumed_maps_are_the_same_bytes(void **state)
{
    size_t size, again;
    char *bytes = straight(grid(""), &size), *other, *stray = NULL;
    (void)state;

    opens();
    puts_missing(2, true);
    closes();
    stray = km_format("%s/top/9.9.9.tmp-77", partial);
    assert_ok(km_file_write(stray, "half", 4, &d), &d);
    opens();
    assert_true(km_map_has_chunk(map, km_map_n_chunks(map) - 1));
    assert_false(km_map_has_chunk(map, 0));
    puts_missing(1, false);
    closes();
    opens();
    puts_missing(UINT64_MAX, true);
    finishes("{\"another\": 2}");
    other = whole_folder(&again);
    assert_int_equal(size, again);
    assert_memory_equal(bytes, other, size);
    free(bytes), free(other), free(stray);
}

/* Damage to a chunk file, to the journal, and a torn line of it: the chunk is computed again, the
 * rest stays. */
static void test_damaged_chunks_are_done_again(void **state)
{
    size_t size, again, length;
    char *bytes = straight(grid(""), &size), *other, *journal, *text, *file;
    (void)state;

    assert_ok(km_map_open(map_path, study, &facts, 1, &map, &d), &d); /* one thread: chunks in order */
    puts_missing(3, false);
    closes();
    file = km_format("%s/status/0.0.0", partial);
    assert_ok(km_file_read(file, &text, &length, &d), &d);
    text[length - 1] ^= 1;
    assert_ok(km_file_write(file, text, length, &d), &d);
    free(text);
    journal = km_format("%s/.journal.tsv", partial);
    assert_ok(km_file_read(journal, &text, &length, &d), &d);
    assert_ok(km_file_write(journal, text, length - 5, &d), &d); /* the third chunk's last line */
    free(text);
    opens();
    assert_false(km_map_has_chunk(map, 0));
    length = 0;
    for (uint64_t k = 0; k < km_map_n_chunks(map); k++)
        length += km_map_has_chunk(map, k);
    assert_int_equal(length, 1);
    closes();
    opens();
    puts_missing(UINT64_MAX, false);
    finishes("{}");
    other = whole_folder(&again);
    assert_int_equal(size, again);
    assert_memory_equal(bytes, other, size);
    free(bytes), free(other), free(journal), free(file);
}

static void refused(const km_map_facts *f, const char *part)
{
    assert_int_equal(km_map_open(map_path, study, f, 1, &map, &d), KM_E_INPUT);
    assert_null(map);
    if (strstr(d.message, part) == NULL || strchr(d.message, '\n') != NULL)
        print_error("%s\n", d.message);
    assert_non_null(strstr(d.message, part));
}

static void test_other_maps_are_not_continued(void **state)
{
    km_map_facts f = facts;
    char *text;
    (void)state;

    reads(grid(""));
    opens();
    puts_missing(1, false);
    closes();
    f.precision = "double";
    refused(&f, "precision");
    f = facts;
    f.lanes = 4;
    refused(&f, "lanes");
    f = facts;
    f.program_hash = "fedcba";
    refused(&f, "program");
    f = facts;
    f.version = "9.9";
    refused(&f, "version");
    text = km_strdup(grid(""));
    reads_set(text, "V=90");
    refused(&facts, "--set");
    reads(grid(", \"name\": \"other\""));
    refused(&facts, "study");
    reads(text);
    opens();
    puts_missing(UINT64_MAX, false);
    finishes("{}");
    free(text);
}

static void test_complete_maps_are_recognised(void **state)
{
    km_map_facts f = facts;
    bool same = true;
    (void)state;

    reads(grid(""));
    assert_ok(km_map_is_complete(map_path, study, &facts, &same, &d), &d);
    assert_false(same);
    opens();
    puts_missing(UINT64_MAX, false);
    assert_ok(km_map_is_complete(map_path, study, &facts, &same, &d), &d);
    assert_false(same);
    finishes("{}");
    assert_ok(km_map_is_complete(map_path, study, &facts, &same, &d), &d);
    assert_true(same);
    refused(&facts, "complete already");
    f.lanes = 1;
    assert_ok(km_map_is_complete(map_path, study, &f, &same, &d), &d);
    assert_false(same);
    refused(&f, "lanes");
}

static void test_two_writers_are_refused(void **state)
{
    km_map *second = NULL;
    (void)state;

    reads(grid(""));
    opens();
    assert_int_equal(km_map_open(map_path, study, &facts, 1, &second, &d), KM_E_IO);
    assert_null(second);
    assert_non_null(strstr(d.message, "another"));
}

static void test_places_that_cannot_be_written(void **state)
{
    char *below, *file = km_file_join(folder, "file");
    (void)state;

    reads(grid(""));
    assert_ok(km_file_write(file, "x", 1, &d), &d);
    below = km_format("%s/m.zarr", file);
    assert_int_equal(km_map_open(below, study, &facts, 1, &map, &d), KM_E_IO);
    assert_null(map);
    assert_non_null(strstr(d.message, file));
    free(below), free(file);
}

/* A limit on the size of files stands for a full disk. The map goes on when there is room again. */
static void test_full_disk(void **state)
{
    struct rlimit old, small;
    size_t size, again;
    char *bytes = straight(grid(", \"output\": {\"keep\": 23}"), &size), *other;
    km_status st = KM_OK;
    (void)state;

    opens();
    puts_missing(1, false);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 200;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (uint64_t k = 1; k < km_map_n_chunks(map) && st == KM_OK; k++)
        st = put(k);
    if (st == KM_OK)
        st = km_map_flush(map, &d);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(st, KM_E_IO);
    assert_null(strchr(d.message, '\n'));
    assert_int_equal(km_map_finish(map, "{}", &d), KM_E_IO);
    closes();
    opens();
    assert_true(km_map_has_chunk(map, 0));
    puts_missing(UINT64_MAX, false);
    finishes("{}");
    other = whole_folder(&again);
    assert_int_equal(size, again);
    assert_memory_equal(bytes, other, size);
    free(bytes), free(other);
}

static void test_partial_maps_are_read(void **state)
{
    size_t origin[3] = {0}, one[3] = {1, 1, 1}, last[3] = {96, 1, 810};
    uint64_t done, total;
    double v;
    (void)state;

    reads(grid(""));
    opens();
    puts_missing(1, false);
    closes();
    assert_ok(km_map_reader_open(map_path, &reader, &d), &d);
    assert_false(km_map_reader_complete(reader, &done, &total));
    assert_int_equal(done, 1);
    assert_true(total > 2);
    assert_string_equal(km_map_reader_path(reader), partial);
    assert_ok(km_map_reader_read(reader, km_map_reader_find(reader, "top"), origin, one, &v, &d),
              &d);
    assert_same_double(v, 1.0);
    assert_ok(km_map_reader_read(reader, km_map_reader_find(reader, "status"), last, one, &v, &d),
              &d);
    assert_true(isnan(v));
}

static void test_what_is_not_a_map(void **state)
{
    (void)state;
    assert_int_equal(km_map_reader_open(map_path, &reader, &d), KM_E_INPUT);
    assert_int_equal(km_map_reader_open(folder, &reader, &d), KM_E_INPUT);
    assert_null(reader);
}

static void test_chunk_shapes(void **state)
{
    static const size_t shape[][3] = {
        {1, 1, 1}, {1000, 1000, 1000}, {7, 100000, 3}, {100000000, 1, 1}, {65536, 1, 1}};
    (void)state;

    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        size_t chunk[3], values = 1, all = 1;
        km_zarr_chunk_shape(3, shape[i], chunk);
        for (int k = 0; k < 3; k++) {
            assert_true(chunk[k] >= 1 && chunk[k] <= shape[i][k]);
            values *= chunk[k];
            all *= shape[i][k];
        }
        assert_true(values <= 131072);
        assert_true(values >= (all < 32768 ? all : 32768));
    }
}

#define MAP_TEST(name) cmocka_unit_test_setup_teardown(name, map_setup, map_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAP_TEST(test_values_come_back),
        MAP_TEST(test_one_point_has_one_dimension),
        MAP_TEST(test_resumed_maps_are_the_same_bytes),
        MAP_TEST(test_damaged_chunks_are_done_again),
        MAP_TEST(test_other_maps_are_not_continued),
        MAP_TEST(test_complete_maps_are_recognised),
        MAP_TEST(test_two_writers_are_refused),
        MAP_TEST(test_places_that_cannot_be_written),
        MAP_TEST(test_full_disk),
        MAP_TEST(test_partial_maps_are_read),
        MAP_TEST(test_what_is_not_a_map),
        MAP_TEST(test_chunk_shapes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
