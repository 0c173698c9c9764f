/* Borgonovo's delta by Plischke, Borgonovo and Smith 2013 (equations 26 and 30): the endpoint's density, by a Gaussian kernel of
 * Silverman's width, over all rows and over each class of a factor; half the area between the two, averaged over classes. */
#include "analysis/estimator.h"

#include "base/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { GRID = 100, MOST_CLASSES = 48, DELTA = 0, FIRST };

static int wanted_classes(size_t n)
{
    double power = 2.0 / (7.0 + tanh((1500.0 - (double)n) / 500.0));

    return (int)fmin(ceil(pow((double)n, power)), MOST_CLASSES);
}

/* Rows of one class, or all of them. */
typedef struct group {
    double n, mean, variance; /* variance: divided by n - 1 */
    double low, high;
} group;

/* density[GRID] += weight * exp(-(grid - y)^2 / (2 h^2)): from the grid point nearest to y outwards by multiplication, since
 * the exponent is quadratic in the grid's index; what is below 1e-20 is left out. */
static void add_kernel(double *density, double low, double step, double y, double h, double weight)
{
    double at = (y - low) / step, q = step / h, shrink = exp(-q * q);
    int nearest = (int)fmin(fmax(floor(at + 0.5), 0.0), GRID - 1);
    double off = (nearest - at) * q, centre = weight * exp(-0.5 * off * off), term, factor;

    term = centre, factor = exp(-q * (off + 0.5 * q));
    for (int i = nearest; i < GRID && term > 1e-20; i++) {
        density[i] += term;
        term *= factor;
        factor *= shrink;
    }
    term = centre, factor = exp(q * (off - 0.5 * q));
    for (int i = nearest; i >= 0 && term > 1e-20; i--) {
        density[i] += i < nearest ? term : 0.0;
        term *= factor;
        factor *= shrink;
    }
}

static double width(const group *g) { return sqrt(g->variance) * pow(g->n * 0.75, -0.2); }

static void finish(double *density, const group *g)
{
    for (int i = 0; i < GRID; i++)
        density[i] /= g->n * width(g) * sqrt(2.0 * M_PI);
}

/* Sizes, means and variances of the classes. */
static void gather(const km_rows *r, const uint32_t *weight, const uint16_t *class_of, int n_classes, group *g)
{
    for (int c = 0; c < n_classes; c++)
        g[c] = (group){.low = (double)INFINITY, .high = -(double)INFINITY};
    for (size_t i = 0; i < r->n; i++) {
        group *p = &g[class_of ? class_of[i] : 0];
        double w = weight ? (double)weight[i] : 1.0;
        if (w == 0.0)
            continue;
        p->n += w;
        p->mean += w * r->y[i];
        p->low = fmin(p->low, r->y[i]);
        p->high = fmax(p->high, r->y[i]);
    }
    for (int c = 0; c < n_classes; c++)
        g[c].mean /= g[c].n > 0.0 ? g[c].n : 1.0;
    for (size_t i = 0; i < r->n; i++) {
        group *p = &g[class_of ? class_of[i] : 0];
        double w = weight ? (double)weight[i] : 1.0;
        p->variance += w * (r->y[i] - p->mean) * (r->y[i] - p->mean);
    }
    for (int c = 0; c < n_classes; c++)
        g[c].variance /= g[c].n > 1.0 ? g[c].n - 1.0 : 1.0;
}

static bool has_density(const group *g) { return g->n > 1.0 && g->high > g->low; }

/* densities: [n_classes][GRID] */
static void densities(const km_rows *r, const uint32_t *weight, const uint16_t *class_of, int n_classes, const group *g, double low,
                      double step, double *density)
{
    double h[KM_MOST_VALUES];

    memset(density, 0, (size_t)n_classes * GRID * sizeof *density);
    for (int c = 0; c < n_classes; c++)
        h[c] = has_density(&g[c]) ? width(&g[c]) : 0.0;
    for (size_t i = 0; i < r->n; i++) {
        int c = class_of ? class_of[i] : 0;
        double w = weight ? (double)weight[i] : 1.0;
        if (w > 0.0 && h[c] > 0.0)
            add_kernel(density + (size_t)c * GRID, low, step, r->y[i], h[c], w);
    }
    for (int c = 0; c < n_classes; c++)
        if (h[c] > 0.0)
            finish(density + (size_t)c * GRID, &g[c]);
}

static double area(const double *all, const double *part, double step)
{
    double sum = 0.0;

    for (int i = 0; i < GRID; i++)
        sum += fabs(all[i] - part[i]) * (i == 0 || i == GRID - 1 ? 0.5 : 1.0);
    return sum * step;
}

static void estimate(const km_rows *r, const uint32_t *weight, double *out)
{
    uint16_t *class_of = km_alloc(r->n, sizeof *class_of);
    double *density = km_alloc((size_t)KM_MOST_VALUES * GRID, sizeof *density), all[GRID];
    double low = r->y[r->y_order[0]], step = (r->y[r->y_order[r->n - 1]] - low) / (GRID - 1);
    group whole, part[KM_MOST_VALUES];

    gather(r, weight, NULL, 1, &whole);
    densities(r, weight, NULL, 1, &whole, low, step, all);
    for (int f = 0; f < r->k; f++) {
        int n_classes = 0;
        double delta = 0.0, between = 0.0;
        km_rows_classes(r, f, wanted_classes(r->n), class_of, &n_classes);
        gather(r, weight, class_of, n_classes, part);
        densities(r, weight, class_of, n_classes, part, low, step, density);
        for (int c = 0; c < n_classes; c++) {
            if (part[c].n == 0.0)
                continue;
            delta += part[c].n / (2.0 * whole.n) * area(all, density + (size_t)c * GRID, step);
            between += part[c].n / whole.n * (part[c].mean - whole.mean) * (part[c].mean - whole.mean);
        }
        out[DELTA * r->k + f] = has_density(&whole) ? delta : (double)NAN;
        out[FIRST * r->k + f] = has_density(&whole) ? between / (whole.variance * (whole.n - 1.0) / whole.n) : (double)NAN;
    }
    free(class_of), free(density);
}

static const char *const columns[] = {"delta", "delta_low", "delta_high", "first", "first_low", "first_high", NULL};

const km_estimator km_delta = {
    .column = columns,
    .sort_column = "delta",
    .n_statistics = 2,
    .bias_reduced = 1u << DELTA,
    .least_rows = 32,
    .estimate = estimate,
};
