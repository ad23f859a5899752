/* SPDX-License-Identifier: ISC */
/*
 * What an acknowledgement says of the numbers of a path. Guarantee: its cost is that of the numbers
 * that are in flight, or thought lost and watched, and of a word for 64 others.
 */
#ifndef HAWSER_BOND_PATH_ACKED_H
#define HAWSER_BOND_PATH_ACKED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/path/path.h"
#include "wire/wire.h"

/*
 * Marks what is in flight and came, with its times, and takes what was thought lost. largest: the
 * ack's number in full; came_ns: its time on the peer's clock. True: some were in flight.
 */
bool acked_mark(struct path *p, struct tstamp now, const struct wire_ack *ack, uint64_t largest,
                int64_t came_ns, const struct path_events *events);

/* Tells the rate control of a number that came, and of what left before it unacknowledged. */
void acked_tell_rate(struct path *p, const struct sent *s);

#endif
