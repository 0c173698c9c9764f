/* Published outcomes of trials, one group-level figure a row: configs/trials/trials.tsv and tables like it.
 *
 * Tab separated, no quotes, "." for decimals, an empty cell where nothing is known. Times are hours from the arm's first
 * dose; a change, or a difference from a control, is negative where it is a benefit; rates are per cent. What a row says
 * is checked here; whether a row can be fitted (has it n, a spread, a known schedule?) is for who uses it. */
#ifndef KM_STUDY_TRIALS_H
#define KM_STUDY_TRIALS_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum km_measure {
    KM_MEAN_SCORE, KM_MEAN_CHANGE, KM_PERCENT_CHANGE, KM_DIFFERENCE, /* of the mean change, drug minus control */
    KM_RESPONSE_RATE, KM_REMISSION_RATE, KM_RELAPSE_RATE, KM_MEAN_RELAPSE_TIME, KM_MEDIAN_RELAPSE_TIME,
    KM_MEAN_MAX,                                 /* mean over patients of the largest value: plasma Cmax, peak CADSS */
    KM_MEASURE_OTHER,                            /* effect sizes, ratios: kept, not fitted */
    KM_N_MEASURES
} km_measure;

typedef enum km_provenance_kind { KM_VERIFIED, KM_VERIFIED_DERIVED, KM_RECALLED } km_provenance_kind;

/* A missing number is NAN, a missing text "". Strings point into the table. */
typedef struct km_trial_row {
    size_t line;               /* in the file, from 1 */
    const char *study, *doi, *pmid, *population, *design, *arm, *drug, *route, *scale, *value_kind, *source, *use, *note;
    int year;
    km_provenance_kind provenance;
    km_measure measure;
    double n;
    double dose;               /* NAN where the table has a word or a range */
    const char *dose_text, *dose_unit;
    double infusion;           /* minutes */
    const char *schedule_text;
    int n_doses;               /* 0: the dates are not known */
    double *dose_time;         /* hours, the first is 0 */
    double baseline, baseline_sd;
    double time;               /* hours */
    double value, sd, se, low, high; /* low, high: of the 95 % interval */
    bool control;              /* a placebo, a midazolam arm, a dose of 0 */
} km_trial_row;

typedef struct km_trials {
    char *path, *text;
    size_t n;
    km_trial_row *row;
    char hash[65];             /* SHA-256 of the file */
} km_trials;

/* Refused, with "FILE:LINE: COLUMN": a missing column or value; what is no number; a negative sd or se, an n that is no
 * count; an se that contradicts sd and n, or the interval (by more than a quarter); half an interval, or one that does not
 * hold its value; an unknown scale, kind, unit, provenance; a score its scale does not have, a rate outside 0 ... 100; a
 * time before the first dose, a schedule that does not begin at 0 or does not ascend; a placebo with a dose; a row that
 * stands twice (study, arm, scale, time and kind). */
km_status km_trials_read(const char *path, km_trials *out, km_diag *d);
void km_trials_clear(km_trials *trials);

/* Standard error of a mean as published: se, else sd/sqrt(n), else the interval's width over 3.92; NAN without. n: as
 * the table has it, or as assumed. */
double km_trial_standard_error(const km_trial_row *row, double n);

/* "mean_score", ... as the table writes it. */
const char *km_measure_name(km_measure measure);

/* "FILE:LINE", and what the row is: "FILE:9 (Murrough2013a, midazolam, mean_change at 24 h)"; caller frees. */
char *km_trial_where(const km_trials *trials, const km_trial_row *row);

/* A study that contains patients of another. */
typedef struct km_overlap {
    const char *study, *contains, *why;
} km_overlap;

typedef struct km_overlaps {
    char *text;
    size_t n;
    km_overlap *pair;
} km_overlaps;

/* A table with the columns study, contains, why; both studies have rows in `trials`. */
km_status km_overlaps_read(const char *path, const km_trials *trials, km_overlaps *out, km_diag *d);
void km_overlaps_clear(km_overlaps *overlaps);

#endif
