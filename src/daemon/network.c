/* SPDX-License-Identifier: ISC */
#include "daemon/network.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/links.h"
#include "daemon/network_flows.h"
#include "daemon/ruleset.h"
#include "daemon/stale.h"
#include "sys/tun.h"

enum {
    RULE_MAIN = 1,
    RULE_LOOKUP = 2,
    RULE_SOURCE = 3,
    RULE_TUNNEL = 4,
    WIDE_IPV4_LEN = 7, /* as config_is_wide() */
    WIDE_IPV6_LEN = 6,
    NEAR_IPV4_LEN = 8, /* a network is not believed to be larger than that */
    NEAR_IPV6_LEN = 32,
    MTU_AT_START = 1420,
    TCP_IPV4_HEADER_BYTES = 40,
    TCP_IPV6_HEADER_BYTES = 60,
    FITS_MAX = 256, /* prefixes of peers to which large packets are cut */
    SETTINGS_MAX = 2 * WIRE_PATHS_MAX + 16,
};

#define AGAIN_NS (20 * NS_PER_MS)
#define YOUNG_NS NS_PER_S             /* answers that are on their way arrive within it */
#define TELL_AGAIN_NS (60 * NS_PER_S) /* that something was put back */

static void warn_failure(const char *what, int err)
{
    if (err < 0)
        log_warn("%s: %s", what, strerror(-err));
}

int network_begin(struct network *n, const struct config *c)
{
    *n = (struct network){ .lookup_slot = -1,
                           .young_until = TSTAMP_NEVER,
                           .told_at = TSTAMP_NEVER,
                           .flows_again = TSTAMP_NEVER,
                           .way = { NETWORK_WAY_UNKNOWN, NETWORK_WAY_UNKNOWN } };
    snprintf(n->interface, sizeof n->interface, "%s", c->interface);
    sysctl_file(n->settings_file);
    n->mtu_bytes = c->mtu_bytes != 0 ? c->mtu_bytes : MTU_AT_START;
    n->nft_fd = nft_watch_open();
    if (n->nft_fd < 0)
        log_debug("changes of packet filter rules are not told: %s", strerror(-n->nft_fd));
    int err = numbers_choose(&n->numbers, n->interface, c->mark, c->mark_mask);
    if (err == -EBUSY)
        log_error("no routing tables are left for %s: %d tunnels, or other programs, have all",
                  n->interface, NUMBERS_SETS);
    else if (err < 0)
        log_error("routes cannot be listed: %s", strerror(-err));
    return err;
}

void network_take_device(struct network *n)
{
    n->index = if_nametoindex(n->interface);
    n->device_is_new = true;
    n->address_count = 0;
    /* Older kernels have no such attribute before 4.16, and do with their own limit. */
    int err = netif_set_gso_max(n->index, TUN_GSO_BYTES_MAX);
    if (err < 0)
        log_debug("gso_max_size of %s: %s", n->interface, strerror(-err));
    warn_failure("the queue of the tunnel's interface",
                 netif_set_queue(n->index, TUN_QUEUE_PACKETS));
}

/* Links */

static size_t family_at(uint8_t family)
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

static void take_links(struct network *n, const struct links *l, const struct netif_table *t)
{
    n->link_count = 0;
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++) {
        const struct link_slot *s = &l->slots[i];
        const struct netif_info *found = netif_find(t, s->config.interface);
        if (!s->used || !is_plain(s->config.interface))
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
        const struct network_way *way = &l->ways[family_at(family)];
        if (l->index == 0 || !way->exists)
            continue;
        bool better = best == NULL || l->is_standby < best->is_standby ||
                      (l->is_standby == best->is_standby &&
                       way->metric < best->ways[family_at(family)].metric);
        if (better)
            best = l;
    }
    return best;
}

/* The link by which the Internet is reached now; NULL: by the tunnel. */
static const struct network_link *stand_in(const struct network *n, const struct config *c,
                                           uint8_t family)
{
    bool direct = c->fallback == CONFIG_FALLBACK_DIRECT && !n->path_up;
    return direct ? best_link(n, family) : NULL;
}

static const struct network_link *link_of_slot(const struct network *n, int slot)
{
    for (size_t i = 0; i < n->link_count; i++)
        if ((int)n->links[i].slot == slot)
            return &n->links[i];
    return NULL;
}

/* Routes and rules */

/* IPv6 to the Internet goes nowhere when IPv4 alone is led into the tunnel. */
static bool blocks_ipv6(const struct config *c)
{
    return c->fallback == CONFIG_FALLBACK_BLOCK && config_takes_default(c, 4) &&
           !config_takes_default(c, 6);
}

static void want_unreachable(const struct network *n, const struct netprefix *to, struct routing *w)
{
    struct netif_route route = { .to = *to,
                                 .table = numbers_table(&n->numbers, NUMBERS_SLOT_TUNNEL),
                                 .metric = n->numbers.owner };
    routing_add_route(w, &route);
}

/* Of TCP's packets to and from a peer; 0: the MTU says it. */
static uint32_t peer_mss(const struct network *n, size_t peer, uint8_t family)
{
    uint32_t fit_bytes = n->peer_fit_bytes[peer];
    uint32_t header_bytes = family == 4 ? TCP_IPV4_HEADER_BYTES : TCP_IPV6_HEADER_BYTES;
    return fit_bytes > header_bytes ? fit_bytes - header_bytes : 0;
}

static void want_prefix(const struct network *n, const struct config *c, size_t peer,
                        const struct netprefix *to, struct routing *w)
{
    bool wide = config_is_wide(to);
    const struct network_link *link = wide ? stand_in(n, c, to->family) : NULL;
    struct netif_route route = { .to = *to,
                                 .index = n->index,
                                 .table = NETIF_TABLE_MAIN,
                                 .mtu_bytes = n->peer_mtu_bytes[peer],
                                 .advmss_bytes = peer_mss(n, peer, to->family) };
    if (wide)
        route.table = numbers_table(&n->numbers, NUMBERS_SLOT_TUNNEL);
    if (link != NULL) {
        route.index = link->index;
        route.mtu_bytes = 0;
        route.advmss_bytes = 0;
        route.gateway = link->ways[family_at(to->family)].gateway;
    }
    if (route.index != 0)
        routing_add_route(w, &route);
    if (c->fallback == CONFIG_FALLBACK_BLOCK)
        want_unreachable(n, to, w);
}

static void want_link(const struct network *n, const struct network_link *l, uint8_t family,
                      struct routing *w)
{
    const struct network_way *way = &l->ways[family_at(family)];
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
    const struct network_link *over = n->lookups ? link_of_slot(n, n->lookup_slot) : NULL;
    bool steers = over != NULL && over->ways[family_at(family)].exists;
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
        const struct network_way *way = &n->links[i].ways[family_at(family)];
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
    bool is_routed[2] = { false, blocks_ipv6(c) };
    want_unreachable(n, &marker, w);
    for (size_t i = 0; c->routes && i < c->peer_count; i++) {
        const struct config_peer *p = &c->peers[i];
        for (size_t j = 0; j < p->allowed_count; j++) {
            want_prefix(n, c, i, &p->allowed[j], w);
            if (config_is_wide(&p->allowed[j]) || c->fallback == CONFIG_FALLBACK_BLOCK)
                is_routed[family_at(p->allowed[j].family)] = true;
        }
    }
    if (c->routes && blocks_ipv6(c))
        want_unreachable(n, &all_ipv6, w);
    for (uint8_t family = 4; family <= 6; family += 2) {
        for (size_t i = 0; i < n->link_count; i++)
            want_link(n, &n->links[i], family, w);
        is_routed[family_at(family)] = c->routes && is_routed[family_at(family)];
        want_rules(n, family, is_routed[family_at(family)], w);
        if (is_routed[family_at(family)])
            want_source_rules(n, family, w);
    }
}

/* What was there before and had to be added again, another program has removed. */
static void count_restored_routing(struct network *n, const struct routing_changes *changes)
{
    n->restored.count[RESTORED_ROUTES] += changes->routes_restored;
    n->restored.count[RESTORED_RULES] += changes->rules_restored;
}

static int update_routing(struct network *n, const struct config *c)
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

/* The device */

static bool has_prefix(const struct netprefix *list, size_t count, const struct netprefix *p)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].family == p->family && list[i].len == p->len &&
            memcmp(list[i].addr, p->addr, sizeof p->addr) == 0)
            return true;
    return false;
}

static int update_addresses(struct network *n, const struct config *c, const struct netif_table *t)
{
    char text[NETADDR_STRLEN];
    struct netprefix *next = calloc(c->address_count + 1, sizeof *next);
    if (next == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n->address_count; i++)
        if (!has_prefix(c->addresses, c->address_count, &n->addresses[i]))
            netif_remove_address(n->index, &n->addresses[i]);
    for (size_t i = 0; i < c->address_count; i++) {
        const struct netprefix *p = &c->addresses[i];
        struct netaddr addr = { .family = p->family };
        memcpy(addr.addr, p->addr, sizeof addr.addr);
        int added = netif_has_address(t, n->index, &addr) ? 0 : netif_add_address(n->index, p);
        if (added < 0) {
            log_error("address %s cannot be set on %s: %s", netprefix_format(p, text), n->interface,
                      strerror(-added));
            free(next);
            return added;
        }
        if (added > 0 && has_prefix(n->addresses, n->address_count, p))
            n->restored.count[RESTORED_ADDRESS]++;
        next[i] = *p;
    }
    free(n->addresses);
    n->addresses = next;
    n->address_count = c->address_count;
    return 0;
}

static int update_device(struct network *n, const struct config *c, const struct netif_table *t)
{
    const struct netif_info *found = netif_find(t, n->interface);
    bool is_new = n->device_is_new;
    if (found == NULL || found->index != n->index)
        return -ENODEV;
    if (found->mtu_bytes != n->mtu_bytes) {
        network_set_mtu(n, n->mtu_bytes);
        n->restored.count[RESTORED_MTU] += !is_new;
    }
    int err = found->up ? 0 : netif_set_up(n->index, true);
    if (err < 0) {
        log_error("%s cannot be set up: %s", n->interface, strerror(-err));
        return err;
    }
    n->restored.count[RESTORED_UP] += !found->up && !is_new;
    return update_addresses(n, c, t);
}

/* Packet filter */

static bool is_link(const struct network *n, const struct netif_info *i)
{
    for (size_t k = 0; k < n->link_count; k++)
        if (strcmp(n->links[k].interface, i->name) == 0)
            return true;
    return false;
}

/* The networks of the links; NULL: no memory. */
static struct ruleset_near *list_near(const struct network *n, const struct netif_table *t,
                                      size_t *count)
{
    struct ruleset_near *list = calloc(t->address_count + 1, sizeof *list);
    *count = 0;
    for (size_t i = 0; list != NULL && i < t->address_count; i++) {
        const struct netprefix *near = &t->addresses[i].near;
        const struct netif_info *on = netif_find_index(t, t->addresses[i].index);
        uint8_t least = near->family == 4 ? NEAR_IPV4_LEN : NEAR_IPV6_LEN;
        if (on != NULL && is_link(n, on) && near->len >= least)
            list[(*count)++] = (struct ruleset_near){ .interface = on->name, .prefix = *near };
    }
    return list;
}

/* What may not leave by a link; NULL: no memory. */
static struct netprefix *list_held(const struct config *c, size_t *count)
{
    size_t max = 1;
    for (size_t i = 0; i < c->peer_count; i++)
        max += c->peers[i].allowed_count;
    struct netprefix *list = calloc(max, sizeof *list);
    *count = 0;
    for (size_t i = 0; list != NULL && i < c->peer_count; i++)
        for (size_t j = 0; j < c->peers[i].allowed_count; j++)
            list[(*count)++] = c->peers[i].allowed[j];
    if (list != NULL && blocks_ipv6(c))
        list[(*count)++] = (struct netprefix){ .family = 6 };
    return list;
}

/* The names of the peers' endpoints; NULL: no memory. */
static const char **list_names(const struct config *c, size_t *count)
{
    const char **list = calloc(c->peer_count * CONFIG_ENDPOINTS_MAX + 1, sizeof *list);
    *count = 0;
    for (size_t i = 0; list != NULL && i < c->peer_count; i++)
        for (size_t j = 0; j < c->peers[i].endpoint_count; j++)
            if (c->peers[i].endpoints[j].addr.family == 0)
                list[(*count)++] = c->peers[i].endpoints[j].host;
    return list;
}

static bool is_within_a_fit(const struct netprefix *p, const struct ruleset_fit *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].prefix.len < p->len && netprefix_contains(&list[i].prefix, p->family, p->addr))
            return true;
    return false;
}

/*
 * The prefixes of peers to which large packets are cut, and those of other peers within them, as
 * many as a packet filter may have. What is beyond is cut, or has a smaller MSS than it could.
 * NULL: no memory.
 */
static struct ruleset_fit *list_fits(const struct network *n, const struct config *c, size_t *count)
{
    struct ruleset_fit *list = calloc(2 * FITS_MAX, sizeof *list);
    size_t cut_count = 0;
    for (size_t i = 0; list != NULL && i < c->peer_count; i++)
        for (size_t j = 0; n->peer_fit_bytes[i] != 0 && j < c->peers[i].allowed_count; j++) {
            const struct netprefix *p = &c->peers[i].allowed[j];
            if (cut_count < FITS_MAX)
                list[cut_count++] = (struct ruleset_fit){ *p, peer_mss(n, i, p->family) };
        }
    *count = cut_count;
    for (size_t i = 0; cut_count > 0 && i < c->peer_count; i++)
        for (size_t j = 0; n->peer_fit_bytes[i] == 0 && j < c->peers[i].allowed_count; j++) {
            const struct netprefix *p = &c->peers[i].allowed[j];
            if (*count < 2 * FITS_MAX && is_within_a_fit(p, list, cut_count))
                list[(*count)++] = (struct ruleset_fit){ .prefix = *p };
        }
    return list;
}

static bool has_address_of(const struct config *c, uint8_t family)
{
    for (size_t i = 0; i < c->address_count; i++)
        if (c->addresses[i].family == family)
            return true;
    return false;
}

/*
 * The marks of the machine's other tunnels, which go by links as ours do: of the rules for their
 * links, as mark = ... may choose any.
 */
static size_t list_others(const struct network *n, struct ruleset_mark *list, size_t max)
{
    struct netif_rule *rules = NULL;
    size_t rule_count = 0;
    size_t count = 0;
    int err = netif_rules_list(NUMBERS_LINK_FIRST, NUMBERS_LINK_LAST, &rules, &rule_count);
    warn_failure("routing rules of other tunnels", err);
    for (size_t i = 0; err == 0 && i < rule_count; i++) {
        const uint32_t common = numbers_without_slot(rules[i].mask);
        struct ruleset_mark mark = { rules[i].mark & common, common };
        bool known = common == 0 || rules[i].priority == n->numbers.link_priority;
        for (size_t k = 0; k < count; k++)
            known = known || (list[k].mark == mark.mark && list[k].mask == mark.mask);
        if (!known && count < max)
            list[count++] = mark;
    }
    free(rules);
    return count;
}

static char *describe_filter(const struct network *n, const struct config *c,
                             const struct netif_table *t, struct tstamp now)
{
    struct ruleset_link links[WIRE_PATHS_MAX];
    struct ruleset_mark others[NUMBERS_SETS];
    bool is_default = c->routes && (config_takes_default(c, 4) || config_takes_default(c, 6));
    struct ruleset r = { .interface = n->interface,
                         .numbers = &n->numbers,
                         .masquerade = c->nat,
                         .mss_clamp = c->mss_clamp,
                         .lans = c->lans,
                         .lan_count = c->lan_count,
                         .lan_ipv6 = has_address_of(c, 6),
                         .accepted = n->accepted,
                         .accepted_count = n->accepted_count,
                         .direct = c->fallback == CONFIG_FALLBACK_DIRECT,
                         .own = c->addresses,
                         .own_count = c->address_count,
                         .links = links,
                         .link_count = n->link_count,
                         .answers = is_default,
                         .young = !tstamp_reached(n->young_until, now),
                         .block = c->fallback == CONFIG_FALLBACK_BLOCK };
    for (size_t i = 0; i < n->link_count; i++)
        links[i] = (struct ruleset_link){ .interface = n->links[i].interface,
                                          .slot = NUMBERS_SLOT_LINK + n->links[i].slot,
                                          .addresses = { n->links[i].ways[0].source,
                                                         n->links[i].ways[1].source } };
    r.others = others;
    r.other_count = r.block ? list_others(n, others, NUMBERS_SETS) : 0;
    struct ruleset_near *near = list_near(n, t, &r.near_count);
    struct netprefix *held = list_held(c, &r.held_count);
    const char **names = list_names(c, &r.name_count);
    struct ruleset_fit *fits = list_fits(n, c, &r.fit_count);
    r.near = near;
    r.held = held;
    r.names = names;
    r.fits = fits;
    if (!n->lookups || n->link_count == 0)
        r.name_count = 0;
    bool complete = near != NULL && held != NULL && names != NULL && fits != NULL;
    char *text = complete ? ruleset_text(&r) : NULL;
    free(near);
    free(held);
    free(names);
    free(fits);
    return text;
}

/* What is lost without packet filter rules; 0: nothing that the tunnel could not do without. */
static int filter_failed(struct network *n, const struct config *c, int err, const char *error)
{
    bool needed = c->nat || c->lan_count > 0;
    bool told = n->filter_failed && n->filter_needed == needed;
    const char *reason = err == -ENOENT     ? "there is no nft program: apt install nftables"
                         : error[0] != '\0' ? error
                                            : strerror(-err);
    if (!told && needed)
        log_error("%s = ... cannot be done: %s", c->nat ? "nat" : "lan", reason);
    else if (!told && c->fallback == CONFIG_FALLBACK_BLOCK)
        log_warn("fallback = block relies on routes alone, and mss-clamp is left out: %s", reason);
    else if (!told)
        log_warn("mss-clamp is left out: %s", reason);
    n->filter_failed = true;
    n->filter_needed = needed;
    return needed ? err : 0;
}

bool network_filter_changed(struct network *n)
{
    char table[NFT_TABLE_NAME_BYTES];
    struct nft_changes changes =
        nft_watch_drain(n->nft_fd, nft_table_name(table, n->interface), n->nft_by);
    n->filter_touched = n->filter_touched || (changes.ours && n->ruleset != NULL);
    n->others_changed = n->others_changed || changes.others;
    return n->filter_touched;
}

static int update_filter(struct network *n, const struct config *c, const struct netif_table *t,
                         struct tstamp now)
{
    char error[256] = "";
    int err;
    if (n->filter_touched)
        n->young_until = tstamp_add(now, YOUNG_NS);
    char *text = describe_filter(n, c, t, now);
    if (text == NULL)
        return -ENOMEM;
    bool same = n->ruleset != NULL && strcmp(text, n->ruleset) == 0;
    if (same && !n->filter_touched && n->nft_fd >= 0) {
        free(text);
        return 0;
    }
    err = text[0] != '\0' ? nft_run(text, error, sizeof error, &n->nft_by)
                          : nft_remove(n->interface, &n->nft_by);
    /* What stands there may be of another version, or somebody else's. */
    if (err == -EIO && nft_remove(n->interface, NULL) == 0)
        err = nft_run(text, error, sizeof error, &n->nft_by);
    if (err < 0) {
        free(text);
        return filter_failed(n, c, err, error);
    }
    n->restored.count[RESTORED_FILTER] += n->filter_touched;
    n->filter_touched = false;
    network_filter_changed(n); /* what is told of this process is known now */
    n->filter_failed = false;
    free(n->ruleset);
    n->ruleset = text;
    return 0;
}

/* Kernel settings */

struct setting_list {
    struct sysctl_setting list[SETTINGS_MAX];
    size_t count;
};

/* FAMILY/conf/INTERFACE/NAME */
static void setting_key(char out[SYSCTL_KEY_MAX + 1], const char *family, const char *interface,
                        const char *name)
{
    snprintf(out, SYSCTL_KEY_MAX + 1, "net/%s/conf/%s/%s", family, interface, name);
}

static void want_key(struct setting_list *s, const char *key, const char *value)
{
    struct sysctl_setting *one = &s->list[s->count];
    if (s->count == SETTINGS_MAX)
        return;
    snprintf(one->key, sizeof one->key, "%s", key);
    snprintf(one->value, sizeof one->value, "%s", value);
    s->count++;
}

static void want_setting(struct setting_list *s, const char *family, const char *interface,
                         const char *name, const char *value)
{
    char key[SYSCTL_KEY_MAX + 1];
    setting_key(key, family, interface, name);
    want_key(s, key, value);
}

static int get_setting(const char *family, const char *interface, const char *name)
{
    char key[SYSCTL_KEY_MAX + 1];
    setting_key(key, family, interface, name);
    return sysctl_get(key);
}

/* With forwarding, the kernel no longer takes its own default route from router advertisements
 * unless it is told to. */
static void keep_advertised_routes(struct setting_list *s, const struct netif_table *t)
{
    static const char name[] = "accept_ra";
    if (get_setting("ipv6", "default", name) >= 1)
        want_setting(s, "ipv6", "default", name, "2"); /* of interfaces to come */
    for (size_t i = 0; i < t->count; i++)
        if (t->list[i].default_ipv6 && get_setting("ipv6", t->list[i].name, name) >= 1)
            want_setting(s, "ipv6", t->list[i].name, name, "2");
}

/* Strict reverse path filtering would drop what comes in by any link but the best one. */
static void relax_filter(struct setting_list *s, const char *interface)
{
    static const char name[] = "rp_filter";
    if (get_setting("ipv4", interface, name) >= 1 || get_setting("ipv4", "all", name) == 1)
        want_setting(s, "ipv4", interface, name, "2");
}

/* Between two peers there is no shorter way than the tunnel. An interface sends redirects if it or
 * "all" says so; the others keep their own word. */
static void refuse_redirects(struct setting_list *s, const char *tunnel)
{
    want_setting(s, "ipv4", "all", "send_redirects", "0");
    want_setting(s, "ipv4", tunnel, "send_redirects", "0");
    want_setting(s, "ipv4", tunnel, "accept_redirects", "0");
    want_setting(s, "ipv6", tunnel, "accept_redirects", "0");
}

static bool is_needed_by_others(const char *key)
{
    bool is_forwarding =
        strcmp(key, "net/ipv4/ip_forward") == 0 || strcmp(key, "net/ipv6/conf/all/forwarding") == 0;
    return is_forwarding && nft_others_forward();
}

static void update_settings(struct network *n, const struct config *c, const struct netif_table *t)
{
    struct setting_list s = { .count = 0 };
    unsigned put_back;
    for (size_t i = 0; i < n->link_count; i++)
        if (n->links[i].index != 0)
            relax_filter(&s, n->links[i].interface);
    if (n->index != 0)
        refuse_redirects(&s, n->interface);
    if (c->nat || c->lan_count > 0) {
        want_key(&s, "net/ipv4/ip_forward", "1");
        if (has_address_of(c, 6)) {
            keep_advertised_routes(&s, t);
            want_setting(&s, "ipv6", "all", "forwarding", "1");
        }
    }
    int err = sysctl_apply(n->settings_file, n->interface, s.list, s.count, is_needed_by_others,
                           &put_back);
    if (err < 0 && err != n->settings_err)
        log_warn("kernel settings cannot be changed, or noted in %s: %s", n->settings_file,
                 strerror(-err));
    n->settings_err = err;
    n->restored.count[RESTORED_SETTINGS] += n->device_is_new ? 0 : put_back;
}

/* Flows */

/* After routes and rules, by which those that are forgotten begin anew. */
static void update_flows(struct network *n, const struct config *c, const struct netif_table *t,
                         struct tstamp now)
{
    int way[2] = { NETWORK_WAY_UNKNOWN, NETWORK_WAY_UNKNOWN };
    for (uint8_t family = 4; family <= 6; family += 2) {
        const struct network_link *link = stand_in(n, c, family);
        if (c->routes && c->fallback == CONFIG_FALLBACK_DIRECT)
            way[family_at(family)] = link != NULL ? (int)link->slot : STALE_TUNNEL;
    }
    network_flows_update(n, c, t, way, now);
}

/* All together */

static void tell_restored(struct network *n, const struct restored *before, struct tstamp now)
{
    char what[160] = "";
    size_t at = 0;
    bool is_recent = !tstamp_is_never(n->told_at) && tstamp_sub(now, n->told_at) < TELL_AGAIN_NS;
    if (is_recent || memcmp(before, &n->restored, sizeof *before) == 0)
        return;
    for (unsigned i = 0; i < RESTORED_COUNT; i++)
        if (n->restored.count[i] > 0)
            at += (size_t)snprintf(what + at, sizeof what - at, "%s%s %u", at > 0 ? ", " : "",
                                   restored_name((enum restored_what)i), n->restored.count[i]);
    n->told_at = now;
    log_warn("another program changed what %s had set up, and it is put back (so often by now: %s)",
             n->interface, what);
}

int network_update(struct network *n, const struct config *c, const struct links *l,
                   const struct netif_table *t, struct tstamp now)
{
    struct restored before = n->restored;
    if (tstamp_is_never(n->young_until))
        n->young_until = tstamp_add(now, YOUNG_NS);
    take_links(n, l, t);
    int err = n->index != 0 ? update_device(n, c, t) : 0;
    if (err == -ENODEV)
        n->index = 0;
    /* Whatever becomes of the device, what must not leave by a link does not. */
    int routing_err = update_routing(n, c);
    int filter_err = update_filter(n, c, t, now);
    update_flows(n, c, t, now);
    update_settings(n, c, t);
    n->device_is_new = n->device_is_new && err < 0;
    tell_restored(n, &before, now);
    if (err < 0)
        return err;
    return routing_err < 0 ? routing_err : filter_err;
}

struct tstamp network_deadline(const struct network *n, struct tstamp now)
{
    /* Somebody else was at it while our own rules were put in place. */
    if (n->filter_touched && !n->filter_failed)
        return tstamp_add(now, AGAIN_NS);
    struct tstamp old_at = tstamp_reached(n->young_until, now) ? TSTAMP_NEVER : n->young_until;
    return tstamp_min(old_at, n->flows_again);
}

void network_set_mtu(struct network *n, uint32_t mtu_bytes)
{
    n->mtu_bytes = mtu_bytes;
    int err = n->index != 0 ? netif_set_mtu(n->index, mtu_bytes) : 0;
    if (err < 0)
        log_warn("MTU %u of %s: %s", mtu_bytes, n->interface, strerror(-err));
}

static int end_filter(struct network *n)
{
    char table[NFT_TABLE_NAME_BYTES];
    int err = nft_remove(n->interface, &n->nft_by);
    nft_table_name(table, n->interface);
    if (err == -ENOENT)
        log_error("table inet %s stays, and goes on filtering, as there is no nft program: apt "
                  "install nftables, then nft delete table inet %s",
                  table, table);
    else if (err < 0)
        log_error("whether table inet %s is gone is not known: see nft list tables, and end it "
                  "with nft delete table inet %s (%s)",
                  table, table, strerror(-err));
    return err;
}

int network_end(struct network *n)
{
    struct routing nothing = { 0 };
    struct routing_changes changes;
    unsigned put_back;
    if (n->interface[0] == '\0' || n->numbers.table == 0)
        return 0;
    int routing_err = routing_apply(&nothing, &n->applied, &n->numbers, n->index, &changes);
    warn_failure("removing routes and routing rules", routing_err);
    int filter_err = end_filter(n);
    int settings_err =
        sysctl_apply(n->settings_file, n->interface, NULL, 0, is_needed_by_others, &put_back);
    warn_failure("restoring kernel settings", settings_err);
    return routing_err < 0 ? routing_err : filter_err < 0 ? filter_err : settings_err;
}

void network_free(struct network *n)
{
    routing_clear(&n->applied);
    free(n->addresses);
    free(n->accepted);
    free(n->ruleset);
    if (n->nft_fd >= 0)
        close(n->nft_fd);
    *n = (struct network){ .nft_fd = -1 };
}
