/* SPDX-License-Identifier: ISC */
#include "session/world.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/key.h"

enum {
    INNER_HEADERS = 28,
    OUTER_HEADERS = 28,
    LINK_HEADERS = OUTER_HEADERS + 14,
    POOL_SMALL = 8192,
    POOL_SMALL_OF_MANY = 512,
    MANY = 8,
    POOL_LARGE = 64,
};

#define LINK_QUEUE_NS (200 * NS_PER_MS)

static void random_of(void *arg, void *out, size_t len_bytes)
{
    uint8_t *p = out;
    for (size_t i = 0; i < len_bytes; i++)
        p[i] = (uint8_t)rng_next(arg);
}

static struct netaddr address(const char *text)
{
    struct netaddr a;
    assert(netaddr_parse(&a, text));
    return a;
}

struct netaddr world_server_address(void)
{
    return address("203.0.113.1:4297");
}

struct netaddr world_server_address6(void)
{
    return address("[2001:db8::1]:4297");
}

static struct netaddr server_address(uint8_t family)
{
    return family == 6 ? world_server_address6() : world_server_address();
}

struct world *world_new(size_t clients, size_t links)
{
    struct world *w = calloc(1, sizeof *w);
    assert(w != NULL && crypto_init() == 0 && clients < WORLD_NODES && links <= WORLD_LINKS);
    w->now.ns = 1000 * NS_PER_S;
    w->node_count = clients + 1;
    /* Four more: strangers that tests make up. */
    w->nodes = calloc(w->node_count + 4, sizeof *w->nodes);
    assert(w->nodes != NULL);
    w->random.state = 7;
    for (size_t i = 0; i < w->node_count; i++) {
        struct world_node *n = &w->nodes[i];
        char text[NETADDR_STRLEN];
        n->random.state = 1000 + i;
        w->wall_offset_ns[i] = INT64_C(1700000000) * NS_PER_S;
        memset(n->private_key, (int)(17 + i), sizeof n->private_key);
        assert(key_public(n->public_key, n->private_key));
        snprintf(text, sizeof text, i == 0 ? "0.0.0.0/0" : "10.77.0.%zu/32", i + 1);
        assert(netprefix_parse(&n->allowed, text));
        for (size_t l = 0; i > 0 && l < links; l++) {
            snprintf(text, sizeof text, "198.51.%zu.%zu:%zu", 100 + i, l + 1, 40000 + l);
            n->links[l] = (struct world_link){ .present = true,
                                               .delay_ns = (int64_t)(5 + 5 * l) * NS_PER_MS,
                                               .mtu_bytes = 1500,
                                               .outside = address(text) };
        }
    }
    return w;
}

static struct core_peer_config peer_config(const struct world *w, size_t own, size_t other)
{
    struct core_peer_config p = {
        .allowed = &w->nodes[other].allowed,
        .allowed_count = 1,
        .initiate = own != 0,
    };
    snprintf(p.name, sizeof p.name, "node%zu", other);
    memcpy(p.public_key, w->nodes[other].public_key, sizeof p.public_key);
    memcpy(p.preshared_key, w->psk, sizeof p.preshared_key);
    p.send_limit_bps = own == 0 ? w->nodes[other].send_limit_bps : 0;
    p.receive_limit_bps = own == 0 ? w->nodes[other].receive_limit_bps : 0;
    if (own != 0 && w->wrong_psk)
        p.preshared_key[5] ^= 1;
    return p;
}

void world_link_event(struct world *w, size_t node, uint16_t link, bool present, bool carrier,
                      uint8_t use)
{
    struct core_link l = { .link = link,
                           .present = present,
                           .carrier = carrier,
                           .has_ipv4 = w->nodes[node].links[link].outside.family != 0,
                           .has_ipv6 = w->nodes[node].links[link].outside6.family != 0,
                           .local_ipv4 = address("192.168.1.2"),
                           .gateway_ipv4 = w->nodes[node].links[link].gateway,
                           .mtu_bytes = w->nodes[node].links[link].mtu_bytes < 1500
                                            ? 1500
                                            : w->nodes[node].links[link].mtu_bytes,
                           .use = use,
                           .cost = w->nodes[node].links[link].cost };
    l.local_ipv4.addr[2] = (uint8_t)link;
    snprintf(l.name, sizeof l.name, "link%u", link);
    core_link_event(w->nodes[node].core, w->now, &l);
}

static size_t peer_configs(const struct world *w, size_t node,
                           struct core_peer_config peers[WORLD_NODES])
{
    size_t count = 0;
    for (size_t other = 0; other < w->node_count; other++)
        if ((node == 0) != (other == 0) && !(node == 0 && w->strangers) && w->twin_of[other] == 0)
            peers[count++] = peer_config(w, node, other);
    return count;
}

static void start_node(struct world *w, size_t node)
{
    struct world_node *n = &w->nodes[node];
    struct core_peer_config peers[WORLD_NODES];
    size_t count = peer_configs(w, node, peers);
    struct core_config config = {
        .pool = n->pool,
        .peers = peers,
        .peer_count = count,
        .ciphers = w->ciphers[node] == 0 ? 3 : w->ciphers[node],
        .preferred_cipher =
            w->preferred_cipher[node] == 0 ? (uint8_t)aead_preferred() : w->preferred_cipher[node],
        .rekey_after_ns = w->rekey_after_ns,
        .uplink_bps = node == 0 ? w->uplink_bps : 0,
        .wall_offset_ns = w->wall_offset_ns[node],
        .version = "world",
        .random = random_of,
        .random_arg = &n->random,
    };
    memcpy(config.private_key, n->private_key, sizeof config.private_key);
    assert(core_new(&n->core, &config, w->now) == 0);
    if (node == 0)
        return;
    for (uint16_t l = 0; l < WORLD_LINKS; l++)
        if (n->links[l].present)
            world_link_event(w, node, l, true, true, WIRE_PATH_ACTIVE);
    if (w->endpoint_count == 0)
        w->endpoints[w->endpoint_count++] = world_server_address();
    core_endpoints(n->core, w->now, 0, w->endpoints, w->endpoint_count);
}

void world_start(struct world *w)
{
    for (size_t i = 0; i < w->node_count; i++) {
        struct world_node *n = &w->nodes[i];
        const struct world_node *twin = &w->nodes[w->twin_of[i]];
        if (w->twin_of[i] == 0)
            continue;
        memcpy(n->private_key, twin->private_key, sizeof n->private_key);
        memcpy(n->public_key, twin->public_key, sizeof n->public_key);
        n->allowed = twin->allowed;
    }
    for (size_t i = 0; i < w->node_count; i++) {
        bool many = i > 0 && w->node_count > MANY;
        w->nodes[i].pool = pkt_pool_new(many ? POOL_SMALL_OF_MANY : POOL_SMALL, POOL_LARGE);
        assert(w->nodes[i].pool != NULL);
        start_node(w, i);
    }
}

void world_restart(struct world *w, size_t node)
{
    core_free(w->nodes[node].core);
    assert(pkt_pool_used(w->nodes[node].pool) == 0);
    start_node(w, node);
}

void world_reload(struct world *w)
{
    struct core_peer_config peers[WORLD_NODES];
    size_t count = peer_configs(w, 0, peers);
    world_set_peers(w->nodes[0].core, w->now, peers, count);
}

static void free_datagram(struct world_datagram *d)
{
    free(d->data);
    free(d);
}

void world_set_peers(struct core *c, struct tstamp now, const struct core_peer_config *peers,
                     size_t count)
{
    for (size_t i = core_peer_count(c); i-- > 0;) {
        bool stays = false;
        for (size_t j = 0; j < count && !stays; j++)
            stays = memcmp(core_peer_key(c, i), peers[j].public_key, 32) == 0;
        if (!stays)
            core_remove_peer(c, now, i);
    }
    for (size_t j = 0; j < count; j++)
        assert(core_put_peer(c, now, &peers[j]) == 0);
}

void world_free(struct world *w)
{
    while (w->flying != NULL) {
        struct world_datagram *d = w->flying;
        w->flying = d->next;
        free_datagram(d);
    }
    for (size_t i = 0; i < w->node_count; i++) {
        core_free(w->nodes[i].core);
        assert(pkt_pool_used(w->nodes[i].pool) == 0);
        pkt_pool_free(w->nodes[i].pool);
    }
    free(w->nodes);
    free(w);
}

static void enqueue(struct world *w, struct world_datagram *d)
{
    struct world_datagram **at = &w->flying;
    while (*at != NULL && (*at)->at.ns <= d->at.ns)
        at = &(*at)->next;
    d->next = *at;
    *at = d;
}

static struct world_datagram *new_datagram(size_t node, uint16_t socket, const uint8_t *data,
                                           size_t len_bytes)
{
    struct world_datagram *d = calloc(1, sizeof *d);
    assert(d != NULL);
    d->node = node;
    d->socket = socket;
    d->len_bytes = len_bytes;
    d->data = malloc(len_bytes);
    assert(d->data != NULL);
    memcpy(d->data, data, len_bytes);
    return d;
}

void world_inject(struct world *w, size_t node, uint16_t socket, const struct netaddr *from,
                  const uint8_t *data, size_t len_bytes)
{
    const struct core_datagram d = {
        .socket = socket,
        .from = *from,
        .to = world_server_address(),
        .data = data,
        .len_bytes = len_bytes,
    };
    core_rx(w->nodes[node].core, w->now, &d, 1);
}

/* The link of a client that has an outside address; NULL: nobody's. */
static struct world_link *find_link(struct world *w, const struct netaddr *to, size_t *node,
                                    uint16_t *link)
{
    for (*node = 1; *node < w->node_count; ++*node)
        for (*link = 0; *link < WORLD_LINKS; ++*link) {
            struct world_link *l = &w->nodes[*node].links[*link];
            if (l->present && (netaddr_equal(&l->outside, to) || netaddr_equal(&l->outside6, to)))
                return l;
        }
    return NULL;
}

static void gone_astray(struct world *w, const uint8_t *data, size_t len)
{
    assert(len <= sizeof w->stray_data);
    w->stray_bytes += len;
    w->stray_len = len;
    memcpy(w->stray_data, data, len);
    if (len > w->stray_relay_max)
        return;
    const struct world_link *l = &w->nodes[1].links[0];
    struct world_datagram *d = new_datagram(1, 0, data, len);
    d->at = tstamp_add(w->now, l->delay_ns);
    d->from = world_server_address();
    d->to = l->outside;
    enqueue(w, d);
}

/* When a datagram that leaves now is there; NEVER: the link's queue is full. */
static struct tstamp arrival(const struct world *w, struct world_link *l, bool down, size_t len)
{
    uint64_t bps = down ? l->down_bps : l->up_bps;
    struct tstamp *free_at = down ? &l->down_free_at : &l->up_free_at;
    if (bps == 0)
        return tstamp_add(w->now, l->delay_ns);
    if (tstamp_sub(*free_at, w->now) > LINK_QUEUE_NS)
        return TSTAMP_NEVER;
    int64_t took_ns = (int64_t)((len + LINK_HEADERS) * 8 * NS_PER_S / bps);
    *free_at = tstamp_add(tstamp_max(*free_at, w->now), took_ns);
    return tstamp_add(*free_at, l->delay_ns);
}

/* One datagram on its way; 0 or what the kernel would say. */
static int route(struct world *w, size_t from_node, const struct core_tx *tx, const uint8_t *data,
                 size_t len)
{
    size_t node = from_node;
    uint16_t socket = tx->socket;
    struct world_link *l;
    if (from_node == 0)
        l = find_link(w, &tx->to, &node, &socket);
    else
        l = &w->nodes[from_node].links[tx->socket];
    struct netaddr server = server_address(tx->to.family);
    if (from_node != 0 && !netaddr_equal(&tx->to, &server))
        l = NULL;
    if (l == NULL) {
        if (netaddr_equal(&tx->to, &w->stray))
            gone_astray(w, data, len);
        return 0;
    }
    if (from_node != 0 && l->error != 0)
        return l->error;
    uint32_t mtu_bytes =
        from_node == 0 && l->mtu_down_bytes != 0 ? l->mtu_down_bytes : l->mtu_bytes;
    bool too_big = len + OUTER_HEADERS + (tx->to.family == 6 ? 20 : 0) > mtu_bytes;
    if (too_big && l->refuse_big && from_node != 0)
        return -EMSGSIZE;
    *(from_node == 0 ? &l->rx_bytes : &l->tx_bytes) += len;
    if (l->cut || too_big || rng_unit(&w->random) < l->loss)
        return 0;
    bool down = from_node == 0;
    struct tstamp at = arrival(w, l, down, len);
    if (tstamp_is_never(at))
        return 0;
    struct world_datagram *d =
        new_datagram(down ? node : 0, down ? socket : CORE_SOCKET_LISTEN, data, len);
    d->at = at;
    struct netaddr outside = tx->to.family == 6 ? l->outside6 : l->outside;
    d->from = down ? server : outside;
    d->to = down ? outside : server;
    w->datagrams++;
    if (w->hook != NULL && w->hook(w, d, w->hook_arg) == WORLD_DROP)
        free_datagram(d);
    else
        enqueue(w, d);
    return 0;
}

static bool drain_tx(struct world *w, size_t node)
{
    struct core_tx tx;
    bool any = false;
    bool limited = node == 0 && w->device_bps != 0;
    while (!(limited && tstamp_before(w->now, w->device_free_at)) &&
           core_next_tx(w->nodes[node].core, w->now, &tx)) {
        int result = 0;
        if (limited)
            w->device_free_at =
                tstamp_add(tstamp_max(w->device_free_at, tstamp_add(w->now, -NS_PER_MS / 10)),
                           (int64_t)(tx.len_bytes * 8 * NS_PER_S / w->device_bps));
        any = true;
        assert(tx.segment_count >= 1 && tx.segment_count <= CORE_TX_SEGMENTS_MAX);
        assert(tx.len_bytes <= CORE_TX_BYTES_MAX);
        assert(tx.len_bytes > tx.segment_bytes * (tx.segment_count - 1));
        assert(tx.len_bytes <= tx.segment_bytes * tx.segment_count);
        for (size_t at = 0; at < tx.len_bytes && result == 0; at += tx.segment_bytes) {
            size_t left = tx.len_bytes - at;
            result = route(w, node, &tx, tx.data + at,
                           left < tx.segment_bytes ? left : tx.segment_bytes);
        }
        core_tx_done(w->nodes[node].core, w->now, &tx, result);
    }
    return any;
}

static void drain_rest(struct world *w, size_t node)
{
    struct world_node *n = &w->nodes[node];
    struct pkt *p;
    while ((p = core_next_tun(n->core)) != NULL) {
        assert(p->len_bytes >= INNER_HEADERS + 2);
        size_t number = (size_t)p->data[INNER_HEADERS] << 8 | p->data[INNER_HEADERS + 1];
        n->seen[number]++;
        if (number < WORLD_TIMED_MAX)
            n->seen_at[number] = w->now;
        n->delivered++;
        n->delivered_bytes += p->len_bytes;
        for (size_t i = INNER_HEADERS + 2; i < p->len_bytes; i++)
            assert(p->data[i] == (uint8_t)i);
        pkt_put(p);
    }
    struct core_event e;
    while (core_next_event(n->core, &e))
        if (n->event_count < WORLD_EVENTS)
            n->events[n->event_count++] = e;
}

static void drain(struct world *w)
{
    bool any = true;
    for (unsigned rounds = 0; any; rounds++) {
        assert(rounds < 1000); /* else the cores come to no rest */
        any = false;
        for (size_t i = 0; i < w->node_count; i++) {
            if (tstamp_reached(core_deadline(w->nodes[i].core), w->now))
                core_tick(w->nodes[i].core, w->now);
            any |= drain_tx(w, i);
            drain_rest(w, i);
        }
    }
}

static void arrive(struct world *w)
{
    while (w->flying != NULL && tstamp_reached(w->flying->at, w->now)) {
        struct world_datagram *d = w->flying;
        w->flying = d->next;
        const struct core_datagram in = { .socket = d->socket,
                                          .from = d->from,
                                          .to = d->to,
                                          .data = d->data,
                                          .len_bytes = d->len_bytes };
        core_rx(w->nodes[d->node].core, w->now, &in, 1);
        free_datagram(d);
    }
}

void world_run(struct world *w, int64_t duration_ns)
{
    struct tstamp end = tstamp_add(w->now, duration_ns);
    drain(w);
    for (;;) {
        struct tstamp next = end;
        if (w->flying != NULL)
            next = tstamp_min(next, w->flying->at);
        for (size_t i = 0; i < w->node_count; i++)
            next = tstamp_min(next, core_deadline(w->nodes[i].core));
        /* A deadline that stays in the past would be a busy loop: time goes on, slowly. */
        w->now = tstamp_max(next, tstamp_add(w->now, 50 * NS_PER_US));
        if (tstamp_before(end, w->now)) {
            w->now = end;
            return;
        }
        arrive(w);
        drain(w);
    }
}

bool world_run_until_up(struct world *w, size_t client, int64_t patience_ns)
{
    for (int64_t waited = 0; waited < patience_ns; waited += 10 * NS_PER_MS) {
        world_run(w, 10 * NS_PER_MS);
        if (world_status(w, client, 0).up && world_status(w, 0, client - 1).up)
            return true;
    }
    return false;
}

static void send_from_port(struct world *w, size_t from, size_t to, size_t source_of, uint16_t port,
                           uint16_t n, size_t len_bytes)
{
    struct pkt *p = pkt_new(w->nodes[from].pool, len_bytes);
    assert(p != NULL && len_bytes >= INNER_HEADERS + 2);
    const uint8_t source[4] = { 10, 77, 0, (uint8_t)(source_of + 1) };
    const uint8_t destination[4] = { 10, 77, 0, (uint8_t)(to + 1) };
    memset(p->data, 0, INNER_HEADERS);
    p->len_bytes = (uint32_t)len_bytes;
    p->data[0] = 0x45;
    p->data[2] = (uint8_t)(len_bytes >> 8);
    p->data[3] = (uint8_t)len_bytes;
    p->data[8] = 64;
    p->data[9] = 17;
    memcpy(p->data + 12, source, 4);
    memcpy(p->data + 16, destination, 4);
    p->data[20] = (uint8_t)(port >> 8);
    p->data[21] = (uint8_t)port;
    p->data[23] = 7;
    p->data[24] = (uint8_t)((len_bytes - 20) >> 8);
    p->data[25] = (uint8_t)(len_bytes - 20);
    p->data[INNER_HEADERS] = (uint8_t)(n >> 8);
    p->data[INNER_HEADERS + 1] = (uint8_t)n;
    for (size_t i = INNER_HEADERS + 2; i < len_bytes; i++)
        p->data[i] = (uint8_t)i;
    ip_parse(p);
    core_tun(w->nodes[from].core, w->now, &p, 1);
}

void world_send_as(struct world *w, size_t from, size_t to, size_t source_of, uint16_t n,
                   size_t len_bytes)
{
    send_from_port(w, from, to, source_of, 7, n, len_bytes);
}

void world_send_flow(struct world *w, size_t from, size_t to, uint16_t flow, uint16_t n,
                     size_t len_bytes)
{
    send_from_port(w, from, to, from, (uint16_t)(1000 + flow), n, len_bytes);
}

void world_send(struct world *w, size_t from, size_t to, uint16_t n, size_t len_bytes)
{
    world_send_as(w, from, to, from, n, len_bytes);
}

uint64_t world_drops(const struct world *w, size_t node, enum core_drop reason)
{
    uint64_t drops[CORE_DROP_COUNT];
    core_drops(w->nodes[node].core, drops);
    return drops[reason];
}

struct core_peer_status world_status(const struct world *w, size_t node, size_t peer)
{
    static struct core_peer_status status;
    core_peer_status(w->nodes[node].core, w->now, peer, &status);
    return status;
}
