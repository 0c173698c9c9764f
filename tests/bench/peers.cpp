/* What users would integrate KET-PD20 with instead: LSODA, CVODE, Boost.odeint, one point after the other on one thread.
 *
 *   peers list                                     names, and the tolerances worth trying
 *   peers NAME RTOL POINTS.tsv RESULTS.tsv [N]     the first N points; prints "cpu_seconds X steps Y failed Z"
 *
 * POINTS: a header of "amt" (mg/kg), "start_1" ... (h, starts of infusions of 40 min) and parameters; a row a point.
 * RESULTS: onset of 50 % and of 10 points, duration of 50 %, peak, CADSS peak; "nan" where it never happens.
 *
 * Made as strong as they can be: the rates and the analytic Jacobian are the C that `ketamap check --emit c` writes
 * (hoist.py: inlined, parameter-only terms once a point), depots that an infusion leaves empty are not integrated,
 * memory is reused, every solver looks at its own dense output (only at the states the outputs need where its memory
 * can be read), error weights are rtol (|y| + scale/10), which served LSODA best of 1, 1/10 and 1/100 (the others did
 * not mind). Built by peers.sh. */
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "model.h"

#include <boost/numeric/odeint.hpp>
#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

#define private public /* the Nordsieck array, for interpolation without copies */
#include "LSODA.h"
#undef private

namespace {

constexpr int EMPTY = 2;                  /* Xn and Xg come first */
constexpr int UNUSED = 5;                 /* further depots, the effect site and the tolerance come last, all 0 here */
constexpr int N = MODEL_STATES - EMPTY - UNUSED; /* integrated states, x */
constexpr int CENTRAL = 0;                /* Kc, where infusions go */
constexpr double HORIZON = 672.0, LENGTH = 40.0 / 60.0;
constexpr int DOSES = 6;
enum { REDUCTION = 0, CHANGE, CADSS, N_WATCHED };

/* The point being integrated. */
struct Point {
    double p[MODEL_PARAMETERS], c[MODEL_CONSTANTS], amount, start[DOSES], infusion, atol[N];
} point;
constexpr int OUTPUT[N_WATCHED] = {30, 29, 32}; /* checked at the start */
int needed[N], n_needed;                  /* states the watched outputs depend on */
double rtol;
long n_steps;

inline void rates(double t, const double *x, double *dx)
{
    double y[MODEL_STATES] = {0.0}, dy[MODEL_STATES];

    for (int i = 0; i < N; i++)
        y[EMPTY + i] = x[i];
    model_rates(t, y, point.p, point.c, dy);
    for (int i = 0; i < N; i++)
        dx[i] = dy[EMPTY + i];
    dx[CENTRAL] += point.infusion;
}

/* Column-major: J[i + j*N]. */
inline void jacobian(double t, const double *x, double *J)
{
    double y[MODEL_STATES] = {0.0}, full[MODEL_STATES * MODEL_STATES];

    for (int i = 0; i < N; i++)
        y[EMPTY + i] = x[i];
    model_jacobian(t, y, point.p, point.c, full);
    for (int j = 0; j < N; j++)
        for (int i = 0; i < N; i++)
            J[i + j * N] = full[EMPTY + i + (EMPTY + j) * MODEL_STATES];
}

inline void outputs(double t, const double *x, double *g)
{
    double y[MODEL_STATES] = {0.0}, out[MODEL_OUTPUTS];

    for (int i = 0; i < N; i++)
        y[EMPTY + i] = x[i];
    model_outputs(t, y, point.p, point.c, out);
    for (int k = 0; k < N_WATCHED; k++)
        g[k] = out[OUTPUT[k]];
}

/* ---- endpoints, from any solver's dense output ---- */

struct Answer {
    double onset = NAN, ten = NAN, duration = 0.0, peak = -INFINITY, cadss = -INFINITY;
};

struct Sample {
    double t, v[4]; /* reduction - 1/2, -10 - change, -change, cadss */
};

template <class Solver> struct Watch {
    Solver &solver;
    Answer a;
    Sample last;

    void look(double t, Sample &s)
    {
        double x[N] = {0.0}, g[N_WATCHED];

        solver.at(t, x);
        outputs(t, x, g);
        s = {t, {g[REDUCTION] - 0.5, -10.0 - g[CHANGE], -g[CHANGE], g[CADSS]}};
    }
    /* The zero of v[k] between two samples of different sign: secant with bisection's safety (Illinois). */
    double root(int k, const Sample &s0, const Sample &s1)
    {
        double a0 = s0.t, a1 = s1.t, v0 = s0.v[k], v1 = s1.v[k], t = a0;
        int side = 0;

        for (int i = 0; i < 40; i++) {
            Sample s;
            double next = (a0 * v1 - a1 * v0) / (v1 - v0);
            if (std::fabs(next - t) <= 1e-7 * t + 1e-12)
                return next;
            t = next;
            look(t, s);
            if ((s.v[k] >= 0.0) == (v1 >= 0.0)) {
                a1 = t, v1 = s.v[k];
                if (side == 1)
                    v0 *= 0.5;
                side = 1;
            } else {
                a0 = t, v0 = s.v[k];
                if (side == -1)
                    v1 *= 0.5;
                side = -1;
            }
        }
        return t;
    }
    /* Between samples with no extreme between them that would change the sign. */
    void stretch(const Sample &s0, const Sample &s1)
    {
        const bool in0 = s0.v[0] >= 0.0, in1 = s1.v[0] >= 0.0;

        if (in0 != in1) {
            const double t = root(0, s0, s1);
            a.duration += in0 ? t - s0.t : s1.t - t;
            if (in1 && std::isnan(a.onset))
                a.onset = t;
        } else if (in0)
            a.duration += s1.t - s0.t;
        if (std::isnan(a.ten) && s1.v[1] >= 0.0)
            a.ten = s0.v[1] >= 0.0 ? s0.t : root(1, s0, s1);
    }
    /* The vertex of the parabola through three samples, as a fraction of the span; outside (0,1) if none. */
    static double vertex(double v0, double vm, double v1, double *height)
    {
        const double c1 = -3.0 * v0 + 4.0 * vm - v1, c2 = 2.0 * (v0 + v1) - 4.0 * vm, x = -0.5 * c1 / c2;

        *height = v0 + 0.5 * c1 * x;
        return c2 == 0.0 ? -1.0 : x;
    }
    void extreme(int k, const Sample &s0, const Sample &m, const Sample &s1, double &best)
    {
        double height, x = vertex(s0.v[k], m.v[k], s1.v[k], &height);

        best = std::fmax(best, std::fmax(m.v[k], s1.v[k]));
        if (!(x > 0.0 && x < 1.0 && height > best))
            return;
        double t = s0.t + x * (s1.t - s0.t), d = 0.1 * (s1.t - s0.t);
        Sample l, c, r; /* once more on a fifth of the span: the parabola is only near */
        d = std::fmin(d, std::fmin(t - s0.t, s1.t - t));
        look(t, c);
        best = std::fmax(best, c.v[k]);
        look(t - d, l), look(t + d, r);
        x = vertex(l.v[k], c.v[k], r.v[k], &height);
        if (x > 0.0 && x < 1.0)
            look(l.t + x * (r.t - l.t), c), best = std::fmax(best, c.v[k]);
    }
    void begin(double t, const double *x)
    {
        double g[N_WATCHED];

        outputs(t, x, g);
        last = {t, {g[REDUCTION] - 0.5, -10.0 - g[CHANGE], -g[CHANGE], g[CADSS]}};
        a = Answer();
        a.peak = last.v[2], a.cadss = last.v[3];
        if (last.v[0] >= 0.0)
            a.onset = t;
    }
    void step(double t1)
    {
        Sample m, s1, turn;
        double height, x;

        look(0.5 * (last.t + t1), m);
        look(t1, s1);
        extreme(2, last, m, s1, a.peak);
        extreme(3, last, m, s1, a.cadss);
        x = vertex(last.v[0], m.v[0], s1.v[0], &height);
        if (x > 0.0 && x < 1.0 && (height >= 0.0) != (last.v[0] >= 0.0) && (last.v[0] >= 0.0) == (s1.v[0] >= 0.0)) {
            look(last.t + x * (t1 - last.t), turn);
            stretch(last, turn);
            stretch(turn, s1);
        } else {
            stretch(last, m);
            stretch(m, s1);
        }
        last = s1;
    }
};

/* ---- LSODA ---- */

bool analytic = true;

} // namespace

/* In place of finite differences (prja_differences, the library's own): the analytic Jacobian. */
void LSODA::prja(const size_t neq, vector<double> &y, LSODA_ODE_SYSTEM_TYPE f, void *data)
{
    double J[N * N];
    size_t ier = 0;
    const double hl0 = h_ * el0;

    if (!analytic) {
        prja_differences(neq, y, f, data);
        return;
    }
    nje++;
    ierpj = 0;
    jcur = 1;
    jacobian(tn_, &y[1], J);
    for (size_t i = 1; i <= n; i++)
        for (size_t j = 1; j <= n; j++)
            wm_[i][j] = -hl0 * J[(i - 1) + (j - 1) * N];
    pdnorm = fnorm((int)n, wm_, ewt) / std::fabs(hl0);
    for (size_t i = 1; i <= n; i++)
        wm_[i][i] += 1.0;
    dgefa(wm_, n, ipvt, &ier);
    if (ier != 0)
        ierpj = 1;
}

namespace {

void lsoda_rates(double t, double *x, double *dx, void *) { rates(t, x, dx); }

struct Lsoda {
    LSODA s;
    std::vector<double> y = std::vector<double>(N + 1);
    std::array<int, 7> iworks = {{0}};
    std::array<double, 4> rworks = {{0.0}};
    int istate;
    double t, end;

    Lsoda() { s.rtol_.assign(N + 1, 0.0), s.atol_.assign(N + 1, 0.0); }
    void start(double t0, const double *x, double t_end)
    {
        t = t0, end = t_end, istate = 1;
        for (int i = 0; i < N; i++)
            y[i + 1] = x[i], s.rtol_[i + 1] = rtol, s.atol_[i + 1] = point.atol[i];
        rworks[0] = end;
    }
    bool step()
    {
        s.lsoda(lsoda_rates, N, y, &t, end, 5, &istate, 0, 2, iworks, rworks, nullptr);
        if (end - t < 1e-12 * end)
            t = end;
        return istate > 0;
    }
    void at(double time, double *x) const
    {
        const double f = (time - s.tn_) / s.h_;

        for (int k = 0; k < n_needed; k++) {
            const size_t i = (size_t)needed[k] + 1;
            double v = s.yh_[s.nq + 1][i];
            for (size_t j = s.nq; j >= 1; j--)
                v = s.yh_[j][i] + f * v;
            x[needed[k]] = v;
        }
    }
    void finish(double *x) const
    {
        for (int i = 0; i < N; i++)
            x[i] = y[i + 1];
    }
};

/* ---- CVODE, BDF, dense direct ---- */

int cvode_rates(realtype t, N_Vector x, N_Vector dx, void *)
{
    rates(t, N_VGetArrayPointer(x), N_VGetArrayPointer(dx));
    return 0;
}

int cvode_jacobian(realtype t, N_Vector x, N_Vector, SUNMatrix J, void *, N_Vector, N_Vector, N_Vector)
{
    jacobian(t, N_VGetArrayPointer(x), SUNDenseMatrix_Data(J));
    return 0;
}

struct Cvode {
    SUNContext context;
    N_Vector x, dense, atol;
    void *memory;
    double t, end;

    Cvode()
    {
        SUNContext_Create(nullptr, &context);
        x = N_VNew_Serial(N, context), dense = N_VNew_Serial(N, context), atol = N_VNew_Serial(N, context);
        N_VConst(0.0, x), N_VConst(1.0, atol);
        memory = CVodeCreate(CV_BDF, context);
        SUNMatrix A = SUNDenseMatrix(N, N, context);
        SUNLinearSolver linear = SUNLinSol_Dense(x, A, context);
        if (CVodeInit(memory, cvode_rates, 0.0, x) || CVodeSVtolerances(memory, rtol, atol) ||
            CVodeSetLinearSolver(memory, linear, A) || CVodeSetJacFn(memory, cvode_jacobian) ||
            CVodeSetMaxNumSteps(memory, 1000000))
            std::abort();
    }
    void start(double t0, const double *x0, double t_end)
    {
        t = t0, end = t_end;
        std::memcpy(N_VGetArrayPointer(x), x0, N * sizeof *x0);
        std::memcpy(N_VGetArrayPointer(atol), point.atol, sizeof point.atol);
        CVodeReInit(memory, t0, x);
        CVodeSVtolerances(memory, rtol, atol);
        CVodeSetStopTime(memory, end);
    }
    bool step() { return CVode(memory, end, x, &t, CV_ONE_STEP) >= 0; }
    void at(double time, double *out)
    {
        CVodeGetDky(memory, time, 0, dense);
        std::memcpy(out, N_VGetArrayPointer(dense), N * sizeof *out);
    }
    void finish(double *out) const { std::memcpy(out, N_VGetArrayPointer(x), N * sizeof *out); }
};

/* ---- Boost.odeint: its steppers and dense output; the step control of Hairer and Wanner ---- */

template <class State> double norm(const State &error, const State &x0, const State &x1)
{
    double sum = 0.0;

    for (int i = 0; i < N; i++) {
        const double r = error[i] / (point.atol[i] + rtol * std::fmax(std::fabs(x0[i]), std::fabs(x1[i])));
        sum += r * r;
    }
    return std::sqrt(sum / N);
}

struct Dopri5 {
    typedef std::array<double, N> State;
    boost::numeric::odeint::runge_kutta_dopri5<State> stepper;
    State x0, x1, d0, d1, error, dense;
    double t0, t, end, h;

    static void system(const State &x, State &dx, double time) { rates(time, x.data(), dx.data()); }
    void start(double begin, const double *x, double t_end)
    {
        t0 = t = begin, end = t_end, h = 0.02;
        std::memcpy(x1.data(), x, sizeof x1);
        system(x1, d1, t);
    }
    bool step()
    {
        x0 = x1, d0 = d1, t0 = t;
        for (int tries = 0; tries < 50; tries++) {
            const double taken = std::fmin(h, end - t0);
            stepper.do_step(system, x0, d0, t0, x1, d1, taken, error);
            const double e = norm(error, x0, x1);
            const double factor = e > 0.0 ? 0.9 * std::pow(e, -0.2) : 5.0;
            if (e <= 1.0) {
                t = taken < h ? end : t0 + taken;
                h = taken < h && factor > 1.0 ? h : taken * std::fmin(5.0, std::fmax(0.2, factor));
                return true;
            }
            h = taken * (factor > 0.2 ? factor : 0.2);
        }
        return false;
    }
    void at(double time, double *x)
    {
        stepper.calc_state(time, dense, x0, d0, t0, x1, d1, t);
        std::memcpy(x, dense.data(), sizeof dense);
    }
    void finish(double *x) const { std::memcpy(x, x1.data(), sizeof x1); }
};

struct Rosenbrock4 {
    typedef boost::numeric::ublas::vector<double> State;
    typedef boost::numeric::ublas::matrix<double> Matrix;
    boost::numeric::odeint::rosenbrock4<double> stepper;
    State x0 = State(N), x1 = State(N), error = State(N), dense = State(N);
    double t0, t, end, h;
    bool prepared;

    struct Rates {
        void operator()(const State &x, State &dx, double time) const { rates(time, &x[0], &dx[0]); }
    };
    struct Jacobian {
        void operator()(const State &x, Matrix &J, double time, State &dfdt) const
        {
            double column[N * N];
            jacobian(time, &x[0], column);
            for (int i = 0; i < N; i++) {
                for (int j = 0; j < N; j++)
                    J(i, j) = column[i + j * N];
                dfdt[i] = 0.0; /* no rate depends on t */
            }
        }
    };
    void start(double begin, const double *x, double t_end)
    {
        t0 = t = begin, end = t_end, h = 0.02;
        for (int i = 0; i < N; i++)
            x1[i] = x[i];
    }
    bool step()
    {
        x0.swap(x1);
        t0 = t, prepared = false;
        for (int tries = 0; tries < 50; tries++) {
            const double taken = std::fmin(h, end - t0);
            stepper.do_step(std::make_pair(Rates(), Jacobian()), x0, t0, x1, taken, error);
            const double e = norm(error, x0, x1);
            const double factor = e > 0.0 ? 0.95 * std::pow(e, -0.25) : 6.0;
            if (e <= 1.0) {
                t = taken < h ? end : t0 + taken;
                h = taken < h && factor > 1.0 ? h : taken * std::fmin(6.0, std::fmax(0.2, factor));
                return true;
            }
            h = taken * (factor > 0.2 ? factor : 0.2);
        }
        return false;
    }
    void at(double time, double *x)
    {
        if (!prepared)
            stepper.prepare_dense_output(), prepared = true;
        stepper.calc_state(time, dense, x0, t0, x1, t);
        for (int k = 0; k < n_needed; k++)
            x[needed[k]] = dense[needed[k]];
    }
    void finish(double *x) const
    {
        for (int i = 0; i < N; i++)
            x[i] = x1[i];
    }
};

/* ---- a point, a file ---- */

template <class Solver> bool run(Solver &solver, Watch<Solver> &watch)
{
    double x[N] = {0.0}, edge[2 * DOSES + 1];
    int n_edges = 0;

    for (int k = 0; k < DOSES; k++)
        edge[n_edges++] = point.start[k], edge[n_edges++] = point.start[k] + LENGTH;
    edge[n_edges++] = HORIZON;
    watch.begin(0.0, x);
    for (int e = 0; e + 1 < n_edges && edge[e] < HORIZON; e++) {
        const double end = std::fmin(edge[e + 1], HORIZON);
        point.infusion = e % 2 == 0 ? point.amount / LENGTH : 0.0;
        solver.start(edge[e], x, end);
        while (solver.t < end) {
            if (!solver.step())
                return false;
            n_steps++;
            watch.step(solver.t);
        }
        solver.finish(x);
    }
    return true;
}

int find(const char *const *names, int n, const std::string &name)
{
    for (int i = 0; i < n; i++)
        if (name == names[i])
            return i;
    return -1;
}

[[noreturn]] void fail(const std::string &what)
{
    std::fprintf(stderr, "peers: %s\n", what.c_str());
    std::exit(2);
}

/* States that the watched outputs follow, by changing one after the other. */
void find_needed()
{
    static const char *const names[] = {"madrs_reduction", "madrs_change", "cadss"};
    double x[N], g[N_WATCHED], h[N_WATCHED];

    for (int k = 0; k < N_WATCHED; k++)
        if (find(model_output_names, MODEL_OUTPUTS, names[k]) != OUTPUT[k])
            fail(std::string("the model's output ") + names[k] + " is not where it was");
    if (find(model_state_names, MODEL_STATES, "Kc") != EMPTY + CENTRAL || find(model_state_names, MODEL_STATES, "Xn") != 0 ||
        find(model_state_names, MODEL_STATES, "Xg") != 1 || find(model_state_names, MODEL_STATES, "D") != EMPTY + N - 1)
        fail("the model's states are not where they were");
    for (int i = 0; i < N; i++)
        x[i] = 0.1;
    outputs(1.0, x, g);
    for (int i = 0; i < N; i++) {
        x[i] = 0.2;
        outputs(1.0, x, h);
        if (std::memcmp(g, h, sizeof g) != 0)
            needed[n_needed++] = i;
        x[i] = 0.1;
    }
}

struct Table {
    std::vector<int> column; /* parameter, or -1 amt, -2-k start k */
    std::vector<std::vector<double>> row;
};

Table read_points(const char *path)
{
    Table table;
    std::vector<char> line(1 << 16);
    FILE *file = std::fopen(path, "r");

    if (!file || !std::fgets(line.data(), (int)line.size(), file))
        fail(std::string("cannot read ") + path);
    for (char *name = std::strtok(line.data(), "\t\r\n"); name; name = std::strtok(nullptr, "\t\r\n")) {
        int c = find(model_parameter_names, MODEL_PARAMETERS, name);
        if (std::strcmp(name, "amt") == 0)
            c = -1;
        else if (std::strncmp(name, "start_", 6) == 0 && std::atoi(name + 6) >= 1 && std::atoi(name + 6) <= DOSES)
            c = -1 - std::atoi(name + 6);
        else if (c < 0)
            fail(std::string("there is no parameter ") + name);
        table.column.push_back(c);
    }
    while (std::fgets(line.data(), (int)line.size(), file)) {
        std::vector<double> row;
        char *at = line.data(), *rest;
        for (size_t i = 0; i < table.column.size(); i++, at = rest) {
            row.push_back(std::strtod(at, &rest));
            if (rest == at)
                fail(std::string(path) + ": a cell is not a number");
        }
        table.row.push_back(row);
    }
    std::fclose(file);
    return table;
}

void set_point(const Table &table, const std::vector<double> &row)
{
    double amt = 0.5;

    std::memcpy(point.p, model_parameter_values, sizeof point.p);
    for (size_t i = 0; i < row.size(); i++)
        if (table.column[i] >= 0)
            point.p[table.column[i]] = row[i];
        else if (table.column[i] == -1)
            amt = row[i];
        else
            point.start[-2 - table.column[i]] = row[i];
    model_point(point.p, point.c);
    point.amount = amt * point.p[find(model_parameter_names, MODEL_PARAMETERS, "weight")] * 1e3 /
                   point.p[find(model_parameter_names, MODEL_PARAMETERS, "molar_mass_ketamine")];
    for (int i = 0; i < N; i++)
        point.atol[i] = 0.1 * rtol * (i == CENTRAL ? point.amount : 1.0);
}

double cpu()
{
    timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

template <class Solver> int answer(const char *points, const char *results, size_t most)
{
    const Table table = read_points(points);
    const size_t n = most < table.row.size() ? most : table.row.size();
    std::vector<Answer> answers(n);
    Solver solver;
    Watch<Solver> watch{solver, Answer(), Sample()};
    long failed = 0;
    const double began = cpu();

    for (size_t i = 0; i < n; i++) {
        set_point(table, table.row[i]);
        if (run(solver, watch))
            answers[i] = watch.a;
        else
            answers[i] = {NAN, NAN, NAN, NAN, NAN}, failed++;
    }
    const double seconds = cpu() - began;
    FILE *out = std::fopen(results, "w");
    if (!out)
        fail(std::string("cannot write ") + results);
    std::fprintf(out, "onset\tten\tduration\tpeak\tcadss\n");
    for (const Answer &a : answers)
        std::fprintf(out, "%.17g\t%.17g\t%.17g\t%.17g\t%.17g\n", a.onset, a.ten, a.duration, -a.peak, a.cadss);
    std::fclose(out);
    std::printf("cpu_seconds %.6f steps %.2f failed %ld\n", seconds, n ? (double)n_steps / (double)n : 0.0, failed);
    return 0;
}

const struct {
    const char *name;
    int (*answer)(const char *, const char *, size_t);
    const char *tolerances;
} solvers[] = {
    {"lsoda", answer<Lsoda>, "1e-4 3e-5 1e-5 3e-6 1e-6 3e-7 1e-7"},
    {"lsoda_differences", answer<Lsoda>, "1e-4 3e-5 1e-5 3e-6 1e-6"},
    {"cvode", answer<Cvode>, "1e-4 3e-5 1e-5 3e-6 1e-6 3e-7 1e-7"},
    {"odeint_rosenbrock4", answer<Rosenbrock4>, "1e-4 3e-5 1e-5 3e-6 1e-6"},
    {"odeint_dopri5", answer<Dopri5>, "1e-4 3e-5 1e-5 3e-6 1e-6"},
};

} // namespace

int main(int argc, char **argv)
{
    if (argc == 2 && std::strcmp(argv[1], "list") == 0) {
        for (const auto &s : solvers)
            std::printf("%s %s\n", s.name, s.tolerances);
        return 0;
    }
    if (argc != 5 && argc != 6)
        fail("usage: peers list | peers NAME RTOL POINTS.tsv RESULTS.tsv [N]");
    rtol = std::atof(argv[2]);
    if (!(rtol > 0.0 && rtol < 1.0))
        fail("the tolerance is above 0 and below 1");
    std::memcpy(point.p, model_parameter_values, sizeof point.p);
    model_point(point.p, point.c);
    find_needed();
    analytic = std::strcmp(argv[1], "lsoda_differences") != 0;
    for (const auto &s : solvers)
        if (std::strcmp(argv[1], s.name) == 0)
            return s.answer(argv[3], argv[4], argc == 6 ? std::strtoul(argv[5], nullptr, 10) : (size_t)-1);
    fail(std::string("there is no solver ") + argv[1]);
}
