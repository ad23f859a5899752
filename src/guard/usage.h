/* SPDX-License-Identifier: ISC */
/*
 * What metered links have carried, in a small file that outlives restarts.
 *
 * The file is text, a line a link: name, month (as quota.h counts them), bytes. It is replaced as a
 * whole, so a crash leaves the old or the new one. Of a damaged file the lines that are right
 * count.
 */
#ifndef HAWSER_GUARD_USAGE_H
#define HAWSER_GUARD_USAGE_H

#include <stddef.h>

#include "config/config.h"
#include "config/quota.h"

enum { USAGE_LINKS_MAX = 2 * WIRE_PATHS_MAX };

struct usage_entry {
    char name[CONFIG_LINK_NAME_MAX + 1];
    struct quota_usage usage;
};

struct usage {
    struct usage_entry list[USAGE_LINKS_MAX];
    size_t count;
};

/* The usage of a link, begun with nothing; when there are too many, in place of the oldest. */
struct quota_usage *usage_of(struct usage *u, const char *name);

/* Adds what the text holds; returns how many lines were wrong. */
size_t usage_parse(struct usage *u, const char *text);

/*
 * u is cleared first. Returns 0, also when there is no file yet; -EBADMSG: some of it was damaged;
 * or another negative errno.
 */
int usage_load(struct usage *u, const char *path);
/* Makes the directory if it is missing. 0 or negative errno; then the file is as before. */
int usage_save(const struct usage *u, const char *path);

#endif
