/* Whole files, paths and folders. Messages name the path and the system's reason. */
#ifndef KM_BASE_FILE_H
#define KM_BASE_FILE_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

/* *out: the file's bytes and a terminating NUL, owned by the caller; *size (may be NULL) without
 * it. KM_E_IO. */
km_status km_file_read(const char *path, char **out, size_t *size, km_diag *d);
/* Writes PATH.tmp-PID, syncs it and renames it to PATH: readers see the old file or the new one.
 * KM_E_IO. The folder must exist. What is no regular file (a device, a pipe, a link) is written to as it is. */
km_status km_file_write(const char *path, const void *data, size_t size, km_diag *d);
/* mkdir -p. KM_E_IO; the message names the component that is a file or cannot be made. "" is the
 * working folder. */
km_status km_file_make_folder(const char *path, km_diag *d);
/* KM_E_IO unless files can be made in the folder, or in the one it would be made in. What was not there is not there after it. */
km_status km_file_probe_folder(const char *path, km_diag *d);
/* Removes a folder with all that is in it, or a file; what is not there is no error. */
km_status km_file_remove_all(const char *path, km_diag *d);
bool km_file_exists(const char *path); /* of any kind, a dangling link too */
bool km_file_is_folder(const char *path);

/* The folder a path lies in, without trailing slashes: "a/b.json" -> "a", "b.json" -> ".", "/b" ->
 * "/". Caller frees. */
char *km_file_folder(const char *path);
/* folder/name, or name alone when it is absolute or folder is "" or ".". Caller frees. */
char *km_file_join(const char *folder, const char *name);
/* `path` as written in `file`: relative to the folder of `file`. Caller frees. */
char *km_file_resolve(const char *file, const char *path);

#endif
