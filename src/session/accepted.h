/* SPDX-License-Identifier: ISC */
/*
 * What each side accepts from the other: the prefixes of its allowed-ips for that peer, told after
 * a handshake and when they change, until acknowledged. So the other side knows whether what it
 * forwards arrives under its own addresses.
 *
 * Guarantee: whatever the peer tells, and however often, the driver hears at most once a second of
 * it, and only of changes.
 */
#ifndef HAWSER_SESSION_ACCEPTED_H
#define HAWSER_SESSION_ACCEPTED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "wire/wire.h"

struct peer;

#define ACCEPTED_AGAIN_NS (2 * NS_PER_S) /* without any news of it, it is told again */
#define ACCEPTED_EVENT_NS NS_PER_S

void accepted_init(struct peer *p);
/* New keys: of another association, or of another daemon. */
void accepted_adopted(struct peer *p, struct tstamp now, bool new_association);
/* Our own may have changed. */
void accepted_tell(struct peer *p, struct tstamp now);
void accepted_told(struct peer *p, struct tstamp now, const struct wire_accepted *a);
/* The datagram with that serial was acknowledged or lost. */
void accepted_came_back(struct peer *p, struct tstamp now, uint16_t serial, bool acked);
void accepted_tick(struct peer *p, struct tstamp now);

#endif
