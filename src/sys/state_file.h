/* SPDX-License-Identifier: ISC */
/*
 * A small text file that outlives restarts. It is replaced as a whole, so that a crash leaves the
 * old or the new one, and not believed when somebody else may have written it.
 */
#ifndef HAWSER_SYS_STATE_FILE_H
#define HAWSER_SYS_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Reads at most size - 1 bytes and ends them with a zero. Length, 0 if there is no file yet, or
 * negative errno: -EFBIG when there is more, -EPERM when it is not ours alone to write.
 */
ssize_t state_file_read(const char *path, char *out, size_t size);

/*
 * Hands each line of a text to take(), without its end; false: it is wrong, as is one of more than
 * 511 bytes or without an end. Returns how many were wrong.
 */
size_t state_file_lines(const char *text, bool (*take)(void *arg, char *line), void *arg);

/* Makes the directory if it is missing. 0 or negative errno; then the file is as before. */
int state_file_write(const char *path, const char *text, size_t len);

#endif
