/* SPDX-License-Identifier: ISC */
/* Files that the configuration consists of: each is opened and judged once. */
#ifndef HAWSER_CONFIG_FILES_H
#define HAWSER_CONFIG_FILES_H

#include <stddef.h>
#include <sys/stat.h>

#include "config/trust.h"

/*
 * Opens and reads at most cap_bytes of a regular file; what it is to st. Returns a buffer of
 * len_bytes, to be cleared and freed, or NULL with *error set; -EFBIG: it is longer, -EINVAL: it is
 * no file.
 */
char *config_read_file(const char *path, size_t cap_bytes, struct stat *st, size_t *len_bytes,
                       int *error);

/*
 * The one line of a file with a secret, at most cap_bytes - 1 bytes. Returns 0, -EINVAL (*why says
 * what is wrong with the file, as trust_file() does), -EMSGSIZE (longer than that, or not one
 * line), or another negative errno.
 */
int config_read_secret(const char *path, char *out, size_t cap_bytes, char why[TRUST_TEXT_BYTES]);

#endif
