#include "store/evaluation_log.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char mark[] = "ketamap evaluations 1\n";

typedef struct head {
    uint64_t n;
    uint32_t asked, sum; /* sum: of the numbers */
} head;

/* The record at `at`; false if there is none or it is torn. */
static bool look(const km_evaluation_log *l, size_t at, head *h)
{
    if (l->size - at < sizeof *h)
        return false;
    memcpy(h, l->text + at, sizeof *h);
    if (h->n > (l->size - at - sizeof *h) / sizeof(double))
        return false;
    return km_journal_crc(l->text + at + sizeof *h, (size_t)h->n * sizeof(double)) == h->sum;
}

static km_status write_all(km_evaluation_log *l, const char *bytes, size_t n, km_diag *d)
{
    while (n > 0) {
        ssize_t k = write(l->file, bytes, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return km_diag_fail(d, KM_E_IO, "cannot write %s: %s", l->path, strerror(errno));
        bytes += k;
        n -= (size_t)k;
    }
    return KM_OK;
}

static km_status begin(km_evaluation_log *l, const char *name, km_diag *d)
{
    char *line = km_format("%s%s\n", mark, name);
    km_status st = write_all(l, line, strlen(line), d);

    free(line);
    return st;
}

/* Reads the head line and finds where whole records end. */
static km_status check(km_evaluation_log *l, const char *name, uint64_t *there, km_diag *d)
{
    size_t words = strlen(mark) + strlen(name) + 1, end;
    head h;

    if (l->size < words || memcmp(l->text, mark, strlen(mark)) != 0 || memcmp(l->text + strlen(mark), name, strlen(name)) != 0 ||
        l->text[words - 1] != '\n')
        return km_diag_fail(d, KM_E_INPUT, "%s is of another fit: its files, settings or version differ; --force begins anew", l->path);
    l->at = words;
    for (end = words; look(l, end, &h); end += sizeof h + (size_t)h.n * sizeof(double))
        *there += h.n;
    l->size = end;
    if (ftruncate(l->file, (off_t)end) != 0 || lseek(l->file, 0, SEEK_END) < 0)
        return km_diag_fail(d, KM_E_IO, "cannot write %s: %s", l->path, strerror(errno));
    return KM_OK;
}

km_status km_evaluation_log_open(const char *path, const char *name, km_evaluation_log *l, uint64_t *there, km_diag *d)
{
    bool had = km_file_exists(path);
    km_status st = KM_OK;

    *there = 0;
    *l = (km_evaluation_log){.path = km_strdup(path), .file = -1};
    if (had)
        KM_TRY(km_file_read(path, &l->text, &l->size, d));
    l->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (l->file < 0)
        KM_FAIL(d, KM_E_IO, "cannot write %s: %s", path, strerror(errno));
    st = l->size > 0 ? check(l, name, there, d) : begin(l, name, d);
done:
    return st;
}

void km_evaluation_log_close(km_evaluation_log *l)
{
    if (l->path && l->file >= 0)
        close(l->file);
    free(l->path), free(l->text);
    *l = (km_evaluation_log){.file = -1};
}

km_status km_evaluation_log_take(km_evaluation_log *l, const void *asked, size_t bytes, size_t n, double *out, bool *had, km_diag *d)
{
    head h;

    *had = l->at < l->size && look(l, l->at, &h);
    if (!*had)
        return KM_OK;
    if (h.n != n || h.asked != km_journal_crc(asked, bytes))
        return km_diag_fail(d, KM_E_BUG, "%s has other candidates than the same fit has now; please report it (--force begins anew)", l->path);
    memcpy(out, l->text + l->at + sizeof h, n * sizeof *out);
    l->at += sizeof h + n * sizeof *out;
    l->replayed += n;
    return KM_OK;
}

km_status km_evaluation_log_add(km_evaluation_log *l, const void *asked, size_t bytes, size_t n, const double *value, km_diag *d)
{
    head h = {n, km_journal_crc(asked, bytes), km_journal_crc(value, n * sizeof *value)};
    km_text text = {0};
    km_status st;

    km_text_add_bytes(&text, (const char *)&h, sizeof h);
    km_text_add_bytes(&text, (const char *)value, n * sizeof *value);
    st = write_all(l, text.data, text.size, d);
    km_text_clear(&text);
    return st;
}
