/* SPDX-License-Identifier: ISC */
/* Peers share the memory of their tables and the packet buffers: one that wants all harms itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session/state.h"
#include "session/world.h"

enum { SERVER, GREEDY, MODEST };
enum { FLOOD = 1000 /* packets every 20 ms */ };

static struct peer *at_server(const struct world *w, size_t client)
{
    return w->nodes[SERVER].core->peers.list[client - 1];
}

static struct arena *arena_of(const struct world *w)
{
    return &w->nodes[SERVER].core->arena;
}

static struct world *both_up(void)
{
    struct world *w = world_new(2, 2);
    world_start(w);
    assert_true(world_run_until_up(w, GREEDY, 5 * NS_PER_S));
    assert_true(world_run_until_up(w, MODEST, 5 * NS_PER_S));
    world_run(w, 2 * NS_PER_S);
    return w;
}

static uint64_t drops(const struct world *w, size_t client, enum bond_drop reason)
{
    return world_status(w, SERVER, client - 1).bond.drops[reason];
}

/* What each holds is counted, and is gone with it. */
static void what_peers_hold_is_counted(void **state)
{
    (void)state;
    struct world *w = both_up();
    size_t both = arena_of(w)->used_bytes;
    assert_true(both > 0);
    for (size_t l = 0; l < WORLD_LINKS; l++)
        w->nodes[GREEDY].links[l].cut = true;
    world_run(w, 1200 * NS_PER_S);
    assert_null(at_server(w, GREEDY)->bond);
    assert_in_range(arena_of(w)->used_bytes, both / 3, both * 2 / 3);
    world_free(w);
}

/* A peer that floods has all its share of buffers in its queue: the other one's packets pass. */
static void a_peer_over_its_share_of_buffers_loses_its_own(void **state)
{
    (void)state;
    struct world *w = both_up();
    uint16_t number = 1;
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < FLOOD; i++)
            world_send(w, SERVER, GREEDY, 0, 1000);
        world_send(w, SERVER, MODEST, number++, 1000);
        world_run(w, 20 * NS_PER_MS);
    }
    world_run(w, NS_PER_S);
    assert_true(drops(w, GREEDY, BOND_DROP_PEER_MEMORY) > 0);
    for (unsigned reason = 0; reason < BOND_DROP_COUNT; reason++)
        assert_int_equal(drops(w, MODEST, (enum bond_drop)reason), 0);
    for (uint16_t n = 1; n < number; n++)
        assert_int_equal(w->nodes[MODEST].seen[n], 1);
    world_free(w);
}

/* Where one peer's tables have taken what they may, a second one's are made, and it is served. */
static void a_peer_over_its_share_of_memory_leaves_room(void **state)
{
    (void)state;
    struct world *w = world_new(2, 2);
    world_start(w);
    arena_of(w)->limit_bytes = BOND_ARENA_LEAST_BYTES;
    assert_true(world_run_until_up(w, GREEDY, 5 * NS_PER_S));
    struct bond_config all = { .pool = w->nodes[SERVER].core->pool, .arena = arena_of(w) };
    struct bond *hog = bond_new(&all, w->now);
    assert_non_null(hog);
    bond_free(hog);
    assert_true(world_run_until_up(w, MODEST, 5 * NS_PER_S));
    assert_true(arena_of(w)->used_bytes <= BOND_ARENA_LEAST_BYTES);
    for (uint16_t n = 1; n < 50; n++) {
        world_send(w, SERVER, MODEST, n, 1000);
        world_send(w, MODEST, SERVER, n, 1000);
        world_run(w, 20 * NS_PER_MS);
        assert_int_equal(w->nodes[MODEST].seen[n], 1);
        assert_int_equal(w->nodes[SERVER].seen[n], 1);
    }
    assert_true(arena_of(w)->used_bytes <= BOND_ARENA_LEAST_BYTES);
    world_free(w);
}

/* No memory for another bond: its calls are answered, and it is not there yet. */
static void who_finds_no_memory_comes_later(void **state)
{
    (void)state;
    struct world *w = world_new(2, 2);
    for (size_t l = 0; l < WORLD_LINKS; l++)
        w->nodes[MODEST].links[l].cut = true;
    world_start(w);
    assert_true(world_run_until_up(w, GREEDY, 5 * NS_PER_S));
    world_run(w, NS_PER_S);
    arena_of(w)->limit_bytes = arena_of(w)->used_bytes + 1000;
    for (size_t l = 0; l < WORLD_LINKS; l++)
        w->nodes[MODEST].links[l].cut = false;
    assert_false(world_run_until_up(w, MODEST, 20 * NS_PER_S));
    assert_null(at_server(w, MODEST)->bond);
    assert_true(at_server(w, GREEDY)->up);
    arena_of(w)->limit_bytes = 0;
    assert_true(world_run_until_up(w, MODEST, 20 * NS_PER_S));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_peers_hold_is_counted),
        cmocka_unit_test(a_peer_over_its_share_of_buffers_loses_its_own),
        cmocka_unit_test(a_peer_over_its_share_of_memory_leaves_room),
        cmocka_unit_test(who_finds_no_memory_comes_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
