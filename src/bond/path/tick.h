/* SPDX-License-Identifier: ISC */
/* What time does to a path: probes and beats that are due, answers that are overdue. */
#ifndef HAWSER_BOND_PATH_TICK_H
#define HAWSER_BOND_PATH_TICK_H

#include <stdbool.h>

#include "base/tstamp.h"
#include "bond/path/path.h"

/*
 * May set probe.wanted, beat.wanted or beat.tell, or change the state; true: it did. one_waits: one
 * number of the peer's is to be acknowledged, which tells it as much as a beat.
 */
bool path_tick(struct path *p, struct tstamp now, bool one_waits);
struct tstamp path_deadline(const struct path *p);

/* No other path is there: this one is used if it answers at all. True: its state changed. */
bool path_trust(struct path *p, struct tstamp now, bool one_waits);

#endif
