#include "analysis/trajectories.h"

#include "analysis/streams.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static km_block draw(const km_sensitivity *q, int dimension, uint32_t i) { return km_draw(q->seed, KM_STREAM_TRAJECTORY, (km_u32)dimension, i); }

/* The order in which a walk changes the units: order[k], by random keys. */
static void shuffle(const km_sensitivity *q, uint32_t i, int *order)
{
    km_u32 *key = km_alloc((size_t)q->n_units, sizeof *key);

    for (int u = 0; u < q->n_units; u++) {
        int at = u;
        key[u] = draw(q, KM_MOST_SENSITIVITY_DIMENSIONS + u, i).x[0];
        for (; at > 0 && key[order[at - 1]] > key[u]; at--)
            order[at] = order[at - 1];
        order[at] = u;
    }
    free(key);
}

static void walk(const km_trajectories *t, uint32_t i, double *unit, int *from, int *to, double *step)
{
    const km_sensitivity *q = t->block;
    int n = q->n_dimensions, *order = km_alloc((size_t)q->n_units, sizeof *order), half = t->levels / 2;

    shuffle(q, i, order);
    for (int k = 0; k < q->n_units; k++) {
        from[order[k]] = k;
        to[order[k]] = k + 1;
    }
    for (int j = 0; j < n; j++) {
        const km_block b = draw(q, j, i);
        int u = q->unit[j], base = (int)(((uint64_t)b.x[0] * (uint64_t)half) >> 32);
        bool up = b.x[1] >> 31;
        double low = (double)base / (t->levels - 1), high = (double)(base + half) / (t->levels - 1);
        for (int k = 0; k <= q->n_units; k++)
            unit[k * n + j] = (k >= to[u]) == up ? high : low;
        step[u] = (isnan(step[u]) ? 0.0 : (double)NAN) + (up ? high - low : low - high); /* a second dimension leaves NaN */
    }
    free(order);
}

static void star(const km_trajectories *t, uint32_t i, double *unit, int *from, int *to, double *step)
{
    const km_sensitivity *q = t->block;
    int n = q->n_dimensions;

    for (int u = 0; u < q->n_units; u++) {
        from[u] = 0;
        to[u] = u + 1;
    }
    for (int j = 0; j < n; j++) {
        const km_block b = draw(q, j, i);
        double base = km_unit_of(b.x[0]), moved = base + 0.25 + 0.5 * km_unit_of(b.x[1]);
        int u = q->unit[j];
        moved -= moved >= 1.0 ? 1.0 : 0.0;
        for (int k = 0; k <= q->n_units; k++)
            unit[k * n + j] = k == u + 1 ? moved : base;
        step[u] = (isnan(step[u]) ? 0.0 : (double)NAN) + (moved - base);
    }
}

static void draw_one(const km_trajectories *t, uint32_t i, double *unit, int *from, int *to, double *step)
{
    for (int u = 0; u < t->block->n_units; u++)
        step[u] = (double)NAN;
    (t->radial ? star : walk)(t, i, unit, from, to, step);
}

void km_trajectories_draw(const km_trajectories *t, uint32_t i, double *unit, int *from, int *to, double *step)
{
    draw_one(t, t->chosen ? t->chosen[i] : i, unit, from, to, step);
}

double km_trajectories_distance(const double *a, const double *b, int n_points, int n_dimensions)
{
    double sum = 0.0;

    for (int i = 0; i < n_points; i++)
        for (int k = 0; k < n_points; k++) {
            double squares = 0.0;
            for (int j = 0; j < n_dimensions; j++) {
                double off = a[i * n_dimensions + j] - b[k * n_dimensions + j];
                squares += off * off;
            }
            sum += sqrt(squares);
        }
    return sum;
}

/* The two that lie farthest apart, then always the one that adds most to the sum of squared distances. */
static void choose(const double *distance, uint32_t candidates, uint32_t n, uint32_t *chosen)
{
    double *gain = km_alloc(candidates, sizeof *gain), most = -1.0;
    uint32_t first = 0, next = 0;

    for (uint32_t i = 0; i < candidates; i++)
        for (uint32_t k = i + 1; k < candidates; k++)
            if (distance[(size_t)i * candidates + k] > most) {
                most = distance[(size_t)i * candidates + k];
                first = i;
            }
    next = first;
    for (uint32_t c = 0; c < n; c++) {
        chosen[c] = next;
        for (uint32_t i = 0; i < candidates; i++) {
            double off = distance[(size_t)next * candidates + i];
            gain[i] += off * off;
        }
        gain[chosen[c]] = -(double)INFINITY;
        for (uint32_t i = 0; i < candidates; i++)
            if (i == 0 || gain[i] > gain[next])
                next = i;
    }
    free(gain);
}

static void spread_out(km_trajectories *t, uint32_t n, uint32_t candidates)
{
    int points = t->block->n_units + 1, k = t->block->n_dimensions;
    size_t size = (size_t)points * (size_t)k;
    double *unit = km_alloc(size * candidates, sizeof *unit), *distance = km_alloc((size_t)candidates * candidates, sizeof *distance),
           *step = km_alloc((size_t)points, sizeof *step);
    int *from = km_alloc((size_t)points, sizeof *from), *to = km_alloc((size_t)points, sizeof *to);
    uint32_t *chosen = km_alloc(n, sizeof *chosen);

    for (uint32_t i = 0; i < candidates; i++) {
        draw_one(t, i, unit + i * size, from, to, step);
        for (uint32_t b = 0; b < i; b++)
            distance[(size_t)i * candidates + b] = distance[(size_t)b * candidates + i] =
                km_trajectories_distance(unit + i * size, unit + b * size, points, k);
    }
    choose(distance, candidates, n, chosen);
    t->chosen = chosen;
    free(unit), free(distance), free(step), free(from), free(to);
}

void km_trajectories_create(const km_sensitivity *block, bool radial, int levels, uint32_t n, uint32_t candidates, km_trajectories *out)
{
    *out = (km_trajectories){.block = block, .radial = radial, .levels = levels};
    if (candidates > 0)
        spread_out(out, n, candidates);
}

void km_trajectories_destroy(km_trajectories *t) { free(t->chosen); }
