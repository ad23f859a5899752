/* SPDX-License-Identifier: ISC */
/* Two daemons that each know the other's address: one of them calls, and there is one session. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rng.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "session/core.h"

enum { SIDES = 2 };

struct pair {
    struct tstamp now;
    struct pkt_pool *pool;
    struct rng random;
    struct core *core[SIDES];
    struct netaddr address[SIDES];
    bool deaf[SIDES]; /* what is sent to it unasked gets lost: it is behind a firewall */
};

static void random_of(void *arg, void *out, size_t len_bytes)
{
    for (size_t i = 0; i < len_bytes; i++)
        ((uint8_t *)out)[i] = (uint8_t)rng_next(arg);
}

static void start(struct pair *p)
{
    static const struct netprefix everything = { .family = 4 };
    uint8_t private_key[SIDES][32];
    assert_int_equal(crypto_init(), 0);
    p->now.ns = NS_PER_S;
    p->pool = pkt_pool_new(256, 4);
    assert_non_null(p->pool);
    for (size_t i = 0; i < SIDES; i++) {
        memset(private_key[i], (int)(i + 1), sizeof private_key[i]);
        p->address[i] = (struct netaddr){ .family = 4, .port = 4297, .addr = { 192, 0, 2, 1 } };
        p->address[i].addr[3] = (uint8_t)(i + 1);
    }
    for (size_t i = 0; i < SIDES; i++) {
        const struct core_link link = {
            .name = "dsl", .present = true, .carrier = true, .has_ipv4 = true, .mtu_bytes = 1500
        };
        struct core_peer_config peer = { .allowed = &everything,
                                         .allowed_count = 1,
                                         .initiate = true };
        struct core_config config = { .pool = p->pool,
                                      .peers = &peer,
                                      .peer_count = 1,
                                      .ciphers = 3,
                                      .preferred_cipher = WIRE_CIPHER_CHACHA20_POLY1305,
                                      .rekey_after_ns = 3 * NS_PER_S,
                                      .random = random_of,
                                      .random_arg = &p->random };
        memcpy(config.private_key, private_key[i], sizeof config.private_key);
        assert_true(key_public(peer.public_key, private_key[1 - i]));
        assert_int_equal(core_new(&p->core[i], &config, p->now), 0);
        core_link_event(p->core[i], p->now, &link);
        core_endpoints(p->core[i], p->now, 0, &p->address[1 - i], 1);
    }
}

static void send_all(struct pair *p, size_t from)
{
    struct core_tx tx;
    struct core *other = p->core[1 - from];
    core_tick(p->core[from], p->now);
    while (core_next_tx(p->core[from], p->now, &tx)) {
        for (size_t at = 0; at < tx.len_bytes; at += tx.segment_bytes) {
            size_t left = tx.len_bytes - at;
            const struct core_datagram d = { .socket = 0,
                                             .from = p->address[from],
                                             .to = p->address[1 - from],
                                             .data = tx.data + at,
                                             .len_bytes = left < tx.segment_bytes
                                                              ? left
                                                              : tx.segment_bytes };
            if (!p->deaf[1 - from] || tx.data[at] != WIRE_INITIATION)
                core_rx(other, p->now, &d, 1);
        }
        core_tx_done(p->core[from], p->now, &tx, 0);
    }
}

static void run(struct pair *p, int64_t duration_ns)
{
    struct tstamp end = tstamp_add(p->now, duration_ns);
    while (tstamp_before(p->now, end)) {
        send_all(p, 0);
        send_all(p, 1);
        p->now = tstamp_add(p->now, NS_PER_MS);
    }
}

static void stop(struct pair *p)
{
    for (size_t i = 0; i < SIDES; i++)
        core_free(p->core[i]);
    assert_int_equal(pkt_pool_used(p->pool), 0);
    pkt_pool_free(p->pool);
}

static void assert_up(struct pair *p)
{
    static struct core_peer_status s;
    uint64_t handshakes[SIDES];
    for (size_t i = 0; i < SIDES; i++) {
        core_peer_status(p->core[i], p->now, 0, &s);
        assert_true(s.up);
        assert_true(s.paths[0].validated);
        assert_int_equal(s.paths[0].bond.state, BOND_PATH_UP);
        handshakes[i] = s.handshakes;
    }
    assert_true(handshakes[0] >= 3); /* rekeys go on */
    assert_in_range(handshakes[0], handshakes[1] > 1 ? handshakes[1] - 1 : 0, handshakes[1] + 1);
}

static void test_both_reach_each_other(void **state)
{
    (void)state;
    struct pair p = { .random = { 3 } };
    start(&p);
    run(&p, 15 * NS_PER_S);
    assert_up(&p);
    stop(&p);
}

/* Only one of the two can be called, whichever has the smaller key. */
static void test_one_is_behind_a_firewall(void **state)
{
    (void)state;
    for (size_t deaf = 0; deaf < SIDES; deaf++) {
        struct pair p = { .random = { 3 } };
        p.deaf[deaf] = true;
        start(&p);
        run(&p, 20 * NS_PER_S);
        assert_up(&p);
        stop(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_reach_each_other),
        cmocka_unit_test(test_one_is_behind_a_firewall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
