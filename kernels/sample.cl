/* The sample of a sensitivity analysis, made on the device from an index alone.
 *
 * A base row is a point of a scrambled Sobol' sequence in twice as many dimensions as vary: the first half is row A,
 * the second row B. The models of a row are its members: A, B, then, for each unit of factors, A with that unit from
 * B, then, where asked for, B with that unit from A (Saltelli, CPC 145, 2002, 280-297). So a law is evaluated 2 k
 * times for the k + 2 models of a row.
 *
 * Numbers come in a table, since literals are no doubles on a device without them: first those of the normal quantile
 * (study/law.h), then the laws, then the values of choices, then the weights of correlated factors, times -sqrt(1/2). */

/* A law: kind, low, high, location, scale, below, between, internal units per unit, number of values, where they are */
#define KM_LAW_NUMBERS 10
#define KM_LAW_LOG_UNIFORM 1
#define KM_LAW_NORMAL 2
#define KM_LAW_LOGNORMAL 3
#define KM_LAW_LOGIT_NORMAL 4
#define KM_LAW_CHOICE 5

static wide km_ratio(__global const wide *f, const wide x)
{
    wide above = (wide)0, below = (wide)0;

    for (int i = 0; i < 8; i++) {
        above = above * x + f[i];
        below = below * x + f[8 + i];
    }
    return above / below;
}

/* AS 241, as in study/law.c. */
static wide km_normal_quantile(__global const wide *number, const wide p)
{
    __global const wide *bound = number + KM_QUANTILE_BOUNDS;
    const wide q = p - (wide)0.5f;
    wide r, x;

    if (fabs(q) <= bound[0])
        return q * km_ratio(number, bound[1] - q * q);
    r = sqrt(-log(q < (wide)0 ? p : (wide)1 - p));
    x = r <= bound[3] ? km_ratio(number + 16, r - bound[2]) : km_ratio(number + 32, r - bound[3]);
    return q < (wide)0 ? -x : x;
}

static wide km_law_quantile(__global const wide *number, __global const wide *law, const wide u)
{
    const int kind = (int)law[0];
    const wide low = law[1], high = law[2];
    wide x, z;

    if (kind == KM_LAW_CHOICE)
        return number[(int)law[9] + (int)fmin(u * law[8], law[8] - (wide)1)];
    if (kind < KM_LAW_LOG_UNIFORM)
        x = low + (high - low) * u;
    else if (kind == KM_LAW_LOG_UNIFORM)
        x = low * exp(u * log(high / low));
    else {
        z = law[3] + law[4] * km_normal_quantile(number, law[5] + (law[4] < (wide)0 ? (wide)1 - u : u) * law[6]);
        x = kind == KM_LAW_LOGNORMAL ? exp(z) : kind == KM_LAW_LOGIT_NORMAL ? (wide)1 / ((wide)1 + exp(-z)) : z;
    }
    return fmin(fmax(x, low), high);
}

/* Coordinate j of a point of the scrambled sequence, in (0, 1). */
static wide km_unit(__global const uint *direction, __global const uint *scramble, const uint j, const uint index)
{
    const wide u = ((wide)km_owen(km_sobol(direction + 32 * j, index), scramble[j]) + (wide)0.5f) * (wide)0x1p-32f;

    return sizeof(wide) == 4 ? fmin(u, (wide)0x1.fffffep-1f) : u; /* not rounded up to 1 */
}

/* The n base rows from `index` on of one scramble, values of factors in internal units: out is [2][n_factors][stride],
 * from column `at` on. dimension: that of each factor; scramble: a word for each of the 2 n_dimensions. A dimension k that is
 * correlated with others has the normal score of its row of weights, number[n_weights + i], times the scores of dimensions mix[i],
 * i from mix[k] to mix[k + 1] - 1. */
__kernel void km_sample_base(__global const uint *direction, __global const uint *scramble, __global const uint *dimension,
                             __global const wide *number, __global const uint *mix, const uint n_weights,
                             const uint n_dimensions, const uint n_factors, const uint index, const uint n, const uint at,
                             const uint stride, __global wide *out)
{
    const uint i = (uint)get_global_id(0), f = (uint)get_global_id(1); /* f: A's factors, then B's */
    const uint k = dimension[f % n_factors], side = f / n_factors * n_dimensions;
    wide u, z = (wide)0;

    if (i >= n)
        return;
    if (mix[k] == mix[k + 1])
        u = km_unit(direction, scramble, k + side, index + i);
    else {
        for (uint m = mix[k]; m < mix[k + 1]; m++)
            z += number[n_weights + m] * km_normal_quantile(number, km_unit(direction, scramble, mix[m] + side, index + i));
        u = fmin(fmax((wide)0.5f * erfc(z), (wide)0x1p-33f), (wide)1 - (wide)(sizeof(wide) == 4 ? 0x1p-24f : 0x1p-33f));
    }
    out[(size_t)f * stride + at + i] =
        km_law_quantile(number, number + KM_QUANTILE_NUMBERS + KM_LAW_NUMBERS * (f % n_factors), u) *
        number[KM_QUANTILE_NUMBERS + KM_LAW_NUMBERS * (f % n_factors) + 7];
}

/* The members of n_rows base rows, row after row. meta: per slot its factor and its unit. */
__kernel void km_prepare_sample(__global const wide *base, __global const uint *meta, const uint n_factors, const uint n_units,
                                const uint n_members, const uint stride, const uint n, const uint at, const uint capacity,
                                __global scalar *constants, __global wide *edge_time, __global scalar *edge_value,
                                __global int *n_edges, __global char *status, __global int *ignored)
{
    const uint i = (uint)get_global_id(0), row = i / n_members, member = i % n_members;
    wide q[KM_SLOTS];

    if (i >= n)
        return;
    for (int s = 0; s < KM_N_SLOTS; s++) {
        const uint factor = meta[2 * s], unit = meta[2 * s + 1];
        const bool from_b = member < 2           ? member == 1
                            : member < n_units + 2 ? unit == member - 2
                                                   : unit != member - 2 - n_units;
        q[s] = base[(size_t)(from_b ? factor + n_factors : factor) * stride + row];
    }
    km_prepare_point(q, at + i, capacity, constants, edge_time, edge_value, n_edges, status, ignored);
}
