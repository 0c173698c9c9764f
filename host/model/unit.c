/* Powers of ten are counted, not multiplied, so that ng/mL is exactly ug/L. */
#include "model/unit.h"

#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_UNIT = 63, LARGEST_POWER = 9 };

typedef struct atom {
    const char *name;
    bool prefixes;      /* n u m k */
    double times, over; /* scale = times / over * 10^ten */
    int ten;
    int dim[KM_N_DIMS];
} atom;

static const atom atoms[] = {
    {"g", true, 1, 1, 0, {[KM_DIM_MASS] = 1}},
    {"mol", true, 1, 1, 0, {[KM_DIM_AMOUNT] = 1}},
    {"L", true, 1, 1, 0, {[KM_DIM_VOLUME] = 1}},
    {"M", true, 1, 1, 0, {[KM_DIM_AMOUNT] = 1, [KM_DIM_VOLUME] = -1}},
    {"h", false, 1, 1, 0, {[KM_DIM_TIME] = 1}},
    {"min", false, 1, 60, 0, {[KM_DIM_TIME] = 1}},
    {"s", false, 1, 3600, 0, {[KM_DIM_TIME] = 1}},
    {"d", false, 24, 1, 0, {[KM_DIM_TIME] = 1}},
    {"wk", false, 168, 1, 0, {[KM_DIM_TIME] = 1}},
    {"mmHg", false, 1, 1, 0, {[KM_DIM_PRESSURE] = 1}},
    {"%", false, 1, 1, -2, {0}},
    {"-", false, 1, 1, 0, {0}},
    {"rel.", false, 1, 1, 0, {0}},
    {"points", false, 1, 1, 0, {0}},
    {"1", false, 1, 1, 0, {0}},
};
enum { N_ATOMS = sizeof atoms / sizeof atoms[0] };

static const struct {
    char letter;
    int ten;
} prefixes[] = {{'n', -9}, {'u', -6}, {'m', -3}, {'k', 3}};
enum { N_PREFIXES = sizeof prefixes / sizeof prefixes[0] };

static const char *const dim_name[KM_N_DIMS] = {"mass", "amount", "volume", "time", "pressure"};

/* Words people write for these units, beside slips of a letter. */
static const struct {
    const char *word, *unit;
} synonyms[] = {{"hour", "h"},
                {"hours", "h"},
                {"hr", "h"},
                {"hrs", "h"},
                {"day", "d"},
                {"days", "d"},
                {"D", "d"},
                {"H", "h"},
                {"week", "wk"},
                {"weeks", "wk"},
                {"w", "wk"},
                {"minute", "min"},
                {"minutes", "min"},
                {"sec", "s"},
                {"second", "s"},
                {"seconds", "s"},
                {"m", "min"},
                {"mcg", "ug"},
                {"gram", "g"},
                {"percent", "%"},
                {"point", "points"},
                {"rel", "rel."},
                {"litre", "L"},
                {"liter", "L"},
                {"molar", "M"},
                {"\xC2\xB5g", "ug"},
                {"\xCE\xBCg", "ug"},
                {"\xC2\xB5M", "uM"},
                {"\xCE\xBCM", "uM"},
                {"\xC2\xB5mol", "umol"},
                {"\xCE\xBCmol", "umol"},
                {"\xC2\xB5L", "uL"},
                {"\xCE\xBCL", "uL"}};
enum { N_SYNONYMS = sizeof synonyms / sizeof synonyms[0] };

static const atom *find_atom(const char *name, int *ten)
{
    int i, j;

    *ten = 0;
    for (i = 0; i < N_ATOMS; i++)
        if (strcmp(name, atoms[i].name) == 0)
            return &atoms[i];
    for (j = 0; j < N_PREFIXES; j++)
        for (i = 0; i < N_ATOMS; i++)
            if (atoms[i].prefixes && name[0] == prefixes[j].letter &&
                strcmp(name + 1, atoms[i].name) == 0) {
                *ten = prefixes[j].ten;
                return &atoms[i];
            }
    return NULL;
}

static km_status unknown_unit(const char *name, const char *text, km_diag *d)
{
    char known[N_ATOMS * (N_PREFIXES + 1)][8];
    const char *words[N_ATOMS * (N_PREFIXES + 1)];
    const char *nearest = NULL;
    char *inside = strcmp(name, text) == 0 ? km_strdup("") : km_format(" in \"%s\"", text);
    size_t n = 0;
    int i, j;

    for (i = 0; i < N_SYNONYMS; i++)
        if (strcmp(name, synonyms[i].word) == 0)
            nearest = synonyms[i].unit;
    for (i = 0; i < N_ATOMS; i++)
        for (j = -1; j < (atoms[i].prefixes ? N_PREFIXES : 0); j++) {
            size_t k = 0;

            if (j >= 0)
                known[n][k++] = prefixes[j].letter;
            memcpy(known[n] + k, atoms[i].name, strlen(atoms[i].name) + 1);
            words[n] = known[n];
            n++;
        }
    if (nearest == NULL)
        nearest = km_text_nearest(name, words, n);
    if (nearest != NULL)
        (void)km_diag_fail(d, KM_E_INPUT, "unknown unit \"%s\"%s; did you mean \"%s\"?", name,
                           inside, nearest);
    else
        (void)km_diag_fail(
            d, KM_E_INPUT,
            "unknown unit \"%s\"%s; known are g mol L M (with prefixes n u m k), h min s d "
            "wk, mmHg, %%, points, rel. and -",
            name, inside);
    free(inside);
    return KM_E_INPUT;
}

/* x * 10^ten, rounded once while |ten| <= 22. */
static double times_ten(double x, int ten)
{
    double power = 1.0;
    int i;

    for (i = 0; i < abs(ten); i++)
        power *= 10.0;
    return ten < 0 ? x / power : x * power;
}

static double to_power(double x, int n)
{
    double y = 1.0;

    for (; n > 0; n--)
        y *= x;
    return y;
}

static const char *skip_blanks(const char *c)
{
    while (*c == ' ' || *c == '\t')
        c++;
    return c;
}

/* One atom and its power at *at; `sign` is -1 after a division. */
static km_status parse_factor(const char *text, const char **at, int sign, km_unit *unit,
                              double *over, int *ten, km_diag *d)
{
    km_status st = KM_OK;
    char name[LONGEST_UNIT + 1];
    size_t n = strcspn(*at, "*/^ \t");
    int power = 1, atom_ten, i;
    const atom *a;

    memcpy(name, *at, n);
    name[n] = '\0';
    if (n == 0)
        KM_FAIL(d, KM_E_INPUT, "expected a unit %s in \"%s\"",
                **at == '\0' ? "at the end" : "before every * / and ^", text);
    a = find_atom(name, &atom_ten);
    if (a == NULL)
        return unknown_unit(name, text, d);
    *at = skip_blanks(*at + n);
    if (**at == '^') {
        char *end = NULL;
        long value = strtol(*at + 1, &end, 10);

        if (end == *at + 1 || value < -LARGEST_POWER || value > LARGEST_POWER)
            KM_FAIL(d, KM_E_INPUT, "expected a whole number from -%d to %d after ^ in \"%s\"",
                    LARGEST_POWER, LARGEST_POWER, text);
        power = (int)value;
        *at = skip_blanks(end);
    }
    power *= sign;
    *ten += power * (a->ten + atom_ten);
    unit->scale *= to_power(power > 0 ? a->times : a->over, abs(power));
    *over *= to_power(power > 0 ? a->over : a->times, abs(power));
    for (i = 0; i < KM_N_DIMS; i++)
        unit->dim[i] += power * a->dim[i];

done:
    return st;
}

km_status km_unit_parse(const char *text, km_unit *out, km_diag *d)
{
    km_status st = KM_OK;
    km_unit unit = {.scale = 1.0};
    const char *at = skip_blanks(text);
    double over = 1.0;
    int ten = 0, sign = 1;

    memset(out, 0, sizeof *out);
    out->scale = 1.0;
    if (strlen(text) > LONGEST_UNIT)
        KM_FAIL(d, KM_E_INPUT, "the unit \"%.20s...\" is longer than %d characters", text,
                LONGEST_UNIT);
    if (*at == '\0')
        KM_FAIL(d, KM_E_INPUT, "the unit is empty; a dimensionless unit is \"-\"");
    for (;;) {
        KM_TRY(parse_factor(text, &at, sign, &unit, &over, &ten, d));
        if (*at == '\0')
            break;
        if (*at != '*' && *at != '/')
            KM_FAIL(d, KM_E_INPUT, "expected * or / before \"%s\" in the unit \"%s\"", at, text);
        sign = *at == '/' ? -1 : 1;
        at = skip_blanks(at + 1);
    }
    unit.scale = times_ten(unit.scale / over, ten);
    if (!isfinite(unit.scale) || unit.scale <= 0.0)
        KM_FAIL(d, KM_E_INPUT, "the unit \"%s\" is too large or too small to compute with", text);
    *out = unit;

done:
    return st;
}

bool km_unit_same_dimension(const km_unit *a, const km_unit *b)
{
    return memcmp(a->dim, b->dim, sizeof a->dim) == 0;
}

km_unit km_unit_multiply(km_unit a, km_unit b)
{
    int i;

    a.scale *= b.scale;
    for (i = 0; i < KM_N_DIMS; i++)
        a.dim[i] += b.dim[i];
    return a;
}

km_unit km_unit_divide(km_unit a, km_unit b)
{
    int i;

    a.scale /= b.scale;
    for (i = 0; i < KM_N_DIMS; i++)
        a.dim[i] -= b.dim[i];
    return a;
}

char *km_unit_dimension_text(const km_unit *u)
{
    km_text t = {0};
    int i;

    for (i = 0; i < KM_N_DIMS; i++)
        if (u->dim[i] != 0)
            km_text_add(&t, "%s%s^%d", t.size > 0 ? " " : "", dim_name[i], u->dim[i]);
    if (t.size == 0)
        km_text_add(&t, "dimensionless");
    return km_text_take(&t);
}

km_status km_quantity_parse(const char *text, double *number, const char **unit, km_diag *d)
{
    km_status st = KM_OK;
    const char *first = skip_blanks(text), *end = NULL;
    const char *digit = first + (*first == '+' || *first == '-');
    double value;

    *number = 0.0;
    *unit = "";
    if (*digit == '.')
        digit++;
    value = km_text_number(first, &end);
    if (*digit < '0' || *digit > '9' || (digit[0] == '0' && (digit[1] == 'x' || digit[1] == 'X')))
        KM_FAIL(d, KM_E_INPUT, "expected a number and a unit such as \"0.5 mg/kg\", got \"%s\"",
                text);
    if (!isfinite(value))
        KM_FAIL(d, KM_E_INPUT, "the number in \"%s\" does not fit a double-precision number", text);
    *number = value;
    *unit = skip_blanks(end);

done:
    return st;
}
