/* SPDX-License-Identifier: ISC */
#include "awake.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "crypto/key.h"
#include "session/core.h"

enum { PORT_FIRST = 10000, ROUNDS_MAX = 200, TURNS = 2000 };

static const struct netaddr server_address = { .family = 4,
                                               .port = WIRE_PORT,
                                               .addr = { 198, 51, 100, 1 } };
static struct rng random_state = { 1 };

static void random_bytes(void *arg, void *out, size_t len_bytes)
{
    (void)arg;
    for (uint8_t *at = out; len_bytes-- > 0; at++)
        *at = (uint8_t)rng_next(&random_state);
}

struct crowd {
    struct pkt_pool *pool;
    struct core *server;
    struct core **clients; /* owned, as each is; count of them */
    struct core_peer_config *peers;
    struct netprefix *allowed;
    size_t count;
    size_t up;
    struct tstamp now;
};

static struct core *make_core(const struct crowd *c, const uint8_t private_key[32],
                              const struct core_peer_config *peers, size_t count)
{
    struct core_config config = { .pool = c->pool,
                                  .peers = peers,
                                  .peer_count = count,
                                  .ciphers = 3,
                                  .preferred_cipher = WIRE_CIPHER_CHACHA20_POLY1305,
                                  .wall_offset_ns = 1700000000 * NS_PER_S,
                                  .random = random_bytes };
    struct core *core = NULL;
    memcpy(config.private_key, private_key, 32);
    return core_new(&core, &config, c->now) == 0 ? core : NULL;
}

static bool make_clients(struct crowd *c, const struct core_peer_config *server)
{
    const struct core_link link = { .name = "dsl",
                                    .present = true,
                                    .carrier = true,
                                    .has_ipv4 = true,
                                    .mtu_bytes = 1500,
                                    .use = WIRE_PATH_ACTIVE };
    uint8_t key[32];
    for (size_t i = 0; i < c->count; i++) {
        const uint8_t inner[4] = { 10, 77, (uint8_t)(i >> 8), (uint8_t)i };
        random_bytes(NULL, key, sizeof key);
        if (!key_public(c->peers[i].public_key, key))
            return false;
        c->allowed[i] = (struct netprefix){ .family = 4, .len = 32 };
        memcpy(c->allowed[i].addr, inner, sizeof inner);
        c->peers[i].allowed = &c->allowed[i];
        c->peers[i].allowed_count = 1;
        c->clients[i] = make_core(c, key, server, 1);
        if (c->clients[i] == NULL)
            return false;
        core_link_event(c->clients[i], c->now, &link);
        core_endpoints(c->clients[i], c->now, 0, &server_address, 1);
    }
    return true;
}

static bool make(struct crowd *c, size_t count)
{
    struct core_peer_config server = { .name = "server", .initiate = true };
    uint8_t key[32];
    *c = (struct crowd){ .count = count, .now = { 1000 * NS_PER_S } };
    c->pool = pkt_pool_new(1024, 4);
    c->clients = calloc(count, sizeof(struct core *));
    c->peers = calloc(count, sizeof *c->peers);
    c->allowed = calloc(count, sizeof *c->allowed);
    random_bytes(NULL, key, sizeof key);
    if (c->pool == NULL || c->clients == NULL || c->peers == NULL || c->allowed == NULL ||
        !key_public(server.public_key, key) || !make_clients(c, &server))
        return false;
    c->server = make_core(c, key, c->peers, count);
    return c->server != NULL;
}

static void clear(struct crowd *c)
{
    for (size_t i = 0; c->clients != NULL && i < c->count; i++)
        core_free(c->clients[i]);
    core_free(c->server);
    pkt_pool_free(c->pool);
    free(c->clients);
    free(c->peers);
    free(c->allowed);
}

static void receive_tx(struct core *core, struct tstamp now, const struct core_tx *tx,
                       uint16_t socket, const struct netaddr *from)
{
    for (size_t at = 0; at < tx->len_bytes; at += tx->segment_bytes) {
        size_t left = tx->len_bytes - at;
        struct core_datagram d = { .socket = socket,
                                   .from = *from,
                                   .data = tx->data + at,
                                   .len_bytes =
                                       left < tx->segment_bytes ? left : tx->segment_bytes };
        core_rx(core, now, &d, 1);
    }
}

static void turn_server(struct crowd *c)
{
    struct core_tx tx;
    struct core_event e;
    core_tick(c->server, c->now);
    while (core_next_tx(c->server, c->now, &tx))
        receive_tx(c->clients[tx.to.port - PORT_FIRST], c->now, &tx, 0, &server_address);
    pkt_put(core_next_tun(c->server));
    while (core_next_event(c->server, &e)) {
        c->up += e.type == CORE_EVENT_PEER_UP;
        c->up -= e.type == CORE_EVENT_PEER_DOWN;
    }
}

/* What there is to send arrives at once. */
static void pass(struct crowd *c)
{
    struct core_tx tx;
    struct netaddr from = { .family = 4, .addr = { 203, 0, 113, 7 } };
    for (size_t i = 0; i < c->count; i++) {
        from.port = (uint16_t)(PORT_FIRST + i);
        core_tick(c->clients[i], c->now);
        while (core_next_tx(c->clients[i], c->now, &tx))
            receive_tx(c->server, c->now, &tx, CORE_SOCKET_LISTEN, &from);
        turn_server(c);
    }
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

bool awake_turn_us(size_t count, double *us)
{
    struct crowd c;
    bool good = make(&c, count);
    for (unsigned i = 0; good && c.up < count && i < ROUNDS_MAX; i++) {
        pass(&c);
        c.now = tstamp_add(c.now, NS_PER_MS);
    }
    good = good && c.up == count;
    if (good) {
        for (unsigned i = 0; i < TURNS; i++) /* what is due now is done */
            turn_server(&c);
        double before_us = cpu_us();
        for (unsigned i = 0; i < TURNS; i++)
            turn_server(&c);
        *us = (cpu_us() - before_us) / TURNS;
    }
    clear(&c);
    return good;
}
