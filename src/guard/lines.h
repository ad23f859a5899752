/* SPDX-License-Identifier: ISC */
/* Lines in the log about peers: one that flaps does not fill it. */
#ifndef HAWSER_GUARD_LINES_H
#define HAWSER_GUARD_LINES_H

#include "guard/state.h"

/* Whether a change of the peer may be logged: one that flaps does not fill the log. */
bool guard_may_log(struct guard *g, struct tstamp now, const struct config_peer *p);
/* At g->lines.at: tells how many lines were left out, although no further one comes. */
void guard_log_left_out(struct guard *g, struct tstamp now);

#endif
