/* SPDX-License-Identifier: ISC */
/*
 * The last addresses of the names that peers are called by, in a small file that outlives restarts:
 * a start without any name server begins with them.
 *
 * The file is text, a line an address: name, address; best first. Of a damaged file the lines that
 * are right count.
 */
#ifndef HAWSER_GUARD_LOOKUP_ADDRESSES_H
#define HAWSER_GUARD_LOOKUP_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/netaddr.h"
#include "session/core.h"

enum { ADDRESSES_NAMES_MAX = 128, ADDRESSES_EACH_MAX = CORE_ENDPOINTS_MAX };

struct addresses; /* in memory */

/* NULL: no memory. */
struct addresses *addresses_new(void);
void addresses_free(struct addresses *a);

/* Those of a name, best first, port 0; returns how many. */
size_t addresses_get(const struct addresses *a, const char *name,
                     struct netaddr out[ADDRESSES_EACH_MAX]);

/* A look-up found these: they come first, and others stay while there is room. When there are too
 * many names, the oldest makes room. True: something changed. */
bool addresses_found(struct addresses *a, const char *name, const struct netaddr *found,
                     size_t count);

/* The peer answered at this one, which comes first from now on; those that the last look-up did not
 * find are forgotten, if it found any. True: something changed. */
bool addresses_answered(struct addresses *a, const char *name, const struct netaddr *addr,
                        const struct netaddr *found, size_t count);

/* Adds what the text holds; returns how many lines were wrong. */
size_t addresses_parse(struct addresses *a, const char *text);

/* 0, also when there is no file yet; -EBADMSG: some of it was damaged; or another negative errno:
 * -EPERM when others can write the file, which is then not read. */
int addresses_load(struct addresses *a, const char *path);
int addresses_save(const struct addresses *a, const char *path);

#endif
