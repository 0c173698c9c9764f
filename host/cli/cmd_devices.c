/* ketamap devices: what could compute. */
#include "cli/command.h"
#include "engine/tuning.h"

#include <stdio.h>
#include <stdlib.h>

static km_status run(const km_arguments *a, km_diag *d)
{
    km_device_info *list = NULL;
    int n = 0;
    km_status st = KM_OK;

    (void)a;
    KM_TRY(km_device_list(&list, &n, d));
    printf("%-3s %-5s %-6s %5s %9s %-6s %-7s %s\n", "n", "p.d", "type", "units", "memory", "double", "lanes", "device");
    for (int i = 0; i < n; i++)
        printf("%-3d %d.%-3d %-6s %5u %6.1f GB %-6s %2u / %-2u %s (%s)%s\n", i, list[i].platform_index, list[i].device_index,
               list[i].type, list[i].compute_units, (double)list[i].memory / 1e9, list[i].fp64 ? "yes" : "no",
               list[i].width_single, list[i].width_double, list[i].name, list[i].platform,
               km_tuning_of(&list[i]).measured ? ", tuned" : "");
    printf("\nChoose with --device N, --device p.d or a part of the name. Lanes: native width in single / double.\n");
done:
    free(list);
    return st;
}

static const km_option options[] = {{0}};

const km_command km_command_devices = {"devices", "list the OpenCL devices and how to choose one", "", 0,
                                       "Lists every OpenCL device of this machine: number, platform.device, kind, compute units, memory.",
                                       "ketamap devices", options, run};
