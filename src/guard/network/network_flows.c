/* SPDX-License-Identifier: ISC */
#include "guard/network/network_flows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "guard/network/stale.h"
#include "sys/netif_route.h"

#define AGAIN_NS NS_PER_S

/* Owned. */
struct lists {
    struct netprefix *wide;
    struct netprefix *near;
    struct netprefix *inside;
    struct stale_address *outside;
};

static struct netprefix host(const struct netprefix *p)
{
    struct netprefix h = *p;
    h.len = p->family == 4 ? 32 : 128;
    return h;
}

static size_t list_wide(const struct config *c, struct netprefix **list)
{
    size_t count = 0;
    for (size_t i = 0; i < c->peer_count; i++)
        count += c->peers[i].allowed_count;
    *list = calloc(count + 1, sizeof **list);
    count = 0;
    for (size_t i = 0; *list != NULL && i < c->peer_count; i++)
        for (size_t j = 0; j < c->peers[i].allowed_count; j++)
            if (config_is_wide(&c->peers[i].allowed[j]))
                (*list)[count++] = c->peers[i].allowed[j];
    return count;
}

static bool is_lan(const struct config *c, const struct netif_table *t, uint32_t index)
{
    const struct netif_info *info = netif_find_index(t, index);
    for (size_t i = 0; info != NULL && i < c->network.lan_count; i++)
        if (strcmp(c->network.lans[i], info->name) == 0)
            return true;
    return false;
}

/* The tunnel's addresses, those that its peers take as they are, and all that is behind a LAN. */
static size_t list_inside(const struct network *n, const struct config *c,
                          const struct netif_table *t, const struct netif_route *routes,
                          size_t route_count, struct netprefix **list)
{
    size_t count = 0;
    *list = calloc(c->address_count + n->told.accepted_count + route_count + 1, sizeof **list);
    if (*list == NULL)
        return 0;
    for (size_t i = 0; i < c->address_count; i++)
        (*list)[count++] = host(&c->addresses[i]);
    for (size_t i = 0; i < n->told.accepted_count; i++)
        (*list)[count++] = n->told.accepted[i];
    for (size_t i = 0; i < route_count; i++)
        if (routes[i].table == NETIF_TABLE_MAIN && is_lan(c, t, routes[i].index))
            (*list)[count++] = routes[i].to;
    return count;
}

/* The link that sends from the address, else one on the interface; -1: none. */
static int link_of(const struct network *n, const struct netif_address *a)
{
    int on_it = -1;
    for (size_t i = 0; i < n->link_count; i++) {
        const struct network_link *l = &n->links[i];
        if (l->index == 0 || l->index != a->index)
            continue;
        if (netaddr_equal(&l->ways[a->addr.family == 6].source, &a->addr))
            return (int)l->slot;
        if (on_it < 0)
            on_it = (int)l->slot;
    }
    return on_it;
}

static size_t list_outside(const struct network *n, const struct netif_table *t,
                           struct stale_address **list)
{
    size_t count = 0;
    *list = calloc(t->address_count + 1, sizeof **list);
    for (size_t i = 0; *list != NULL && i < t->address_count; i++) {
        int link = link_of(n, &t->addresses[i]);
        if (link >= 0)
            (*list)[count++] = (struct stale_address){ t->addresses[i].addr, link };
    }
    return count;
}

static size_t list_near(const struct netif_route *routes, size_t count, struct netprefix **list)
{
    *list = calloc(count + 1, sizeof **list);
    for (size_t i = 0; *list != NULL && i < count; i++)
        (*list)[i] = routes[i].to;
    return count;
}

static bool is_stale(void *arg, const struct conntrack_flow *flow)
{
    return stale_is(arg, flow);
}

static int forget(struct stale_view *v)
{
    size_t count;
    int err = conntrack_forget(is_stale, v, &count);
    if (count > 0)
        log_debug("%zu flows that went another way begin anew", count);
    return err;
}

static int look_through(const struct network *n, const struct config *c,
                        const struct netif_table *t, const int way[2])
{
    struct lists l = { 0 };
    struct stale_view v = { .way = { way[0], way[1] } };
    struct netif_route *routes = NULL;
    size_t route_count = 0;
    int err = netif_near_routes_list(&routes, &route_count);
    v.wide_count = list_wide(c, &l.wide);
    v.near_count = list_near(routes, route_count, &l.near);
    v.inside_count = list_inside(n, c, t, routes, route_count, &l.inside);
    v.outside_count = list_outside(n, t, &l.outside);
    v.wide = l.wide;
    v.near = l.near;
    v.inside = l.inside;
    v.outside = l.outside;
    if (err == 0 && (l.wide == NULL || l.near == NULL || l.inside == NULL || l.outside == NULL))
        err = -ENOMEM;
    if (err == 0)
        err = forget(&v);
    free(routes);
    free(l.wide);
    free(l.near);
    free(l.inside);
    free(l.outside);
    return err;
}

void network_flows_update(struct network *n, const struct config *c, const struct netif_table *t,
                          const int way[2], struct tstamp now)
{
    bool is_new = way[0] != n->flows.way[0] || way[1] != n->flows.way[1];
    if (!is_new && !tstamp_reached(n->flows.again, now))
        return;
    int err = way[0] == NETWORK_WAY_UNKNOWN ? 0 : look_through(n, c, t, way);
    if (err < 0 && err != n->flows.err)
        log_warn("flows that go on when the tunnel comes or goes may be dead for minutes, as they "
                 "cannot be taken from the kernel's table (is nf_conntrack_netlink there?): %s",
                 strerror(-err));
    n->flows.err = err;
    n->flows.again = is_new && err == 0 ? tstamp_add(now, AGAIN_NS) : TSTAMP_NEVER;
    if (err == 0)
        memcpy(n->flows.way, way, sizeof n->flows.way);
}
