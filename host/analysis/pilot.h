/* "method": "auto": a few points of the study are integrated by the model's implicit method and by Tsit5, and the cheaper
 * is taken.
 *
 * Cost is counted, not timed: mean steps of a point times the operations of a step in the generated code. So the choice
 * follows the study and the device's arithmetic only, and a map that is resumed chooses the same. */
#ifndef KM_ANALYSIS_PILOT_H
#define KM_ANALYSIS_PILOT_H

#include "engine/engine.h"

enum { KM_PILOT_POINTS = 64 };

/* Sets study->solver.method where the study leaves it to a pilot, and says why in *why (the caller's; NULL where the
 * study names a method). Call it before the engine is made. */
km_status km_pilot_choose(km_study *study, const km_engine_options *options, char **why, km_diag *d);

#endif
