#include "study/base_row.h"

#include "base/memory.h"

double *km_base_row(const km_study *study)
{
    double *row = km_alloc((size_t)study->n_slots + 1, sizeof *row);

    for (int s = 0; s < study->n_slots; s++) {
        const km_slot *slot = &study->slot[s];
        row[s] = slot->field == KM_FIELD_PARAMETER ? study->parameter[slot->index]
                                                   : study->record[slot->index].field[slot->field];
    }
    return row;
}
