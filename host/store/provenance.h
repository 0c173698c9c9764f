/* The attributes of a map: what it is, so that the same text means the same map. Nothing here follows the
 * device, the clock or the machine. */
#ifndef KM_STORE_PROVENANCE_H
#define KM_STORE_PROVENANCE_H

#include "base/text.h"
#include "store/map.h"

/* The group's .zattrs. */
void km_provenance_group(km_text *out, const km_study *study, const km_map_facts *facts);

/* What a sensitivity analysis is: its settings, and what the numbers follow from. Strings are borrowed. */
typedef struct km_analysis_facts {
    const char *version, *program_hash, *precision;
    const char *integrator;     /* the solver's method */
    const char *method_choice;  /* why that, where a pilot chose it; else NULL */
    int lanes;
    double until;               /* the widest interval wanted, 0: none */
} km_analysis_facts;

/* The .zattrs of an analysis' results. `found`: more members, each line ending in a comma, or "". */
void km_provenance_analysis(km_text *out, const km_study *study, const km_analysis_facts *facts, const char *found);
/* The same without "n" and "until", in the study too: what analyses have in common of which one goes on from the other. */
void km_provenance_analysis_of_any_size(km_text *out, const km_study *s, const km_analysis_facts *f);

/* .zattrs of an array. dimension: names, n of them; coordinates: names of the arrays beside it that say where a point
 * is, or NULL; flags: CF flag meanings from flag value `first` on, or NULL. */
void km_provenance_array(km_text *out, const char *const *dimension, int n, const char *coordinates, const char *unit, const char *long_name,
                         const char *const *flags, int n_flags, int first, int keep,
                         const km_endpoint_audit *audit);

/* Names, of two group attribute texts, the first key whose values differ in a way a user understands ("the study's
 * text"); NULL if they are equal. Borrowed. */
const char *km_provenance_difference(const char *have, const char *want);

#endif
