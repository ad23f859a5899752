/* SPDX-License-Identifier: ISC */
/* What the core tells, while its driver takes it late: the last state of each thing arrives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/event.h"
#include "session/state.h"
#include "session/world.h"

enum {
    CLIENTS = 3,
    PEERS = 1000,  /* with those that never come, behind the clients */
    PATHS = 24,    /* of a client */
    FLIPS = 20000, /* of all of them, some of each so that no peer changes too often */
};

static struct peer *peer_at(const struct world *w, size_t number)
{
    return w->nodes[0].core->peers.list[number];
}

/* The clients from the first on, and so many others. */
static void configure(const struct world *w, size_t first, size_t count)
{
    static struct core_peer_config peers[PEERS];
    size_t n = 0;
    memset(peers, 0, sizeof peers);
    for (size_t i = first; i <= CLIENTS; i++, n++) {
        snprintf(peers[n].name, sizeof peers[n].name, "node%zu", i);
        memcpy(peers[n].public_key, w->nodes[i].public_key, 32);
        memcpy(peers[n].preshared_key, w->psk, 32);
        peers[n].allowed = &w->nodes[i].allowed;
        peers[n].allowed_count = 1;
    }
    for (; n < count; n++) {
        snprintf(peers[n].name, sizeof peers[n].name, "p%zu", n);
        peers[n].public_key[0] = 1;
        memcpy(peers[n].public_key + 4, &n, sizeof n);
    }
    world_set_peers(w->nodes[0].core, w->now, peers, count);
}

static int set_up(void **state)
{
    struct world *w = world_new(CLIENTS, 2);
    w->nodes[2].links[0].mtu_bytes = w->nodes[2].links[1].mtu_bytes = 1400;
    w->nodes[3].links[0].mtu_bytes = w->nodes[3].links[1].mtu_bytes = 1400;
    world_start(w);
    for (size_t i = 1; i <= CLIENTS; i++)
        assert_true(world_run_until_up(w, i, 5 * NS_PER_S));
    world_run(w, 60 * NS_PER_S);
    configure(w, 1, PEERS);
    world_run(w, NS_PER_S);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

static bool next(const struct world *w, struct core_event *out)
{
    return core_next_event(w->nodes[0].core, out);
}

/* More than there is room for. */
static void crowd(const struct world *w)
{
    for (size_t i = CLIENTS; i < PEERS; i++)
        event_peer(peer_at(w, i), true, "the test");
    assert_int_equal(w->nodes[0].core->events.tail - w->nodes[0].core->events.head,
                     STATE_EVENTS_MAX - 3); /* but for what one change may need */
}

/* Those who may, take what is kept for a change. */
static void call_by_strangers(const struct world *w)
{
    struct core *c = w->nodes[0].core;
    for (uint8_t i = 0; i < STRANGERS_TOLD_BURST; i++) {
        const uint8_t key[32] = { 77, i };
        strangers_call(&c->strangers, w->now, key, &(struct netaddr){ .family = 4, .port = i });
        event_stranger(c);
    }
}

/* What is up, as it is and as the driver was told: of each peer, then of each path of the clients.
 */
struct view {
    bool is[PEERS + CLIENTS * PATHS];
    bool told[PEERS + CLIENTS * PATHS];
};

enum { THINGS = PEERS + CLIENTS * PATHS };

static void flip(const struct world *w, struct view *v, size_t thing)
{
    v->is[thing] = !v->is[thing];
    if (thing < PEERS)
        event_peer(peer_at(w, thing), v->is[thing], "the test");
    else
        event_path(peer_at(w, (thing - PEERS) / PATHS), (uint8_t)((thing - PEERS) % PATHS),
                   v->is[thing], "the test");
}

/* A state that is told is another one than the last that was told of the same thing. */
static void take(const struct core_event *e, struct view *v)
{
    size_t thing = e->peer;
    if (e->type == CORE_EVENT_PATH_UP || e->type == CORE_EVENT_PATH_DOWN)
        thing = PEERS + e->peer * (size_t)PATHS + e->path;
    else if (e->type != CORE_EVENT_PEER_UP && e->type != CORE_EVENT_PEER_DOWN)
        return;
    bool up = e->type == CORE_EVENT_PEER_UP || e->type == CORE_EVENT_PATH_UP;
    assert_true(thing < THINGS);
    assert_int_equal(v->told[thing], !up);
    v->told[thing] = up;
}

/* As the world made it: the clients are up, with two paths each. */
static bool at_first(size_t thing)
{
    return thing < CLIENTS || (thing >= PEERS && (thing - PEERS) % PATHS < 2);
}

static void take_all(const struct world *w, struct view *v)
{
    struct core_event e;
    while (next(w, &e))
        take(&e, v);
}

/* Nothing is taken, a few events in between, or many: no time passes in which it could be told. */
static void the_last_state_of_each_arrives(void **state)
{
    static const size_t most_taken[] = { 0, 2, 10, 400 };
    static struct view v;
    const struct world *w = *state;
    struct rng random = { 4 };
    for (size_t i = 0; i < THINGS; i++)
        v.is[i] = v.told[i] = at_first(i);
    for (size_t round = 0; round < sizeof most_taken / sizeof most_taken[0]; round++) {
        struct core_event e;
        for (unsigned i = 0; i < FLIPS; i++) {
            /* The clients have a limit together: few of their paths change. */
            size_t thing = rng_below(&random, PEERS);
            if (rng_below(&random, FLIPS) < 50)
                thing = PEERS + rng_below(&random, CLIENTS * PATHS);
            flip(w, &v, thing);
            if (most_taken[round] == 0 || i % 10 != 0)
                continue;
            for (size_t n = rng_below(&random, most_taken[round]); n > 0 && next(w, &e); n--)
                take(&e, &v);
        }
        take_all(w, &v);
        assert_memory_equal(v.is, v.told, sizeof v.is);
        for (size_t i = 0; i < THINGS; i++)
            if (v.is[i] != at_first(i))
                flip(w, &v, i);
        take_all(w, &v);
        assert_memory_equal(v.is, v.told, sizeof v.is);
        world_run(*state, 120 * NS_PER_S); /* the limits of each peer are full again */
    }
}

static void what_happened_is_told_once(void **state)
{
    const struct world *w = *state;
    size_t count[CORE_EVENT_PEER_MTU + 1] = { 0 };
    struct core_event e;
    crowd(w);
    for (unsigned i = 0; i < 600; i++) {
        struct peer *p = peer_at(w, i % 300);
        event_resolve(p);
        p->called.lives.same_key_from =
            (struct netaddr){ .family = 4, .addr = { 192, 0, 2, (uint8_t)p->number } };
        event_same_key(p);
        event_accepted(p);
    }
    call_by_strangers(w);
    while (next(w, &e)) {
        count[e.type]++;
        if (e.type == CORE_EVENT_SAME_KEY)
            assert_int_equal(e.remote.addr[3], (uint8_t)e.peer);
        if (e.type == CORE_EVENT_STRANGER)
            assert_int_equal(e.public_key[1], e.remote.port);
    }
    assert_int_equal(count[CORE_EVENT_RESOLVE], 300);
    assert_int_equal(count[CORE_EVENT_SAME_KEY], 300);
    assert_int_equal(count[CORE_EVENT_ACCEPTED], 300);
    assert_int_equal(count[CORE_EVENT_STRANGER], STRANGERS_TOLD_BURST);
    assert_int_equal(count[CORE_EVENT_PEER_UP], PEERS - CLIENTS);
}

/* The client with the widest path goes while nobody listens. */
static void the_mtu_of_the_device_is_told_later(void **state)
{
    const struct world *w = *state;
    struct core_event e;
    uint32_t mtu_bytes = 0;
    assert_int_equal(core_mtu(w->nodes[0].core), 1436);
    crowd(w);
    call_by_strangers(w);
    configure(w, 2, PEERS);
    while (next(w, &e))
        if (e.type == CORE_EVENT_MTU)
            mtu_bytes = e.mtu_bytes;
    assert_int_equal(mtu_bytes, 1336);
    assert_int_equal(core_mtu(w->nodes[0].core), 1336);
}

static void of_a_peer_that_went_nothing_is_told(void **state)
{
    enum { LEFT = PEERS / 2 };
    const struct world *w = *state;
    struct core_event e;
    size_t ups = 0;
    crowd(w);
    configure(w, 1, LEFT);
    while (next(w, &e)) {
        assert_true(e.peer < LEFT);
        ups += e.type == CORE_EVENT_PEER_UP;
    }
    assert_int_equal(ups, LEFT - CLIENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_last_state_of_each_arrives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_happened_is_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_a_peer_that_went_nothing_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_mtu_of_the_device_is_told_later, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
