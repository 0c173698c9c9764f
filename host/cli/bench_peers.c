#include "cli/bench_peers.h"

#include "abi.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DURATION = 2 }; /* among km_bench_ends; of what never happened it is 0 */

/* A word for the shell; caller frees. */
static char *quoted(const char *word)
{
    km_text text = {0};

    km_text_add(&text, "'");
    for (; *word; word++)
        km_text_add(&text, *word == '\'' ? "'\\''" : "%c", *word);
    km_text_add(&text, "'");
    return km_text_take(&text);
}

/* What a command prints; caller frees *out. */
static km_status answer_of(const char *command, char **out, km_diag *d)
{
    char part[4096];
    km_text text = {0};
    FILE *pipe = popen(command, "r");
    size_t n;
    int code;

    if (pipe == NULL)
        return km_diag_fail(d, KM_E_IO, "cannot start %s: %s", command, strerror(errno));
    while ((n = fread(part, 1, sizeof part, pipe)) > 0)
        km_text_add_bytes(&text, part, n);
    code = pclose(pipe);
    *out = km_text_take(&text);
    if (code != 0)
        return km_diag_fail(d, KM_E_IO, "the peers' program failed (exit code %d): %s", code > 255 ? code / 256 : code, command);
    return KM_OK;
}

static void add(km_bench *bench, const char *name, double rtol)
{
    for (char regime = 'a'; regime <= 'b'; regime++) {
        km_bench_peer p = {.regime = regime, .rtol = rtol};
        snprintf(p.name, sizeof p.name, "%s", name);
        KM_PUSH(bench->peer, bench->n_peers);
        bench->peer[bench->n_peers++] = p;
    }
}

km_status km_bench_peers_list(const char *program, int most, km_bench *bench, km_diag *d)
{
    char *word = quoted(program), *command = km_format("%s list", word), *text = NULL;
    km_status st = KM_OK;

    KM_TRY(answer_of(command, &text, d));
    for (char *line = text, *next; line && *line; line = next) {
        char *rest = line;
        int n = 0;
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        rest += strcspn(rest, " ");
        while (*rest == ' ') {
            const char *end;
            double rtol;
            *rest++ = '\0';
            rtol = km_text_number(rest, &end);
            if (end == rest || !(rtol > 0.0 && rtol < 1.0))
                KM_FAIL(d, KM_E_INPUT, "%s list: expected a name and tolerances, got \"%s %s\"", program, line, rest);
            if (most == 0 || n < most)
                add(bench, line, rtol);
            n++;
            rest += end - rest;
        }
        if (n == 0 || *rest != '\0')
            KM_FAIL(d, KM_E_INPUT, "%s list: expected a name and tolerances, got \"%s\"", program, line);
    }
done:
    free(word);
    free(command);
    free(text);
    return st;
}

km_status km_bench_peer_run(const char *program, km_bench_peer *peer, const char *points, size_t n, const char *results,
                            double *rate, km_diag *d)
{
    char *word[3] = {quoted(program), quoted(points), quoted(results)}, *text = NULL;
    char *command = km_format("%s %s %.17g %s %s %zu", word[0], peer->name, peer->rtol, word[1], word[2], n);
    double seconds;
    km_status st = KM_OK;

    KM_TRY(answer_of(command, &text, d));
    if (sscanf(text, "cpu_seconds %lf steps %lf failed %ld", &seconds, &peer->steps, &peer->failed) != 3 || !(seconds > 0.0))
        KM_FAIL(d, KM_E_INPUT, "the peers' program says \"%.100s\", expected \"cpu_seconds X steps Y failed Z\"", text);
    *rate = (double)n / seconds;
done:
    for (int i = 0; i < 3; i++)
        free(word[i]);
    free(command);
    free(text);
    return st;
}

km_status km_bench_peer_read(const char *results, km_results *out, km_diag *d)
{
    char *text = NULL;
    const char *at;
    km_status st = KM_OK;

    KM_TRY(km_file_read(results, &text, NULL, d));
    at = strchr(text, '\n');
    for (size_t i = 0; i < out->n; i++)
        for (size_t e = 0; e < KM_BENCH_ENDS; e++) {
            const char *end = at;
            double v = at ? km_text_number(at, &end) : (double)NAN;
            if (end == at)
                KM_FAIL(d, KM_E_INPUT, "%s:%zu: expected %d numbers in each of %zu rows", results, i + 2, KM_BENCH_ENDS,
                        (size_t)out->n);
            out->value[e * out->n + i] = v;
            out->state[e * out->n + i] = (signed char)(isnan(v) || (e == DURATION && v == 0.0) ? KM_STATE_NEVER : KM_STATE_EXACT);
            at = end;
        }
done:
    free(text);
    return st;
}
