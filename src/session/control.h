/* SPDX-License-Identifier: ISC */
/*
 * Control datagrams: frames of the session's own, sealed at once and left in the outbox, and the
 * frames that come in.
 */
#ifndef HAWSER_SESSION_CONTROL_H
#define HAWSER_SESSION_CONTROL_H

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
bool control_send(struct peer *p, struct tstamp now, uint8_t path, const struct route *to,
                  const struct wire_frame_value *frames, size_t count, uint32_t tag);

/* A single frame without contents on the best path, so that the peer hears of new keys. */
void control_ping(struct peer *p, struct tstamp now);
/* Says goodbye on every open path. */
void control_goodbye(struct peer *p, struct tstamp now);
/* The same, as another machine has the session from now on. */
void control_goodbye_replaced(struct peer *p, struct tstamp now, const struct netaddr *by);
/* The frame that says so; features: of who is told. */
struct wire_frame_value control_replaced(uint8_t features, const struct netaddr *by);

/*
 * The plaintext of an authentic datagram that is not data. eliciting: holds anything but
 * acknowledgements, padding and CLOSE. False: malformed.
 */
bool control_scan(const uint8_t *plain, size_t len_bytes, bool *eliciting);
/* Its work is bounded: one answer to all challenges of a datagram, one acknowledgement and one
 * status of each path. */
void control_rx(struct peer *p, struct tstamp now, uint8_t path, const struct route *from,
                const uint8_t *plain, size_t len_bytes);

#endif
