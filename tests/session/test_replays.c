/* SPDX-License-Identifier: ISC */
/* Recorded calls are of no use to anybody, and whoever calls honestly is let in all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "crypto/cookie.h"
#include "session/handshake.h"
#include "session/world.h"
#include "wire/wire.h"

enum { TAPE_MAX = 64 };

/* An observer: keeps the calls of a client, each once, and sends them again. */
struct tape {
    struct {
        uint8_t data[256];
        size_t len_bytes;
    } calls[TAPE_MAX];
    size_t count;
    bool recording;
    bool armed;           /* plays all of it whenever the server has answered a call */
    unsigned plays;       /* how often it did */
    struct netaddr where; /* he is */
};

static void keep(struct tape *t, const struct world_datagram *d)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->calls[i].len_bytes == d->len_bytes && memcmp(t->calls[i].data, d->data, 100) == 0) {
            memcpy(t->calls[i].data, d->data, d->len_bytes); /* now perhaps with a cookie */
            return;
        }
    if (t->count == TAPE_MAX || d->len_bytes > sizeof t->calls[0].data)
        return;
    memcpy(t->calls[t->count].data, d->data, d->len_bytes);
    t->calls[t->count++].len_bytes = d->len_bytes;
}

/* With a cookie for his own address, if the server gives one. True: it was given keys. */
static bool play(struct world *w, struct tape *t, size_t i)
{
    uint8_t message[256];
    size_t len = t->calls[i].len_bytes;
    size_t mac2_at = len - WIRE_MAC_BYTES;
    struct cookie_keys keys;
    struct wire_cookie msg;
    struct core_tx tx;
    struct wire_response answer;
    uint8_t cookie[COOKIE_BYTES];
    bool taken = false;
    memcpy(message, t->calls[i].data, len);
    cookie_keys_init(&keys, w->nodes[0].public_key);
    world_inject(w, 0, CORE_SOCKET_LISTEN, &t->where, message, len);
    while (core_next_tx(w->nodes[0].core, w->now, &tx)) {
        if (netaddr_equal(&tx.to, &t->where) && wire_get_cookie(tx.data, tx.len_bytes, &msg) &&
            cookie_open(&keys, msg.nonce, message + mac2_at - WIRE_MAC_BYTES, msg.sealed, cookie)) {
            cookie_mac2(cookie, message, mac2_at, message + mac2_at);
            world_inject(w, 0, CORE_SOCKET_LISTEN, &t->where, message, len);
        }
        taken |= wire_get_response(tx.data, tx.len_bytes, &answer) && answer.sender != 0;
        core_tx_done(w->nodes[0].core, w->now, &tx, 0);
    }
    return taken;
}

static enum world_verdict observe(struct world *w, struct world_datagram *d, void *arg)
{
    struct tape *t = arg;
    (void)w;
    if (t->recording && d->data[0] == WIRE_INITIATION)
        keep(t, d);
    if (t->armed && d->data[0] == WIRE_RESPONSE && d->node == 1)
        t->plays++; /* see run(): not from within the core's output */
    return WORLD_PASS;
}

/* Runs on, with all recordings played within a millisecond after each answer of the server. */
static void run(struct world *w, struct tape *t, int64_t duration_ns)
{
    for (int64_t ns = 0; ns < duration_ns; ns += NS_PER_MS) {
        unsigned before = t->plays;
        world_run(w, NS_PER_MS);
        for (size_t i = 0; t->armed && t->plays != before && i < t->count; i++)
            play(w, t, i);
    }
}

/* A client whose calls of so many lives were recorded, each with a renewal of the keys. */
static struct world *recorded(struct tape *t, unsigned lives)
{
    struct world *w = world_new(1, 1);
    *t = (struct tape){ .recording = true,
                        .where = { .family = 4, .port = 6666, .addr = { 192, 0, 2, 66 } } };
    w->nodes[1].links[0].delay_ns = 20 * NS_PER_MS;
    w->rekey_after_ns = 4 * NS_PER_S;
    w->hook = observe;
    w->hook_arg = t;
    world_start(w);
    for (unsigned i = 0; i < lives; i++) {
        if (i > 0)
            world_restart(w, 1);
        assert_true(world_run_until_up(w, 1, NS_PER_S));
        world_run(w, 5 * NS_PER_S);
    }
    assert_true(t->count >= lives);
    t->recording = false;
    return w;
}

/* The longest time without a packet that came through; both ways, one each 10 ms. */
static int64_t longest_gap(struct world *w, struct tape *t, uint16_t first, int64_t duration_ns)
{
    int64_t gap[2] = { 0, 0 }, most = 0;
    for (int64_t ns = 0; ns < duration_ns; ns += 10 * NS_PER_MS) {
        uint16_t n = (uint16_t)(first + ns / (10 * NS_PER_MS));
        world_send(w, 1, 0, n, 200);
        world_send(w, 0, 1, n, 200);
        size_t before[2] = { w->nodes[0].delivered, w->nodes[1].delivered };
        run(w, t, 10 * NS_PER_MS);
        for (size_t i = 0; i < 2; i++) {
            gap[i] = w->nodes[i].delivered > before[i] ? 0 : gap[i] + 10 * NS_PER_MS;
            most = gap[i] > most ? gap[i] : most;
        }
    }
    return most;
}

static void test_recordings_displace_no_keys(void **state)
{
    (void)state;
    static struct tape t;
    struct world *w = recorded(&t, 20);
    world_restart(w, 1);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    world_run(w, NS_PER_S);
    t.armed = true;
    uint64_t handshakes = world_status(w, 1, 0).handshakes;
    assert_in_range(longest_gap(w, &t, 0, 40 * NS_PER_S), 0, 100 * NS_PER_MS);
    assert_true(t.plays >= 9);
    assert_in_range(world_status(w, 1, 0).handshakes - handshakes, 9, 11);
    assert_int_equal(world_status(w, 0, 0).handshakes, world_status(w, 1, 0).handshakes + 40);
    world_free(w);
}

/* However many were played, a client whose clock begins in 1970 gets in. */
static void test_recordings_fill_no_slots(void **state)
{
    (void)state;
    static struct tape t;
    struct world *w = recorded(&t, 25);
    w->nodes[1].links[0].cut = true;
    for (size_t round = 0; round < 3; round++)
        for (size_t i = 0; i < t.count; i++) {
            play(w, &t, i);
            world_run(w, 100 * NS_PER_MS);
        }
    w->nodes[1].links[0].cut = false;
    w->wall_offset_ns[1] = 0;
    world_restart(w, 1);
    t.armed = true;
    run(w, &t, 300 * NS_PER_MS);
    assert_true(world_status(w, 1, 0).up);
    assert_in_range(longest_gap(w, &t, 0, 20 * NS_PER_S), 0, 100 * NS_PER_MS);
    world_free(w);
}

/* The server forgets all; those that saw the calls before are quicker than the client, or slower.
 */
static void test_recordings_after_a_restart_of_the_server(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 4; how++) {
        static struct tape t;
        struct world *w = recorded(&t, 5);
        if (how % 2 == 1)
            w->wall_offset_ns[1] = 0;
        world_restart(w, 0);
        world_restart(w, 1);
        t.armed = how < 2;
        for (size_t i = 0; how >= 2 && i < t.count; i++)
            play(w, &t, t.count - 1 - i);
        run(w, &t, 500 * NS_PER_MS);
        assert_true(world_status(w, 1, 0).up);
        t.armed = true;
        assert_in_range(longest_gap(w, &t, 0, 20 * NS_PER_S), 0, 100 * NS_PER_MS);
        world_free(w);
    }
}

/* Everything under one session's keys is lost on its way to the server. */
struct deaf {
    uint8_t index[4];
    bool armed, chosen;
};

static enum world_verdict lose_one_session(struct world *w, struct world_datagram *d, void *arg)
{
    struct deaf *f = arg;
    (void)w;
    if (f->armed && !f->chosen && d->node == 1 && d->data[0] == WIRE_RESPONSE) {
        f->chosen = true;
        memcpy(f->index, d->data + 4, sizeof f->index);
    }
    bool hit = f->chosen && d->node == 0 && d->data[0] == WIRE_TRANSPORT &&
               memcmp(d->data + 2, f->index, sizeof f->index) == 0;
    return hit ? WORLD_DROP : WORLD_PASS;
}

static void test_keys_that_the_server_does_not_have_are_noticed(void **state)
{
    (void)state;
    struct tape none = { 0 };
    struct deaf f = { 0 };
    struct world *w = world_new(1, 1);
    w->rekey_after_ns = 30 * NS_PER_S;
    w->hook = lose_one_session;
    w->hook_arg = &f;
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    f.armed = true;
    assert_in_range(longest_gap(w, &none, 0, 50 * NS_PER_S), 100 * NS_PER_MS, NS_PER_S);
    assert_true(f.chosen);
    world_free(w);
}

/* Until the answer to the first datagram is there, it is as if the server did not have the keys. */
static void test_renewals_where_answers_take_seconds(void **state)
{
    (void)state;
    struct tape none = { 0 };
    struct world *w = world_new(1, 1);
    w->nodes[1].links[0].delay_ns = 1300 * NS_PER_MS;
    w->rekey_after_ns = 20 * NS_PER_S;
    world_start(w);
    assert_true(world_run_until_up(w, 1, 12 * NS_PER_S));
    longest_gap(w, &none, 0, 10 * NS_PER_S);
    assert_in_range(longest_gap(w, &none, 1000, 100 * NS_PER_S), 0, 500 * NS_PER_MS);
    assert_in_range(world_status(w, 1, 0).handshakes, 5, 7);
    world_free(w);
}

/* Something that looks like a call to whoever does not open it. */
static void junk(struct world *w, const struct netaddr *from)
{
    uint8_t message[WIRE_INITIATION_LONG_BYTES] = { 0 };
    struct wire_initiation view;
    struct cookie_keys keys;
    size_t len = wire_put_initiation(message, 1, false);
    assert_true(wire_get_initiation(message, len, &view));
    cookie_keys_init(&keys, w->nodes[0].public_key);
    size_t mac1_at = (size_t)(view.mac1 - message);
    cookie_mac1(&keys, message, mac1_at, message + mac1_at);
    world_inject(w, 0, CORE_SOCKET_LISTEN, from, message, len);
}

/*
 * He makes the server ask for cookies, and sends calls on that had one, as if from where they came:
 * that is a proved address, whose calls are limited.
 */
static void test_copies_from_the_callers_address_use_up_nothing(void **state)
{
    (void)state;
    static struct tape t;
    struct world *w = recorded(&t, 1);
    t.count = 0;
    t.recording = true;
    uint64_t handshakes = world_status(w, 1, 0).handshakes;
    for (unsigned ms = 0; ms < 40000; ms++) {
        junk(w, &t.where);
        for (size_t i = 0; i < t.count; i++) {
            uint8_t message[256];
            memcpy(message, t.calls[i].data, t.calls[i].len_bytes);
            world_inject(w, 0, CORE_SOCKET_LISTEN, &w->nodes[1].links[0].outside, message,
                         t.calls[i].len_bytes);
        }
        world_run(w, NS_PER_MS);
        assert_true(world_status(w, 1, 0).up);
    }
    assert_in_range(world_status(w, 1, 0).handshakes - handshakes, 9, 11);
    assert_int_equal(world_status(w, 0, 0).handshakes, world_status(w, 1, 0).handshakes);
    world_free(w);
}

/* In the order in which they were made, each is newer than what the server knows. */
static void test_recordings_in_their_order_use_up_nothing(void **state)
{
    (void)state;
    static struct tape t;
    struct world *w = world_new(1, 1);
    t = (struct tape){ .recording = true,
                       .where = { .family = 4, .port = 6666, .addr = { 192, 0, 2, 66 } } };
    w->rekey_after_ns = NS_PER_S;
    w->hook = observe;
    w->hook_arg = &t;
    world_start(w);
    world_run(w, (TAPE_MAX - 2) * NS_PER_S);
    assert_true(t.count > TAPE_MAX / 2);
    t.recording = false;
    world_restart(w, 0);
    size_t next = 0;
    unsigned ms = 0;
    for (; ms < 6000 && !world_status(w, 0, 0).up; ms++) {
        if (next < t.count && play(w, &t, next))
            next++;
        world_run(w, NS_PER_MS);
    }
    assert_true(next > HANDSHAKE_PEER_BURST);
    assert_in_range(ms, 0, 2500); /* the client's next try, and a challenge */
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recordings_displace_no_keys),
        cmocka_unit_test(test_recordings_fill_no_slots),
        cmocka_unit_test(test_recordings_after_a_restart_of_the_server),
        cmocka_unit_test(test_copies_from_the_callers_address_use_up_nothing),
        cmocka_unit_test(test_recordings_in_their_order_use_up_nothing),
        cmocka_unit_test(test_keys_that_the_server_does_not_have_are_noticed),
        cmocka_unit_test(test_renewals_where_answers_take_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
