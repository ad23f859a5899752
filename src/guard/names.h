/* SPDX-License-Identifier: ISC */
/* Looking up the peers' names, and keeping their addresses. */
#ifndef HAWSER_GUARD_NAMES_H
#define HAWSER_GUARD_NAMES_H

#include "guard/state.h"

bool guard_names_open(struct guard *g, struct tstamp now); /* false: no memory */
/* Returns when to be called again at the latest. */
struct tstamp guard_names_tick(struct guard *g, struct tstamp now);
/* Writes what was not written yet. */
void guard_names_close(struct guard *g);

#endif
