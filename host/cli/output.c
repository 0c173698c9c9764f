#include "cli/output.h"

#include "base/file.h"

#include <stdio.h>

km_status km_output_write(const char *path, const km_text *table, km_diag *d)
{
    if (path == NULL) {
        if (table->size > 0)
            (void)fwrite(table->data, 1, table->size, stdout); /* main looks whether it worked */
        return KM_OK;
    }
    return km_file_write(path, table->data, table->size, d);
}
