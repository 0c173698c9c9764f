/* Is every byte of a map as it was written? */
#ifndef KM_STORE_VERIFY_H
#define KM_STORE_VERIFY_H

#include "base/diag.h"

#include <stdint.h>

typedef struct km_verification {
    uint64_t files, bytes; /* chunk files read */
    uint64_t points;       /* values of `status` */
} km_verification;

/* Compares every chunk file with the manifest (size, CRC-32), decodes it, and looks for chunks that are missing or that
 * the manifest does not know. KM_E_IO names the first file that is wrong and how many are; KM_E_INPUT for a map that is
 * not complete. */
km_status km_map_verify(const char *path, km_verification *out, km_diag *d);

#endif
