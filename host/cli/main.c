/* ketamap: one row a command. */
#include "base/memory.h"
#include "base/text.h"
#include "cli/arguments.h"
#include "engine/engine.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const km_command *const km_commands[] = {&km_command_run,     &km_command_simulate, &km_command_evaluate, &km_command_check,
                                         &km_command_devices, &km_command_info,     &km_command_plot,     &km_command_export,
                                         &km_command_verify,  &km_command_sensitivity, &km_command_fit, &km_command_bench,
                                         NULL};

static const km_command *find(const char *name)
{
    for (int i = 0; km_commands[i]; i++)
        if (strcmp(km_commands[i]->name, name) == 0)
            return km_commands[i];
    return NULL;
}

static int unknown(const char *name)
{
    const char *word[16];
    size_t n = 0;
    const char *near;

    for (int i = 0; km_commands[i]; i++)
        word[n++] = km_commands[i]->name;
    word[n++] = "help";
    word[n++] = "completion";
    near = km_text_nearest(name, word, n);
    if (near)
        fprintf(stderr, "ketamap: error: unknown command \"%s\"; did you mean \"%s\"?\n", name, near);
    else
        fprintf(stderr, "ketamap: error: unknown command \"%s\"; ketamap --help lists them\n", name);
    return KM_E_INPUT;
}

/* Output that could not be written is an error, except that a reader who went away is left in peace. */
static int finish(int code)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    bool reason;

    errno = 0;
    reason = fflush(stdout) != 0 && errno != 0;
    if (!reason && !ferror(stdout))
        return code;
    if (poll(&out, 1, 0) != 1 || !(out.revents & POLLERR))
        fprintf(stderr, "ketamap: error: cannot write the standard output%s%s\n", reason ? ": " : "",
                reason ? strerror(errno) : "");
    return code == KM_OK ? KM_E_IO : code;
}

static int run(const km_command *command, int argc, char **argv)
{
    km_arguments arguments;
    km_diag d;
    bool help, strict, quiet;
    km_status st, warned;

    km_diag_init(&d);
    st = km_arguments_parse(command, argc, argv, &arguments, &help, &d);
    if (st == KM_OK && help) {
        km_help_command(command, stdout);
        km_arguments_clear(&arguments);
        km_diag_clear(&d);
        return finish(KM_OK);
    }
    strict = st == KM_OK && km_argument(&arguments, "strict");
    quiet = st == KM_OK && km_argument(&arguments, "quiet");
    if (st == KM_OK)
        st = command->run(&arguments, &d);
    warned = km_report_warnings(&d, strict, quiet);
    if (st != KM_OK && d.message[0])
        fprintf(stderr, "ketamap: error: %s\n", d.message);
    st = st == KM_OK ? warned : st;
    km_arguments_clear(&arguments);
    km_diag_clear(&d);
    return finish((int)st);
}

km_status km_report_warnings(km_diag *d, bool strict, bool quiet)
{
    size_t n = d->n_warnings;

    for (size_t i = 0; i < n; i++) {
        if (!quiet || strict)
            fprintf(stderr, "ketamap: warning: %s\n", d->warning[i]);
        free(d->warning[i]);
    }
    free(d->warning);
    d->warning = NULL;
    d->n_warnings = 0;
    if (n > 0 && strict)
        return km_diag_fail(d, KM_E_INPUT, "%zu warning%s under --strict", n, n == 1 ? "" : "s");
    return KM_OK;
}

/* LLVM ends the program, with code 1, where it cannot write; this makes it our sentence and our code. */
static void explain_end(void)
{
    km_diag d;
    km_status st;

    km_diag_init(&d);
    st = km_engine_ended(&d);
    if (st != KM_OK) {
        fprintf(stderr, "ketamap: error: %s\n", d.message);
        _exit((int)st);
    }
    km_diag_clear(&d);
}

int main(int argc, char **argv)
{
    const km_command *command;

    setlocale(LC_ALL, "C");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    (void)atexit(explain_end);
    if (argc < 2) {
        km_help_all(stderr);
        return KM_E_INPUT;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("ketamap %s\n", KM_VERSION);
        return finish(KM_OK);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        command = argc > 2 ? find(argv[2]) : NULL;
        if (argc > 2 && command == NULL && strcmp(argv[2], "help") != 0 && strcmp(argv[2], "completion") != 0)
            return unknown(argv[2]);
        if (command)
            km_help_command(command, stdout);
        else
            km_help_all(stdout);
        return finish(KM_OK);
    }
    if (strcmp(argv[1], "completion") == 0) {
        if (argc == 3 && strcmp(argv[2], "--help") == 0) {
            puts("usage: ketamap completion bash\n\nPrints a completion script: source <(ketamap completion bash)");
            return finish(KM_OK);
        }
        if (argc != 3 || strcmp(argv[2], "bash") != 0) {
            fputs("ketamap: error: usage: ketamap completion bash\n", stderr);
            return KM_E_INPUT;
        }
        km_help_completion(stdout);
        return finish(KM_OK);
    }
    command = find(argv[1]);
    return command ? run(command, argc - 1, argv + 1) : unknown(argv[1]);
}
