/* SPDX-License-Identifier: ISC */
/*
 * A path in use while the bond has no traffic: when it beats, and what is done when the beats of
 * either side stay out. See beat.h for the idea and its guarantee, path_quiet() for the condition.
 */
#ifndef HAWSER_BOND_PATH_QUIET_H
#define HAWSER_BOND_PATH_QUIET_H

#include <stdint.h>

#include "base/tstamp.h"

struct path;
struct wire_ack;

/* When the silence of the peer is to be noticed; TSTAMP_NEVER: it was, or the path is not quiet. */
struct tstamp quiet_missing_at(const struct path *p);

/* Nothing came: ask, and tell the peer what came last, for only our direction may work. */
void quiet_notice_missing(struct path *p);

/*
 * An acknowledgement of our numbers up to largest. One that is older than a beat may be late, with
 * numbers missing behind it, is of a peer who tells that it misses us.
 */
void quiet_heed_ack(struct path *p, const struct wire_ack *ack, uint64_t largest);

#endif
