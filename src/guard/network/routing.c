/* SPDX-License-Identifier: ISC */
#include "guard/network/routing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* The list with room for one more; it doubles at powers of two. NULL: no memory. */
static void *grow(void *list, size_t count, size_t item_bytes)
{
    if ((count & (count - 1)) != 0)
        return list;
    return realloc(list, (count == 0 ? 1 : 2 * count) * item_bytes);
}

void routing_add_route(struct routing *r, const struct netif_route *route)
{
    struct netif_route *list = grow(r->routes, r->route_count, sizeof *list);
    if (list == NULL) {
        r->no_memory = true;
        return;
    }
    r->routes = list;
    list[r->route_count++] = *route;
}

void routing_add_rule(struct routing *r, const struct netif_rule *rule)
{
    struct netif_rule *list = grow(r->rules, r->rule_count, sizeof *list);
    if (list == NULL) {
        r->no_memory = true;
        return;
    }
    r->rules = list;
    list[r->rule_count++] = *rule;
}

void routing_clear(struct routing *r)
{
    free(r->routes);
    free(r->rules);
    *r = (struct routing){ 0 };
}

/* Routes */

static bool is_ours(const struct netif_route *r, const struct numbers *n, uint32_t device)
{
    if (r->table == NETIF_TABLE_MAIN)
        return device != 0 && r->index == device;
    return r->table >= n->table && r->table < n->table + NUMBERS_SLOTS;
}

/* The kernel's routes that are this tunnel's. */
static size_t keep_ours(struct netif_route *list, size_t count, const struct numbers *n,
                        uint32_t device)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (is_ours(&list[i], n, device))
            list[kept++] = list[i];
    return kept;
}

/* 1: it was added, or put in the place of one of ours; 0: somebody else's leads there. */
static int set_route(const struct netif_route *route, bool in_place)
{
    char text[NETADDR_STRLEN];
    int err = in_place ? netif_route_replace(route) : netif_route_add(route);
    if (err == 0)
        return 1;
    log_debug("route to %s: %s", netprefix_format(&route->to, text), strerror(-err));
    return err == -EEXIST ? 0 : err; /* as the kernel's own to the address's network */
}

static bool was_wanted(const struct routing *before, const struct netif_route *route)
{
    const struct netif_route *found = before->route_count == 0
                                          ? NULL
                                          : bsearch(route, before->routes, before->route_count,
                                                    sizeof *route, netif_route_compare);
    return found != NULL && netif_route_equal(found, route);
}

/* Walks both lists, in the same order, side by side. */
static int apply_routes(const struct routing *wanted, const struct routing *before,
                        const struct netif_route *found, size_t count, unsigned *restored)
{
    int first_err = 0;
    size_t f = 0;
    for (size_t w = 0; w < wanted->route_count || f < count;) {
        int order = w == wanted->route_count ? 1
                    : f == count             ? -1
                                             : netif_route_compare(&wanted->routes[w], &found[f]);
        int err = 0;
        if (order > 0) {
            err = netif_route_remove(&found[f++]);
        } else {
            const struct netif_route *r = &wanted->routes[w++];
            if (order < 0 || !netif_route_equal(r, &found[f]))
                err = set_route(r, order == 0);
            if (err > 0 && was_wanted(before, r))
                ++*restored;
            f += order == 0;
        }
        if (err < 0 && first_err == 0)
            first_err = err;
    }
    return first_err;
}

/* Rules */

/* The kernel's rules that are this tunnel's. */
static size_t keep_our_rules(struct netif_rule *list, size_t count, const struct numbers *n)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (numbers_has_priority(n, list[i].priority))
            list[kept++] = list[i];
    return kept;
}

static bool has_rule(const struct netif_rule *list, size_t count, const struct netif_rule *r)
{
    for (size_t i = 0; i < count; i++)
        if (netif_rule_equal(&list[i], r))
            return true;
    return false;
}

static int apply_rules(const struct routing *wanted, const struct routing *before,
                       const struct netif_rule *found, size_t count, unsigned *restored)
{
    int first_err = 0;
    for (size_t i = 0; i < wanted->rule_count; i++) {
        const struct netif_rule *r = &wanted->rules[i];
        if (has_rule(found, count, r))
            continue;
        int err = netif_rule_add(r);
        if (err == 0 && has_rule(before->rules, before->rule_count, r))
            ++*restored;
        if (first_err == 0)
            first_err = err;
    }
    for (size_t i = 0; i < count; i++) {
        int err = has_rule(wanted->rules, wanted->rule_count, &found[i])
                      ? 0
                      : netif_rule_remove(&found[i]);
        if (first_err == 0)
            first_err = err;
    }
    return first_err;
}

static void sort_routes(struct netif_route *list, size_t count)
{
    if (count > 0)
        qsort(list, count, sizeof *list, netif_route_compare);
}

int routing_apply(struct routing *wanted, struct routing *before, const struct numbers *n,
                  uint32_t device, struct routing_changes *changes)
{
    struct netif_route *routes = NULL;
    struct netif_rule *rules = NULL;
    size_t route_count = 0;
    size_t rule_count = 0;
    *changes = (struct routing_changes){ 0 };
    if (wanted->no_memory)
        return -ENOMEM;
    int err = netif_routes_list(&routes, &route_count);
    if (err == 0) {
        route_count = keep_ours(routes, route_count, n, device);
        sort_routes(routes, route_count);
        sort_routes(wanted->routes, wanted->route_count);
        sort_routes(before->routes, before->route_count);
        err = apply_routes(wanted, before, routes, route_count, &changes->routes_restored);
    }
    int rules_err = netif_rules_list(n->link_priority, n->priority + NUMBERS_PRIORITIES_EACH - 1,
                                     &rules, &rule_count);
    if (rules_err == 0) {
        rule_count = keep_our_rules(rules, rule_count, n);
        rules_err = apply_rules(wanted, before, rules, rule_count, &changes->rules_restored);
    }
    free(routes);
    free(rules);
    return err < 0 ? err : rules_err;
}
