/* SPDX-License-Identifier: ISC */
/* Binds packets to paths. Guarantee: sequences of the lanes are given here only, when a packet has
 * left its queue. */
#ifndef HAWSER_BOND_SEND_COMMIT_H
#define HAWSER_BOND_SEND_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pkt.h"
#include "base/tstamp.h"
#include "bond/send/sender.h"

/* Commits a bulk segment to path p (NULL: the best), and a copy to another (NULL: none). */
void commit_bulk(struct sender *snd, struct tstamp now, struct pkt *pkt, uint16_t seg,
                 struct path *p, struct path *copy);
/* Puts a whole small packet on the path where it arrives first, outside the lanes' order. */
void commit_express(struct sender *snd, struct tstamp now, struct pkt *pkt, bool with_copy);

#endif
