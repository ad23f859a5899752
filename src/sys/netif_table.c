/* SPDX-License-Identifier: ISC */
/* What a table of interfaces says, wherever it came from. */
#include <stdlib.h>
#include <string.h>

#include "sys/netif.h"
#include "sys/netif_route.h"

void netif_table_free(struct netif_table *t)
{
    free(t->list);
    free(t->addresses);
    free(t->defaults);
    *t = (struct netif_table){ 0 };
}

static bool same_info(const struct netif_info *a, const struct netif_info *b)
{
    return a->index == b->index && strcmp(a->name, b->name) == 0 && a->up == b->up &&
           a->carrier == b->carrier && a->mtu_bytes == b->mtu_bytes &&
           a->default_ipv4 == b->default_ipv4 && a->default_ipv6 == b->default_ipv6;
}

static bool same_address(const struct netif_address *a, const struct netif_address *b)
{
    return a->index == b->index && netaddr_equal(&a->addr, &b->addr) &&
           a->near.family == b->near.family && a->near.len == b->near.len &&
           memcmp(a->near.addr, b->near.addr, sizeof a->near.addr) == 0 &&
           a->deprecated == b->deprecated;
}

static bool same_default(const struct netif_default *a, const struct netif_default *b)
{
    return a->index == b->index && a->family == b->family && a->table == b->table &&
           a->metric == b->metric && netaddr_equal(&a->gateway, &b->gateway) &&
           netaddr_equal(&a->source, &b->source);
}

bool netif_table_equal(const struct netif_table *a, const struct netif_table *b)
{
    bool same = a->count == b->count && a->address_count == b->address_count &&
                a->default_count == b->default_count;
    for (size_t i = 0; same && i < a->count; i++)
        same = same_info(&a->list[i], &b->list[i]);
    for (size_t i = 0; same && i < a->address_count; i++)
        same = same_address(&a->addresses[i], &b->addresses[i]);
    for (size_t i = 0; same && i < a->default_count; i++)
        same = same_default(&a->defaults[i], &b->defaults[i]);
    return same;
}

struct netif_info *netif_find(const struct netif_table *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->list[i].name, name) == 0)
            return &t->list[i];
    return NULL;
}

struct netif_info *netif_find_index(const struct netif_table *t, uint32_t index)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->list[i].index == index)
            return &t->list[i];
    return NULL;
}

struct netaddr netif_address_of(const struct netif_table *t, uint32_t index, uint8_t family)
{
    struct netaddr second = { 0 };
    for (size_t i = 0; i < t->address_count; i++) {
        const struct netif_address *a = &t->addresses[i];
        if (a->index != index || a->addr.family != family)
            continue;
        if (!a->deprecated)
            return a->addr;
        if (second.family == 0)
            second = a->addr;
    }
    return second;
}

static const struct netif_address *find_address(const struct netif_table *t, uint32_t index,
                                                const struct netaddr *addr)
{
    for (size_t i = 0; i < t->address_count; i++)
        if (t->addresses[i].index == index && t->addresses[i].addr.family == addr->family &&
            memcmp(t->addresses[i].addr.addr, addr->addr, sizeof addr->addr) == 0)
            return &t->addresses[i];
    return NULL;
}

bool netif_has_address(const struct netif_table *t, uint32_t index, const struct netaddr *addr)
{
    return find_address(t, index, addr) != NULL;
}

/* How well a route fits packets of a source address, whose own entry is given (NULL: any). */
static unsigned route_fit(const struct netif_default *d, const struct netif_address *source)
{
    unsigned fit = d->table == NETIF_TABLE_MAIN ? 1 : 0;
    if (source == NULL)
        return fit;
    if (d->gateway.family != 0 &&
        netprefix_contains(&source->near, d->gateway.family, d->gateway.addr))
        fit += 2;
    if (netaddr_equal(&d->source, &source->addr))
        fit += 4;
    return fit;
}

const struct netif_default *netif_default_of(const struct netif_table *t, uint32_t index,
                                             uint8_t family, const struct netaddr *source)
{
    const struct netif_default *best = NULL;
    const struct netif_address *own =
        source->family == family ? find_address(t, index, source) : NULL;
    for (size_t i = 0; i < t->default_count; i++) {
        const struct netif_default *d = &t->defaults[i];
        if (d->index != index || d->family != family)
            continue;
        unsigned fit = route_fit(d, own);
        unsigned best_fit = best != NULL ? route_fit(best, own) : 0;
        if (best == NULL || fit > best_fit || (fit == best_fit && d->metric < best->metric))
            best = d;
    }
    return best;
}

/* Watch */
