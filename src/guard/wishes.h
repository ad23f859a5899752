/* SPDX-License-Identifier: ISC */
/*
 * How links of peers are to be used, chosen by hand on this side: kept for as long as the daemon
 * runs and the peer is configured, also over a restart of the engine.
 */
#ifndef HAWSER_GUARD_WISHES_H
#define HAWSER_GUARD_WISHES_H

#include <stddef.h>

#include "config/config.h"
#include "ipc/msg.h"

enum { WISHES_MAX = 4096 };

struct wishes {            /* all zero: none */
    struct msg_wish *list; /* owned */
    size_t count;
};

/* One of ACTIVE is forgotten. 0, -ENOSPC (there are too many), -ENOMEM. */
int wishes_set(struct wishes *w, const struct msg_wish *wish);

/* Forgets those of peers that the configuration does not have. */
void wishes_keep(struct wishes *w, const struct config *c);

void wishes_free(struct wishes *w);

#endif
