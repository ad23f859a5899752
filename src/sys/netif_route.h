/* SPDX-License-Identifier: ISC */
/*
 * Routes and routing rules. All that is added carries our own protocol number, so that it can be
 * listed again and told from what others made, also by the next process.
 */
#ifndef HAWSER_SYS_NETIF_ROUTE_H
#define HAWSER_SYS_NETIF_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"

enum { NETIF_PROTOCOL = 197, NETIF_TABLE_MAIN = 254 };

struct netif_route {
    struct netprefix to;    /* without host bits */
    struct netaddr gateway; /* family 0: on the link; IPv4 may go by an IPv6 gateway */
    struct netaddr source; /* that packets get which have none yet; family 0: the kernel's choice */
    uint32_t index;        /* of the interface; 0: unreachable, what goes there is refused */
    uint32_t table;
    uint32_t metric;       /* lower ones go first; 0: the kernel's default */
    uint32_t mtu_bytes;    /* of packets to there; 0: the interface's */
    uint32_t advmss_bytes; /* the MSS that TCP from here asks those for; 0: by the MTU */
};

/* "[not] [from ADDRESS] [fwmark MARK/MASK] [iif lo ipproto udp dport 53] lookup TABLE
 * [suppress_prefixlength LENGTH]" */
struct netif_rule {
    uint8_t family; /* 4 or 6 */
    uint32_t priority;
    struct netaddr from; /* family 0: any; else that of the rule */
    uint32_t mark;       /* 0, with mask 0: any */
    uint32_t mask;
    bool not_mark;
    bool is_question; /* of this machine to a name server */
    uint32_t table;
    bool suppresses; /* routes to prefixes of suppressed_len or shorter do not count */
    uint8_t suppressed_len;
};

/* Whether the one does what the other does, as the kernel tells it. */
bool netif_route_equal(const struct netif_route *a, const struct netif_route *b);
bool netif_rule_equal(const struct netif_rule *a, const struct netif_rule *b);
/* As qsort(3) asks: an order by table, prefix and metric, of which the kernel has one route each.
 */
int netif_route_compare(const void *a, const void *b);

/* 0 or negative errno: -EEXIST when there is such a route. */
int netif_route_add(const struct netif_route *route);
/* The same in the place of another one to there of that table and metric. */
int netif_route_replace(const struct netif_route *route);
/* 0 also when it is gone already. */
int netif_route_remove(const struct netif_route *route);

/* 0 also when there is such a rule. */
int netif_rule_add(const struct netif_rule *rule);
/* 0 also when it is gone already. */
int netif_rule_remove(const struct netif_rule *rule);

/*
 * All routes of our protocol, and all rules of it with a priority of first .. last, of both
 * families. 0 or negative errno; the list is the caller's to free in any case.
 */
int netif_routes_list(struct netif_route **list, size_t *count);
int netif_rules_list(uint32_t first, uint32_t last, struct netif_rule **list, size_t *count);

/*
 * The same of all routes to single hosts and to networks, whoever made them, of the kernel's own
 * table (local) and the main one: those to prefixes longer than /7, for IPv6 /6. Only to, index (0
 * also when it has several) and table are set.
 */
int netif_near_routes_list(struct netif_route **list, size_t *count);

/* Somebody else uses a table of first .. last: it has routes that are not of our protocol. */
bool netif_tables_taken(uint32_t first, uint32_t last);

#endif
