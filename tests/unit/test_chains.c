/* R-hat, effective sample sizes, PSIS-LOO and WAIC against ArviZ 0.22.0 (rhat(method="rank"), ess(method="bulk" and "tail"),
 * loo(reff=1), waic) on the same draws: a linear congruential generator of 64 bits, logistic noise in autoregressive chains. */
#include "cmocka_all.h"

#include "analysis/chains.h"
#include "analysis/predictive_score.h"
#include "base/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static double uniform(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return ((double)(*seed >> 11) + 0.5) * 0x1p-53;
}

static double logistic(uint64_t *seed)
{
    double u = uniform(seed);

    return log(u / (1.0 - u));
}

static void test_chains(void **state)
{
    static const struct {
        uint64_t seed;
        int n_chains;
        size_t n;
        double rho, shift;
        bool rounded;
        double r_hat, bulk, tail;
    } cases[] = {{1, 4, 200, 0, 0, false, 1.00382384158, 897.304697629, 811.868562532},
                 {2, 4, 501, 0.9, 0, false, 1.01823147953, 114.976000292, 290.204335851},
                 {3, 2, 100, -0.6, 0, false, 1.00475751516, 460.205999133, 156.161781155},
                 {4, 4, 300, 0.5, 1, false, 1.20037657248, 15.2908150311, 79.7759027083},
                 {5, 8, 60, 0.3, 0, true, 1.02207126051, 348.50162229, 359.155772827}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double *chain[8];
        const double *const *x = (const double *const *)chain;
        uint64_t seed = cases[i].seed;
        for (int c = 0; c < cases[i].n_chains; c++) {
            double value = 0.0;
            chain[c] = km_alloc(cases[i].n, sizeof **chain);
            for (size_t k = 0; k < cases[i].n; k++) {
                value = cases[i].rho * value + logistic(&seed);
                chain[c][k] = value + cases[i].shift * c;
                chain[c][k] = cases[i].rounded ? floor(chain[c][k]) : chain[c][k];
            }
        }
        assert_true(fabs(km_r_hat(x, cases[i].n_chains, cases[i].n) / cases[i].r_hat - 1.0) < 1e-6);
        assert_true(fabs(km_ess_bulk(x, cases[i].n_chains, cases[i].n) / cases[i].bulk - 1.0) < 1e-6);
        assert_true(fabs(km_ess_tail(x, cases[i].n_chains, cases[i].n) / cases[i].tail - 1.0) < 1e-6);
        for (int c = 0; c < cases[i].n_chains; c++)
            free(chain[c]);
    }
}

static void test_too_few(void **state)
{
    const double few[] = {1, 2, 3}, same[] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2};
    const double *chain[] = {few, few}, *constant[] = {same, same};

    (void)state;
    assert_true(isnan(km_r_hat(chain, 2, 3)) && isnan(km_ess_bulk(chain, 2, 3)) && isnan(km_ess_tail(chain, 2, 3)));
    assert_true(isnan(km_r_hat(constant, 2, 10)) && isnan(km_ess_bulk(constant, 2, 10)));
}

static void test_scores(void **state)
{
    static const struct {
        uint64_t seed;
        size_t draws, points;
        double scale, loo, loo_se, p_loo, k, waic, waic_se, p_waic;
    } cases[] = {
        {11, 400, 5, 1, -8.55997355828, 1.57023603673, 6.0112472407, 1.55887290132, -6.09041962638, 0.605332370339, 3.54169330881},
        {12, 1000, 8, 0.5, -6.81223786226, 0.702755871093, 2.49026046761, 1.15636516463, -6.11686316843, 0.639864509366, 1.79488577379},
        {13, 300, 4, 3, -39.427221555, 4.64463696759, 36.446066879, 3.53205075931, -29.9444867249, 5.44959197835, 26.9633320489}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t seed = cases[i].seed;
        size_t n = cases[i].draws * cases[i].points;
        double *l = km_alloc(n, sizeof *l);
        km_predictive_score loo, waic;
        for (size_t k = 0; k < n; k++) {
            double x = logistic(&seed);
            l[k] = -0.5 * cases[i].scale * x * x * 0.3 - (double)(k % cases[i].points) * 0.1;
        }
        km_psis_loo(l, cases[i].draws, cases[i].points, 1.0, NULL, NULL, &loo);
        km_waic(l, cases[i].draws, cases[i].points, NULL, &waic);
        assert_true(fabs(loo.elpd / cases[i].loo - 1.0) < 1e-6 && fabs(loo.standard_error / cases[i].loo_se - 1.0) < 1e-6);
        assert_true(fabs(loo.parameters / cases[i].p_loo - 1.0) < 1e-6 && fabs(loo.worst_k / cases[i].k - 1.0) < 1e-6);
        assert_true(fabs(waic.elpd / cases[i].waic - 1.0) < 1e-6 && fabs(waic.standard_error / cases[i].waic_se - 1.0) < 1e-6);
        assert_true(fabs(waic.parameters / cases[i].p_waic - 1.0) < 1e-6);
        free(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_chains), cmocka_unit_test(test_too_few), cmocka_unit_test(test_scores)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
