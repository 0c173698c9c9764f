#include "study/method.h"

#include <stddef.h>
#include <string.h>

const km_method km_methods[] = {
    {"rodas4", "Rosenbrock, order 4(3), L-stable: for stiff models and any other", "rodas4.h", true, 4.0},
    {"tsit5", "explicit Runge-Kutta, order 5(4): for models that are not stiff", "tsit5.h", false, 1.0},
    {NULL, NULL, NULL, false, 0.0}};

const km_method *km_method_find(const char *name)
{
    for (int i = 0; km_methods[i].name; i++)
        if (strcmp(km_methods[i].name, name) == 0)
            return &km_methods[i];
    return NULL;
}
