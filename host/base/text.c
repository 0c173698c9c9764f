/* Capacity doubles; the distance is Damerau's restricted one (a swap of neighbours counts once),
 * because swapped letters are the commonest slip. */
#include "base/text.h"

#include "base/memory.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_WORD = 63 };

void km_text_clear(km_text *t)
{
    free(t->data);
    memset(t, 0, sizeof *t);
}

static void reserve(km_text *t, size_t more)
{
    size_t needed = t->size + more + 1;

    if (needed <= t->capacity)
        return;
    t->capacity = needed > 2 * t->capacity ? needed : 2 * t->capacity;
    if (t->capacity < 64)
        t->capacity = 64;
    t->data = km_realloc(t->data, t->capacity, 1);
    t->data[t->size] = '\0';
}

void km_text_add(km_text *t, const char *format, ...)
{
    va_list arguments;
    int n;

    reserve(t, 0);
    va_start(arguments, format);
    n = vsnprintf(t->data + t->size, t->capacity - t->size, format, arguments);
    va_end(arguments);
    if (n < 0) {
        t->data[t->size] = '\0';
        return;
    }
    if ((size_t)n >= t->capacity - t->size) {
        reserve(t, (size_t)n);
        va_start(arguments, format);
        (void)vsnprintf(t->data + t->size, t->capacity - t->size, format, arguments);
        va_end(arguments);
    }
    t->size += (size_t)n;
}

void km_text_add_bytes(km_text *t, const char *bytes, size_t n)
{
    reserve(t, n);
    if (n > 0)
        memcpy(t->data + t->size, bytes, n);
    t->size += n;
    t->data[t->size] = '\0';
}

void km_text_add_cell(km_text *t, double value, int digits)
{
    if (isnan(value))
        km_text_add(t, "\tNaN");
    else
        km_text_add(t, "\t%.*g", digits, value);
}

char *km_text_take(km_text *t)
{
    char *data;

    reserve(t, 0);
    data = t->data;
    memset(t, 0, sizeof *t);
    return data;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance of two words of at most LONGEST_WORD bytes, letter case counting for nothing. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t row[3][LONGEST_WORD + 1];
    size_t i, j;

    for (j = 0; j <= m; j++)
        row[0][j] = j;
    for (i = 1; i <= n; i++) {
        size_t *here = row[i % 3];
        const size_t *above = row[(i + 2) % 3];
        const size_t *second = row[(i + 1) % 3];

        here[0] = i;
        for (j = 1; j <= m; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);

            here[j] = above[j - 1] + (x != y);
            here[j] = smaller(here[j], smaller(above[j], here[j - 1]) + 1);
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]))
                here[j] = smaller(here[j], second[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

size_t km_text_length_without(const char *text, const char *ending)
{
    size_t n = strlen(text), k = strlen(ending);

    return n > k && strcmp(text + n - k, ending) == 0 ? n - k : n;
}

const char *km_text_nearest(const char *word, const char *const *words, size_t n)
{
    const char *nearest = NULL;
    size_t length = strlen(word), best, i;

    if (length == 0 || length > LONGEST_WORD)
        return NULL;
    best = 1 + (length + 1) / 3; /* further away it is another word */
    for (i = 0; i < n; i++) {
        size_t other = words[i] != NULL ? strlen(words[i]) : 0, away;

        if (other == 0 || other > LONGEST_WORD)
            continue;
        away = distance(word, length, words[i], other);
        if (away < best && away < (length > other ? length : other)) {
            best = away;
            nearest = words[i];
        }
    }
    return nearest;
}

double km_text_number(const char *text, const char **end)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = plain != (locale_t)0 ? uselocale(plain) : (locale_t)0;
    char *stop = NULL;
    double number = strtod(text, &stop);

    if (plain != (locale_t)0) {
        (void)uselocale(before);
        freelocale(plain);
    }
    if (end != NULL)
        *end = stop;
    return number;
}
