/* SPDX-License-Identifier: ISC */
/*
 * Control datagrams that go out: frames of the session's own, sealed at once and left in the
 * outbox.
 */
#ifndef HAWSER_SESSION_SEND_H
#define HAWSER_SESSION_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "session/route.h"
#include "wire/wire.h"

struct peer;
struct keys;
struct netaddr;

/*
 * Sends frames on a path to an address; an address that is not validated gets no more than it is
 * allowed. tag: see bond_take_pn(). False: not sent.
 */
bool send_frames(struct peer *p, struct tstamp now, uint8_t path, const struct route *to,
                 const struct wire_frame_value *frames, size_t count, uint32_t tag);

/* A single frame without contents on the best path, so that the peer hears of new keys. */
void send_ping(struct peer *p, struct tstamp now);
/* Says goodbye on every open path. */
void send_goodbye(struct peer *p, struct tstamp now);
/* The same, as another machine has the session from now on. */
void send_goodbye_replaced(struct peer *p, struct tstamp now, const struct netaddr *by);
/* The frame that says so; features: of who is told. */
struct wire_frame_value send_replaced_frame(uint8_t features, const struct netaddr *by);

#endif
