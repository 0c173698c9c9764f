#include "analysis/chains.h"

#include "base/memory.h"
#include "study/law.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Chains split in halves, a middle draw left out: [n_chains][n], in one block. */
typedef struct halves {
    int n_chains;
    size_t n;
    double *x;
} halves;

static halves split(const double *const *chain, int n_chains, size_t n)
{
    halves h = {.n_chains = 2 * n_chains, .n = n / 2, .x = km_alloc(2 * (size_t)n_chains * (n / 2) + 1, sizeof(double))};

    for (int c = 0; c < n_chains; c++) {
        memcpy(h.x + (size_t)(2 * c) * h.n, chain[c], h.n * sizeof *h.x);
        memcpy(h.x + (size_t)(2 * c + 1) * h.n, chain[c] + (n - h.n), h.n * sizeof *h.x);
    }
    return h;
}

static size_t count(const halves *h) { return (size_t)h->n_chains * h->n; }

typedef struct keyed {
    double key;
    size_t at;
} keyed;

static int by_key(const void *a, const void *b)
{
    const keyed *x = a, *y = b;

    return x->key < y->key ? -1 : x->key > y->key ? 1 : x->at < y->at ? -1 : x->at > y->at;
}

static keyed *sorted(const double *x, size_t n)
{
    keyed *k = km_alloc(n + 1, sizeof *k);

    for (size_t i = 0; i < n; i++)
        k[i] = (keyed){x[i], i};
    qsort(k, n, sizeof *k, by_key);
    return k;
}

/* Normal scores of mean ranks, Blom's offsets. */
static void rank_normalise(halves *h)
{
    size_t n = count(h);
    keyed *k = sorted(h->x, n);

    for (size_t i = 0, next; i < n; i = next) {
        for (next = i + 1; next < n && k[next].key == k[i].key;)
            next++;
        for (size_t j = i; j < next; j++)
            h->x[k[j].at] = km_normal_quantile((0.5 * (double)(i + 1 + next) - 0.375) / ((double)n + 0.25));
    }
    free(k);
}

/* Quantile of n numbers by linear interpolation. */
static double quantile(const double *x, size_t n, double q)
{
    size_t i;
    keyed *k = sorted(x, n);
    double at = q * (double)(n - 1), value;

    i = (size_t)at;
    value = i + 1 < n ? k[i].key + (at - (double)i) * (k[i + 1].key - k[i].key) : k[n - 1].key;
    free(k);
    return value;
}

static double mean_of(const double *x, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

static double variance_of(const double *x, size_t n)
{
    double mean = mean_of(x, n), sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum / ((double)n - 1.0);
}

/* Within and pooled variance. */
static void variances(const halves *h, double *within, double *pooled)
{
    double *mean = km_alloc((size_t)h->n_chains, sizeof *mean), n = (double)h->n;

    *within = 0.0;
    for (int c = 0; c < h->n_chains; c++) {
        mean[c] = mean_of(h->x + (size_t)c * h->n, h->n);
        *within += variance_of(h->x + (size_t)c * h->n, h->n) / h->n_chains;
    }
    *pooled = *within * (n - 1.0) / n + (h->n_chains > 1 ? variance_of(mean, (size_t)h->n_chains) : 0.0);
    free(mean);
}

static double plain_r_hat(const halves *h)
{
    double within, pooled;

    if (h->n < 2)
        return (double)NAN;
    variances(h, &within, &pooled);
    return within > 0.0 ? sqrt(pooled / within) : (double)NAN;
}

double km_r_hat(const double *const *chain, int n_chains, size_t n)
{
    halves bulk = split(chain, n_chains, n), folded = split(chain, n_chains, n);
    double middle, r;

    if (bulk.n < 4) {
        free(bulk.x), free(folded.x);
        return (double)NAN;
    }
    middle = quantile(folded.x, count(&folded), 0.5);
    for (size_t i = 0; i < count(&folded); i++)
        folded.x[i] = fabs(folded.x[i] - middle);
    rank_normalise(&bulk);
    rank_normalise(&folded);
    r = fmax(plain_r_hat(&bulk), plain_r_hat(&folded));
    free(bulk.x), free(folded.x);
    return r;
}

/* Autocovariance at a lag, divided by n, averaged over chains. */
static double autocovariance(const halves *h, size_t lag)
{
    double sum = 0.0;

    for (int c = 0; c < h->n_chains; c++) {
        const double *x = h->x + (size_t)c * h->n;
        double mean = mean_of(x, h->n), s = 0.0;
        for (size_t i = 0; i + lag < h->n; i++)
            s += (x[i] - mean) * (x[i + lag] - mean);
        sum += s / (double)h->n;
    }
    return sum / h->n_chains;
}

/* Geyer's initial monotone sequence of sums of pairs of autocorrelations. */
static double ess(const halves *h)
{
    double n = (double)h->n, total = (double)count(h), within, pooled, mean_variance, even = 1.0, odd, tau, *rho;
    long t = 1, last, length = (long)h->n;

    if (length < 4)
        return (double)NAN;
    variances(h, &within, &pooled);
    if (!(within > 0.0))
        return (double)NAN;
    mean_variance = autocovariance(h, 0) * n / (n - 1.0);
    rho = km_alloc(h->n + 2, sizeof *rho);
    rho[0] = 1.0;
    odd = 1.0 - (mean_variance - autocovariance(h, 1)) / pooled;
    rho[1] = odd;
    while (t < length - 3 && even + odd > 0.0) {
        even = 1.0 - (mean_variance - autocovariance(h, (size_t)t + 1)) / pooled;
        odd = 1.0 - (mean_variance - autocovariance(h, (size_t)t + 2)) / pooled;
        if (even + odd >= 0.0) {
            rho[t + 1] = even;
            rho[t + 2] = odd;
        }
        t += 2;
    }
    last = t - 2;
    if (even > 0.0)
        rho[last + 1] = even;
    for (long i = 1; i <= last - 2; i += 2)
        if (rho[i + 1] + rho[i + 2] > rho[i - 1] + rho[i])
            rho[i + 1] = rho[i + 2] = 0.5 * (rho[i - 1] + rho[i]);
    tau = -1.0;
    for (long i = 0; i <= last; i++)
        tau += 2.0 * rho[i];
    tau = fmax(tau + rho[last + 1], 1.0 / log10(total));
    free(rho);
    return total / tau;
}

double km_ess_bulk(const double *const *chain, int n_chains, size_t n)
{
    halves h = split(chain, n_chains, n);
    double e;

    rank_normalise(&h);
    e = ess(&h);
    free(h.x);
    return e;
}

double km_ess_tail(const double *const *chain, int n_chains, size_t n)
{
    static const double q[] = {0.05, 0.95};
    double least = (double)INFINITY, *all = km_alloc((size_t)n_chains * n + 1, sizeof *all);

    for (int c = 0; c < n_chains; c++)
        memcpy(all + (size_t)c * n, chain[c], n * sizeof *all);
    for (int i = 0; i < 2; i++) {
        halves h = split(chain, n_chains, n);
        double bound = h.n > 0 ? quantile(all, (size_t)n_chains * n, q[i]) : 0.0, e;
        for (size_t k = 0; k < count(&h); k++)
            h.x[k] = h.x[k] <= bound ? 1.0 : 0.0;
        e = ess(&h);
        least = isnan(e) ? e : fmin(least, e);
        free(h.x);
    }
    free(all);
    return least;
}
