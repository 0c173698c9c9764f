/* What host and device share: statuses, endpoint states, limits. Plain integers only, so that no struct
 * layout has to agree. Included by C11 and by OpenCL C. */
#ifndef KM_ABI_H
#define KM_ABI_H

#define KM_ABI_VERSION 1

/* Status of a point (int8 in maps, never renumbered). */
#define KM_POINT_NOT_COMPUTED (-1)
#define KM_POINT_DONE 0
#define KM_POINT_STEP_BUDGET 1
#define KM_POINT_STEP_TOO_SMALL 2
#define KM_POINT_NON_FINITE 3
#define KM_POINT_BAD_PARAMETER 4
#define KM_POINT_DEVICE_ERROR 5
#define KM_POINT_RETRIED 6
#define KM_N_POINT_STATUSES 7

/* State of an endpoint (int8 in maps, never renumbered). NaN values only in states 1, 4, 5. */
#define KM_STATE_EXACT 0
#define KM_STATE_NEVER 1
#define KM_STATE_CENSORED 2
#define KM_STATE_FROM_START 3
#define KM_STATE_NO_REFERENCE 4
#define KM_STATE_FAILED 5

#endif
