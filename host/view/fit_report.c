#include "view/fit_report.h"

#include <math.h>
#include <string.h>

enum { NAME = 18, ARM = 34 };

static void print_number(double x, FILE *to)
{
    if (isnan(x))
        fprintf(to, " %9s", "-");
    else
        fprintf(to, " %9.4g", x);
}

/* What the posterior took from the prior, in words. */
static const char *learned_word(double share)
{
    return isnan(share) ? "" : share > 0.75 ? "determined" : share > 0.3 ? "in part" : "hardly";
}

/* Where the data push against the range: the posterior lies in the outer tenth of the prior. */
static const char *edge_word(double shift)
{
    return shift < -1.2816 ? "low edge" : shift > 1.2816 ? "high edge" : "";
}

static void print_head(const km_fit_results *r, FILE *to)
{
    int fitted = 0, held_out = 0;

    for (int i = 0; i < r->n_trials; i++)
        fitted += r->trial[i].rows > 0, held_out += r->trial[i].held_out > 0;
    fprintf(to, "%s: %d figures of %d trials fitted", r->name, r->n_fitted, fitted);
    if (r->n_rows > r->n_fitted)
        fprintf(to, ", %d of %d trials held out", r->n_rows - r->n_fitted, held_out);
    fprintf(to, "\n\n");
}

static void print_parameters(const km_fit_results *r, FILE *to)
{
    bool edge = false;

    fprintf(to, "Parameters: prior and posterior medians with 95 %%; learned: how far the data narrow the prior\n");
    fprintf(to, "  %-*s %9s %9s %9s   %9s %9s %9s  %7s  %-10s %-9s  %-6s\n", NAME, "", "prior", "low", "high", "posterior", "low", "high", "learned", "",
            "", "unit");
    for (int i = 0; i < r->n_free; i++) {
        const km_fitted *p = &r->parameter[i];
        fprintf(to, "  %-*s", NAME, p->name);
        print_number(p->prior[1], to), print_number(p->prior[0], to), print_number(p->prior[2], to);
        fputs("  ", to);
        print_number(p->posterior[1], to), print_number(p->posterior[0], to), print_number(p->posterior[2], to);
        fprintf(to, "  %6.0f%%  %-10s %-9s  %-6s  %s\n", 100.0 * fmax(p->learned, 0.0), learned_word(p->learned), edge_word(p->shift), p->unit,
                p->about);
        edge = edge || *edge_word(p->shift);
    }
    if (edge)
        fprintf(to, "  edge: the posterior lies in the outer tenth of its prior, so that the data ask for more than the range allows\n");
    if (r->correlation)
        fprintf(to, "  the priors are correlated, of normal scores: %s\n", r->correlation);
    fprintf(to, "  log likelihood of the best candidate %.2f; %d of %d starts found it; %zu draws, %d temperatures\n", r->mode_log_likelihood,
            r->starts_agree, r->starts, r->n_draws, r->stages);
    fprintf(to, "  log evidence of the fitted rows %.2f (Monte Carlo error %.2f)\n\n", r->log_evidence, r->evidence_error);
}

static void print_second(const km_fit_results *r, FILE *to)
{
    double worst = 0.0, apart = 0.0, ratio = 0.0;

    fprintf(to, "Second sampler (ensemble, %zu draws): its means and standard deviations beside the first\n", r->n_ensemble);
    fprintf(to, "  %-*s %9s %9s   %9s %9s   %6s %7s %7s\n", NAME, "", "mean", "sd", "mean", "sd", "R-hat", "bulk", "tail");
    for (int i = 0; i < r->n_free; i++) {
        const km_fitted *p = &r->parameter[i];
        fprintf(to, "  %-*s", NAME, p->name);
        print_number(p->mean, to), print_number(p->sd, to);
        fputs("  ", to);
        print_number(p->ensemble_mean, to), print_number(p->ensemble_sd, to);
        fprintf(to, "   %6.3f %7.0f %7.0f\n", p->r_hat, p->ess_bulk, p->ess_tail);
        worst = fmax(worst, p->r_hat);
        apart = fmax(apart, fabs(p->mean - p->ensemble_mean) / p->sd);
        ratio = fmax(ratio, fabs(p->ensemble_sd / p->sd - 1.0));
    }
    fprintf(to, "  means differ by %.2f standard deviations at most, standard deviations by %.0f %%\n", apart, 100.0 * ratio);
    fprintf(to, "  %s\n\n", worst < 1.01 ? "R-hat is below 1.01 throughout" : worst < 1.05 ? "R-hat is above 1.01: more \"steps\" would help"
                                                                              : "R-hat is above 1.05: it has not converged; more \"steps\"");
}

static void print_profiles(const km_fit_results *r, FILE *to)
{
    fprintf(to, "Profile likelihoods: 95 %% intervals within the priors' ranges, without the priors\n");
    for (int i = 0; i < r->n_free; i++) {
        const km_fitted *p = &r->parameter[i];
        fprintf(to, "  %-*s %-14s", NAME, p->name, km_profile_verdict_word(p->verdict));
        print_number(p->profile_low, to), print_number(p->profile_high, to);
        fprintf(to, "  %s\n", p->unit);
    }
    fputc('\n', to);
}

static void print_rows(const km_fit_results *r, bool held_out, FILE *to)
{
    int n = 0, inside = 0;
    const char *study = "";

    fprintf(to, held_out ? "Held out: what the fitted model foretold\n" : "Fitted rows: off is (observed - best candidate) / standard error, of rates that of a count\n");
    fprintf(to, "  %-*s %-20s %7s %8s %8s   %-17s %6s\n", ARM, "", "", "time h", "observed", "expected", "95 % prediction", held_out ? "" : "off");
    for (int i = 0; i < r->n_rows; i++) {
        const km_fitted_row *w = &r->row[i];
        char interval[32], off[16] = "";
        if (w->held_out != held_out)
            continue;
        if (strcmp(study, w->study) != 0)
            fprintf(to, "  %s\n", w->study);
        study = w->study;
        snprintf(interval, sizeof interval, "%7.1f to %6.1f", w->low, w->high);
        if (!held_out && !isnan(w->residual))
            snprintf(off, sizeof off, "%6.1f", w->residual);
        fprintf(to, "    %-*.*s %-20s", ARM - 2, ARM - 2, w->arm, w->kind);
        if (isnan(w->time))
            fprintf(to, " %7s", "-");
        else
            fprintf(to, " %7.0f", w->time);
        fprintf(to, " %8.1f %8.1f   %-17s %6s%s\n", w->observed, w->expected, interval, off, w->inside ? "" : "  outside");
        n++;
        inside += w->inside;
    }
    fprintf(to, "  %d of %d inside their 95 %% prediction\n\n", inside, n);
}

/* What a trial is about: the drug's arm less the control's. */
static void print_contrasts(const km_fit_results *r, FILE *to)
{
    const char *study = "";

    fprintf(to, "Drug minus control: change from baseline, points; negative is better\n");
    fprintf(to, "  %-*s %-20s %7s %8s %6s %8s   %-17s %8s\n", ARM, "", "", "time h", "observed", "se", "expected", "95 %", "best");
    for (int i = 0; i < r->n_contrasts; i++) {
        const km_fitted_contrast *c = &r->contrast[i];
        char interval[32], se[16] = "-";
        if (strcmp(study, c->study) != 0)
            fprintf(to, "  %s%s\n", c->study, c->held_out ? " (held out)" : "");
        study = c->study;
        snprintf(interval, sizeof interval, "%7.1f to %6.1f", c->low, c->high);
        if (!isnan(c->error))
            snprintf(se, sizeof se, "%.1f", c->error);
        fprintf(to, "    %-*.*s %-20.20s %7.0f %8.1f %6s %8.1f   %-17s %8.1f\n", ARM - 2, ARM - 2, c->arm, c->control, c->time, c->observed, se,
                c->expected, interval, c->mode);
    }
    fputc('\n', to);
}

static void print_coverage(const km_fit_results *r, FILE *to)
{
    fprintf(to, "By trial: rows inside their 95 %% prediction; elpd: expected log density of the trial were it left out\n");
    fprintf(to, "  %-30s %10s %10s %10s %8s\n", "", "fitted", "held out", "elpd", "k");
    for (int i = 0; i < r->n_trials; i++) {
        const km_fitted_trial *t = &r->trial[i];
        char fitted[24] = "-", held_out[24] = "-";
        if (t->rows)
            snprintf(fitted, sizeof fitted, "%d of %d", t->rows_inside, t->rows);
        if (t->held_out)
            snprintf(held_out, sizeof held_out, "%d of %d", t->held_out_inside, t->held_out);
        fprintf(to, "  %-30.30s %10s %10s", t->name, fitted, held_out);
        if (isnan(t->elpd))
            fputs("          -        -\n", to);
        else
            fprintf(to, " %10.2f %8.2f%s\n", t->elpd, t->k, t->k > 0.7 ? "  unreliable: one trial moves the fit" : "");
    }
    fprintf(to, "  all: elpd %.1f (error %.1f), %.1f effective parameters; WAIC %.1f (%.1f)\n\n", r->elpd, r->elpd_error, r->elpd_parameters, r->waic,
            r->waic_error);
}

static void print_hypotheses(const km_fit_results *r, FILE *to)
{
    fprintf(to, "Mechanisms: natural logarithms; the evidence depends on the priors' ranges, the elpd hardly\n");
    fprintf(to, "  %-14s %-20s %12s %12s %18s  %s\n", "", "variants", "evidence", "to the best", "elpd (error)", "");
    for (int h = 0; h < r->n_hypotheses; h++) {
        const km_hypothesis *y = &r->hypothesis[h];
        double error, factor = km_log_bayes_factor(r, h, &error);
        fprintf(to, "  %-14s %-20.20s %7.1f (%.2f) %6.1f (%.2f) %11.1f (%4.1f)  %s\n", y->name, y->variants, y->log_evidence, y->error, factor, error,
                y->elpd, y->elpd_error, km_hypothesis_word(r, h));
    }
    fputc('\n', to);
}

void km_fit_report(const km_fit_results *r, FILE *to)
{
    print_head(r, to);
    print_parameters(r, to);
    if (r->n_ensemble > 0)
        print_second(r, to);
    if (r->n_profile > 0)
        print_profiles(r, to);
    if (r->n_contrasts > 0)
        print_contrasts(r, to);
    print_rows(r, false, to);
    if (r->n_rows > r->n_fitted)
        print_rows(r, true, to);
    print_coverage(r, to);
    if (r->n_hypotheses > 0)
        print_hypotheses(r, to);
    for (int i = 0; i < r->n_skipped; i++)
        fprintf(to, "%s%s\n", i ? "  " : "Left aside:\n  ", r->skipped[i]);
}
