/* SPDX-License-Identifier: ISC */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

#include "base/pkt.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/key.h"

enum {
    SMALL_BUFFERS = 256,
    LARGE_BUFFERS = 8,
    SENDS_MAX = 10000, /* of one core at one time */
    TURNS_MAX = 64,    /* until it rests */
    CONNECT_MS = 100,
    PORT_STEP = 16, /* from one of the client's ports to the next, as when it roams */
};

static const uint8_t server_address[4] = { 192, 0, 2, 1 };
static const uint8_t client_address[4] = { 198, 51, 100, 2 };
static const uint8_t seeds[2] = { 0x22, 0x11 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void random_of(void *arg, void *out, size_t len_bytes)
{
    for (size_t i = 0; i < len_bytes; i++)
        ((uint8_t *)out)[i] = (uint8_t)rng_next(arg);
}

static size_t fill_peer(struct core_peer_config *peer, enum pair_side side,
                        const struct pair_setting *setting)
{
    static const struct netprefix everything[2] = { { .family = 4 }, { .family = 6 } };
    static const struct netprefix some = { .family = 4, .len = 16, .addr = { 10, 77 } };
    static const uint8_t counts[4] = { 1, 0, 1, 2 };
    uint8_t other_private[32];
    *peer = (struct core_peer_config){ .name = "other", .initiate = side == PAIR_CLIENT };
    peer->allowed = setting->allowed % 4 == 2 ? &some : everything;
    peer->allowed_count = counts[setting->allowed % 4];
    peer->send_limit_bps = (setting->allowed & 4) != 0 ? 3000000 : 0;
    peer->receive_limit_bps = (setting->allowed & 8) != 0 ? 1000000 : 0;
    if (setting->has_preshared_key)
        memset(peer->preshared_key, 7, sizeof peer->preshared_key);
    memset(other_private, seeds[pair_other(side)], sizeof other_private);
    must(key_public(peer->public_key, other_private));
    return setting->has_no_peer ? 0 : 1;
}

static void name_server(struct pair *p)
{
    struct netaddr server = { .family = 4, .port = WIRE_PORT };
    memcpy(server.addr, server_address, sizeof server_address);
    core_endpoints(p->cores[PAIR_CLIENT], p->now, 0, &server, 1);
}

int pair_make_with(struct pair *p, enum pair_side side, const struct core_peer_config *peers,
                   size_t count)
{
    struct core_config config = { .pool = p->pool,
                                  .peers = peers,
                                  .peer_count = count,
                                  .ciphers = 3,
                                  .preferred_cipher = WIRE_CIPHER_CHACHA20_POLY1305,
                                  .test_cipher = AEAD_SUM,
                                  .random = random_of,
                                  .random_arg = &p->random };
    memset(config.private_key, seeds[side], sizeof config.private_key);
    int err = core_new(&p->cores[side], &config, p->now);
    if (err == 0)
        core_tell_too_big(p->cores[side], true);
    return err;
}

void pair_make(struct pair *p, enum pair_side side)
{
    struct core_peer_config peer;
    size_t count = fill_peer(&peer, side, &p->settings[side]);
    must(pair_make_with(p, side, &peer, count) == 0);
    if (side == PAIR_SERVER)
        return;
    pair_link(p, 0, 0);
    name_server(p);
}

void pair_link(struct pair *p, unsigned link, uint8_t bits)
{
    static const char *const names[PAIR_LINKS] = { "dsl", "lte" };
    struct core_link l = { .link = (uint16_t)(link % PAIR_LINKS),
                           .present = (bits & PAIR_LINK_GONE) == 0,
                           .carrier = (bits & PAIR_LINK_NO_CARRIER) == 0,
                           .has_ipv4 = (bits & PAIR_LINK_IPV6_ONLY) == 0,
                           .has_ipv6 = (bits & PAIR_LINK_IPV6_ONLY) != 0,
                           .mtu_bytes = (bits & PAIR_LINK_LARGE) != 0 ? 1500 : 576 };
    strcpy(l.name, names[l.link]);
    if ((bits & PAIR_LINK_STANDBY) != 0)
        l.use = WIRE_PATH_STANDBY;
    if ((bits & PAIR_LINK_DOWN) != 0)
        l.use = WIRE_PATH_DOWN;
    if ((bits & PAIR_LINK_LIMITED) != 0)
        l.limit_up_bps = l.limit_down_bps = 1000000;
    core_link_event(p->cores[PAIR_CLIENT], p->now, &l);
}

void pair_deliver(struct pair *p, enum pair_side to, unsigned link, const uint8_t *data,
                  size_t len_bytes)
{
    struct core_datagram d = { .data = data, .len_bytes = len_bytes };
    d.from.family = 4;
    if (p->cores[to] == NULL)
        return;
    p->stirred[to] = true;
    if (to == PAIR_SERVER) {
        d.socket = CORE_SOCKET_LISTEN;
        d.from.port = (uint16_t)(p->port + link);
        memcpy(d.from.addr, client_address, sizeof client_address);
    } else {
        d.socket = (uint16_t)link;
        d.from.port = WIRE_PORT;
        memcpy(d.from.addr, server_address, sizeof server_address);
    }
    core_rx(p->cores[to], p->now, &d, 1);
}

static void record(struct pair *p, enum pair_side to, unsigned link, const uint8_t *data,
                   size_t len_bytes)
{
    struct pair_record *r = &p->records[p->record_count++ % PAIR_RECORDS];
    r->to = to;
    r->link = (uint8_t)link;
    r->len_bytes = len_bytes < sizeof r->data ? len_bytes : sizeof r->data;
    memcpy(r->data, data, r->len_bytes);
}

/* A group of datagrams on its way. What goes to a port that the client has left is lost. */
static void cross(struct pair *p, enum pair_side from, const struct core_tx *tx)
{
    enum pair_side to = pair_other(from);
    unsigned link = from == PAIR_CLIENT ? tx->socket : (unsigned)(tx->to.port - p->port);
    for (size_t at = 0; at < tx->len_bytes; at += tx->segment_bytes) {
        size_t left = tx->len_bytes - at;
        size_t bytes = left < tx->segment_bytes ? left : tx->segment_bytes;
        bool is_lost = (p->lost >> (p->crossed++ % 32) & 1) != 0 || link >= PAIR_LINKS;
        record(p, to, link % PAIR_LINKS, tx->data + at, bytes);
        if (!is_lost)
            pair_deliver(p, to, link, tx->data + at, bytes);
    }
}

static void take(struct pair *p, enum pair_side from, bool crosses)
{
    struct core *c = p->cores[from];
    struct core_tx tx;
    struct core_event e;
    struct pkt *pkt;
    unsigned sends = 0;
    for (; sends < SENDS_MAX && core_next_tx(c, p->now, &tx); sends++) {
        must(tx.len_bytes <= CORE_TX_BYTES_MAX && tx.segment_count >= 1);
        bool fails = p->result_for > 0;
        if (fails)
            p->result_for--;
        else if (crosses)
            cross(p, from, &tx);
        core_tx_done(c, p->now, &tx, fails ? p->result : 0);
    }
    must(sends < SENDS_MAX);
    while ((pkt = core_next_tun(c)) != NULL)
        pkt_put(pkt);
    while (!p->keeps_events[from] && core_next_event(c, &e))
        must(e.path < WIRE_PATHS_MAX);
}

void pair_drain(struct pair *p, enum pair_side from, bool crosses)
{
    unsigned turns = 0;
    do {
        core_tick(p->cores[from], p->now);
        take(p, from, crosses);
    } while (tstamp_reached(core_deadline(p->cores[from]), p->now) && ++turns < TURNS_MAX);
    must(turns < TURNS_MAX);
    p->stirred[from] = false;
}

/* What rests is left alone: most of the time nothing is due. */
static void drain_if_due(struct pair *p, enum pair_side side)
{
    if (p->cores[side] == NULL)
        return;
    if (p->stirred[side] || tstamp_reached(core_deadline(p->cores[side]), p->now))
        pair_drain(p, side, true);
}

void pair_talk(struct pair *p, unsigned ms)
{
    p->stirred[PAIR_CLIENT] = p->stirred[PAIR_SERVER] = true;
    for (unsigned i = 0; i < ms; i++) {
        drain_if_due(p, PAIR_CLIENT);
        drain_if_due(p, PAIR_SERVER);
        p->now = tstamp_add(p->now, NS_PER_MS);
    }
}

void pair_remove(struct pair *p, enum pair_side side)
{
    core_free(p->cores[side]);
    p->cores[side] = NULL;
}

void pair_restart(struct pair *p, enum pair_side side)
{
    pair_remove(p, side);
    pair_make(p, side);
}

void pair_set(struct pair *p, enum pair_side side, const struct pair_setting *setting)
{
    struct core_peer_config peer;
    size_t count = fill_peer(&peer, side, setting);
    p->settings[side] = *setting;
    struct core *c = p->cores[side];
    while (core_peer_count(c) > count)
        core_remove_peer(c, p->now, 0);
    for (size_t i = 0; i < count; i++)
        must(core_put_peer(c, p->now, &peer) == 0);
    if (side == PAIR_CLIENT)
        name_server(p);
}

static bool are_up(const struct pair *p)
{
    static struct core_peer_status s;
    for (unsigned side = 0; side < 2; side++) {
        core_peer_status(p->cores[side], p->now, 0, &s);
        if (!s.up)
            return false;
    }
    return true;
}

void pair_begin(struct pair *p)
{
    *p = (struct pair){ .now = { 1000 * NS_PER_S }, .random = { 1 }, .port = 40000 };
    must(crypto_init() == 0);
    p->pool = pkt_pool_new(SMALL_BUFFERS, LARGE_BUFFERS);
    must(p->pool != NULL);
}

void pair_open(struct pair *p)
{
    pair_begin(p);
    pair_make(p, PAIR_CLIENT);
    pair_make(p, PAIR_SERVER);
    unsigned ms = 0;
    for (; ms < CONNECT_MS && !are_up(p); ms++)
        pair_talk(p, 1);
    must(ms < CONNECT_MS);
}

void pair_close(struct pair *p)
{
    for (unsigned side = 0; side < 2; side++) {
        if (p->cores[side] == NULL)
            continue;
        core_close(p->cores[side], p->now);
        take(p, (enum pair_side)side, false);
        core_free(p->cores[side]);
    }
    must(pkt_pool_used(p->pool) == 0);
    pkt_pool_free(p->pool);
}
