/* SPDX-License-Identifier: ISC */
/* Which routes and rules a tunnel wants, and that the kernel has them. */
#ifndef HAWSER_GUARD_NETWORK_NETWORK_ROUTING_H
#define HAWSER_GUARD_NETWORK_NETWORK_ROUTING_H

#include "config/config.h"
#include "guard/network/network_state.h"

/* IPv6 to the Internet goes nowhere when IPv4 alone is led into the tunnel. */
bool network_blocks_ipv6(const struct config *c);

/* Of TCP's packets to and from a peer; 0: the MTU says it. */
uint32_t network_peer_mss(const struct network *n, size_t peer, uint8_t family);

/* 0 or negative errno; logged. */
int network_update_routing(struct network *n, const struct config *c);

#endif
