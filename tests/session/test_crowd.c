/* SPDX-License-Identifier: ISC */
/* Many clients behind one address call at the same time, as after a restart of their server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "session/core.h"
#include "session/handshake.h"

/* More than may call in a burst, whether they show a cookie or not. */
enum { CROWD = HANDSHAKE_LOAD_BURST + CALLERS_BURST + 10, PORT_FIRST = 20000 };

static const struct netaddr server_address = { .family = 4,
                                               .port = WIRE_PORT,
                                               .addr = { 198, 51, 100, 1 } };
static const struct netaddr crowd_address = { .family = 4, .addr = { 203, 0, 113, 7 } };

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
    struct core *clients[CROWD];
    struct netprefix allowed[CROWD];
    struct core_peer_config peers[CROWD];
    struct tstamp now;
};

static struct core *make_core(struct crowd *c, const uint8_t private_key[32],
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
    assert_int_equal(core_new(&core, &config, c->now), 0);
    return core;
}

static void make_crowd(struct crowd *c)
{
    const struct core_link link = { .name = "dsl",
                                    .present = true,
                                    .carrier = true,
                                    .has_ipv4 = true,
                                    .mtu_bytes = 1500,
                                    .use = WIRE_PATH_ACTIVE };
    uint8_t server_key[32], keys[CROWD][32];
    struct core_peer_config server = { .name = "server", .initiate = true };
    c->pool = pkt_pool_new(256, 4);
    c->now = (struct tstamp){ 1000 * NS_PER_S };
    random_bytes(NULL, server_key, sizeof server_key);
    assert_true(key_public(server.public_key, server_key));
    for (size_t i = 0; i < CROWD; i++) {
        random_bytes(NULL, keys[i], 32);
        assert_true(key_public(c->peers[i].public_key, keys[i]));
        c->allowed[i] =
            (struct netprefix){ .family = 4, .len = 32, .addr = { 10, 77, 1, (uint8_t)i } };
        c->peers[i].allowed = &c->allowed[i];
        c->peers[i].allowed_count = 1;
    }
    c->server = make_core(c, server_key, c->peers, CROWD);
    for (size_t i = 0; i < CROWD; i++) {
        c->clients[i] = make_core(c, keys[i], &server, 1);
        core_link_event(c->clients[i], c->now, &link);
        core_endpoints(c->clients[i], c->now, 0, &server_address, 1);
    }
}

static void free_crowd(struct crowd *c)
{
    for (size_t i = 0; i < CROWD; i++)
        core_free(c->clients[i]);
    core_free(c->server);
    pkt_pool_free(c->pool);
    free(c);
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

/* What there is to send now goes there at once; true: there was something. */
static bool pass(struct crowd *c)
{
    struct core_tx tx;
    bool some = false;
    for (size_t i = 0; i < CROWD; i++) {
        struct netaddr from = crowd_address;
        from.port = (uint16_t)(PORT_FIRST + i);
        core_tick(c->clients[i], c->now);
        for (; core_next_tx(c->clients[i], c->now, &tx); some = true)
            receive_tx(c->server, c->now, &tx, CORE_SOCKET_LISTEN, &from);
        core_tick(c->server, c->now);
        for (; core_next_tx(c->server, c->now, &tx); some = true)
            receive_tx(c->clients[tx.to.port - PORT_FIRST], c->now, &tx, 0, &server_address);
    }
    return some;
}

static void a_crowd_behind_one_address_is_let_in_at_once(void **state)
{
    (void)state;
    struct crowd *c = calloc(1, sizeof *c);
    assert_non_null(c);
    make_crowd(c);
    for (unsigned rounds = 0; rounds < 20 && pass(c); rounds++)
        c->now = tstamp_add(c->now, NS_PER_MS);
    for (size_t i = 0; i < CROWD; i++) {
        static struct core_peer_status s;
        core_peer_status(c->server, c->now, i, &s);
        assert_true(s.up);
    }
    free_crowd(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_behind_one_address_is_let_in_at_once),
    };
    return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
