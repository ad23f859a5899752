/* SPDX-License-Identifier: ISC */
/*
 * A server's core with a session, in clear: the input is a sequence of steps (see enum step), each
 * with a length and that many bytes. Sealed steps are authentic, so that the fuzzer gets past the
 * cipher to the frames, the bond and reassembly.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/rng.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "session/core.h"
#include "session/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

enum step {
    STEP_RAW,    /* a datagram as it is */
    STEP_SEALED, /* a plaintext, sealed by the client; its first byte is the path */
    STEP_TIME,   /* goes on by so many half milliseconds (first byte, squared) */
    STEP_TUN,    /* an inner packet at the server */
    STEP_ROAM,   /* the client's port changes */
    STEP_COUNT,
};

enum { STEPS_MAX = 200 };

struct bench {
    struct tstamp now;
    struct pkt_pool *pool;
    struct core *server;
    struct core *client;
    struct rng random;
    uint16_t port; /* of the client */
    uint64_t pn[WIRE_PATHS_MAX];
};

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

static struct core *make(struct bench *b, uint8_t own, uint8_t other, bool initiate)
{
    static const struct netprefix everything = { .family = 4 };
    struct core_peer_config peer = { .allowed = &everything,
                                     .allowed_count = 1,
                                     .initiate = initiate };
    struct core_config config = { .pool = b->pool,
                                  .peers = &peer,
                                  .peer_count = 1,
                                  .ciphers = 3,
                                  .preferred_cipher = WIRE_CIPHER_CHACHA20_POLY1305,
                                  .test_cipher = AEAD_SUM,
                                  .random = random_of,
                                  .random_arg = &b->random };
    uint8_t other_private[32];
    struct core *c;
    memset(config.private_key, own, sizeof config.private_key);
    memset(other_private, other, sizeof other_private);
    must(key_public(peer.public_key, other_private));
    must(core_new(&c, &config, b->now) == 0);
    return c;
}

static void deliver(struct bench *b, struct core *to, uint16_t socket, uint16_t port,
                    const uint8_t *data, size_t len_bytes)
{
    const struct core_datagram d = {
        .socket = socket,
        .from = { .family = 4, .port = port, .addr = { 192, 0, 2, 1 } },
        .data = data,
        .len_bytes = len_bytes
    };
    core_rx(to, b->now, &d, 1);
}

/* What a core sends goes to the other one, or nowhere. */
static void drain(struct bench *b, struct core *from, struct core *to)
{
    struct core_tx tx;
    struct pkt *p;
    struct core_event e;
    core_tick(from, b->now);
    for (unsigned n = 0; n < 10000 && core_next_tx(from, b->now, &tx); n++) {
        must(tx.len_bytes <= CORE_TX_BYTES_MAX && tx.segment_count >= 1);
        for (size_t at = 0; to != NULL && at < tx.len_bytes; at += tx.segment_bytes) {
            size_t left = tx.len_bytes - at;
            deliver(b, to, from == b->client ? CORE_SOCKET_LISTEN : 0,
                    from == b->client ? b->port : WIRE_PORT, tx.data + at,
                    left < tx.segment_bytes ? left : tx.segment_bytes);
        }
        core_tx_done(from, b->now, &tx, 0);
    }
    while ((p = core_next_tun(from)) != NULL)
        pkt_put(p);
    while (core_next_event(from, &e)) {
    }
}

static void connect_them(struct bench *b)
{
    const struct core_link link = {
        .name = "dsl", .present = true, .carrier = true, .has_ipv4 = true, .mtu_bytes = 1500
    };
    const struct netaddr server = { .family = 4, .port = WIRE_PORT, .addr = { 192, 0, 2, 1 } };
    core_link_event(b->client, b->now, &link);
    core_endpoints(b->client, b->now, 0, &server, 1);
    for (unsigned i = 0; i < 50; i++) {
        drain(b, b->client, b->server);
        drain(b, b->server, b->client);
        b->now = tstamp_add(b->now, NS_PER_MS);
    }
    must(b->client->peers[0]->up && b->server->peers[0]->up);
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++)
        b->pn[i] = b->server->peers[0]->paths[i].expected_pn;
}

static void sealed(struct bench *b, const uint8_t *data, size_t len_bytes)
{
    uint8_t out[WIRE_HEADER_BYTES + 4096 + WIRE_TAG_BYTES];
    struct keys *k = b->client->peers[0]->current;
    if (len_bytes < 2 || len_bytes > 4096 || k == NULL)
        return;
    uint8_t path = data[0] % WIRE_PATHS_MAX;
    const struct aead_span span = { .data = data + 1, .len_bytes = len_bytes - 1 };
    size_t n = keys_seal(k, path, b->pn[path]++, &span, 1, out);
    deliver(b, b->server, CORE_SOCKET_LISTEN, b->port, out, n);
}

static void inner(struct bench *b, const uint8_t *data, size_t len_bytes)
{
    struct pkt *p = pkt_new(b->pool, len_bytes);
    if (p == NULL || len_bytes == 0) {
        pkt_put(p);
        return;
    }
    memcpy(p->data, data, len_bytes);
    p->len_bytes = (uint32_t)len_bytes;
    core_tun(b->server, b->now, &p, 1);
}

static void run_step(struct bench *b, enum step step, const uint8_t *data, size_t len_bytes)
{
    switch (step) {
    case STEP_RAW:
        deliver(b, b->server, CORE_SOCKET_LISTEN, b->port, data, len_bytes);
        break;
    case STEP_SEALED:
        sealed(b, data, len_bytes);
        break;
    case STEP_TIME:
        if (len_bytes > 0)
            b->now = tstamp_add(b->now, (int64_t)data[0] * data[0] * NS_PER_MS / 2);
        break;
    case STEP_TUN:
        inner(b, data, len_bytes);
        break;
    case STEP_ROAM:
        b->port++;
        break;
    case STEP_COUNT:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    struct bench b = { .now = { 1000 * NS_PER_S }, .random = { 1 }, .port = 40000 };
    struct reader r = reader_of(data, len_bytes);
    must(crypto_init() == 0);
    b.pool = pkt_pool_new(2048, 16);
    must(b.pool != NULL);
    b.server = make(&b, 0x11, 0x22, false);
    b.client = make(&b, 0x22, 0x11, true);
    connect_them(&b);
    for (unsigned i = 0; i < STEPS_MAX && reader_left(&r) >= 3; i++) {
        enum step step = (enum step)(read_u8(&r) % STEP_COUNT);
        size_t len = read_u16(&r);
        if (len > reader_left(&r))
            len = reader_left(&r);
        run_step(&b, step, read_bytes(&r, len), len);
        drain(&b, b.server, NULL);
    }
    core_close(b.server, b.now);
    drain(&b, b.server, NULL);
    core_free(b.server);
    core_free(b.client);
    must(pkt_pool_used(b.pool) == 0);
    pkt_pool_free(b.pool);
    return 0;
}
