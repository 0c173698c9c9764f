/* Feeds every file of the folders and files given to a fuzz target, where libFuzzer is not at hand. */
#include "base/file.h"
#include "base/memory.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    km_diag d;
    char *data = NULL;
    size_t size = 0;

    km_diag_init(&d);
    if (km_file_read(path, &data, &size, &d) != KM_OK) {
        (void)fprintf(stderr, "%s\n", d.message);
        return 1;
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    free(data);
    return 0;
}

int main(int n_arguments, char **argument)
{
    int n_files = 0, failed = 0, i;

    for (i = 1; i < n_arguments; i++) {
        DIR *folder = opendir(argument[i]);
        const struct dirent *entry;

        if (folder == NULL) {
            failed |= replay_file(argument[i]);
            n_files++;
            continue;
        }
        while ((entry = readdir(folder)) != NULL) {
            char *path = km_file_join(argument[i], entry->d_name);

            if (!km_file_is_folder(path)) {
                failed |= replay_file(path);
                n_files++;
            }
            free(path);
        }
        (void)closedir(folder);
    }
    (void)printf("%d inputs\n", n_files);
    return failed || n_files == 0;
}
