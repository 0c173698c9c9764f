/* The sentence is formatted beside the message and copied afterwards, so that the old message may
 * be one of the arguments. */
#include "base/diag.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void km_diag_init(km_diag *d)
{
    memset(d, 0, sizeof *d);
}

void km_diag_clear(km_diag *d)
{
    size_t i;

    for (i = 0; i < d->n_warnings; i++)
        free(d->warning[i]);
    free(d->warning);
    km_diag_init(d);
}

/* A sentence that is too long ends in "..." at the end of a UTF-8 character. */
static void store(km_diag *d, const char *text, size_t n)
{
    size_t room = sizeof d->message - 1;

    if (n > room) {
        room -= 3;
        while (room > 0 && ((unsigned char)text[room] & 0xC0U) == 0x80U)
            room--;
        memcpy(d->message, text, room);
        memcpy(d->message + room, "...", 4);
        return;
    }
    memcpy(d->message, text, n);
    d->message[n] = '\0';
}

static size_t written(int n, size_t capacity)
{
    if (n < 0)
        return 0;
    return (size_t)n < capacity ? (size_t)n : capacity - 1;
}

km_status km_diag_fail(km_diag *d, km_status status, const char *format, ...)
{
    char text[sizeof d->message + 8];
    va_list arguments;
    int n;

    if (d == NULL)
        return status;
    va_start(arguments, format);
    n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    store(d, text, written(n, sizeof text));
    return status;
}

void km_diag_context(km_diag *d, const char *format, ...)
{
    char text[2 * sizeof d->message];
    va_list arguments;
    size_t n;
    int m;

    if (d == NULL)
        return;
    va_start(arguments, format);
    n = written(vsnprintf(text, sizeof d->message, format, arguments), sizeof d->message);
    va_end(arguments);
    m = snprintf(text + n, sizeof text - n, ": %s", d->message);
    store(d, text, n + written(m, sizeof text - n));
}

void km_diag_warn(km_diag *d, const char *format, ...)
{
    char text[sizeof d->message];
    va_list arguments;
    size_t i;

    if (d == NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (i = 0; i < d->n_warnings; i++)
        if (strcmp(d->warning[i], text) == 0)
            return;
    KM_PUSH(d->warning, d->n_warnings);
    d->warning[d->n_warnings++] = km_strdup(text);
}
