/* Student's t: intervals from a few independent estimates. */
#ifndef KM_ANALYSIS_STUDENT_H
#define KM_ANALYSIS_STUDENT_H

/* The value that |t| with `freedom` (1, 2, ...) degrees of freedom exceeds with probability 1 - coverage. */
double km_student_quantile(int freedom, double coverage);

#endif
