/* SPDX-License-Identifier: ISC */
/*
 * What leaves: waiting small datagrams first, then MTU probes, then what the bonds of the peers
 * have to send, in turn, sealed into groups of equally long datagrams of one path.
 */
#ifndef HAWSER_SESSION_TRANSMIT_H
#define HAWSER_SESSION_TRANSMIT_H

#include <stdbool.h>

#include "base/tstamp.h"

struct core;
struct core_tx;
struct peer;

bool transmit_next(struct core *c, struct tstamp now, struct core_tx *out);
/* A peer is about to go, or its packet numbers begin again. */
void transmit_forget(struct core *c, const struct peer *p);

#endif
