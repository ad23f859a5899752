/* SPDX-License-Identifier: ISC */
/* One table of keys, and the pairs of a file held against it. */
#include "config/keys.h"

#include <string.h>

#include "config/assign.h"
#include "config/assign_policy.h"
#include "config/value.h"

static const char *section_title(enum config_section section)
{
    switch (section) {
    case CONFIG_SECTION_TUNNEL:
        return "[tunnel]";
    case CONFIG_SECTION_PEER:
        return "[peer NAME]";
    case CONFIG_SECTION_LINK:
        return "[link NAME]";
    case CONFIG_SECTION_POLICY:
        return "[policy NAME]";
    case CONFIG_SECTION_NONE:
    case CONFIG_SECTION_SKIPPED:
        break;
    }
    return "no section";
}

enum { LIST = 1, SECRET = 2, HIDDEN = 4 };

static const struct key_rule {
    enum config_section section;
    const char *name;
    void (*set)(struct config_parser *p, const char *value); /* NULL: known, not carried out */
    unsigned flags;
} rules[CONFIG_KEY_COUNT] = {
#define TUNNEL(id, ...) [CONFIG_TUNNEL_##id] = { CONFIG_SECTION_TUNNEL, __VA_ARGS__ }
#define PEER(id, ...) [CONFIG_PEER_##id] = { CONFIG_SECTION_PEER, __VA_ARGS__ }
#define LINK(id, ...) [CONFIG_LINK_##id] = { CONFIG_SECTION_LINK, __VA_ARGS__ }
#define POLICY(id, ...) [CONFIG_POLICY_##id] = { CONFIG_SECTION_POLICY, __VA_ARGS__ }
    TUNNEL(INTERFACE, "interface", assign_tunnel_interface, 0),
    TUNNEL(PRIVATE_KEY, "private-key", assign_private_key, SECRET),
    TUNNEL(PRIVATE_KEY_FILE, "private-key-file", assign_private_key_file, 0),
    TUNNEL(ADDRESS, "address", assign_tunnel_address, LIST),
    TUNNEL(LISTEN, "listen", assign_listen, LIST),
    TUNNEL(LINKS, "links", assign_links, 0),
    TUNNEL(NAT, "nat", assign_nat, 0),
    TUNNEL(ROUTES, "routes", assign_routes, 0),
    TUNNEL(MSS_CLAMP, "mss-clamp", assign_mss_clamp, 0),
    TUNNEL(FALLBACK, "fallback", assign_fallback, 0),
    TUNNEL(LAN, "lan", assign_lan, LIST),
    TUNNEL(MARK, "mark", assign_mark, 0),
    TUNNEL(MTU, "mtu", assign_mtu, 0),
    TUNNEL(UPLINK, "uplink", assign_uplink, 0),
    TUNNEL(CIPHER, "cipher", assign_cipher, 0),
    TUNNEL(MODE, "mode", assign_mode, 0),
    TUNNEL(USER, "user", assign_user, 0),
    TUNNEL(HOOK, "hook", assign_hook, 0),
    TUNNEL(CONTROL, "control", assign_control, 0),
    TUNNEL(METRICS, "metrics", assign_metrics, 0),
    TUNNEL(LOG_LEVEL, "log-level", assign_log_level, 0),
    TUNNEL(INCLUDE_DIR, "include-dir", assign_include_dir, 0),
    TUNNEL(MEMORY_MAX, "memory-max", assign_memory_max, 0),
    TUNNEL(REKEY_SECONDS, "rekey-seconds", assign_rekey_seconds, HIDDEN),
    TUNNEL(OFFLOAD, "offload", assign_offload, HIDDEN),
    TUNNEL(UDP_OFFLOAD, "udp-offload", assign_udp_offload, HIDDEN),
    PEER(PUBLIC_KEY, "public-key", assign_public_key, 0),
    PEER(PRESHARED_KEY, "preshared-key", assign_preshared_key, SECRET),
    PEER(PRESHARED_KEY_FILE, "preshared-key-file", assign_preshared_key_file, 0),
    PEER(ENDPOINT, "endpoint", assign_endpoint, LIST),
    PEER(ALLOWED_IPS, "allowed-ips", assign_allowed_ips, LIST),
    PEER(MAX_UP, "max-up", assign_peer_max_up, 0),
    PEER(MAX_DOWN, "max-down", assign_peer_max_down, 0),
    LINK(INTERFACE, "interface", assign_link_interface, 0),
    LINK(ADDRESS, "address", assign_link_address, 0),
    LINK(GATEWAY, "gateway", assign_link_gateway, 0),
    LINK(ROLE, "role", assign_link_role, 0),
    LINK(MAX_UP, "max-up", assign_link_max_up, 0),
    LINK(MAX_DOWN, "max-down", assign_link_max_down, 0),
    LINK(STANDBY_WHEN, "standby-when", assign_link_standby_when, 0),
    LINK(QUOTA, "quota", assign_link_quota, 0),
    LINK(QUOTA_RESET_DAY, "quota-reset-day", assign_link_quota_reset_day, 0),
    LINK(COST, "cost", assign_link_cost, 0),
    POLICY(MATCH, "match", assign_policy_match, 0),
    POLICY(DSCP, "dscp", assign_policy_dscp, LIST),
    POLICY(LINKS, "links", assign_policy_link, LIST),
    POLICY(FALLBACK, "fallback", assign_policy_fallback, 0),
    POLICY(MODE, "mode", assign_policy_mode, 0),
    POLICY(CLASS, "class", assign_policy_class, 0),
#undef POLICY
#undef TUNNEL
#undef PEER
#undef LINK
};

const char *config_key_name(enum config_key key)
{
    return rules[key].name;
}

/* Names the nearest key, which may be one of another section if none here is as near. */
static void fault_unknown_key(struct config_parser *p, const char *key)
{
    const struct key_rule *nearest = NULL;
    size_t best = SIZE_MAX;
    char quoted[CONFIG_QUOTE_BYTES];

    for (const struct key_rule *r = rules; r < rules + CONFIG_KEY_COUNT; r++) {
        if ((r->flags & HIDDEN) != 0 || r->set == NULL || !value_near(key, r->name))
            continue;
        size_t distance = 2 * value_distance(key, r->name) + (r->section == p->section ? 0 : 1);
        if (distance < best) {
            best = distance;
            nearest = r;
        }
    }
    config_quote(key, quoted);
    const char *here = section_title(p->section);
    if (nearest == NULL)
        config_fault(p, p->line, "%s is no key of %s: see hawser.conf(5)", quoted, here);
    else if (nearest->section == p->section)
        config_fault(p, p->line, "%s is no key of %s: the nearest is \"%s\"", quoted, here,
                     nearest->name);
    else
        config_fault(p, p->line, "%s is no key of %s: \"%s\" belongs in %s", quoted, here,
                     nearest->name, section_title(nearest->section));
}

static void set_list(struct config_parser *p, const struct key_rule *rule, const char *value)
{
    char item[CONFIG_HOST_MAX + 16];
    char quoted[CONFIG_QUOTE_BYTES];
    for (const char *at = value;; at++) {
        at += strspn(at, " \t");
        size_t span = strcspn(at, ",");
        size_t len = span;
        while (len > 0 && strchr(" \t", at[len - 1]) != NULL)
            len--;
        if (len == 0) {
            config_fault(p, p->line, "%s: %s has an empty item: remove a comma", p->key,
                         config_quote(value, quoted));
        } else if (len >= sizeof item) {
            config_bad_value(p, at, "too long");
        } else {
            memcpy(item, at, len);
            item[len] = '\0';
            rule->set(p, item);
        }
        at += span;
        if (*at == '\0')
            return;
    }
}

void config_parse_pair(struct config_parser *p, const char *key, const char *value)
{
    const struct key_rule *rule = rules;
    if (p->section == CONFIG_SECTION_SKIPPED || p->no_memory)
        return;
    if (p->section == CONFIG_SECTION_NONE) {
        config_fault(p, p->line, "a key before any section: begin with [tunnel]");
        p->section = CONFIG_SECTION_SKIPPED;
        return;
    }
    while (rule->section != p->section || strcmp(rule->name, key) != 0) {
        if (++rule == rules + CONFIG_KEY_COUNT) {
            fault_unknown_key(p, key);
            return;
        }
    }
    p->key = rule->name;
    if (rule->set == NULL) {
        config_fault(p, p->line, "%s is not supported by this version: remove the line", p->key);
        return;
    }
    unsigned *seen = &p->seen[rule - rules];
    if (*seen != 0 && (rule->flags & LIST) == 0) {
        config_fault(p, p->line, "%s is set in line %u already: keep one of the two", p->key,
                     *seen);
        return;
    }
    *seen = p->line;
    if ((rule->flags & SECRET) != 0)
        p->holds_secret = true;
    if (*value == '\0')
        config_fault(p, p->line, "%s has no value", p->key);
    else if ((rule->flags & LIST) != 0)
        set_list(p, rule, value);
    else
        rule->set(p, value);
}
