/* A model's life and its look-ups. Reading is in model_read.c and what reader.h names. */
#include "model/model.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void km_model_destroy(km_model *m)
{
    if (m == NULL)
        return;
    for (int i = 0; i < m->n_parameters; i++) {
        km_parameter *p = &m->parameter[i];
        free(p->name), free(p->unit), free(p->about), free(p->source), free(p->evidence), free(p->group);
        free(p->uncertainty);
    }
    for (int i = 0; i < m->n_derived; i++)
        free(m->derived[i].name), free(m->derived[i].unit), free(m->derived[i].about);
    for (int i = 0; i < m->n_states; i++)
        free(m->state[i].name), free(m->state[i].unit), free(m->state[i].about);
    for (int i = 0; i < m->n_outputs; i++)
        free(m->output[i].name), free(m->output[i].unit), free(m->output[i].about);
    for (int i = 0; i < m->n_require; i++)
        free(m->require[i].text);
    for (int i = 0; i < m->n_routes; i++)
        free(m->route[i].name), free(m->route[i].entry);
    for (int i = 0; i < m->n_variants; i++) {
        free(m->variant[i].name), free(m->variant[i].about);
        free(m->variant[i].parameter), free(m->variant[i].value);
    }
    free(m->parameter), free(m->derived), free(m->state), free(m->output), free(m->require);
    free(m->jump), free(m->route), free(m->variant), free(m->correlation);
    free(m->name), free(m->about), free(m->time_unit), free(m->dose_unit), free(m->amt_unit);
    km_pool_clear(&m->pool);
    km_json_destroy(m->file);
    free(m);
}

int km_model_find_parameter(const km_model *m, const char *name)
{
    for (int i = 0; i < m->n_parameters; i++)
        if (strcmp(m->parameter[i].name, name) == 0)
            return i;
    return -1;
}

int km_model_find_state(const km_model *m, const char *name)
{
    for (int i = 0; i < m->n_states; i++)
        if (strcmp(m->state[i].name, name) == 0)
            return i;
    return -1;
}

int km_model_find_output(const km_model *m, const char *name)
{
    for (int i = 0; i < m->n_outputs; i++)
        if (strcmp(m->output[i].name, name) == 0)
            return i;
    return -1;
}

int km_model_find_route(const km_model *m, const char *name)
{
    for (int i = 0; i < m->n_routes; i++)
        if (strcmp(m->route[i].name, name) == 0)
            return i;
    return -1;
}

int km_model_find_variant(const km_model *m, const char *name)
{
    for (int i = 0; i < m->n_variants; i++)
        if (strcmp(m->variant[i].name, name) == 0)
            return i;
    return -1;
}

const char *km_model_nearest(const km_model *m, char family, const char *name)
{
    size_t total = (size_t)(m->n_parameters + m->n_outputs + m->n_routes + m->n_variants), n = 0;
    const char **word = km_alloc(total + 1, sizeof *word);
    const char *near;

    for (int i = 0; family == 'p' && i < m->n_parameters; i++)
        word[n++] = m->parameter[i].name;
    for (int i = 0; family == 'o' && i < m->n_outputs; i++)
        word[n++] = m->output[i].name;
    for (int i = 0; family == 'r' && i < m->n_routes; i++)
        word[n++] = m->route[i].name;
    for (int i = 0; family == 'v' && i < m->n_variants; i++)
        word[n++] = m->variant[i].name;
    near = km_text_nearest(name, word, n);
    free(word);
    return near;
}

char *km_model_routes(const km_model *m)
{
    km_text known = {0};

    for (int i = 0; i < m->n_routes; i++)
        km_text_add(&known, "%s\"%s\"", i > 0 ? ", " : "", m->route[i].name);
    if (m->n_routes == 0)
        km_text_add(&known, "none");
    return km_text_take(&known);
}

char *km_model_no_route(const km_model *m, const char *name)
{
    const char *near = km_model_nearest(m, 'r', name);
    char *known = km_model_routes(m);
    char *sentence = near ? km_format("the model has no route \"%.100s\"; did you mean \"%s\"?", name, near)
                          : km_format("the model has no route \"%.100s\"; it has %s", name, known);

    free(known);
    return sentence;
}

km_status km_model_need_route(const km_model *m, const km_json *name, int *out, km_diag *d)
{
    int route = km_model_find_route(m, name->string);
    char *sentence;
    km_status st;

    if (route >= 0) {
        *out = route;
        return KM_OK;
    }
    sentence = km_model_no_route(m, name->string);
    st = km_json_fail(name, d, "%s", sentence);
    free(sentence);
    return st;
}
