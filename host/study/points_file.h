/* A table of points: a header naming axes, parameters or regimen fields, a row a point. */
#ifndef KM_STUDY_POINTS_FILE_H
#define KM_STUDY_POINTS_FILE_H

#include "base/diag.h"
#include "study/study.h"

#include <stddef.h>

typedef struct km_points {
    char *text;       /* the file; lines are cut in place */
    char **line;      /* of the rows, as written */
    char *header;
    size_t n;
    double *row;      /* [n][study->n_slots], internal units */
    char hash[65];    /* SHA-256 of the file */
} km_points;

/* Columns that are not slots of the study become slots (appended), so call this before the engine is made. Slots
 * without a column keep their base values. */
km_status km_points_read(const char *path, km_study *study, km_points *out, km_diag *d);
/* Warns of every --set of the study whose value a column gives. */
void km_points_warn_overridden(const km_points *points, const km_study *study, km_diag *d);
void km_points_clear(km_points *points);

#endif
