/* Included behind a generated program (test_derivatives.c): what OpenCL has and C has not comes before it, the checks below.
 * Each check is against central differences of the program's own rates and outputs; a failed one prints and counts. */
#ifdef KM_BEFORE_PROGRAM
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#define __global
#define __kernel
#define __private
typedef unsigned int uint;
typedef unsigned long ulong;
#define fma(a, b, c) ((a) * (b) + (c))
#define convert_double(x) ((double)(x))
#define convert_long(x) ((long)(x))
static double as_double(ulong x) { union { ulong u; double d; } v = {x}; return v.d; }
static ulong as_ulong_bits(double x) { union { double d; ulong u; } v = {x}; return v.u; }
#define as_ulong(x) _Generic((x), double: as_ulong_bits((double)(x)), default: (ulong)(x))
#define as_long(x) _Generic((x), double: (long)as_ulong_bits((double)(x)), default: (long)(x))
static size_t get_global_id(uint k) { return k; /* 0 */ }
#else

static double random_between(double a, double b) { return a + (b - a) * (rand() / (double)RAND_MAX); }

static int n_compared, n_nonzero, n_failed, n_nan;

/* size: how large the terms are that were added up. */
static void agree(const char *what, int row, int column, double exact, double difference, double size)
{
    if (!isfinite(difference)) {
        n_nan++;
        return;
    }
    n_compared++;
    n_nonzero += exact != 0.0;
    if (!(fabs(exact - difference) <= 2e-5 * fabs(difference) + 2e-6 * size)) {
        if (n_failed++ < 10)
            printf("%s[%d,%d]: %.10g, by differences %.10g (size %.3g)\n", what, row, column, exact, difference, size);
    }
}

static int report(void)
{
    printf("%d derivatives, %d not 0, %d not finite, %d wrong\n", n_compared, n_nonzero, n_nan, n_failed);
    return n_failed > 0 || n_nan * 10 > n_compared;
}

#ifdef KM_LANES /* a study's program: rows[][], N_ROWS, HORIZON come from the test */
int main(void)
{
    enum { N = KM_N_STATES, S = KM_STATES };
    srand(1);
    for (int r = 0; r < N_ROWS; r++) {
        static double c[KM_CONSTANTS], edge_time[KM_MAX_EDGES + 1], edge_value[(KM_MAX_EDGES + 1) * KM_N_EDGE_VALUES];
        int n_edges = 0, ignored = 0;
        char status = 0;
        double y0[S], weight[S], y[S], z[S], size[S], u[KM_DOSED], f[S], f_high[S], f_low[S], ft[S], J[KM_N_J + 1], none[S] = {0}, v[S], Jv[S];
        double total[S] = {0}, column[S][S], g[KM_OUTPUTS], d[KM_OUTPUTS], g_high[KM_OUTPUTS], g_low[KM_OUTPUTS], unused[KM_OUTPUTS];
        const double t = random_between(0.05, 0.95) * HORIZON;
        km_prepare_rows(rows[r], 1, 0, 1, c, edge_time, edge_value, &n_edges, &status, &ignored);
        if (status == KM_POINT_BAD_PARAMETER)
            continue;
        for (int k = 0; k < KM_DOSED; k++)
            u[k] = random_between(0, 1);
        km_initial(c, y0);
        km_weights(c, y0, weight);
        for (int i = 0; i < N; i++) { /* a weight is 1/(rtol (0.01 scale + |y|)) */
            size[i] = 100 * (KM_INVERSE_RTOL / weight[i] - fabs(y0[i]));
            if (r % 2) /* small states large too, where their terms are not lost among others */
                size[i] = fmax(size[i], 0.1);
            y[i] = y0[i] + size[i] * random_between(-0.05, 0.5);
            size[i] += fabs(y[i]);
        }
        km_derivatives(KM_HERE(t, 0.0, HORIZON), y, c, u, f, J, ft);
        for (int j = 0; j < N; j++) { /* column by column: J v is what km_second gives for v and no df/dt */
            for (int i = 0; i < N; i++)
                v[i] = i == j;
            km_second(J, c, v, none, column[j]);
            for (int i = 0; i < N; i++)
                total[i] += fabs(column[j][i]) * size[j];
        }
        for (int j = 0; j < N; j++) {
            const double h = 1e-5 * size[j];
            for (int i = 0; i < N; i++)
                z[i] = y[i];
            z[j] = y[j] + h;
            km_rates(KM_HERE(t, 0.0, HORIZON), z, c, u, f_high);
            z[j] = y[j] - h;
            km_rates(KM_HERE(t, 0.0, HORIZON), z, c, u, f_low);
            for (int i = 0; i < N; i++)
                agree("J", i, j, column[j][i], (f_high[i] - f_low[i]) / (2 * h), (total[i] + fabs(f[i])) / size[j]);
        }
        {
            const double h = 1e-6 * t;
            km_rates(KM_HERE(t + h, 0.0, HORIZON), y, c, u, f_high);
            km_rates(KM_HERE(t - h, 0.0, HORIZON), y, c, u, f_low);
            km_rates(KM_HERE(t, 0.0, HORIZON), y, c, u, z);
            for (int i = 0; i < N; i++) {
                agree("rates", i, 0, f[i], z[i], fabs(f[i]) * 1e-5);
                agree("df/dt", i, 0, 0.0 KM_WITH_TIME(+ft[i]), (f_high[i] - f_low[i]) / (2 * h), (total[i] + fabs(f[i])) / t);
            }
        }
        { /* outputs along the flow */
            double h = 1e-6 * t, worst = 0;
            for (int i = 0; i < N; i++)
                worst = fmax(worst, fabs(f[i]) / size[i]);
            h = worst > 0 ? fmin(h, 1e-6 / worst) : h;
            km_observe(KM_HERE(t, 0.0, HORIZON), y, c, f, g, d);
            for (int s = 0; s < 2; s++) {
                for (int i = 0; i < N; i++)
                    z[i] = y[i] + (s ? h : -h) * f[i];
                km_observe(KM_HERE(t + (s ? h : -h), 0.0, HORIZON), z, c, f, s ? g_high : g_low, unused);
            }
            for (int k = 0; k < KM_N_OUTPUTS && N > 0; k++)
                agree("output", k, 0, d[k], (g_high[k] - g_low[k]) / (2 * h), (fabs(g[k]) + fabs(d[k]) * h) * 1e-4 / h);
        }
#if KM_IMPLICIT && KM_N_STATES > 0
        { /* what km_solve returns solves (gamma - J) x = b */
            double lu[KM_N_LU + 1], x[S], b[S], gamma = 0;
            for (int i = 0; i < N; i++)
                gamma = fmax(gamma, total[i] / size[i]);
            km_factor(J, gamma, c, lu);
            for (int i = 0; i < N; i++)
                x[i] = b[i] = size[i] * random_between(-1, 1);
            km_solve(J, c, lu, x);
            km_second(J, c, x, none, Jv);
            for (int i = 0; i < N; i++)
                agree("solve", i, 0, gamma * x[i] - Jv[i], b[i], 1e-3 * gamma * size[i]);
        }
#endif
    }
    return report();
}
#else /* a model as plain C */
int main(void)
{
    enum { N = MODEL_STATES, S = N ? N : 1 };
    const double *p = model_parameter_values;
    double y0[S], y[S], f[S], high[S], low[S], J[S * S];
    srand(1);
    model_initial(0, y0, p, y0);
    for (int r = 0; r < 20; r++) {
        const double t = random_between(1, 100);
        double total[S] = {0};
        for (int i = 0; i < N; i++)
            y[i] = y0[i] + (y0[i] != 0 ? fabs(y0[i]) : 1) * random_between(-0.05, 0.5);
        model_rates(t, y, p, f);
        model_jacobian(t, y, p, J);
        for (int j = 0; j < N; j++)
            for (int i = 0; i < N; i++)
                total[i] += fabs(J[i + j * N]) * (fabs(y[j]) + 0.1);
        for (int j = 0; j < N; j++) {
            const double h = 1e-5 * (fabs(y[j]) + 0.1), kept = y[j];
            y[j] = kept + h;
            model_rates(t, y, p, high);
            y[j] = kept - h;
            model_rates(t, y, p, low);
            y[j] = kept;
            for (int i = 0; i < N; i++)
                agree("J", i, j, J[i + j * N], (high[i] - low[i]) / (2 * h), (total[i] + fabs(f[i])) / (fabs(kept) + 0.1));
        }
    }
    return report();
}
#endif
#endif
