/* SPDX-License-Identifier: ISC */
/*
 * Flows that are translated for another way than they go now. What to make of a flow's addresses
 * is decided at its first packet. With `fallback = direct` the way of packets to the Internet
 * changes: into the tunnel, where an address of a LAN may stay as it is, or out by a link, where it
 * must become the link's. A flow that lives through the change would keep what was decided for the
 * other way, and be dead; so it is to be forgotten and decided anew.
 *
 * Told by its addresses alone, so it does not matter whose rules translated it, or when:
 * - in the tunnel, one with the address of a link, which it was given;
 * - on a link, one with an address from inside, or with that of another link, which it was given.
 * What this machine itself began with the address of a link stays on that link, and is left alone;
 * so is what goes to networks that are reached without the tunnel in any case.
 */
#ifndef HAWSER_GUARD_NETWORK_STALE_H
#define HAWSER_GUARD_NETWORK_STALE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/netaddr.h"
#include "sys/conntrack.h"

enum { STALE_TUNNEL = -1 };

/* An address of this machine on the interface of a link. */
struct stale_address {
    struct netaddr addr;
    int link; /* a number that tells links apart, 0 or greater */
};

/* All is borrowed. */
struct stale_view {
    int way[2];                   /* of IPv4 and IPv6 to the Internet: a link, or STALE_TUNNEL */
    const struct netprefix *wide; /* what goes that way */
    size_t wide_count;
    const struct netprefix *near; /* but not these */
    size_t near_count;
    const struct netprefix *inside; /* addresses that mean something in the tunnel alone */
    size_t inside_count;
    const struct stale_address *outside;
    size_t outside_count;
};

bool stale_is(const struct stale_view *v, const struct conntrack_flow *flow);

#endif
