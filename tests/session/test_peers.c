/* SPDX-License-Identifier: ISC */
/* Peers that are not there cost little, and those that come back find everything as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "session/allowed.h"
#include "session/peers.h"
#include "session/state.h"
#include "session/world.h"

enum { SERVER, FIRST, SECOND };

static struct peer *at_server(const struct world *w, size_t client)
{
    return w->nodes[SERVER].core->peers.list[client - 1];
}

static void pass(struct world *w, size_t client, uint16_t number)
{
    size_t before = w->nodes[client].delivered;
    world_send(w, SERVER, client, number, 300);
    world_send(w, client, SERVER, number, 300);
    world_run(w, NS_PER_S);
    assert_int_equal(w->nodes[client].delivered, before + 1);
    assert_int_equal(w->nodes[SERVER].seen[number], 1);
}

static void set_cut(struct world *w, size_t client, bool cut)
{
    for (size_t l = 0; l < WORLD_LINKS; l++)
        w->nodes[client].links[l].cut = cut;
}

/* One that never came has no bond; one that went gives it back, and has a new one when it returns.
 */
static void a_bond_is_there_while_its_peer_is(void **state)
{
    (void)state;
    struct world *w = world_new(2, 2);
    set_cut(w, SECOND, true);
    world_start(w);
    assert_true(world_run_until_up(w, FIRST, 5 * NS_PER_S));
    assert_non_null(at_server(w, FIRST)->bond);
    assert_null(at_server(w, SECOND)->bond);
    pass(w, FIRST, 1);
    /* A packet for one who never came is dropped, and counted. */
    world_run(w, 3 * NS_PER_S);
    uint64_t drops = world_drops(w, SERVER, CORE_DROP_NO_SESSION);
    world_send(w, SERVER, SECOND, 2, 300);
    assert_int_equal(world_drops(w, SERVER, CORE_DROP_NO_SESSION), drops + 1);

    set_cut(w, FIRST, true);
    set_cut(w, SECOND, false);
    assert_true(world_run_until_up(w, SECOND, 10 * NS_PER_S));
    world_run(w, 120 * NS_PER_S);
    assert_false(at_server(w, FIRST)->up);
    assert_non_null(at_server(w, FIRST)->bond); /* it may come back with its keys */
    world_run(w, 1000 * NS_PER_S);
    assert_null(at_server(w, FIRST)->bond);
    assert_non_null(at_server(w, SECOND)->bond);
    pass(w, SECOND, 3);

    set_cut(w, FIRST, false);
    assert_true(world_run_until_up(w, FIRST, 10 * NS_PER_S));
    assert_non_null(at_server(w, FIRST)->bond);
    world_run(w, NS_PER_S);
    for (uint16_t n = 10; n < 20; n++)
        pass(w, FIRST, n);
    world_free(w);
}

/* Nothing of a sleeping peer is looked at: it is in no list, and its next time is far. */
static void a_sleeping_peer_is_in_no_list(void **state)
{
    (void)state;
    struct world *w = world_new(2, 1);
    set_cut(w, SECOND, true);
    world_start(w);
    assert_true(world_run_until_up(w, FIRST, 5 * NS_PER_S));
    world_run(w, 5 * NS_PER_S);
    const struct peer *p = at_server(w, SECOND);
    assert_false(list_has(&p->places.touched));
    assert_false(list_has(&p->places.sending));
    assert_false(list_has(&p->places.giving));
    assert_int_equal(p->places.due.place, 0);
    world_free(w);
}

/* What calls need comes with them and goes with them; with a bond what an awake peer needs. */
static void what_calls_take_is_given_back(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    set_cut(w, FIRST, true);
    world_start(w);
    world_run(w, 5 * NS_PER_S);
    const struct peer *caller = w->nodes[FIRST].core->peers.list[0];
    assert_non_null(caller->calling.handshake.call);
    assert_non_null(caller->calling.why.ways);
    assert_null(at_server(w, FIRST)->calling.endpoints);
    assert_null(at_server(w, FIRST)->called.lives.list);
    assert_null(at_server(w, FIRST)->told.reports.report);

    set_cut(w, FIRST, false);
    assert_true(world_run_until_up(w, FIRST, 10 * NS_PER_S));
    world_run(w, NS_PER_S);
    assert_null(caller->calling.handshake.call);
    assert_null(caller->calling.why.ways);
    assert_non_null(at_server(w, FIRST)->called.lives.list);
    assert_non_null(at_server(w, FIRST)->told.reports.report);
    assert_null(at_server(w, FIRST)->calling.handshake.call);
    assert_null(at_server(w, FIRST)->called.proof.late);
    pass(w, FIRST, 1);
    world_free(w);
}

/* A cookie is good for two minutes: the next call may need it. */
static void a_cookie_outlives_its_call(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    world_start(w);
    assert_true(world_run_until_up(w, FIRST, 5 * NS_PER_S));
    world_run(w, NS_PER_S);
    struct peer *caller = w->nodes[FIRST].core->peers.list[0];
    assert_null(caller->calling.handshake.call);
    caller->calling.handshake.call = calloc(1, sizeof *caller->calling.handshake.call);
    caller->calling.handshake.call->jars[0][1] = (struct cookie_jar){ .got = w->now, .full = true };
    world_run(w, COOKIE_LIFETIME_NS - 2 * NS_PER_S);
    assert_non_null(caller->calling.handshake.call);
    world_run(w, 130 * NS_PER_S); /* with a new call for keys in between */
    assert_null(caller->calling.handshake.call);
    pass(w, FIRST, 1);
    world_free(w);
}

/* Late calls are remembered for as long as their cookies are good. */
static void late_calls_are_forgotten(void **state)
{
    (void)state;
    struct proof_memory m = { 0 };
    struct tstamp now = { NS_PER_S };
    uint8_t ephemeral[32] = { 1 };
    assert_true(tstamp_is_never(proof_expire(&m, now)));
    assert_int_equal(proof_late(&m, now, ephemeral), 0);
    assert_int_equal(proof_late(&m, now, ephemeral), -EEXIST);
    struct tstamp end = proof_expire(&m, now);
    assert_non_null(m.late);
    assert_int_equal(proof_late(&m, tstamp_add(end, -1), ephemeral), -EEXIST);
    assert_true(tstamp_is_never(proof_expire(&m, end)));
    assert_null(m.late);
    for (uint8_t i = 0; i < PROOF_LATE_MAX; i++) {
        ephemeral[0] = i;
        assert_int_equal(proof_late(&m, end, ephemeral), 0);
    }
    ephemeral[0] = PROOF_LATE_MAX;
    assert_int_equal(proof_late(&m, end, ephemeral), -ENOSPC);
    proof_free(&m);
}

/* Nor is one that is up, while nothing is due: a thousand of them cost no more than one. */
static void an_idle_peer_is_in_no_list(void **state)
{
    (void)state;
    struct world *w = world_new(1, 2);
    world_start(w);
    assert_true(world_run_until_up(w, FIRST, 5 * NS_PER_S));
    pass(w, FIRST, 1);
    world_run(w, 20 * NS_PER_S);
    struct core *c = w->nodes[SERVER].core;
    for (unsigned turn = 0; turn < 4; turn++) {
        core_tick(c, w->now);
        assert_null(core_next_tun(c));
    }
    const struct peer *p = at_server(w, FIRST);
    assert_false(list_has(&p->places.touched));
    assert_false(list_has(&p->places.giving));
    assert_int_not_equal(p->places.due.place, 0);
    world_free(w);
}

/* What a peer of the sets below is known by. */
static struct core_peer_config numbered(uint8_t i, struct netprefix *allowed)
{
    struct core_peer_config c = { .allowed = allowed, .allowed_count = 1 };
    *allowed = (struct netprefix){ .family = 4, .len = 32, .addr = { 10, 200, 0, i } };
    snprintf(c.name, sizeof c.name, "peer%u", i);
    memset(c.public_key, 100 + i, sizeof c.public_key);
    return c;
}

/* Peers come and go at random: each is found by its key, number, name and prefix, and no other. */
static void peers_come_and_go(void **state)
{
    enum { PEERS = 60, STEPS = 3000 };
    bool there[PEERS] = { false };
    struct rng rng = { 3 };
    (void)state;
    struct world *w = world_new(1, 1);
    world_start(w);
    assert_true(world_run_until_up(w, FIRST, 5 * NS_PER_S));
    struct core *c = w->nodes[SERVER].core;
    size_t count = core_peer_count(c);
    for (unsigned n = 0; n < STEPS; n++) {
        uint8_t i = (uint8_t)rng_below(&rng, PEERS);
        struct netprefix allowed;
        struct core_peer_config config = numbered(i, &allowed);
        int number = core_find_peer(c, config.public_key);
        assert_int_equal(number >= 0, there[i]);
        if (there[i])
            core_remove_peer(c, w->now, (size_t)number);
        else
            assert_int_equal(core_put_peer(c, w->now, &config), 0);
        there[i] = !there[i];
        count += there[i] ? 1 : SIZE_MAX;
        assert_int_equal(core_peer_count(c), count);
        uint8_t other = (uint8_t)rng_below(&rng, PEERS);
        config = numbered(other, &allowed);
        number = core_find_peer(c, config.public_key);
        assert_int_equal(number >= 0, there[other]);
        const struct peer *found = allowed_find(&c->allowed, 4, allowed.addr);
        assert_ptr_equal(found, number >= 0 ? c->peers.list[number] : NULL);
        if (number >= 0)
            assert_string_equal(core_peer_name(c, (size_t)number), config.name);
        if (n % 100 == 0)
            world_run(w, 10 * NS_PER_MS);
    }
    pass(w, FIRST, 1); /* who was there all the time */
    assert_int_equal(world_status(w, FIRST, 0).handshakes, 1);
    world_free(w);
}

/* A prefix that one peer loses and another gets has one owner, whichever is told first. */
static void a_prefix_moves(void **state)
{
    (void)state;
    for (unsigned order = 0; order < 2; order++) {
        struct world *w = world_new(1, 1);
        world_start(w);
        struct core *c = w->nodes[SERVER].core;
        struct netprefix list[3];
        struct core_peer_config a = numbered(1, &list[0]);
        struct core_peer_config b = numbered(2, &list[1]);
        numbered(3, &list[2]);
        assert_int_equal(core_put_peer(c, w->now, &a), 0);
        assert_int_equal(core_put_peer(c, w->now, &b), 0);
        const struct peer *at_b = c->peers.list[core_find_peer(c, b.public_key)];
        struct netprefix both[2] = { list[0], list[1] };
        a.allowed = &list[2];
        b.allowed = both;
        b.allowed_count = 2;
        assert_int_equal(core_put_peer(c, w->now, order == 0 ? &a : &b), 0);
        assert_int_equal(core_put_peer(c, w->now, order == 0 ? &b : &a), 0);
        assert_ptr_equal(allowed_find(&c->allowed, 4, both[0].addr), at_b);
        assert_ptr_equal(allowed_find(&c->allowed, 4, both[1].addr), at_b);
        assert_ptr_equal(allowed_find(&c->allowed, 4, list[2].addr),
                         c->peers.list[core_find_peer(c, a.public_key)]);
        world_free(w);
    }
}

static size_t length(const struct list *l)
{
    size_t n = 0;
    for (const struct list_item *i = list_first(l); i != NULL; i = list_after(l, i))
        n++;
    return n;
}

enum { SLEEPERS = 2000 };

/* Peers that never came, beside the client that is up. */
static struct world *with_sleepers(void)
{
    static struct core_peer_config peers[1 + SLEEPERS];
    struct world *w = world_new(1, 2);
    world_start(w);
    assert_true(world_run_until_up(w, FIRST, 5 * NS_PER_S));
    memset(peers, 0, sizeof peers);
    memcpy(peers[0].public_key, w->nodes[FIRST].public_key, 32);
    memcpy(peers[0].preshared_key, w->psk, 32);
    peers[0].allowed = &w->nodes[FIRST].allowed;
    peers[0].allowed_count = 1;
    for (size_t i = 1; i <= SLEEPERS; i++)
        memcpy(peers[i].public_key, &i, sizeof i);
    world_set_peers(w->nodes[SERVER].core, w->now, peers, 1 + SLEEPERS);
    world_run(w, NS_PER_S);
    return w;
}

/* What happens to links, lines, policies and datagrams concerns those alone who are awake. */
static void rare_events_wake_no_sleeper(void **state)
{
    (void)state;
    struct world *w = with_sleepers();
    struct core *c = w->nodes[SERVER].core;
    const struct core_policy policies[CORE_POLICIES_MAX] = { { .used = true } };
    assert_int_equal(length(&c->peers.awake), 1);
    for (struct tstamp at = w->now; length(&c->peers.touched) > 0; at.ns++)
        core_tick(c, at);
    world_link_event(w, SERVER, 0, true, true, WIRE_PATH_ACTIVE);
    assert_int_equal(length(&c->peers.touched), 1);
    core_set_policies(c, policies);
    core_set_line_full(c, true);
    assert_int_equal(length(&c->peers.outdated), 1);
    assert_int_equal(length(&c->peers.touched), 1);
    assert_int_equal(length(&c->peers.sending), 0);
    core_tick(c, w->now);
    assert_int_equal(length(&c->peers.outdated), 0);
    core_set_policies(c, policies); /* the same */
    assert_int_equal(length(&c->peers.outdated), 0);
    pass(w, FIRST, 1);
    world_free(w);
}

/* All have changed: each is looked at, a few hundred in a turn, and the driver is told to go on. */
static void a_turn_looks_at_some_of_all(void **state)
{
    (void)state;
    struct world *w = with_sleepers();
    struct core *c = w->nodes[SERVER].core;
    unsigned turns = 0;
    for (size_t i = 0; i < c->peers.count; i++)
        peers_touch(c->peers.list[i]);
    for (size_t before = c->peers.count; c->peers.more || turns == 0; turns++) {
        core_tick(c, w->now);
        size_t left = length(&c->peers.touched);
        assert_true(left < before && before - left <= 600);
        before = left;
        if (c->peers.more)
            assert_true(tstamp_reached(core_deadline(c), w->now));
    }
    assert_true(turns >= 4);
    assert_true(length(&c->peers.touched) <= 1); /* who is up may be due again */
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rare_events_wake_no_sleeper),
        cmocka_unit_test(a_turn_looks_at_some_of_all),
        cmocka_unit_test(a_bond_is_there_while_its_peer_is),
        cmocka_unit_test(a_sleeping_peer_is_in_no_list),
        cmocka_unit_test(peers_come_and_go),
        cmocka_unit_test(a_prefix_moves),
        cmocka_unit_test(what_calls_take_is_given_back),
        cmocka_unit_test(a_cookie_outlives_its_call),
        cmocka_unit_test(late_calls_are_forgotten),
        cmocka_unit_test(an_idle_peer_is_in_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
