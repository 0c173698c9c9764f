#include "analysis/spectrum.h"

#include "base/memory.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Complex numbers are pairs: real, imaginary. */
struct km_spectrum {
    size_t n, size;  /* size: a power of 2, at least 2 n - 1 */
    double *turn;    /* [size/2] exp(-2 pi i k/size) */
    double *chirp;   /* [n] exp(-pi i k^2/n) */
    double *filter;  /* [size] transform of the chirp's inverse, divided by size */
    double *room;    /* [size] */
};

static void multiply(double *a, const double *b)
{
    double real = a[0] * b[0] - a[1] * b[1];

    a[1] = a[0] * b[1] + a[1] * b[0];
    a[0] = real;
}

static void reverse_bits(double *a, size_t size)
{
    for (size_t i = 1, j = 0; i < size; i++) {
        size_t bit = size >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            double real = a[2 * i], imaginary = a[2 * i + 1];
            a[2 * i] = a[2 * j], a[2 * i + 1] = a[2 * j + 1];
            a[2 * j] = real, a[2 * j + 1] = imaginary;
        }
    }
}

/* In place, forward. */
static void transform(const km_spectrum *s, double *a)
{
    reverse_bits(a, s->size);
    for (size_t half = 1; half < s->size; half *= 2)
        for (size_t from = 0; from < s->size; from += 2 * half)
            for (size_t k = 0; k < half; k++) {
                double *low = a + 2 * (from + k), *high = low + 2 * half, x[2] = {high[0], high[1]};
                multiply(x, s->turn + 2 * (k * (s->size / 2 / half)));
                high[0] = low[0] - x[0], high[1] = low[1] - x[1];
                low[0] += x[0], low[1] += x[1];
            }
}

km_spectrum *km_spectrum_create(size_t n)
{
    km_spectrum *s = km_alloc(1, sizeof *s);

    s->n = n;
    for (s->size = 2; s->size < 2 * n; s->size *= 2)
        ;
    s->turn = km_alloc(s->size, sizeof *s->turn);
    s->chirp = km_alloc(2 * n, sizeof *s->chirp);
    s->filter = km_alloc(2 * s->size, sizeof *s->filter);
    s->room = km_alloc(2 * s->size, sizeof *s->room);
    for (size_t k = 0; k < s->size / 2; k++) {
        s->turn[2 * k] = cos(2.0 * M_PI * (double)k / (double)s->size);
        s->turn[2 * k + 1] = -sin(2.0 * M_PI * (double)k / (double)s->size);
    }
    for (size_t k = 0; k < n; k++) {
        double angle = M_PI * (double)((uint64_t)k * k % (2 * n)) / (double)n;
        s->chirp[2 * k] = cos(angle);
        s->chirp[2 * k + 1] = -sin(angle);
    }
    for (size_t k = 0; k < n; k++) {
        size_t back = k ? s->size - k : 0;
        s->filter[2 * k] = s->filter[2 * back] = s->chirp[2 * k] / (double)s->size;
        s->filter[2 * k + 1] = s->filter[2 * back + 1] = -s->chirp[2 * k + 1] / (double)s->size;
    }
    transform(s, s->filter);
    return s;
}

void km_spectrum_destroy(km_spectrum *s)
{
    if (s == NULL)
        return;
    free(s->turn), free(s->chirp), free(s->filter), free(s->room);
    free(s);
}

void km_spectrum_power(km_spectrum *s, const double *y, double shift, double *power)
{
    double *a = s->room, scale = 1.0 / ((double)s->n * (double)s->n);

    memset(a, 0, 2 * s->size * sizeof *a);
    for (size_t i = 0; i < s->n; i++) {
        a[2 * i] = (y[i] - shift) * s->chirp[2 * i];
        a[2 * i + 1] = (y[i] - shift) * s->chirp[2 * i + 1];
    }
    transform(s, a);
    for (size_t i = 0; i < s->size; i++) {
        multiply(a + 2 * i, s->filter + 2 * i);
        a[2 * i + 1] = -a[2 * i + 1]; /* back: forward of the conjugate */
    }
    transform(s, a);
    for (size_t f = 0; f <= s->n / 2; f++) /* the last chirp has no say in powers */
        power[f] = (a[2 * f] * a[2 * f] + a[2 * f + 1] * a[2 * f + 1]) * scale;
}
