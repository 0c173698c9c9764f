/* cJSON is more lenient than JSON: leading zeros, raw control characters, bad UTF-8 pass. Not here.
 */
#include "base/json_scanner.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* cJSON reads numbers of up to 63 characters. */
enum { LONGEST_NUMBER = 60 };

size_t km_scan_column(const km_scanner *s)
{
    return (size_t)(s->at - s->line_start) + 1;
}

/* "the end of the text", "a line break", "'x'" or "the byte 0x1b". */
static const char *found(const km_scanner *s, char *out, size_t capacity)
{
    unsigned char c = (unsigned char)*s->at;

    if (c == '\0')
        return "the end of the text";
    if (c == '\n' || c == '\r')
        return "a line break";
    if (c < 0x20 || c >= 0x7F)
        (void)snprintf(out, capacity, "the byte 0x%02x", c);
    else
        (void)snprintf(out, capacity, "'%c'", c);
    return out;
}

km_status km_scan_fail(const km_scanner *s, const char *expected)
{
    char name[32];

    return km_diag_fail(s->d, KM_E_INPUT, "%s:%zu:%zu: not valid JSON: expected %s, got %s",
                        s->name, s->line, km_scan_column(s), expected, found(s, name, sizeof name));
}

void km_scan_blanks(km_scanner *s)
{
    for (;; s->at++) {
        if (*s->at == '\n') {
            s->line++;
            s->line_start = s->at + 1;
        } else if (*s->at != ' ' && *s->at != '\t' && *s->at != '\r') {
            return;
        }
    }
}

/* Four hexadecimal digits, or -1. */
static long hex4(const char *c)
{
    long code = 0;
    int i;

    for (i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef";
        int lower = c[i] >= 'A' && c[i] <= 'F' ? c[i] - 'A' + 'a' : c[i];
        const char *digit = lower != '\0' ? strchr(digits, lower) : NULL;

        if (digit == NULL)
            return -1;
        code = 16 * code + (digit - digits);
    }
    return code;
}

static km_status scan_escape(km_scanner *s)
{
    long code;

    if (s->at[1] != 'u') {
        if (s->at[1] == '\0' || strchr("\"\\/bfnrt", s->at[1]) == NULL) {
            s->at++;
            return km_scan_fail(s, "one of \" \\ / b f n r t u after a backslash in a string");
        }
        s->at += 2;
        return KM_OK;
    }
    code = hex4(s->at + 2);
    if (code < 0)
        return km_scan_fail(s, "four hexadecimal digits after \\u");
    if (code == 0)
        return km_scan_fail(s, "a character other than \\u0000");
    if (code >= 0xDC00 && code < 0xE000)
        return km_scan_fail(s, "the first half of a \\u pair before its second half");
    s->at += 6;
    if (code >= 0xD800 && code < 0xDC00) {
        code = s->at[0] == '\\' && s->at[1] == 'u' ? hex4(s->at + 2) : -1;
        if (code < 0xDC00 || code >= 0xE000)
            return km_scan_fail(s, "the second half of a \\u pair");
        s->at += 6;
    }
    return KM_OK;
}

/* Bytes of the UTF-8 character at c (RFC 3629: shortest form, no surrogates), or 0. */
static size_t utf8_length(const unsigned char *c)
{
    size_t n = c[0] < 0x80                   ? 1
               : c[0] >= 0xC2 && c[0] < 0xE0 ? 2
               : (c[0] & 0xF0U) == 0xE0      ? 3
               : c[0] >= 0xF0 && c[0] < 0xF5 ? 4
                                             : 0;
    size_t i;

    for (i = 1; i < n; i++)
        if ((c[i] & 0xC0U) != 0x80)
            return 0;
    if (n > 2 && ((c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xED && c[1] > 0x9F) ||
                  (c[0] == 0xF0 && c[1] < 0x90) || (c[0] == 0xF4 && c[1] > 0x8F)))
        return 0;
    return n;
}

km_status km_scan_string(km_scanner *s)
{
    km_status st = KM_OK;

    s->at++; /* the opening quote */
    while (*s->at != '"') {
        size_t n;

        if ((unsigned char)*s->at < 0x20)
            return km_scan_fail(s, "a closing quote (inside a string write \\n and \\t)");
        if (*s->at == '\\') {
            KM_TRY(scan_escape(s));
            continue;
        }
        n = utf8_length((const unsigned char *)s->at);
        if (n == 0)
            return km_scan_fail(s, "UTF-8 text");
        s->at += n;
    }
    s->at++;

done:
    return st;
}

static void skip_digits(km_scanner *s)
{
    while (*s->at >= '0' && *s->at <= '9')
        s->at++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number's grammar; *is_zero when all its digits before the exponent are 0. */
static km_status scan_digits(km_scanner *s, bool *is_zero)
{
    const char *first = s->at, *c;

    if (*s->at == '-')
        s->at++;
    if (!is_digit(*s->at))
        return km_scan_fail(s, "a digit");
    if (*s->at == '0' && is_digit(s->at[1])) {
        s->at++;
        return km_scan_fail(s, "no digit after a leading 0");
    }
    skip_digits(s);
    if (*s->at == '.') {
        s->at++;
        if (!is_digit(*s->at))
            return km_scan_fail(s, "a digit after the decimal point");
        skip_digits(s);
    }
    for (c = first, *is_zero = true; c < s->at; c++)
        *is_zero = *is_zero && !(*c >= '1' && *c <= '9');
    if (*s->at == 'e' || *s->at == 'E') {
        s->at++;
        if (*s->at == '+' || *s->at == '-')
            s->at++;
        if (!is_digit(*s->at))
            return km_scan_fail(s, "a digit in the exponent");
        skip_digits(s);
    }
    return KM_OK;
}

km_status km_scan_number(km_scanner *s, const km_json *place, double *out)
{
    km_status st = KM_OK;
    const km_scanner start = *s;
    char text[LONGEST_NUMBER + 1];
    bool is_zero = true;
    double number;
    size_t n;

    KM_TRY(scan_digits(s, &is_zero));
    n = (size_t)(s->at - start.at);
    if (n > LONGEST_NUMBER)
        KM_FAIL(s->d, KM_E_INPUT, "%s:%zu:%zu: the number %.40s... is longer than %d characters",
                s->name, s->line, km_scan_column(&start), start.at, LONGEST_NUMBER);
    memcpy(text, start.at, n);
    text[n] = '\0';
    number = km_text_number(text, NULL);
    if (!isfinite(number) || (number == 0.0 && !is_zero)) {
        const char *problem = "does not fit a double-precision number";

        if (place != NULL)
            KM_TRY(km_json_fail(place, s->d, "the number %s %s", text, problem));
        KM_FAIL(s->d, KM_E_INPUT, "%s:%zu:%zu: the number %s %s", s->name, s->line,
                km_scan_column(&start), text, problem);
    }
    *out = number;

done:
    return st;
}

km_status km_scan_word(km_scanner *s, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(s->at, word, n) != 0)
        return km_scan_fail(s, "a value (text goes in double quotes)");
    s->at += n;
    return KM_OK;
}
