/* The program's text: sizes and settings, the lane types, the model's functions, the kernels. */
#include "codegen/codegen.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "codegen/flops.h"
#include "codegen/embedded.h"
#include "codegen/schedule.h"
#include "codegen/writer.h"

#include <stdlib.h>
#include <string.h>

/* targets[i] = "prefix[i]" */
static char **targets(const char *prefix, int n)
{
    char **t = km_alloc((size_t)n + 1, sizeof *t);

    for (int i = 0; i < n; i++)
        t[i] = km_format("%s[%d]", prefix, i);
    return t;
}

static void free_targets(char **t, int n)
{
    for (int i = 0; i < n; i++)
        free(t[i]);
    free(t);
}

/* ---- the model's functions ---- */

static void write_infusions(km_writer *w, const char *to)
{
    for (int i = 0; i < w->problem->n_states; i++)
        if (w->dosed_index[i] >= 0)
            km_text_add(&w->text, "    %s[%d] += u[%d];\n", to, i, w->dosed_index[i]);
}

static void write_rates(km_writer *w)
{
    const km_problem *p = w->problem;
    char **to = targets("out", p->n_states);

    km_text_add(&w->text, "/* dy/dt, infusions included */\n"
                          "KM_MODEL void km_rates(const real t, const real *y, const real *c, const real *u, real *out)\n{\n");
    km_write_lanes(w, p->rate, (const char *const *)to, p->n_states);
    write_infusions(w, "out");
    km_text_add(&w->text, "}\n\n");
    free_targets(to, p->n_states);
}

/* Rates, the Jacobian's entries that change, and df/dt, together: what they share is computed once. */
static void write_derivatives(km_writer *w)
{
    const km_problem *p = w->problem;
    int n = p->n_states, total = 2 * n + p->n_jacobian, k = 0;
    km_expr *root = km_alloc((size_t)total + 1, sizeof *root);
    char **to = km_alloc((size_t)total + 1, sizeof *to);

    for (int i = 0; i < n; i++) {
        root[k] = p->rate[i];
        to[k++] = km_format("f[%d]", i);
    }
    for (int i = 0; i < p->n_jacobian; i++)
        if (w->jacobian_index[i] >= 0) {
            root[k] = p->jacobian[i].value;
            to[k++] = km_format("J[%d]", w->jacobian_index[i]);
        }
    for (int i = 0; i < n && p->rates_use_time; i++) {
        root[k] = p->time_derivative[i];
        to[k++] = km_format("ft[%d]", i);
    }
    km_text_add(&w->text, "KM_MODEL void km_derivatives(const real t, const real *y, const real *c, const real *u, real *f,\n"
                          "                             real *J, real *ft)\n{\n");
    km_write_lanes(w, root, (const char *const *)to, k);
    write_infusions(w, "f");
    km_text_add(&w->text, "}\n\n");
    free(root);
    free_targets(to, k);
}

static void write_outputs(km_writer *w)
{
    const km_problem *p = w->problem;
    int m = p->n_outputs, *dense = km_alloc((size_t)p->n_states + 1, sizeof *dense);
    km_expr *root = km_alloc(2 * (size_t)m + 1, sizeof *root);
    char **to = km_alloc(2 * (size_t)m + 1, sizeof *to);

    for (int k = 0; k < m; k++) {
        root[k] = p->value[k];
        root[m + k] = p->slope[k];
        to[k] = km_format("g[%d]", k);
        to[m + k] = km_format("d[%d]", k);
    }
    km_text_add(&w->text, "/* outputs and their time derivatives */\n"
                          "KM_MODEL void km_observe(const real t, const real *y, const real *c, const real *f, real *g, real *d)\n{\n");
    km_write_lanes(w, root, (const char *const *)to, 2 * m);
    km_text_add(&w->text, "}\n\n/* output k from the states outputs need */\n"
                          "KM_MODEL real km_output(const int k, const real t, const real *x, const real *c)\n{\n"
                          "    real value = KM_NUMBER(R(0.0));\n");
    for (int d = 0; d < w->n_dense; d++)
        dense[w->dense_state[d]] = d;
    w->dense = dense;
    for (int k = 0; k < m; k++) {
        const char *const target[] = {"value"};
        km_text_add(&w->text, "    if (k == %d) {\n", k);
        km_write_lanes(w, &p->value[k], target, 1);
        km_text_add(&w->text, "    }\n");
    }
    w->dense = NULL;
    km_text_add(&w->text, "    return value;\n}\n\n");
    free(dense);
    free(root);
    free_targets(to, 2 * m);
}

static void write_state_constants(km_writer *w)
{
    km_problem *p = w->problem;
    km_text *out = &w->text;
    km_expr hundredth = km_number(&p->pool, 0.01);

    km_text_add(out, "KM_MODEL void km_initial(const real *c, real *out)\n{\n");
    for (int i = 0; i < p->n_states; i++) {
        char *text = km_constant_text(w, p->initial[i]);
        km_text_add(out, "    out[%d] = %s;\n", i, text);
        free(text);
    }
    km_text_add(out, "}\n\n/* 1 / (rtol (scale/100 + |y|)) */\n"
                     "KM_MODEL void km_weights(const real *c, const real *y, real *weight)\n{\n");
    for (int i = 0; i < p->n_states; i++) {
        char *text = km_constant_text(w, km_mul(&p->pool, hundredth, p->scale[i]));
        km_text_add(out, "    weight[%d] = KM_NUMBER(KM_INVERSE_RTOL) / (%s + fabs(y[%d]));\n", i, text, i);
        free(text);
    }
    km_text_add(out, "}\n\n");
}

/* The constants of a point, in order, and its conditions; nonzero when a condition fails or a constant is NaN. */
static void write_point(km_writer *w)
{
    const km_problem *p = w->problem;
    char **to = targets("value", w->n_constants);
    km_text *out = &w->text;

    km_text_add(out, "static int km_point(const wide *q, const scalar *dose_scale, scalar *value)\n{\n    int bad = 0;\n");
    km_write_scalar(w, w->constant, (const char *const *)to, w->n_constants, "    ");
    for (int i = 0; i < p->n_holds; i++) {
        const char *const target[] = {"const scalar holds"};
        km_text_add(out, "    {\n");
        km_write_scalar(w, &p->holds[i], target, 1, "        ");
        km_text_add(out, "        bad |= !(fabs(holds) > R(0.0));\n    }\n");
    }
    if (w->n_constants > 0)
        km_text_add(out, "    for (int i = 0; i < %d; i++)\n        bad |= isnan(value[i]);\n", w->n_constants);
    km_text_add(out, "    return bad;\n}\n\n");
    free_targets(to, w->n_constants);
}

/* J_ii of the states that outputs need is there where the method uses J. */
static void write_dense_list(km_writer *w, bool implicit, km_text *out)
{
    km_text_add(out, "#define KM_DENSE(F)");
    for (int d = 0; d < w->n_dense; d++)
        km_text_add(out, " F(%d, %d)", d, w->dense_state[d]);
    km_text_add(out, "\n#define KM_DOSED_STATE(d) (");
    for (int i = 0; i < w->problem->n_states; i++)
        if (w->dosed_index[i] >= 0)
            km_text_add(out, "(d) == %d ? %d : ", w->dosed_index[i], i);
    km_text_add(out, "0)\n#define KM_DIAGONAL(i) (");
    for (int d = 0; d < w->n_dense && implicit; d++) {
        char *entry = km_jacobian_text(w, w->dense_state[d], w->dense_state[d]);
        if (entry)
            km_text_add(out, "(i) == %d ? %s : ", w->dense_state[d], entry);
        free(entry);
    }
    km_text_add(out, "KM_NUMBER(R(0.0)))\n");
}

/* ---- sizes and settings ---- */

static int at_least_one(int n) { return n > 0 ? n : 1; }

static void write_head(km_writer *w, const km_source *s, const km_watch_plan *plan, km_text *out)
{
    const km_problem *p = w->problem;
    const km_study *study = p->study;
    const km_layout *y = &s->layout;
    bool compensate = false;
    double v;

    for (int i = 0; i < p->n_states; i++)
        compensate = compensate || (s->single && !(km_is_number(&p->pool, p->initial[i], &v) && v == 0.0));
    km_text_add(out, "#define KM_SINGLE %d\n#define KM_WIDE_DOUBLE %d\n#define KM_LANES %d\n#define KM_TRAJECTORY %d\n",
                s->single, s->wide_double, s->lanes, s->kind == KM_CODE_TRAJECTORY);
    km_text_add(out, "#define KM_N_STATES %d\n#define KM_STATES %d\n", y->n_states, at_least_one(y->n_states));
    km_text_add(out, "#define KM_N_CONSTANTS %d\n#define KM_CONSTANTS %d\n", y->n_constants, at_least_one(y->n_constants));
    km_text_add(out, "#define KM_N_DOSED %d\n#define KM_DOSED %d\n", w->n_dosed, at_least_one(w->n_dosed));
    km_text_add(out, "#define KM_JUMPS %d\n", km_schedule_jumps(p));
    km_text_add(out, "#define KM_N_SLOTS %d\n#define KM_SLOTS %d\n", y->n_slots, at_least_one(y->n_slots));
    km_text_add(out, "#define KM_N_OUTPUTS %d\n#define KM_OUTPUTS %d\n", p->n_outputs, at_least_one(p->n_outputs));
    km_text_add(out, "#define KM_N_ENDPOINTS %d\n#define KM_ENDPOINTS %d\n", y->n_endpoints, at_least_one(y->n_endpoints));
    km_text_add(out, "#define KM_N_MARGINS %d\n#define KM_MARGINS %d\n", y->n_margins, at_least_one(y->n_margins));
    km_text_add(out, "#define KM_PASSES %d\n#define KM_N_REFERENCES %d\n#define KM_REFERENCES %d\n", plan->n_passes,
                plan->n_references, at_least_one(plan->n_references));
    km_text_add(out, "#define KM_N_DENSE %d\n#define KM_N_J %d\n#define KM_N_LU %d\n", at_least_one(w->n_dense),
                at_least_one(w->n_dynamic), at_least_one(w->n_lu));
    km_text_add(out, "#define KM_MAX_EDGES %d\n#define KM_N_EDGE_VALUES %d\n", y->n_edges - 1, y->n_edge_values);
    km_text_add(out, "#define KM_HORIZON ((wide)%.17g)\n#define KM_EARLY_STEP R(%.17e)\n", study->horizon, study->horizon / 700.0);
    km_text_add(out, "#define KM_INVERSE_RTOL R(%.17e)\n#define KM_INVERSE_N R(%.17e)\n#define KM_NORM_LIMIT R(%s)\n",
                1.0 / (study->solver.method->allowance * study->solver.rtol), y->n_states ? 1.0 / (double)y->n_states : 0.0, s->single ? "1e37" : "1e300");
    km_text_add(out, "#define KM_ROOT_TOLERANCE R(%s)\n", s->single ? "3e-7" : "1e-7");
    km_text_add(out, "#define KM_MAX_STEPS %ld\n#define KM_COMPENSATE %d\n", study->solver.max_steps, compensate);
    km_text_add(out, "#define KM_LIMIT_STEP %d\n#define KM_STRIDE R(%.17e)\n", km_problem_limits_step(p, s->kind == KM_CODE_TRAJECTORY),
                km_problem_stride(p));
    km_text_add(out, "#define KM_TURNS %d\n#define KM_RTOL R(%.17e)\n", plan->n_extremes > 0 && s->kind != KM_CODE_TRAJECTORY,
                study->solver.rtol);
    km_text_add(out, p->rates_use_time ? "#define KM_WITH_TIME(x) x\n" : "#define KM_WITH_TIME(x)\n");
    if (p->n_jumps > 0) /* inside a stretch, by more than rounding: at a break `t > b` and `t - a >= b` are still, or already, what they are there */
        km_text_add(out, "#define KM_HERE(t, start, end) km_max(km_min((t), (end) * R(%s)), (start) * R(%s))\n",
                    s->single ? "0.9999997" : "0.9999999999999996", s->single ? "1.0000003" : "1.0000000000000004");
    else
        km_text_add(out, "#define KM_HERE(t, start, end) (t)\n");
    km_text_add(out, "#define KM_SMOOTH(k) (0");
    for (int k = 0; k < p->n_outputs; k++)
        if (p->smooth[k])
            km_text_add(out, " || (k) == %d", k);
    km_text_add(out, ")\n");
    km_text_add(out, "#define KM_STAGE_TIME(t, part, h, end) KM_HERE((t) + (part) * (h), t, end)\n");
    write_dense_list(w, study->solver.method->implicit, out);
    km_text_add(out, "\n");
}

static const char lane_glue[] =
    "#define KM_NUMBER(x) ((real)(x))\n"
    "#define KM_FMA(a, b, c) km_fma((real)(a), (real)(b), (real)(c))\n"
    "#define KM_SCALAR_FMA(a, b, c) fma((scalar)(a), (scalar)(b), (scalar)(c))\n"
    "#define KM_MODEL static inline __attribute__((always_inline))\n"
    "#if KM_LANES == 1\n#define KM_CALLED KM_MODEL\n#else /* seldom needed: a call, so that the loop's code is short */\n"
    "#define KM_CALLED static __attribute__((noinline))\n#endif\n"
    "static inline scalar km_scalar_pow(const scalar x, const scalar n)\n"
    "{\n    return x < R(0.0) ? (scalar)NAN : pow(x, n);\n}\n"
    "static inline scalar km_scalar_pow1p(const scalar x, const scalar n)\n"
    "{\n    return x <= R(-1.0) ? (x < R(-1.0) ? (scalar)NAN : pow(R(0.0), n) - R(1.0)) : expm1(n * log1p(x));\n}\n\n";

/* A kernel file's text; `owned` is freed by the caller. */
static km_status kernel_text(const char *name, const char *kernel_dir, const char **text, char **owned, km_diag *d)
{
    char *path;
    km_status st;

    *owned = NULL;
    if (kernel_dir == NULL) {
        *text = km_embedded_kernel(name);
        return *text ? KM_OK : km_diag_fail(d, KM_E_BUG, "the kernel file %s is not embedded", name);
    }
    path = km_format("%s/%s", kernel_dir, name);
    st = km_file_read(path, owned, NULL, d);
    *text = *owned;
    free(path);
    return st;
}

static km_status add_kernel(km_text *out, const char *name, const char *kernel_dir, km_diag *d)
{
    const char *text = NULL;
    char *owned = NULL;
    km_status st = kernel_text(name, kernel_dir, &text, &owned, d);

    if (st == KM_OK)
        km_text_add(out, "/* ==== %s ==== */\n%s\n", name, text);
    free(owned);
    return st;
}

/* ---- the whole ---- */

static void fill_layout(const km_writer *w, km_code_kind kind, const km_watch_plan *plan, km_layout *y)
{
    const km_problem *p = w->problem;

    y->n_states = p->n_states;
    y->n_constants = w->n_constants;
    y->n_edges = km_schedule_edges(p) + plan->n_time_references + 2;
    y->n_edge_values = 2 * w->n_dosed + 1;
    y->n_slots = p->study->n_slots;
    y->n_endpoints = kind == KM_CODE_ENDPOINTS ? p->study->n_endpoints : 0;
    y->n_margins = w->n_margins;
    y->n_outputs = p->n_outputs;
    y->lu_nonzeros = w->n_lu;
    y->jacobian_nonzeros = p->n_jacobian;
}

km_status km_codegen_opencl(const km_study *study, km_code_kind kind, bool single, bool wide_double, int lanes,
                            const char *kernel_dir, km_source *out, km_diag *d)
{
    static const char *const before[] = {"abi.h", "real.h", "lane_tables.h", "lane_math.h", "lane_powers.h"};
    int *index = km_alloc((size_t)study->model->n_outputs + 1, sizeof *index), n_outputs;
    int *output = km_problem_outputs(study, kind == KM_CODE_TRAJECTORY, index, &n_outputs);
    km_problem problem;
    km_writer w;
    km_watch_plan plan = {.n_passes = 1};
    km_flops flops = {0.0, 0.0};
    km_text text = {0}, model = {0}, schedule = {0};
    km_status st = KM_OK;

    memset(out, 0, sizeof *out);
    out->kind = kind;
    out->single = single;
    out->wide_double = wide_double;
    out->lanes = lanes;
    km_problem_init(&problem, study, output, n_outputs, single);
    km_writer_init(&w, &problem, single);
    write_rates(&w);
    if (study->solver.method->implicit) {
        write_derivatives(&w);
        km_write_linear_algebra(&w);
    }
    write_outputs(&w);
    write_state_constants(&w);
    model = w.text;
    w.text = (km_text){0};
    km_write_schedule(&w);
    write_point(&w);
    schedule = w.text;
    w.text = (km_text){0};
    if (kind == KM_CODE_ENDPOINTS) {
        km_watch_plan_init(&plan, study);
        km_write_endpoints(&w, &plan, index);
    } else
        km_text_add(&w.text, "typedef struct km_reducers {\n    int unused;\n} km_reducers;\n"
                             "KM_MODEL void km_reducers_start(km_reducers *r, const mask fresh) {}\n"
                             "KM_MODEL void km_reducers_clear(km_reducers *r) { r->unused = 0; }\n\n");
    fill_layout(&w, kind, &plan, &out->layout);

    write_head(&w, out, &plan, &text);
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        KM_TRY(add_kernel(&text, before[i], kernel_dir, d));
    km_text_add(&text, "%s", lane_glue);
    km_write_literal_powers(&w.powers, &text);
    km_text_add(&text, "/* ==== the model: %s ==== */\n%s", study->model->name, model.data);
    KM_TRY(add_kernel(&text, study->solver.method->file, kernel_dir, d));
    if (study->solver.method->implicit)
        KM_TRY(add_kernel(&text, "rosenbrock.h", kernel_dir, d));
    KM_TRY(add_kernel(&text, "endpoints.h", kernel_dir, d));
    km_text_add(&text, "%s", w.text.data);
    {
        const char *prepare = NULL, *mark;
        char *owned = NULL;
        KM_TRY(kernel_text("prepare.cl", kernel_dir, &prepare, &owned, d));
        mark = strstr(prepare, "#define KM_FIRST_PASS");
        km_text_add(&text, "/* ==== prepare.cl ==== */\n%.*s#define KM_FIRST_PASS (-1)\n\n%s%s\n", (int)(mark - prepare),
                    prepare, schedule.data, strchr(mark, '\n') + 1);
        free(owned);
    }
    if (study->sensitivity && kind == KM_CODE_ENDPOINTS) {
        km_text_add(&text, "#define KM_QUANTILE_BOUNDS %d\n#define KM_QUANTILE_NUMBERS %d\n", (int)KM_QUANTILE_BOUNDS, (int)KM_QUANTILE_NUMBERS);
        KM_TRY(add_kernel(&text, "points.h", kernel_dir, d));
        KM_TRY(add_kernel(&text, "sample.cl", kernel_dir, d));
    }
    KM_TRY(add_kernel(&text, "integrate.cl", kernel_dir, d));
    out->text = km_text_take(&text);
    km_sha256_hex(out->text, strlen(out->text), out->hash);
    if (kind == KM_CODE_ENDPOINTS)
        KM_TRY(km_flops_count(out, &flops, d));
    out->step_flops = flops.always;

done:
    km_text_clear(&text);
    km_text_clear(&model);
    km_text_clear(&schedule);
    km_watch_plan_clear(&plan);
    km_writer_clear(&w);
    km_problem_clear(&problem);
    free(index);
    free(output);
    return st;
}

void km_source_clear(km_source *source)
{
    free(source->text);
    memset(source, 0, sizeof *source);
}
