/* The lexical half of strict JSON (RFC 8259): words, strings and numbers of one text, with
 * positions. Blanks, quotes and brackets are the caller's. On success `at` stands behind what was
 * read; on failure the message names the place. */
#ifndef KM_BASE_JSON_SCANNER_H
#define KM_BASE_JSON_SCANNER_H

#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct km_scanner {
    const char *name; /* of the file, for messages */
    const char *at;   /* the next byte of a terminated text */
    const char *line_start;
    size_t line; /* from 1 */
    km_diag *d;
} km_scanner;

/* Column of `at`, in bytes, from 1. */
size_t km_scan_column(const km_scanner *s);
/* "NAME:LINE:COLUMN: not valid JSON: expected EXPECTED, got what stands at `at`"; KM_E_INPUT. */
km_status km_scan_fail(const km_scanner *s, const char *expected);

void km_scan_blanks(km_scanner *s);
/* `at` is at the opening quote. Refuses control characters, \u0000, unpaired surrogates, bad UTF-8.
 */
km_status km_scan_string(km_scanner *s);
/* Refuses what does not fit a double: infinity, and 0 for a number that is not 0. `place` (may be
 * NULL) is the node that a message about the value points to. */
km_status km_scan_number(km_scanner *s, const km_json *place, double *out);
km_status km_scan_word(km_scanner *s, const char *word);

#endif
