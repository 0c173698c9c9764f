/* ketamap export: a map as a table. */
#include "base/memory.h"
#include "cli/command.h"
#include "view/export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Into PATH.tmp-PID, renamed when whole. */
static km_status export_file(const char *map, const km_export_options *o, const char *path, km_diag *d)
{
    char *temporary = km_format("%s.tmp-%ld", path, (long)getpid());
    FILE *to = fopen(temporary, "w");
    km_status st = KM_OK;

    if (to == NULL)
        KM_FAIL(d, KM_E_IO, "cannot write %s: %s", path, strerror(errno));
    KM_TRY(km_export(map, o, to, d));
    errno = 0;
    if (fflush(to) != 0 || ferror(to) || fsync(fileno(to)) != 0)
        KM_FAIL(d, KM_E_IO, "cannot write %s: %s", path, errno ? strerror(errno) : "the disk refused");
    fclose(to);
    to = NULL;
    if (rename(temporary, path) != 0)
        KM_FAIL(d, KM_E_IO, "cannot write %s: %s", path, strerror(errno));
done:
    if (to)
        fclose(to);
    if (st != KM_OK)
        unlink(temporary);
    free(temporary);
    return st;
}

static km_status run(const km_arguments *a, km_diag *d)
{
    km_export_options o = {.at = a->set, .n_at = a->n_set, .nearest = km_argument(a, "nearest") != NULL,
                           .endpoints = km_argument(a, "endpoints")};
    const char *path = km_argument(a, "output");

    return path ? export_file(a->positional[0], &o, path, d) : km_export(a->positional[0], &o, stdout, d);
}

static const km_option options[] = {
    {"at", "AXIS=VALUE", "only points with this value of an axis, in its unit; may be given again"},
    {"nearest", NULL, "with --at: take the nearest value that the grid has"},
    {"endpoints", "A,B", "only these endpoints"},
    {"output", "FILE", "write here, whole or not at all, instead of to the standard output"},
    {0}};

const km_command km_command_export = {
    "export", "a map, or a slice of it, as a table (TSV)", "MAP", 1,
    "One line a point: axes, endpoints with their states, margins, status and steps, tab-separated under a header of names.\n"
    "Numbers read back to the same bits; what is absent is NaN. R, pandas, gnuplot and awk read it as it is.",
    "ketamap export results/quickstart.zarr --at density=1 --nearest --endpoints onset,duration", options, run};
