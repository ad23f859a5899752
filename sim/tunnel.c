/* SPDX-License-Identifier: ISC */
#include "sim/tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/hash.h"

enum {
    OUTER_BYTES = 28, /* IPv4 and UDP */
    LINK_PORT_FIRST = 40000,
    SPINS_MAX = 1000,
};

#define TIMER_RESOLUTION_NS NS_PER_US
#define WALL_OFFSET_NS (INT64_C(1700000000) * NS_PER_S)

/* The key pairs of RFC 7748, section 6.1. */
static const uint8_t private_keys[SIDES][32] = {
    { 0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1,
      0x72, 0x51, 0xb2, 0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0,
      0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a },
    { 0x5d, 0xab, 0x08, 0x7e, 0x62, 0x4a, 0x8a, 0x4b, 0x79, 0xe1, 0x7f,
      0x8b, 0x83, 0x80, 0x0e, 0xe6, 0x6f, 0x3b, 0xb1, 0x29, 0x26, 0x18,
      0xb6, 0xfd, 0x1c, 0x2f, 0x8b, 0x27, 0xff, 0x88, 0xe0, 0xeb },
};
static const uint8_t public_keys[SIDES][32] = {
    { 0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d,
      0xdc, 0xb4, 0x3e, 0xf7, 0x5a, 0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38,
      0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a },
    { 0xde, 0x9e, 0xdb, 0x7d, 0x7b, 0x7d, 0xc1, 0xb4, 0xd3, 0x5b, 0x61,
      0xc2, 0xec, 0xe4, 0x35, 0x37, 0x3f, 0x83, 0x43, 0xc8, 0x5b, 0x78,
      0x67, 0x4d, 0xad, 0xfc, 0x7e, 0x14, 0x6f, 0x88, 0x2b, 0x4f },
};

static const struct netaddr server_address = { .family = 4,
                                               .port = WIRE_PORT,
                                               .addr = { 198, 51, 100, 1 } };

static struct netaddr link_address(const struct tunnel *t, size_t link)
{
    return (struct netaddr){ .family = 4,
                             .port = t->link_port[link],
                             .addr = { 203, 0, 113, (uint8_t)(link + 1) } };
}

static void node_run(void *owner, uint64_t value);

static void node_wake(struct tunnel_node *n)
{
    if (n->awake)
        return;
    n->awake = true;
    struct events *events = n->tunnel->net->events;
    events_add(events, events->now, node_run, n, 0);
}

static void node_timer(void *owner)
{
    node_wake(owner);
}

static void carry(void *carrier, enum side from, struct pkt *p)
{
    struct tunnel *t = carrier;
    if (t->redundant_pings && segment_is_echo(p->data, p->len_bytes))
        p->policy = 1;
    pkt_list_push(&t->node[from].from_tun, p);
    node_wake(&t->node[from]);
}

static void node_flush_received(struct tunnel_node *n, struct tstamp now)
{
    struct core_datagram batch[TUNNEL_BATCH];
    for (size_t i = 0; i < n->received_count; i++) {
        const struct tunnel_datagram *d = &n->received[i];
        batch[i] = (struct core_datagram){ .socket = d->socket,
                                           .from = d->from,
                                           .to = d->to,
                                           .data = d->data,
                                           .len_bytes = d->len_bytes };
    }
    size_t count = n->received_count;
    n->received_count = 0;
    if (count > 0)
        core_rx(n->core, now, batch, count);
}

static void receive(void *owner, size_t link, enum link_direction direction, const uint8_t *data,
                    size_t len_bytes)
{
    struct tunnel *t = owner;
    struct tunnel_node *n = &t->node[direction == LINK_UP ? SIDE_SERVER : SIDE_CLIENT];
    if (n->received_count == TUNNEL_BATCH)
        node_flush_received(n, t->net->events->now);
    struct tunnel_datagram *d = &n->received[n->received_count++];
    if (direction == LINK_UP) {
        d->socket = CORE_SOCKET_LISTEN;
        d->from = link_address(t, link);
        d->to = server_address;
    } else {
        d->socket = (uint16_t)link;
        d->from = server_address;
        d->to = (struct netaddr){ 0 };
    }
    d->len_bytes = len_bytes;
    memcpy(d->data, data, len_bytes);
    node_wake(n);
}

/* The link that a group of datagrams leaves by; links->count: to an address that nobody has. */
static size_t route(const struct tunnel_node *n, const struct core_tx *tx)
{
    const struct tunnel *t = n->tunnel;
    if (n->side == SIDE_CLIENT)
        return netaddr_equal(&tx->to, &server_address) ? tx->socket : t->specs->count;
    for (size_t i = 0; i < t->specs->count; i++) {
        struct netaddr address = link_address(t, i);
        if (netaddr_equal(&tx->to, &address))
            return i;
    }
    return t->specs->count;
}

static int transmit(struct tunnel_node *n, const struct core_tx *tx)
{
    struct tunnel *t = n->tunnel;
    struct check *check = t->net->check;
    size_t link = route(n, tx);
    if (tx->segment_bytes == 0 || tx->segment_count == 0 || tx->len_bytes > CORE_TX_BYTES_MAX ||
        tx->segment_count > CORE_TX_SEGMENTS_MAX ||
        (tx->len_bytes + tx->segment_bytes - 1) / tx->segment_bytes != tx->segment_count)
        check_fail(check, "a group of %zu bytes in %zu segments of %zu", tx->len_bytes,
                   tx->segment_count, tx->segment_bytes);
    enum link_direction direction = n->side == SIDE_CLIENT ? LINK_UP : LINK_DOWN;
    bool local = n->side == SIDE_CLIENT && link < t->specs->count;
    if (local && !t->link_present[link])
        return -ENETDOWN;
    if (local && tx->segment_bytes + OUTER_BYTES > t->specs->link[link].mtu_bytes)
        return -EMSGSIZE;
    for (size_t at = 0; at < tx->len_bytes && !check->failed; at += tx->segment_bytes) {
        size_t left = tx->len_bytes - at;
        size_t len_bytes = left < tx->segment_bytes ? left : tx->segment_bytes;
        check_datagram(check, n->side, tx->data + at, len_bytes);
        t->tx_datagrams++;
        if (link == t->specs->count)
            continue;
        if (len_bytes + OUTER_BYTES > t->specs->link[link].mtu_bytes)
            t->dropped_too_big++;
        else
            wires_send(&t->wires, WIRES_CARRIER, link, direction, tx->data + at, len_bytes,
                       (uint32_t)len_bytes + OUTER_BYTES + LINK_HEADER_BYTES);
    }
    return 0;
}

static void resolve_again(void *owner, uint64_t value)
{
    struct tunnel_node *n = owner;
    (void)value;
    if (n->core == NULL)
        return;
    core_endpoints(n->core, n->tunnel->net->events->now, 0, &server_address, 1);
    node_wake(n);
}

static void handle_event(struct tunnel_node *n, const struct core_event *e)
{
    static const char *const names[] = { "peer up",   "peer down", "path up",
                                         "path down", "resolve",   "mtu",
                                         "same key",  "path slow", "path slow no longer",
                                         "stranger",  "accepted",  "peer mtu" };
    struct tunnel *t = n->tunnel;
    struct events *events = t->net->events;
    if (t->verbose)
        fprintf(stderr, "%10.6f %s: %s, path %u, mtu %u%s%s\n",
                (double)tstamp_sub(events->now, events->start) / 1e9,
                n->side == SIDE_CLIENT ? "client" : "server", names[e->type], e->path, e->mtu_bytes,
                e->reason != NULL ? ", " : "", e->reason != NULL ? e->reason : "");
    check_digest(t->net->check, (uint64_t)e->type << 8 | e->path);
    switch (e->type) {
    case CORE_EVENT_PEER_UP:
    case CORE_EVENT_PEER_DOWN:
        t->peer_up[n->side] = e->type == CORE_EVENT_PEER_UP;
        break;
    case CORE_EVENT_PATH_DOWN:
        t->path_downs++;
        break;
    case CORE_EVENT_RESOLVE:
        if (n->side == SIDE_CLIENT)
            events_add(events, tstamp_add(events->now, 10 * NS_PER_MS), resolve_again, n, 0);
        break;
    case CORE_EVENT_PATH_SLOW:
    case CORE_EVENT_PATH_SLOW_END:
        t->slow[e->type == CORE_EVENT_PATH_SLOW ? 0 : 1]++;
        break;
    case CORE_EVENT_PATH_UP:
    case CORE_EVENT_MTU:
    case CORE_EVENT_SAME_KEY:
    case CORE_EVENT_STRANGER:
    case CORE_EVENT_ACCEPTED:
    case CORE_EVENT_PEER_MTU:
        break;
    }
}

/* True: something left the core. */
static bool node_drain(struct tunnel_node *n, struct tstamp now)
{
    bool any = false;
    struct core_tx tx;
    while (!n->tunnel->net->check->failed && core_next_tx(n->core, now, &tx)) {
        core_tx_done(n->core, now, &tx, transmit(n, &tx));
        any = true;
    }
    struct pkt *p;
    while ((p = core_next_tun(n->core)) != NULL) {
        net_deliver(n->tunnel->net, n->side, p);
        any = true;
    }
    struct core_event event;
    while (core_next_event(n->core, &event)) {
        handle_event(n, &event);
        any = true;
    }
    return any;
}

/* A deadline that does not move on although nothing is left to do would keep a daemon spinning. */
static void node_set_timer(struct tunnel_node *n, struct tstamp now, bool any)
{
    struct tstamp deadline = core_deadline(n->core);
    n->spins = !any && tstamp_reached(deadline, now) ? n->spins + 1 : 0;
    if (n->spins > SPINS_MAX)
        check_fail(n->tunnel->net->check, "the %s spins at a deadline that has passed",
                   n->side == SIDE_CLIENT ? "client" : "server");
    timer_set(&n->timer, tstamp_max(deadline, tstamp_add(now, TIMER_RESOLUTION_NS)));
}

static void node_run(void *owner, uint64_t value)
{
    struct tunnel_node *n = owner;
    struct tstamp now = n->tunnel->net->events->now;
    (void)value;
    if (n->core == NULL)
        return;
    bool any = false;
    do {
        node_flush_received(n, now);
        struct pkt *batch[TUNNEL_BATCH];
        size_t count = 0;
        while (count < TUNNEL_BATCH && n->from_tun.head != NULL)
            batch[count++] = pkt_list_pop(&n->from_tun);
        if (count > 0)
            core_tun(n->core, now, batch, count);
        if (tstamp_reached(core_deadline(n->core), now))
            core_tick(n->core, now);
        any = node_drain(n, now) || any;
    } while (n->from_tun.head != NULL && !n->tunnel->net->check->failed);
    n->awake = false;
    node_set_timer(n, now, any);
}

static void random_bytes(void *arg, void *out, size_t len_bytes)
{
    struct rng *random = arg;
    uint8_t *at = out;
    for (size_t i = 0; i < len_bytes; i++)
        at[i] = (uint8_t)rng_next(random);
}

static bool node_init(struct tunnel_node *n, struct tunnel *t, enum side side,
                      const struct tunnel_config *config, uint64_t seed)
{
    struct netprefix allowed = { .family = 4, .len = 0 };
    enum side other = side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
    if (side == SIDE_SERVER)
        allowed = (struct netprefix){ .family = 4, .len = 32, .addr = { 10, 77, 0, 2 } };
    struct core_peer_config peer = { .allowed = &allowed,
                                     .allowed_count = 1,
                                     .initiate = side == SIDE_CLIENT };
    snprintf(peer.name, sizeof(peer.name), "%s", side == SIDE_CLIENT ? "vps" : "home");
    memcpy(peer.public_key, public_keys[other], sizeof(peer.public_key));
    *n = (struct tunnel_node){ .tunnel = t, .side = side, .random = { seed } };
    timer_init(&n->timer, t->net->events, node_timer, n);
    for (size_t i = 0; i < TUNNEL_BATCH; i++)
        n->received[i].data = sim_alloc(WIRES_FRAME_BYTES_MAX, 1);

    struct core_config core = {
        .pool = t->net->pool[side],
        .peers = &peer,
        .peer_count = 1,
        .ciphers = WIRE_CIPHER_AES256_GCM | WIRE_CIPHER_CHACHA20_POLY1305,
        .preferred_cipher = WIRE_CIPHER_CHACHA20_POLY1305,
        .rekey_after_ns = config->rekey_after_ns,
        .wall_offset_ns = WALL_OFFSET_NS,
        .test_cipher = config->cipher ? 0 : AEAD_SUM,
        .random = random_bytes,
        .random_arg = &n->random,
    };
    memcpy(core.private_key, private_keys[side], sizeof(core.private_key));
    const struct core_policy policies[CORE_POLICIES_MAX] = {
        { .used = config->redundant_pings,
          .mode = BOND_MODE_REDUNDANT,
          .class = BOND_CLASS_REALTIME },
    };
    if (core_new(&n->core, &core, t->net->events->now) < 0)
        return false;
    core_set_policies(n->core, policies);
    return true;
}

static void tell_link(struct tunnel *t, size_t link, bool carrier)
{
    const struct linkspec *spec = &t->specs->link[link];
    struct core_link told = {
        .link = (uint16_t)link,
        .present = true,
        .carrier = carrier,
        .has_ipv4 = true,
        .local_ipv4 = { .family = 4, .addr = { 192, 168, (uint8_t)link, 2 } },
        .mtu_bytes = spec->mtu_bytes,
        .use = t->standby >> link & 1 ? WIRE_PATH_STANDBY : WIRE_PATH_ACTIVE,
    };
    snprintf(told.name, sizeof(told.name), "%s", spec->name);
    t->link_present[link] = carrier;
    core_link_event(t->node[SIDE_CLIENT].core, t->net->events->now, &told);
    node_wake(&t->node[SIDE_CLIENT]);
}

bool tunnel_init(struct tunnel *t, struct net *net, const struct tunnel_config *config)
{
    *t = (struct tunnel){ .net = net, .specs = config->specs, .verbose = config->verbose };
    t->redundant_pings = config->redundant_pings;
    t->standby = config->standby;
    if (crypto_init() < 0)
        return false;
    struct rng seeder = { config->seed };
    wires_init(&t->wires, net->events, config->specs, rng_next(&seeder));
    wires_attach(&t->wires, WIRES_CARRIER, receive, t);
    net->carry = carry;
    net->carrier = t;
    for (int side = 0; side < SIDES; side++) {
        if (!node_init(&t->node[side], t, (enum side)side, config, rng_next(&seeder)))
            return false;
    }
    for (size_t i = 0; i < config->specs->count; i++) {
        t->link_port[i] = (uint16_t)(LINK_PORT_FIRST + i);
        tell_link(t, i, true);
    }
    core_endpoints(t->node[SIDE_CLIENT].core, net->events->now, 0, &server_address, 1);
    for (int side = 0; side < SIDES; side++)
        node_wake(&t->node[side]);
    return true;
}

void tunnel_free(struct tunnel *t)
{
    for (int side = 0; side < SIDES; side++) {
        struct tunnel_node *n = &t->node[side];
        if (n->core != NULL && !t->net->check->failed) {
            core_close(n->core, t->net->events->now);
            node_drain(n, t->net->events->now);
        }
        core_free(n->core);
        n->core = NULL;
        pkt_list_clear(&n->from_tun);
        for (size_t i = 0; i < TUNNEL_BATCH; i++)
            free(n->received[i].data);
    }
    for (int side = 0; side < SIDES; side++)
        pkt_list_clear(&t->node[side].from_tun);
    wires_free(&t->wires);
}

void tunnel_carrier(struct tunnel *t, size_t link, bool carrier)
{
    tell_link(t, link, carrier);
}

void tunnel_rebind(struct tunnel *t, size_t link)
{
    t->link_port[link] = (uint16_t)(t->link_port[link] + LINKSPEC_LINKS_MAX);
}

uint32_t tunnel_mtu_bytes(const struct tunnel *t)
{
    uint32_t client_bytes = core_mtu(t->node[SIDE_CLIENT].core);
    uint32_t server_bytes = core_mtu(t->node[SIDE_SERVER].core);
    return client_bytes < server_bytes ? client_bytes : server_bytes;
}
