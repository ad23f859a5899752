/* SPDX-License-Identifier: ISC */
/* What a change of the way to the Internet means for flows that are there (guard/network/stale.h).
 */
#ifndef HAWSER_GUARD_NETWORK_NETWORK_FLOWS_H
#define HAWSER_GUARD_NETWORK_NETWORK_FLOWS_H

#include "base/tstamp.h"
#include "config/config.h"
#include "guard/network/network_state.h"
#include "sys/netif.h"

enum { NETWORK_WAY_UNKNOWN = -2 };

/*
 * After every change of routes and rules: if the way to the Internet is another than the last time,
 * forgets the flows that were translated for another one. What fails is tried again by the next
 * call. A second later it does so once more: a packet that was on its way through the kernel
 * meanwhile may have begun a flow for the old one. way: as in struct stale_view, a link by its
 * slot; or NETWORK_WAY_UNKNOWN, then nothing is done.
 */
void network_flows_update(struct network *n, const struct config *c, const struct netif_table *t,
                          const int way[2], struct tstamp now);

#endif
