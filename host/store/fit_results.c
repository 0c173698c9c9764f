#include "store/fit_results.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void km_fit_results_clear(km_fit_results *r)
{
    for (int i = 0; i < r->n_free; i++)
        free(r->parameter[i].name), free(r->parameter[i].unit), free(r->parameter[i].about), free(r->parameter[i].profile_value),
            free(r->parameter[i].profile_log);
    for (int i = 0; i < r->n_rows; i++)
        free(r->row[i].study), free(r->row[i].arm), free(r->row[i].kind), free(r->row[i].where);
    for (int i = 0; i < r->n_contrasts; i++)
        free(r->contrast[i].study), free(r->contrast[i].arm), free(r->contrast[i].control);
    for (int i = 0; i < r->n_trials; i++)
        free(r->trial[i].name);
    for (int i = 0; i < r->n_hypotheses; i++)
        free(r->hypothesis[i].name), free(r->hypothesis[i].variants);
    for (int i = 0; i < r->n_skipped; i++)
        free(r->skipped[i]);
    free(r->name), free(r->correlation), free(r->parameter), free(r->draw), free(r->draw_log_likelihood), free(r->row), free(r->contrast), free(r->trial), free(r->hypothesis),
        free(r->skipped);
    *r = (km_fit_results){0};
}

const char *km_profile_verdict_word(km_profile_verdict v)
{
    static const char *const word[KM_N_PROFILE_VERDICTS] = {"-", "finite", "bounded above", "bounded below", "flat"};

    return word[v];
}

static int best_hypothesis(const km_fit_results *r)
{
    int best = 0;

    for (int h = 1; h < r->n_hypotheses; h++)
        if (r->hypothesis[h].log_evidence > r->hypothesis[best].log_evidence)
            best = h;
    return best;
}

double km_log_bayes_factor(const km_fit_results *r, int h, double *error)
{
    const km_hypothesis *a = &r->hypothesis[h], *b = &r->hypothesis[best_hypothesis(r)];

    *error = a == b ? 0.0 : sqrt(a->error * a->error + b->error * b->error);
    return a->log_evidence - b->log_evidence;
}

const char *km_hypothesis_word(const km_fit_results *r, int h)
{
    double error, factor = -km_log_bayes_factor(r, h, &error), second = (double)INFINITY;
    int best = best_hypothesis(r);

    if (h == best) {
        for (int i = 0; i < r->n_hypotheses; i++) {
            double e, f = -km_log_bayes_factor(r, i, &e);
            if (i != best && f - 2.0 * e < second)
                second = f - 2.0 * e;
        }
        return second < log(3.0) ? "not distinguishable from the next" : "favoured";
    }
    if (factor - 2.0 * error < log(3.0))
        return "not distinguishable";
    return factor < log(20.0) ? "against" : "strongly against";
}

/* ---- tables ---- */

/* A text without what would break a table. */
static void add_word(km_text *out, const char *text, bool first)
{
    if (!first)
        km_text_add(out, "\t");
    for (; *text; text++)
        km_text_add(out, "%c", *text == '\t' || *text == '\n' ? ' ' : *text);
}

void km_fit_parameters_tsv(const km_fit_results *r, km_text *out)
{
    km_text_add(out, "parameter\tunit\tprior_q025\tprior_q50\tprior_q975\tmode\tmean\tsd\tq025\tq50\tq975\tlearned\tshift\tensemble_mean\tensemble_sd"
                     "\tr_hat\tess_bulk\tess_tail\tprofile\tprofile_low\tprofile_high\n");
    for (int i = 0; i < r->n_free; i++) {
        const km_fitted *p = &r->parameter[i];
        const double first[] = {p->prior[0], p->prior[1], p->prior[2], p->mode, p->mean, p->sd, p->posterior[0], p->posterior[1], p->posterior[2],
                                p->learned, p->shift, p->ensemble_mean, p->ensemble_sd, p->r_hat, p->ess_bulk, p->ess_tail};
        add_word(out, p->name, true);
        add_word(out, p->unit, false);
        for (size_t k = 0; k < sizeof first / sizeof *first; k++)
            km_text_add_cell(out, first[k], 9);
        add_word(out, km_profile_verdict_word(p->verdict), false);
        km_text_add_cell(out, p->profile_low, 9);
        km_text_add_cell(out, p->profile_high, 9);
        km_text_add(out, "\n");
    }
}

void km_fit_rows_tsv(const km_fit_results *r, km_text *out)
{
    km_text_add(out, "study\tarm\tkind\ttime_h\tuse\tobserved\tse\tmode\texpected\texpected_low\texpected_high\tlow\thigh\tinside\tresidual\tplace\n");
    for (int i = 0; i < r->n_rows; i++) {
        const km_fitted_row *w = &r->row[i];
        const double number[] = {w->observed, w->error, w->mode, w->expected, w->expected_low, w->expected_high, w->low, w->high};
        add_word(out, w->study, true);
        add_word(out, w->arm, false);
        add_word(out, w->kind, false);
        km_text_add_cell(out, w->time, 9);
        add_word(out, w->held_out ? "held out" : "fitted", false);
        for (size_t k = 0; k < sizeof number / sizeof *number; k++)
            km_text_add_cell(out, number[k], 9);
        add_word(out, w->inside ? "1" : "0", false);
        km_text_add_cell(out, w->residual, 9);
        add_word(out, w->where, false);
        km_text_add(out, "\n");
    }
}

void km_fit_contrasts_tsv(const km_fit_results *r, km_text *out)
{
    km_text_add(out, "study\tarm\tcontrol\ttime_h\tuse\tobserved\tse\tmode\texpected\texpected_low\texpected_high\n");
    for (int i = 0; i < r->n_contrasts; i++) {
        const km_fitted_contrast *c = &r->contrast[i];
        const double number[] = {c->observed, c->error, c->mode, c->expected, c->low, c->high};
        add_word(out, c->study, true);
        add_word(out, c->arm, false);
        add_word(out, c->control, false);
        km_text_add_cell(out, c->time, 9);
        add_word(out, c->held_out ? "held out" : "fitted", false);
        for (size_t k = 0; k < sizeof number / sizeof *number; k++)
            km_text_add_cell(out, number[k], 9);
        km_text_add(out, "\n");
    }
}

void km_fit_trials_tsv(const km_fit_results *r, km_text *out)
{
    km_text_add(out, "study\tfitted_rows\tfitted_inside\theld_out_rows\theld_out_inside\telpd_loo\tpareto_k\n");
    for (int i = 0; i < r->n_trials; i++) {
        const km_fitted_trial *t = &r->trial[i];
        add_word(out, t->name, true);
        km_text_add(out, "\t%d\t%d\t%d\t%d", t->rows, t->rows_inside, t->held_out, t->held_out_inside);
        km_text_add_cell(out, t->elpd, 9);
        km_text_add_cell(out, t->k, 9);
        km_text_add(out, "\n");
    }
}

void km_fit_profiles_tsv(const km_fit_results *r, km_text *out)
{
    km_text_add(out, "parameter\tvalue\tlog_likelihood\n");
    for (int i = 0; i < r->n_free; i++)
        for (int k = 0; k < r->n_profile; k++) {
            add_word(out, r->parameter[i].name, true);
            km_text_add_cell(out, r->parameter[i].profile_value[k], 9);
            km_text_add_cell(out, r->parameter[i].profile_log[k], 9);
            km_text_add(out, "\n");
        }
}

void km_fit_hypotheses_tsv(const km_fit_results *r, km_text *out)
{
    km_text_add(out, "hypothesis\tvariants\tlog_evidence\tlog_evidence_error\tlog_bayes_factor\tlog_bayes_factor_error\tbest_log_posterior\telpd_loo\telpd_loo_se\tverdict\n");
    for (int h = 0; h < r->n_hypotheses; h++) {
        const km_hypothesis *y = &r->hypothesis[h];
        double error, factor = km_log_bayes_factor(r, h, &error);
        add_word(out, y->name, true);
        add_word(out, y->variants, false);
        km_text_add_cell(out, y->log_evidence, 9);
        km_text_add_cell(out, y->error, 9);
        km_text_add_cell(out, factor, 9);
        km_text_add_cell(out, error, 9);
        km_text_add_cell(out, y->best, 9);
        km_text_add_cell(out, y->elpd, 9);
        km_text_add_cell(out, y->elpd_error, 9);
        add_word(out, km_hypothesis_word(r, h), false);
        km_text_add(out, "\n");
    }
}
