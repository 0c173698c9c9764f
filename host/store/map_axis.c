#include "store/map_axis.h"

#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *km_map_flag(const km_map_array *array, int k, size_t *length)
{
    const char *at = array->flags;

    for (; *at && k > 0; k--) {
        at += strcspn(at, " ");
        at += *at == ' ';
    }
    *length = strcspn(at, " ");
    return k == 0 && *length > 0 ? at : NULL;
}

static void read_labels(km_map_axis *a)
{
    size_t length;

    if (a->array->flags[0] == '\0')
        return;
    a->label = km_alloc(a->n, sizeof *a->label);
    for (size_t i = 0; i < a->n; i++) {
        const char *word = km_map_flag(a->array, (int)i, &length);
        a->label[i] = km_format("%.*s", word ? (int)length : 0, word ? word : "");
    }
}

km_status km_map_axis_read(km_map_reader *reader, const km_map_array *array, int dimension, km_map_axis *a, km_diag *d)
{
    size_t zero = 0, n = array->shape[dimension];
    int index;
    km_status st = KM_OK;

    memset(a, 0, sizeof *a);
    a->dimension = dimension;
    a->name = array->dimension[dimension];
    a->n = n;
    index = km_map_reader_find(reader, a->name);
    KM_TRY(km_array_create(n, sizeof *a->value, (void **)&a->value, d));
    if (index < 0) {
        for (size_t i = 0; i < n; i++)
            a->value[i] = (double)i;
        return KM_OK; /* points have a number only */
    }
    a->array = km_map_reader_array(reader, index);
    KM_TRY(km_map_reader_read(reader, index, &zero, &n, a->value, d));
    read_labels(a);
    a->logarithmic = n > 2 && a->value[0] > 0.0 &&
                     fabs(a->value[1] / a->value[0] - a->value[n - 1] / a->value[n - 2]) < 1e-6 * a->value[1] / a->value[0] &&
                     fabs((a->value[1] - a->value[0]) - (a->value[n - 1] - a->value[n - 2])) > 1e-6 * a->value[n - 1];
done:
    return st;
}

void km_map_axis_clear(km_map_axis *a)
{
    for (size_t i = 0; a->label && i < a->n; i++)
        free(a->label[i]);
    free(a->label);
    free(a->value);
    memset(a, 0, sizeof *a);
}

/* NAME_fraction, NAME_mean, NAME_sd, NAME_q05 ...: what an endpoint of a population became. */
static bool is_statistic(const char *array, const char *endpoint)
{
    size_t n = strlen(endpoint);
    const char *rest = array + n + 1;

    if (strncmp(array, endpoint, n) != 0 || array[n] != '_')
        return false;
    return strcmp(rest, "fraction") == 0 || strcmp(rest, "mean") == 0 || strcmp(rest, "sd") == 0 ||
           (rest[0] == 'q' && rest[1] >= '0' && rest[1] <= '9');
}

int *km_map_endpoints(const km_map_reader *reader, int *n)
{
    const km_json *study = km_json_find(km_map_reader_attributes(reader), "study"), *list;
    int *index = km_alloc((size_t)km_map_reader_n_arrays(reader) + 1, sizeof *index);
    km_json_file *file = NULL;
    km_diag quiet;

    *n = 0;
    km_diag_init(&quiet);
    if (study && study->string && km_json_parse("study", study->string, &file, &quiet) == KM_OK) {
        list = km_json_find(km_json_root(file), "endpoints");
        for (size_t i = 0; list && i < list->n; i++) {
            const km_json *name = km_json_find(&list->child[i], "name");
            int at = name && name->string ? km_map_reader_find(reader, name->string) : -1;
            if (at >= 0 && *n < km_map_reader_n_arrays(reader))
                index[(*n)++] = at;
            for (int k = 0; at < 0 && name && name->string && k < km_map_reader_n_arrays(reader); k++)
                if (is_statistic(km_map_reader_array(reader, k)->name, name->string) && *n < km_map_reader_n_arrays(reader))
                    index[(*n)++] = k;
        }
    }
    km_json_destroy(file);
    km_diag_clear(&quiet);
    return index;
}
