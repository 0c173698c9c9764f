#include "store/fit_results.h"

#include <stdlib.h>

void km_fit_results_destroy(km_fit_results *r)
{
    if (r == NULL)
        return;
    for (int i = 0; i < r->n_parameters; i++)
        free(r->parameter[i].name), free(r->parameter[i].unit), free(r->parameter[i].about);
    for (int i = 0; i < r->n_predictions; i++) {
        km_fit_prediction *p = &r->prediction[i];
        free(p->study), free(p->arm), free(p->kind), free(p->scale);
    }
    for (int i = 0; i < r->n_trials; i++)
        free(r->trial[i].name);
    for (int i = 0; i < r->n_models; i++)
        free(r->model[i].name);
    for (int i = 0; i < r->n_aside; i++)
        free(r->aside[i].study), free(r->aside[i].arm), free(r->aside[i].kind), free(r->aside[i].why);
    free(r->name), free(r->parameter), free(r->prediction), free(r->trial), free(r->model), free(r->aside), free(r->draw), free(r->log_likelihood);
    free(r);
}
