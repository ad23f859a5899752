/* SPDX-License-Identifier: ISC */
/*
 * The addresses of the peers' endpoints: numbers, names looked up without waiting, and what was
 * known before the start (addresses.h).
 *
 * An attempt asks for all names of a peer at once, over every link and the system's way, each
 * process being a program of its own (lookup_program.h). Its first address is told at once, and
 * every other as it comes. Attempts are repeated with growing pauses while a name is not found, at
 * once when the network changes, and when the peer does not answer.
 *
 * A forwarder on this machine sends its own packets, by a route that may be dead. So while no
 * session is up the system's way is tried over each link in turn: steer() has such packets sent
 * over it, and the question is put anew, twice, which makes forwarders ask again. (dnsmasq passes a
 * repeated question on if the first is 2 s old; unbound repeats it by itself, after 0.4, 0.8, 1.5,
 * 2.3 and 3.8 s.)
 */
#ifndef HAWSER_GUARD_LOOKUP_RESOLVE_H
#define HAWSER_GUARD_LOOKUP_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/tstamp.h"
#include "config/config.h"
#include "guard/lookup/addresses.h"
#include "guard/lookup/lookup.h"
#include "session/core.h"
#include "sys/loop.h"

enum { RESOLVER_TEXT_MAX = 255 };

struct resolver;

struct resolver_config {
    struct loop *loop;           /* borrowed */
    struct addresses *addresses; /* borrowed: kept ones, which the resolver brings up to date */
    uid_t uid;                   /* of the processes */
    gid_t gid;
    /* The addresses of a peer, best first: what was found, by the order of the configuration and
     * each endpoint in turn, then what is kept. */
    void (*found)(void *arg, const struct config_peer *peer, const struct netaddr *addrs,
                  size_t count);
    /* Which names of a peer are not found and why, when that changes; empty: all are. */
    void (*failing)(void *arg, const struct config_peer *peer, const char *text);
    /* addresses changed. */
    void (*kept)(void *arg);
    /* The links that can be asked over now; NULL: none. */
    size_t (*ways)(void *arg, struct lookup_way out[LOOKUP_WAYS_MAX]);
    /* Some peer is up; NULL: none ever. */
    bool (*is_online)(void *arg);
    /* Packets of a forwarder on this machine go over this link from now on; name NULL and slot -1:
     * as they would without us. NULL: they cannot be steered. */
    void (*steer)(void *arg, const char *name, int link_slot);
    void *arg;
};

/* NULL: no memory. */
struct resolver *resolver_new(const struct resolver_config *config);
void resolver_free(struct resolver *r);

/*
 * Takes the peers of a configuration, which must live until the next call, tells what is known of
 * them and looks their names up. Of numbers that a peer had in the configuration before (NULL:
 * there was none) nothing is told. 0 or -ENOMEM.
 */
int resolver_set_peers(struct resolver *r, struct tstamp now, const struct config *c,
                       const struct config *before);

/* Tells again what is known of every peer, to an engine that has started anew. */
void resolver_repeat(struct resolver *r);

/* A peer does not answer: looks its names up again, but not more often than every few seconds. */
void resolver_refresh(struct resolver *r, struct tstamp now, const uint8_t public_key[32]);

/* A path to it is up, at this address, which is the best from now on. */
void resolver_answered(struct resolver *r, const uint8_t public_key[32],
                       const struct netaddr *addr);

/* The network changed: the next tick tries at once what could not be looked up so far. It may be
 * called by a callback. */
void resolver_retry(struct resolver *r);

/* After SIGCHLD and at its deadline; returns the next one. */
struct tstamp resolver_tick(struct resolver *r, struct tstamp now);

#endif
