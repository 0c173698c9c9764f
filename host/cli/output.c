#include "cli/output.h"

#include "base/file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void km_output_number(km_text *table, double value)
{
    if (isnan(value))
        km_text_add(table, "\tnan");
    else
        km_text_add(table, "\t%.17g", value);
}

/* Renaming a file onto the path would replace a device or a link by that file. */
static km_status write_in_place(const char *path, const km_text *table, km_diag *d)
{
    FILE *file = fopen(path, "w");
    int error = 0;

    if (file == NULL)
        return km_diag_fail(d, KM_E_IO, "cannot write \"%s\": %s", path, strerror(errno));
    if (table->size > 0 && fwrite(table->data, 1, table->size, file) != table->size)
        error = errno;
    if (fclose(file) != 0 && error == 0)
        error = errno;
    if (error != 0)
        return km_diag_fail(d, KM_E_IO, "cannot write \"%s\": %s", path, strerror(error));
    return KM_OK;
}

km_status km_output_write(const char *path, const km_text *table, km_diag *d)
{
    struct stat s;

    if (path == NULL) {
        if (table->size > 0)
            (void)fwrite(table->data, 1, table->size, stdout); /* main looks whether it worked */
        return KM_OK;
    }
    if (lstat(path, &s) == 0 && !S_ISREG(s.st_mode))
        return write_in_place(path, table, d);
    return km_file_write(path, table->data, table->size, d);
}
