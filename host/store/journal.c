#include "store/journal.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

uint32_t km_journal_crc(const void *data, size_t n) { return (uint32_t)crc32(0L, data, (uInt)n); }

static void remember(km_journal *j, const km_journal_line *line)
{
    KM_PUSH(j->line, j->n);
    j->line[j->n] = *line;
    j->line[j->n++].path = km_strdup(line->path);
}

static void read_lines(km_journal *j, char *text)
{
    for (char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        char path[512];
        km_journal_line line = {.path = path};
        *end = '\0';
        if (sscanf(at, "%511[^\t]\t%" SCNu64 "\t%" SCNx32, path, &line.bytes, &line.crc) == 3)
            remember(j, &line);
    }
}

km_status km_journal_open(const char *path, km_journal *j, km_diag *d)
{
    char *text = NULL;
    size_t size = 0;
    km_status st = KM_OK;

    memset(j, 0, sizeof *j);
    j->file = -1;
    j->path = km_strdup(path);
    if (km_file_exists(path)) {
        KM_TRY(km_file_read(path, &text, &size, d));
        read_lines(j, text);
    }
    j->file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (j->file < 0)
        KM_FAIL(d, KM_E_IO, "cannot write %s: %s", path, strerror(errno));
    if (size > 0 && text[size - 1] != '\n' && strlen(text) > 0)
        (void)!write(j->file, "\n", 1); /* end a torn line */
done:
    free(text);
    return st;
}

void km_journal_close(km_journal *j)
{
    if (j->file >= 0)
        close(j->file);
    for (size_t i = 0; i < j->n; i++)
        free(j->line[i].path);
    free(j->line);
    free(j->path);
    memset(j, 0, sizeof *j);
    j->file = -1;
}

km_status km_journal_append(km_journal *j, const km_journal_line *line, size_t n, km_diag *d)
{
    km_text text = {0};
    ssize_t written;
    km_status st = KM_OK;

    for (size_t i = 0; i < n; i++)
        km_text_add(&text, "%s\t%" PRIu64 "\t%08" PRIx32 "\n", line[i].path, line[i].bytes, line[i].crc);
    written = write(j->file, text.data, text.size);
    if (written >= 0 && written < (ssize_t)text.size)
        errno = ENOSPC; /* the next open ends the torn line */
    if (written < (ssize_t)text.size || fsync(j->file) != 0)
        KM_FAIL(d, KM_E_IO, "cannot write \"%s\": %s", j->path, strerror(errno));
    for (size_t i = 0; i < n; i++)
        remember(j, &line[i]);
done:
    km_text_clear(&text);
    return st;
}

/* By path, then by age: lines of one array are in the order they were written. */
static int by_path(const void *a, const void *b)
{
    const km_journal_line *x = *(const km_journal_line *const *)a, *y = *(const km_journal_line *const *)b;
    int order = strcmp(x->path, y->path);

    return order ? order : (x > y) - (x < y);
}

const km_journal_line **km_journal_sorted(const km_journal *j, size_t *n)
{
    const km_journal_line **sorted = km_alloc(j->n + 1, sizeof *sorted);

    for (size_t i = 0; i < j->n; i++)
        sorted[i] = &j->line[i];
    qsort(sorted, j->n, sizeof *sorted, by_path);
    *n = 0;
    for (size_t i = 0; i < j->n; i++)
        if (i + 1 == j->n || strcmp(sorted[i]->path, sorted[i + 1]->path) != 0) /* a chunk written again: one line */
            sorted[(*n)++] = sorted[i];
    return sorted;
}

const km_journal_line *km_journal_find(const km_journal_line *const *sorted, size_t n, const char *path)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(sorted[middle]->path, path);
        if (order == 0)
            return sorted[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool km_journal_verify(const char *folder, const km_journal_line *line)
{
    char *path = km_file_join(folder, line->path), *data = NULL;
    size_t size = 0;
    km_diag quiet;
    bool good;

    km_diag_init(&quiet);
    good = km_file_read(path, &data, &size, &quiet) == KM_OK && size == line->bytes && km_journal_crc(data, size) == line->crc;
    km_diag_clear(&quiet);
    free(data);
    free(path);
    return good;
}

char *km_journal_manifest(const km_journal *j)
{
    size_t n;
    const km_journal_line **sorted = km_journal_sorted(j, &n);
    km_text text = {0};

    km_text_add(&text, "path\tbytes\tcrc32\n");
    for (size_t i = 0; i < n; i++)
        km_text_add(&text, "%s\t%" PRIu64 "\t%08" PRIx32 "\n", sorted[i]->path, sorted[i]->bytes, sorted[i]->crc);
    free(sorted);
    return km_text_take(&text);
}
