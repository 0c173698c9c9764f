/* Powers with a literal exponent, x^n and (1 + x)^n - 1, in lane code: tables and a polynomial made for the exponent, for
 * kernels/lane_powers.h, which says how they are used. */
#ifndef KM_CODEGEN_LITERAL_POWER_H
#define KM_CODEGEN_LITERAL_POWER_H

#include "base/text.h"

#include <stdbool.h>

enum { KM_POWER_TERMS = 12 };

typedef struct km_literal_power {
    double exponent;
    int n_terms;                  /* of near[], a polynomial in f: ((1 + f)^n - 1) / f for |f| <= 1/32 */
    double near[KM_POWER_TERMS];
} km_literal_power;

typedef struct km_literal_powers {
    km_literal_power *power;
    int n;
    bool single; /* the kernel's precision */
} km_literal_powers;

void km_literal_powers_clear(km_literal_powers *powers);

/* The ID of an exponent, which becomes one of `powers`; -1 if it is too large for tables, or too small: then
 * km_pow and km_pow1p are to be used. */
int km_literal_power_id(km_literal_powers *powers, double exponent);

/* Tables and functions, km_pow_ID(x) and km_pow1p_ID(x), of all of them. */
void km_write_literal_powers(const km_literal_powers *powers, km_text *out);

#endif
