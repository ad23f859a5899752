/* SPDX-License-Identifier: ISC */
/*
 * The links of a tunnel as the guard sees them: which interface each goes over, whether it can be
 * used now, and its socket.
 *
 * A link has one number from its first appearance on, whatever comes and goes. A change is told as
 * a message, with a new socket when the old one no longer serves.
 */
#ifndef HAWSER_GUARD_NETWORK_LINKS_H
#define HAWSER_GUARD_NETWORK_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "config/config.h"
#include "guard/network/numbers.h"
#include "ipc/msg.h"
#include "sys/netif.h"

struct lookup_way;

struct link_slot {
    bool used;
    struct config_link config;
    uint32_t bound_index; /* of the interface that its socket is bound to; 0: none */
    struct msg_link told;
    bool is_told;
    bool is_away;               /* its interface does not exist */
    struct tstamp away_since;   /* with is_away */
    uint8_t choice;             /* enum msg_choice: by hand, over role and quota */
    struct quota_advice advice; /* for a link with a quota */
};

struct links {
    const char *tunnel;            /* borrowed: our own interface, which is never a link */
    const struct numbers *numbers; /* borrowed: of the sockets' marks; NULL: they have none */
    bool is_auto;
    bool is_idle; /* nobody is called, so no link is used */
    bool udp_gso; /* of the sockets: may be used */
    bool udp_gro;
    struct link_slot slots[WIRE_PATHS_MAX];
    /* fd: the new socket, which stays the caller's, or -1. False: it could not be told. */
    bool (*tell)(void *arg, const struct msg_link *link, int fd);
    void *arg;
    struct tstamp retry; /* a socket could not be opened, or a link is to be forgotten */
};

/* Takes the links of a configuration; those that keep their name and interface are not disturbed.
 */
void links_configure(struct links *l, const struct config *c);

/* With `links = auto`: the links that there are now. */
void links_discover(struct links *l, const struct netif_table *table);

/* The mark of a link's packets, by which they find its routing table; 0: none. */
uint32_t links_mark(const struct links *l, size_t slot);

/*
 * Tells what changed since it was told last; after links_discover(). A link that was found by
 * itself is forgotten when its interface has not been there for a minute, unless somebody chose how
 * it is used.
 */
void links_update(struct links *l, struct tstamp now, const struct netif_table *table);

/* The links over which names can be asked for now, told or not; out has room for each slot. After
 * links_discover(). */
size_t links_ways(const struct links *l, const struct netif_table *table, struct lookup_way *out);

/* A new engine knows nothing yet. */
void links_untold(struct links *l);

/* What was chosen by hand holds until it is taken back or the link is removed. False: no link. */
bool links_choose(struct links *l, const char *name, enum msg_choice choice);

#endif
