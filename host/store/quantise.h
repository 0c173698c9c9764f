/* Rounding floats to fewer mantissa bits, so that they compress. */
#ifndef KM_STORE_QUANTISE_H
#define KM_STORE_QUANTISE_H

#include <stddef.h>

/* Rounds in place to `keep` explicit mantissa bits (1 to 23; 23 changes nothing), to nearest, ties to even.
 * NaN, infinities and zeros stay. */
void km_quantise(float *value, size_t n, int keep);

#endif
