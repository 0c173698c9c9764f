/* Tables of a literal exponent. Reciprocals are those of kernels/lane_tables.h, rounded as there. */
#include "codegen/literal_power.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of smaller exponents a power less 1 would lose digits where 2^(kn) is not 1. */
static const double smallest_exponent = 0.5, large_exponent = 4.5, largest_exponent = 15.0, reach = 1.0 / 32.0;

void km_literal_powers_clear(km_literal_powers *powers)
{
    free(powers->power);
    powers->power = NULL;
    powers->n = 0;
}

/* ---- the polynomial ---- */

static double near_of(double exponent, double f)
{
    return f == 0.0 ? exponent : expm1(exponent * log1p(f)) / f;
}

/* Interpolates in m Chebyshev points: Newton's divided differences, then powers of f. Returns the largest relative error. */
static double interpolate(double exponent, int m, double *near)
{
    double point[KM_POWER_TERMS], difference[KM_POWER_TERMS], worst = 0.0;

    for (int i = 0; i < m; i++) {
        point[i] = cos(3.14159265358979323846 * (i + 0.5) / m); /* in units of `reach`, which keeps the differences of one size */
        difference[i] = near_of(exponent, reach * point[i]);
    }
    for (int k = 1; k < m; k++)
        for (int i = m - 1; i >= k; i--)
            difference[i] = (difference[i] - difference[i - 1]) / (point[i] - point[i - k]);
    memset(near, 0, KM_POWER_TERMS * sizeof *near);
    for (int k = m - 1; k >= 0; k--) { /* near = near (x - point[k]) + difference[k] */
        for (int j = m - 1; j > 0; j--)
            near[j] = near[j - 1] - point[k] * near[j];
        near[0] = difference[k] - point[k] * near[0];
    }
    for (int j = 0; j < m; j++)
        near[j] *= pow(1.0 / reach, j);
    for (int i = -100; i <= 100; i++) {
        double f = reach * i / 100.0, value = 0.0, exact = near_of(exponent, f);
        for (int j = m - 1; j >= 0; j--)
            value = value * f + near[j];
        worst = fmax(worst, fabs(value / exact - 1.0));
    }
    return worst;
}

int km_literal_power_id(km_literal_powers *powers, double exponent)
{
    const double allowed = powers->single ? 5e-8 : 1e-13;
    km_literal_power p = {.exponent = powers->single ? (double)(float)exponent : exponent, .n_terms = 3};

    for (int i = 0; i < powers->n; i++)
        if (powers->power[i].exponent == p.exponent)
            return i;
    if (!(fabs(p.exponent) >= smallest_exponent && fabs(p.exponent) <= largest_exponent))
        return -1;
    while (interpolate(p.exponent, p.n_terms, p.near) > allowed)
        if (++p.n_terms > KM_POWER_TERMS)
            return -1;
    KM_PUSH(powers->power, powers->n);
    powers->power[powers->n] = p;
    return powers->n++;
}

/* ---- the text ---- */

static void write_table(km_text *out, bool single, const char *name, int id, const double *value)
{
    for (int half = 0; half < 2; half++) {
        km_text_add(out, "#define KM_POWER_%s%d_%s", name, id, half ? "HIGH" : "LOW");
        for (int i = 8 * half; i < 8 * half + 8; i++)
            if (value[i] > (single ? 0x1.fffffep127 : 0x1.fffffffffffffp1023))
                km_text_add(out, "%s KM_INFINITY", i % 8 ? "," : "");
            else
                km_text_add(out, single ? "%s R(%.9e)" : "%s R(%.17e)", i % 8 ? "," : "", single && fabs(value[i]) < 1e-44 ? 0.0 : value[i]);
        km_text_add(out, "\n");
    }
    km_text_add(out, "KM_TABLE(KM_POWER_%s%d)\n", name, id);
}

/* Entry i is 2^(n part (i - middle)). */
static void write_steps(km_text *out, bool single, const char *name, int id, double n, double part, int middle)
{
    double value[16];

    for (int i = 0; i < 16; i++)
        value[i] = exp2(n * part * (i - middle));
    write_table(out, single, name, id, value);
}

static void write_tables(km_text *out, bool single, int id, double n)
{
    double whole[16], less[16], one[16];

    for (int i = 0; i < 16; i++) {
        double v = i < 9 ? 1.0 - (9 - i) / 32.0 : 1.0 + (i - 9) / 16.0, r = single ? (double)(float)(1.0 / v) : 1.0 / v;
        whole[i] = (double)powl((long double)r, (long double)-n);
        one[i] = fabs(n) < large_exponent || (i >= 7 && i <= 10) ? 1.0 : 0.0;
        less[i] = one[i] > 0.0 ? (double)expm1l((long double)-n * logl((long double)r)) : whole[i];
    }
    write_table(out, single, "", id, whole);
    write_table(out, single, "LESS_", id, less);
    if (fabs(n) >= large_exponent)
        write_table(out, single, "ONE_", id, one);
    write_steps(out, single, "DIGIT_", id, n, 1.0, 8);
    write_steps(out, single, "ROOT_", id, n, 8.0, single ? 7 : 8);
    if (!single)
        write_steps(out, single, "FOURTH_ROOT_", id, n, 64.0, 4);
}

/* Terms from `first` on: four as a cubic, or what there is of it; the rest times f^4. */
static void write_polynomial(km_text *out, const km_literal_power *p, int first)
{
    const double *c = p->near + first;
    int n = p->n_terms - first;

    if (n > 4) {
        km_text_add(out, "KM_FMA(");
        write_polynomial(out, p, first + 4);
        km_text_add(out, ", f2 * f2, ");
    }
    if (n >= 4)
        km_text_add(out, "KM_CUBIC(f, f2, R(%.17e), R(%.17e), R(%.17e), R(%.17e))", c[0], c[1], c[2], c[3]);
    else if (n == 3)
        km_text_add(out, "KM_FMA(R(%.17e), f2, KM_FMA(R(%.17e), f, R(%.17e)))", c[2], c[1], c[0]);
    else if (n == 2)
        km_text_add(out, "KM_FMA(R(%.17e), f, R(%.17e))", c[1], c[0]);
    else
        km_text_add(out, "KM_NUMBER(R(%.17e))", c[0]);
    if (n > 4)
        km_text_add(out, ")");
}

static void write_near(km_text *out, const km_literal_power *p, int id)
{
    km_text_add(out, "KM_INLINE real km_power_near_%d(const real f)\n{\n    const real f2 = f * f;\n    return ", id);
    write_polynomial(out, p, 0);
    km_text_add(out, ";\n}\n");
}

static void write_function(km_text *out, bool single, const km_literal_power *p, int id, bool less_1)
{
    const char *suffix = less_1 ? "1p" : "", *sign = p->exponent < 0.0 ? "true" : "false";

    km_text_add(out, "KM_INLINE real km_pow%s_%d(const real x)\n{\n#if KM_TABLES\n    const km_parts p = km_parts_of%s%s(x);\n", suffix, id,
                less_1 ? "_" : "", suffix);
    km_text_add(out, "    const real whole = km_entry(KM_POWER_%d, p.entry), digit = km_entry(KM_POWER_DIGIT_%d, p.digits);\n", id, id);
    km_text_add(out, "    const real root = km_entry(KM_POWER_ROOT_%d, p.digits >> 4)", id);
    if (!single)
        km_text_add(out, " * km_entry(KM_POWER_FOURTH_ROOT_%d, p.digits >> 8) * km_entry(KM_POWER_FOURTH_ROOT_%d, p.digits >> 8)", id, id);
    km_text_add(out, ";\n    return km_power_join%s%s(x, p.f, %s, whole, ", less_1 ? "_" : "", suffix, sign);
    if (less_1 && fabs(p->exponent) >= large_exponent)
        km_text_add(out, "km_entry(KM_POWER_LESS_%d, p.entry), km_entry(KM_POWER_ONE_%d, p.entry), ", id, id);
    else if (less_1)
        km_text_add(out, "km_entry(KM_POWER_LESS_%d, p.entry), KM_NUMBER(R(1.0)), ", id);
    km_text_add(out, "km_power_near_%d(p.f), digit, root);\n#else\n    return km_pow%s(x, KM_NUMBER(R(%.17e)));\n#endif\n}\n", id, suffix,
                p->exponent);
}

void km_write_literal_powers(const km_literal_powers *powers, km_text *out)
{
    for (int id = 0; id < powers->n; id++) {
        const km_literal_power *p = &powers->power[id];
        km_text_add(out, "/* x^%.9g and (1 + x)^%.9g - 1 */\n#if KM_TABLES\n", p->exponent, p->exponent);
        write_tables(out, powers->single, id, p->exponent);
        write_near(out, p, id);
        km_text_add(out, "#endif\n");
        write_function(out, powers->single, p, id, false);
        write_function(out, powers->single, p, id, true);
        km_text_add(out, "\n");
    }
}
