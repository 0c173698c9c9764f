/* ketamap verify: is this map as it was written? */
#include "cli/command.h"

#include "base/memory.h"
#include "store/verify.h"

#include <stdio.h>
#include <stdlib.h>

static km_status run(const km_arguments *a, km_diag *d)
{
    km_verification v;
    km_status st = km_map_verify(a->positional[0], &v, d);

    if (st == KM_OK) {
        char *size = km_format_bytes((double)v.bytes);
        printf("%s: %llu points, %llu files, %s, every checksum right\n", a->positional[0], (unsigned long long)v.points,
               (unsigned long long)v.files, size);
        free(size);
    }
    return st;
}

static const km_option options[] = {{0}};

const km_command km_command_verify = {
    "verify", "check every file of a map against its manifest", "MAP", 1,
    "Reads and decodes every chunk, and compares size and checksum with the manifest written when the map was finished.",
    "ketamap verify results/quickstart.zarr", options, run};
