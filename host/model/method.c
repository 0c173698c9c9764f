#include "model/method.h"

#include "base/text.h"

#include <string.h>

const km_method km_methods[] = {
    {"rodas4", "Rosenbrock, order 4(3), L-stable: for stiff models and any other", "rodas4.h", true, 4.0},
    {"rodas4k", "as rodas4, with coefficients for models like KET-PD20", "rodas4k.h", true, 7.0},
    {"tsit5", "explicit Runge-Kutta, order 5(4): for models that are not stiff", "tsit5.h", false, 1.0},
    {NULL, NULL, NULL, false, 0.0}};

const km_method *km_method_find(const char *name)
{
    for (int i = 0; km_methods[i].name; i++)
        if (strcmp(km_methods[i].name, name) == 0)
            return &km_methods[i];
    return NULL;
}

const km_method *km_method_implicit(const km_method *method) { return method->implicit ? method : &km_methods[0]; }

km_status km_method_read(const km_json *node, const char *others, const km_method **out, km_diag *d)
{
    km_text known = {0};
    km_status st;

    *out = km_method_find(node->string);
    if (*out != NULL)
        return KM_OK;
    for (int i = 0; km_methods[i].name; i++)
        km_text_add(&known, "%s\"%s\"", i ? ", " : "", km_methods[i].name);
    st = km_json_fail(node, d, "there is no method %s; known are %s%s", km_json_describe(node), known.data, others);
    km_text_clear(&known);
    return st;
}
