#include "cli/bench_points.h"

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DOSES = 6 };

static const struct {
    const char *name, *of, *unit;
    double low, high;
} axes[KM_BENCH_AXES] = {{"dose", "regimen[0].amt", " mg/kg", 0.1, 2.0},
                         {"interval", "regimen[0].ii", " h", 24.0, 112.0},
                         {"rho_NI", "rho_NI", "", 0.4, 2.0},
                         {"rho_A", "rho_A", "", 0.4, 2.0},
                         {"rho_T", "rho_T", "", 0.4, 2.0}};
static const double starts_b[DOSES] = {0.0, 48.0, 96.0, 168.0, 216.0, 264.0};

static const char endpoints[] =
    "[{\"name\": \"onset\", \"of\": \"madrs_reduction\", \"kind\": \"first_time\", \"when\": \">= 0.5\"},\n"
    " {\"name\": \"ten\", \"of\": \"madrs_change\", \"kind\": \"first_time\", \"when\": \"<= -10\"},\n"
    " {\"name\": \"duration\", \"of\": \"madrs_reduction\", \"kind\": \"time_in\", \"when\": \">= 0.5\"},\n"
    " {\"name\": \"peak\", \"of\": \"madrs_change\", \"kind\": \"min\"},\n"
    " {\"name\": \"cadss\", \"of\": \"cadss\", \"kind\": \"max\"}]";

/* Sides, powers of 2 as equal as can be, the first ones larger. */
static void sides(size_t n, size_t *side)
{
    size_t total = 1;

    for (int a = 0; a < KM_BENCH_AXES; a++)
        side[a] = 1;
    for (int a = 0; 2 * total <= n; a = (a + 1) % KM_BENCH_AXES, total *= 2)
        side[a] *= 2;
}

static double coordinate(int a, size_t i, size_t side)
{
    return side > 1 ? axes[a].low * pow(axes[a].high / axes[a].low, (double)i / (double)(side - 1)) : axes[a].low;
}

km_status km_bench_study_write(const char *folder, const char *name, const char *model_path, char regime, size_t n,
                               const char *precision, double rtol, char **path, km_diag *d)
{
    size_t side[KM_BENCH_AXES];
    char *model = km_json_quote(model_path);
    km_text text = {0};
    km_status st;

    km_text_add(&text, "{\"model\": %s, \"horizon\": \"28 d\",\n\"regimen\": [", model);
    for (int k = 0; k < DOSES && regime == 'b'; k++)
        km_text_add(&text, "%s{\"route\": \"iv\", \"amt\": \"0.5 mg/kg\", \"tinf\": \"40 min\", \"time\": \"%g h\"}", k ? ",\n " : "",
                    starts_b[k]);
    if (regime == 'a') {
        sides(n, side);
        km_text_add(&text, "{\"route\": \"iv\", \"amt\": \"0.5 mg/kg\", \"tinf\": \"40 min\", \"time\": \"0 h\", \"ii\": \"56 h\", "
                           "\"addl\": %d}],\n\"design\": {\"axes\": [", DOSES - 1);
        for (int a = 0; a < KM_BENCH_AXES; a++)
            km_text_add(&text, "%s{\"name\": \"%s\", \"of\": \"%s\", \"log\": [\"%.17g%s\", \"%.17g%s\", %zu]}", a ? ",\n " : "",
                        axes[a].name, axes[a].of, axes[a].low, axes[a].unit, axes[a].high, axes[a].unit, side[a]);
        km_text_add(&text, "]}");
    } else {
        km_text_add(&text, "]");
    }
    km_text_add(&text, ",\n\"endpoints\": %s,\n\"solver\": {\"rtol\": %.17g, \"precision\": \"%s\"}}\n", endpoints, rtol, precision);
    *path = km_format("%s/%s.json", folder, name);
    st = km_file_write(*path, text.data, text.size, d);
    free(model);
    km_text_clear(&text);
    return st;
}

/* ---- values ---- */

/* splitmix64, uniform in (0, 1) */
static double uniform(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return ((double)(z >> 11) + 0.5) * 0x1p-53;
}

static bool is_free(const km_parameter *p)
{
    static const char *const fixed[] = {"PK", "weight", "chemistry"};
    static const char *const unfelt[] = {"g_tol", "k_tol", "ke0", "s_BP"}; /* by the endpoints here */

    if (!p->has_range || p->group == NULL || p->uncertainty == NULL || strcmp(p->uncertainty, "switch") == 0)
        return false;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(p->group, fixed[i]) == 0)
            return false;
    for (size_t i = 0; i < sizeof unfelt / sizeof *unfelt; i++)
        if (strcmp(p->name, unfelt[i]) == 0)
            return false;
    return true;
}

static void add_column(km_bench_points *p, const char *name)
{
    KM_PUSH(p->column, p->n_columns);
    p->column[p->n_columns++] = km_strdup(name);
}

static km_status fill_grid(km_bench_points *p, size_t n, km_diag *d)
{
    size_t side[KM_BENCH_AXES];
    km_status st = KM_OK;

    sides(n, side);
    p->n = 1;
    for (int a = 0; a < KM_BENCH_AXES; a++) {
        add_column(p, axes[a].name);
        p->n *= side[a];
    }
    KM_TRY(km_array_create(p->n * KM_BENCH_AXES, sizeof *p->value, (void **)&p->value, d));
    for (size_t i = 0; i < p->n; i++) {
        size_t rank = i;
        for (int a = KM_BENCH_AXES; a-- > 0; rank /= side[a])
            p->value[i * KM_BENCH_AXES + (size_t)a] = coordinate(a, rank % side[a], side[a]);
    }
done:
    return st;
}

static km_status fill_random(km_bench_points *p, const km_model *model, size_t n, km_diag *d)
{
    const km_parameter **free_one = km_alloc((size_t)model->n_parameters + 1, sizeof *free_one);
    uint64_t seed = 1;
    km_status st = KM_OK;

    for (int i = 0; i < model->n_parameters; i++)
        if (is_free(&model->parameter[i])) {
            free_one[p->n_columns] = &model->parameter[i];
            add_column(p, model->parameter[i].name);
        }
    if (p->n_columns == 0)
        KM_FAIL(d, KM_E_INPUT, "the model %s has no free parameters (a range, a law, a group other than PK, weight, chemistry)",
                model->name);
    p->n = n;
    KM_TRY(km_array_create(p->n * (size_t)p->n_columns, sizeof *p->value, (void **)&p->value, d));
    for (size_t i = 0; i < p->n; i++)
        for (int k = 0; k < p->n_columns; k++) {
            const km_parameter *q = free_one[k];
            double u = uniform(&seed);
            p->value[i * (size_t)p->n_columns + (size_t)k] = strncmp(q->uncertainty, "log", 3) == 0 && q->low > 0.0
                                                                 ? q->low * pow(q->high / q->low, u)
                                                                 : q->low + (q->high - q->low) * u;
        }
done:
    free(free_one);
    return st;
}

/* ---- files ---- */

static void add_row(km_text *text, const double *value, int n)
{
    for (int k = 0; k < n; k++)
        km_text_add(text, "%s%.17g", k ? "\t" : "", value[k]);
    km_text_add(text, "\n");
}

static km_status write_points(const km_bench_points *p, km_diag *d)
{
    km_text text = {0};
    km_status st;

    for (int k = 0; k < p->n_columns; k++)
        km_text_add(&text, "%s%s", k ? "\t" : "", p->column[k]);
    km_text_add(&text, "\n");
    for (size_t i = 0; i < p->n; i++)
        add_row(&text, p->value + i * (size_t)p->n_columns, p->n_columns);
    st = km_file_write(p->path, text.data, text.size, d);
    km_text_clear(&text);
    return st;
}

static km_status write_sample(const km_bench_points *p, km_diag *d)
{
    int first = p->regime == 'a' ? 2 : 0; /* dose and interval become amounts and starts */
    km_text text = {0};
    km_status st;

    km_text_add(&text, "amt");
    for (int k = 1; k <= DOSES; k++)
        km_text_add(&text, "\tstart_%d", k);
    for (int k = first; k < p->n_columns; k++)
        km_text_add(&text, "\t%s", p->column[k]);
    km_text_add(&text, "\n");
    for (size_t i = 0; i < p->n_sample; i++) {
        const double *value = p->value + p->sample[i] * (size_t)p->n_columns;
        km_text_add(&text, "%.17g\t", p->regime == 'a' ? value[0] : 0.5);
        for (int k = 0; k < DOSES; k++)
            km_text_add(&text, "%.17g\t", p->regime == 'a' ? k * value[1] : starts_b[k]);
        add_row(&text, value + first, p->n_columns - first);
    }
    st = km_file_write(p->sample_path, text.data, text.size, d);
    km_text_clear(&text);
    return st;
}

km_status km_bench_points_make(const km_model *model, char regime, size_t n, size_t n_sample, const char *folder,
                               km_bench_points *p, km_diag *d)
{
    km_status st = KM_OK;

    memset(p, 0, sizeof *p);
    p->regime = regime;
    KM_TRY(regime == 'a' ? fill_grid(p, n, d) : fill_random(p, model, n, d));
    p->n_sample = n_sample < p->n ? n_sample : p->n;
    KM_TRY(km_array_create(p->n_sample, sizeof *p->sample, (void **)&p->sample, d));
    for (size_t i = 0; i < p->n_sample; i++) /* along the golden ratio: the first few cover the grid too */
        p->sample[i] = p->n_sample == p->n ? i : (size_t)(fmod((double)(i + 1) * 0.61803398874989485, 1.0) * (double)p->n);
    p->path = km_format("%s/%c.tsv", folder, regime);
    p->sample_path = km_format("%s/%c-sample.tsv", folder, regime);
    KM_TRY(write_points(p, d));
    KM_TRY(write_sample(p, d));
done:
    return st;
}

void km_bench_points_clear(km_bench_points *p)
{
    for (int k = 0; k < p->n_columns; k++)
        free(p->column[k]);
    free(p->column), free(p->value), free(p->sample), free(p->path), free(p->sample_path);
    memset(p, 0, sizeof *p);
}
