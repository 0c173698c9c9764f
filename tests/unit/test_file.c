/* Paths and files, and what the messages say when the world does not cooperate. */
#include "cmocka_all.h"

#include "base/file.h"
#include "base/memory.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static km_diag d;
static char folder[] = "test_file.XXXXXX";

static int setup(void **state)
{
    (void)state;
    km_diag_init(&d);
    return mkdtemp(folder) != NULL ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void is(char *text, const char *expected)
{
    assert_string_equal(text, expected);
    free(text);
}

static void test_paths(void **state)
{
    (void)state;
    is(km_file_folder("a/b.json"), "a");
    is(km_file_folder("a//b/"), "a");
    is(km_file_folder("b.json"), ".");
    is(km_file_folder("/b"), "/");
    is(km_file_folder("/"), "/");
    is(km_file_folder(""), ".");
    is(km_file_join("a", "b"), "a/b");
    is(km_file_join("a/", "b"), "a/b");
    is(km_file_join("/", "b"), "/b");
    is(km_file_join("a", "/b"), "/b");
    is(km_file_join(".", "b"), "b");
    is(km_file_resolve("configs/studies/q.json", "../models/k.json"),
       "configs/studies/../models/k.json");
    is(km_file_resolve("q.json", "k.json"), "k.json");
    is(km_file_resolve("a/q.json", "/k.json"), "/k.json");
}

static void test_write_and_read(void **state)
{
    char *path = km_file_join(folder, "x"), *data = NULL;
    size_t size = 0, i;
    char large[100000];

    (void)state;
    for (i = 0; i < sizeof large; i++)
        large[i] = (char)(i * 7);
    assert_ok(km_file_write(path, "old", 3, &d), &d);
    assert_ok(km_file_write(path, large, sizeof large, &d), &d);
    assert_ok(km_file_read(path, &data, &size, &d), &d);
    assert_int_equal(size, sizeof large);
    assert_memory_equal(data, large, sizeof large);
    assert_int_equal(data[size], '\0');
    free(data);
    assert_ok(km_file_write(path, "", 0, &d), &d);
    assert_ok(km_file_read(path, &data, NULL, &d), &d);
    is(data, "");
    assert_true(km_file_exists(path));
    assert_false(km_file_is_folder(path));
    assert_int_equal(unlink(path), 0);
    assert_false(km_file_exists(path));
    free(path);
}

static void test_failures(void **state)
{
    char *data = NULL;

    (void)state;
    assert_int_equal(km_file_read("no/such/file", &data, NULL, &d), KM_E_IO);
    assert_null(data);
    assert_string_equal(d.message, "cannot read \"no/such/file\": No such file or directory");
    assert_int_equal(km_file_read(".", &data, NULL, &d), KM_E_IO);
    assert_string_equal(d.message, "cannot read \".\": Is a directory");
    assert_int_equal(km_file_write("no/such/file", "", 0, &d), KM_E_IO);
    assert_string_equal(d.message, "cannot write \"no/such/file\": No such file or directory");
    assert_int_equal(km_file_write(folder, "", 0, &d),
                     KM_E_IO); /* the rename fails; nothing stays behind */
    is(km_format("cannot write \"%s\": Is a directory", folder), d.message);
}

static void test_make_folder(void **state)
{
    char *deep = km_format("%s/a//b/c", folder), *file = km_file_join(folder, "a/file");
    char *under = km_file_join(file, "x/y"), *expected;
    static const char *const parts[] = {"a/b/c", "a/b", "a"};
    size_t i;

    (void)state;
    assert_ok(km_file_make_folder(deep, &d), &d);
    assert_ok(km_file_make_folder(deep, &d), &d);
    assert_ok(km_file_make_folder("", &d), &d);
    assert_ok(km_file_make_folder("/", &d), &d);
    assert_true(km_file_is_folder(deep));
    assert_ok(km_file_write(file, "", 0, &d), &d);
    assert_int_equal(km_file_make_folder(under, &d), KM_E_IO);
    expected = km_format("cannot make the folder \"%s\": \"%s\" is a file", under, file);
    is(expected, d.message);
    assert_int_equal(unlink(file), 0);
    for (i = 0; i < 3; i++) {
        char *part = km_file_join(folder, parts[i]);

        assert_int_equal(rmdir(part), 0);
        free(part);
    }
    free(deep);
    free(file);
    free(under);
}

/* Says what making the folder, or a file in it, would; makes nothing. */
static void test_probe_folder(void **state)
{
    char *deep = km_format("%s/a/b", folder), *file = km_file_join(folder, "file"), *under = km_file_join(file, "x/y");

    (void)state;
    assert_ok(km_file_probe_folder(deep, &d), &d);
    assert_ok(km_file_probe_folder(folder, &d), &d);
    assert_ok(km_file_probe_folder("", &d), &d);
    assert_false(km_file_is_folder(deep));
    assert_int_equal(km_file_probe_folder("/proc/no/such", &d), KM_E_IO); /* also not root's to write */
    assert_string_equal(d.message, "cannot make the folder \"/proc/no/such\" in \"/proc\": No such file or directory");
    assert_int_equal(km_file_probe_folder("/proc", &d), KM_E_IO);
    assert_string_equal(d.message, "cannot write into the folder \"/proc\": No such file or directory");
    assert_ok(km_file_write(file, "", 0, &d), &d);
    assert_int_equal(km_file_probe_folder(under, &d), KM_E_IO);
    is(km_format("cannot make the folder \"%s\": \"%s\" is a file", under, file), d.message);
    assert_int_equal(unlink(file), 0); /* the folder's teardown fails where something is left */
    free(deep);
    free(file);
    free(under);
}

/* A link stays a link, a pipe a pipe: what they lead to is written. */
static void test_links_and_devices_are_written_through(void **state)
{
    char *target, *link_path, *text = NULL;
    struct stat facts;

    (void)state;
    target = km_file_join(folder, "target");
    link_path = km_file_join(folder, "link");
    assert_ok(km_file_write(target, "old text", 8, &d), &d);
    assert_int_equal(symlink("target", link_path), 0);
    assert_ok(km_file_write(link_path, "new", 3, &d), &d);
    assert_int_equal(lstat(link_path, &facts), 0);
    assert_true(S_ISLNK(facts.st_mode));
    assert_ok(km_file_read(target, &text, NULL, &d), &d);
    assert_string_equal(text, "new");
    assert_ok(km_file_write("/dev/null", "gone", 4, &d), &d);
    assert_int_equal(lstat("/dev/null", &facts), 0);
    assert_true(S_ISCHR(facts.st_mode));
    unlink(link_path), unlink(target);
    free(text), free(target), free(link_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links_and_devices_are_written_through),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_make_folder),
        cmocka_unit_test(test_probe_folder),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
