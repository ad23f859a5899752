/* SPDX-License-Identifier: ISC */
#include "config/assign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bond/types.h"
#include "config/files.h"
#include "config/trust.h"
#include "config/value.h"
#include "crypto/key.h"

/* Paths */

static bool set_path(struct config_parser *p, const char *value, char *out, size_t len_max)
{
    size_t len = strlen(value);
    if (value[0] != '/' || value[len - 1] == '/') {
        config_bad_value(p, value, "not the absolute path of a file: write it as /etc/hawser/...");
        return false;
    }
    if (len > len_max) {
        config_fault(p, p->line, "%s: the path is longer than %zu bytes: choose a shorter one",
                     p->key, len_max);
        return false;
    }
    memcpy(out, value, len + 1);
    return true;
}

/* Keys: the text of a secret never gets into a message. */

static bool set_key(struct config_parser *p, const char *value, uint8_t out[32])
{
    static const uint8_t zero[32];
    if (!key_from_base64(out, value)) {
        config_fault(p, p->line,
                     "%s: not a key: it must be 44 characters of base64, as hawser %s prints them",
                     p->key,
                     strstr(p->key, "preshared") != NULL ? "genpsk"
                     : strstr(p->key, "public") != NULL  ? "pubkey"
                                                         : "genkey");
        return false;
    }
    if (memcmp(out, zero, sizeof zero) == 0) {
        config_fault(p, p->line, "%s: the key is all zero: anyone knows it, make a new one",
                     p->key);
        return false;
    }
    return true;
}

static void set_key_file(struct config_parser *p, const char *value, uint8_t out[32])
{
    char path[CONFIG_PATH_BYTES_MAX + 1];
    char quoted[CONFIG_QUOTE_BYTES];
    char text[KEY_BASE64_BYTES + 1];
    char why[TRUST_TEXT_BYTES];
    if (!set_path(p, value, path, CONFIG_PATH_BYTES_MAX))
        return;
    int rc = config_read_secret(path, text, sizeof text, why);
    if (rc == 0)
        set_key(p, text, out);
    else if (rc == -EINVAL)
        config_fault(p, p->line, "%s: %s is not safe: %s", p->key, config_quote(path, quoted), why);
    else if (rc == -EMSGSIZE)
        config_fault(p, p->line, "%s: %s must hold one line, the key in base64", p->key,
                     config_quote(path, quoted));
    else
        config_fault(p, p->line, "%s: cannot read %s: %s", p->key, config_quote(path, quoted),
                     strerror(-rc));
    explicit_bzero(text, sizeof text);
}

static bool is_set_twice(struct config_parser *p, enum config_key other, const char *other_name)
{
    if (p->seen[other] == 0)
        return false;
    config_fault(p, p->line, "%s: line %u has %s already: keep one of the two", p->key,
                 p->seen[other], other_name);
    return true;
}

void assign_private_key(struct config_parser *p, const char *value)
{
    if (!is_set_twice(p, CONFIG_TUNNEL_PRIVATE_KEY_FILE, "private-key-file"))
        set_key(p, value, p->config->private_key);
}

void assign_private_key_file(struct config_parser *p, const char *value)
{
    if (!is_set_twice(p, CONFIG_TUNNEL_PRIVATE_KEY, "private-key"))
        set_key_file(p, value, p->config->private_key);
}

void assign_preshared_key(struct config_parser *p, const char *value)
{
    if (!is_set_twice(p, CONFIG_PEER_PRESHARED_KEY_FILE, "preshared-key-file"))
        set_key(p, value, config_this_peer(p)->preshared_key);
}

void assign_preshared_key_file(struct config_parser *p, const char *value)
{
    if (!is_set_twice(p, CONFIG_PEER_PRESHARED_KEY, "preshared-key"))
        set_key_file(p, value, config_this_peer(p)->preshared_key);
}

void assign_public_key(struct config_parser *p, const char *value)
{
    struct config *c = p->config;
    struct config_peer *self = config_this_peer(p);
    char where[CONFIG_WHERE_BYTES];
    if (!set_key(p, value, self->public_key))
        return;
    const struct config_peer *other = config_peer_of_key(c, self->public_key);
    if (other != NULL) {
        config_fault(p, p->line, "%s: [peer %s] of %s has the same key: each peer has its own",
                     p->key, other->name, config_where(p, other->at, p->file, where));
        return;
    }
    uint32_t code = hash_code(&c->peers_by_key, self->public_key, sizeof self->public_key);
    if (hash_add(&c->peers_by_key, code, (uint32_t)(self - c->peers)) < 0)
        p->no_memory = true;
}

/* [tunnel] */

static void set_ifname(struct config_parser *p, const char *value, char out[CONFIG_IFNAME_MAX + 1])
{
    if (value_ifname(value))
        memcpy(out, value, strlen(value) + 1);
    else
        config_bad_value(p, value, "no interface name: up to 15 letters, digits and - _ . @ + =");
}

void assign_tunnel_interface(struct config_parser *p, const char *value)
{
    set_ifname(p, value, p->config->interface);
}

void assign_tunnel_address(struct config_parser *p, const char *value)
{
    struct config *c = p->config;
    struct netprefix prefix;
    if (config_is_full(p, c->address_count, CONFIG_ADDRESSES_MAX))
        return;
    if (!value_host_prefix(value, &prefix)) {
        config_bad_value(p, value, "no address: write for example 10.77.0.2/24 or fd77::2/64");
        return;
    }
    for (size_t i = 0; i < c->address_count; i++) {
        const struct netprefix *other = &c->addresses[i];
        if (other->family == prefix.family &&
            memcmp(other->addr, prefix.addr, sizeof prefix.addr) == 0) {
            config_bad_value(p, value, "listed twice: remove one");
            return;
        }
    }
    struct netprefix *list = config_grow(p, c->addresses, c->address_count, sizeof *list);
    if (list == NULL)
        return;
    c->addresses = list;
    list[c->address_count++] = prefix;
}

void assign_listen(struct config_parser *p, const char *value)
{
    struct config *c = p->config;
    struct netaddr addr;
    if (config_is_full(p, c->listen_count, CONFIG_LISTEN_MAX))
        return;
    if (!value_listen(value, &addr)) {
        config_bad_value(p, value,
                         "no place to listen: write a UDP port (4297), 192.0.2.1:4297 or "
                         "[2001:db8::1]:4297");
        return;
    }
    for (size_t i = 0; i < c->listen_count; i++) {
        if (netaddr_equal(&c->listen[i], &addr)) {
            config_bad_value(p, value, "listed twice: remove one");
            return;
        }
        if (c->listen[i].port == addr.port && (c->listen[i].family == 0 || addr.family == 0)) {
            config_bad_value(p, value, "covered twice: a port alone already means all addresses");
            return;
        }
    }
    struct netaddr *list = config_grow(p, c->listen, c->listen_count, sizeof *list);
    if (list == NULL)
        return;
    c->listen = list;
    list[c->listen_count++] = addr;
}

void assign_links(struct config_parser *p, const char *value)
{
    p->links_auto = strcmp(value, "auto") == 0;
    if (!p->links_auto)
        config_bad_value(p, value,
                         "no choice: write auto, or name each link in a [link NAME] section");
}

static void set_bool(struct config_parser *p, const char *value, bool *out)
{
    if (!value_bool(value, out))
        config_bad_value(p, value, "neither yes nor no");
}

void assign_nat(struct config_parser *p, const char *value)
{
    set_bool(p, value, &p->config->network.nat);
}

void assign_routes(struct config_parser *p, const char *value)
{
    set_bool(p, value, &p->config->network.routes);
}

void assign_mss_clamp(struct config_parser *p, const char *value)
{
    set_bool(p, value, &p->config->network.mss_clamp);
}

void assign_fallback(struct config_parser *p, const char *value)
{
    if (strcmp(value, "block") == 0)
        p->config->network.fallback = CONFIG_FALLBACK_BLOCK;
    else if (strcmp(value, "direct") == 0)
        p->config->network.fallback = CONFIG_FALLBACK_DIRECT;
    else
        config_bad_value(p, value, "no choice: write block or direct");
}

void assign_lan(struct config_parser *p, const char *value)
{
    struct config *c = p->config;
    if (config_is_full(p, c->network.lan_count, CONFIG_LANS_MAX))
        return;
    set_ifname(p, value, c->network.lans[c->network.lan_count]);
    if (c->network.lans[c->network.lan_count][0] == '\0')
        return;
    for (size_t i = 0; i < c->network.lan_count; i++) {
        if (strcmp(c->network.lans[i], value) == 0) {
            config_bad_value(p, value, "listed twice: remove one");
            c->network.lans[c->network.lan_count][0] = '\0';
            return;
        }
    }
    c->network.lan_count++;
}

void assign_mark(struct config_parser *p, const char *value)
{
    struct config *c = p->config;
    if (!value_mark(value, CONFIG_MARK_LOW_BITS, &c->network.mark, &c->network.mark_mask))
        config_bad_value(p, value,
                         "no mark: write a multiple of 64, as 0x5a00, or with a mask that holds it "
                         "and whose six lowest bits are free and side by side, as "
                         "0x5a0000/0xff3f00");
}

void assign_mtu(struct config_parser *p, const char *value)
{
    if (strcmp(value, "auto") == 0)
        p->config->mtu_bytes = 0;
    else if (!value_uint(value, CONFIG_MTU_MIN, CONFIG_MTU_MAX, &p->config->mtu_bytes))
        config_bad_value(p, value, "no MTU: write auto or 576 to 9000");
}

void assign_cipher(struct config_parser *p, const char *value)
{
    if (strcmp(value, "auto") == 0)
        p->config->engine.cipher = 0;
    else if (strcmp(value, "aes-256-gcm") == 0)
        p->config->engine.cipher = WIRE_CIPHER_AES256_GCM;
    else if (strcmp(value, "chacha20-poly1305") == 0)
        p->config->engine.cipher = WIRE_CIPHER_CHACHA20_POLY1305;
    else
        config_bad_value(p, value, "no cipher: write auto, aes-256-gcm or chacha20-poly1305");
}

void assign_mode(struct config_parser *p, const char *value)
{
    if (strcmp(value, "tap") == 0)
        config_bad_value(p, value, "not supported by this version: write tun");
    else if (strcmp(value, "tun") != 0)
        config_bad_value(p, value, "no mode: write tun");
}

void assign_user(struct config_parser *p, const char *value)
{
    if (strcmp(value, "root") == 0)
        config_bad_value(p, value,
                         "not for the engine, which must have no rights: name a user of its own");
    else if (value_user(value))
        memcpy(p->config->engine.user, value, strlen(value) + 1);
    else
        config_bad_value(p, value, "no user name: write for example hawser");
}

void assign_hook(struct config_parser *p, const char *value)
{
    char quoted[CONFIG_QUOTE_BYTES];
    char why[TRUST_TEXT_BYTES];
    if (!set_path(p, value, p->config->hook, CONFIG_PATH_BYTES_MAX))
        return;
    if (trust_program(value, why) == -EPERM) /* it may still come */
        config_fault(p, p->line, "hook: %s: %s", config_quote(value, quoted), why);
}

void assign_control(struct config_parser *p, const char *value)
{
    set_path(p, value, p->config->control, CONTROL_SOCKET_PATH_MAX);
}

void assign_include_dir(struct config_parser *p, const char *value)
{
    char quoted[CONFIG_QUOTE_BYTES];
    size_t len = strlen(value);
    if (value[0] != '/')
        config_bad_value(p, value, "not an absolute path: write it as /etc/hawser/peers.d");
    else if (len > CONFIG_DIR_BYTES_MAX)
        config_fault(p, p->line, "%s: %s is longer than %d bytes: choose a shorter one", p->key,
                     config_quote(value, quoted), CONFIG_DIR_BYTES_MAX);
    else
        memcpy(p->config->include_dir, value, len + 1);
}

void assign_metrics(struct config_parser *p, const char *value)
{
    if (strcmp(value, "off") != 0)
        config_bad_value(p, value, "not supported by this version: write off, or remove the line");
}

void assign_log_level(struct config_parser *p, const char *value)
{
    if (!log_level_parse(value, &p->config->log_level))
        config_bad_value(p, value, "no log level: write error, warn, info or debug");
}

_Static_assert(BOND_ARENA_LEAST_BYTES == 1000000, "as the message says");

void assign_memory_max(struct config_parser *p, const char *value)
{
    uint64_t bytes;
    if (!value_memory_bytes(value, &bytes))
        config_bad_value(p, value, "no amount of memory: write it as 500mb or 1.5gb");
    else if (bytes < BOND_ARENA_LEAST_BYTES)
        config_bad_value(p, value, "less than one peer needs: write 1mb or more");
    else
        p->config->engine.memory_max_bytes = bytes;
}

void assign_rekey_seconds(struct config_parser *p, const char *value)
{
    if (!value_uint(value, CONFIG_REKEY_S_MIN, CONFIG_REKEY_S_MAX, &p->config->engine.rekey_s))
        config_bad_value(p, value, "not within 2 to 120");
}

void assign_offload(struct config_parser *p, const char *value)
{
    if (strcmp(value, "auto") == 0)
        p->config->engine.tun_offload = TUN_OFFLOAD_USO;
    else if (strcmp(value, "tso") == 0)
        p->config->engine.tun_offload = TUN_OFFLOAD_TSO;
    else if (strcmp(value, "checksum") == 0)
        p->config->engine.tun_offload = TUN_OFFLOAD_CSUM;
    else if (strcmp(value, "none") == 0)
        p->config->engine.tun_offload = TUN_OFFLOAD_NONE;
    else
        config_bad_value(p, value, "no choice: write auto, tso, checksum or none");
}

void assign_udp_offload(struct config_parser *p, const char *value)
{
    bool both = strcmp(value, "auto") == 0;
    bool gso = both || strcmp(value, "gso") == 0;
    bool gro = both || strcmp(value, "gro") == 0;
    if (!gso && !gro && strcmp(value, "none") != 0) {
        config_bad_value(p, value, "no choice: write auto, gso, gro or none");
        return;
    }
    p->config->engine.udp_gso = gso;
    p->config->engine.udp_gro = gro;
}

/* [peer NAME] */

static bool endpoint_equal(const struct config_endpoint *a, const struct config_endpoint *b)
{
    return a->port == b->port && strcasecmp(a->host, b->host) == 0 &&
           netaddr_equal(&a->addr, &b->addr);
}

void assign_endpoint(struct config_parser *p, const char *value)
{
    struct config_peer *peer = config_this_peer(p);
    struct config_endpoint endpoint;
    if (config_is_full(p, peer->endpoint_count, CONFIG_ENDPOINTS_MAX))
        return;
    if (!value_endpoint(value, &endpoint)) {
        const char *slash = strchr(value, '/');
        p->bad_endpoints++;
        config_bad_value(
            p, value,
            slash != NULL && strcmp(slash, "/udp") != 0
                ? "no endpoint: peers are called over UDP alone, write vps.example.net:443/udp"
                : "no endpoint: write vps.example.net:4297, 192.0.2.1:4297 or [2001:db8::1]:4297");
        return;
    }
    for (size_t i = 0; i < peer->endpoint_count; i++) {
        if (endpoint_equal(&peer->endpoints[i], &endpoint)) {
            config_bad_value(p, value, "listed twice: remove one");
            return;
        }
    }
    struct config_endpoint *list =
        config_grow(p, peer->endpoints, peer->endpoint_count, sizeof *list);
    if (list == NULL)
        return;
    peer->endpoints = list;
    list[peer->endpoint_count++] = endpoint;
}

static uint32_t prefix_code(const struct config_parser *p, const struct netprefix *prefix)
{
    uint8_t key[2 + sizeof prefix->addr] = { prefix->family, prefix->len };
    memcpy(key + 2, prefix->addr, sizeof prefix->addr);
    return hash_code(&p->prefixes, key, sizeof key);
}

/* The peer that has exactly this prefix; NULL: none. */
static const struct config_peer *find_allowed(const struct config_parser *p,
                                              const struct netprefix *want)
{
    struct hash_walk walk = { .code = prefix_code(p, want) };
    for (uint32_t at; hash_next(&p->prefixes, &walk, &at);) {
        const struct config_peer *peer = &p->config->peers[at / CONFIG_ALLOWED_MAX];
        const struct netprefix *found = &peer->allowed[at % CONFIG_ALLOWED_MAX];
        if (found->family == want->family && found->len == want->len &&
            memcmp(found->addr, want->addr, sizeof found->addr) == 0)
            return peer;
    }
    return NULL;
}

/* To those of the present peer. */
static void add_allowed(struct config_parser *p, const struct netprefix *prefix)
{
    struct config_peer *peer = config_this_peer(p);
    uint32_t at = (uint32_t)((size_t)(peer - p->config->peers) * CONFIG_ALLOWED_MAX);
    struct netprefix *list = config_grow(p, peer->allowed, peer->allowed_count, sizeof *list);
    if (list == NULL)
        return;
    peer->allowed = list;
    at += (uint32_t)peer->allowed_count;
    list[peer->allowed_count++] = *prefix;
    if (hash_add(&p->prefixes, prefix_code(p, prefix), at) < 0)
        p->no_memory = true;
}

void assign_allowed_ips(struct config_parser *p, const char *value)
{
    struct config_peer *peer = config_this_peer(p);
    struct netprefix prefix;
    char quoted[CONFIG_QUOTE_BYTES];
    char where[CONFIG_WHERE_BYTES];
    if (config_is_full(p, peer->allowed_count, CONFIG_ALLOWED_MAX))
        return;
    if (p->prefixes.count == CONFIG_ALLOWED_ALL_MAX) {
        config_fault(p, p->line, "%s: more than %d of all peers are not supported by this version",
                     p->key, CONFIG_ALLOWED_ALL_MAX);
        return;
    }
    if (!netprefix_parse(&prefix, value)) {
        config_bad_value(p, value,
                         "no prefix: write for example 10.77.0.2/32, 192.168.1.0/24 or ::/0");
        return;
    }
    netprefix_mask(&prefix);
    const struct config_peer *other = find_allowed(p, &prefix);
    if (other == peer) {
        config_bad_value(p, value, "listed twice: remove one");
        return;
    }
    if (other != NULL) {
        config_fault(p, p->line, "%s: %s belongs to [peer %s] of %s already: a prefix has one peer",
                     p->key, config_quote(value, quoted), other->name,
                     config_where(p, other->at, p->file, where));
        return;
    }
    add_allowed(p, &prefix);
}

static void set_rate(struct config_parser *p, const char *value, uint64_t *out)
{
    if (!value_rate_bps(value, out))
        config_bad_value(p, value, "no rate: write for example 20mbit, 1.5gbit or 800kbit");
}

void assign_uplink(struct config_parser *p, const char *value)
{
    set_rate(p, value, &p->config->uplink_bps);
}

void assign_peer_max_up(struct config_parser *p, const char *value)
{
    set_rate(p, value, &config_this_peer(p)->max_up_bps);
}

void assign_peer_max_down(struct config_parser *p, const char *value)
{
    set_rate(p, value, &config_this_peer(p)->max_down_bps);
}

/* [link NAME] */

void assign_link_interface(struct config_parser *p, const char *value)
{
    set_ifname(p, value, config_this_link(p)->interface);
}

void assign_link_address(struct config_parser *p, const char *value)
{
    if (!value_host_address(value, &config_this_link(p)->address))
        config_bad_value(p, value, "no address: write it without port or length, as 192.168.8.100");
}

void assign_link_gateway(struct config_parser *p, const char *value)
{
    if (!value_host_address(value, &config_this_link(p)->gateway))
        config_bad_value(p, value, "no address: write it without port or length, as 192.168.8.1");
}

void assign_link_role(struct config_parser *p, const char *value)
{
    if (strcmp(value, "active") == 0)
        config_this_link(p)->role = WIRE_PATH_ACTIVE;
    else if (strcmp(value, "standby") == 0)
        config_this_link(p)->role = WIRE_PATH_STANDBY;
    else
        config_bad_value(p, value, "no role: write active or standby");
}

void assign_link_max_up(struct config_parser *p, const char *value)
{
    set_rate(p, value, &config_this_link(p)->max_up_bps);
}

void assign_link_max_down(struct config_parser *p, const char *value)
{
    set_rate(p, value, &config_this_link(p)->max_down_bps);
}

void assign_link_standby_when(struct config_parser *p, const char *value)
{
    config_this_link(p)->standby_busy = strcmp(value, "busy") == 0;
    if (!config_this_link(p)->standby_busy && strcmp(value, "down") != 0)
        config_bad_value(p, value, "no reason to help: write down or busy");
}

void assign_link_quota(struct config_parser *p, const char *value)
{
    if (!value_quota_bytes(value, &config_this_link(p)->quota.bytes))
        config_bad_value(p, value,
                         "no quota: write for example 50gb/month, 1.5tb/month or 500mb/month");
}

void assign_link_quota_reset_day(struct config_parser *p, const char *value)
{
    uint32_t day;
    if (value_uint(value, 1, QUOTA_DAY_MAX, &day))
        config_this_link(p)->quota.reset_day = (uint8_t)day;
    else
        config_bad_value(p, value, "no day that every month has: write 1 to 28");
}

void assign_link_cost(struct config_parser *p, const char *value)
{
    uint32_t cost;
    if (value_uint(value, 0, WIRE_COST_MAX, &cost))
        config_this_link(p)->cost = (uint8_t)cost;
    else
        config_bad_value(p, value, "no cost: write 0 (the default, the cheapest) to 15");
}
