/* SPDX-License-Identifier: ISC */
#include "guard/network/network_filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "guard/network/network_routing.h"
#include "guard/network/network_told.h"
#include "guard/network/ruleset.h"
#include "sys/netif_route.h"
#include "sys/nft.h"

enum {
    NEAR_IPV4_LEN = 8, /* a network is not believed to be larger than that */
    NEAR_IPV6_LEN = 32,
    FITS_MAX = 256, /* prefixes of peers to which large packets are cut */
};

#define YOUNG_NS NS_PER_S /* answers that are on their way arrive within it */

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
    if (list != NULL && network_blocks_ipv6(c))
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
        for (size_t j = 0; network_get_peer(n, i).fit_bytes != 0 && j < c->peers[i].allowed_count;
             j++) {
            const struct netprefix *p = &c->peers[i].allowed[j];
            if (cut_count < FITS_MAX)
                list[cut_count++] = (struct ruleset_fit){ *p, network_peer_mss(n, i, p->family) };
        }
    *count = cut_count;
    for (size_t i = 0; cut_count > 0 && i < c->peer_count; i++)
        for (size_t j = 0; network_get_peer(n, i).fit_bytes == 0 && j < c->peers[i].allowed_count;
             j++) {
            const struct netprefix *p = &c->peers[i].allowed[j];
            if (*count < 2 * FITS_MAX && is_within_a_fit(p, list, cut_count))
                list[(*count)++] = (struct ruleset_fit){ .prefix = *p };
        }
    return list;
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
    if (err < 0)
        log_warn("routing rules of other tunnels: %s", strerror(-err));
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
    bool is_default =
        c->network.routes && (config_takes_default(c, 4) || config_takes_default(c, 6));
    struct ruleset r = { .interface = n->interface,
                         .numbers = &n->numbers,
                         .masquerade = c->network.nat,
                         .mss_clamp = c->network.mss_clamp,
                         .lans = c->network.lans,
                         .lan_count = c->network.lan_count,
                         .lan_ipv6 = config_has_address(c, 6),
                         .accepted = n->told.accepted,
                         .accepted_count = n->told.accepted_count,
                         .direct = c->network.fallback == CONFIG_FALLBACK_DIRECT,
                         .own = c->addresses,
                         .own_count = c->address_count,
                         .links = links,
                         .link_count = n->link_count,
                         .answers = is_default,
                         .young = !tstamp_reached(n->filter.young_until, now),
                         .block = c->network.fallback == CONFIG_FALLBACK_BLOCK };
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
    if (!n->told.lookups || n->link_count == 0)
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
    bool needed = c->network.nat || c->network.lan_count > 0;
    bool told = n->filter.failed && n->filter.needed == needed;
    const char *reason = err == -ENOENT     ? "there is no nft program: apt install nftables"
                         : error[0] != '\0' ? error
                                            : strerror(-err);
    if (!told && needed)
        log_error("%s = ... cannot be done: %s", c->network.nat ? "nat" : "lan", reason);
    else if (!told && c->network.fallback == CONFIG_FALLBACK_BLOCK)
        log_warn("fallback = block relies on routes alone, and mss-clamp is left out: %s", reason);
    else if (!told)
        log_warn("mss-clamp is left out: %s", reason);
    n->filter.failed = true;
    n->filter.needed = needed;
    return needed ? err : 0;
}

bool network_filter_changed(struct network *n)
{
    char table[NFT_TABLE_NAME_BYTES];
    struct nft_changes changes =
        nft_watch_drain(n->filter.nft_fd, nft_table_name(table, n->interface), n->filter.nft_by);
    n->filter.touched = n->filter.touched || (changes.ours && n->filter.ruleset != NULL);
    n->filter.others_changed = n->filter.others_changed || changes.others;
    return n->filter.touched;
}

int network_update_filter(struct network *n, const struct config *c, const struct netif_table *t,
                          struct tstamp now)
{
    char error[256] = "";
    int err;
    if (n->filter.touched || tstamp_is_never(n->filter.young_until))
        n->filter.young_until = tstamp_add(now, YOUNG_NS);
    char *text = describe_filter(n, c, t, now);
    if (text == NULL)
        return -ENOMEM;
    bool same = n->filter.ruleset != NULL && strcmp(text, n->filter.ruleset) == 0;
    if (same && !n->filter.touched && n->filter.nft_fd >= 0) {
        free(text);
        return 0;
    }
    err = text[0] != '\0' ? nft_run(text, error, sizeof error, &n->filter.nft_by)
                          : nft_remove(n->interface, &n->filter.nft_by);
    /* What stands there may be of another version, or somebody else's. */
    if (err == -EIO && nft_remove(n->interface, NULL) == 0)
        err = nft_run(text, error, sizeof error, &n->filter.nft_by);
    if (err < 0) {
        free(text);
        return filter_failed(n, c, err, error);
    }
    n->restored.count[RESTORED_FILTER] += n->filter.touched;
    n->filter.touched = false;
    network_filter_changed(n); /* what is told of this process is known now */
    n->filter.failed = false;
    free(n->filter.ruleset);
    n->filter.ruleset = text;
    return 0;
}

int network_end_filter(struct network *n)
{
    char table[NFT_TABLE_NAME_BYTES];
    int err = nft_remove(n->interface, &n->filter.nft_by);
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
