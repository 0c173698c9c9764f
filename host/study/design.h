/* Designs: which points a study has. A grid of axes, points drawn from laws, or a list. */
#ifndef KM_STUDY_DESIGN_H
#define KM_STUDY_DESIGN_H

#include "study/study.h"

/* Reads the object "design". `given`: per parameter, whether variants or "set" gave it a value. */
km_status km_design_read(km_study *study, const km_json *node, const bool *given, km_diag *d);
void km_factor_clear(km_factor *factor);

enum { KM_MOST_DIMENSIONS = 32 };

/* Lengths of a map's dimensions: of the axes, else of one dimension, the points. Returns how many, at most
 * KM_MOST_DIMENSIONS. */
int km_design_shape(const km_study *study, size_t *shape);

/* A factor's value at the point `rank`, in the factor's unit. */
double km_design_coordinate(const km_study *study, const km_factor *factor, uint64_t rank);
/* The slots of the point `rank` (of a grid: row-major, the last axis is the fastest) in internal units. Slots that the
 * design does not give are left alone. */
void km_study_point(const km_study *study, uint64_t rank, double *row);

/* How many models the study is: its points, each with every patient. */
uint64_t km_study_models(const km_study *study);

/* All slots of a patient of the population at the point `rank`. */
void km_study_patient(const km_study *study, uint64_t rank, size_t patient, double *row);

/* The slots of n points (rows of study->n_slots; n at most n_points) spread over the design: ranks along the golden ratio,
 * which no axis length divides, so that every axis is covered evenly; all points in order when n is n_points. With a population, of one patient each, one after
 * the other. */
void km_study_sample(const km_study *study, size_t n, double *row);

/* The smallest and the largest value a slot takes, in internal units; false if the design does not give it. */
bool km_design_extent(const km_study *study, int slot, double *low, double *high);

/* ---- for axis.c and factor.c ---- */

/* Refuses a name that is no word or that another axis, factor or array has. `of`: what it varies. */
km_status km_design_check_name(const km_study *study, const char *what, const char *name, const char *of, const km_json *place,
                               km_diag *d);
/* A path as a word: "regimen[0].amt" becomes "regimen_0_amt". Caller frees. */
char *km_design_word(const char *path);
/* A slot for an axis or a factor to vary, unless another one does. */
km_status km_design_add_slot(km_study *study, const km_slot *slot, const km_json *place, int *index, km_diag *d);
/* Makes a record agree with what gives one of its fields: per kg or not, and `base` as its value where it has none. */
void km_design_adopt(km_study *study, const char *what, const char *unit, const km_slot *slot, bool per_kg, double base,
                     const km_json *node, km_diag *d);

#endif
