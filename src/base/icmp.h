/* SPDX-License-Identifier: ISC */
/* What a router tells the sender of a packet by ICMP (RFC 792, RFC 4443). */
#ifndef HAWSER_BASE_ICMP_H
#define HAWSER_BASE_ICMP_H

#include <stdint.h>

#include "base/pkt.h"

/*
 * A new packet that tells the sender of p, parsed, that mtu_bytes are the most: "fragmentation
 * needed" (RFC 1191) or "packet too big" (RFC 8201). A super-packet is told of as its first
 * segment. It comes from the address that p was to go to: an address of this machine's own would be
 * refused where it comes in from outside, and routes lead back there.
 *
 * NULL: there is no buffer, or p is none of those that are answered: malformed, IPv4 that may be
 * fragmented, a later fragment, itself an error of ICMP, from or to what is no single host.
 */
struct pkt *icmp_too_big(struct pkt_pool *pool, const struct pkt *p, uint32_t mtu_bytes);

#endif
