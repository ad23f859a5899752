/* SPDX-License-Identifier: ISC */
/* Several machines with one key, as after a copied SD card: the last one that started counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "session/send.h"
#include "session/world.h"
#include "wire/wire.h"

enum { FIRST = 1, SECOND = 2, THIRD = 3, MACHINES = 3, LINKS = 2 };

#define BACK_NS (5 * NS_PER_S) /* alone again: up within */

struct twins {
    struct world *w;
    uint16_t next; /* number of the next inner packet */
};

static void cut(struct twins *t, size_t node, bool is_cut)
{
    for (size_t l = 0; l < WORLD_LINKS; l++)
        t->w->nodes[node].links[l].cut = is_cut;
}

/* A machine is switched on, with a clock that is so far from the others'. */
static void start(struct twins *t, size_t node)
{
    cut(t, node, false);
    world_restart(t->w, node);
}

/* All machines are off but the first, which is up. */
static void begin_with_clocks(struct twins *t, const int64_t clock_ns[MACHINES])
{
    t->w = world_new(MACHINES, LINKS);
    t->next = 0;
    for (size_t node = 1; node <= MACHINES; node++) {
        t->w->twin_of[node] = node == FIRST ? 0 : FIRST;
        t->w->wall_offset_ns[node] += clock_ns[node - 1] + (int64_t)node; /* never the same */
    }
    t->w->rekey_after_ns = 10 * NS_PER_S;
    world_start(t->w);
    cut(t, SECOND, true);
    cut(t, THIRD, true);
    assert_true(world_run_until_up(t->w, FIRST, NS_PER_S));
}

static void begin(struct twins *t)
{
    static const int64_t same[MACHINES];
    begin_with_clocks(t, same);
}

/* Traffic both ways, 100 packets a second: all of it must arrive once, and only there. */
static void works(struct twins *t, size_t node, int64_t duration_ns)
{
    uint16_t first = t->next;
    for (int64_t ns = 0; ns < duration_ns; ns += 10 * NS_PER_MS) {
        world_send_as(t->w, node, 0, FIRST, t->next, 300);
        world_send(t->w, 0, FIRST, t->next++, 300);
        world_run(t->w, 10 * NS_PER_MS);
    }
    world_run(t->w, 200 * NS_PER_MS);
    for (uint16_t i = first; i != t->next; i++) {
        assert_int_equal(t->w->nodes[0].seen[i], 1);
        for (size_t n = 1; n <= MACHINES; n++)
            assert_int_equal(t->w->nodes[n].seen[i], n == node);
    }
}

static bool is_up(struct twins *t, size_t node)
{
    return world_status(t->w, node, 0).up;
}

static void assert_up_within(struct twins *t, size_t node, int64_t patience_ns)
{
    for (int64_t ns = 0; ns < patience_ns && !is_up(t, node); ns += 10 * NS_PER_MS)
        world_run(t->w, 10 * NS_PER_MS);
    assert_true(is_up(t, node));
    world_run(t->w, 300 * NS_PER_MS); /* the other links, too */
}

static bool is_outside(const struct twins *t, size_t node, const struct netaddr *a)
{
    for (size_t l = 0; l < LINKS; l++)
        if (netaddr_equal(&t->w->nodes[node].links[l].outside, a))
            return true;
    return false;
}

/* It is told that another one has the session, and which. */
static void assert_displaced(struct twins *t, size_t node, size_t by)
{
    struct core_peer_status s = world_status(t->w, node, 0);
    assert_false(s.up);
    assert_true(s.displaced);
    assert_true(is_outside(t, by, &s.displaced_by));
}

static unsigned count_events(const struct world_node *n, enum core_event_type type)
{
    unsigned count = 0;
    for (size_t i = 0; i < n->event_count; i++)
        count += n->events[i].type == type;
    return count;
}

static void test_the_last_one_works_and_the_first_is_told(void **state)
{
    (void)state;
    struct twins t;
    begin(&t);
    works(&t, FIRST, NS_PER_S);
    assert_false(world_status(t.w, 0, 0).contested);
    start(&t, SECOND);
    assert_up_within(&t, SECOND, NS_PER_S);
    assert_displaced(&t, FIRST, SECOND);
    works(&t, SECOND, 60 * NS_PER_S);
    assert_displaced(&t, FIRST, SECOND);
    assert_false(world_status(t.w, SECOND, 0).displaced);

    struct core_peer_status s = world_status(t.w, 0, 0);
    assert_true(s.up && s.contested);
    assert_true(is_outside(&t, FIRST, &s.contested_by));
    assert_in_range(s.handshakes, 7, 9); /* two that began, and one every ten seconds */
    const struct world_node *first = &t.w->nodes[FIRST];
    assert_int_equal(count_events(first, CORE_EVENT_PEER_DOWN), 1);
    for (size_t i = 0; i < first->event_count; i++) {
        const struct core_event *e = &first->events[i];
        if (e->type != CORE_EVENT_PEER_DOWN)
            continue;
        assert_string_equal(e->reason, "another machine uses this key");
        assert_true(is_outside(&t, SECOND, &e->remote));
    }
    assert_int_equal(count_events(&t.w->nodes[0], CORE_EVENT_SAME_KEY), 1);
    assert_true(t.w->nodes[0].event_count < 20);
    world_free(t.w);
}

static void test_it_is_back_when_alone(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 4; how++) {
        struct twins t;
        begin(&t);
        works(&t, FIRST, NS_PER_S);
        start(&t, SECOND);
        assert_up_within(&t, SECOND, NS_PER_S);
        works(&t, SECOND, 7 * NS_PER_S + how * 700 * NS_PER_MS);
        if (how % 2 == 0) { /* it says goodbye, or is switched off */
            core_close(t.w->nodes[SECOND].core, t.w->now);
            world_run(t.w, 50 * NS_PER_MS);
        }
        cut(&t, SECOND, true);
        if (how < 2)
            works(&t, FIRST, 0);
        assert_up_within(&t, FIRST, BACK_NS);
        assert_false(world_status(t.w, FIRST, 0).displaced);
        works(&t, FIRST, 15 * NS_PER_S);
        world_free(t.w);
    }
}

/* Cut off for a while, the last one is still the last one. */
static void test_the_last_one_returns(void **state)
{
    (void)state;
    struct twins t;
    begin(&t);
    start(&t, SECOND);
    assert_up_within(&t, SECOND, NS_PER_S);
    for (unsigned i = 0; i < 3; i++) {
        cut(&t, SECOND, true);
        world_run(t.w, 2 * NS_PER_S); /* it knows that nobody answers */
        assert_up_within(&t, FIRST, BACK_NS);
        works(&t, FIRST, 3 * NS_PER_S);
        cut(&t, SECOND, false);
        world_run(t.w, 2 * NS_PER_S);
        assert_up_within(&t, SECOND, BACK_NS);
        assert_displaced(&t, FIRST, SECOND);
        works(&t, SECOND, 3 * NS_PER_S);
    }
    world_free(t.w);
}

/* Neither a fast nor a slow clock, nor none at all, helps or harms. */
static void test_clocks_apart(void **state)
{
    (void)state;
    static const int64_t minute_ns = 60 * NS_PER_S;
    static const int64_t year_ns = 365 * 86400 * NS_PER_S;
    const int64_t clocks[][MACHINES] = { { 0, 5 * minute_ns, 0 },
                                         { 0, -5 * minute_ns, 0 },
                                         { 0, -50 * year_ns, 0 },
                                         { -50 * year_ns, 0, 0 },
                                         { -50 * year_ns, -50 * year_ns, 0 } };
    for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
        struct twins t;
        begin_with_clocks(&t, clocks[i]);
        start(&t, SECOND);
        assert_up_within(&t, SECOND, NS_PER_S);
        assert_displaced(&t, FIRST, SECOND);
        works(&t, SECOND, 300 * NS_PER_S); /* longer than late calls are remembered */
        cut(&t, SECOND, true);
        assert_up_within(&t, FIRST, BACK_NS);
        works(&t, FIRST, 30 * NS_PER_S);
        world_free(t.w);
    }
}

static void test_three_machines(void **state)
{
    (void)state;
    struct twins t;
    begin(&t);
    start(&t, SECOND);
    assert_up_within(&t, SECOND, NS_PER_S);
    start(&t, THIRD);
    assert_up_within(&t, THIRD, NS_PER_S);
    works(&t, THIRD, 30 * NS_PER_S);
    assert_displaced(&t, FIRST, THIRD);
    assert_displaced(&t, SECOND, THIRD);
    assert_int_equal(count_events(&t.w->nodes[0], CORE_EVENT_SAME_KEY), 1);
    cut(&t, THIRD, true);
    world_run(t.w, BACK_NS);
    assert_true(is_up(&t, SECOND));
    world_run(t.w, BACK_NS);
    assert_displaced(&t, FIRST, SECOND);
    works(&t, SECOND, 10 * NS_PER_S);
    cut(&t, SECOND, true);
    assert_up_within(&t, FIRST, BACK_NS);
    works(&t, FIRST, 10 * NS_PER_S);
    world_free(t.w);
}

static void test_behind_one_address(void **state)
{
    (void)state;
    struct twins t;
    begin(&t);
    for (size_t l = 0; l < LINKS; l++) {
        t.w->nodes[SECOND].links[l].outside = t.w->nodes[FIRST].links[l].outside;
        t.w->nodes[SECOND].links[l].outside.port = (uint16_t)(50000 + l);
    }
    start(&t, SECOND);
    assert_up_within(&t, SECOND, NS_PER_S);
    assert_displaced(&t, FIRST, SECOND);
    works(&t, SECOND, 20 * NS_PER_S);
    cut(&t, SECOND, true);
    assert_up_within(&t, FIRST, BACK_NS);
    works(&t, FIRST, 10 * NS_PER_S);
    world_free(t.w);
}

static void test_restarts(void **state)
{
    (void)state;
    struct twins t;
    begin(&t);
    start(&t, SECOND);
    assert_up_within(&t, SECOND, NS_PER_S);
    for (unsigned i = 0; i < 10; i++) {
        size_t last = i % 3 == 0 ? FIRST : SECOND;
        start(&t, last);
        assert_up_within(&t, last, NS_PER_S);
        assert_displaced(&t, FIRST + SECOND - last, last);
        works(&t, last, 4 * NS_PER_S);
    }
    /* The server knows nothing more of who came first: one of them has it, and keeps it. */
    world_restart(t.w, 0);
    world_run(t.w, BACK_NS);
    size_t last = is_up(&t, FIRST) ? FIRST : SECOND;
    assert_true(is_up(&t, last));
    assert_displaced(&t, FIRST + SECOND - last, last);
    works(&t, last, 20 * NS_PER_S);
    world_free(t.w);
}

/* One that restarts for ever is no reason to forget another one that calls. */
static void test_many_lives(void **state)
{
    (void)state;
    struct twins t;
    begin(&t);
    for (unsigned i = 0; i < 30; i++) {
        start(&t, SECOND);
        assert_up_within(&t, SECOND, NS_PER_S);
        works(&t, SECOND, 3 * NS_PER_S);
    }
    assert_displaced(&t, FIRST, SECOND);
    world_free(t.w);
}

/* Everything that went to the server, for later. */
struct recording {
    struct {
        struct netaddr from;
        size_t len_bytes;
        uint8_t data[400];
    } list[4000];
    size_t count;
    bool stopped;
};

static enum world_verdict record(struct world *w, struct world_datagram *d, void *arg)
{
    struct recording *r = arg;
    (void)w;
    if (r->stopped || d->node != 0 || d->len_bytes > sizeof r->list[0].data ||
        r->count == sizeof r->list / sizeof r->list[0])
        return WORLD_PASS;
    r->list[r->count].from = d->from;
    r->list[r->count].len_bytes = d->len_bytes;
    memcpy(r->list[r->count++].data, d->data, d->len_bytes);
    return WORLD_PASS;
}

static void replay(struct twins *t, const struct recording *r, const struct netaddr *from)
{
    for (size_t i = 0; i < r->count; i++)
        world_inject(t->w, 0, CORE_SOCKET_LISTEN, from != NULL ? from : &r->list[i].from,
                     r->list[i].data, r->list[i].len_bytes);
}

static void test_replays_are_of_no_use(void **state)
{
    (void)state;
    static struct recording r;
    const struct netaddr thief = { .family = 4, .port = 6666, .addr = { 192, 0, 2, 66 } };
    struct twins t;
    begin(&t);
    t.w->hook = record;
    t.w->hook_arg = &r;
    works(&t, FIRST, 3 * NS_PER_S);
    start(&t, SECOND);
    assert_up_within(&t, SECOND, NS_PER_S);
    works(&t, SECOND, 8 * NS_PER_S);
    assert_true(r.count > 500);
    r.stopped = true;
    uint64_t handshakes = world_status(t.w, 0, 0).handshakes;
    size_t delivered = t.w->nodes[0].delivered;
    for (unsigned i = 0; i < 5; i++) {
        replay(&t, &r, i % 2 == 0 ? &thief : NULL);
        world_run(t.w, 700 * NS_PER_MS);
    }
    assert_int_equal(t.w->nodes[0].delivered, delivered);
    assert_in_range(world_status(t.w, 0, 0).handshakes, handshakes, handshakes + 1); /* a rekey */
    works(&t, SECOND, 5 * NS_PER_S);
    cut(&t, SECOND, true);
    assert_up_within(&t, FIRST, BACK_NS);
    delivered = t.w->nodes[0].delivered;
    replay(&t, &r, NULL);
    assert_int_equal(t.w->nodes[0].delivered, delivered);
    works(&t, FIRST, 5 * NS_PER_S);
    world_free(t.w);
}

/* An older peer would drop a CLOSE with an address as malformed. */
static void test_older_peers_get_the_old_close(void **state)
{
    (void)state;
    const struct netaddr by = world_server_address();
    assert_int_equal(send_replaced_frame(0, &by).close.reason, WIRE_CLOSE_REPLACED);
    assert_int_equal(send_replaced_frame(0xfd, &by).close.reason, WIRE_CLOSE_REPLACED);
    assert_int_equal(send_replaced_frame(WIRE_FEATURE_REPLACED_BY, &by).close.reason,
                     WIRE_CLOSE_REPLACED_BY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_one_works_and_the_first_is_told),
        cmocka_unit_test(test_it_is_back_when_alone),
        cmocka_unit_test(test_the_last_one_returns),
        cmocka_unit_test(test_clocks_apart),
        cmocka_unit_test(test_three_machines),
        cmocka_unit_test(test_behind_one_address),
        cmocka_unit_test(test_restarts),
        cmocka_unit_test(test_many_lives),
        cmocka_unit_test(test_replays_are_of_no_use),
        cmocka_unit_test(test_older_peers_get_the_old_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
