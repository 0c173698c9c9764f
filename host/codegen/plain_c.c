/* A model as plain C11 in double precision, for other solvers: initial values, rates, Jacobian, outputs. */
#include "codegen/codegen.h"

#include "base/memory.h"
#include "codegen/emit.h"
#include "model/derivative.h"

#include <stdlib.h>
#include <string.h>

typedef struct plain {
    const km_model *model;
    km_pool pool;
    km_expr *memo; /* model pool -> pool */
    km_text text;
} plain;

static km_expr same_symbol(void *context, km_pool *pool, int kind, int index)
{
    (void)context;
    return km_symbol(pool, (km_symbol_kind)kind, index);
}

static km_expr take(plain *c, km_expr e) { return km_copy(&c->model->pool, e, &c->pool, c->memo, same_symbol, NULL); }

static char *leaf(void *context, km_expr e)
{
    const plain *c = context;
    const km_node *n = &c->pool.node[e];

    if (n->op != KM_OP_SYMBOL)
        return NULL;
    return n->kind == KM_SYMBOL_TIME    ? km_strdup("t")
           : n->kind == KM_SYMBOL_STATE ? km_format("y[%d]", n->index)
           : n->kind == KM_SYMBOL_AMT   ? km_strdup("amt")
                                        : km_format("p[%d]", n->index);
}

/* One function: target "name[i]" for each root that is not NONE. */
static void write_function(plain *c, const char *signature, const char *result, const km_expr *root, int n)
{
    km_emitter em = {.pool = &c->pool, .dialect = KM_DIALECT_C, .leaf = leaf, .context = c, .indent = "    "};
    char **target = km_alloc((size_t)n + 1, sizeof *target);

    for (int i = 0; i < n; i++)
        target[i] = km_format("%s[%d]", result, i);
    km_text_add(&c->text, "%s\n{\n", signature);
    km_emit(&em, &c->text, root, (const char *const *)target, n);
    km_text_add(&c->text, "    (void)t, (void)y, (void)p;\n}\n\n");
    for (int i = 0; i < n; i++)
        free(target[i]);
    free(target);
}

static void write_names(plain *c, const char *what, int n, const char *(*name)(const km_model *, int))
{
    km_text_add(&c->text, "const char *const model_%s[] = {", what);
    for (int i = 0; i < n; i++)
        km_text_add(&c->text, "%s\"%s\"", i ? ", " : "", name(c->model, i));
    km_text_add(&c->text, "%s};\n", n ? "" : "0");
}

static const char *parameter_name(const km_model *m, int i) { return m->parameter[i].name; }
static const char *state_name(const km_model *m, int i) { return m->state[i].name; }
static const char *output_name(const km_model *m, int i) { return m->output[i].name; }

static void write_head(plain *c)
{
    const km_model *m = c->model;

    km_text_add(&c->text,
                "/* %s, written by ketamap check --emit c. Time in %s. Doses are the caller's: add them to the states, or\n"
                " * infusion rates to dydt. The Jacobian is column-major: J[row + column*MODEL_STATES]. */\n"
                "#include <math.h>\n\n"
                "enum { MODEL_PARAMETERS = %d, MODEL_STATES = %d, MODEL_OUTPUTS = %d };\n\n",
                m->name, m->time_unit, m->n_parameters, m->n_states, m->n_outputs);
    write_names(c, "parameter_names", m->n_parameters, parameter_name);
    write_names(c, "state_names", m->n_states, state_name);
    write_names(c, "output_names", m->n_outputs, output_name);
    km_text_add(&c->text, "const double model_parameter_values[] = {");
    for (int i = 0; i < m->n_parameters; i++)
        km_text_add(&c->text, "%s%.17g", i ? ", " : "", m->parameter[i].value);
    km_text_add(&c->text, "%s};\n\n"
                          "static inline double km_scalar_pow(double x, double n) { return x < 0.0 ? NAN : pow(x, n); }\n"
                          "static inline double km_scalar_pow1p(double x, double n)\n{\n"
                          "    return x <= -1.0 ? (x < -1.0 ? NAN : pow(0.0, n) - 1.0) : expm1(n * log1p(x));\n}\n\n",
                m->n_parameters ? "" : "0");
}

km_status km_codegen_c(const km_model *model, char **out, km_diag *d)
{
    plain c = {.model = model};
    int n = model->n_states, most = n * n > model->n_outputs ? n * n : model->n_outputs;
    km_expr *root = km_alloc((size_t)most + 1, sizeof *root);

    (void)d;
    km_pool_init(&c.pool, false);
    c.memo = km_alloc(model->pool.n + 1, sizeof *c.memo);
    for (size_t i = 0; i <= model->pool.n; i++)
        c.memo[i] = KM_EXPR_NONE;
    write_head(&c);
    for (int i = 0; i < n; i++)
        root[i] = take(&c, model->state[i].initial);
    write_function(&c, "void model_initial(double t, const double *y, const double *p, double *y0)", "y0", root, n);
    for (int i = 0; i < n; i++)
        root[i] = take(&c, model->state[i].rate);
    write_function(&c, "void model_rates(double t, const double *y, const double *p, double *dydt)", "dydt", root, n);
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++)
            root[i + j * n] = km_partial(&c.pool, take(&c, model->state[i].rate), KM_SYMBOL_STATE, j);
    write_function(&c, "void model_jacobian(double t, const double *y, const double *p, double *J)", "J", root, n * n);
    for (int i = 0; i < model->n_outputs; i++)
        root[i] = take(&c, model->output[i].value);
    write_function(&c, "void model_outputs(double t, const double *y, const double *p, double *out)", "out", root,
                   model->n_outputs);
    *out = km_text_take(&c.text);
    km_pool_clear(&c.pool);
    free(c.memo);
    free(root);
    return KM_OK;
}
