#include "codegen/flops.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *token;
    int single, more; /* flops, and how many more in double precision */
} tokens[] = {{"KM_FMA(", 2, 0}, {" * ", 1, 0}, {" / ", 1, 0}, {" + ", 1, 0}, {" - ", 1, 0}, {" += ", 1, 0}, {" *= ", 1, 0},
              {"sqrt(", 1, 0}, {"km_pow(", 48, 22}, {"km_pow1p(", 50, 22}, {"km_posp(", 50, 22}, {"km_exp(", 19, 9},
              {"km_expm1(", 20, 9}, {"km_exp2(", 17, 9}, {"km_log(", 23, 13}, {"km_log2(", 22, 13}, {"km_log10(", 23, 13},
              {"km_log1p(", 26, 13}, {"km_tanh(", 22, 9}, {"km_sinh(", 42, 18}, {"km_cosh(", 22, 9}};

double km_flops_of_function(const char *text, const char *name, bool single)
{
    char *head = km_format(" %s(", name);
    const char *at = strstr(text, head), *end, *skip_until = NULL;
    double flops = 0.0;

    free(head);
    if (at == NULL || (at = strstr(at, "\n{\n")) == NULL)
        return 0.0;
    end = strstr(at, "\n}\n");
    for (; end && at < end; at++) {
        if (skip_until && at < skip_until)
            continue;
        if (strncmp(at, "if (km_any(", 11) == 0)
            skip_until = strstr(at, "\n    }\n");
        for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
            if (strncmp(at, tokens[i].token, strlen(tokens[i].token)) == 0) {
                flops += tokens[i].single + (single ? 0 : tokens[i].more);
                break;
            }
    }
    return flops;
}
