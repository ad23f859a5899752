/* SPDX-License-Identifier: ISC */
/* What links with a quota have used. */
#ifndef HAWSER_GUARD_ACCOUNTS_H
#define HAWSER_GUARD_ACCOUNTS_H

#include "guard/state.h"

void guard_usage_open(struct guard *g);
/* After any change of links or of the engine: looks at each account, and tells the engine. */
void guard_usage_look(struct guard *g, struct tstamp now);
void guard_usage_add(struct guard *g, const struct msg_usage *m);
/* Returns when to be called again at the latest. */
struct tstamp guard_usage_tick(struct guard *g, struct tstamp now);
/* Writes what was not written yet. */
void guard_usage_close(struct guard *g);

#endif
