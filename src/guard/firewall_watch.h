/* SPDX-License-Identifier: ISC */
/* Whether this machine's packet filter lets through what the tunnel needs. */
#ifndef HAWSER_GUARD_FIREWALL_WATCH_H
#define HAWSER_GUARD_FIREWALL_WATCH_H

#include "guard/state.h"

/* The rules or the configuration changed: they are looked through soon. */
void guard_firewall_recheck(struct guard *g, struct tstamp now);
/* Returns when to be called again at the latest. */
struct tstamp guard_firewall_tick(struct guard *g, struct tstamp now);
void guard_firewall_stop(struct guard *g);

#endif
