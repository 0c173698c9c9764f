/* Direction numbers of Sobol' sequences: Joe and Kuo's, the set with better two-dimensional projections. */
#ifndef KM_STUDY_JOE_KUO_H
#define KM_STUDY_JOE_KUO_H

#include <stdint.h>

enum { KM_JOE_KUO_DIMENSIONS = 1024 };

/* The 32 direction numbers of a dimension, 0 to KM_JOE_KUO_DIMENSIONS-1; the first has the highest bit alone. */
void km_joe_kuo_directions(int dimension, uint32_t *direction);

#endif
