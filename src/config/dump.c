/* SPDX-License-Identifier: ISC */
#include "config/dump.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/key.h"

static const char *yes_no(bool value)
{
    return value ? "yes" : "no";
}

static const char *offload_name(enum tun_offload offload)
{
    switch (offload) {
    case TUN_OFFLOAD_NONE:
        return "none";
    case TUN_OFFLOAD_CSUM:
        return "checksum";
    case TUN_OFFLOAD_TSO:
        return "tso";
    case TUN_OFFLOAD_USO:
        break;
    }
    return "auto";
}

static const char *udp_offload_name(const struct config *c)
{
    if (c->engine.udp_gso)
        return c->engine.udp_gro ? "auto" : "gso";
    return c->engine.udp_gro ? "gro" : "none";
}

static const char *log_level_text(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error";
    case LOG_LEVEL_WARN:
        return "warn";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_DEBUG:
        break;
    }
    return "debug";
}

static void dump_fallback(const struct config *c, FILE *to)
{
    if (c->network.fallback != CONFIG_FALLBACK_NONE)
        fprintf(to, "fallback = %s\n",
                c->network.fallback == CONFIG_FALLBACK_BLOCK ? "block" : "direct");
    for (size_t i = 0; i < c->network.lan_count; i++)
        fprintf(to, "lan = %s\n", c->network.lans[i]);
    if (c->network.mark != 0)
        fprintf(to, "mark = 0x%" PRIx32 "/0x%" PRIx32 "\n", c->network.mark, c->network.mark_mask);
}

static void dump_rate(const char *key, uint64_t rate_bps, FILE *to)
{
    if (rate_bps != 0)
        fprintf(to, "%s = %" PRIu64 "bit\n", key, rate_bps);
}

static void dump_tunnel(const struct config *c, FILE *to)
{
    char text[NETADDR_STRLEN];
    fprintf(to, "[tunnel]\ninterface = %s\nprivate-key = (hidden)\n", c->interface);
    for (size_t i = 0; i < c->address_count; i++)
        fprintf(to, "address = %s\n", netprefix_format(&c->addresses[i], text));
    for (size_t i = 0; i < c->listen_count; i++) {
        if (c->listen[i].family == 0)
            fprintf(to, "listen = %u\n", c->listen[i].port);
        else
            fprintf(to, "listen = %s\n", netaddr_format(&c->listen[i], text));
    }
    if (c->links_auto)
        fputs("links = auto\n", to);
    fprintf(to, "nat = %s\nroutes = %s\nmss-clamp = %s\n", yes_no(c->network.nat),
            yes_no(c->network.routes), yes_no(c->network.mss_clamp));
    dump_fallback(c, to);
    if (c->mtu_bytes == 0)
        fputs("mtu = auto\n", to);
    else
        fprintf(to, "mtu = %" PRIu32 "\n", c->mtu_bytes);
    dump_rate("uplink", c->uplink_bps, to);
    const char *cipher = wire_cipher_name(c->engine.cipher);
    fprintf(to, "cipher = %s\nuser = %s\n", cipher != NULL ? cipher : "auto", c->engine.user);
    if (c->engine.memory_max_bytes > 0)
        fprintf(to, "memory-max = %.15gmb\n", (double)c->engine.memory_max_bytes / 1e6);
    if (c->hook[0] != '\0')
        fprintf(to, "hook = %s\n", c->hook);
    fprintf(to, "control = %s\nlog-level = %s\nrekey-seconds = %" PRIu32 "\n", c->control,
            log_level_text(c->log_level), c->engine.rekey_s);
    if (c->include_dir[0] != '\0')
        fprintf(to, "include-dir = %s\n", c->include_dir);
    fprintf(to, "offload = %s\nudp-offload = %s\n", offload_name(c->engine.tun_offload),
            udp_offload_name(c));
}

static void dump_peer(const struct config_peer *peer, FILE *to)
{
    static const uint8_t none[32];
    char key[KEY_BASE64_BYTES + 1];
    char text[NETADDR_STRLEN];
    key_to_base64(key, peer->public_key);
    fprintf(to, "\n[peer %s]\npublic-key = %s\n", peer->name, key);
    if (memcmp(peer->preshared_key, none, sizeof none) != 0)
        fputs("preshared-key = (hidden)\n", to);
    for (size_t i = 0; i < peer->endpoint_count; i++) {
        const struct config_endpoint *e = &peer->endpoints[i];
        if (e->addr.family == 0)
            fprintf(to, "endpoint = %s:%u\n", e->host, e->port);
        else
            fprintf(to, "endpoint = %s\n", netaddr_format(&e->addr, text));
    }
    for (size_t i = 0; i < peer->allowed_count; i++)
        fprintf(to, "allowed-ips = %s\n", netprefix_format(&peer->allowed[i], text));
    dump_rate("max-up", peer->max_up_bps, to);
    dump_rate("max-down", peer->max_down_bps, to);
}

/* In whole units where that is exact. */
static void dump_quota(const struct quota_rule *quota, FILE *to)
{
    const uint64_t mb = 1000000;
    const uint64_t gb = 1000 * mb;
    if (quota->bytes % gb == 0)
        fprintf(to, "quota = %" PRIu64 "gb/month\n", quota->bytes / gb);
    else if (quota->bytes % mb == 0)
        fprintf(to, "quota = %" PRIu64 "mb/month\n", quota->bytes / mb);
    else
        fprintf(to, "quota = %" PRIu64 ".%06" PRIu64 "mb/month\n", quota->bytes / mb,
                quota->bytes % mb);
    fprintf(to, "quota-reset-day = %u\n", quota->reset_day);
}

static void dump_link(const struct config_link *link, FILE *to)
{
    char text[NETADDR_STRLEN];
    fprintf(to, "\n[link %s]\ninterface = %s\n", link->name, link->interface);
    if (link->address.family != 0)
        fprintf(to, "address = %s\n", netaddr_format(&link->address, text));
    if (link->gateway.family != 0)
        fprintf(to, "gateway = %s\n", netaddr_format(&link->gateway, text));
    fprintf(to, "role = %s\n", link->role == WIRE_PATH_STANDBY ? "standby" : "active");
    dump_rate("max-up", link->max_up_bps, to);
    dump_rate("max-down", link->max_down_bps, to);
    if (link->standby_busy)
        fputs("standby-when = busy\n", to);
    if (link->quota.bytes != 0)
        dump_quota(&link->quota, to);
    if (link->cost != 0)
        fprintf(to, "cost = %u\n", link->cost);
}

static void dump_policy(const struct config_policy *policy, FILE *to)
{
    const struct core_policy *a = &policy->action;
    fprintf(to, "\n[policy %s]\n", policy->name);
    if (policy->match[0] != '\0')
        fprintf(to, "match = %s\n", policy->match);
    for (unsigned i = 0; i < 64; i++)
        if ((policy->dscps >> i & 1) != 0)
            fprintf(to, "dscp = %u\n", i);
    for (uint8_t i = 0; i < a->link_count; i++)
        fprintf(to, "links = %s\n", a->links[i]);
    if (a->link_count > 0)
        fprintf(to, "fallback = %s\n", yes_no(a->fallback));
    fprintf(to, "mode = %s\nclass = %s\n", bond_mode_name(a->mode), bond_class_name(a->class));
}

void config_dump(const struct config *c, FILE *to)
{
    dump_tunnel(c, to);
    for (size_t i = 0; i < c->peer_count; i++)
        dump_peer(&c->peers[i], to);
    for (size_t i = 0; i < c->link_count; i++)
        dump_link(&c->links[i], to);
    for (size_t i = 0; i < c->policy_count; i++)
        dump_policy(&c->policies[i], to);
}
