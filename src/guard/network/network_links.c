/* SPDX-License-Identifier: ISC */
#include "guard/network/network_links.h"

#include <string.h>

size_t network_family_at(uint8_t family)
{
    return family == 6;
}

/* The first address of the link in whose network the gateway is. */
static struct netaddr address_near(const struct netif_table *t, uint32_t index,
                                   const struct netaddr *gateway)
{
    for (size_t i = 0; i < t->address_count; i++)
        if (t->addresses[i].index == index &&
            netprefix_contains(&t->addresses[i].near, gateway->family, gateway->addr))
            return t->addresses[i].addr;
    return (struct netaddr){ 0 };
}

static struct network_way find_way(const struct netif_table *t, uint32_t index, uint8_t family,
                                   const struct config_link *c)
{
    struct network_way way = { .metric = UINT32_MAX };
    if (c->address.family == family)
        way.source = c->address;
    else if (c->gateway.family == family)
        way.source = address_near(t, index, &c->gateway);
    const struct netif_default *d = netif_default_of(t, index, family, &way.source);
    if (way.source.family == 0)
        way.source = netif_address_of(t, index, family);
    if (d != NULL)
        way.metric = d->metric;
    way.exists = d != NULL || c->gateway.family == family;
    way.gateway = c->gateway.family == family ? c->gateway : d != NULL ? d->gateway : way.gateway;
    return way;
}

/* Names that would mean something else to nft are no links. */
static bool is_plain(const char *interface)
{
    return strpbrk(interface, "\"*\\") == NULL;
}

void network_take_links(struct network *n, const struct links *l, const struct netif_table *t)
{
    n->link_count = 0;
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++) {
        const struct link_slot *s = &l->slots[i];
        const struct netif_info *found = netif_find(t, s->config.interface);
        if (!link_is_used(s) || !is_plain(s->config.interface))
            continue;
        struct network_link *link = &n->links[n->link_count++];
        *link = (struct network_link){ .slot = i };
        memcpy(link->interface, s->config.interface, sizeof link->interface);
        link->is_standby = s->config.role != WIRE_PATH_ACTIVE;
        if (found == NULL || !found->up)
            continue;
        link->index = found->index;
        link->ways[0] = find_way(t, found->index, 4, &s->config);
        link->ways[1] = find_way(t, found->index, 6, &s->config);
    }
}

/* The link that stands in for the tunnel: by role, then as the main table prefers. */
static const struct network_link *best_link(const struct network *n, uint8_t family)
{
    const struct network_link *best = NULL;
    for (size_t i = 0; i < n->link_count; i++) {
        const struct network_link *l = &n->links[i];
        const struct network_way *way = &l->ways[network_family_at(family)];
        if (l->index == 0 || !way->exists)
            continue;
        bool better = best == NULL || l->is_standby < best->is_standby ||
                      (l->is_standby == best->is_standby &&
                       way->metric < best->ways[network_family_at(family)].metric);
        if (better)
            best = l;
    }
    return best;
}

const struct network_link *network_stand_in(const struct network *n, const struct config *c,
                                            uint8_t family)
{
    bool direct = c->network.fallback == CONFIG_FALLBACK_DIRECT && !n->told.path_up;
    return direct ? best_link(n, family) : NULL;
}

const struct network_link *network_link_of_slot(const struct network *n, int slot)
{
    for (size_t i = 0; i < n->link_count; i++)
        if ((int)n->links[i].slot == slot)
            return &n->links[i];
    return NULL;
}
