/* SPDX-License-Identifier: ISC */
/*
 * The packet filter rules of a tunnel, as text for nft(8): a pure function of what is wanted.
 *
 * - nat: masquerading of what comes out of the tunnel, of a LAN into it, and of a LAN, and what has
 *   an address of the tunnel, out of the links while they stand in for it;
 * - into: with masquerading, what others send into the tunnel passes only if it is an answer, comes
 *   from a LAN of the tunnel's, or to a forwarded port;
 * - clamp: the MSS of TCP follows the route's MTU, and what a peer's paths carry without cutting;
 * - answers: a connection that came in over a link is marked (conntrack), and what answers it,
 *   this machine's own or forwarded, carries the link's mark and so leaves by its table;
 * - look-ups: questions for the server's name, also those of a forwarder on this machine, carry a
 *   mark of their own and so go by a link while there is no tunnel;
 * - leave: nothing that belongs into the tunnel leaves by a link, whatever routes and rules say;
 * or, where it may, not with an address that it has in the tunnel.
 */
#ifndef HAWSER_GUARD_NETWORK_RULESET_H
#define HAWSER_GUARD_NETWORK_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "guard/network/numbers.h"

/* A network that is reached over a link without a router. */
struct ruleset_near {
    const char *interface;
    struct netprefix prefix;
};

struct ruleset_link {
    const char *interface;
    unsigned slot;               /* of numbers_mark() */
    struct netaddr addresses[2]; /* family 0: none; tells links that share an interface apart */
};

/* What the marks of another tunnel have in common. */
struct ruleset_mark {
    uint32_t mark, mask;
};

/* What is routed to a peer. Of prefixes within others, the longest one counts. */
struct ruleset_fit {
    struct netprefix prefix;
    uint32_t mss_bytes; /* 0: the route's MTU says it */
};

/* All is borrowed. */
struct ruleset {
    const char *interface; /* of the tunnel */
    const struct numbers *numbers;
    bool masquerade; /* what comes out of the tunnel, which then is closed to others */
    bool mss_clamp;
    const struct ruleset_fit *fits; /* with mss_clamp */
    size_t fit_count;
    const char (*lans)[16]; /* interfaces that are masqueraded into the tunnel */
    size_t lan_count;
    bool lan_ipv6;                    /* their IPv6, too */
    const struct netprefix *accepted; /* sources that the peers take as they are */
    size_t accepted_count;
    bool direct;                 /* LANs may leave by links, masqueraded */
    const struct netprefix *own; /* with direct: addresses of the tunnel's device */
    size_t own_count;
    const struct ruleset_link *links;
    size_t link_count;
    bool answers;
    bool young; /* answers to flows of this machine's own may still be on their way */
    bool block;
    const struct netprefix *held; /* with block: what may not leave by a link */
    size_t held_count;
    const struct ruleset_mark *others; /* whose packets may leave, too */
    size_t other_count;
    const struct ruleset_near *near;
    size_t near_count;
    const char *const *names; /* that may be looked up past the tunnel; none: look-ups go into it */
    size_t name_count;
};

/* A script that replaces the table, the caller's to free; NULL: no memory. Empty: no table. */
char *ruleset_text(const struct ruleset *r);

#endif
