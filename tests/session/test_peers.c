/* SPDX-License-Identifier: ISC */
/* Peers that are not there cost little, and those that come back find everything as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
    assert_false(list_has(&p->touched));
    assert_false(list_has(&p->sending));
    assert_false(list_has(&p->giving));
    assert_int_equal(p->due.place, 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bond_is_there_while_its_peer_is),
        cmocka_unit_test(a_sleeping_peer_is_in_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
