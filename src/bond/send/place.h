/* SPDX-License-Identifier: ISC */
/* Which paths a packet may take: what its policy says, and for single flows the one that they keep.
 */
#ifndef HAWSER_BOND_SEND_PLACE_H
#define HAWSER_BOND_SEND_PLACE_H

#include <stdint.h>

#include "base/pkt.h"
#include "base/tstamp.h"
#include "bond/send/sender.h"

/* Bit mask of the usable paths that a packet may take; 0: none, and it may not wait for one. Of a
 * packet of no policy ANY_PATH. */
uint32_t place_paths(struct sender *snd, struct tstamp now, const struct pkt *pkt);

#endif
