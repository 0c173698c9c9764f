#include "study/law.h"

#include <math.h>
#include <string.h>

enum { N_TERMS = 8 };

/* A ratio of two polynomials, highest terms first. */
typedef struct fraction {
    double above[N_TERMS], below[N_TERMS];
} fraction;

static const fraction middle = {
    {2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4, 4.5921953931549871457e+4,
     1.3731693765509461125e+4, 1.9715909503065514427e+3, 1.3314166789178437745e+2, 3.3871328727963666080e+0},
    {5.2264952788528545610e+3, 2.8729085735721942674e+4, 3.9307895800092710610e+4, 2.1213794301586595867e+4,
     5.3941960214247511077e+3, 6.8718700749205790830e+2, 4.2313330701600911252e+1, 1.0}};
static const fraction tail = {
    {7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e+0,
     3.64784832476320460504e+0, 5.76949722146069140550e+0, 4.63033784615654529590e+0, 1.42343711074968357734e+0},
    {1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
     6.89767334985100004550e-1, 1.67638483018380384940e+0, 2.05319162663775882187e+0, 1.0}};
static const fraction far_tail = {
    {2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
     2.96560571828504891230e-1, 1.78482653991729133580e+0, 5.46378491116411436990e+0, 6.65790464350110377720e+0},
    {2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
     1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0}};

static double ratio(const fraction *f, double x)
{
    double above = 0.0, below = 0.0;

    for (int i = 0; i < N_TERMS; i++) {
        above = above * x + f->above[i];
        below = below * x + f->below[i];
    }
    return above / below;
}

/* |p - 1/2| of the middle, its square; what is taken from r in the tail, and in the far tail, where that begins. */
static const double bounds[] = {0.425, 0.180625, 1.6, 5.0};

void km_normal_quantile_numbers(double out[KM_QUANTILE_NUMBERS])
{
    const fraction *part[] = {&middle, &tail, &far_tail};

    for (int i = 0; i < 3; i++) {
        memcpy(out + 16 * i, part[i]->above, sizeof part[i]->above);
        memcpy(out + 16 * i + N_TERMS, part[i]->below, sizeof part[i]->below);
    }
    memcpy(out + KM_QUANTILE_BOUNDS, bounds, sizeof bounds);
}

double km_normal_quantile(double p)
{
    double q = p - 0.5, r, x;

    if (fabs(q) <= bounds[0])
        return q * ratio(&middle, bounds[1] - q * q);
    r = sqrt(-log(q < 0.0 ? p : 1.0 - p));
    x = r <= bounds[3] ? ratio(&tail, r - bounds[2]) : ratio(&far_tail, r - bounds[3]);
    return q < 0.0 ? -x : x;
}

static double logit(double x) { return log(x / (1.0 - x)); }

/* The coordinate in which the law is normal, and back. */
static double straighten(km_law_kind kind, double x)
{
    return kind == KM_LAW_LOGNORMAL ? log(x) : kind == KM_LAW_LOGIT_NORMAL ? logit(x) : x;
}

static double bend(km_law_kind kind, double y)
{
    return kind == KM_LAW_LOGNORMAL ? exp(y) : kind == KM_LAW_LOGIT_NORMAL ? 1.0 / (1.0 + exp(-y)) : y;
}

static double below(double z) { return 0.5 * erfc(-z * sqrt(0.5)); }

/* The shares of the truncation. False if there is next to nothing between. */
static bool truncate_law(km_law *law)
{
    double a = (straighten(law->kind, law->low) - law->location) / law->scale,
           b = (straighten(law->kind, law->high) - law->location) / law->scale;

    if (a > 0.0) {
        double low = a;
        law->scale = -law->scale;
        a = -b;
        b = -low;
    }
    law->below = below(a);
    law->between = below(b) - law->below;
    return law->between > 1e-12;
}

double km_law_quantile(const km_law *law, double u)
{
    double x;

    if (law->kind == KM_LAW_CHOICE)
        return law->choice[(int)fmin(u * law->n_choices, law->n_choices - 1)];
    if (law->kind == KM_LAW_UNIFORM)
        x = law->low + (law->high - law->low) * u;
    else if (law->kind == KM_LAW_LOG_UNIFORM)
        x = law->low * pow(law->high / law->low, u);
    else
        x = bend(law->kind, law->location + law->scale * km_normal_quantile(law->below + (law->scale < 0.0 ? 1.0 - u : u) * law->between));
    return fmin(fmax(x, law->low), law->high);
}

static const struct {
    const char *name;
    km_law_kind kind;
} laws[] = {{"uniform", KM_LAW_UNIFORM},
            {"log-uniform", KM_LAW_LOG_UNIFORM},
            {"normal", KM_LAW_NORMAL},
            {"lognormal", KM_LAW_LOGNORMAL},
            {"logit-normal", KM_LAW_LOGIT_NORMAL}};
enum { N_LAWS = sizeof laws / sizeof laws[0] };

bool km_law_is_name(const char *name)
{
    for (size_t i = 0; i < N_LAWS; i++)
        if (strcmp(laws[i].name, name) == 0)
            return true;
    return false;
}

bool km_law_of_parameter(const km_parameter *p, km_law *out, const char **why)
{
    const char *name = p->uncertainty ? p->uncertainty : "uniform";
    size_t i = 0;

    *out = (km_law){.low = p->low, .high = p->high};
    while (i < N_LAWS && strcmp(laws[i].name, name) != 0)
        i++;
    *why = "its values are not a range of numbers";
    if (i == N_LAWS)
        return false;
    out->kind = laws[i].kind;
    *why = "its range must lie above 0";
    if (out->kind == KM_LAW_LOG_UNIFORM)
        return p->low > 0.0;
    if (out->kind == KM_LAW_UNIFORM)
        return true;
    if (out->kind == KM_LAW_LOGNORMAL && (p->low < 0.0 || p->value <= 0.0))
        return false;
    *why = "its range must lie within 0 and 1, and its value between them";
    if (out->kind == KM_LAW_LOGIT_NORMAL && (p->low < 0.0 || p->high > 1.0 || p->value <= 0.0 || p->value >= 1.0))
        return false;
    out->location = isnan(p->mean) ? straighten(out->kind, p->value) : p->mean;
    out->scale = out->kind == KM_LAW_LOGNORMAL ? sqrt(log1p(p->cv * p->cv)) : p->sd;
    if (isnan(out->scale))
        out->scale = (straighten(out->kind, p->high) - straighten(out->kind, p->low)) / 3.92;
    *why = "its range reaches an end of the law, so that its spread must be given (\"cv\" or \"sd\")";
    if (!isfinite(out->scale))
        return false;
    *why = "its range lies so far from its mean that the law has nothing there";
    return truncate_law(out);
}
