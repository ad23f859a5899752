/* SPDX-License-Identifier: ISC */
#include "daemon/network.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/sysctl.h"
#include "sys/netif_route.h"
#include "sys/nft.h"
#include "sys/tun.h"

enum {
    TABLE_BASE = 0x68770000, /* "hw": far from the numbers that people choose */
    TABLES_EACH = 64,        /* the tunnel's, then one a link */
    SETS = 1024,
    SETS_TRIED = 16,
    PRIORITY_BASE = 10000,
    PRIORITIES_EACH = 4,
    RULE_LINK = 0,  /* order of the rules, from the set's first priority on */
    RULE_NAMES = 1, /* beside RULE_MAIN */
    RULE_MAIN = 1,
    RULE_TUNNEL = 2,
    MTU_AT_START = 1420,
};

/* FNV-1a, 32 bits */
static uint32_t hash_name(const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name != '\0'; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h;
}

/* The first set of tables, by the interface's name, that nobody else uses. */
static void choose_numbers(struct network *n)
{
    uint32_t first = hash_name(n->interface) % SETS;
    for (uint32_t i = 0; i < SETS_TRIED; i++) {
        uint32_t set = (first + i) % SETS;
        n->table = TABLE_BASE + set * TABLES_EACH;
        n->priority = PRIORITY_BASE + set * PRIORITIES_EACH;
        if (!netif_tables_taken(n->table, n->table + TABLES_EACH - 1, n->interface))
            return;
    }
    log_warn("all routing tables for %s are in use: sharing table %u", n->interface, n->table);
}

static void warn_failure(const char *what, int err)
{
    if (err < 0)
        log_warn("%s: %s", what, strerror(-err));
}

static void remove_rules_and_tables(const struct network *n)
{
    warn_failure("removing routing rules",
                 netif_rules_purge(n->priority, n->priority + PRIORITIES_EACH - 1));
    warn_failure("removing routes", netif_routes_purge(n->table, n->table + TABLES_EACH - 1));
}

void network_begin(struct network *n, const struct config *c, uint32_t resolver_uid)
{
    *n = (struct network){ .resolver_uid = resolver_uid };
    snprintf(n->interface, sizeof n->interface, "%s", c->interface);
    snprintf(n->restore_file, sizeof n->restore_file, "%s.restore", c->control);
    choose_numbers(n);
    remove_rules_and_tables(n);
    warn_failure("removing packet filter rules", nft_remove(n->interface));
    warn_failure("restoring kernel settings", sysctl_restore(n->restore_file));
}

/* Addresses */

static bool has_prefix(const struct netprefix *list, size_t count, const struct netprefix *p)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].family == p->family && list[i].len == p->len &&
            memcmp(list[i].addr, p->addr, sizeof p->addr) == 0)
            return true;
    return false;
}

static int apply_addresses(const struct network *n, const struct config *c,
                           const struct config *old)
{
    char text[NETADDR_STRLEN];
    for (size_t i = 0; old != NULL && i < old->address_count; i++)
        if (!has_prefix(c->addresses, c->address_count, &old->addresses[i]))
            netif_remove_address(n->index, &old->addresses[i]);
    for (size_t i = 0; i < c->address_count; i++) {
        int err = netif_add_address(n->index, &c->addresses[i]);
        if (err < 0) {
            log_error("address %s cannot be set on %s: %s",
                      netprefix_format(&c->addresses[i], text), n->interface, strerror(-err));
            return err;
        }
    }
    return 0;
}

/* Routes */

static uint32_t route_table(const struct network *n, const struct netprefix *p)
{
    return p->len == 0 ? n->table : (uint32_t)NETIF_TABLE_MAIN;
}

static int add_rules(struct network *n, uint8_t family)
{
    struct netif_rule main_first = { .family = family,
                                     .priority = n->priority + RULE_MAIN,
                                     .table = NETIF_TABLE_MAIN,
                                     .no_default = true };
    struct netif_rule then_tunnel = { .family = family,
                                      .priority = n->priority + RULE_TUNNEL,
                                      .mark = n->table,
                                      .not_mark = true,
                                      .table = n->table };
    struct netif_rule names = { .family = family,
                                .priority = n->priority + RULE_NAMES,
                                .uid = n->resolver_uid,
                                .table = NETIF_TABLE_MAIN };
    bool *has = &n->has_rules[family == 6];
    if (*has)
        return 0;
    int err = netif_rule_add(&main_first);
    if (err == 0)
        err = netif_rule_add(&names);
    if (err == 0)
        err = netif_rule_add(&then_tunnel);
    *has = err == 0;
    return err;
}

static void add_route(struct network *n, const struct netprefix *p)
{
    struct netif_route route = { .to = *p, .index = n->index, .table = route_table(n, p) };
    char text[NETADDR_STRLEN];
    int err = netif_route_add(&route);
    if (err == 0 && p->len == 0)
        err = add_rules(n, p->family);
    if (err == -EEXIST) {
        /* The address's own prefix is there already, by the kernel. */
        log_debug("route to %s is there already", netprefix_format(p, text));
    } else if (err < 0) {
        log_warn("route to %s through %s cannot be set: %s", netprefix_format(p, text),
                 n->interface, strerror(-err));
    }
}

static void remove_route(const struct network *n, const struct netprefix *p)
{
    struct netif_route route = { .to = *p, .index = n->index, .table = route_table(n, p) };
    warn_failure("removing a route", netif_route_remove(&route));
}

static size_t count_allowed(const struct config *c)
{
    size_t count = 0;
    for (size_t i = 0; i < c->peer_count; i++)
        count += c->peers[i].allowed_count;
    return c->routes ? count : 0;
}

static int apply_routes(struct network *n, const struct config *c)
{
    size_t count = 0;
    struct netprefix *next = calloc(count_allowed(c) + 1, sizeof *next);
    if (next == NULL)
        return -ENOMEM;
    for (size_t i = 0; c->routes && i < c->peer_count; i++) {
        const struct config_peer *p = &c->peers[i];
        memcpy(next + count, p->allowed, p->allowed_count * sizeof *next);
        count += p->allowed_count;
    }
    for (size_t i = 0; i < n->route_count; i++)
        if (!has_prefix(next, count, &n->routes[i]))
            remove_route(n, &n->routes[i]);
    for (size_t i = 0; i < count; i++)
        if (!has_prefix(n->routes, n->route_count, &next[i]))
            add_route(n, &next[i]);
    free(n->routes);
    n->routes = next;
    n->route_count = count;
    return 0;
}

/* Filter and forwarding */

static int apply_filter(struct network *n, const struct config *c)
{
    char error[256] = "";
    struct nft_rules rules = { .interface = n->interface,
                               .masquerade = c->nat,
                               .mss_clamp = c->mss_clamp };
    int err;
    if (!c->nat && !c->mss_clamp)
        err = n->filtered ? nft_remove(n->interface) : 0;
    else
        err = nft_apply(&rules, error, sizeof error);
    n->filtered = err == 0 && (c->nat || c->mss_clamp);
    if (err == 0)
        return 0;
    if (err == -ENOENT)
        snprintf(error, sizeof error, "there is no nft program: apt install nftables");
    if (!c->nat) {
        log_warn("mss-clamp is left out: %s", error);
        return 0;
    }
    log_error("nat = yes cannot be done: %s", error);
    return err;
}

/* With forwarding, the kernel no longer takes its own default route from router advertisements
 * unless it is told to. */
static void keep_advertised_routes(const struct network *n)
{
    static const char to_come[] = "net/ipv6/conf/default/accept_ra"; /* of interfaces to come */
    char key[96];
    struct netif_table table;
    if (sysctl_get(to_come) == 1)
        warn_failure(to_come, sysctl_set(n->restore_file, to_come, "2"));
    if (netif_dump(&table) == 0) {
        for (size_t i = 0; i < table.count; i++) {
            snprintf(key, sizeof key, "net/ipv6/conf/%s/accept_ra", table.list[i].name);
            if (table.list[i].default_ipv6 && sysctl_get(key) == 1)
                warn_failure(key, sysctl_set(n->restore_file, key, "2"));
        }
    }
    netif_table_free(&table);
}

static void apply_forwarding(const struct network *n, const struct config *c)
{
    bool ipv6 = false;
    if (!c->nat)
        return;
    for (size_t i = 0; i < c->address_count; i++)
        ipv6 = ipv6 || c->addresses[i].family == 6;
    warn_failure("net.ipv4.ip_forward", sysctl_set(n->restore_file, "net/ipv4/ip_forward", "1"));
    if (!ipv6)
        return;
    keep_advertised_routes(n);
    warn_failure("net.ipv6.conf.all.forwarding",
                 sysctl_set(n->restore_file, "net/ipv6/conf/all/forwarding", "1"));
}

int network_apply(struct network *n, const struct config *c, const struct config *old)
{
    uint32_t mtu_bytes = c->mtu_bytes != 0 ? c->mtu_bytes : MTU_AT_START;
    int err;
    if (n->index == 0) {
        n->index = if_nametoindex(n->interface);
        /* Older kernels have no such attribute before 4.16, and do with their own limit. */
        int gso_err = netif_set_gso_max(n->index, TUN_GSO_BYTES_MAX);
        if (gso_err < 0)
            log_debug("gso_max_size of %s: %s", n->interface, strerror(-gso_err));
        warn_failure("the queue of the tunnel's interface",
                     netif_set_queue(n->index, TUN_QUEUE_PACKETS));
    }
    if (old == NULL)
        network_set_mtu(n, mtu_bytes);
    if ((err = apply_addresses(n, c, old)) < 0)
        return err;
    if (old == NULL && (err = netif_set_up(n->index, true)) < 0) {
        log_error("%s cannot be set up: %s", n->interface, strerror(-err));
        return err;
    }
    if ((err = apply_routes(n, c)) < 0)
        return err;
    if (old != NULL && old->nat == c->nat && old->mss_clamp == c->mss_clamp)
        return 0;
    if (old != NULL && old->nat && !c->nat)
        warn_failure("restoring kernel settings", sysctl_restore(n->restore_file));
    if ((err = apply_filter(n, c)) < 0)
        return err;
    apply_forwarding(n, c);
    return 0;
}

void network_set_mtu(struct network *n, uint32_t mtu_bytes)
{
    int err = netif_set_mtu(n->index, mtu_bytes);
    if (err < 0)
        log_warn("MTU %u of %s: %s", mtu_bytes, n->interface, strerror(-err));
}

/* Links */

/* Strict reverse path filtering would drop what comes in by any link but the best one. */
static void relax_filter(const struct network *n, const char *interface)
{
    char key[96];
    snprintf(key, sizeof key, "net/ipv4/conf/%s/rp_filter", interface);
    int all = sysctl_get("net/ipv4/conf/all/rp_filter");
    int own = sysctl_get(key);
    if ((all == 1 || own == 1) && all != 2 && own != 2)
        warn_failure(key, sysctl_set(n->restore_file, key, "2"));
}

static void link_table(const struct network *n, const struct config_link *link, uint32_t table,
                       uint32_t index)
{
    struct netif_route route = { .to = { .family = link->gateway.family },
                                 .gateway = link->gateway,
                                 .index = index,
                                 .table = table };
    struct netif_rule rule = { .family = link->gateway.family,
                               .priority = n->priority + RULE_LINK,
                               .mark = n->table,
                               .interface = link->interface,
                               .table = table };
    /* There may be one through the interface that had the name before. */
    int err = netif_route_replace(&route);
    if (err == 0)
        err = netif_rule_add(&rule);
    if (err < 0 && err != -ENETDOWN)
        log_warn("link %s: the route to its gateway cannot be set: %s", link->name, strerror(-err));
}

void network_links(struct network *n, const struct config *c, const struct netif_table *table)
{
    for (size_t i = 0; i < c->link_count; i++) {
        const struct config_link *link = &c->links[i];
        const struct netif_info *found = netif_find(table, link->interface);
        if (found == NULL)
            continue;
        relax_filter(n, link->interface);
        if (link->gateway.family != 0 && found->up)
            link_table(n, link, n->table + 1 + (uint32_t)i, found->index);
    }
    for (size_t i = 0; c->links_auto && i < table->count; i++)
        if (table->list[i].default_ipv4 && table->list[i].index != n->index)
            relax_filter(n, table->list[i].name);
}

void network_links_reset(struct network *n)
{
    warn_failure("removing routing rules", netif_rules_purge(n->priority, n->priority));
    warn_failure("removing routes", netif_routes_purge(n->table + 1, n->table + TABLES_EACH - 1));
}

void network_end(struct network *n)
{
    for (size_t i = 0; i < n->route_count; i++)
        remove_route(n, &n->routes[i]);
    remove_rules_and_tables(n);
    if (n->filtered)
        warn_failure("removing packet filter rules", nft_remove(n->interface));
    warn_failure("restoring kernel settings", sysctl_restore(n->restore_file));
    free(n->routes);
    n->routes = NULL;
    n->route_count = 0;
}
