#include "view/fit_report.h"

#include <math.h>
#include <string.h>

static void print_number(FILE *to, double x, int width)
{
    if (isnan(x))
        fprintf(to, " %*s", width, "-");
    else
        fprintf(to, " %*.4g", width, x);
}

/* By how much the posterior is narrower than the prior: the ratio of their middle 95 %. */
static double narrowing(const km_fit_parameter *p) { return (p->high - p->low) / (p->prior_high - p->prior_low); }

static const char *verdict(const km_fit_parameter *p)
{
    double ratio = narrowing(p);

    return ratio < 0.5 ? "determined" : ratio < 0.85 ? "weakly determined" : "not determined: as the prior";
}

static void print_parameters(const km_fit_results *r, FILE *to)
{
    bool second = r->n_parameters > 0 && !isnan(r->parameter[0].r_hat);

    fprintf(to, "parameters                prior 95 %%              best     mean       sd     2.5 %%   97.5 %%%s\n", second ? "   R-hat     ESS" : "");
    for (int i = 0; i < r->n_parameters; i++) {
        const km_fit_parameter *p = &r->parameter[i];
        fprintf(to, "  %-18s", p->name);
        print_number(to, p->prior_low, 8);
        fputs(" to", to);
        print_number(to, p->prior_high, 8);
        print_number(to, p->best, 9);
        print_number(to, p->mean, 8);
        print_number(to, p->sd, 8);
        print_number(to, p->low, 9);
        print_number(to, p->high, 8);
        if (second)
            fprintf(to, " %7.3f %7.0f", p->r_hat, p->ess);
        fprintf(to, "   %s\n", verdict(p));
    }
    for (int i = 0; second && i < r->n_parameters; i++) {
        const km_fit_parameter *p = &r->parameter[i];
        if (fabs(p->mean - p->other_mean) > 0.1 * p->sd || fabs(p->sd / p->other_sd - 1.0) > 0.1)
            fprintf(to, "  the two samplers differ on %s: mean %.4g and %.4g, sd %.4g and %.4g\n", p->name, p->mean, p->other_mean, p->sd, p->other_sd);
    }
}

static const char *short_kind(const char *kind)
{
    static const char *const words[][2] = {{"mean_score", "score"}, {"mean_change", "change"}, {"percent_change", "change %"},
                                           {"LSM_difference_vs_control", "difference"}, {"response_rate_pct", "response %"},
                                           {"remission_rate_pct", "remission %"}, {"relapse_rate_pct", "relapse %"},
                                           {"mean_time_to_relapse_d", "relapse, mean d"}, {"median_time_to_relapse_d", "relapse, median d"},
                                           {"mean_max", "largest"}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], kind) == 0)
            return words[i][1];
    return kind;
}

static bool is_inside(const km_fit_prediction *p) { return p->value >= p->low && p->value <= p->high; }

static void print_rows(const km_fit_results *r, bool held_out, FILE *to)
{
    const char *study = "";

    fprintf(to, "%s\n  study                  arm                             h  figure             published    error     best  95 %% of such trials%s\n",
            held_out ? "rows held out" : "rows fitted", held_out ? "" : "  weighted residual");
    for (int i = 0; i < r->n_predictions; i++) {
        const km_fit_prediction *p = &r->prediction[i];
        if (p->held_out != held_out)
            continue;
        fprintf(to, "  %-22.22s %-28.28s", strcmp(study, p->study) ? p->study : "", p->arm);
        print_number(to, p->time_h, 5);
        fprintf(to, "  %-17s", short_kind(p->kind));
        print_number(to, p->value, 10);
        print_number(to, p->error, 8);
        print_number(to, p->best, 8);
        print_number(to, p->low, 8);
        fputs(" to", to);
        print_number(to, p->high, 7);
        if (!held_out)
            print_number(to, p->residual, 9);
        fprintf(to, "%s\n", is_inside(p) ? "" : "  outside");
        study = p->study;
    }
}

/* How many published figures lie within what the model gives such trials. */
static void print_coverage(const km_fit_results *r, FILE *to)
{
    for (int held_out = 0; held_out < 2; held_out++) {
        int n = 0, inside = 0;
        for (int i = 0; i < r->n_predictions; i++)
            if (r->prediction[i].held_out == (held_out != 0)) {
                n++;
                inside += is_inside(&r->prediction[i]);
            }
        if (n == 0)
            continue;
        fprintf(to, "%d of %d %s figures lie within 95 %% of such trials", inside, n, held_out ? "held-out" : "fitted");
        for (int i = 0, first = 1; held_out && i < r->n_predictions; i++) {
            const km_fit_prediction *p = &r->prediction[i];
            int of = 0, in = 0, k;
            for (k = 0; k < i && (!r->prediction[k].held_out || strcmp(r->prediction[k].study, p->study)); k++)
                ;
            if (!p->held_out || k < i)
                continue;
            for (k = i; k < r->n_predictions; k++)
                if (strcmp(r->prediction[k].study, p->study) == 0 && r->prediction[k].held_out) {
                    of++;
                    in += is_inside(&r->prediction[k]);
                }
            fprintf(to, "%s%s %d/%d", first ? ":\n  " : ", ", p->study, in, of);
            first = 0;
        }
        fputs("\n", to);
    }
}

static void print_evidence(const km_fit_results *r, FILE *to)
{
    int best = 0;

    for (int i = 1; i < r->n_models; i++)
        if (r->model[i].log_evidence > r->model[best].log_evidence)
            best = i;
    fputs("evidence, under these priors\n", to);
    for (int i = 0; i < r->n_models; i++) {
        const km_fit_model *m = &r->model[i];
        double gap = r->model[best].log_evidence - m->log_evidence, error = hypot(m->error, r->model[best].error);
        fprintf(to, "  %-18s log evidence %8.2f +- %.2f", m->name, m->log_evidence, m->error);
        if (i != best)
            fprintf(to, "; %s is %.3g times as likely (log %.2f +- %.2f)%s", r->model[best].name, exp(gap), gap, error,
                    gap < log(3.0) + 2.0 * error ? ": not distinguishable" : "");
        fputs("\n", to);
    }
}

static void print_trials(const km_fit_results *r, FILE *to)
{
    fprintf(to, "leaving one trial out: expected log density %.2f +- %.2f (PSIS), %.1f effective parameters; WAIC %.2f\n", r->loo, r->loo_error,
            r->loo_parameters, r->waic);
    for (int i = 0; i < r->n_trials; i++)
        fprintf(to, "  %-22s %8.2f%s\n", r->trial[i].name, r->trial[i].elpd,
                r->trial[i].pareto_k > 0.7 ? "   too influential for these weights (k above 0.7)" : "");
}

static void print_aside(const km_fit_results *r, FILE *to)
{
    if (r->n_aside > 0)
        fputs("asked for and not predicted\n", to);
    for (int i = 0; i < r->n_aside; i++)
        fprintf(to, "  %s, %s, %s: %s\n", r->aside[i].study, r->aside[i].arm, r->aside[i].kind, r->aside[i].why);
}

void km_fit_report(const km_fit_results *r, FILE *to)
{
    fprintf(to, "%s: best log likelihood %.2f\n", r->name, r->best_log_likelihood);
    print_parameters(r, to);
    print_rows(r, false, to);
    print_rows(r, true, to);
    print_coverage(r, to);
    print_trials(r, to);
    print_evidence(r, to);
    print_aside(r, to);
}
