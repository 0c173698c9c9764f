/* A command is one row of a table: its name, its words of help, its options, its function. The table makes the
 * parser, the help pages and the completion script. */
#ifndef KM_CLI_COMMAND_H
#define KM_CLI_COMMAND_H

#include "base/diag.h"

#include <stdbool.h>

typedef struct km_option {
    const char *name;     /* "output", used as --output */
    const char *argument; /* "MAP", or NULL for a switch */
    const char *help;
} km_option;

enum { KM_MOST_OPTIONS = 24, KM_MOST_POSITIONALS = 4 };

/* What the user typed, checked against the row. */
typedef struct km_arguments {
    const struct km_command *command;
    const char *positional[KM_MOST_POSITIONALS];
    int n_positional;
    const char *value[KM_MOST_OPTIONS]; /* by the option's index; "" for a switch, NULL when absent; last wins */
    const char **set;                   /* every --set (or --at), in order */
    int n_set;
    int argc;                           /* the whole line as typed, for provenance */
    char **argv;
} km_arguments;

typedef struct km_command {
    const char *name, *summary, *positionals; /* "STUDY" */
    int n_positionals;
    const char *about, *example;
    const km_option *options;                 /* ends with a NULL name */
    km_status (*run)(const km_arguments *arguments, km_diag *d);
} km_command;

extern const km_command km_command_run, km_command_simulate, km_command_evaluate, km_command_check, km_command_devices,
    km_command_info, km_command_plot, km_command_export, km_command_verify, km_command_bench, km_command_sensitivity, km_command_fit;

/* All commands, ends with NULL. */
extern const km_command *const km_commands[];

/* The value of an option, NULL when absent; a switch is "". The name must be in the row. */
const char *km_argument(const km_arguments *arguments, const char *option);
/* A whole number in [low, high], `otherwise` when absent. KM_E_INPUT with the option's name. */
km_status km_argument_integer(const km_arguments *arguments, const char *option, long low, long high, long otherwise,
                              long *out, km_diag *d);

/* Prints the warnings gathered so far and forgets them; under --strict they are an error. */
km_status km_report_warnings(km_diag *d, bool strict, bool quiet);

/* Rows that several commands share. */
#define KM_OPTION_SET {"set", "NAME=VALUE", "set a parameter or a regimen field; may be given again"}
#define KM_OPTION_DEVICE {"device", "SEL", "device: number, platform.device, or part of its name (ketamap devices)"}
#define KM_OPTION_DEVICES {"device", "SEL", "all, or devices apart by commas: number, platform.device, or part of a name"}
#define KM_OPTION_LANES {"lanes", "N", "vector lanes, 1 2 4 8 16; by default what the device has"}
#define KM_OPTION_UNITS {"compute-units", "N", "use N of a device's compute units"}
#define KM_OPTION_BATCH {"batch", "N", "points of one launch"}
#define KM_OPTION_NO_DOUBLE {"no-double", NULL, "as on a device without double precision"}
#define KM_OPTION_STRICT {"strict", NULL, "warnings are errors (exit 2); failed points are errors (exit 5)"}
#define KM_OPTION_QUIET {"quiet", NULL, "no progress, no summary, no warnings"}
#define KM_OPTION_KERNELS {"kernel-dir", "DIR", "read the kernels from DIR instead of the built-in ones"}

#endif
