#include "view/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 30 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void km_progress_begin(km_progress *p, uint64_t total, uint64_t done_before, bool quiet)
{
    p->total = total;
    p->first = done_before;
    p->start = p->last = now();
    p->quiet = quiet;
    p->terminal = isatty(STDERR_FILENO) == 1;
}

static void show_bar(double part, double rate, double left)
{
    int full = (int)(part * BAR);

    fputs("\r[", stderr);
    for (int i = 0; i < BAR; i++)
        fputc(i < full ? '#' : '.', stderr);
    fprintf(stderr, "] %5.1f %%  %.0f models/s  %.0f s left \033[K", 100.0 * part, rate, left);
    fflush(stderr);
}

void km_progress_show(km_progress *p, uint64_t done)
{
    double t = now(), elapsed = t - p->start;
    double rate = elapsed > 0.0 ? (double)(done - p->first) / elapsed : 0.0;
    double left = rate > 0.0 ? (double)(p->total - done) / rate : 0.0;
    double part = p->total ? (double)done / (double)p->total : 1.0;

    if (p->quiet || t - p->last < (p->terminal ? 0.1 : 1.0))
        return;
    p->last = t;
    if (p->terminal)
        show_bar(part, rate, left);
    else
        fprintf(stderr, "ketamap: %llu of %llu models, %.0f models/s, %.0f s left\n", (unsigned long long)done,
                (unsigned long long)p->total, rate, left);
}

void km_progress_end(km_progress *p)
{
    if (!p->quiet && p->terminal)
        fputs("\r\033[K", stderr);
}
