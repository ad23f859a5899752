/* SPDX-License-Identifier: ISC */
/* What a change of the way to the Internet means for flows that are there (daemon/stale.h). */
#ifndef HAWSER_DAEMON_NETWORK_FLOWS_H
#define HAWSER_DAEMON_NETWORK_FLOWS_H

struct config;
struct netif_table;
struct network;

enum { NETWORK_WAY_UNKNOWN = -2 };

/*
 * Forgets the flows that were translated for another way than this one, as routes and rules now
 * say. way: as in struct stale_view, a link by its slot. 0 or negative errno.
 */
int network_flows_forget(const struct network *n, const struct config *c,
                         const struct netif_table *t, const int way[2]);

#endif
