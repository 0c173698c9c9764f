/* Reading does not ask for the size first, so that pipes work. */
#include "base/file.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

km_status km_file_read(const char *path, char **out, size_t *size, km_diag *d)
{
    km_status st = KM_OK;
    FILE *stream = NULL;
    char *data = NULL;
    size_t n = 0, capacity = 0;

    *out = NULL;
    stream = fopen(path, "rb");
    if (stream == NULL)
        KM_FAIL(d, KM_E_IO, "cannot read \"%s\": %s", path, strerror(errno));
    for (;;) {
        size_t got;

        if (capacity - n < 2) {
            char *larger = NULL;

            if (capacity <= SIZE_MAX / 2)
                larger = realloc(data, capacity > 0 ? 2 * capacity : 16384);
            if (larger == NULL)
                KM_FAIL(d, KM_E_IO, "cannot read \"%s\": not enough memory", path);
            data = larger;
            capacity = capacity > 0 ? 2 * capacity : 16384;
        }
        got = fread(data + n, 1, capacity - n - 1, stream);
        n += got;
        if (got == 0)
            break;
    }
    if (ferror(stream))
        KM_FAIL(d, KM_E_IO, "cannot read \"%s\": %s", path, strerror(errno));
    data[n] = '\0';
    *out = data;
    data = NULL; /* handed over */
    if (size != NULL)
        *size = n;

done:
    free(data);
    if (stream != NULL)
        (void)fclose(stream);
    return st;
}

static bool write_all(int handle, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t put = write(handle, bytes, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes += put;
        n -= (size_t)put;
    }
    return true;
}

/* A rename is on disk once its folder is. Some file systems cannot sync a folder: that is not an
 * error. */
static void sync_folder(const char *path)
{
    char *folder = km_file_folder(path);
    int handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (handle >= 0) {
        (void)fsync(handle);
        (void)close(handle);
    }
    free(folder);
}

/* A device, a pipe or a link is written to: renaming a file onto it would replace it. */
static km_status write_in_place(const char *path, const void *data, size_t size, km_diag *d)
{
    int handle = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), error = 0;

    if (handle < 0)
        return km_diag_fail(d, KM_E_IO, "cannot write \"%s\": %s", path, strerror(errno));
    if (!write_all(handle, data, size))
        error = errno;
    if (close(handle) != 0 && error == 0)
        error = errno;
    return error == 0 ? KM_OK : km_diag_fail(d, KM_E_IO, "cannot write \"%s\": %s", path, strerror(error));
}

km_status km_file_write(const char *path, const void *data, size_t size, km_diag *d)
{
    km_status st = KM_OK;
    struct stat facts;
    char *temporary = km_format("%s.tmp-%ld", path, (long)getpid());
    bool made = false;
    int handle, error;

    if (lstat(path, &facts) == 0 && !S_ISREG(facts.st_mode)) {
        st = write_in_place(path, data, size, d);
        goto done;
    }
    handle = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (handle < 0)
        KM_FAIL(d, KM_E_IO, "cannot write \"%s\": %s", path, strerror(errno));
    made = true;
    error = write_all(handle, data, size) && fsync(handle) == 0 ? 0 : errno;
    if (close(handle) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(temporary, path) != 0)
        error = errno;
    if (error != 0)
        KM_FAIL(d, KM_E_IO, "cannot write \"%s\": %s", path, strerror(error));
    made = false;
    sync_folder(path);

done:
    if (made)
        (void)unlink(temporary);
    free(temporary);
    return st;
}

bool km_file_exists(const char *path)
{
    struct stat facts;

    return lstat(path, &facts) == 0;
}

bool km_file_is_folder(const char *path)
{
    struct stat facts;

    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

km_status km_file_make_folder(const char *path, km_diag *d)
{
    km_status st = KM_OK;
    char *part = km_strdup(path);
    size_t i, n = strlen(part);

    for (i = 1; i <= n; i++) {
        int error;

        if ((part[i] != '/' && part[i] != '\0') || part[i - 1] == '/')
            continue;
        part[i] = '\0';
        error = mkdir(part, 0777) == 0 ? 0 : errno;
        if (error != 0 && !km_file_is_folder(part)) {
            if (error == EEXIST)
                KM_FAIL(d, KM_E_IO, "cannot make the folder \"%s\": \"%s\" is a file", path, part);
            KM_FAIL(d, KM_E_IO, "cannot make the folder \"%s\": %s", part, strerror(error));
        }
        part[i] = path[i];
    }

done:
    free(part);
    return st;
}

km_status km_file_probe_folder(const char *path, km_diag *d)
{
    char *at = km_strdup(*path ? path : "."), *file = NULL;
    struct stat facts;
    km_status st = KM_OK;
    int handle;

    while (!km_file_is_folder(at)) {
        char *above;

        if (lstat(at, &facts) == 0)
            KM_FAIL(d, KM_E_IO, "cannot make the folder \"%s\": \"%s\" is a file", path, at);
        if (errno != ENOENT && errno != ENOTDIR)
            KM_FAIL(d, KM_E_IO, "cannot make the folder \"%s\": %s", path, strerror(errno));
        above = km_file_folder(at);
        free(at);
        at = above;
    }
    file = km_format("%s/.ketamap.tmp-%ld", at, (long)getpid());
    handle = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); /* access() does not know of all that can be wrong */
    if (handle < 0 && strcmp(at, path) != 0 && *path)
        KM_FAIL(d, KM_E_IO, "cannot make the folder \"%s\" in \"%s\": %s", path, at, strerror(errno));
    if (handle < 0)
        KM_FAIL(d, KM_E_IO, "cannot write into the folder \"%s\": %s", at, strerror(errno));
    (void)close(handle);
    (void)unlink(file);

done:
    free(at);
    free(file);
    return st;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    (void)s, (void)kind, (void)where;
    return remove(path);
}

km_status km_file_remove_all(const char *path, km_diag *d)
{
    if (km_file_exists(path) && nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        return km_diag_fail(d, KM_E_IO, "cannot remove %s: %s", path, strerror(errno));
    return KM_OK;
}

char *km_file_folder(const char *path)
{
    size_t n = strlen(path);
    char *folder;

    while (n > 0 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n == 0)
        return km_strdup(path[0] == '/' ? "/" : ".");
    while (n > 1 && path[n - 1] == '/')
        n--;
    folder = km_strdup(path);
    folder[n] = '\0';
    return folder;
}

char *km_file_join(const char *folder, const char *name)
{
    size_t n = strlen(folder);

    if (name[0] == '/' || n == 0 || strcmp(folder, ".") == 0)
        return km_strdup(name);
    return km_format(folder[n - 1] == '/' ? "%s%s" : "%s/%s", folder, name);
}

char *km_file_resolve(const char *file, const char *path)
{
    char *folder = km_file_folder(file);
    char *resolved = km_file_join(folder, path);

    free(folder);
    return resolved;
}
