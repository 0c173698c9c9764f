#include "view/gnuplot.h"

#include "base/memory.h"

#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

/* Text for gnuplot, within double quotes. Caller frees. */
char *km_gnuplot_text(const char *text)
{
    km_text out = {0};

    for (; *text; text++) {
        if (strchr("\"\\_^@&~{}", *text))
            km_text_add(&out, *text == '"' || *text == '\\' ? "\\" : "\\\\");
        km_text_add(&out, "%c", (unsigned char)*text < ' ' ? ' ' : *text);
    }
    return km_text_take(&out);
}

/* A file's name for gnuplot, within single quotes. Caller frees. */
char *km_gnuplot_file(const char *path)
{
    km_text out = {0};

    for (; *path; path++)
        km_text_add(&out, *path == '\'' ? "''" : "%c", *path);
    return km_text_take(&out);
}

char *km_gnuplot_label(const km_map_array *a, const char *name)
{
    const char *about = a && a->about[0] ? a->about : name;

    return a && strcmp(a->unit, "-") != 0 && a->unit[0] ? km_format("%s [%s]", about, a->unit) : km_strdup(about);
}

/* 1, 2 and 5 of every decade, or powers of ten only where there are many; small ticks between. */
void km_gnuplot_log_tics(km_text *out, char letter, double low, double high)
{
    static const int step[] = {1, 2, 5};
    double decades = log10(high / low);
    int first = (int)floor(log10(low)), last = (int)ceil(log10(high)), n = 0;

    km_text_add(out, "set logscale %c\nset %ctics (", letter, letter);
    for (int e = first; e <= last; e++)
        for (int k = 1; k < 10; k++) {
            double at = k * pow(10.0, e);
            bool major = k == 1 || (decades <= 3.5 && (k == step[1] || k == step[2])) || decades < 0.7;
            if (at < low || at > high)
                continue;
            if (major)
                km_text_add(out, "%s%.6g", n++ ? ", " : "", at);
            else
                km_text_add(out, "%s\"\" %.6g 1", n++ ? ", " : "", at);
        }
    km_text_add(out, ")\n");
}

char *km_gnuplot_prefix(const char *map, const char *endpoint)
{
    size_t n = strlen(map);

    while (n > 1 && map[n - 1] == '/')
        n--;
    if (n > 5 && strncmp(map + n - 5, ".zarr", 5) == 0)
        n -= 5;
    return km_format("%.*s-%s", (int)n, map, endpoint);
}

km_status km_gnuplot_draw(const char *prefix, const char *script, char **made, km_diag *d)
{
    char program[] = "gnuplot", *copy = km_strdup(script);
    char *const arguments[] = {program, copy, NULL};
    pid_t child;
    int status = 0, error = posix_spawnp(&child, program, NULL, NULL, arguments, environ);
    km_status st = KM_OK;

    if (error == ENOENT) {
        km_diag_warn(d, "gnuplot is not installed, so no picture was drawn; the script is %s (package gnuplot-nox)", script);
        goto done;
    }
    if (error != 0)
        KM_FAIL(d, KM_E_IO, "cannot start gnuplot: %s", strerror(error));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        km_diag_warn(d, "gnuplot is not installed, so no picture was drawn; the script is %s (package gnuplot-nox)", script);
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        KM_FAIL(d, KM_E_IO, "gnuplot failed on %s", script);
    else if (made)
        *made = km_format("%s.png", prefix);
done:
    free(copy);
    return st;
}
