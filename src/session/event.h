/* SPDX-License-Identifier: ISC */
/* What the core tells its driver: a ring; when nobody takes events the oldest are lost. */
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
void event_accepted(struct peer *p);
void event_stranger(struct core *c, const uint8_t public_key[32], const struct netaddr *from);
/* Looks whether the MTU of what is routed to a peer has changed, and tells if so. */
void event_mtu(struct peer *p);
/* The same for the device, which has the largest of all peers' MTUs. */
void event_device_mtu(struct core *c);
/* A peer is about to go: nothing is told of it any more. */
void event_forget(struct core *c, const struct peer *p);

#endif
