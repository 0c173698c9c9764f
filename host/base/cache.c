#include "base/cache.h"

#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* An entry: this word, its key, the SHA-256 of what follows, and a line's end after each. */
static const char word[] = "ketamap cache 1\n";
enum { HEAD = sizeof word - 1 + 65 + 65, STALE_SECONDS = 3600 };

char *km_cache_folder(const char *kind)
{
    const char *ours = getenv("KETAMAP_CACHE"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    if (ours && *ours)
        return strcmp(ours, "off") == 0 ? NULL : km_format("%s/%s", ours, kind);
    if (cache && cache[0] == '/')
        return km_format("%s/ketamap/%s", cache, kind);
    return home && home[0] == '/' ? km_format("%s/.cache/ketamap/%s", home, kind) : NULL;
}

static char *entry_path(const char *kind, const char *key)
{
    char *folder = km_cache_folder(kind), *path = folder ? km_format("%s/%s", folder, key) : NULL;

    free(folder);
    return path;
}

static void write_head(char out[HEAD + 1], const char *key, const void *data, size_t size)
{
    char hash[65];

    km_sha256_hex(data, size, hash);
    snprintf(out, HEAD + 1, "%s%s\n%s\n", word, key, hash);
}

bool km_cache_read(const char *kind, const char key[65], unsigned char **out, size_t *size)
{
    char *path = entry_path(kind, key), *data = NULL, head[HEAD + 1];
    size_t n = 0;
    km_diag quiet;
    bool good;

    *out = NULL;
    *size = 0;
    if (path == NULL)
        return false;
    km_diag_init(&quiet);
    good = km_file_read(path, &data, &n, &quiet) == KM_OK && n > HEAD;
    km_diag_clear(&quiet);
    if (good) {
        write_head(head, key, data + HEAD, n - HEAD);
        good = memcmp(head, data, HEAD) == 0;
    }
    if (good) {
        *size = n - HEAD;
        *out = km_alloc(*size, 1);
        memcpy(*out, data + HEAD, *size);
        (void)utimensat(AT_FDCWD, path, NULL, 0);
    }
    free(data);
    free(path);
    return good;
}

void km_cache_remove(const char *kind, const char key[65])
{
    char *path = entry_path(kind, key);

    if (path)
        (void)unlink(path);
    free(path);
}

/* ---- writing ---- */

typedef struct entry {
    char *path;
    double size;
    struct timespec used;
} entry;

static int by_age(const void *a, const void *b)
{
    const entry *x = a, *y = b;

    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

/* Entries are named by a key; what a killed process had not renamed yet ends in ".tmp-" and six letters. */
static void make_room(const char *folder, double most)
{
    DIR *stream = opendir(folder);
    const struct dirent *name;
    entry *of = NULL;
    size_t n = 0;
    double total = 0.0;

    while (stream && (name = readdir(stream)) != NULL) {
        char *path = km_file_join(folder, name->d_name);
        struct stat facts;
        bool regular = lstat(path, &facts) == 0 && S_ISREG(facts.st_mode);
        if (regular && strstr(name->d_name, ".tmp-") && facts.st_mtim.tv_sec + STALE_SECONDS < time(NULL))
            (void)unlink(path);
        if (regular && strlen(name->d_name) == 64) {
            KM_PUSH(of, n);
            of[n++] = (entry){path, (double)facts.st_size, facts.st_mtim};
            total += (double)facts.st_size;
            path = NULL;
        }
        free(path);
    }
    if (stream)
        closedir(stream);
    if (n > 0)
        qsort(of, n, sizeof *of, by_age);
    for (size_t i = 0; i < n; i++) {
        if (total > most && unlink(of[i].path) == 0)
            total -= of[i].size;
        free(of[i].path);
    }
    free(of);
}

static bool write_all(int file, const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        ssize_t n = write(file, at, size);
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

void km_cache_write(const char *kind, const char key[65], const void *data, size_t size, size_t most)
{
    char *folder = km_cache_folder(kind), *path = NULL, *temporary = NULL, head[HEAD + 1];
    int file = -1;
    km_diag quiet;

    km_diag_init(&quiet);
    if (folder == NULL || size == 0 || size > most || km_file_make_folder(folder, &quiet) != KM_OK)
        goto done;
    path = km_format("%s/%s", folder, key);
    temporary = km_format("%s.tmp-XXXXXX", path);
    file = mkstemp(temporary); /* not km_file_write: several threads of a process may write the same entry */
    if (file < 0)
        goto done;
    write_head(head, key, data, size);
    if (!write_all(file, head, HEAD) || !write_all(file, data, size) || rename(temporary, path) != 0)
        (void)unlink(temporary);
    make_room(folder, (double)most);
done:
    if (file >= 0)
        close(file);
    km_diag_clear(&quiet);
    free(folder), free(path), free(temporary);
}
