/* Which chunks are on disk: a line a file, appended while running, sorted into the manifest at the end.
 *
 * A line: path, bytes, CRC-32 of the file, tab-separated. A torn last line (a kill) is not believed. */
#ifndef KM_STORE_JOURNAL_H
#define KM_STORE_JOURNAL_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct km_journal_line {
    char *path;
    uint64_t bytes;
    uint32_t crc;
} km_journal_line;

typedef struct km_journal {
    km_journal_line *line;
    size_t n;
    int file; /* open for appending, or -1 */
    char *path;
} km_journal;

/* Reads what there is and opens for appending. */
km_status km_journal_open(const char *path, km_journal *out, km_diag *d);
void km_journal_close(km_journal *journal);

/* Writes the lines of one chunk in one piece, and syncs. Not thread-safe. */
km_status km_journal_append(km_journal *journal, const km_journal_line *line, size_t n, km_diag *d);
/* The latest line of each path, sorted by path; *n of them, borrowed by a list the caller frees. */
const km_journal_line **km_journal_sorted(const km_journal *journal, size_t *n);
/* In such a list; NULL if absent. */
const km_journal_line *km_journal_find(const km_journal_line *const *sorted, size_t n, const char *path);

/* True if FOLDER/path has the size and checksum the journal says. */
bool km_journal_verify(const char *folder, const km_journal_line *line);

/* The sorted lines as the text of manifest.tsv; caller frees. */
char *km_journal_manifest(const km_journal *journal);

uint32_t km_journal_crc(const void *data, size_t n);

#endif
