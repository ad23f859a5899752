/* SPDX-License-Identifier: ISC */
/* What moves from the queues to the paths, and in which order. */
#ifndef HAWSER_BOND_SEND_PUMP_H
#define HAWSER_BOND_SEND_PUMP_H

#include "base/tstamp.h"
#include "bond/send/sender.h"

/* Moves what waits to the paths that have room for it. */
void pump(struct sender *snd, struct tstamp now);

#endif
