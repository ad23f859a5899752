/* SPDX-License-Identifier: ISC */
/* On which of a set of paths a packet would arrive first. Sets are bit masks of ids; which of them
 * a packet may take is asked elsewhere. */
#ifndef HAWSER_BOND_SEND_CHOOSE_H
#define HAWSER_BOND_SEND_CHOOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/send/sender.h"

/* A dearer path, which takes no bulk while the queue of the cheaper ones does not stand. */
bool choose_is_spare(const struct sender *snd, const struct path *p);
/* That one on which a packet that overtakes bulk would arrive first, or NULL. */
struct path *choose_express(struct sender *snd, struct tstamp now, uint32_t bytes, uint32_t among);
/* The same with room for a bulk packet; shared: of a flow that takes all paths alike. */
struct path *choose_bulk(struct sender *snd, struct tstamp now, uint32_t bytes, uint32_t among,
                         bool shared);
/* Of all of them the one on which a bulk packet would arrive first; and whether it has room. */
struct path *choose_first(struct sender *snd, struct tstamp now, uint32_t bytes, uint32_t among);
bool choose_has_room(const struct sender *snd, const struct path *p, struct tstamp now,
                     uint32_t among);
/* Where the next bulk packet, of no policy, goes, or NULL. */
struct path *choose_next_bulk(struct sender *snd, struct tstamp now, const struct pkt *next);

#endif
