/* SPDX-License-Identifier: ISC */
/* The engine process: its start, its end, and whether it still answers. */
#ifndef HAWSER_GUARD_CHILD_H
#define HAWSER_GUARD_CHILD_H

#include "guard/state.h"

/* Starts the engine and tells it its configuration. 0 or negative errno; logged. */
int guard_engine_start(struct guard *g, struct tstamp now);
/* After SIGCHLD and at its deadline: restarts one that has ended, tells what the log left out. */
void guard_engine_tick(struct guard *g, struct tstamp now);
struct tstamp guard_engine_deadline(const struct guard *g);
/* It does not hear of changes yet: what it is told at its start is to stay as it is. */
bool guard_engine_starts(const struct guard *g);
/* Says goodbye and waits for its end, up to a limit. */
void guard_engine_stop(struct guard *g);

#endif
