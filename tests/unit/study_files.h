/* A small model and ways to read studies of it: every test writes both into a folder of its own. */
#ifndef KM_TESTS_STUDY_FILES_H
#define KM_TESTS_STUDY_FILES_H

#include "cmocka_all.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "study/study.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One compartment, two routes, three variants; amt in mg. */
static const char *const study_model =
    "{\"name\": \"one\", \"time_unit\": \"h\",\n"
    " \"parameters\": {\"CL\": {\"value\": 80, \"unit\": \"L/h\", \"range\": [50, 120]},\n"
    "  \"V\": {\"value\": 100, \"unit\": \"L\"}, \"ka\": {\"value\": 1, \"unit\": \"1/h\"},\n"
    "  \"mm\": {\"value\": 250, \"unit\": \"g/mol\"}, \"weight\": {\"value\": 70, \"unit\": "
    "\"kg\"},\n"
    "  \"gain\": {\"value\": 2}},\n"
    " \"states\": {\"G\": {\"initial\": \"0\", \"rate\": \"-ka*G\", \"unit\": \"umol\"},\n"
    "  \"K\": {\"initial\": \"0\", \"rate\": \"ka*G - CL/V*K\", \"unit\": \"umol\"}},\n"
    " \"outputs\": {\"plasma\": {\"value\": \"K/V*mm\", \"unit\": \"ng/mL\"},\n"
    "  \"effect\": {\"value\": \"gain*K/(K + gain*K)\", \"unit\": \"-\"}},\n"
    " \"routes\": {\"iv\": [{\"into\": \"K\"}], \"oral\": [{\"into\": \"G\", \"fraction\": "
    "\"0.2\"}]},\n"
    " \"dose\": {\"amount\": \"amt/mm\", \"unit\": \"umol\", \"weight\": \"weight\"},\n"
    " \"variants\": {\"slow\": {\"CL\": 60}, \"fast\": {\"CL\": 100, \"V\": 90}, \"wild\": "
    "{\"CL\": 200}}}\n";

/* No states, one route less: for what depends on the model. */
static const char *const point_model =
    "{\"name\": \"point\", \"parameters\": {\"a\": {\"value\": 1}, \"b\": {\"value\": 2}},\n"
    " \"outputs\": {\"y\": \"a + b\"}}\n";

/* One route and no weight; amt in umol. */
static const char *const plain_model =
    "{\"name\": \"plain\", \"time_unit\": \"d\", \"method\": \"tsit5\", \"parameters\": {\"k\": {\"value\": 1, \"unit\": "
    "\"1/d\"}},\n"
    " \"states\": {\"X\": {\"initial\": \"0\", \"rate\": \"-k*X\", \"unit\": \"umol\"}},\n"
    " \"outputs\": {\"X\": {\"value\": \"X\", \"unit\": \"umol\"}},\n"
    " \"routes\": {\"iv\": [{\"into\": \"X\"}]}, \"dose\": {\"amount\": \"amt\", \"unit\": "
    "\"umol\"}}\n";

static const char *const one_endpoint =
    "\"endpoints\": [{\"name\": \"top\", \"of\": \"plasma\", \"kind\": \"max\"}]";

static km_diag d;
static km_study *study;
static char folder[64], *study_path;

static inline void write_text(const char *name, const char *text)
{
    char *path = km_file_join(folder, name);

    assert_ok(km_file_write(path, text, strlen(text), &d), &d);
    free(path);
}

static inline int setup(void **state)
{
    (void)state;
    km_diag_init(&d);
    study = NULL;
    (void)snprintf(folder, sizeof folder, "/tmp/ketamap-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    study_path = km_file_join(folder, "study.json");
    write_text("model.json", study_model);
    write_text("point.json", point_model);
    write_text("plain.json", plain_model);
    return 0;
}

static inline int teardown(void **state)
{
    static const char *const name[] = {"model.json", "point.json", "plain.json", "study.json"};

    (void)state;
    for (int i = 0; i < 4; i++) {
        char *path = km_file_join(folder, name[i]);
        (void)unlink(path);
        free(path);
    }
    (void)rmdir(folder);
    free(study_path);
    km_study_destroy(study);
    km_diag_clear(&d);
    return 0;
}

static inline km_status read_text(const char *text, const char *const *set, int n_set)
{
    km_study_destroy(study);
    study = (km_study *)&d; /* must be set by the call */
    km_diag_clear(&d);
    write_text("study.json", text);
    return km_study_read(study_path, set, n_set, &study, &d);
}

/* Reads a study that is right. */
static inline const km_study *reads(const char *text)
{
    assert_ok(read_text(text, NULL, 0), &d);
    return study;
}

static inline const km_study *reads_set(const char *text, const char *set)
{
    assert_ok(read_text(text, &set, 1), &d);
    return study;
}

/* The message without the folder's path in front. */
static inline const char *message(void)
{
    size_t n = strlen(folder);

    return strncmp(d.message, folder, n) == 0 ? d.message + n + 1 : d.message;
}

/* Reads a study that is wrong: the message is exactly this. */
static inline void refuses(const char *text, const char *expected)
{
    assert_int_equal(read_text(text, NULL, 0), KM_E_INPUT);
    assert_null(study);
    assert_string_equal(message(), expected);
}

static inline void refuses_set(const char *text, const char *set, const char *expected)
{
    assert_int_equal(read_text(text, &set, 1), KM_E_INPUT);
    assert_null(study);
    assert_string_equal(message(), expected);
}

/* How many warnings contain `part`. */
static inline int warnings(const char *part)
{
    int n = 0;

    for (size_t i = 0; i < d.n_warnings; i++)
        n += strstr(d.warning[i], part) != NULL;
    return n;
}

/* A study of the model, with `rest` after the first two lines. The result lives until the next
 * call. */
static inline const char *with(const char *rest)
{
    static char text[8192];

    (void)snprintf(text, sizeof text, "{\"model\": \"model.json\", \"horizon\": \"48 h\"%s\n%s}\n",
                   rest[0] != '\0' ? "," : "", rest);
    return text;
}

/* The same with one intravenous record whose other fields are `fields`. */
static inline const char *with_record(const char *fields)
{
    static char text[8192];

    (void)snprintf(text, sizeof text,
                   "{\"model\": \"model.json\", \"horizon\": \"48 h\",\n\"regimen\": [{\"route\": "
                   "\"iv\"%s%s}],\n"
                   "\"endpoints\": [{\"name\": \"top\", \"of\": \"plasma\", \"kind\": \"max\"}]}\n",
                   fields[0] != '\0' ? ", " : "", fields);
    return text;
}

/* The same with one record of 50 mg and one axis. */
static inline const char *with_axis(const char *axis)
{
    static char text[8192];

    (void)snprintf(
        text, sizeof text,
        "{\"model\": \"model.json\", \"horizon\": \"48 h\", \"regimen\": [{\"id\": \"load\", "
        "\"route\": \"iv\", \"amt\": \"50 mg\"}],\n"
        "\"design\": {\"axes\": [%s]},\n%s}\n",
        axis, one_endpoint);
    return text;
}

/* The same with one endpoint. */
static inline const char *with_endpoint(const char *endpoint)
{
    static char text[8192];

    (void)snprintf(text, sizeof text,
                   "{\"model\": \"model.json\", \"horizon\": \"48 h\",\n\"endpoints\": [%s]}\n",
                   endpoint);
    return text;
}

#endif
