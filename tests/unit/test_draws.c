/* The draws of a fit as a study's population: what a fit writes is what a study reads, who has which draw, and what is
 * refused. */
#include "study_files.h"

#include "store/fit_results.h"
#include "study/design.h"
#include "study/population.h"

#include <ftw.h>
#include <math.h>

enum { N = 40, COLUMNS = 5 };
static double draw[N][COLUMNS], likelihood[N];

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    (void)s, (void)kind, (void)where;
    return remove(path);
}

static void drop(const char *name)
{
    char *path = km_file_join(folder, name);

    (void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(path);
}

/* Results of a fit with these free parameters, whose draw i of column k is 100 k + i. */
static void write_fit(const char *model, const char *fit, const char *const *name)
{
    char *quoted_model = km_json_quote(model), *quoted_fit = km_json_quote(fit), *path = km_file_join(folder, "fit.zarr"),
         *attributes = km_format("{\"ketamap_fit\": \"1\", \"fit\": %s, \"model\": %s}", quoted_fit, quoted_model);
    km_fitted p[COLUMNS] = {{0}};
    km_fit_results r = {.n_free = COLUMNS, .parameter = p, .n_draws = N, .draw = &draw[0][0], .draw_log_likelihood = likelihood};

    for (int k = 0; k < COLUMNS; k++)
        p[k].name = (char *)(uintptr_t)name[k]; /* read only */
    for (int i = 0; i < N; i++)
        for (int k = 0; k < COLUMNS; k++)
            draw[i][k] = 100.0 * k + i;
    drop("fit.zarr");
    assert_ok(km_fit_results_write(path, &r, attributes, "{}", &d), &d);
    free(quoted_model), free(quoted_fit), free(path), free(attributes);
}

static const char *const columns[] = {"CL", "gain", "weight.plain", "residual", "between_trials"};
static const char *const fit_text = "{\"variants\": [\"slow\"], \"controls\": {\"parameter\": \"weight\", \"levels\": {\"plain\": {}, \"heavy\": \"90 kg\"}}}";

static int begin(void **state)
{
    int failed = setup(state);

    write_fit(study_model, fit_text, columns);
    return failed;
}

static int end(void **state)
{
    drop("fit.zarr");
    return teardown(state);
}

static const char *of(const char *block, const char *rest)
{
    static char text[8192];

    (void)snprintf(text, sizeof text, "{\"model\": \"model.json\", \"horizon\": \"48 h\", \"variants\": [\"slow\"],\n%s\"parameters\": {%s}, %s}\n",
                   rest, block, one_endpoint);
    return text;
}

static double of_patient(const char *name, size_t j)
{
    int parameter = km_model_find_parameter(study->model, name);
    double row[8] = {0};

    km_study_patient(study, 0, j, row);
    for (int s = 0; s < study->n_slots; s++)
        if (study->slot[s].field == KM_FIELD_PARAMETER && study->slot[s].index == parameter)
            return row[s];
    return (double)NAN;
}

/* All draws, each once, with their columns together. */
static void test_draws_alone(void **state)
{
    bool seen[N] = {false};

    (void)state;
    reads(of("\"from\": \"fit.zarr\", \"control\": \"plain\"", ""));
    assert_int_equal(d.n_warnings, 1); /* the variant sets CL, which is drawn */
    assert_int_equal(warnings("\"slow\" sets CL without effect"), 1);
    assert_int_equal(study->population->n, N);
    assert_int_equal(study->population->n_drawn, 3);
    assert_int_equal(km_study_models(study), N);
    assert_int_equal(study->n_statistics, 2 + 3);
    assert_int_equal(strlen(study->population->draws_hash), 64);
    for (size_t j = 0; j < N; j++) {
        double cl = of_patient("CL", j);
        assert_true(cl >= 0.0 && cl < N && !seen[(int)cl]);
        seen[(int)cl] = true;
        assert_same_double(of_patient("gain", j), 100.0 + cl);
        assert_same_double(of_patient("weight", j), 200.0 + cl);
    }
}

/* Fewer draws are the first of more; another seed gives others. */
static void test_some(void **state)
{
    double first[N];
    int same = 0;

    (void)state;
    reads(of("\"from\": \"fit.zarr\", \"control\": \"heavy\", \"quantiles\": [0.5]", ""));
    assert_int_equal(study->n_statistics, 2 + 1);
    assert_same_double(of_patient("weight", 3), 90.0);
    for (size_t j = 0; j < N; j++)
        first[j] = of_patient("CL", j);
    reads(of("\"from\": \"fit.zarr\", \"control\": \"heavy\", \"n\": 10", ""));
    assert_int_equal(study->population->n, 10);
    for (size_t j = 0; j < 10; j++)
        assert_same_double(of_patient("CL", j), first[j]);
    reads(of("\"from\": \"fit.zarr\", \"control\": \"heavy\", \"seed\": \"2\"", ""));
    for (size_t j = 0; j < N; j++)
        same += of_patient("CL", j) == first[j];
    assert_true(same < N / 2);
}

/* Patients differ around the draw that each of them has. */
static void test_with_patients(void **state)
{
    const char *patients = "\"population\": {\"n\": 64, \"of\": {\"CL\": {\"cv\": 0.3}, \"V\": {\"cv\": 0.2}}},\n";

    (void)state;
    reads(of("\"from\": \"fit.zarr\", \"control\": \"plain\", \"n\": 16", patients));
    assert_int_equal(study->population->n, 64);
    for (size_t j = 0; j < 64; j++) {
        double drawn = of_patient("gain", j) - 100.0, score = study->population->score[2 * j];
        assert_same_double(of_patient("gain", j % 16), drawn + 100.0);
        assert_same_double(of_patient("CL", j), km_trait_value(&study->population->trait[0], drawn, score));
        assert_same_double(of_patient("V", j), km_trait_value(&study->population->trait[1], 100.0, study->population->score[2 * j + 1]));
    }
}

static void test_warned(void **state)
{
    (void)state;
    reads(of("\"from\": \"fit.zarr\"", ""));
    assert_int_equal(warnings("a \"weight\" for each control (\"plain\", \"heavy\"): say which with \"control\"; it is 70 here"), 1);
    write_fit("{\"about\": \"other words\", \"name\": \"one\"}", fit_text, columns);
    reads(of("\"from\": \"fit.zarr\", \"control\": \"heavy\"", ""));
    assert_int_equal(warnings("another state of the model \"one\""), 1);
    write_fit(study_model, "{\"variants\": [\"fast\"], \"set\": {\"ka\": 2}}", (const char *const[]){"CL", "gain", "V", "residual", "mm"});
    reads(of("\"from\": \"fit.zarr\"", ""));
    assert_int_equal(warnings("the variant \"fast\", which this study does not have"), 1);
    assert_int_equal(warnings("a fit that sets \"ka\""), 1);
    reads(of("\"from\": \"fit.zarr\"", "\"set\": {\"ka\": 3},"));
    assert_int_equal(warnings("a fit that sets \"ka\""), 0);
}

/* Words that change no number are no other model, nor is how closely a state is held or by what; another initial value is, and
 * what only bears the name of such a word. */
static void test_same_model(void **state)
{
    const char *initial = strstr(study_model, "\"initial\""), *plasma = strstr(study_model, "\"plasma\""), *cl = strstr(study_model, "\"CL\": 60");
    int before = (int)(initial - study_model), outputs = (int)(plasma - study_model), slow = (int)(cl - study_model);
    const struct {
        char *text;
        int warned;
    } other[] = {{km_format("{\"about\": \"x\", \"method\": \"rodas4k\",%s", study_model + 1), 0},
                 {km_format("%.*s\"scale\": 10, %s", before, study_model, initial), 0},
                 {km_format("%.*s\"about\": \"x\", %s", slow, study_model, cl), 0},
                 {km_format("%.*s\"scale\": 10, \"initial\": \"1\"%s", before, study_model, initial + 14), 1},
                 {km_format("%.*s\"method\": \"K\", %s", outputs, study_model, plasma), 1},
                 {km_format("%.*s\"scale\": 2, %s", slow, study_model, cl), 1}};

    (void)state;
    for (size_t k = 0; k < sizeof other / sizeof *other; k++) {
        write_fit(other[k].text, fit_text, columns);
        free(other[k].text);
        reads(of("\"from\": \"fit.zarr\", \"control\": \"heavy\"", ""));
        assert_int_equal(warnings("another state"), other[k].warned);
    }
}

static void refused(const char *block, const char *rest, const char *words)
{
    assert_int_equal(read_text(of(block, rest), NULL, 0), KM_E_INPUT);
    if (strstr(d.message, words) == NULL)
        fail_msg("expected \"%s\" in: %s", words, d.message);
    assert_non_null(strstr(d.message, "study.json:"));
}

static void test_refused(void **state)
{
    const char *good = "\"from\": \"fit.zarr\", \"control\": \"plain\"";

    (void)state;
    refused("", "", "\"from\"");
    refused("\"from\": \"none.zarr\"", "", "there is no ");
    refused("\"from\": \"model.json\"", "", "is not what `ketamap fit` writes");
    refused("\"from\": \"fit.zarr\", \"draws\": 3", "", "unknown key \"draws\"");
    refused("\"from\": \"fit.zarr\", \"n\": 41", "", "the number of draws");
    refused("\"from\": \"fit.zarr\", \"control\": \"light\"", "", "no control \"light\"; it has \"plain\", \"heavy\"");
    refused("\"from\": \"fit.zarr\", \"control\": \"plain\", \"quantiles\": [0.5]", "\"population\": {\"n\": 4, \"of\": {\"V\": {\"cv\": 0.2}}},",
            "the population has its \"quantiles\"");
    refused(good, "\"set\": {\"gain\": 3},", "\"gain\" comes from the draws");
    refused(good, "\"design\": {\"axes\": [{\"name\": \"gain\", \"of\": \"gain\", \"linear\": [1, 2, 3]}]},", "the design varies it too");
}

static void test_refused_draws(void **state)
{
    const char *good = "\"from\": \"fit.zarr\", \"control\": \"plain\"";

    (void)state;
    write_fit("{\"name\": \"two\"}", fit_text, columns);
    refused(good, "", "the draws are of the model \"two\", and this is \"one\"");
    write_fit(study_model, fit_text, (const char *const[]){"CL", "Gain", "weight.plain", "residual", "between_trials"});
    refused(good, "", "the draws are of \"Gain\", which is no parameter of the model");
    write_fit(study_model, fit_text, (const char *const[]){"residual", "between_trials", "weight.plain", "weight.x", "weight.y"});
    refused("\"from\": \"fit.zarr\"", "", "of no parameter of the model");
    write_fit(study_model, "{}", (const char *const[]){"CL", "gain", "V", "ka", "mm"});
    refused(good, "", "the fit has no controls");
    write_fit(study_model, fit_text, columns);
    draw[7][1] = (double)NAN;
    {
        char *path = km_file_join(folder, "fit.zarr/draws/0.0");
        assert_ok(km_file_write(path, draw, sizeof draw, &d), &d);
        refused(good, "", "draw 7 of \"gain\" is no number");
        assert_ok(km_file_write(path, draw, sizeof draw - 8, &d), &d);
        free(path);
    }
    assert_int_equal(read_text(of(good, ""), NULL, 0), KM_E_INPUT);
    assert_non_null(strstr(d.message, "the file is damaged"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_draws_alone, begin, end), cmocka_unit_test_setup_teardown(test_some, begin, end),
        cmocka_unit_test_setup_teardown(test_with_patients, begin, end), cmocka_unit_test_setup_teardown(test_warned, begin, end),
        cmocka_unit_test_setup_teardown(test_same_model, begin, end), cmocka_unit_test_setup_teardown(test_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_refused_draws, begin, end)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
