/* SPDX-License-Identifier: ISC */
#include "guard/network/network_routing.h"

#include <string.h>

#include "base/log.h"
#include "guard/network/network_links.h"
#include "guard/network/network_told.h"

enum {
    RULE_MAIN = 1,
    RULE_LOOKUP = 2,
    RULE_SOURCE = 3,
    RULE_TUNNEL = 4,
    WIDE_IPV4_LEN = 7, /* as config_is_wide() */
    WIDE_IPV6_LEN = 6,
    TCP_IPV4_HEADER_BYTES = 40,
    TCP_IPV6_HEADER_BYTES = 60,
};

bool network_blocks_ipv6(const struct config *c)
{
    return c->network.fallback == CONFIG_FALLBACK_BLOCK && config_takes_default(c, 4) &&
           !config_takes_default(c, 6);
}

uint32_t network_peer_mss(const struct network *n, size_t peer, uint8_t family)
{
    uint32_t fit_bytes = network_get_peer(n, peer).fit_bytes;
    uint32_t header_bytes = family == 4 ? TCP_IPV4_HEADER_BYTES : TCP_IPV6_HEADER_BYTES;
    return fit_bytes > header_bytes ? fit_bytes - header_bytes : 0;
}

static void want_unreachable(const struct network *n, const struct netprefix *to, struct routing *w)
{
    struct netif_route route = { .to = *to,
                                 .table = numbers_table(&n->numbers, NUMBERS_SLOT_TUNNEL),
                                 .metric = n->numbers.owner };
    routing_add_route(w, &route);
}

static void want_prefix(const struct network *n, const struct config *c, size_t peer,
                        const struct netprefix *to, struct routing *w)
{
    bool wide = config_is_wide(to);
    const struct network_link *link = wide ? network_stand_in(n, c, to->family) : NULL;
    struct netif_route route = { .to = *to,
                                 .index = n->index,
                                 .table = NETIF_TABLE_MAIN,
                                 .mtu_bytes = network_get_peer(n, peer).mtu_bytes,
                                 .advmss_bytes = network_peer_mss(n, peer, to->family) };
    if (wide)
        route.table = numbers_table(&n->numbers, NUMBERS_SLOT_TUNNEL);
    if (link != NULL) {
        route.index = link->index;
        route.mtu_bytes = 0;
        route.advmss_bytes = 0;
        route.gateway = link->ways[network_family_at(to->family)].gateway;
    }
    if (route.index != 0)
        routing_add_route(w, &route);
    if (c->network.fallback == CONFIG_FALLBACK_BLOCK)
        want_unreachable(n, to, w);
}

static void want_link(const struct network *n, const struct network_link *l, uint8_t family,
                      struct routing *w)
{
    const struct network_way *way = &l->ways[network_family_at(family)];
    unsigned slot = NUMBERS_SLOT_LINK + l->slot;
    /* IPv6 would rather take another interface's address than a deprecated one. */
    struct netif_route route = { .to = { .family = family },
                                 .gateway = way->gateway,
                                 .source = way->source,
                                 .index = l->index,
                                 .table = numbers_table(&n->numbers, slot) };
    struct netif_rule rule = { .family = family,
                               .priority = n->numbers.link_priority,
                               .mark = numbers_mark(&n->numbers, slot),
                               .mask = n->numbers.mask,
                               .table = route.table };
    if (l->index == 0 || !way->exists)
        return;
    routing_add_route(w, &route);
    routing_add_rule(w, &rule);
}

/* is_routed: something of the family goes by the tunnel's table. */
static void want_rules(const struct network *n, uint8_t family, bool is_routed, struct routing *w)
{
    const struct numbers *m = &n->numbers;
    struct netif_rule main_first = { .family = family,
                                     .priority = m->priority + RULE_MAIN,
                                     .table = NETIF_TABLE_MAIN,
                                     .suppresses = true,
                                     .suppressed_len =
                                         family == 4 ? WIDE_IPV4_LEN : WIDE_IPV6_LEN };
    struct netif_rule lookup = { .family = family,
                                 .priority = m->priority + RULE_LOOKUP,
                                 .mark = numbers_mark(m, NUMBERS_SLOT_LOOKUP),
                                 .mask = m->mask };
    /* A mark routes a packet anew, but with the source address of the route that it had before. */
    struct netif_rule question = { .family = family,
                                   .priority = m->priority + RULE_LOOKUP,
                                   .is_question = true };
    struct netif_rule tunnel = { .family = family,
                                 .priority = m->priority + RULE_TUNNEL,
                                 .mark = m->mark,
                                 .mask = numbers_common_mask(m),
                                 .not_mark = true,
                                 .table = numbers_table(m, NUMBERS_SLOT_TUNNEL) };
    const struct network_link *over =
        n->told.lookups ? network_link_of_slot(n, n->told.lookup_slot) : NULL;
    bool steers = over != NULL && over->ways[network_family_at(family)].exists;
    if (is_routed || steers)
        routing_add_rule(w, &main_first);
    if (steers) {
        lookup.table = numbers_table(m, NUMBERS_SLOT_LINK + over->slot);
        question.table = lookup.table;
        routing_add_rule(w, &lookup);
        routing_add_rule(w, &question);
    }
    if (is_routed)
        routing_add_rule(w, &tunnel);
}

/*
 * What has the address of a link is an answer, mostly: the packet filter marks those, and under
 * `fallback = block` drops the rest. But a program's packet needs a way before it gets there, also
 * while there is no tunnel.
 */
static void want_source_rules(const struct network *n, uint8_t family, struct routing *w)
{
    for (size_t i = 0; i < n->link_count; i++) {
        const struct network_way *way = &n->links[i].ways[network_family_at(family)];
        unsigned slot = NUMBERS_SLOT_LINK + n->links[i].slot;
        struct netif_rule rule = { .family = family,
                                   .priority = n->numbers.priority + RULE_SOURCE,
                                   .from = way->source,
                                   .table = numbers_table(&n->numbers, slot) };
        if (way->exists && way->source.family == family)
            routing_add_rule(w, &rule);
    }
}

static void want_all(const struct network *n, const struct config *c, struct routing *w)
{
    /* Says whose the table is, also when nothing else stands in it. */
    static const struct netprefix marker = { 4, 32, { 255, 255, 255, 255 } };
    static const struct netprefix all_ipv6 = { .family = 6 };
    bool is_routed[2] = { false, network_blocks_ipv6(c) };
    want_unreachable(n, &marker, w);
    for (size_t i = 0; c->network.routes && i < c->peer_count; i++) {
        const struct config_peer *p = &c->peers[i];
        for (size_t j = 0; j < p->allowed_count; j++) {
            want_prefix(n, c, i, &p->allowed[j], w);
            if (config_is_wide(&p->allowed[j]) || c->network.fallback == CONFIG_FALLBACK_BLOCK)
                is_routed[network_family_at(p->allowed[j].family)] = true;
        }
    }
    if (c->network.routes && network_blocks_ipv6(c))
        want_unreachable(n, &all_ipv6, w);
    for (uint8_t family = 4; family <= 6; family += 2) {
        for (size_t i = 0; i < n->link_count; i++)
            want_link(n, &n->links[i], family, w);
        is_routed[network_family_at(family)] =
            c->network.routes && is_routed[network_family_at(family)];
        want_rules(n, family, is_routed[network_family_at(family)], w);
        if (is_routed[network_family_at(family)])
            want_source_rules(n, family, w);
    }
}

/* What was there before and had to be added again, another program has removed. */
static void count_restored_routing(struct network *n, const struct routing_changes *changes)
{
    n->restored.count[RESTORED_ROUTES] += changes->routes_restored;
    n->restored.count[RESTORED_RULES] += changes->rules_restored;
}

int network_update_routing(struct network *n, const struct config *c)
{
    struct routing wanted = { 0 };
    struct routing_changes changes;
    want_all(n, c, &wanted);
    int err = routing_apply(&wanted, &n->applied, &n->numbers, n->index, &changes);
    if (err < 0) {
        log_warn("some routes or routing rules of %s cannot be set: %s", n->interface,
                 strerror(-err));
        routing_clear(&wanted);
        return err;
    }
    count_restored_routing(n, &changes);
    routing_clear(&n->applied);
    n->applied = wanted;
    return 0;
}
