/* SPDX-License-Identifier: ISC */
#include "peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "crypto/key.h"

enum { LINKS = 2, STEPS_MAX = 400, BATCH = 64, SERVER_PORT = 4297, PACKET_BYTES = 300 };
#define STEP_NS (2 * NS_PER_MS)

struct client {
    struct core *core;
    size_t number;
};

struct bench {
    struct core *server;
    struct pkt_pool *pool;
    uint8_t private_key[32], public_key[32];
    struct tstamp now;
};

static struct netaddr server_address(void)
{
    return (struct netaddr){ .family = 4, .addr = { 192, 0, 2, 1 }, .port = SERVER_PORT };
}

static struct netaddr client_address(size_t number, unsigned link)
{
    return (struct netaddr){ .family = 4,
                             .addr = { 100, (uint8_t)(64 + link), (uint8_t)(number >> 8),
                                       (uint8_t)number },
                             .port = 40000 };
}

static void inner_address(size_t number, uint8_t out[4])
{
    const uint8_t addr[4] = { 10, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                              (uint8_t)number };
    memcpy(out, addr, sizeof addr);
}

static void private_key_of(size_t number, uint8_t out[32])
{
    memset(out, 0x40, 32);
    memcpy(out + 8, &number, sizeof number);
}

static bool open_server(struct bench *b, size_t count)
{
    struct core_peer_config *peers = calloc(count, sizeof *peers);
    struct netprefix *allowed = calloc(count, sizeof *allowed);
    bool good = peers != NULL && allowed != NULL;
    for (size_t i = 0; good && i < count; i++) {
        uint8_t private_key[32];
        private_key_of(i, private_key);
        snprintf(peers[i].name, sizeof peers[i].name, "peer%zu", i);
        good = key_public(peers[i].public_key, private_key);
        allowed[i] = (struct netprefix){ .family = 4, .len = 32 };
        inner_address(i, allowed[i].addr);
        peers[i].allowed = &allowed[i];
        peers[i].allowed_count = 1;
    }
    struct core_config config = { .pool = b->pool,
                                  .peers = peers,
                                  .peer_count = count,
                                  .ciphers = 3,
                                  .preferred_cipher = WIRE_CIPHER_AES256_GCM,
                                  .random = bench_random };
    memcpy(config.private_key, b->private_key, sizeof config.private_key);
    good = good && core_new(&b->server, &config, b->now) == 0;
    free(peers);
    free(allowed);
    return good;
}

static bool open_client(struct bench *b, struct client *c)
{
    struct netprefix everything = { .family = 4 };
    struct core_peer_config peer = {
        .name = "server", .allowed = &everything, .allowed_count = 1, .initiate = true
    };
    struct core_config config = { .pool = b->pool,
                                  .peers = &peer,
                                  .peer_count = 1,
                                  .ciphers = 3,
                                  .preferred_cipher = WIRE_CIPHER_AES256_GCM,
                                  .random = bench_random };
    const struct netaddr to = server_address();
    memcpy(peer.public_key, b->public_key, sizeof peer.public_key);
    private_key_of(c->number, config.private_key);
    if (core_new(&c->core, &config, b->now) < 0)
        return false;
    for (uint16_t i = 0; i < LINKS; i++) {
        struct core_link link = { .link = i,
                                  .present = true,
                                  .carrier = true,
                                  .has_ipv4 = true,
                                  .local_ipv4 = client_address(c->number, i),
                                  .mtu_bytes = 1500 };
        link.local_ipv4.port = 0;
        snprintf(link.name, sizeof link.name, "link%u", i);
        core_link_event(c->core, b->now, &link);
    }
    core_endpoints(c->core, b->now, 0, &to, 1);
    return true;
}

/* From the server to the client, or the other way. */
static void carry(struct bench *b, struct client *c, const struct core_tx *tx, bool up)
{
    struct core_datagram batch[BATCH];
    size_t n = 0;
    unsigned link = up ? tx->socket : tx->to.addr[1] - 64u;
    for (size_t at = 0; at < tx->len_bytes && n < BATCH; at += tx->segment_bytes) {
        size_t left = tx->len_bytes - at;
        batch[n++] = (struct core_datagram){
            .socket = (uint16_t)(up ? CORE_SOCKET_LISTEN : link),
            .from = up ? client_address(c->number, link) : server_address(),
            .to = up ? server_address() : client_address(c->number, link),
            .data = tx->data + at,
            .len_bytes = left < tx->segment_bytes ? left : tx->segment_bytes,
        };
    }
    core_rx(up ? b->server : c->core, b->now, batch, n);
}

static size_t take(struct core *core)
{
    size_t count = 0;
    for (struct pkt *p; (p = core_next_tun(core)) != NULL; count++)
        pkt_put(p);
    return count;
}

/* What is for clients that are gone is lost. Returns how many inner packets arrived. */
static size_t step(struct bench *b, struct client *c)
{
    struct core_event event;
    struct core_tx tx;
    size_t arrived = 0;
    b->now = tstamp_add(b->now, STEP_NS);
    for (bool more = true; more;) {
        more = false;
        core_tick(b->server, b->now);
        core_tick(c->core, b->now);
        while (core_next_tx(c->core, b->now, &tx)) {
            carry(b, c, &tx, true);
            more = true;
        }
        while (core_next_tx(b->server, b->now, &tx)) {
            if ((size_t)(tx.to.addr[2] << 8 | tx.to.addr[3]) != c->number)
                continue;
            carry(b, c, &tx, false);
            more = true;
        }
        arrived += take(b->server) + take(c->core);
    }
    while (core_next_event(b->server, &event) || core_next_event(c->core, &event))
        ;
    return arrived;
}

static bool has_both_paths(const struct bench *b, size_t number)
{
    struct core_peer_status status;
    core_peer_status(b->server, b->now, number, &status);
    unsigned up = 0;
    for (size_t i = 0; i < status.path_count; i++)
        up += status.paths[i].bond.state == BOND_PATH_UP;
    return status.up && up == LINKS;
}

static void ping(struct bench *b, struct client *c, bool up)
{
    struct pkt *p = pkt_new(b->pool, PACKET_BYTES);
    if (p == NULL)
        return;
    p->len_bytes = PACKET_BYTES;
    memset(p->data, 0, PACKET_BYTES);
    p->data[0] = 0x45;
    p->data[2] = PACKET_BYTES >> 8;
    p->data[3] = PACKET_BYTES & 0xff;
    p->data[9] = 1; /* ICMP */
    inner_address(c->number, p->data + (up ? 12 : 16));
    ip_parse(p);
    core_tun(up ? c->core : b->server, b->now, &p, 1);
}

/* Comes, is up with both links and has answered a packet; then nothing more is heard of it. */
static bool come(struct bench *b, size_t number)
{
    struct client c = { .number = number };
    bool good = open_client(b, &c);
    for (unsigned i = 0; good && i < STEPS_MAX && !has_both_paths(b, number); i++)
        step(b, &c);
    good = good && has_both_paths(b, number);
    size_t arrived = 0;
    if (good) {
        ping(b, &c, true);
        ping(b, &c, false);
    }
    for (unsigned i = 0; good && i < 5; i++)
        arrived += step(b, &c);
    core_free(c.core);
    return good && arrived == 2;
}

bool bench_awake(size_t count, double *kb)
{
    struct bench b = { .pool = pkt_pool_new(4096, 64), .now = { 1000 * NS_PER_S } };
    memset(b.private_key, 0x41, sizeof b.private_key);
    bool good = b.pool != NULL && key_public(b.public_key, b.private_key) && open_server(&b, count);
    good = good && come(&b, 0); /* what all share is there, and what clients leave */
    double before = bench_resident_kb();
    for (size_t i = 1; good && i < count; i++) {
        good = come(&b, i);
        if (!good)
            printf("peer %zu does not come up with both links\n", i);
    }
    *kb = (bench_resident_kb() - before) / (double)(count - 1);
    core_free(b.server);
    pkt_pool_free(b.pool);
    return good;
}
