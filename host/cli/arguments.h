/* From argv to km_arguments, and the help that the tables make. */
#ifndef KM_CLI_ARGUMENTS_H
#define KM_CLI_ARGUMENTS_H

#include "cli/command.h"

#include <stdio.h>

/* argv[0] is the command's name. *help: the user asked for --help. */
km_status km_arguments_parse(const km_command *command, int argc, char **argv, km_arguments *out, bool *help, km_diag *d);
void km_arguments_clear(km_arguments *arguments);

void km_help_command(const km_command *command, FILE *to);
void km_help_all(FILE *to);
/* A bash completion script. */
void km_help_completion(FILE *to);

#endif
