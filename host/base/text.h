/* Growing text, and the nearest word to a misspelt one. */
#ifndef KM_BASE_TEXT_H
#define KM_BASE_TEXT_H

#include <stddef.h>

typedef struct km_text {
    char *data; /* always terminated once anything was added; NULL when empty */
    size_t size, capacity;
} km_text;

void km_text_clear(km_text *t);
void km_text_add(km_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void km_text_add_bytes(km_text *t, const char *bytes, size_t n);
/* A tab and a number of so many digits (17 read back as it was), for tables; NaN, without a sign, where it is none. */
void km_text_add_cell(km_text *t, double value, int digits);
/* Hands the string over (never NULL); the text is empty afterwards. */
char *km_text_take(km_text *t);

/* Length of a text without an ending, where it has it and is more than that. */
size_t km_text_length_without(const char *text, const char *ending);

/* The word of `words` (n of them, NULL entries skipped) closest to `word` by edit distance, if close
 * enough to be a likely misspelling; else NULL. Borrowed. */
const char *km_text_nearest(const char *word, const char *const *words, size_t n);

/* strtod with a decimal point whatever the locale. *end (may be NULL): the first byte not read; equal to
 * `text` if there is no number. Accepts what strtod accepts ("inf", "0x1"): callers check the form. */
double km_text_number(const char *text, const char **end);

#endif
