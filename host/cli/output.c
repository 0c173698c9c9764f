#include "cli/output.h"

#include "base/file.h"

#include <math.h>
#include <stdio.h>

void km_output_number(km_text *table, double value)
{
    if (isnan(value))
        km_text_add(table, "\tnan");
    else
        km_text_add(table, "\t%.17g", value);
}

km_status km_output_write(const char *path, const km_text *table, km_diag *d)
{
    if (path == NULL) {
        if (table->size > 0)
            (void)fwrite(table->data, 1, table->size, stdout); /* main looks whether it worked */
        return KM_OK;
    }
    return km_file_write(path, table->data, table->size, d);
}
