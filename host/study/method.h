/* The integrators there are. A new one is a kernel file (the contract is in kernels/rodas4.h) and a row here. */
#ifndef KM_STUDY_METHOD_H
#define KM_STUDY_METHOD_H

#include <stdbool.h>

typedef struct km_method {
    const char *name, *about, *file;
    bool implicit;       /* uses the Jacobian */
    double allowance;    /* a step is accepted when its estimate's norm is at most this many tolerances */
} km_method;

/* Ends with a NULL name. The first is the default. */
extern const km_method km_methods[];

/* NULL if there is none of that name; "auto" is none. */
const km_method *km_method_find(const char *name);

#endif
