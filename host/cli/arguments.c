/* Options by getopt_long, made from a command's table. */
#include "cli/arguments.h"

#include "base/memory.h"
#include "base/text.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static int count_options(const km_command *c)
{
    int n = 0;

    while (c->options[n].name)
        n++;
    return n;
}

static const char *nearest_option(const km_command *c, const char *word)
{
    const char *name[KM_MOST_OPTIONS];
    int n = count_options(c);

    for (int i = 0; i < n; i++)
        name[i] = c->options[i].name;
    return km_text_nearest(word, name, (size_t)n);
}

/* `text` is the last argument that getopt read; of "-xyz" it has read a part only, up to `letter`. */
static km_status bad_option(const km_command *c, const char *text, int code, int letter, km_diag *d)
{
    bool is_long = strncmp(text, "--", 2) == 0;
    char *word = is_long ? km_format("%.*s", (int)strcspn(text + 2, "="), text + 2) : km_strdup("");
    const char *near = nearest_option(c, word);
    km_status st;

    if (!is_long)
        st = km_diag_fail(d, KM_E_INPUT, "unknown option -%c; see ketamap %s --help", letter, c->name);
    else if (near && strcmp(near, word) == 0 && strchr(text, '='))
        st = km_diag_fail(d, KM_E_INPUT, "--%s takes no value, got %s", word, text);
    else if (code == ':')
        st = km_diag_fail(d, KM_E_INPUT, "%s needs a value; see ketamap %s --help", text, c->name);
    else if (near && strcmp(near, word) != 0)
        st = km_diag_fail(d, KM_E_INPUT, "unknown option %s; did you mean --%s?", text, near);
    else
        st = km_diag_fail(d, KM_E_INPUT, "unknown option %s; see ketamap %s --help", text, c->name);
    free(word);
    return st;
}

km_status km_arguments_parse(const km_command *c, int argc, char **argv, km_arguments *out, bool *help, km_diag *d)
{
    struct option row[KM_MOST_OPTIONS + 2];
    int n = count_options(c), code, index = 0;

    memset(out, 0, sizeof *out);
    memset(row, 0, sizeof row);
    out->command = c;
    out->argc = argc; /* getopt puts argv in another order */
    out->argv = km_alloc((size_t)argc + 1, sizeof *out->argv);
    memcpy(out->argv, argv, (size_t)argc * sizeof *argv);
    *help = false;
    for (int i = 0; i < n; i++)
        row[i] = (struct option){c->options[i].name, c->options[i].argument ? required_argument : no_argument, NULL, 0};
    row[n] = (struct option){"help", no_argument, NULL, 'h'};
    opterr = 0;
    optind = 1;
    while ((code = getopt_long(argc, argv, ":h", row, &index)) != -1) {
        if (code == 'h') {
            *help = true;
            return KM_OK;
        }
        if (code != 0)
            return bad_option(c, optopt ? "" : argv[optind - 1], code, optopt, d);
        out->value[index] = optarg ? optarg : "";
        if (strcmp(c->options[index].name, "set") == 0 || strcmp(c->options[index].name, "at") == 0) {
            KM_PUSH(out->set, out->n_set);
            out->set[out->n_set++] = optarg;
        }
    }
    for (; optind < argc; optind++) {
        if (out->n_positional == c->n_positionals)
            return km_diag_fail(d, KM_E_INPUT, "ketamap %s takes %s, \"%s\" is one too many", c->name,
                                c->n_positionals ? c->positionals : "no names", argv[optind]);
        out->positional[out->n_positional++] = argv[optind];
    }
    if (out->n_positional < c->n_positionals)
        return km_diag_fail(d, KM_E_INPUT, "ketamap %s needs %s; see ketamap %s --help", c->name, c->positionals, c->name);
    return KM_OK;
}

void km_arguments_clear(km_arguments *a)
{
    free(a->set);
    free(a->argv);
    a->set = NULL;
    a->argv = NULL;
}

const char *km_argument(const km_arguments *a, const char *option)
{
    for (int i = 0; a->command->options[i].name; i++)
        if (strcmp(a->command->options[i].name, option) == 0)
            return a->value[i];
    return NULL;
}

km_status km_argument_integer(const km_arguments *a, const char *option, long low, long high, long otherwise, long *out,
                              km_diag *d)
{
    const char *text = km_argument(a, option);
    char *end;

    *out = otherwise;
    if (text == NULL)
        return KM_OK;
    *out = strtol(text, &end, 10);
    if (end == text || *end != '\0' || *out < low || *out > high)
        return km_diag_fail(d, KM_E_INPUT, "--%s is a whole number from %ld to %ld, got \"%s\"", option, low, high, text);
    return KM_OK;
}

/* ---- help ---- */

void km_help_command(const km_command *c, FILE *to)
{
    fprintf(to, "usage: ketamap %s%s%s [options]\n\n%s\n\noptions:\n", c->name, c->n_positionals ? " " : "", c->positionals,
            c->about);
    for (int i = 0; c->options[i].name; i++) {
        char *left = km_format("--%s%s%s", c->options[i].name, c->options[i].argument ? " " : "",
                               c->options[i].argument ? c->options[i].argument : "");
        fprintf(to, "  %-26s %s\n", left, c->options[i].help);
        free(left);
    }
    fprintf(to, "  %-26s %s\n\nexample:\n  %s\n\n", "--help", "this page", c->example);
    fputs("exit codes: 0 done, 2 usage or input, 3 files or memory, 4 device or kernel build,\n"
          "  5 points failed under --strict, 6 interrupted (run again to resume), 70 bug\n", to);
}

void km_help_all(FILE *to)
{
    fputs("usage: ketamap COMMAND [arguments]\n\n"
          "Response maps of ketamine mechanism models: millions of models on any OpenCL device.\n"
          "A research tool, not medical advice.\n\ncommands:\n", to);
    for (int i = 0; km_commands[i]; i++)
        fprintf(to, "  %-10s %s\n", km_commands[i]->name, km_commands[i]->summary);
    fputs("  completion print a completion script: source <(ketamap completion bash)\n"
          "  help       this page, or that of a command\n\n"
          "ketamap COMMAND --help says more; ketamap --version prints the version.\n", to);
}

void km_help_completion(FILE *to)
{
    fputs("# bash completion for ketamap: source <(ketamap completion bash)\n_ketamap()\n{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} options=\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W \"", to);
    for (int i = 0; km_commands[i]; i++)
        fprintf(to, "%s ", km_commands[i]->name);
    fputs("completion help --version --help\" -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n", to);
    for (int i = 0; km_commands[i]; i++) {
        fprintf(to, "        %s) options=\"--help", km_commands[i]->name);
        for (int k = 0; km_commands[i]->options[k].name; k++)
            fprintf(to, " --%s", km_commands[i]->options[k].name);
        fputs("\" ;;\n", to);
    }
    fputs("    esac\n    if [[ $word == -* ]]; then\n        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
          "    else\n        COMPREPLY=($(compgen -f -- \"$word\"))\n    fi\n}\ncomplete -o filenames -F _ketamap ketamap\n", to);
}
