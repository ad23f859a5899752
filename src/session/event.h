/* SPDX-License-Identifier: ISC */
/*
 * What the core tells its driver.
 *
 * Guarantee: whatever a peer does, the driver hears of two changes a second of it, in bursts of 96.
 * What changed more often is told as it is in the end, and no change of another peer is lost for
 * it. What is no state (an address to look up, a rival, a stranger) is left out when the ring is
 * full; it comes again.
 */
#ifndef HAWSER_SESSION_EVENT_H
#define HAWSER_SESSION_EVENT_H

#include <stdbool.h>
#include <stdint.h>

struct core;
struct netaddr;
struct peer;

void event_peer(struct peer *p, bool up, const char *reason);
void event_path(struct peer *p, uint8_t path, bool up, const char *reason);
/* It became far slower than it was, or is no longer so. Rates of 0: not known. */
void event_slow(struct peer *p, uint8_t path, bool slow, uint64_t rate_bps, uint64_t usual_bps);
void event_resolve(struct peer *p);
/* Another machine calls with the peer's key from there. */
void event_rival(struct peer *p, const struct netaddr *from);
/* False: there was no room. */
bool event_accepted(struct peer *p);
void event_stranger(struct core *c, const uint8_t public_key[32], const struct netaddr *from);
/* Looks whether the MTU of what is routed to a peer has changed, and tells if so. */
void event_mtu(struct peer *p);
/* The same for the device, which has the largest of all peers' MTUs. */
void event_device_mtu(struct core *c);
/* Tells what had to wait. */
void event_tick(struct peer *p);
/* A peer is about to go: nothing is told of it any more. */
void event_forget(struct core *c, const struct peer *p);

#endif
