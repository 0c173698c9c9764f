/* Any text is a unit, a quantity or a sentence; a unit that was read has a usable scale. */
#include "base/memory.h"
#include "model/unit.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = km_alloc(size + 1, 1);
    const char *rest = NULL;
    double number = 0.0;
    km_unit unit;
    km_diag d;

    km_diag_init(&d);
    if (size > 0)
        memcpy(text, data, size);
    if (km_unit_parse(text, &unit, &d) == KM_OK && !(isfinite(unit.scale) && unit.scale > 0.0))
        abort();
    if (km_quantity_parse(text, &number, &rest, &d) == KM_OK &&
        (!isfinite(number) || rest < text || rest > text + strlen(text)))
        abort();
    free(text);
    km_diag_clear(&d);
    return 0;
}
