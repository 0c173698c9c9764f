/* The oracle: reference answers for points of KET-PD20, from equations, integrator (SUNDIALS
 * CVODE), thresholds and extremes that share nothing with ketamap.
 *
 *   oracle POINTS.tsv [--horizon H] [--times T,T,...] [--rtol R] > OUT.tsv
 *   oracle --sample N --seed S [--vary pd] > POINTS.tsv
 *
 * POINTS.tsv: a header naming parameters, or dose_mg_per_kg, interval_h, n_doses; one point a line.
 * Infusions last 40 min. They start at the hours of --times, by default 0, 48, 96, 168, 216 and
 * 264; with a column interval_h or n_doses there are n_doses (6) of them at multiples of interval_h
 * (84). Behind the answers come the states at the horizon, in umol or with 1 untreated. */
#include "ket_pd20.h"

#include <cvode/cvode.h>
#include <math.h>
#include <nvector/nvector_serial.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

enum { MAX_COLUMNS = 128, MAX_LINE = 65536, MAX_EDGES = 2000, N_TIMES = 4 };

static const double times[N_TIMES] = {24.0, 48.0, 72.0, 168.0};
static const char *const states[KET_N_STATES] = {"Xn", "Xg", "Kc", "Kp1", "Kp2", "Nc", "Np",
                                                 "Hc", "G",  "F",  "E",   "P",   "B",  "M",
                                                 "N",  "Q",  "A",  "S1",  "S2",  "D"};

typedef struct regimen {
    double dose; /* mg/kg */
    double duration;
    double start[MAX_EDGES / 2];
    int n;
} regimen;

typedef struct answer {
    double onset_50, onset_10, duration_50, peak, t_peak, cadss_peak, drug[N_TIMES], cmax;
    /* known once the peak is: first time after it with half of it or less; hours with half of it or more; first time
       with a MADRS of 10 or less; largest CADSS from onset_10 on */
    double relapse, half, remission, cadss_late;
} answer;

typedef struct sample {
    double t, reduction, slope, blocking_slope, cadss;
    double y[KET_N_STATES];
} sample;

typedef struct solver {
    SUNContext context;
    N_Vector y, dense, weights;
    SUNMatrix matrix;
    SUNLinearSolver linear;
    void *memory;
    ket_model model;
    double infusion; /* umol/h */
    double rtol;
    answer a;
    double best; /* the largest reduction so far */
    int second;  /* the same course again, its peak known */
} solver;

static int rates(realtype t, N_Vector y, N_Vector dy, void *data)
{
    solver *s = data;

    (void)t;
    ket_rates(&s->model, s->infusion, N_VGetArrayPointer(y), N_VGetArrayPointer(dy));
    return 0;
}

/* The dense output at t, within CVODE's last step. */
static int look(solver *s, double t, sample *out)
{
    double dy[KET_N_STATES];

    if (CVodeGetDky(s->memory, t, 0, s->dense) != CV_SUCCESS)
        return -1;
    memcpy(out->y, N_VGetArrayPointer(s->dense), sizeof out->y);
    ket_rates(&s->model, s->infusion, out->y, dy);
    out->t = t;
    out->reduction = ket_reduction(&s->model, t, out->y);
    out->slope = ket_reduction_rate(&s->model, t, out->y, dy);
    out->blocking_slope =
        ket_blocking(&s->model, dy); /* linear, so its rate is that of the rates */
    out->cadss = ket_cadss(&s->model, out->y);
    return 0;
}

/* The zero of a sample's member between a and b, by bisection to 1e-10 h. */
#define BISECT(s, a, b, member, level, out)                                                        \
    do {                                                                                           \
        double low_ = (a)->t, high_ = (b)->t;                                                      \
        int above_ = (a)->member >= (level);                                                       \
        while (high_ - low_ > 1e-10) {                                                             \
            double middle_ = 0.5 * (low_ + high_);                                                 \
            if (middle_ <= low_ || middle_ >= high_)                                               \
                break;                                                                             \
            if (look(s, middle_, out))                                                             \
                return -1;                                                                         \
            if (((out)->member >= (level)) == above_)                                              \
                low_ = middle_;                                                                    \
            else                                                                                   \
                high_ = middle_;                                                                   \
        }                                                                                          \
        if (look(s, high_, out))                                                                   \
            return -1;                                                                             \
    } while (0)

static void see_extremes(solver *s, const sample *x)
{
    if (s->second) {
        if (x->t >= s->a.onset_10 && !(x->cadss <= s->a.cadss_late))
            s->a.cadss_late = x->cadss;
        return;
    }
    if (x->reduction > s->best) {
        s->best = x->reduction;
        s->a.t_peak = x->t;
    }
    if (x->cadss > s->a.cadss_peak)
        s->a.cadss_peak = x->cadss;
}

/* The same stretch once the peak is known. */
static int see_again(solver *s, const sample *a, const sample *b)
{
    double half = 0.5 * s->best, remitted = 1.0 - 10.0 / s->model.p[KET_MADRS0];
    sample root;

    if (a->reduction >= half && b->reduction >= half) {
        s->a.half += b->t - a->t;
    } else if (a->reduction < half && b->reduction >= half) {
        BISECT(s, a, b, reduction, half, &root);
        s->a.half += b->t - root.t;
    } else if (a->reduction >= half) {
        BISECT(s, a, b, reduction, half, &root);
        s->a.half += root.t - a->t;
        if (isnan(s->a.relapse) && root.t >= s->a.t_peak)
            s->a.relapse = root.t;
    }
    if (isnan(s->a.remission) && b->reduction >= remitted) {
        root = *a;
        if (a->reduction < remitted)
            BISECT(s, a, b, reduction, remitted, &root);
        s->a.remission = root.t;
    }
    see_extremes(s, b);
    return 0;
}

/* A stretch over which the reduction is monotone. */
static int see_monotone(solver *s, const sample *a, const sample *b)
{
    double ten = 10.0 / s->model.p[KET_MADRS0];
    sample root;

    if (s->second)
        return see_again(s, a, b);
    if (isnan(s->a.onset_10) && b->reduction >= ten) {
        if (a->reduction >= ten) {
            s->a.onset_10 = a->t;
        } else {
            BISECT(s, a, b, reduction, ten, &root);
            s->a.onset_10 = root.t;
        }
    }
    if (a->reduction >= 0.5 && b->reduction >= 0.5) {
        s->a.duration_50 += b->t - a->t;
    } else if (a->reduction < 0.5 && b->reduction >= 0.5) {
        BISECT(s, a, b, reduction, 0.5, &root);
        s->a.duration_50 += b->t - root.t;
        if (isnan(s->a.onset_50))
            s->a.onset_50 = root.t;
    } else if (a->reduction >= 0.5) {
        BISECT(s, a, b, reduction, 0.5, &root);
        s->a.duration_50 += root.t - a->t;
    }
    see_extremes(s, b);
    return 0;
}

/* From one sample to the next, split where the reduction turns. */
static int see(solver *s, const sample *a, const sample *b)
{
    sample turn;

    if ((a->blocking_slope >= 0.0) != (b->blocking_slope >= 0.0)) {
        BISECT(s, a, b, blocking_slope, 0.0, &turn);
        see_extremes(s, &turn);
    }
    if ((a->slope >= 0.0) == (b->slope >= 0.0))
        return see_monotone(s, a, b);
    BISECT(s, a, b, slope, 0.0, &turn);
    if (see_monotone(s, a, &turn))
        return -1;
    return see_monotone(s, &turn, b);
}

/* One step of CVODE, from t0 to t1; since: hours from the last edge to t0. */
static int see_step(solver *s, double t0, double t1, double since)
{
    double spacing = since < 6.0 ? 0.05 : 0.25;
    int n = (int)ceil((t1 - t0) / spacing);
    sample a, b;

    n = n < 2 ? 2 : n;
    if (look(s, t0, &a))
        return -1;
    see_extremes(s, &a);
    for (int i = 1; i <= n; i++) {
        if (look(s, i == n ? t1 : t0 + (t1 - t0) * i / n, &b) || see(s, &a, &b))
            return -1;
        a = b;
    }
    if (s->second && s->a.onset_10 > t0 && s->a.onset_10 <= t1) {
        if (look(s, s->a.onset_10, &b))
            return -1;
        see_extremes(s, &b);
    }
    for (int i = 0; i < N_TIMES; i++)
        if (times[i] > t0 && times[i] <= t1) {
            if (look(s, times[i], &b))
                return -1;
            s->a.drug[i] = 0.0 - s->model.p[KET_MADRS0] * (1.0 - ket_placebo(&s->model, times[i])) *
                                     s->model.p[KET_E_D] * b.y[KET_D];
        }
    return 0;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int start_cvode(solver *s)
{
    if (SUNContext_Create(NULL, &s->context))
        return -1;
    s->y = N_VNew_Serial(KET_N_STATES, s->context);
    s->dense = N_VNew_Serial(KET_N_STATES, s->context);
    s->weights = N_VNew_Serial(KET_N_STATES, s->context);
    s->matrix = SUNDenseMatrix(KET_N_STATES, KET_N_STATES, s->context);
    if (!s->y || !s->dense || !s->weights || !s->matrix)
        return -1;
    s->linear = SUNLinSol_Dense(s->y, s->matrix, s->context);
    s->memory = CVodeCreate(CV_BDF, s->context);
    if (!s->linear || !s->memory)
        return -1;
    N_VConst(1.0, s->y);
    N_VConst(1e-13, s->weights);
    if (CVodeInit(s->memory, rates, 0.0, s->y) || CVodeSetUserData(s->memory, s) ||
        CVodeSVtolerances(s->memory, s->rtol, s->weights) ||
        CVodeSetLinearSolver(s->memory, s->linear, s->matrix) || CVodeSetMaxStep(s->memory, 4.0) ||
        CVodeSetMaxNumSteps(s->memory, 1000000))
        return -1;
    return 0;
}

static void stop_cvode(solver *s)
{
    CVodeFree(&s->memory);
    if (s->linear)
        SUNLinSolFree(s->linear);
    if (s->matrix)
        SUNMatDestroy(s->matrix);
    N_VDestroy(s->y);
    N_VDestroy(s->dense);
    N_VDestroy(s->weights);
    SUNContext_Free(&s->context);
}

/* One course, from baseline to the horizon, seen step by step. */
static int run_course(solver *s, const regimen *r, double horizon)
{
    double edge[MAX_EDGES + 2], *y = N_VGetArrayPointer(s->y), amount;
    double *weights = N_VGetArrayPointer(s->weights);
    int n_edges = 0;

    if (ket_prepare(&s->model, y))
        return -1;
    amount = r->dose * s->model.p[KET_weight] * 1e3 / KET_MOLAR_MASS; /* umol */
    for (int i = 0; i < KET_N_STATES; i++)
        weights[i] = 1e-13 * (i < KET_G ? fmax(amount, 1.0) : 1.0);
    edge[n_edges++] = 0.0;
    for (int i = 0; i < r->n; i++) {
        edge[n_edges++] = r->start[i];
        edge[n_edges++] = r->start[i] + r->duration;
    }
    edge[n_edges++] = horizon;
    qsort(edge, (size_t)n_edges, sizeof *edge, ascending);

    for (int i = 0; i + 1 < n_edges && edge[i] < horizon; i++) {
        double t = edge[i], end = fmin(edge[i + 1], horizon), middle = 0.5 * (t + end);

        if (end - t < 1e-9)
            continue;
        s->infusion = 0.0;
        for (int k = 0; k < r->n; k++)
            if (middle > r->start[k] && middle < r->start[k] + r->duration)
                s->infusion += amount / r->duration;
        if (CVodeReInit(s->memory, t, s->y) || CVodeSVtolerances(s->memory, s->rtol, s->weights))
            return -1;
        while (t < end) {
            double before = t;

            if (CVodeSetStopTime(s->memory, end) ||
                CVode(s->memory, end, s->y, &t, CV_ONE_STEP) < 0 ||
                see_step(s, before, t, before - edge[i]))
                return -1;
        }
        if (isnan(s->a.cmax) && s->infusion > 0.0)
            s->a.cmax = ket_plasma(&s->model, y);
    }
    return 0;
}

static const answer nothing = {NAN, NAN, 0.0, NAN, NAN, 0.0, {NAN, NAN, NAN, NAN}, NAN, NAN, 0.0, NAN, NAN};

static int answer_point(solver *s, const regimen *r, double horizon)
{
    s->a = nothing;
    s->best = -INFINITY;
    s->second = 0;
    if (run_course(s, r, horizon))
        return -1;
    s->a.peak = -s->model.p[KET_MADRS0] * s->best;
    s->second = 1;
    return run_course(s, r, horizon);
}

static int find_parameter(const char *name)
{
    for (int i = 0; i < KET_N_PARAMETERS; i++)
        if (strcmp(ket_parameters[i].name, name) == 0)
            return i;
    return -1;
}

/* "0,48,96" into the starts of a regimen; 0, or -1. */
static int read_times(const char *text, regimen *r)
{
    char *rest;

    for (r->n = 0; r->n < MAX_EDGES / 2; text = rest + 1) {
        double start = strtod(text, &rest);

        if (rest == text || !(start >= 0.0))
            return -1;
        r->start[r->n++] = start;
        if (*rest == '\0')
            return 0;
        if (*rest != ',')
            return -1;
    }
    return -1;
}

static int answer_file(const char *path, double horizon, const regimen *usual, double rtol)
{
    static const char *const extra[] = {"dose_mg_per_kg", "interval_h", "n_doses"};
    static char line[MAX_LINE];
    solver s = {.rtol = rtol};
    int column[MAX_COLUMNS], n_columns = 0, rc = 1;
    long row = 0;
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");

    if (!file) {
        perror(path);
        return 3;
    }
    if (start_cvode(&s)) {
        fprintf(stderr, "oracle: CVODE does not start\n");
        goto done;
    }
    if (!fgets(line, sizeof line, file)) {
        fprintf(stderr, "%s: a header is missing\n", path);
        goto done;
    }
    for (char *name = strtok(line, "\t\r\n"); name; name = strtok(NULL, "\t\r\n")) {
        int c = find_parameter(name);

        for (int i = 0; i < 3; i++)
            if (strcmp(name, extra[i]) == 0)
                c = KET_N_PARAMETERS + i;
        if (c < 0 || n_columns == MAX_COLUMNS) {
            fprintf(stderr, "%s: there is no column %s\n", path, name);
            goto done;
        }
        column[n_columns++] = c;
    }
    printf("onset_50\tonset_10\tduration_50\tpeak\tt_peak\tcadss_peak\tdrug_24\tdrug_48\tdrug_"
           "72\tdrug_168\t"
           "cmax\trelapse\thalf\tremission\tcadss_late");
    for (int i = 0; i < KET_N_STATES; i++)
        printf("\t%s", states[i]);
    printf("\n");
    while (fgets(line, sizeof line, file)) {
        double value[KET_N_PARAMETERS + 3];
        regimen r = *usual;
        char *field = line, *rest;
        const answer *a = &s.a;

        row++;
        for (int i = 0; i < KET_N_PARAMETERS; i++)
            value[i] = ket_parameters[i].nominal;
        value[KET_N_PARAMETERS] = 0.5;
        value[KET_N_PARAMETERS + 1] = value[KET_N_PARAMETERS + 2] = NAN;
        for (int i = 0; i < n_columns; i++) {
            value[column[i]] = strtod(field, &rest);
            if (rest == field) {
                fprintf(stderr, "%s: row %ld: column %d is not a number\n", path, row, i + 1);
                goto done;
            }
            field = rest;
        }
        memcpy(s.model.p, value, sizeof s.model.p);
        r.dose = value[KET_N_PARAMETERS];
        if (!isnan(value[KET_N_PARAMETERS + 1]) || !isnan(value[KET_N_PARAMETERS + 2])) {
            double interval = value[KET_N_PARAMETERS + 1], n = value[KET_N_PARAMETERS + 2];

            interval = isnan(interval) ? 84.0 : interval;
            n = isnan(n) ? 6.0 : n;
            if (!(n >= 0.0 && n <= MAX_EDGES / 2)) {
                fprintf(stderr, "%s: row %ld: n_doses %g\n", path, row, n);
                goto done;
            }
            r.n = (int)n;
            for (int k = 0; k < r.n; k++)
                r.start[k] = k * interval;
        }
        if (answer_point(&s, &r, horizon)) {
            fprintf(stderr, "%s: row %ld: the integration failed\n", path, row);
            s.a = nothing;
            N_VConst(NAN, s.y);
        }
        printf("%.12g\t%.12g\t%.12g\t%.12g\t%.12g\t%.12g\t%.12g\t%.12g\t%.12g\t%.12g\t%.12g\t%.12g\t%.12g\t%.12g\t%.12g",
               a->onset_50, a->onset_10, a->duration_50, a->peak, a->t_peak, a->cadss_peak,
               a->drug[0], a->drug[1], a->drug[2], a->drug[3], a->cmax, a->relapse, a->half,
               a->remission, a->cadss_late);
        for (int i = 0; i < KET_N_STATES; i++)
            printf("\t%.12g", N_VGetArrayPointer(s.y)[i]);
        printf("\n");
    }
    rc = 0;

done:
    stop_cvode(&s);
    if (file != stdin)
        fclose(file);
    return rc;
}

/* splitmix64, uniform in (0, 1) */
static double uniform(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return ((double)(z >> 11) + 0.5) * 0x1p-53;
}

static void print_sample(long n, uint64_t seed)
{
    const char *gap = "";

    for (int i = 0; i < KET_N_PARAMETERS; i++)
        if (ket_parameters[i].is_free) {
            printf("%s%s", gap, ket_parameters[i].name);
            gap = "\t";
        }
    printf("\n");
    for (long k = 0; k < n; k++) {
        gap = "";
        for (int i = 0; i < KET_N_PARAMETERS; i++) {
            const ket_parameter *p = &ket_parameters[i];
            double u;

            if (!p->is_free)
                continue;
            u = uniform(&seed);
            printf("%s%.17g", gap,
                   p->is_log ? p->low * pow(p->high / p->low, u) : p->low + (p->high - p->low) * u);
            gap = "\t";
        }
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    regimen usual = {.duration = 40.0 / 60.0};
    double horizon = 672.0, rtol = 1e-10;
    long n = -1;
    uint64_t seed = 1;

    (void)read_times("0,48,96,168,216,264", &usual);
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
        int takes = next && word[0] == '-' && word[1] == '-';

        if (takes && strcmp(word, "--horizon") == 0)
            horizon = strtod(argv[++i], NULL);
        else if (takes && strcmp(word, "--rtol") == 0)
            rtol = strtod(argv[++i], NULL);
        else if (takes && strcmp(word, "--times") == 0 && read_times(next, &usual) == 0)
            i++;
        else if (takes && strcmp(word, "--sample") == 0)
            n = strtol(argv[++i], NULL, 10);
        else if (takes && strcmp(word, "--seed") == 0)
            seed = strtoull(argv[++i], NULL, 10);
        else if (takes && strcmp(word, "--vary") == 0 && strcmp(next, "pd") == 0)
            i++;
        else if (word[0] != '-' || word[1] == 0)
            path = word;
        else
            path = NULL, n = -2, i = argc;
    }
    if (n >= 0) {
        print_sample(n, seed);
        return 0;
    }
    if (n == -2 || !path || !(horizon > 0.0) || !(rtol > 0.0)) {
        fprintf(stderr, "usage: oracle POINTS.tsv [--horizon H] [--times T,T,...] [--rtol R]\n"
                        "       oracle --sample N --seed S [--vary pd]\n");
        return 2;
    }
    return answer_file(path, horizon, &usual, rtol);
}
