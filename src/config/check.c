/* SPDX-License-Identifier: ISC */
#include "config/check.h"

#include <stdio.h>
#include <string.h>

#include "config/value.h"
#include "crypto/key.h"

static void check_private_key(struct config_parser *p)
{
    static const uint8_t zero[32];
    const struct config *c = p->config;
    uint8_t own[32];
    if (p->seen[CONFIG_TUNNEL_PRIVATE_KEY] == 0 && p->seen[CONFIG_TUNNEL_PRIVATE_KEY_FILE] == 0) {
        config_fault(p, p->tunnel_line,
                     "[tunnel] has no private-key: add what hawser genkey prints, or "
                     "private-key-file");
        return;
    }
    if (memcmp(c->private_key, zero, sizeof zero) == 0) /* it was wrong, and that is told */
        return;
    if (!key_public(own, c->private_key)) {
        config_fault(p, p->tunnel_line,
                     "[tunnel]: the private key gives no public key: make a "
                     "new one with hawser genkey");
        return;
    }
    for (size_t i = 0; i < c->peer_count; i++) {
        if (memcmp(c->peers[i].public_key, own, sizeof own) == 0)
            config_fault_at(
                p, c->peers[i].at,
                "[peer %s] has the public key of this tunnel itself: put the peer's there",
                c->peers[i].name);
    }
}

static void check_mtu(struct config_parser *p)
{
    const struct config *c = p->config;
    if (c->mtu_bytes == 0 || c->mtu_bytes >= 1280)
        return;
    for (size_t i = 0; i < c->address_count; i++) {
        if (c->addresses[i].family == 6) {
            config_fault(p, p->seen[CONFIG_TUNNEL_MTU],
                         "mtu: IPv6 (address, line %u) needs 1280 at least: write auto, or 1280 to "
                         "9000",
                         p->seen[CONFIG_TUNNEL_ADDRESS]);
            return;
        }
    }
}

static bool has_family(const struct config *c, uint8_t family)
{
    for (size_t i = 0; i < c->address_count; i++)
        if (c->addresses[i].family == family)
            return true;
    return false;
}

/* Programs would have no address to send from: a black hole. For IPv4 the kernel takes the LAN's.
 */
static void check_default_routes(struct config_parser *p)
{
    const struct config *c = p->config;
    if (c->network.routes && p->tunnel_line != 0 && config_takes_default(c, 6) && !has_family(c, 6))
        config_fault(p, p->tunnel_line,
                     "allowed-ips takes the Internet's IPv6 into the tunnel, which has no IPv6 "
                     "address: add one to address, as fd77::2/64, or remove ::/0 from allowed-ips");
}

static void check_fallback(struct config_parser *p)
{
    struct config *c = p->config;
    unsigned line = p->seen[CONFIG_TUNNEL_FALLBACK];
    bool is_default = config_takes_default(c, 4) || config_takes_default(c, 6);
    if (line == 0 && c->network.routes && is_default)
        c->network.fallback = CONFIG_FALLBACK_BLOCK;
    if (line != 0 && !c->network.routes)
        config_fault(p, line, "fallback says what replaces routes, but routes = no: remove one");
    else if (line != 0 && c->network.fallback == CONFIG_FALLBACK_DIRECT && !is_default &&
             p->peer_headers > 0)
        config_fault(p, line,
                     "fallback = direct, but no allowed-ips takes the Internet into the tunnel: "
                     "remove it, or add 0.0.0.0/0");
}

static void check_lans(struct config_parser *p)
{
    const struct config *c = p->config;
    for (size_t i = 0; i < c->network.lan_count; i++)
        if (strcmp(c->network.lans[i], c->interface) == 0)
            config_fault(p, p->seen[CONFIG_TUNNEL_LAN],
                         "lan = %s is the tunnel's own interface: name the LAN's",
                         c->network.lans[i]);
}

/* Who calls whom, and over what. */
static void check_reach(struct config_parser *p, bool calls_out)
{
    const struct config *c = p->config;
    bool listens = p->seen[CONFIG_TUNNEL_LISTEN] != 0;
    if (p->unknown_headers > 0)
        return;
    if (p->peer_headers == 0)
        config_fault(p, 0, "no peer: add a [peer NAME] section with public-key and allowed-ips");
    if (p->peer_headers == 0 || p->tunnel_line == 0)
        return;
    bool is_known = c->peer_count == p->peer_headers && p->bad_endpoints == 0;
    if (!calls_out && !listens && is_known)
        config_fault(p, p->tunnel_line,
                     "[tunnel] has no listen and no peer has an endpoint: add one of them");
    if (p->links_auto && p->link_headers > 0)
        config_fault(p, p->seen[CONFIG_TUNNEL_LINKS],
                     "links = auto and [link NAME] sections exclude each other: remove one");
    if (calls_out || !listens)
        return;
    if (p->links_auto)
        config_fault(p, p->seen[CONFIG_TUNNEL_LINKS],
                     "links = auto, but no peer has an endpoint: remove it, or add an endpoint");
    if (c->link_count > 0)
        config_fault_at(
            p, c->links[0].at,
            "[link %s], but no peer has an endpoint: links are ways to endpoints, add one "
            "or remove the links",
            c->links[0].name);
}

static void check_link_pair(struct config_parser *p, const struct config_link *a,
                            const struct config_link *b)
{
    char where[CONFIG_WHERE_BYTES];
    if (a->interface[0] != '\0' && strcmp(a->interface, b->interface) == 0 &&
        netaddr_equal(&a->address, &b->address) && netaddr_equal(&a->gateway, &b->gateway))
        config_fault_at(
            p, b->at,
            "[link %s] is the same interface and address as [link %s] of %s: remove one, "
            "or give each its address or gateway",
            b->name, a->name, config_where(p, a->at, b->at.file, where));
}

static void check_links(struct config_parser *p)
{
    const struct config *c = p->config;
    bool active = c->link_count == 0 || c->link_count < p->link_headers;
    for (size_t i = 0; i < c->link_count; i++) {
        const struct config_link *l = &c->links[i];
        active = active || l->role == WIRE_PATH_ACTIVE;
        if (strcmp(l->interface, c->interface) == 0)
            config_fault_at(p, l->at, "[link %s] is the tunnel's own interface: name another",
                            l->name);
        if (l->address.family != 0 && l->gateway.family != 0 &&
            l->address.family != l->gateway.family)
            config_fault_at(
                p, l->at, "[link %s]: address and gateway must be both IPv4 or both IPv6", l->name);
        for (const struct config_link *other = c->links; other < l; other++)
            check_link_pair(p, other, l);
    }
    if (!active)
        config_fault_at(p, c->links[0].at,
                        "every link is role = standby: make at least one of them active");
}

static void check_policy_link(struct config_parser *p, const struct config_policy *policy,
                              const char *link)
{
    const struct config *c = p->config;
    size_t best = SIZE_MAX;
    const char *nearest = "";
    if (c->link_count == 0 || config_find_link(c, link) != NULL)
        return; /* without [link] sections the names come with the links */
    for (size_t i = 0; i < c->link_count; i++) {
        size_t distance = value_distance(link, c->links[i].name);
        if (distance < best) {
            best = distance;
            nearest = c->links[i].name;
        }
    }
    config_fault_at(p, policy->at, "[policy %s]: there is no [link %s]: the nearest is %s",
                    policy->name, link, nearest);
}

static void check_policies(struct config_parser *p)
{
    const struct config *c = p->config;
    char where[CONFIG_WHERE_BYTES];
    for (size_t i = 0; i < c->policy_count; i++) {
        const struct config_policy *policy = &c->policies[i];
        const struct config_policy *next = policy + 1;
        for (uint8_t k = 0; k < policy->action.link_count; k++)
            check_policy_link(p, policy, policy->action.links[k]);
        if (policy->match[0] == '\0' && policy->dscps == 0 && i + 1 < c->policy_count)
            config_fault_at(p, policy->at,
                            "[policy %s] takes everything, and [policy %s] of %s stands behind it: "
                            "add match or dscp, or move it to the end",
                            policy->name, next->name,
                            config_where(p, next->at, policy->at.file, where));
    }
}

void config_check(struct config_parser *p)
{
    struct config *c = p->config;
    bool calls_out = config_calls_out(c);

    if (p->tunnel_line == 0 && p->unknown_headers == 0)
        config_fault(p, 0, "no [tunnel] section: begin with one that has a private-key");
    if (p->tunnel_line != 0)
        check_private_key(p);
    check_mtu(p);
    check_default_routes(p);
    check_fallback(p);
    check_lans(p);
    check_reach(p, calls_out);
    check_links(p);
    check_policies(p);

    c->lines.hook = p->seen[CONFIG_TUNNEL_HOOK];
    c->lines.user = p->seen[CONFIG_TUNNEL_USER];
    c->lines.nat = p->seen[CONFIG_TUNNEL_NAT];
    c->lines.lan = p->seen[CONFIG_TUNNEL_LAN];
    c->links_auto = calls_out && c->link_count == 0;
    if (p->seen[CONFIG_TUNNEL_CONTROL] == 0)
        snprintf(c->control, sizeof c->control, "%s/%s%s", CONTROL_DIR, c->interface,
                 CONTROL_SUFFIX);
}
