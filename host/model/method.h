/* The integrators there are. A new one is a kernel file (the contract is in kernels/rosenbrock.h) and a row here. */
#ifndef KM_MODEL_METHOD_H
#define KM_MODEL_METHOD_H

#include "base/json.h"

#include <stdbool.h>

typedef struct km_method {
    const char *name, *about, *file;
    bool implicit;       /* uses the Jacobian; `file` then is a table of coefficients for rosenbrock.h */
    double allowance;    /* a step is accepted when its estimate's norm is at most this many tolerances */
} km_method;

/* Ends with a NULL name. The first is the default. */
extern const km_method km_methods[];

/* NULL if there is none of that name; "auto" is none. */
const km_method *km_method_find(const char *name);

/* For a model that names `method`: that where it is implicit, else the default. */
const km_method *km_method_implicit(const km_method *method);

/* The method that a string names. KM_E_INPUT with its place and the names there are, and `others` ("" or ", \"auto\""). */
km_status km_method_read(const km_json *node, const char *others, const km_method **out, km_diag *d);

#endif
