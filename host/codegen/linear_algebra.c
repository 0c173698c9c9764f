/* Straight-line LU of 1/(gamma h) - J without pivoting, in elimination order.
 *
 * Crout's form with the signs turned so that what J already holds needs no work: with L's diagonal d_k,
 *   M_ij = J_ij + sum M_im V_mj (i > j),  V_ij = (J_ij + sum M_im V_mj) / d_i (j > i),  sums over m < min(i,j),
 *   d_k = g - J_kk - sum M_km V_mk.
 * Rows of M are then divided by their d_i, because a solve is a chain from state to state and so waits for one multiply-add a
 * state: forward x_i = x_i / d_i + sum (M_im / d_i) x_m, backward x_i += sum V_ij x_j. */
#include "base/memory.h"
#include "codegen/sparse.h"
#include "codegen/writer.h"

#include <stdlib.h>

char *km_jacobian_text(km_writer *w, int i, int j)
{
    const km_problem *p = w->problem;

    for (int k = 0; k < p->n_jacobian; k++)
        if (p->jacobian[k].row == i && p->jacobian[k].column == j)
            return w->jacobian_index[k] >= 0 ? km_format("J[%d]", w->jacobian_index[k])
                                             : km_constant_text(w, p->jacobian[k].value);
    return NULL;
}

/* J_ij + sum over m of M_im V_mj as a nested expression; *plain if it is J_ij alone. */
static char *accumulated(km_writer *w, char **entry, int n, int i, int j, bool *plain)
{
    char *sum = km_jacobian_text(w, i, j);
    int least = i < j ? i : j;

    *plain = true;
    for (int m = 0; m < least; m++) {
        const char *left = entry[i * n + m], *right = entry[m * n + j];
        char *next;
        if (left == NULL || right == NULL)
            continue;
        next = sum ? km_format("KM_FMA(%s, %s, %s)", left, right, sum) : km_format("%s * %s", left, right);
        free(sum);
        sum = next;
        *plain = false;
    }
    return sum;
}

/* One pivot: d_k, then row k of V and column k of M. entry[] holds the text of M, V and 1/d. */
static void write_pivot(km_writer *w, char **entry, int n, int k)
{
    km_text *out = &w->text;
    bool plain;
    char *sum = accumulated(w, entry, n, k, k, &plain);

    km_text_add(out, "    lu[%d] = R(1.0) / (g%s%s%s);\n", w->n_lu, sum ? " - (" : "", sum ? sum : "", sum ? ")" : "");
    free(sum);
    entry[k * n + k] = km_format("lu[%d]", w->n_lu++);
    for (int j = k + 1; j < n; j++) {
        sum = accumulated(w, entry, n, k, j, &plain);
        if (sum == NULL)
            continue;
        km_text_add(out, "    lu[%d] = %s * %s;\n", w->n_lu, entry[k * n + k], sum);
        entry[k * n + j] = km_format("lu[%d]", w->n_lu++);
        free(sum);
    }
    for (int i = k + 1; i < n; i++) {
        sum = accumulated(w, entry, n, i, k, &plain);
        if (sum == NULL || plain) {
            entry[i * n + k] = sum;
            continue;
        }
        km_text_add(out, "    lu[%d] = %s;\n", w->n_lu, sum);
        entry[i * n + k] = km_format("lu[%d]", w->n_lu++);
        free(sum);
    }
}

/* M_ij / d_i in the place of M_ij. */
static void write_scaled_rows(km_writer *w, char **entry, int n)
{
    for (int i = 0; i < n; i++)
        for (int m = 0; m < i; m++)
            if (entry[i * n + m]) {
                km_text_add(&w->text, "    lu[%d] = %s * %s;\n", w->n_lu, entry[i * n + i], entry[i * n + m]);
                free(entry[i * n + m]);
                entry[i * n + m] = km_format("lu[%d]", w->n_lu++);
            }
}

/* x_i += sum of entry_ij x_j for j in [low, high), what is known last coming last. known[i]: how many multiply-adds in a row
 * x_i has waited for. */
static void write_sum(km_writer *w, char **entry, int n, int i, int low, int high, int *known)
{
    char *done = km_alloc((size_t)n + 1, 1);

    for (;;) {
        int first = -1;
        for (int j = low; j < high; j++)
            if (entry[i * n + j] && !done[j] && (first < 0 || known[j] < known[first]))
                first = j;
        if (first < 0)
            break;
        km_text_add(&w->text, "    x[%d] = KM_FMA(%s, x[%d], x[%d]);\n", i, entry[i * n + first], first, i);
        known[i] = (known[first] > known[i] ? known[first] : known[i]) + 1;
        done[first] = 1;
    }
    free(done);
}

static void write_solve(km_writer *w, char **entry, int n)
{
    int *known = km_alloc((size_t)n + 1, sizeof *known);

    for (int i = 0; i < n; i++) {
        km_text_add(&w->text, "    x[%d] *= %s;\n", i, entry[i * n + i]);
        write_sum(w, entry, n, i, 0, i, known);
    }
    for (int i = n - 1; i >= 0; i--)
        write_sum(w, entry, n, i, i + 1, n, known);
    free(known);
}

void km_write_linear_algebra(km_writer *w)
{
    int n = w->problem->n_states;
    char **entry = km_alloc((size_t)n * (size_t)n + 1, sizeof *entry);
    km_text *out = &w->text;

    km_text_add(out, "/* LU of g - J */\n"
                     "KM_MODEL void km_factor(const real *J, const real g, const real *c, real *lu)\n{\n");
    for (int k = 0; k < n; k++)
        write_pivot(w, entry, n, k);
    write_scaled_rows(w, entry, n);
    km_text_add(out, "}\n\nKM_MODEL void km_solve(const real *J, const real *c, const real *lu, real *x)\n{\n");
    write_solve(w, entry, n);
    km_text_add(out, "}\n\n/* d2y/dt2 = J f + df/dt */\n"
                     "KM_MODEL void km_second(const real *J, const real *c, const real *f, const real *ft, real *out)\n{\n");
    for (int i = 0; i < n; i++) {
        km_text_add(out, "    out[%d] = KM_NUMBER(R(0.0)) KM_WITH_TIME(+ft[%d]);\n", i, i);
        for (int j = 0; j < n; j++) {
            char *text = km_jacobian_text(w, i, j);
            if (text)
                km_text_add(out, "    out[%d] = KM_FMA(%s, f[%d], out[%d]);\n", i, text, j, i);
            free(text);
        }
    }
    km_text_add(out, "}\n\n");
    for (int i = 0; i < n * n; i++)
        free(entry[i]);
    free(entry);
}
