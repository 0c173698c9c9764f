#include "view/indices_table.h"

#include "base/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BAR = 24, NAME = 12, PAIRS = 10 };

typedef struct line {
    int factor;
    double key;
} line;

/* Largest first; what has no number last; as they were where equal. */
static int by_key(const void *a, const void *b)
{
    const line *x = a, *y = b;

    if (isnan(x->key) || isnan(y->key))
        return isnan(x->key) - isnan(y->key) ? isnan(x->key) - isnan(y->key) : x->factor - y->factor;
    return x->key < y->key ? 1 : x->key > y->key ? -1 : x->factor - y->factor;
}

static line *sorted(const km_indices *x, int e)
{
    line *list = km_alloc((size_t)x->n_factors + 1, sizeof *list);

    for (int f = 0; f < x->n_factors; f++)
        list[f] = (line){f, x->sort_column >= 0 ? *km_indices_at(x, x->sort_column, e, f) : -f};
    qsort(list, (size_t)x->n_factors, sizeof *list, by_key);
    return list;
}

/* Columns X, X_low, X_high are shown as one: X [low, high]. */
static bool has_interval(const km_indices *x, int c)
{
    size_t n = c >= 0 ? strlen(x->column[c]) : 0;

    return c >= 0 && c + 2 < x->n_columns && strncmp(x->column[c + 1], x->column[c], n) == 0 && strcmp(x->column[c + 1] + n, "_low") == 0 &&
           strncmp(x->column[c + 2], x->column[c], n) == 0 && strcmp(x->column[c + 2] + n, "_high") == 0;
}

/* Digits behind the point, so that an interval has two figures, and a number not more than seven: those of the first line. */
static int digits(const km_indices *x, int e, int f, int c)
{
    double width = has_interval(x, c) ? *km_indices_at(x, c + 2, e, f) - *km_indices_at(x, c + 1, e, f) : (double)NAN,
           value = fabs(*km_indices_at(x, c, e, f)), most = value >= 1.0 ? fmax(6.0 - floor(log10(value)), 0.0) : 9.0;

    return width > 0.0 ? (int)fmin(fmax(2.0 - ceil(log10(width)), 3.0), most) : 4;
}

/* A line's cell of column c; caller frees. */
static char *cell(const km_indices *x, int e, int f, int c, int n_digits)
{
    double v = *km_indices_at(x, c, e, f);

    if (isnan(v))
        return km_strdup("-");
    if (!has_interval(x, c))
        return km_format("%.4g", v);
    return km_format("%*.*f [%*.*f, %*.*f]", n_digits + 3, n_digits, v, n_digits + 3, n_digits, *km_indices_at(x, c + 1, e, f), n_digits + 3,
                     n_digits, *km_indices_at(x, c + 2, e, f));
}

static int cell_width(const km_indices *x, int c, int n_digits)
{
    return has_interval(x, c) ? 3 * (n_digits + 3) + 5 : 10;
}

static void print_head(const km_indices *x, int width, int n_digits, FILE *to)
{
    fprintf(to, "  %-*s", width, "factor");
    for (int c = 0; c < x->n_columns; c += has_interval(x, c) ? 3 : 1)
        fprintf(to, "  %-*s", cell_width(x, c, n_digits), x->column[c]);
    fputc('\n', to);
}

static void print_bar(double value, double most, FILE *to)
{
    int full = isnan(value) || !(most > 0.0) ? 0 : (int)lround(fmin(fmax(value / most, 0.0), 1.0) * BAR);

    fputs("  ", to);
    for (int i = 0; i < full; i++)
        fputc('#', to);
    fputc('\n', to);
}

static void print_line(const km_indices *x, int e, int f, int width, int n_digits, double most, FILE *to)
{
    fprintf(to, "  %-*s", width, x->factor[f]);
    for (int c = 0; c < x->n_columns; c += has_interval(x, c) ? 3 : 1) {
        char *text = cell(x, e, f, c, n_digits);
        fprintf(to, "  %-*s", cell_width(x, c, n_digits), text);
        free(text);
    }
    print_bar(x->sort_column >= 0 ? *km_indices_at(x, x->sort_column, e, f) : (double)NAN, most, to);
}

/* True of an endpoint that can be "never": its numbers rest on the rows where it happened throughout. */
static bool has_happened(const km_indices *x, int e)
{
    size_t n = strlen(x->endpoint[e]);

    for (int i = 0; i < x->n_endpoints; i++)
        if (strncmp(x->endpoint[i], x->endpoint[e], n) == 0 && strcmp(x->endpoint[i] + n, "_happened") == 0)
            return true;
    return false;
}

static void print_endpoint(const km_indices *x, int e, int most, FILE *to)
{
    line *list = sorted(x, e);
    int width = NAME, n_digits, shown = most > 0 && most < x->n_factors ? most : x->n_factors;

    for (int f = 0; f < x->n_factors; f++)
        width = (int)strlen(x->factor[f]) > width ? (int)strlen(x->factor[f]) : width;
    fprintf(to, "%s: %s\n", x->endpoint[e], x->endpoint_about[e]);
    fprintf(to, "  %llu base rows used, %llu dropped", (unsigned long long)x->n_used[e], (unsigned long long)x->n_dropped[e]);
    if (!isnan(x->mean[e]))
        fprintf(to, "; mean %.4g %s, standard deviation %.4g", x->mean[e], x->unit[e], sqrt(x->variance[e]));
    fputc('\n', to);
    if (x->n_dropped[e] > x->n_used[e] / 10 && has_happened(x, e))
        fputs("  where it happened the factors hang together: shares are a guide only, and can pass 1\n", to);
    if (x->variance[e] == 0.0)
        fputs("  it does not vary, so that there is nothing to explain\n", to);
    else if (isnan(x->variance[e]) && x->n_used[e] == 0)
        fputs("  no base row is complete, so that nothing is known\n", to);
    else {
        n_digits = digits(x, e, list[0].factor, x->sort_column);
        print_head(x, width, n_digits, to);
        for (int i = 0; i < shown; i++)
            print_line(x, e, list[i].factor, width, n_digits, list[0].key, to);
        if (shown < x->n_factors)
            fprintf(to, "  and %d more, each no larger\n", x->n_factors - shown);
    }
    free(list);
}

static int by_size(const void *a, const void *b)
{
    const line *x = a, *y = b;

    return fabs(x->key) < fabs(y->key) ? 1 : fabs(x->key) > fabs(y->key) ? -1 : x->factor - y->factor;
}

/* The largest pairs, with the first of the pair columns and its interval. */
static void print_pairs(const km_indices *x, int e, int most, FILE *to)
{
    int n = x->n_factors, n_pairs = 0, shown;
    line *list = km_alloc((size_t)n * (size_t)n + 1, sizeof *list);

    for (int f = 0; f < n; f++)
        for (int g = f + 1; g < n; g++)
            if (!isnan(*km_indices_pair_at(x, 0, e, f, g)))
                list[n_pairs++] = (line){f * n + g, *km_indices_pair_at(x, 0, e, f, g)};
    qsort(list, (size_t)n_pairs, sizeof *list, by_size);
    shown = most > 0 && PAIRS < n_pairs ? PAIRS : n_pairs;
    for (int i = 0; i < shown; i++) {
        int f = list[i].factor / n, g = list[i].factor % n;
        fprintf(to, "  %s x %s  %s %.4f [%.4f, %.4f]\n", x->factor[f], x->factor[g], x->pair_column[0], list[i].key,
                *km_indices_pair_at(x, 1, e, f, g), *km_indices_pair_at(x, 2, e, f, g));
    }
    if (shown < n_pairs)
        fprintf(to, "  and %d more pairs, each no larger\n", n_pairs - shown);
    free(list);
}

void km_indices_table(const km_indices *x, int most, FILE *to)
{
    for (int e = 0; e < x->n_endpoints; e++) {
        if (e > 0)
            fputc('\n', to);
        print_endpoint(x, e, most, to);
        if (x->n_pair_columns >= 3)
            print_pairs(x, e, most, to);
    }
}
