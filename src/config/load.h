/* SPDX-License-Identifier: ISC */
/*
 * The configuration file of a tunnel: read and checked.
 *
 * config_load() gives either a configuration that is complete and consistent, defaults filled in,
 * or every error of the file at once, each with its line, what is wrong and what would be right. A
 * setting that this version does not carry out is an error, never ignored.
 */
#ifndef HAWSER_CONFIG_LOAD_H
#define HAWSER_CONFIG_LOAD_H

#include "config/config.h"

/*
 * Reads the file; out is to be freed with config_free() in any case. Returns 0, -EINVAL when the
 * file was read but is not right, or another negative errno (-ENOENT, -EACCES, ...). After any
 * failure errs holds at least one error.
 */
int config_load(struct config *out, const char *path, struct config_errors *errs);

/* The same for text in memory, without the check of the file's mode: for tests and fuzzing. */
int config_load_text(struct config *out, const char *text, size_t len_bytes,
                     struct config_errors *errs);

#endif
