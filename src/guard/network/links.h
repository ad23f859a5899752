/* SPDX-License-Identifier: ISC */
/*
 * The links of a tunnel as the guard sees them: which interface each goes over, whether it can be
 * used now, and its socket. This module alone changes a link.
 *
 * A link has one number from its first appearance on, whatever comes and goes. A change is told as
 * a message, with a new socket when the old one no longer serves; nobody hears of another link
 * under a number before the end of the one that had it. The states, and what changes them:
 *
 *     FREE --(configured, or found)--> WAITING
 *     WAITING --(interface, address and route are there, and its socket is open)--> CUT or READY
 *     WAITING --(no socket)--> WAITING, and again after 5 s or at the next change
 *     CUT --(carrier, and an address)--> READY
 *     READY --(no carrier, or no address)--> CUT
 *     CUT, READY --(another index of the interface)--> the same, with another socket
 *     CUT, READY --(interface, configured address or route gone)--> WAITING
 *     CUT, READY --(configured for another interface or address; nobody is called)--> WAITING
 *     WAITING, CUT, READY --(removed; away for a minute; its number is needed)--> GONE
 *     GONE --(its end was told)--> FREE
 *     CUT, READY --(the engine is not there)--> WAITING, and GONE --> FREE
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

enum link_state {
    LINK_FREE,    /* the number is nobody's */
    LINK_WAITING, /* it cannot have a socket */
    LINK_CUT,     /* it has one, and nothing comes or goes */
    LINK_READY,
    LINK_GONE, /* the number is nobody's, which the engine does not know yet */
};

struct link_slot {
    enum link_state state;
    uint32_t socket_index; /* of the interface that its socket is bound to; 0: none */
    struct config_link config;
    bool is_told; /* the engine knows it, as told says */
    struct msg_link told;
    struct tstamp away_since;   /* its interface does not exist; NEVER: it does */
    uint8_t choice;             /* enum msg_choice: by hand, over role and quota */
    struct quota_advice advice; /* for a link with a quota */
};

/* A link has the number. */
static inline bool link_is_used(const struct link_slot *s)
{
    return s->state != LINK_FREE && s->state != LINK_GONE;
}

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
    bool due;            /* links_update() is to be called: a choice or an advice is another */
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
/* How a link with a quota is to be used, until another advice. */
void links_advise(struct links *l, size_t slot, const struct quota_advice *advice);

#endif
