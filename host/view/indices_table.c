#include "view/indices_table.h"

#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BAR = 24, NAME = 12, EVIDENCE = 8, PAIRS = 10, COURSE_FACTORS = 8 };

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
    if (!has_interval(x, c) || isnan(*km_indices_at(x, c + 1, e, f)))
        return km_format("%.4g", v);
    return km_format("%*.*f [%*.*f, %*.*f]", n_digits + 3, n_digits, v, n_digits + 3, n_digits, *km_indices_at(x, c + 1, e, f), n_digits + 3,
                     n_digits, *km_indices_at(x, c + 2, e, f));
}

static int cell_width(const km_indices *x, int c, int n_digits)
{
    return has_interval(x, c) ? 3 * (n_digits + 3) + 5 : 10;
}

/* A line, without blanks at its end. */
static void print_text(km_text *text, FILE *to)
{
    size_t n = text->size;

    while (n > 0 && text->data[n - 1] == ' ')
        n--;
    fwrite(text->data, 1, n, to);
    fputc('\n', to);
    km_text_clear(text);
}

/* Widths of the columns of words. */
typedef struct words {
    int factor, evidence; /* evidence: 0 where the model says nothing of any */
} words;

static words word_widths(const km_indices *x)
{
    words w = {NAME, 0};

    for (int f = 0; f < x->n_factors; f++) {
        int name = (int)strlen(x->factor[f]), evidence = x->evidence[f] ? (int)strlen(x->evidence[f]) : 0;
        w.factor = name > w.factor ? name : w.factor;
        w.evidence = evidence > w.evidence ? evidence : w.evidence;
    }
    if (w.evidence > 0 && w.evidence < EVIDENCE)
        w.evidence = EVIDENCE;
    return w;
}

static void add_words(km_text *text, const words *w, const char *factor, const char *evidence)
{
    km_text_add(text, "  %-*s", w->factor, factor);
    if (w->evidence)
        km_text_add(text, "  %-*s", w->evidence, evidence ? evidence : "");
}

static void print_head(const km_indices *x, const words *w, int n_digits, FILE *to)
{
    km_text text = {0};

    add_words(&text, w, "factor", "evidence");
    for (int c = 0; c < x->n_columns; c += has_interval(x, c) ? 3 : 1)
        km_text_add(&text, "  %-*s", cell_width(x, c, n_digits), x->column[c]);
    print_text(&text, to);
}

static void add_bar(km_text *text, double value, double most)
{
    int full = isnan(value) || !(most > 0.0) ? 0 : (int)lround(fmin(fmax(value / most, 0.0), 1.0) * BAR);

    km_text_add(text, "  ");
    for (int i = 0; i < full; i++)
        km_text_add(text, "#");
}

static void print_line(const km_indices *x, int e, int f, const words *w, int n_digits, double most, FILE *to)
{
    km_text text = {0};

    add_words(&text, w, x->factor[f], x->evidence[f]);
    for (int c = 0; c < x->n_columns; c += has_interval(x, c) ? 3 : 1) {
        char *number = cell(x, e, f, c, n_digits);
        km_text_add(&text, "  %-*s", cell_width(x, c, n_digits), number);
        free(number);
    }
    add_bar(&text, x->sort_column >= 0 ? *km_indices_at(x, x->sort_column, e, f) : (double)NAN, most);
    print_text(&text, to);
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

/* The unit with a blank before it; nothing where there is none. */
static const char *blank_unit(const km_indices *x, int e, char *room, size_t n)
{
    bool none = strcmp(x->unit[e], "-") == 0 || strcmp(x->unit[e], "1") == 0;

    snprintf(room, n, "%s%s", none ? "" : " ", none ? "" : x->unit[e]);
    return room;
}

/* What the first orders leave to interactions; nothing where shares are a guide only. */
static void print_sum(const km_indices *x, int e, FILE *to)
{
    int first = km_indices_column(x, "first");
    double sum = 0.0;

    if (first < 0 || km_indices_column(x, "total") < 0 || x->n_factors < 2)
        return;
    for (int f = 0; f < x->n_factors; f++)
        sum += *km_indices_at(x, first, e, f);
    if (!isnan(sum))
        fprintf(to, "  first orders add up to %.2f; what that lacks of 1 is interactions\n", sum);
}

static void print_endpoint(const km_indices *x, int e, int most, FILE *to)
{
    line *list = sorted(x, e);
    words w = word_widths(x);
    int n_digits, shown = most > 0 && most < x->n_factors ? most : x->n_factors;
    bool guide = x->n_dropped[e] > x->n_used[e] / 10 && has_happened(x, e);
    char unit[64];

    fprintf(to, "%s: %s\n", x->endpoint[e], x->endpoint_about[e]);
    fprintf(to, "  %llu base rows used, %llu dropped", (unsigned long long)x->n_used[e], (unsigned long long)x->n_dropped[e]);
    if (!isnan(x->mean[e]))
        fprintf(to, "; mean %.4g%s, standard deviation %.4g", x->mean[e], blank_unit(x, e, unit, sizeof unit), sqrt(x->variance[e]));
    fputc('\n', to);
    if (guide)
        fputs("  where it happened the factors hang together: shares are a guide only, and can pass 1\n", to);
    if (!isnan(x->decisive[e]))
        fprintf(to, "  its variance rests on about %.0f models (a rare value, a heavy tail), which makes intervals wide\n", x->decisive[e]);
    if (x->variance[e] == 0.0)
        fputs("  it does not vary over these rows, so that there is nothing to explain\n", to);
    else if (isnan(x->variance[e]) && x->n_used[e] == 0)
        fputs("  no base row is complete, so that nothing is known\n", to);
    else {
        n_digits = digits(x, e, list[0].factor, x->sort_column);
        print_head(x, &w, n_digits, to);
        for (int i = 0; i < shown; i++)
            print_line(x, e, list[i].factor, &w, n_digits, list[0].key, to);
        if (shown < x->n_factors)
            fprintf(to, "  and %d more, each no larger\n", x->n_factors - shown);
        if (!guide)
            print_sum(x, e, to);
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
    int n = x->n_factors, n_pairs = 0, shown, width = NAME;
    line *list = km_alloc((size_t)n * (size_t)n + 1, sizeof *list);

    for (int f = 0; f < n; f++)
        for (int g = f + 1; g < n; g++)
            if (!isnan(*km_indices_pair_at(x, 0, e, f, g)))
                list[n_pairs++] = (line){f * n + g, *km_indices_pair_at(x, 0, e, f, g)};
    qsort(list, (size_t)n_pairs, sizeof *list, by_size);
    shown = most > 0 && PAIRS < n_pairs ? PAIRS : n_pairs;
    for (int i = 0; i < shown; i++) {
        int both = (int)(strlen(x->factor[list[i].factor / n]) + strlen(x->factor[list[i].factor % n]) + 3);
        width = both > width ? both : width;
    }
    if (shown > 0)
        fprintf(to, "  %-*s  %s\n", width, "pair", x->pair_column[0]);
    for (int i = 0; i < shown; i++) {
        int f = list[i].factor / n, g = list[i].factor % n;
        char *pair = km_format("%s x %s", x->factor[f], x->factor[g]);
        fprintf(to, "  %-*s  %7.4f [%7.4f, %7.4f]\n", width, pair, list[i].key, *km_indices_pair_at(x, 1, e, f, g),
                *km_indices_pair_at(x, 2, e, f, g));
        free(pair);
    }
    if (shown < n_pairs)
        fprintf(to, "  and %d more pairs, each no larger\n", n_pairs - shown);
    free(list);
}

/* ---- an output over time ---- */

/* Endpoints from `first` on that are moments of one course. */
static int course_length(const km_indices *x, int first)
{
    int n = 0;

    while (first + n < x->n_endpoints && x->course[first + n] && strcmp(x->course[first + n], x->course[first]) == 0)
        n++;
    return n;
}

/* Factors by their largest number at any of n moments. */
static line *sorted_over(const km_indices *x, int first, int n)
{
    line *list = km_alloc((size_t)x->n_factors + 1, sizeof *list);

    for (int f = 0; f < x->n_factors; f++) {
        list[f] = (line){f, (double)NAN};
        for (int e = first; e < first + n; e++)
            list[f].key = fmax(list[f].key, *km_indices_at(x, x->sort_column, e, f));
    }
    qsort(list, (size_t)x->n_factors, sizeof *list, by_key);
    return list;
}

static void print_moment(const km_indices *x, int e, const line *list, int shown, int width, FILE *to)
{
    km_text text = {0};

    km_text_add(&text, "  %-*s  %9.4g", width, x->moment[e], sqrt(x->variance[e]));
    for (int i = 0; i < shown; i++) {
        int f = list[i].factor, column = (int)strlen(x->factor[f]) > 7 ? (int)strlen(x->factor[f]) : 7;
        double v = *km_indices_at(x, x->sort_column, e, f);
        if (isnan(v))
            km_text_add(&text, "  %*s", column, "-");
        else
            km_text_add(&text, fabs(v) < 100.0 ? "  %*.3f" : "  %*.3g", column, v);
    }
    print_text(&text, to);
}

/* A line a moment and a column for each of the factors that matter most; at most `most` lines, evenly spread. */
static void print_course(const km_indices *x, int first, int n, int most, FILE *to)
{
    line *list = sorted_over(x, first, n);
    int shown = x->n_factors < COURSE_FACTORS || most == 0 ? x->n_factors : COURSE_FACTORS, width = 4, lines = most == 0 || n < most ? n : most;
    uint64_t least_used = x->n_used[first], most_dropped = x->n_dropped[first];
    double widest = has_interval(x, x->sort_column) ? 0.0 : (double)NAN;
    km_text text = {0};

    for (int e = first; e < first + n; e++) {
        width = (int)strlen(x->moment[e]) > width ? (int)strlen(x->moment[e]) : width;
        least_used = x->n_used[e] < least_used ? x->n_used[e] : least_used;
        most_dropped = x->n_dropped[e] > most_dropped ? x->n_dropped[e] : most_dropped;
        for (int f = 0; f < x->n_factors; f++)
            widest = fmax(widest, *km_indices_at(x, x->sort_column + 2, e, f) - *km_indices_at(x, x->sort_column + 1, e, f));
    }
    fprintf(to, "%s over time: %s, the factors that matter most\n", x->course[first], x->column[x->sort_column]);
    fprintf(to, "  %llu base rows used, %llu dropped", (unsigned long long)least_used, (unsigned long long)most_dropped);
    if (widest > 0.0)
        fprintf(to, "; the widest interval is %.2g", widest);
    fputc('\n', to);
    km_text_add(&text, "  %-*s  %9s", width, "time", "deviation");
    for (int i = 0; i < shown; i++)
        km_text_add(&text, "  %7s", x->factor[list[i].factor]);
    print_text(&text, to);
    for (int i = 0; i < lines; i++)
        print_moment(x, first + (lines > 1 ? (int)((long)i * (n - 1) / (lines - 1)) : 0), list, shown, width, to);
    if (lines < n)
        fprintf(to, "  %d of %d times are shown (--top 0: all)\n", lines, n);
    if (shown < x->n_factors)
        fprintf(to, "  and %d more factors, at no time above %.3g\n", x->n_factors - shown, list[shown].key);
    free(list);
}

void km_indices_table(const km_indices *x, int most, FILE *to)
{
    for (int e = 0; e < x->n_endpoints;) {
        int moments = x->course[e] ? course_length(x, e) : 0;
        if (e > 0)
            fputc('\n', to);
        if (moments > 1 && x->sort_column >= 0) {
            print_course(x, e, moments, most, to);
            e += moments;
            continue;
        }
        print_endpoint(x, e, most, to);
        if (x->n_pair_columns >= 3)
            print_pairs(x, e, most, to);
        e++;
    }
}
