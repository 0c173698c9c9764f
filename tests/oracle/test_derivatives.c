/* Generated Jacobians, time derivatives of rates and outputs, and linear solves, against central differences: a wrong
 * entry slows an integrator down or costs accuracy, and is seen by nobody. Every shipped study's program (one lane,
 * double; its first half compiled as C, see derivatives.h), and every shipped model as plain C. */
#include "engine_files.h"

#include "base/text.h"
#include "codegen/codegen.h"
#include "model/model.h"

#include <glob.h>
#include <stdio.h>

enum { N_ROWS = 12 };

/* Compiles and runs a program; what it prints goes to the test's output. */
static void compile_and_run(const char *name, const char *text)
{
    char folder[] = "/tmp/ketamap-derivatives-XXXXXX", *source, *program, *command;
    km_diag d;
    int rc;

    km_diag_init(&d);
    assert_non_null(mkdtemp(folder));
    source = km_file_join(folder, "program.c");
    program = km_file_join(folder, "program");
    assert_ok(km_file_write(source, text, strlen(text), &d), &d);
    command = km_format("cc -std=gnu11 -O0 -w -o '%s' '%s' -lm && '%s'", program, source, program);
    print_message("%s: ", name);
    fflush(stdout);
    rc = system(command);
    unlink(source), unlink(program), rmdir(folder);
    free(source), free(program), free(command);
    km_diag_clear(&d);
    assert_int_equal(rc, 0);
}

static void check_program(const km_study *study)
{
    km_source source = {0};
    km_text text = {0};
    double *row;
    char *end;
    size_t n, n_slots;
    km_diag d;

    km_diag_init(&d);
    assert_ok(km_codegen_opencl(study, KM_CODE_ENDPOINTS, false, true, 1, NULL, &source, &d), &d);
    end = strstr(source.text, "/* ==== integrate.cl ==== */");
    assert_non_null(end);
    *end = '\0';
    n = study->n_points < N_ROWS ? (size_t)study->n_points : N_ROWS;
    n_slots = (size_t)study->n_slots;
    row = km_alloc(n * n_slots + 1, sizeof *row);
    km_study_sample(study, n, row);
    km_text_add(&text, "#define KM_BEFORE_PROGRAM\n#include \"%s/tests/oracle/derivatives.h\"\n#undef KM_BEFORE_PROGRAM\n%s\n"
                       "enum { N_ROWS = %d };\n#define HORIZON %.17g\nstatic const double rows[][%d] = {", KM_SOURCE_DIR, source.text,
                (int)n, study->horizon, n_slots ? (int)n_slots : 1);
    for (size_t i = 0; i < n; i++) {
        km_text_add(&text, "{0");
        for (size_t k = 0; k < n_slots; k++)
            km_text_add(&text, "%s%.17g", k ? ", " : " + ", row[i * n_slots + k]);
        km_text_add(&text, "},\n");
    }
    km_text_add(&text, "};\n#include \"%s/tests/oracle/derivatives.h\"\n", KM_SOURCE_DIR);
    compile_and_run(study->path, text.data);
    km_text_clear(&text);
    km_source_clear(&source);
    free(row);
    km_diag_clear(&d);
}

static void check_study(const char *path)
{
    km_study *study = NULL;
    km_diag d;

    km_diag_init(&d);
    assert_ok(km_study_read(path, NULL, 0, &study, &d), &d);
    check_program(study);
    km_study_destroy(study);
    km_diag_clear(&d);
}

static void check_model(const char *path)
{
    km_model *model = NULL;
    char *plain = NULL, *text;
    km_diag d;

    km_diag_init(&d);
    assert_ok(km_model_read(path, &model, &d), &d);
    assert_ok(km_codegen_c(model, &plain, &d), &d);
    text = km_format("#include <stdio.h>\n#include <stdlib.h>\n%s\n#include \"%s/tests/oracle/derivatives.h\"\n", plain, KM_SOURCE_DIR);
    compile_and_run(path, text);
    free(plain), free(text);
    km_model_destroy(model);
    km_diag_clear(&d);
}

static void for_each(const char *pattern, void (*check)(const char *path))
{
    glob_t found = {0};

    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 10);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check(found.gl_pathv[i]);
    globfree(&found);
}

static void test_every_study(void **state)
{
    (void)state;
    for_each(KM_SOURCE_DIR "/configs/studies/*.json", check_study);
}

/* Rates and outputs of time, and every function of the language; no shipped model has them all. */
static void test_every_function(void **state)
{
    static const char model[] =
        "{\"name\": \"driven\", \"parameters\": {\"w\": {\"value\": 0.3}, \"n\": {\"value\": 1.7}},\n"
        " \"states\": {\n"
        "  \"a\": {\"initial\": \"1\", \"rate\": \"sin(w*t)*a - b^3 + exp(-t/10)*tanh(b) + log1p(a*a)\"},\n"
        "  \"b\": {\"initial\": \"0.5\", \"rate\": \"posp(a, n, 1e-9)*cos(t) - sqrt(1 + b*b) + expm1(-c)*min(a, 2*b + t)\"},\n"
        "  \"c\": {\"initial\": \"0.2\", \"rate\": \"if(a > b + c, a*b, t*c) + pow1p(b, n) - log(2 + c)*abs(a - 9) + max(a, c)^n\"},\n"
        "  \"d\": {\"initial\": \"0.1\", \"rate\": \"atan(a*d) + asin(0.1*b) - acos(0.1*c) + tan(0.1*d) + sinh(d)*cosh(a) - log10(3 + b)/t^2\"}},\n"
        " \"outputs\": {\"all\": {\"value\": \"a*b*c*d*exp(-w*t)\"}, \"square\": {\"value\": \"(a - c)^2/(1 + d*d)\"}}}";
    static const char study[] =
        "{\"model\": \"model.json\", \"horizon\": 5, \"design\": {\"axes\": [{\"name\": \"w\", \"of\": \"w\", \"linear\": [0.2, 2, 12]}]},\n"
        " \"endpoints\": [{\"name\": \"x\", \"of\": \"all\", \"kind\": \"max\"}, {\"name\": \"y\", \"of\": \"square\", \"kind\": \"min\"}]}";
    km_study *s = read_study(model, study);

    (void)state;
    check_program(s);
    km_study_destroy(s);
}

static void test_every_model(void **state)
{
    (void)state;
    for_each(KM_SOURCE_DIR "/configs/models/*.json", check_model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_study), cmocka_unit_test(test_every_function), cmocka_unit_test(test_every_model)};

    if (system("cc --version >/dev/null 2>&1") != 0) {
        printf("skipped: cc is missing\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
