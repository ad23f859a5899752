/* SPDX-License-Identifier: ISC */
/*
 * Routes and routing rules. All that is added carries our own protocol number, so that what an
 * ended process left behind can be told from what others made.
 */
#ifndef HAWSER_SYS_NETIF_ROUTE_H
#define HAWSER_SYS_NETIF_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/netaddr.h"

enum { NETIF_PROTOCOL = 197, NETIF_TABLE_MAIN = 254 };

struct netif_route {
    struct netprefix to;    /* without host bits */
    struct netaddr gateway; /* family 0: on the link */
    uint32_t index;         /* of the interface */
    uint32_t table;
};

/* 0 or negative errno: -EEXIST when there is such a route. */
int netif_route_add(const struct netif_route *route);
/* The same in the place of another route to there, if there is one. */
int netif_route_replace(const struct netif_route *route);
/* 0 also when it is gone already. */
int netif_route_remove(const struct netif_route *route);

/* Removes our routes from the tables first .. last. */
int netif_routes_purge(uint32_t first, uint32_t last);

/*
 * True: somebody else uses a table of first .. last: it has routes that are not of our protocol, or
 * the first leads through another interface than the one named.
 */
bool netif_tables_taken(uint32_t first, uint32_t last, const char *own_interface);

/* "[not] fwmark MARK [oif INTERFACE] [uidrange UID-UID] lookup TABLE [suppress_prefixlength 0]" */
struct netif_rule {
    uint8_t family; /* 4 or 6 */
    uint32_t priority;
    uint32_t mark; /* 0: any */
    bool not_mark;
    const char *interface; /* NULL: any */
    uint32_t uid;          /* 0: any; root's own cannot be told apart */
    uint32_t table;
    bool no_default; /* default routes of the table do not count */
};

int netif_rule_add(const struct netif_rule *rule);

/* Removes our rules of the priorities first .. last, of both families. */
int netif_rules_purge(uint32_t first, uint32_t last);

#endif
