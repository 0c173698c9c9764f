/* cmocka with the headers it needs before itself, and checks that many tests share. */
#ifndef KM_TESTS_CMOCKA_ALL_H
#define KM_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Exact equality of doubles: cmocka compares with a tolerance. */
#define assert_same_double(a, b)                                                                   \
    do {                                                                                           \
        double same_a = (a), same_b = (b);                                                         \
        if (memcmp(&same_a, &same_b, sizeof same_a) != 0) {                                        \
            print_error("%.17g is not %.17g\n", same_a, same_b);                                   \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

/* A step that must succeed; prints the message when it does not. */
#define assert_ok(call, d)                                                                         \
    do {                                                                                           \
        if ((call) != KM_OK) {                                                                     \
            print_error("%s\n", (d)->message);                                                     \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

#endif
