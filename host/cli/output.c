#include "cli/output.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

km_status km_output_probe(const char *path, km_diag *d)
{
    char *folder = path ? km_file_folder(path) : NULL;
    struct stat facts;
    km_status st = KM_OK;

    if (path == NULL || (stat(path, &facts) == 0 && !S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode)))
        goto done;
    if (km_file_is_folder(path))
        KM_FAIL(d, KM_E_IO, "cannot write %s: it is a folder", path);
    if (!km_file_is_folder(folder))
        KM_FAIL(d, KM_E_IO, "cannot write %s: there is no folder \"%s\"", path, folder);
    KM_TRY(km_file_probe_folder(folder, d));
done:
    free(folder);
    return st;
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
