/* SPDX-License-Identifier: ISC */
/*
 * Looking up the names of the peers' endpoints, without waiting: each look-up is a short-lived
 * unprivileged process, repeated with growing pauses while it fails.
 */
#ifndef HAWSER_DAEMON_RESOLVE_H
#define HAWSER_DAEMON_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/tstamp.h"
#include "daemon/config.h"
#include "session/core.h"
#include "sys/loop.h"

struct resolver;

struct resolver_config {
    struct loop *loop; /* borrowed */
    uid_t uid;         /* of the processes */
    gid_t gid;
    /* The addresses of a peer, numbers first in the order of the configuration. */
    void (*found)(void *arg, const struct config_peer *peer, const struct netaddr *addrs,
                  size_t count);
    void *arg;
};

/* NULL: no memory. */
struct resolver *resolver_new(const struct resolver_config *config);
void resolver_free(struct resolver *r);

/*
 * Takes the peers of a configuration, which must live until the next call, and looks all of them
 * up. 0 or -ENOMEM.
 */
int resolver_set_peers(struct resolver *r, struct tstamp now, const struct config *c);

/* Tells again what is known of every peer, to an engine that has started anew. */
void resolver_repeat(struct resolver *r);

/* A peer does not answer: looks its names up again, but not more often than every few seconds. */
void resolver_refresh(struct resolver *r, struct tstamp now, const uint8_t public_key[32]);

/* The network changed: what could not be looked up so far is tried at once. */
void resolver_retry(struct resolver *r, struct tstamp now);

/* After SIGCHLD and at its deadline; returns the next one. */
struct tstamp resolver_tick(struct resolver *r, struct tstamp now);

#endif
