/* SPDX-License-Identifier: ISC */
/* What peers tell each other: what they accept, and, while somebody looks, what they find. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "session/accepted.h"
#include "session/reports.h"
#include "session/state.h"
#include "session/world.h"

enum { HEADERS = 42, LOOKED_S = 20 };

static struct world *up(size_t links)
{
    struct world *w = world_new(1, links);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    world_run(w, 2 * NS_PER_S);
    return w;
}

static struct peer *peer_of(struct world *w, size_t node)
{
    return w->nodes[node].core->peers.list[0];
}

static void assert_accepted(const struct world *w, size_t node, const char *list)
{
    struct netprefix accepted[CORE_ACCEPTED_MAX];
    char text[CORE_ACCEPTED_MAX * NETADDR_STRLEN] = "";
    char one[NETADDR_STRLEN];
    size_t count = core_accepted(w->nodes[node].core, 0, accepted);
    for (size_t i = 0; i < count; i++) {
        strcat(text, i > 0 ? " " : "");
        strcat(text, netprefix_format(&accepted[i], one));
    }
    assert_string_equal(text, list);
}

static unsigned told(const struct world *w, size_t node)
{
    unsigned count = 0;
    for (size_t i = 0; i < w->nodes[node].event_count; i++)
        count += w->nodes[node].events[i].type == CORE_EVENT_ACCEPTED;
    return count;
}

static void each_side_tells_what_it_accepts(void **state)
{
    (void)state;
    struct world *w = up(2);
    assert_accepted(w, 1, "10.77.0.2/32");
    assert_accepted(w, 0, "0.0.0.0/0");
    assert_int_equal(told(w, 0), 1);
    assert_int_equal(told(w, 1), 1);
    world_restart(w, 1);
    world_run(w, 3 * NS_PER_S);
    assert_accepted(w, 1, "10.77.0.2/32");
    assert_int_equal(told(w, 0), 1); /* it is the same as before */
    world_free(w);
}

static enum world_verdict lose_half(struct world *w, struct world_datagram *d, void *arg)
{
    (void)arg;
    return d->data[0] == WIRE_TRANSPORT && rng_below(&w->random, 2) == 0 ? WORLD_DROP : WORLD_PASS;
}

static void it_is_told_until_it_arrives(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 6; seed++) {
        struct world *w = world_new(1, 1);
        w->random.state = seed;
        w->hook = lose_half;
        world_start(w);
        world_run(w, 15 * NS_PER_S);
        assert_accepted(w, 1, "10.77.0.2/32");
        assert_accepted(w, 0, "0.0.0.0/0");
        world_free(w);
    }
}

/* Datagrams to the server pass, those to the client only if they are handshakes. */
static enum world_verdict lose_answers(struct world *w, struct world_datagram *d, void *arg)
{
    (void)w;
    (void)arg;
    return d->data[0] == WIRE_TRANSPORT && d->node != 0 ? WORLD_DROP : WORLD_PASS;
}

/* Keys are there, but no path: what is overdue waits for one, and nobody is woken for it. */
static void without_a_path_nobody_is_woken_again_and_again(void **state)
{
    (void)state;
    struct world *w = up(1);
    w->hook = lose_answers;
    accepted_tell(peer_of(w, 0), w->now);
    world_run(w, NS_PER_S);
    world_restart(w, 1);
    for (unsigned i = 0; i < 200; i++) {
        world_run(w, 100 * NS_PER_MS);
        assert_true(tstamp_before(w->now, core_deadline(w->nodes[0].core)));
        assert_true(tstamp_before(w->now, core_deadline(w->nodes[1].core)));
    }
    world_free(w);
}

/* A reload: without a handshake, as many as fit, without host bits. */
static void changes_are_told(void **state)
{
    (void)state;
    struct world *w = up(1);
    struct netprefix list[CORE_ACCEPTED_MAX + 8];
    struct core_peer_config p = { .name = "node1", .allowed = list, .allowed_count = 2 };
    memcpy(p.public_key, w->nodes[1].public_key, sizeof p.public_key);
    assert_true(netprefix_parse(&list[0], "10.77.0.2/32"));
    assert_true(netprefix_parse(&list[1], "192.168.1.7/24"));
    assert_int_equal(core_put_peer(w->nodes[0].core, w->now, &p), 0);
    world_run(w, 2 * NS_PER_S);
    assert_accepted(w, 1, "10.77.0.2/32 192.168.1.0/24");
    assert_int_equal(world_status(w, 1, 0).handshakes, 1);
    p.allowed_count = CORE_ACCEPTED_MAX + 8;
    for (size_t i = 0; i < p.allowed_count; i++) {
        list[i] = (struct netprefix){ .family = 6, .len = 128, .addr = { 0xfd, 0x77 } };
        list[i].addr[15] = (uint8_t)i;
    }
    assert_int_equal(core_put_peer(w->nodes[0].core, w->now, &p), 0);
    world_run(w, 2 * NS_PER_S);
    assert_int_equal(peer_of(w, 1)->told.accepted.count,
                     27); /* what a datagram of 528 bytes holds */
    assert_memory_equal(peer_of(w, 1)->told.accepted.list, list, sizeof list[0] * 27);
    for (size_t i = 0; i < p.allowed_count; i++)
        list[i].len = 64;
    assert_int_equal(core_put_peer(w->nodes[0].core, w->now, &p), 0);
    world_run(w, 2 * NS_PER_S);
    assert_int_equal(peer_of(w, 1)->told.accepted.count, CORE_ACCEPTED_MAX);
    world_free(w);
}

static void a_peer_that_changes_its_mind_is_heard_once_a_second(void **state)
{
    (void)state;
    struct world *w = up(1);
    unsigned before = told(w, 1);
    struct wire_accepted a = { .sequence = 1000, .count = 1 };
    for (unsigned i = 0; i < 10000; i++) {
        a.sequence++;
        a.list[0] = (struct netprefix){ .family = 4, .len = 16, .addr = { 10, (uint8_t)i } };
        accepted_told(peer_of(w, 1), w->now, &a);
        if (i % 20 == 0)
            world_run(w, 20 * NS_PER_MS);
    }
    assert_true(told(w, 1) - before <= 11); /* in 10 s */
    world_run(w, NS_PER_S);
    assert_accepted(w, 1, "10.15.0.0/16");
    a.sequence--; /* an older one */
    a.count = 0;
    accepted_told(peer_of(w, 1), w->now, &a);
    assert_accepted(w, 1, "10.15.0.0/16");
    world_free(w);
}

struct count {
    uint64_t datagrams;
    uint64_t bytes; /* with Ethernet, IPv4 and UDP headers */
};

static enum world_verdict count_all(struct world *w, struct world_datagram *d, void *arg)
{
    struct count *c = arg;
    (void)w;
    c->datagrams++;
    c->bytes += d->len_bytes + HEADERS;
    return WORLD_PASS;
}

static struct count run(struct world *w, bool look)
{
    struct count c = { 0 };
    w->hook = count_all;
    w->hook_arg = &c;
    for (unsigned i = 0; i < LOOKED_S; i++) {
        if (look)
            core_look(w->nodes[1].core, w->now, 0);
        world_run(w, NS_PER_S);
    }
    w->hook = NULL;
    return c;
}

/* The price of looking: under 1 kbit/s a path, with one path also in both directions together. */
static void reports_cost_nothing_while_nobody_looks(void **state)
{
    (void)state;
    for (size_t links = 1; links <= WORLD_LINKS; links++) {
        struct world *w = up(links);
        struct count idle = run(w, false);
        struct count looked = run(w, true);
        assert_true(world_status(w, 1, 0).far_known);
        world_run(w, 20 * NS_PER_S);
        assert_false(world_status(w, 1, 0).far_known);
        struct count after = run(w, false);
        assert_true(after.datagrams <= idle.datagrams + 2);
        double bps = ((double)looked.bytes - (double)idle.bytes) * 8 / LOOKED_S;
        if (bps > 1000.0 * (double)links)
            fail_msg("%.0f bit/s for %zu paths", bps, links);
        world_free(w);
    }
}

static void the_peer_tells_what_it_finds(void **state)
{
    (void)state;
    struct world *w = up(2);
    core_set_cpu(w->nodes[0].core, 42);
    assert_true(core_look(w->nodes[1].core, w->now, 0));
    assert_false(core_look(w->nodes[1].core, w->now, 0));
    assert_false(core_seen(w->nodes[1].core, w->now, 0));
    world_run(w, 50 * NS_PER_MS);
    assert_true(core_seen(w->nodes[1].core, w->now, 0));
    struct core_peer_status s = world_status(w, 1, 0);
    assert_true(s.tells && s.far_known);
    assert_int_equal(s.far.cpu, 42);
    assert_int_equal(s.far.limit, WIRE_LIMIT_IDLE);
    assert_string_equal(s.far.version, "world");
    assert_true(s.paths[0].far_known && s.paths[1].far_known);
    assert_int_equal(s.paths[1].far.why, WIRE_WHY_IN_USE);
    assert_int_equal(s.paths[1].far.rate_kbps, 0); /* nothing was measured */
    assert_false(world_status(w, 0, 0).far_known); /* there nobody looks */
    world_free(w);
}

/* However long it asks for, and however often. */
static void a_peer_cannot_ask_for_more(void **state)
{
    (void)state;
    struct world *w = up(1);
    struct count idle = run(w, false);
    struct count c = { 0 };
    for (unsigned i = 0; i < 1000; i++)
        reports_asked(peer_of(w, 0), w->now, 255);
    w->hook = count_all;
    w->hook_arg = &c;
    world_run(w, 3 * LOOKED_S * NS_PER_S);
    assert_true(c.datagrams <= 3 * idle.datagrams + REPORTS_ASKED_MOST_S + 8);
    reports_asked(peer_of(w, 0), w->now, 0); /* no more */
    world_free(w);
}

/* A daemon of before would drop what it does not know, and everything beside it. */
static void peers_without_the_feature_are_spared(void **state)
{
    (void)state;
    struct world *w = up(1);
    peer_of(w, 1)->association.remote_features = 0;
    struct count idle = run(w, false);
    struct count looked = run(w, true);
    assert_true(looked.datagrams <= idle.datagrams + 2);
    assert_false(world_status(w, 1, 0).tells);
    assert_true(core_seen(w->nodes[1].core, w->now, 0));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_side_tells_what_it_accepts),
        cmocka_unit_test(without_a_path_nobody_is_woken_again_and_again),
        cmocka_unit_test(it_is_told_until_it_arrives),
        cmocka_unit_test(changes_are_told),
        cmocka_unit_test(a_peer_that_changes_its_mind_is_heard_once_a_second),
        cmocka_unit_test(reports_cost_nothing_while_nobody_looks),
        cmocka_unit_test(the_peer_tells_what_it_finds),
        cmocka_unit_test(a_peer_cannot_ask_for_more),
        cmocka_unit_test(peers_without_the_feature_are_spared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
