/* SPDX-License-Identifier: ISC */
/* Programs of the system that are run for what they print. */
#ifndef HAWSER_SYS_PROGRAM_H
#define HAWSER_SYS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

enum { PROGRAM_PATH_BYTES = 64 };

/* Where a program for administrators is; false: nowhere. */
bool program_find(const char *name, char path[PROGRAM_PATH_BYTES]);

struct program_limits {
    size_t bytes; /* of what it prints */
    int time_ms;
};

/*
 * Runs argv[0], which program_find() finds, and waits for its end. *out is what it printed, with a
 * zero behind it, and the caller's to free; NULL after a failure. 0 or negative errno: -ENOENT
 * there is no such program, -EIO it failed, -EFBIG it printed more, -ETIMEDOUT it took longer.
 */
int program_output(const char *const argv[], const struct program_limits *limits, char **out,
                   size_t *len_bytes);

#endif
