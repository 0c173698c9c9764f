/* Any bytes are JSON or a sentence; a number that was read is finite; every message fits. */
#include "base/json.h"
#include "base/memory.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(const km_json *node)
{
    char *where = km_json_where(node);
    size_t i;

    free(where);
    if (node->kind == KM_JSON_NUMBER && !isfinite(node->number))
        abort();
    (void)km_json_describe(node);
    for (i = 0; i < node->n; i++) {
        if (node->child[i].parent != node)
            abort();
        visit(&node->child[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = km_alloc(size + 1, 1);
    km_json_file *file = NULL;
    km_diag d;
    km_status st;

    km_diag_init(&d);
    if (size > 0)
        memcpy(text, data, size);
    st = km_json_parse("f", text, &file, &d);
    if (st == KM_OK) {
        visit(km_json_root(file));
        for (size_t i = 0; i < size; i += 7)
            (void)km_json_fail_at(km_json_root(file), i, &d, "offset %zu", i);
    } else if (st != KM_E_INPUT || d.message[0] == '\0') {
        abort();
    }
    km_json_destroy(file);
    km_diag_clear(&d);
    free(text);
    return 0;
}
