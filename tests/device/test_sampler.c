/* The sample of a sensitivity analysis: what the device integrates is what the host computes from index and laws, for every
 * law, member, replicate and batch; members differ where they should; the sequence is balanced. */
#include "engine_files.h"

#include "engine/sampler.h"
#include "study/sensitivity_block.h"

enum { N_FACTORS = 8, ROWS = 96, REPLICATE = 5 };

static const char model_text[] =
    "{\"name\": \"laws\", \"time_unit\": \"-\", \"states\": {},"
    " \"parameters\": {"
    "  \"p0\": {\"value\": 2, \"range\": [-1, 3]},"
    "  \"p1\": {\"value\": 2, \"range\": [0.01, 30], \"uncertainty\": \"log-uniform\"},"
    "  \"p2\": {\"value\": 2, \"range\": [1, 3], \"uncertainty\": {\"law\": \"normal\", \"sd\": 1}},"
    "  \"p3\": {\"value\": 2, \"range\": [0.5, 40], \"uncertainty\": \"lognormal\"},"
    "  \"p4\": {\"value\": 0.2, \"range\": [0.1, 0.7], \"uncertainty\": \"logit-normal\"},"
    "  \"p5\": {\"value\": 9, \"range\": [8, 12], \"uncertainty\": {\"law\": \"normal\", \"sd\": 1.5, \"mean\": 4}},"
    "  \"p6\": {\"value\": 2}, \"p7\": {\"value\": 1, \"range\": [0, 1]}},"
    " \"variants\": {\"one\": {\"p6\": 1}, \"two\": {\"p6\": 2}, \"five\": {\"p6\": 5}},"
    " \"outputs\": {\"o0\": {\"value\": \"p0\"}, \"o1\": {\"value\": \"p1\"}, \"o2\": {\"value\": \"p2\"}, \"o3\": {\"value\": \"p3\"},"
    "  \"o4\": {\"value\": \"p4\"}, \"o5\": {\"value\": \"p5\"}, \"o6\": {\"value\": \"p6\"}, \"o7\": {\"value\": \"p7\"}}}";

static const char study_text[] =
    "{\"model\": \"model.json\", \"endpoints\": ["
    "  {\"name\": \"e0\", \"of\": \"o0\", \"kind\": \"value\", \"at\": 0}, {\"name\": \"e1\", \"of\": \"o1\", \"kind\": \"value\", \"at\": 0},"
    "  {\"name\": \"e2\", \"of\": \"o2\", \"kind\": \"value\", \"at\": 0}, {\"name\": \"e3\", \"of\": \"o3\", \"kind\": \"value\", \"at\": 0},"
    "  {\"name\": \"e4\", \"of\": \"o4\", \"kind\": \"value\", \"at\": 0}, {\"name\": \"e5\", \"of\": \"o5\", \"kind\": \"value\", \"at\": 0},"
    "  {\"name\": \"e6\", \"of\": \"o6\", \"kind\": \"value\", \"at\": 0}, {\"name\": \"e7\", \"of\": \"o7\", \"kind\": \"value\", \"at\": 0}],"
    " \"solver\": {\"precision\": \"double\"},"
    " \"sensitivity\": {\"seed\": \"77\", \"groups\": {\"pair\": [\"p1\", \"p4\", \"p5\"]},"
    "  \"correlation\": [[\"p1\", \"p4\", 0.6], [\"p5\", \"p1\", -0.3]],"
    "  \"factors\": [\"p0\", \"p1\", \"p2\", \"p3\", \"p4\", \"p5\", {\"of\": \"variant\", \"values\": [\"one\", \"two\", \"five\"]},"
    "              {\"of\": \"p7\", \"values\": [0.25, 0.5, 1, 0.75]}]}}";

static km_study *read_analysis(km_diag *d)
{
    char folder[] = "/tmp/ketamap-test-XXXXXX", *model_path, *study_path;
    km_study *out = NULL;

    assert_non_null(mkdtemp(folder));
    model_path = km_file_join(folder, "model.json");
    study_path = km_file_join(folder, "study.json");
    assert_ok(km_file_write(model_path, model_text, strlen(model_text), d), d);
    assert_ok(km_file_write(study_path, study_text, strlen(study_text), d), d);
    assert_ok(km_study_read_sensitivity(study_path, NULL, 0, &out, d), d);
    unlink(model_path), unlink(study_path), rmdir(folder);
    free(model_path), free(study_path);
    return out;
}

/* value[factor][row][member] of all parts, by the device in batches of `batch`. */
static double *run_device(const km_study *study, size_t batch, bool both, const km_sample_part *part, size_t n_parts, size_t n, int members,
                          km_diag *d)
{
    km_engine_options options = {.batch = batch};
    double *value = km_alloc(n * N_FACTORS, sizeof *value);
    signed char *status = km_alloc(n, 1);
    km_results r = {.n = n, .value = value, .status = status};
    km_engine *engine = NULL;
    km_sampler *sampler = NULL;

    assert_ok(km_engine_create(study, &options, &engine, d), d);
    assert_ok(km_sampler_create(engine, both, &sampler, d), d);
    assert_int_equal(km_sampler_members(sampler), members);
    assert_ok(km_sampler_run(sampler, part, n_parts, &r, d), d);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(status[i], KM_POINT_DONE);
    km_sampler_destroy(sampler);
    km_engine_destroy(engine);
    free(status);
    return value;
}

static void test_device_is_host(void **state)
{
    const km_sample_part part[] = {{0, 0, 1}, {REPLICATE, 1000, ROWS}, {3, 4294967000U, 40}};
    km_study *study;
    km_diag d;

    (void)state;
    if (!have_device())
        skip();
    km_diag_init(&d);
    study = read_analysis(&d);
    for (int both = 0; both < 2; both++) {
        int members = 2 + (both ? 2 : 1) * 6;
        size_t n = (size_t)(1 + ROWS + 40) * (size_t)members, at = 0;
        double row[N_FACTORS], *small = run_device(study, 256, both, part, 3, n, members, &d),
                               *large = run_device(study, 4096, both, part, 3, n, members, &d);
        assert_memory_equal(small, large, n * N_FACTORS * sizeof *small);
        for (int p = 0; p < 3; p++)
            for (uint32_t j = 0; j < part[p].n; j++)
                for (int m = 0; m < members; m++, at++) {
                    km_sample_row(study, part[p].replicate, part[p].first + j, m, row);
                    for (int k = 0; k < N_FACTORS; k++)
                        assert_true(fabs(small[(size_t)study->factor[k].slot * n + at] - row[study->factor[k].slot]) <= 1e-12 * fabs(row[study->factor[k].slot]));
                }
        free(small), free(large);
    }
    km_study_destroy(study);
    km_diag_clear(&d);
}

/* Correlations of normal scores, and each factor's own law, whichever it is. */
static void test_correlation(void **state)
{
    enum { N = 4096 };
    static const int dimension[] = {1, 4, 5};
    static const double expected[3][3] = {{1, 0.6, -0.3}, {0.6, 1, 0}, {-0.3, 0, 1}}; /* p4 and p5 are not named together: 0 */
    double sum[3][3] = {{0}}, unit[8];
    int below[3] = {0};
    km_study *study;
    km_diag d;

    (void)state;
    km_diag_init(&d);
    study = read_analysis(&d);
    for (uint32_t i = 0; i < N; i++) {
        km_sample_unit(study, 1, i / 2, (int)(i % 2), unit);
        for (int a = 0; a < 3; a++) {
            below[a] += unit[dimension[a]] < 0.2;
            for (int b = 0; b < 3; b++)
                sum[a][b] += km_normal_quantile(unit[dimension[a]]) * km_normal_quantile(unit[dimension[b]]) / N;
        }
    }
    for (int a = 0; a < 3; a++) {
        assert_true(abs(below[a] - N / 5) < 40);
        for (int b = 0; b < 3; b++)
            assert_true(fabs(sum[a][b] - expected[a][b]) < 0.03);
    }
    km_study_destroy(study);
    km_diag_clear(&d);
}

/* Member 2 + i is A with unit i from B, member 2 + n + i is B with unit i from A; the group moves together. */
static void test_members(void **state)
{
    double a[N_FACTORS], b[N_FACTORS], c[N_FACTORS], e[N_FACTORS];
    km_study *study;
    km_diag d;
    int n;

    (void)state;
    km_diag_init(&d);
    study = read_analysis(&d);
    n = study->sensitivity->n_units;
    assert_int_equal(n, 6);
    assert_int_equal(km_sensitivity_unit(study, 1), km_sensitivity_unit(study, 4));
    km_sample_row(study, 2, 9, 0, a);
    km_sample_row(study, 2, 9, 1, b);
    for (int i = 0; i < n; i++) {
        km_sample_row(study, 2, 9, 2 + i, c);
        km_sample_row(study, 2, 9, 2 + n + i, e);
        for (int k = 0; k < N_FACTORS; k++) {
            int slot = study->factor[k].slot;
            bool mine = km_sensitivity_unit(study, k) == i;
            assert_true(c[slot] == (mine ? b : a)[slot]);
            assert_true(e[slot] == (mine ? a : b)[slot]);
        }
    }
    km_study_destroy(study);
    km_diag_clear(&d);
}

/* Of 2^m points each half, quarter ... of a factor's law has its share; other replicates have other points. */
static void test_balance(void **state)
{
    enum { N = 256 };
    double row[N_FACTORS], other[N_FACTORS];
    int in_part[2][N] = {{0}}, choice[6] = {0}, equal = 0;
    km_study *study;
    km_diag d;

    (void)state;
    km_diag_init(&d);
    study = read_analysis(&d);
    for (uint32_t i = 0; i < N; i++)
        for (int member = 0; member < 2; member++) {
            km_sample_row(study, 1, i, member, row);
            km_sample_row(study, 2, i, member, other);
            in_part[member][(int)((row[study->factor[0].slot] + 1.0) / 4.0 * N)]++;
            choice[(int)row[study->factor[6].slot]]++;
            equal += row[study->factor[0].slot] == other[study->factor[0].slot];
        }
    for (int i = 0; i < N; i++) {
        assert_int_equal(in_part[0][i], 1);
        assert_int_equal(in_part[1][i], 1);
    }
    for (int i = 1; i < 6; i++) /* a third each, to within the points that a third does not divide */
        assert_true(i == 3 || i == 4 ? choice[i] == 0 : abs(choice[i] - 2 * N / 3) <= 4);
    assert_int_equal(equal, 0);
    km_study_destroy(study);
    km_diag_clear(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_device_is_host), cmocka_unit_test(test_correlation), cmocka_unit_test(test_members), cmocka_unit_test(test_balance)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
