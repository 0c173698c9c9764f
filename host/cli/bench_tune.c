#include "cli/bench_tune.h"

#include "base/memory.h"
#include "cli/bench_points.h"
#include "cli/bench_result.h"
#include "engine/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 3 };

typedef struct pilot {
    const km_engine_options *options;
    const km_study *study;
    km_device_info device;
    km_results r;
    bool (*stop)(void);
} pilot;

/* On a CPU the processor's time, else the wall's. */
static double now(const pilot *p)
{
    struct timespec t;

    clock_gettime(strcmp(p->device.type, "CPU") == 0 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static km_status run(pilot *p, km_engine *engine, double *seconds, km_diag *d)
{
    size_t origin[KM_BENCH_AXES] = {0}, extent[KM_BENCH_AXES];
    km_box box = {origin, extent};
    double start;
    km_status st = KM_OK;

    if (p->stop && p->stop())
        KM_FAIL(d, KM_E_INTERRUPTED, "interrupted; nothing is stored");
    for (int a = 0; a < KM_BENCH_AXES; a++)
        extent[a] = p->study->axis[a].n;
    start = now(p);
    KM_TRY(km_engine_run_box(engine, &box, 0, &p->r, d));
    *seconds = now(p) - start;
done:
    return st;
}

/* The fastest of the candidates of a knob, all else as in *best; they take turns. One that the device refuses is left out. */
static km_status try_knob(pilot *p, km_tuning_knob knob, km_tuning *best, km_diag *d)
{
    size_t value[KM_TUNING_CANDIDATES], present = km_tuning_get(best, knob);
    km_engine *engine[KM_TUNING_CANDIDATES] = {NULL};
    double least[KM_TUNING_CANDIDATES], of_present = 0.0, chosen;
    int n;
    km_status st = KM_OK;

    km_tuning_candidates(&p->device, knob, value, &n);
    for (int i = 0; i < n && n > 1; i++) {
        km_tuning t = *best;
        km_engine_options options = *p->options;
        km_tuning_set(&t, knob, value[i]);
        options.tuning = &t;
        options.no_retry = true;
        st = km_engine_create(p->study, &options, &engine[i], d);
        if (st != KM_OK && st != KM_E_DEVICE)
            goto done;
        least[i] = 0.0;
    }
    st = KM_OK;
    for (int round = 0; round < ROUNDS && n > 1; round++)
        for (int i = 0; i < n; i++) {
            double seconds = 0.0;
            if (engine[i] == NULL)
                continue;
            st = run(p, engine[i], &seconds, d);
            if (st == KM_E_DEVICE) {
                km_engine_destroy(engine[i]);
                engine[i] = NULL;
                st = KM_OK;
            }
            KM_TRY(st);
            least[i] = least[i] > 0.0 && least[i] < seconds ? least[i] : seconds;
        }
    for (int i = 0; i < n && n > 1; i++)
        of_present = engine[i] && value[i] == present ? least[i] : of_present;
    chosen = of_present > 0.0 ? 0.98 * of_present : 1e300; /* less than that is noise */
    for (int i = 0; i < n && n > 1; i++) {
        if (engine[i])
            printf("%-16s %8zu %12.0f models a second%s\n", km_tuning_knob_name(knob), value[i], (double)p->r.n / least[i],
                   value[i] == present ? " (present)" : "");
        else
            printf("%-16s %8zu refused by the device\n", km_tuning_knob_name(knob), value[i]);
        if (engine[i] && least[i] < chosen) {
            chosen = least[i];
            km_tuning_set(best, knob, value[i]);
        }
    }
done:
    for (int i = 0; i < n; i++)
        km_engine_destroy(engine[i]);
    return st;
}

km_status km_bench_tune(const km_engine_options *options, const char *model_path, const char *folder, bool quick, bool (*stop)(void),
                        km_diag *d)
{
    pilot p = {.options = options, .stop = stop};
    km_study *study = NULL;
    char *path = NULL;
    km_tuning best;
    size_t points;
    km_status st = KM_OK;

    KM_TRY(km_device_choose(options->device, &p.device, d));
    best = km_tuning_class(&p.device);
    points = strcmp(p.device.type, "GPU") == 0 ? (size_t)1 << (quick ? 20 : 22) : (size_t)1 << (quick ? 11 : 17);
    KM_TRY(km_bench_study_write(folder, "tune", model_path, 'a', points, "single", 1e-4, &path, d));
    KM_TRY(km_study_read(path, NULL, 0, &study, d));
    p.study = study;
    p.r.n = study->n_points;
    KM_TRY(km_array_create((size_t)(p.r.n * KM_BENCH_ENDS), sizeof *p.r.value, (void **)&p.r.value, d));
    KM_TRY(km_array_create((size_t)p.r.n, sizeof *p.r.status, (void **)&p.r.status, d));
    printf("%s (%s), class %s, %llu points of KET-PD20, %s\n", p.device.name, p.device.platform, best.class_name,
           (unsigned long long)p.r.n, strcmp(p.device.type, "CPU") == 0 ? "by the CPU clock" : "by the clock");
    for (int knob = 0; knob < KM_TUNING_N_KNOBS; knob++)
        KM_TRY(try_knob(&p, (km_tuning_knob)knob, &best, d));
    printf("best:");
    for (int knob = 0; knob < KM_TUNING_N_KNOBS; knob++)
        printf(" %s %zu", km_tuning_knob_name((km_tuning_knob)knob), km_tuning_get(&best, (km_tuning_knob)knob));
    printf("\n");
    if (!km_tuning_store(&p.device, &best))
        KM_FAIL(d, KM_E_IO, "the tuning cannot be stored: the cache folder is off or not writable (KETAMAP_CACHE, XDG_CACHE_HOME)");
    printf("stored for this device and driver; ketamap bench --untune forgets it\n");
done:
    free(p.r.value), free(p.r.status), free(path);
    km_study_destroy(study);
    return st;
}

km_status km_bench_untune(const km_engine_options *options, km_diag *d)
{
    km_device_info device;
    km_status st = KM_OK;

    KM_TRY(km_device_choose(options->device, &device, d));
    printf("%s: %s\n", device.name, km_tuning_of(&device).measured ? "the tuning is forgotten" : "there was no tuning");
    km_tuning_forget(&device);
done:
    return st;
}
