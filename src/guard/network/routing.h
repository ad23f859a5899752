/* SPDX-License-Identifier: ISC */
/*
 * The routes and routing rules that a tunnel wants, held against those that the kernel has.
 *
 * routing_apply() is the only thing that changes them: it adds what is missing and removes what is
 * no longer wanted, whatever the reason. So a start, a reload, a link that changed and somebody
 * else's interference are all the same to it, and doing it twice changes nothing.
 */
#ifndef HAWSER_GUARD_NETWORK_ROUTING_H
#define HAWSER_GUARD_NETWORK_ROUTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/network/numbers.h"
#include "sys/netif_route.h"

struct routing {
    struct netif_route *routes; /* owned, as the rules */
    size_t route_count;
    struct netif_rule *rules;
    size_t rule_count;
    bool no_memory; /* an addition failed */
};

void routing_add_route(struct routing *r, const struct netif_route *route);
void routing_add_rule(struct routing *r, const struct netif_rule *rule);
void routing_clear(struct routing *r);

/* What was wanted before, and had gone meanwhile. */
struct routing_changes {
    unsigned routes_restored;
    unsigned rules_restored;
};

/*
 * Makes the kernel's routes (those of the set's tables, and of the main table through the tunnel's
 * device) and rules be those wanted. before: what was wanted the last time that this succeeded.
 * device: its index, 0: there is none. 0 or the first negative errno; what can be done is done all
 * the same. Puts the routes of both into order.
 */
int routing_apply(struct routing *wanted, struct routing *before, const struct numbers *n,
                  uint32_t device, struct routing_changes *changes);

#endif
