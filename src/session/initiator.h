/* SPDX-License-Identifier: ISC */
/* Calling a peer: see handshake.h. */
#ifndef HAWSER_SESSION_INITIATOR_H
#define HAWSER_SESSION_INITIATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"

struct core;
struct core_datagram;
struct keys;
struct peer;

void initiator_init(struct peer *p);
void initiator_free(struct peer *p);
/* The peer said goodbye: the next call is a little later. */
void initiator_later(struct peer *p, struct tstamp now, int64_t wait_ns);
/* Forgets a call under way, if there is one. */
void initiator_abandon(struct peer *p);
/* Something changed that may help: if there is no session, call now. */
void initiator_now(struct peer *p, struct tstamp now);
/* Somebody has a packet for a peer that is down: it is not called as rarely as otherwise. */
void initiator_wanted(struct peer *p, struct tstamp now);
void initiator_tick(struct peer *p, struct tstamp now);

/* The keys that a response brings, which the caller adopts for that peer; NULL: counted, or none.
 */
struct keys *initiator_response_rx(struct core *c, struct tstamp now, const struct core_datagram *d,
                                   struct peer **of);
void initiator_cookie_rx(struct core *c, struct tstamp now, const struct core_datagram *d);

#endif
