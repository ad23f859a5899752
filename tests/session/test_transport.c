/* SPDX-License-Identifier: ISC */
/* Transport datagrams: altered, replayed, from the wrong inner source; groups and super-packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "session/world.h"
#include "wire/wire.h"

static struct world *connected(void)
{
    struct world *w = world_new(2, 1);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    assert_true(world_run_until_up(w, 2, NS_PER_S));
    world_run(w, NS_PER_S);
    return w;
}

struct tamper {
    size_t at;   /* byte to alter */
    bool replay; /* instead: send it twice */
    unsigned done;
};

static enum world_verdict tamper(struct world *w, struct world_datagram *d, void *arg)
{
    struct tamper *t = arg;
    if (d->node != 0 || d->data[0] != WIRE_TRANSPORT || d->len_bytes < 100 || t->done > 0)
        return WORLD_PASS;
    t->done++;
    if (t->replay) {
        world_inject(w, 0, d->socket, &d->from, d->data, d->len_bytes);
        return WORLD_PASS;
    }
    uint8_t copy[2048];
    memcpy(copy, d->data, d->len_bytes);
    copy[t->at % d->len_bytes] ^= 1;
    world_inject(w, 0, d->socket, &d->from, copy, d->len_bytes);
    return WORLD_PASS;
}

static uint64_t all_drops(const struct world *w)
{
    return world_drops(w, 0, CORE_DROP_AUTH) + world_drops(w, 0, CORE_DROP_UNKNOWN_INDEX) +
           world_drops(w, 0, CORE_DROP_MALFORMED) + world_drops(w, 0, CORE_DROP_REPLAY);
}

/* Each byte of a datagram is altered in turn: nothing of it gets in, and it is counted. */
static void test_altered(void **state)
{
    (void)state;
    struct world *w = connected();
    struct tamper t = { 0 };
    w->hook = tamper;
    w->hook_arg = &t;
    for (uint16_t i = 0; i < 200; i++) {
        uint64_t before = all_drops(w);
        t = (struct tamper){ .at = i };
        world_send(w, 1, 0, i, 150);
        world_run(w, 20 * NS_PER_MS);
        assert_int_equal(t.done, 1);
        assert_true(all_drops(w) > before);
        assert_int_equal(w->nodes[0].seen[i], 1);
    }
    world_free(w);
}

static void test_replayed(void **state)
{
    (void)state;
    struct world *w = connected();
    struct tamper t = { 0 };
    w->hook = tamper;
    w->hook_arg = &t;
    for (uint16_t i = 0; i < 20; i++) {
        uint64_t before = world_drops(w, 0, CORE_DROP_REPLAY);
        t = (struct tamper){ .replay = true };
        world_send(w, 1, 0, i, 150);
        world_run(w, 20 * NS_PER_MS);
        assert_int_equal(world_drops(w, 0, CORE_DROP_REPLAY), before + 1);
        assert_int_equal(w->nodes[0].seen[i], 1);
    }
    world_free(w);
}

static void test_garbage(void **state)
{
    (void)state;
    struct world *w = connected();
    const struct netaddr from = { .family = 4, .port = 1, .addr = { 192, 0, 2, 1 } };
    uint8_t data[300];
    struct rng r = { .state = 5 };
    w->stray = from;
    for (unsigned i = 0; i < 5000; i++) {
        for (size_t k = 0; k < sizeof data; k++)
            data[k] = (uint8_t)rng_next(&r);
        if (i % 2 == 0)
            data[0] = (uint8_t)(1 + i / 2 % 4);
        world_inject(w, 0, CORE_SOCKET_LISTEN, &from, data, (size_t)rng_below(&r, sizeof data));
    }
    world_run(w, NS_PER_S);
    assert_int_equal(w->stray_bytes, 0);
    assert_true(world_drops(w, 0, CORE_DROP_MALFORMED) > 3000);
    world_free(w);
}

static void test_allowed_both_ways(void **state)
{
    (void)state;
    struct world *w = connected();
    world_send_as(w, 1, 0, 2, 1, 100); /* client 1 says it was client 2 */
    world_send_as(w, 1, 0, 1, 2, 100);
    world_run(w, 100 * NS_PER_MS);
    assert_int_equal(w->nodes[0].seen[1], 0);
    assert_int_equal(w->nodes[0].seen[2], 1);
    assert_int_equal(world_drops(w, 0, CORE_DROP_SOURCE), 1);
    world_send(w, 0, 3, 3, 100); /* to nobody */
    world_send(w, 0, 2, 4, 100);
    world_run(w, 100 * NS_PER_MS);
    assert_int_equal(world_drops(w, 0, CORE_DROP_NO_ROUTE), 1);
    assert_int_equal(w->nodes[1].seen[4], 0);
    assert_int_equal(w->nodes[2].seen[4], 1);
    world_free(w);
}

/* A burst leaves as groups of equally long datagrams, not one by one. */
static enum world_verdict count_long(struct world *w, struct world_datagram *d, void *arg)
{
    unsigned *count = arg;
    (void)w;
    *count += d->node == 0 && d->data[0] == WIRE_TRANSPORT && d->len_bytes > 300;
    return WORLD_PASS;
}

/* Small packets share a datagram, and the source of each is checked. */
static void test_shared(void **state)
{
    (void)state;
    struct world *w = connected();
    unsigned datagrams = 0;
    w->hook = count_long;
    w->hook_arg = &datagrams;
    for (uint16_t i = 0; i < 6; i++)
        world_send(w, 1, 0, i, 120);
    world_send_as(w, 1, 0, 2, 100, 120);
    world_run(w, 50 * NS_PER_MS);
    for (uint16_t i = 0; i < 6; i++)
        assert_int_equal(w->nodes[0].seen[i], 1);
    assert_int_equal(w->nodes[0].seen[100], 0);
    assert_int_equal(world_drops(w, 0, CORE_DROP_SOURCE), 1);
    assert_int_equal(datagrams, 1);
    world_free(w);
}

static void test_groups(void **state)
{
    (void)state;
    struct world *w = connected();
    for (uint16_t i = 0; i < 600; i++)
        world_send(w, 1, 0, i, 1400);
    world_run(w, NS_PER_S); /* start-up has found some rate by now */
    size_t most = 0;
    for (uint16_t i = 600; i < 1200; i++)
        world_send(w, 1, 0, i, 1400);
    struct core_tx tx;
    while (core_next_tx(w->nodes[1].core, w->now, &tx)) {
        most = tx.segment_count > most ? tx.segment_count : most;
        assert_true(tx.segment_bytes <= 1472);
        core_tx_done(w->nodes[1].core, w->now, &tx, -EAGAIN);
    }
    assert_true(most >= 2);
    assert_true(world_drops(w, 1, CORE_DROP_SEND) >= most);
    world_run(w, 2 * NS_PER_S);
    world_free(w);
}

static void test_send_errors(void **state)
{
    (void)state;
    struct world *w = connected();
    struct core_tx tx;
    world_send(w, 1, 0, 1, 100);
    assert_true(core_next_tx(w->nodes[1].core, w->now, &tx));
    core_tx_done(w->nodes[1].core, w->now, &tx, -ENETUNREACH);
    assert_int_equal(world_status(w, 1, 0).paths[0].bond.state, BOND_PATH_SUSPECT);
    world_run(w, NS_PER_S);
    assert_int_equal(world_status(w, 1, 0).paths[0].bond.state, BOND_PATH_UP);
    tx.segment_bytes = 1472;
    core_tx_done(w->nodes[1].core, w->now, &tx, -EMSGSIZE);
    assert_int_equal(world_status(w, 1, 0).paths[0].bond.datagram_bytes, 1252);
    world_run(w, 2 * NS_PER_S);
    assert_int_equal(world_status(w, 1, 0).paths[0].bond.datagram_bytes, 1464);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_altered),     cmocka_unit_test(test_replayed),
        cmocka_unit_test(test_garbage),     cmocka_unit_test(test_allowed_both_ways),
        cmocka_unit_test(test_shared),      cmocka_unit_test(test_groups),
        cmocka_unit_test(test_send_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
