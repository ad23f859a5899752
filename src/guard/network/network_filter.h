/* SPDX-License-Identifier: ISC */
/* The rules for packets of a tunnel (ruleset.h): which are wanted, and that nft has them. */
#ifndef HAWSER_GUARD_NETWORK_NETWORK_FILTER_H
#define HAWSER_GUARD_NETWORK_NETWORK_FILTER_H

#include "base/tstamp.h"
#include "config/config.h"
#include "guard/network/network_state.h"
#include "sys/netif.h"

/* Rules changed: network_update() is to be called if that is true. */
bool network_filter_changed(struct network *n);

/* 0, or negative errno when the tunnel cannot do without them; logged. */
int network_update_filter(struct network *n, const struct config *c, const struct netif_table *t,
                          struct tstamp now);

/* Removes them. 0 or negative errno; logged. */
int network_end_filter(struct network *n);

#endif
