/* One way to fail: a status for the program, one sentence for the person.
 *
 * The function that knows most writes the sentence (what is wrong, where, the offending value, what
 * would be right) with KM_FAIL; callers may put context in front. Only view/ and cli/ print. */
#ifndef KM_BASE_DIAG_H
#define KM_BASE_DIAG_H

#include <stddef.h>

/* The values are the process's exit codes (2 usage or input, 3 files or memory, ...). */
typedef enum km_status {
    KM_OK = 0,
    KM_E_INPUT = 2,
    KM_E_IO = 3,
    KM_E_DEVICE = 4,
    KM_E_NUMERICS = 5,
    KM_E_INTERRUPTED = 6,
    KM_E_BUG = 70
} km_status;

typedef struct km_diag {
    char message[2048];
    char **warning; /* owned, in order of appearance, no two equal */
    size_t n_warnings;
} km_diag;

void km_diag_init(km_diag *d);
void km_diag_clear(km_diag *d);

/* Writes the message and returns `status`, so that `return km_diag_fail(...)` reads well. */
km_status km_diag_fail(km_diag *d, km_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "context: " in front of the message. */
void km_diag_context(km_diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void km_diag_warn(km_diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Both need a local `km_status st` and a label `done`. */
#define KM_FAIL(d, code, ...)                                                                     \
    do {                                                                                          \
        st = km_diag_fail((d), (code), __VA_ARGS__);                                              \
        goto done;                                                                                \
    } while (0)
#define KM_TRY(call)                                                                              \
    do {                                                                                          \
        st = (call);                                                                              \
        if (st != KM_OK)                                                                          \
            goto done;                                                                            \
    } while (0)

#endif
