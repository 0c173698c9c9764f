/* "estimation" of a fit file. */
#include "analysis/estimation.h"

#include "study/factor.h"
#include "study/quantity.h"

#include <string.h>

static const char *const block_keys[] = {"seed", "optimise", "posterior", "ensemble", "profiles", "hypotheses", NULL};
static const char *const optimise_keys[] = {"method", "starts", "evaluations", NULL};
static const char *const posterior_keys[] = {"particles", NULL};
static const char *const ensemble_keys[] = {"walkers", "steps", "thin", NULL};
static const char *const profile_keys[] = {"points", "evaluations", NULL};
static const char *const hypothesis_keys[] = {"starts", "evaluations", "particles", NULL};

static km_status read_whole(const km_json *block, const char *key, const char *what, long low, long high, long *out, km_diag *d)
{
    const km_json *node = block ? km_json_find(block, key) : NULL;

    return node ? km_quantity_whole(node, what, low, high, out, d) : KM_OK;
}

static km_status read_part(const km_json *block, const char *key, const char *const *keys, const km_json **out, km_diag *d)
{
    km_status st = block ? km_json_get(block, key, KM_JSON_OBJECT, out, d) : KM_OK;

    return st == KM_OK && *out ? km_json_allow(*out, keys, d) : st;
}

static km_status read_particles(const km_json *block, long *out, km_diag *d)
{
    km_status st = read_whole(block, "particles", "the number of particles", 16, 1000000, out, d);

    if (st == KM_OK && *out % 8)
        st = km_json_fail(km_json_find(block, "particles"), d, "particles are 8 islands, so that their number is a multiple of 8: %ld", (*out / 8 + 1) * 8);
    return st;
}

/* What a hypothesis is estimated by, where that is not what the fit is. */
static km_status read_hypothesis(const km_json *block, km_estimation *out, km_diag *d)
{
    long starts = out->hypothesis_starts, evaluations = (long)out->hypothesis_evaluations, particles = (long)out->hypothesis_particles;
    km_status st = KM_OK;

    if (block && out->evolution && km_json_find(block, "starts"))
        KM_TRY(km_json_fail(km_json_find(block, "starts"), d, "differential evolution has one population and no starts"));
    KM_TRY(read_whole(block, "starts", "the number of starts", 1, 256, &starts, d));
    KM_TRY(read_whole(block, "evaluations", "the evaluations of a start", 10, 10000000, &evaluations, d));
    KM_TRY(read_particles(block, &particles, d));
    out->hypothesis_starts = (int)starts, out->hypothesis_evaluations = (uint64_t)evaluations, out->hypothesis_particles = (size_t)particles;
done:
    return st;
}

km_status km_estimation_read(const km_json *block, int n_free, km_estimation *out, km_diag *d)
{
    const char *method = NULL;
    const km_json *optimise = NULL, *posterior = NULL, *ensemble = NULL, *profiles = NULL, *hypotheses = NULL, *seed;
    long starts = 8, evaluations = 250L * n_free, particles = 1000, walkers = 0, steps = 1000, thin = 1, points = 0, profile_evaluations = 300;
    km_status st = KM_OK;

    *out = (km_estimation){.seed = 1};
    if (block)
        KM_TRY(km_json_allow(block, block_keys, d));
    seed = block ? km_json_find(block, "seed") : NULL;
    if (seed)
        KM_TRY(km_factor_read_seed(seed, &out->seed, d));
    KM_TRY(read_part(block, "optimise", optimise_keys, &optimise, d));
    KM_TRY(read_part(block, "posterior", posterior_keys, &posterior, d));
    KM_TRY(read_part(block, "ensemble", ensemble_keys, &ensemble, d));
    KM_TRY(read_part(block, "profiles", profile_keys, &profiles, d));
    KM_TRY(read_part(block, "hypotheses", hypothesis_keys, &hypotheses, d));
    if (optimise)
        KM_TRY(km_json_get_string(optimise, "method", &method, d));
    if (method && strcmp(method, "cmaes") != 0 && strcmp(method, "differential_evolution") != 0)
        KM_TRY(km_json_fail(km_json_find(optimise, "method"), d, "expected \"cmaes\" or \"differential_evolution\", got \"%s\"", method));
    out->evolution = method && strcmp(method, "differential_evolution") == 0;
    if (out->evolution && km_json_find(optimise, "starts"))
        KM_TRY(km_json_fail(km_json_find(optimise, "starts"), d, "differential evolution has one population and no starts; its \"evaluations\" are of all"));
    if (out->evolution)
        starts = 1, evaluations = 2000L * n_free;
    KM_TRY(read_whole(optimise, "starts", "the number of starts", 1, 256, &starts, d));
    KM_TRY(read_whole(optimise, "evaluations", "the evaluations of a start", 10, 10000000, &evaluations, d));
    KM_TRY(read_particles(posterior, &particles, d));
    if (ensemble) {
        walkers = 4L * n_free + 4;
        KM_TRY(read_whole(ensemble, "walkers", "the number of walkers", 2L * n_free + 2, 100000, &walkers, d));
        KM_TRY(read_whole(ensemble, "steps", "the number of steps", 16, 10000000, &steps, d));
        KM_TRY(read_whole(ensemble, "thin", "the steps between two draws", 1, 10000, &thin, d));
        walkers += walkers % 2;
    }
    if (profiles) {
        points = 9;
        KM_TRY(read_whole(profiles, "points", "the points of a profile", 3, KM_PROFILE_POINTS, &points, d));
        KM_TRY(read_whole(profiles, "evaluations", "the evaluations of a point", 10, 1000000, &profile_evaluations, d));
    }
    out->hypothesis_starts = (int)starts, out->hypothesis_evaluations = (uint64_t)evaluations, out->hypothesis_particles = (size_t)particles;
    KM_TRY(read_hypothesis(hypotheses, out, d));
    out->starts = (int)starts, out->evaluations = (uint64_t)evaluations, out->particles = (size_t)particles;
    out->walkers = (int)walkers, out->steps = (int)steps, out->thin = (int)thin;
    out->profile_points = (int)points, out->profile_evaluations = (uint64_t)profile_evaluations;
done:
    return st;
}
