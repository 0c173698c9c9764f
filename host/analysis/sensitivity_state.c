/* An analysis as bytes, to go on from: after a kill, and to larger n. */
#include "analysis/sensitivity_progress.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"

#include <string.h>

/* A line of words, the numbers as this machine holds them, and a checksum over both. */
static const char state_mark[] = "ketamap sensitivity state 3\n";

typedef struct state_head {
    uint64_t n, cell, models_done, n_numbers, status[KM_N_POINT_STATUSES + 1];
    int32_t n_stages, unused;
} state_head;

static size_t stage_numbers(const km_indices *x)
{
    size_t n = (size_t)x->n_endpoints * (size_t)x->n_factors;

    return n * (size_t)x->n_columns + n * (size_t)x->n_factors * (size_t)x->n_pair_columns;
}

static void add_stage(km_text *out, const km_indices *x)
{
    size_t n = (size_t)x->n_endpoints, all = stage_numbers(x), values = n * (size_t)x->n_factors * (size_t)x->n_columns;

    km_text_add_bytes(out, (const char *)x->value, values * sizeof *x->value);
    km_text_add_bytes(out, (const char *)x->pair, (all - values) * sizeof *x->pair);
    km_text_add_bytes(out, (const char *)x->n_used, n * sizeof *x->n_used);
    km_text_add_bytes(out, (const char *)x->n_dropped, n * sizeof *x->n_dropped);
    km_text_add_bytes(out, (const char *)x->mean, n * sizeof *x->mean);
    km_text_add_bytes(out, (const char *)x->variance, n * sizeof *x->variance);
    km_text_add_bytes(out, (const char *)x->decisive, n * sizeof *x->decisive);
    km_text_add_bytes(out, (const char *)&x->n_rows, sizeof x->n_rows);
    km_text_add_bytes(out, (const char *)&x->n_models, sizeof x->n_models);
}

km_status km_sa_save(km_sa *sa, const char *name, unsigned char **out, size_t *size, km_diag *d)
{
    state_head head = {.n = sa->study->sensitivity->n, .cell = sa->cell, .models_done = sa->models_done, .n_stages = sa->n_stages};
    size_t n = 0;
    double *numbers = sa->method->state(sa->self, &n);
    km_text text = {0};
    char hash[65];

    (void)d;
    head.n_numbers = n;
    memcpy(head.status, sa->status, sizeof head.status);
    km_text_add(&text, "%s%s\n", state_mark, name);
    km_text_add_bytes(&text, (const char *)&head, sizeof head);
    km_text_add_bytes(&text, (const char *)numbers, n * sizeof *numbers);
    for (int i = 0; i < sa->n_stages; i++)
        add_stage(&text, sa->stage[i]);
    km_sha256_hex(text.data, text.size, hash);
    km_text_add_bytes(&text, hash, 64);
    *size = text.size;
    *out = (unsigned char *)km_text_take(&text);
    return KM_OK;
}

/* Bytes that are read one after the other. */
typedef struct reader {
    const unsigned char *at;
    size_t left;
} reader;

static bool take(reader *r, void *out, size_t n)
{
    if (n > r->left)
        return false;
    memcpy(out, r->at, n);
    r->at += n;
    r->left -= n;
    return true;
}

static bool take_stage(reader *r, km_indices *x)
{
    size_t n = (size_t)x->n_endpoints, all = stage_numbers(x), values = n * (size_t)x->n_factors * (size_t)x->n_columns;

    return take(r, x->value, values * sizeof *x->value) && take(r, x->pair, (all - values) * sizeof *x->pair) &&
           take(r, x->n_used, n * sizeof *x->n_used) && take(r, x->n_dropped, n * sizeof *x->n_dropped) &&
           take(r, x->mean, n * sizeof *x->mean) && take(r, x->variance, n * sizeof *x->variance) &&
           take(r, x->decisive, n * sizeof *x->decisive) &&
           take(r, &x->n_rows, sizeof x->n_rows) && take(r, &x->n_models, sizeof x->n_models);
}

bool km_sa_is_state(const char *name, const unsigned char *bytes, size_t size)
{
    size_t mark = strlen(state_mark), words = strlen(name);

    return size > mark + words && memcmp(bytes, state_mark, mark) == 0 && memcmp(bytes + mark, name, words) == 0 && bytes[mark + words] == '\n';
}

/* Of another "n": that its cells so far are these here, to the end of a stage. */
static km_status check_cells(const km_sa *sa, const state_head *head, km_diag *d)
{
    unsigned long long had = (unsigned long long)head->n, wanted = (unsigned long long)sa->study->sensitivity->n;
    uint64_t models = 0;
    int stages = 0;

    if (head->n == sa->study->sensitivity->n)
        return KM_OK;
    if (!km_sa_grows(sa))
        return km_diag_fail(d, KM_E_INPUT, "its \"n\" was %llu and is %llu, which is another sample here", had, wanted);
    for (uint64_t cell = 0; cell < head->cell && cell < sa->n_cells; cell++) {
        models += sa->method->cell_models(sa->self, cell);
        stages += km_sa_ends_stage(sa, cell);
    }
    if (head->cell == 0 || head->cell > sa->n_cells || models != head->models_done || stages != head->n_stages || !km_sa_ends_stage(sa, head->cell - 1))
        return km_diag_fail(d, KM_E_INPUT, "its \"n\" was %llu and is %llu; an analysis goes on from where \"n\" was doubled a number of times, to a larger one",
                            had, wanted);
    return KM_OK;
}

/* Of another "until": that it would not have stopped before. */
static km_status check_widths(km_sa *sa, km_diag *d)
{
    double until = sa->study->sensitivity->until;

    sa->reached = false;
    for (int i = 0; i < sa->n_stages && until > 0.0; i++) {
        bool last = i + 1 == sa->n_stages && sa->cell > 0 && km_sa_ends_stage(sa, sa->cell - 1);
        if (!(km_sa_width(sa->stage[i], NULL) <= until))
            continue;
        if (!last)
            return km_diag_fail(d, KM_E_INPUT, "its intervals were as narrow as wanted after %llu base rows, and it has more",
                                (unsigned long long)sa->stage[i]->n_rows);
        sa->reached = true;
    }
    return KM_OK;
}

km_status km_sa_load(km_sa *sa, const char *name, const unsigned char *bytes, size_t size, km_diag *d)
{
    reader r = {bytes, size};
    state_head head;
    size_t n = 0, mark = strlen(state_mark), words = strlen(name);
    double *numbers = sa->method->state(sa->self, &n);
    char hash[65];
    km_status st;

    if (size < mark + 64 || memcmp(bytes, state_mark, mark) != 0)
        return km_diag_fail(d, KM_E_INPUT, "it is not the state of an analysis");
    km_sha256_hex(bytes, size - 64, hash);
    if (memcmp(bytes + size - 64, hash, 64) != 0)
        return km_diag_fail(d, KM_E_INPUT, "its checksum is wrong, so that it is damaged");
    r.at += mark, r.left -= mark + 64;
    if (!km_sa_is_state(name, bytes, size))
        return km_diag_fail(d, KM_E_INPUT, "it is of another analysis: study, model, settings, program or version differ");
    r.at += words + 1, r.left -= words + 1;
    if (!take(&r, &head, sizeof head) || head.n_numbers != n)
        return km_diag_fail(d, KM_E_INPUT, "it has another size than this analysis");
    st = check_cells(sa, &head, d);
    if (st != KM_OK)
        return st;
    if (!take(&r, numbers, n * sizeof *numbers))
        return km_diag_fail(d, KM_E_INPUT, "it has another size than this analysis");
    for (int i = 0; i < head.n_stages; i++) {
        KM_PUSH(sa->stage, sa->n_stages);
        sa->stage[sa->n_stages++] = km_sa_indices(sa);
        if (!take_stage(&r, sa->stage[i]))
            return km_diag_fail(d, KM_E_INPUT, "it has another size than this analysis");
    }
    sa->cell = head.cell;
    sa->models_done = head.models_done;
    memcpy(sa->status, head.status, sizeof sa->status);
    return check_widths(sa, d);
}
