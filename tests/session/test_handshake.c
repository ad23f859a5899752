/* SPDX-License-Identifier: ISC */
/* Handshakes, rekeys, cookies and restarts between cores over an in-memory network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "session/world.h"
#include "wire/wire.h"

/* The first datagram of a type that goes to a node, kept for later misuse. */
struct capture {
    uint8_t type;
    size_t node;
    bool drop_all; /* of that type and direction */
    struct netaddr from;
    uint8_t data[2048];
    size_t len_bytes;
    unsigned count;
};

static enum world_verdict capture_hook(struct world *w, struct world_datagram *d, void *arg)
{
    struct capture *c = arg;
    (void)w;
    if (d->data[0] != c->type || d->node != c->node)
        return WORLD_PASS;
    if (c->count++ == 0) {
        memcpy(c->data, d->data, d->len_bytes);
        c->len_bytes = d->len_bytes;
        c->from = d->from;
    }
    return c->drop_all ? WORLD_DROP : WORLD_PASS;
}

static void capture(struct world *w, struct capture *c)
{
    w->hook = capture_hook;
    w->hook_arg = c;
}

/* count packets in each direction, one every millisecond; all must arrive exactly once. */
static void exchange(struct world *w, size_t client, uint16_t first, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        world_send(w, client, 0, (uint16_t)(first + i), 600);
        world_send(w, 0, client, (uint16_t)(first + i), 600);
        world_run(w, NS_PER_MS);
    }
    world_run(w, NS_PER_S);
    for (uint16_t i = 0; i < count; i++) {
        assert_int_equal(w->nodes[0].seen[first + i], 1);
        assert_int_equal(w->nodes[client].seen[first + i], 1);
    }
}

static unsigned events_of(const struct world_node *n, enum core_event_type type)
{
    unsigned count = 0;
    for (size_t i = 0; i < n->event_count; i++)
        count += n->events[i].type == type;
    return count;
}

static void test_connects_and_carries(void **state)
{
    (void)state;
    struct world *w = world_new(1, 2);
    world_start(w);
    assert_true(world_run_until_up(w, 1, 200 * NS_PER_MS));
    exchange(w, 1, 0, 100);
    struct core_peer_status s = world_status(w, 1, 0);
    assert_int_equal(s.handshakes, 1);
    assert_int_equal(s.path_count, 2);
    assert_true(s.paths[0].validated && s.paths[1].validated);
    assert_true(s.cipher == WIRE_CIPHER_AES256_GCM || s.cipher == WIRE_CIPHER_CHACHA20_POLY1305);
    assert_string_equal(s.paths[1].link, "link1");
    s = world_status(w, 0, 0);
    assert_string_equal(s.paths[1].link, "link1");
    assert_int_equal(events_of(&w->nodes[0], CORE_EVENT_PEER_UP), 1);
    assert_int_equal(events_of(&w->nodes[1], CORE_EVENT_PEER_UP), 1);
    world_free(w);
}

/* docs/protocol.md, "Choice of the cipher": AES only where both prefer it or nothing else is left.
 */
static void test_cipher_is_agreed(void **state)
{
    (void)state;
    enum { AES = WIRE_CIPHER_AES256_GCM, CHACHA = WIRE_CIPHER_CHACHA20_POLY1305, BOTH = 3 };
    static const struct {
        uint8_t ciphers[2], preferred[2], agreed; /* server, client; 0: no answer */
    } cases[] = {
        { { BOTH, BOTH }, { AES, AES }, AES },
        { { BOTH, BOTH }, { AES, CHACHA }, CHACHA }, /* a small router at a large server */
        { { BOTH, BOTH }, { CHACHA, AES }, CHACHA },
        { { BOTH, BOTH }, { CHACHA, CHACHA }, CHACHA },
        { { 1 << (AES - 1), BOTH }, { AES, CHACHA }, AES },
        { { BOTH, 1 << (AES - 1) }, { CHACHA, AES }, AES },
        { { BOTH, 1 << (CHACHA - 1) }, { AES, CHACHA }, CHACHA },
        { { 1 << (AES - 1), 1 << (CHACHA - 1) }, { AES, CHACHA }, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world *w = world_new(1, 1);
        memcpy(w->ciphers, cases[i].ciphers, sizeof cases[i].ciphers);
        memcpy(w->preferred_cipher, cases[i].preferred, sizeof cases[i].preferred);
        world_start(w);
        assert_int_equal(world_run_until_up(w, 1, NS_PER_S), cases[i].agreed != 0);
        if (cases[i].agreed != 0) {
            assert_int_equal(world_status(w, 0, 0).cipher, cases[i].agreed);
            assert_int_equal(world_status(w, 1, 0).cipher, cases[i].agreed);
            exchange(w, 1, 0, 10);
        }
        world_free(w);
    }
}

static void test_wrong_psk_never_connects(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    memset(w->psk, 9, sizeof w->psk);
    w->wrong_psk = true;
    world_start(w);
    assert_false(world_run_until_up(w, 1, 5 * NS_PER_S));
    assert_true(world_drops(w, 1, CORE_DROP_HANDSHAKE) >= 3);
    assert_false(world_status(w, 0, 0).up);
    assert_true(events_of(&w->nodes[1], CORE_EVENT_RESOLVE) >= 1);
    world_free(w);
}

static void test_same_psk_connects(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    memset(w->psk, 9, sizeof w->psk);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    world_free(w);
}

static void test_unknown_key_gets_no_answer(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    w->strangers = true;
    world_start(w);
    world_run(w, 5 * NS_PER_S);
    assert_true(world_drops(w, 0, CORE_DROP_UNKNOWN_KEY) >= 4);
    assert_int_equal(w->nodes[1].links[0].rx_bytes, 0);
    world_free(w);
}

static void test_altered_initiation_gets_no_answer(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    struct capture c = { .type = WIRE_INITIATION, .node = 0, .drop_all = true };
    capture(w, &c);
    world_start(w);
    world_run(w, 100 * NS_PER_MS);
    assert_int_equal(c.count, 1);
    for (size_t i = 0; i < c.len_bytes; i++) {
        if (i >= WIRE_INITIATION_BYTES - WIRE_MAC_BYTES)
            break; /* mac2 is looked at only when there was a cookie */
        c.data[i] ^= 0x10;
        world_inject(w, 0, CORE_SOCKET_LISTEN, &c.from, c.data, c.len_bytes);
        c.data[i] ^= 0x10;
    }
    world_run(w, 100 * NS_PER_MS);
    assert_int_equal(w->nodes[1].links[0].rx_bytes, 0);
    assert_true(world_drops(w, 0, CORE_DROP_MAC1) > 100);
    world_inject(w, 0, CORE_SOCKET_LISTEN, &c.from, c.data, c.len_bytes);
    world_run(w, 100 * NS_PER_MS);
    assert_true(world_status(w, 1, 0).up);
    world_free(w);
}

/* One copy gets through on each link; if the first answer is lost, another one is there. */
static enum world_verdict lose_first_response(struct world *w, struct world_datagram *d, void *arg)
{
    unsigned *responses = arg;
    (void)w;
    return d->data[0] == WIRE_RESPONSE && (*responses)++ == 0 ? WORLD_DROP : WORLD_PASS;
}

static void test_copies_survive_a_lost_response(void **state)
{
    (void)state;
    struct world *w = world_new(1, 2);
    unsigned responses = 0;
    w->hook = lose_first_response;
    w->hook_arg = &responses;
    world_start(w);
    assert_true(world_run_until_up(w, 1, 200 * NS_PER_MS));
    assert_int_equal(world_status(w, 0, 0).handshakes, 1);
    world_free(w);
}

static void test_replayed_initiation_is_refused(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    struct capture c = { .type = WIRE_INITIATION, .node = 0 };
    const struct netaddr attacker = { .family = 4, .port = 6666, .addr = { 192, 0, 2, 66 } };
    capture(w, &c);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    world_run(w, NS_PER_S);
    w->stray = attacker;
    for (int i = 0; i < 5; i++)
        world_inject(w, 0, CORE_SOCKET_LISTEN, &attacker, c.data, c.len_bytes);
    world_run(w, NS_PER_S);
    assert_int_equal(world_drops(w, 0, CORE_DROP_HANDSHAKE_REPLAY), 5);
    assert_int_equal(w->stray_bytes, 0);
    exchange(w, 1, 0, 50);
    assert_int_equal(world_status(w, 0, 0).handshakes, 1);
    world_free(w);
}

static void test_rekey_loses_nothing(void **state)
{
    (void)state;
    struct world *w = world_new(1, 2);
    w->rekey_after_ns = 2 * NS_PER_S;
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    exchange(w, 1, 0, 9000);
    assert_true(world_status(w, 0, 0).handshakes >= 4);
    assert_int_equal(world_drops(w, 0, CORE_DROP_UNKNOWN_INDEX), 0);
    assert_int_equal(world_drops(w, 0, CORE_DROP_AUTH), 0);
    assert_int_equal(world_drops(w, 1, CORE_DROP_AUTH), 0);
    assert_int_equal(events_of(&w->nodes[0], CORE_EVENT_PEER_DOWN), 0);
    world_free(w);
}

static void test_server_restart(void **state)
{
    (void)state;
    struct world *w = world_new(1, 2);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    exchange(w, 1, 0, 100);
    world_restart(w, 0);
    struct tstamp restarted = w->now;
    bool back = false;
    for (uint16_t i = 0; !back && i < 300; i++) {
        world_send(w, 1, 0, (uint16_t)(1000 + i), 200);
        world_run(w, 10 * NS_PER_MS);
        back = w->nodes[0].seen[1000 + i] > 0;
    }
    assert_true(back);
    assert_true(tstamp_sub(w->now, restarted) < 2 * NS_PER_S);
    exchange(w, 1, 2000, 100);
    world_free(w);
}

/* Tries a second apart do not spoil one another. */
static void test_connects_where_answers_take_seconds(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    w->nodes[1].links[0].delay_ns = 1900 * NS_PER_MS;
    world_start(w);
    assert_true(world_run_until_up(w, 1, 12 * NS_PER_S));
    world_free(w);
}

/* All links are away when keys should be renewed, and return when the old ones have just ended. */
static void test_keys_ended_while_all_was_cut(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    w->rekey_after_ns = NS_PER_S;
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    w->nodes[1].links[0].cut = true;
    for (unsigned i = 0; i < 400 && world_status(w, 1, 0).up; i++)
        world_run(w, 10 * NS_PER_MS);
    assert_false(world_status(w, 1, 0).up);
    w->nodes[1].links[0].cut = false;
    assert_true(world_run_until_up(w, 1, 950 * NS_PER_MS));
    world_free(w);
}

/* A datagram that was sealed before the last new keys passes as long as its own are not too old. */
static void test_old_keys_are_refused(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    struct capture kept[2];
    w->rekey_after_ns = NS_PER_S;
    world_start(w);
    assert_true(world_run_until_up(w, 1, 200 * NS_PER_MS));
    for (uint16_t i = 0; i < 2; i++) {
        kept[i] = (struct capture){ .type = WIRE_TRANSPORT, .node = 0, .drop_all = true };
        capture(w, &kept[i]);
        world_send(w, 1, 0, i, 600);
        world_run(w, 2 * NS_PER_MS);
        assert_true(kept[i].count > 0);
    }
    w->hook = NULL;
    while (world_status(w, 0, 0).handshakes < 2)
        world_run(w, NS_PER_MS);
    struct capture calls = { .type = WIRE_INITIATION, .node = 0, .drop_all = true };
    capture(w, &calls); /* no newer keys take the old ones' place */
    for (size_t i = 0; i < 2; i++) {
        world_run(w, (i == 0 ? 1500 : 700) * NS_PER_MS);
        assert_true(world_status(w, 0, 0).up);
        uint64_t accepted_before = world_status(w, 0, 0).paths[0].bond.rx_bytes;
        uint64_t refused_before = world_drops(w, 0, CORE_DROP_UNKNOWN_INDEX);
        world_inject(w, 0, CORE_SOCKET_LISTEN, &kept[i].from, kept[i].data, kept[i].len_bytes);
        assert_int_equal(world_drops(w, 0, CORE_DROP_UNKNOWN_INDEX) - refused_before, i);
        assert_true((world_status(w, 0, 0).paths[0].bond.rx_bytes > accepted_before) == (i == 0));
    }
    assert_int_equal(world_status(w, 0, 0).handshakes, 2);
    world_free(w);
}

/* However long it was away, while somebody waits for it. */
static void test_server_restart_after_minutes(void **state)
{
    (void)state;
    struct world *w = world_new(1, 2);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    w->nodes[1].links[0].cut = w->nodes[1].links[1].cut = true;
    for (unsigned i = 0; i < 100; i++) {
        world_send(w, 1, 0, (uint16_t)i, 200);
        world_run(w, NS_PER_S);
    }
    /* So that no try falls right behind the start by chance. */
    for (unsigned i = 0; i < 6; i++) {
        w->nodes[1].links[0].cut = w->nodes[1].links[1].cut = true;
        world_run(w, 20 * NS_PER_S + i * 900 * NS_PER_MS);
        w->nodes[1].links[0].cut = w->nodes[1].links[1].cut = false;
        world_restart(w, 0);
        struct tstamp started = w->now;
        bool back = false;
        for (uint16_t k = 0; !back && k < 800; k++) {
            world_send(w, 1, 0, (uint16_t)(1000 * (i + 1) + k), 200);
            world_run(w, 10 * NS_PER_MS);
            back = w->nodes[0].seen[1000 * (i + 1) + k] > 0;
        }
        assert_true(back);
        assert_true(tstamp_sub(w->now, started) < 2 * NS_PER_S);
        w->nodes[1].links[0].cut = w->nodes[1].links[1].cut = true;
        world_run(w, 60 * NS_PER_S);
    }
    w->nodes[1].links[0].cut = w->nodes[1].links[1].cut = false;
    world_free(w);
}

static void test_client_restart(void **state)
{
    (void)state;
    struct world *w = world_new(1, 2);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    exchange(w, 1, 0, 100);
    world_restart(w, 1);
    world_run(w, 300 * NS_PER_MS);
    assert_true(world_status(w, 1, 0).up);
    exchange(w, 1, 2000, 100);
    world_free(w);
}

/* After a restart the clock is years behind: a challenge lets such a client in, at once. */
static void test_clock_in_the_past(void **state)
{
    (void)state;
    struct world *w = world_new(1, 2);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    w->wall_offset_ns[1] = 0;
    struct capture c = { .type = WIRE_INITIATION, .node = 0 };
    capture(w, &c);
    world_restart(w, 1);
    world_run(w, 100 * NS_PER_MS);
    assert_int_equal(c.count, 4); /* a call and the one with the challenge, on each link */
    assert_true(world_status(w, 1, 0).up);
    exchange(w, 1, 2000, 100);
    world_free(w);
}

/* The same initiation with the same challenge once more: it is over. */
static enum world_verdict keep_last(struct world *w, struct world_datagram *d, void *arg)
{
    struct capture *c = arg;
    (void)w;
    if (d->data[0] == WIRE_INITIATION && d->node == 0) {
        memcpy(c->data, d->data, d->len_bytes);
        c->len_bytes = d->len_bytes;
        c->from = d->from;
    }
    return WORLD_PASS;
}

static void test_clock_in_the_past_is_no_replay_hole(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    struct capture c = { 0 };
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    w->wall_offset_ns[1] = 0;
    w->hook = keep_last;
    w->hook_arg = &c;
    world_restart(w, 1);
    world_run(w, 2 * NS_PER_S);
    assert_true(world_status(w, 1, 0).up);
    uint64_t before = world_drops(w, 0, CORE_DROP_HANDSHAKE_REPLAY);
    uint64_t rx = w->nodes[1].links[0].rx_bytes;
    world_inject(w, 0, CORE_SOCKET_LISTEN, &c.from, c.data, c.len_bytes);
    assert_int_equal(world_drops(w, 0, CORE_DROP_HANDSHAKE_REPLAY), before + 1);
    struct core_tx tx;
    while (core_next_tx(w->nodes[0].core, w->now, &tx))
        assert_int_not_equal(tx.data[0], WIRE_RESPONSE);
    assert_int_equal(w->nodes[1].links[0].rx_bytes, rx);
    world_free(w);
}

/* A flood of initiations with a right mac1: those without a cookie get one, and the client in. */
static void test_cookies_under_load(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    struct capture c = { .type = WIRE_INITIATION, .node = 0, .drop_all = true };
    const struct netaddr attacker = { .family = 4, .port = 6666, .addr = { 192, 0, 2, 66 } };
    capture(w, &c);
    w->strangers = true;
    world_start(w);
    world_run(w, 10 * NS_PER_MS);
    assert_int_equal(c.count, 1);
    world_free(w);

    w = world_new(1, 1);
    world_start(w);
    w->stray = attacker;
    bool up = false;
    for (int i = 0; i < 2000 && !up; i++) {
        for (int k = 0; k < 2; k++)
            world_inject(w, 0, CORE_SOCKET_LISTEN, &attacker, c.data, c.len_bytes);
        world_run(w, NS_PER_MS);
        up = i > 500 && world_status(w, 1, 0).up;
        if (i == 200)
            world_restart(w, 1);
    }
    assert_true(up);
    assert_true(world_drops(w, 0, CORE_DROP_COOKIE) > 100);
    assert_true(w->stray_bytes < 3 * 4000 * WIRE_INITIATION_BYTES);
    world_free(w);
}

/* Whatever happens on the links, nothing comes twice, and in the end all is well again. */
static void test_troubled_times(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct world *w = world_new(2, 3);
        struct rng r = { .state = seed };
        w->random.state = seed;
        w->rekey_after_ns = 2 * NS_PER_S;
        world_start(w);
        uint16_t sent = 0;
        for (unsigned step = 0; step < 150; step++) {
            size_t client = 1 + (size_t)rng_below(&r, 2);
            struct world_link *l = &w->nodes[client].links[rng_below(&r, 3)];
            uint64_t what = rng_below(&r, 8);
            if (what == 0)
                l->cut = !l->cut;
            else if (what == 1)
                l->loss = l->loss > 0 ? 0 : 0.2;
            else if (what == 2)
                l->outside.port++;
            else if (what == 3)
                l->delay_ns = (int64_t)rng_below(&r, 200) * NS_PER_MS;
            else if (what == 4 && step % 10 == 0)
                world_restart(w, (size_t)rng_below(&r, 3));
            for (unsigned i = 0; i < 20; i++, sent++) {
                world_send(w, client, 0, sent, 30 + (size_t)rng_below(&r, 1400));
                world_send(w, 0, client, sent, 30 + (size_t)rng_below(&r, 1400));
                world_run(w, (int64_t)rng_below(&r, 10) * NS_PER_MS);
            }
        }
        for (size_t n = 0; n < 3; n++)
            for (size_t i = 0; i < WORLD_SEEN_MAX; i++)
                assert_true(w->nodes[n].seen[i] <= 1);
        for (size_t n = 1; n < 3; n++)
            for (size_t i = 0; i < 3; i++) {
                w->nodes[n].links[i].cut = false;
                w->nodes[n].links[i].loss = 0;
            }
        world_run(w, 12 * NS_PER_S);
        exchange(w, 1, 20000, 100);
        exchange(w, 2, 21000, 100);
        world_free(w);
    }
}

static void test_goodbye(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    world_run(w, NS_PER_S);
    core_close(w->nodes[1].core, w->now);
    world_run(w, 50 * NS_PER_MS);
    assert_false(world_status(w, 0, 0).up);
    assert_int_equal(events_of(&w->nodes[0], CORE_EVENT_PEER_DOWN), 1);
    world_free(w);
}

/* A search for the MTU under way when the other side leaves keeps nobody busy. */
static void test_goodbye_within_a_search(void **state)
{
    (void)state;
    for (int64_t ms = 0; ms < 300; ms += 3) {
        struct world *w = world_new(1, 3);
        for (size_t l = 0; l < 3; l++)
            w->nodes[1].links[l].mtu_bytes = 1300; /* it goes on for a while */
        world_start(w);
        assert_true(world_run_until_up(w, 1, NS_PER_S));
        world_run(w, ms * NS_PER_MS);
        core_close(w->nodes[1].core, w->now);
        w->now = tstamp_add(w->now, 50 * NS_PER_MS);
        core_tick(w->nodes[0].core, w->now); /* the next probe is due */
        for (struct core_tx tx; core_next_tx(w->nodes[1].core, w->now, &tx);)
            world_inject(w, 0, CORE_SOCKET_LISTEN, &w->nodes[1].links[tx.socket].outside, tx.data,
                         tx.len_bytes);
        for (struct core_tx tx; core_next_tx(w->nodes[0].core, w->now, &tx);)
            core_tx_done(w->nodes[0].core, w->now, &tx, 0);
        core_tick(w->nodes[0].core, w->now);
        for (struct core_tx tx; core_next_tx(w->nodes[0].core, w->now, &tx);)
            core_tx_done(w->nodes[0].core, w->now, &tx, 0);
        assert_false(world_status(w, 0, 0).up);
        assert_true(tstamp_before(w->now, core_deadline(w->nodes[0].core)));
        world_free(w);
    }
}

static void test_two_clients(void **state)
{
    (void)state;
    struct world *w = world_new(2, 2);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    assert_true(world_run_until_up(w, 2, NS_PER_S));
    exchange(w, 1, 0, 100);
    exchange(w, 2, 1000, 100);
    assert_int_equal(w->nodes[1].seen[1000], 0);
    world_free(w);
}

/* One client is taken away and comes back; the other notices nothing. */
static void test_peers_change_at_run_time(void **state)
{
    (void)state;
    struct world *w = world_new(2, 1);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S) && world_run_until_up(w, 2, NS_PER_S));
    struct core_peer_config peers[2] = { 0 };
    for (size_t i = 0; i < 2; i++) {
        peers[i].allowed = &w->nodes[i + 1].allowed;
        peers[i].allowed_count = 1;
        memcpy(peers[i].public_key, w->nodes[i + 1].public_key, 32);
    }
    struct core *c = w->nodes[0].core;
    int number = core_find_peer(c, peers[0].public_key);
    assert_int_equal(number, 0);
    core_remove_peer(c, w->now, 0);
    assert_int_equal(core_find_peer(c, peers[0].public_key), -ENOENT);
    assert_int_equal(core_find_peer(c, peers[1].public_key), 0); /* the last in its place */
    world_run(w, 100 * NS_PER_MS);
    assert_false(world_status(w, 1, 0).up);
    assert_int_equal(world_status(w, 2, 0).handshakes, 1);
    assert_int_equal(core_put_peer(c, w->now, &peers[0]), 0);
    assert_int_equal(core_put_peer(c, w->now, &peers[1]), 0); /* as it was */
    assert_int_equal(core_peer_count(c), 2);
    world_run(w, 3 * NS_PER_S);
    assert_true(world_status(w, 1, 0).up);
    exchange(w, 1, 0, 50);
    exchange(w, 2, 1000, 50);
    assert_int_equal(world_status(w, 2, 0).handshakes, 1);
    memset(peers[1].public_key, 0, sizeof peers[1].public_key);
    assert_int_equal(core_put_peer(c, w->now, &peers[1]), -EINVAL);
    memcpy(peers[1].public_key, w->nodes[0].public_key, sizeof peers[1].public_key);
    assert_int_equal(core_put_peer(c, w->now, &peers[1]), -EINVAL); /* its own */
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connects_and_carries),
        cmocka_unit_test(test_cipher_is_agreed),
        cmocka_unit_test(test_wrong_psk_never_connects),
        cmocka_unit_test(test_same_psk_connects),
        cmocka_unit_test(test_unknown_key_gets_no_answer),
        cmocka_unit_test(test_altered_initiation_gets_no_answer),
        cmocka_unit_test(test_copies_survive_a_lost_response),
        cmocka_unit_test(test_replayed_initiation_is_refused),
        cmocka_unit_test(test_rekey_loses_nothing),
        cmocka_unit_test(test_server_restart),
        cmocka_unit_test(test_connects_where_answers_take_seconds),
        cmocka_unit_test(test_keys_ended_while_all_was_cut),
        cmocka_unit_test(test_old_keys_are_refused),
        cmocka_unit_test(test_server_restart_after_minutes),
        cmocka_unit_test(test_client_restart),
        cmocka_unit_test(test_clock_in_the_past),
        cmocka_unit_test(test_clock_in_the_past_is_no_replay_hole),
        cmocka_unit_test(test_cookies_under_load),
        cmocka_unit_test(test_troubled_times),
        cmocka_unit_test(test_goodbye),
        cmocka_unit_test(test_goodbye_within_a_search),
        cmocka_unit_test(test_two_clients),
        cmocka_unit_test(test_peers_change_at_run_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
