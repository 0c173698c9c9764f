/* Designs of elementary effects: one factor at a time from a base point.
 *
 *   trajectory  a walk through a grid of `levels`, each step levels/2 of them (Morris, Technometrics 33, 1991, 161-174);
 *               out of more candidates those that lie farthest apart can be chosen (Campolongo, Cariboni and Saltelli,
 *               Environ. Model. Softw. 22, 2007, 1509-1518)
 *   radial      every factor from the same random point (Campolongo, Saltelli and Cariboni, Comput. Phys. Commun. 182, 2011,
 *               978-988), by a step between 1/4 and 3/4 of its range, so that no effect is a quotient of small numbers */
#ifndef KM_ANALYSIS_TRAJECTORIES_H
#define KM_ANALYSIS_TRAJECTORIES_H

#include "study/sensitivity_block.h"

typedef struct km_trajectories {
    const km_sensitivity *block;
    bool radial;
    int levels;
    uint32_t *chosen; /* of candidates; NULL: all */
} km_trajectories;

/* n: trajectories wanted; candidates: how many to choose from, 0: no choice. */
void km_trajectories_create(const km_sensitivity *block, bool radial, int levels, uint32_t n, uint32_t candidates, km_trajectories *out);
void km_trajectories_destroy(km_trajectories *t);

/* Points of trajectory i: unit[1 + n_units][n_dimensions]; from[u], to[u]: the points between which unit u changes; step[u]: by
 * how much of the unit interval where the unit is a single dimension, else NaN. */
void km_trajectories_draw(const km_trajectories *t, uint32_t i, double *unit, int *from, int *to, double *step);

/* Sum of the distances between all points of two trajectories; how far apart they are. */
double km_trajectories_distance(const double *a, const double *b, int n_points, int n_dimensions);

#endif
