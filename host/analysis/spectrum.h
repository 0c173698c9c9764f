/* The power spectrum of any number of values, by Bluestein's transform (IEEE Trans. Audio Electroacoust. 18, 1970, 451-455). */
#ifndef KM_ANALYSIS_SPECTRUM_H
#define KM_ANALYSIS_SPECTRUM_H

#include <stddef.h>

typedef struct km_spectrum km_spectrum;

/* Tables for n values, 1 to 2^20. */
km_spectrum *km_spectrum_create(size_t n);
void km_spectrum_destroy(km_spectrum *spectrum);

/* power[f] = |sum over i of (y[i] - shift) exp(-2 pi i f/n)|^2 / n^2, f = 0 ... n/2. */
void km_spectrum_power(km_spectrum *spectrum, const double *y, double shift, double *power);

#endif
