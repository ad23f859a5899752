/* SPDX-License-Identifier: ISC */
/*
 * What the core tells its driver.
 *
 * Guarantee: nothing vanishes. What finds no room among those that the driver has not taken yet is
 * told as soon as it takes one: a state as it is then, so that a newer one takes the place of an
 * older one that waits, and what is no state (an address to look up, another machine with the same
 * key, a stranger) once for all the times that it happened. The states of one peer, or of one path,
 * keep their order. A stranger is forgotten only for newer ones, of which there are eight.
 *
 * Whatever a peer does, the driver hears of two changes a second of it, in bursts of 96; what
 * changed more often is told as it is in the end.
 */
#ifndef HAWSER_SESSION_EVENT_H
#define HAWSER_SESSION_EVENT_H

#include <stdbool.h>
#include <stdint.h>

struct core;
struct peer;
struct state_event;

void event_peer(struct peer *p, bool up, const char *reason);
void event_path(struct peer *p, uint8_t path, bool up, const char *reason);
/* It became far slower than it was, or is no longer so. Rates of 0: not known. */
void event_slow(struct peer *p, uint8_t path, bool slow, uint64_t rate_bps, uint64_t usual_bps);
void event_resolve(struct peer *p);
/* Another machine calls with the peer's key, from lives.same_key_from. */
void event_same_key(struct peer *p);
void event_accepted(struct peer *p);
/* Strangers wait to be told. */
void event_stranger(struct core *c);
/* Looks whether the MTU of what is routed to a peer has changed, and tells if so. */
void event_mtu(struct peer *p);
/* The same for the device, which has the largest of what the peers were told. */
void event_device_mtu(struct core *c);
/* Tells what had to wait. */
void event_tick(struct peer *p);
/* The next one, which is taken: valid until something else happens. NULL: there is none. */
const struct state_event *event_next(struct core *c);
/* A peer is about to go: nothing is told of it any more. */
void event_forget(struct core *c, struct peer *p);

#endif
