/* SPDX-License-Identifier: ISC */
/* The status in steps: whole and valid, however peers come and go in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "engine/listing.h"
#include "session/world.h"

enum { CLIENTS = 3, PEERS_MAX = 2100, SOME = 200 };

struct side {
    struct world *w;
    struct loop loop;
    struct dataplane *plane;
    struct silence silence;
    struct policy_set policies;
    struct msg_link links[WIRE_PATHS_MAX];
    struct msg_quota quotas[WIRE_PATHS_MAX];
    struct restored restored;
    struct problem_list problems;
    struct status_source source;
    struct json_out out;
};

static int set_up(void **state)
{
    static struct side s;
    memset(&s, 0, sizeof s);
    s.w = world_new(CLIENTS, 2);
    world_start(s.w);
    for (size_t i = 1; i <= CLIENTS; i++)
        assert_true(world_run_until_up(s.w, i, 5 * NS_PER_S));
    world_run(s.w, 5 * NS_PER_S);
    assert_int_equal(loop_open(&s.loop), 0);
    struct dataplane_config plane = { .core = s.w->nodes[0].core,
                                      .pool = s.w->nodes[0].pool,
                                      .loop = &s.loop,
                                      .tun_fd = eventfd(0, EFD_NONBLOCK) };
    s.plane = dataplane_new(&plane);
    assert_non_null(s.plane);
    assert_int_equal(silence_reserve(&s.silence, PEERS_MAX), 0);
    s.problems.count = 1;
    snprintf(s.problems.list[0].code, sizeof s.problems.list[0].code, "no-lan");
    snprintf(s.problems.list[0].text, sizeof s.problems.list[0].text, "no \"eth9\"\033[2J");
    snprintf(s.links[0].link.name, sizeof s.links[0].link.name, "dsl");
    s.source = (struct status_source){ .interface = "hawser0",
                                       .core = s.w->nodes[0].core,
                                       .plane = s.plane,
                                       .policies = &s.policies,
                                       .silence = &s.silence,
                                       .links = s.links,
                                       .quotas = s.quotas,
                                       .restored = &s.restored,
                                       .problems = &s.problems,
                                       .started = s.w->now };
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct side *s = *state;
    json_out_free(&s->out);
    silence_clear(&s->silence);
    dataplane_free(s->plane);
    loop_close(&s->loop);
    world_free(s->w);
    return 0;
}

/* The numbers of peers that never come, in this order, behind the clients; the end is 0. */
static void configure(const struct side *s, const unsigned *numbers)
{
    static struct core_peer_config peers[PEERS_MAX];
    size_t count = 0;
    memset(peers, 0, sizeof peers);
    for (size_t i = 1; i <= CLIENTS; i++, count++) {
        snprintf(peers[count].name, sizeof peers[count].name, "node%zu", i);
        memcpy(peers[count].public_key, s->w->nodes[i].public_key, 32);
        memcpy(peers[count].preshared_key, s->w->psk, 32);
        peers[count].allowed = &s->w->nodes[i].allowed;
        peers[count].allowed_count = 1;
    }
    for (; *numbers != 0; numbers++, count++) {
        snprintf(peers[count].name, sizeof peers[count].name, "p%u", *numbers);
        peers[count].public_key[0] = 1;
        memcpy(peers[count].public_key + 4, numbers, sizeof *numbers);
    }
    world_set_peers(s->w->nodes[0].core, s->w->now, peers, count);
}

static struct listing *begin(enum control_command command, const char *peer)
{
    struct control_request request = { .command = command };
    snprintf(request.peer, sizeof request.peer, "%s", peer);
    struct listing *l = listing_new(&request);
    assert_non_null(l);
    return l;
}

/* One step; the world goes on while it waits. True: there are more. */
static bool step(struct side *s, struct listing *l)
{
    struct tstamp again = s->w->now;
    switch (listing_go_on(l, &s->source, s->w->now, &again, &s->out)) {
    case CONTROL_MORE:
        return true;
    case CONTROL_WAITS:
        world_run(s->w, NS_PER_MS);
        return true;
    case CONTROL_DONE:
        break;
    }
    return false;
}

/* Until what is written contains that. */
static void step_until(struct side *s, struct listing *l, const char *text)
{
    do
        assert_true(step(s, l));
    while (s->out.len_bytes == 0 ||
           memmem(s->out.text, s->out.len_bytes, text, strlen(text)) == NULL);
}

/* The status in the end. */
static json_t *finish(struct side *s, struct listing *l)
{
    json_error_t error;
    while (step(s, l))
        ;
    listing_free(l);
    json_t *answer = json_loadb(s->out.text, s->out.len_bytes, JSON_REJECT_DUPLICATES, &error);
    if (answer == NULL)
        print_error("%s at %d\n", error.text, error.position);
    assert_true(json_is_true(json_object_get(answer, "ok")));
    json_t *status = json_incref(json_object_get(answer, "status"));
    assert_non_null(status);
    json_decref(answer);
    json_out_take(&s->out, s->out.len_bytes);
    s->out.has_neighbour = false;
    return status;
}

/* "node1 node2 node3 p1" */
static void assert_peers(json_t *status, const char *names)
{
    char told[4096] = "";
    size_t len = 0;
    size_t i;
    json_t *peer;
    json_array_foreach(json_object_get(status, "peers"), i, peer)
    {
        len += (size_t)snprintf(told + len, sizeof told - len, "%s%s", i > 0 ? " " : "",
                                json_string_value(json_object_get(peer, "name")));
    }
    assert_string_equal(told, names);
    json_decref(status);
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

static void it_is_one_valid_document(void **state)
{
    static const unsigned some[] = { 1, 2, 0 };
    static const char *const members[] = { "version",   "interface", "uptime_s", "cpu",
                                           "mtu",       "problems",  "peers",    "links",
                                           "policies",  "offloads",  "device",   "restored",
                                           "strangers", "drops" };
    struct side *s = *state;
    configure(s, some);
    json_t *status = finish(s, begin(CONTROL_STATUS, ""));
    assert_int_equal(json_object_size(status), sizeof members / sizeof members[0]);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        assert_non_null(json_object_get(status, members[i]));
    const json_t *problem = json_array_get(json_object_get(status, "problems"), 0);
    assert_string_equal(text_of(problem, "text"), "no \"eth9\"?[2J");
    const json_t *peer = json_array_get(json_object_get(status, "peers"), 0);
    assert_string_equal(text_of(peer, "state"), "up");
    const json_t *path = json_array_get(json_object_get(peer, "paths"), 1);
    assert_string_equal(text_of(path, "link"), "link1");
    assert_true(json_is_real(json_object_get(path, "rtt_ms")));
    assert_true(json_real_value(json_object_get(path, "rtt_min_ms")) >= 10);
    assert_true(json_is_null(json_object_get(path, "tx_rate_bps")));
    peer = json_array_get(json_object_get(status, "peers"), CLIENTS);
    assert_string_equal(text_of(peer, "state"), "down");
    assert_string_equal(text_of(peer, "why_code"), "waiting");
    assert_true(json_is_null(json_object_get(peer, "endpoint")));
    assert_peers(status, "node1 node2 node3 p1 p2");
}

static void a_summary_has_a_line_of_each(void **state)
{
    static const unsigned some[] = { 1, 0 };
    struct side *s = *state;
    configure(s, some);
    json_t *status = finish(s, begin(CONTROL_SUMMARY, ""));
    const json_t *peer = json_array_get(json_object_get(status, "peers"), 0);
    assert_int_equal(json_integer_value(json_object_get(peer, "links")), 2);
    assert_int_equal(json_integer_value(json_object_get(peer, "links_up")), 2);
    assert_true(json_real_value(json_object_get(peer, "rtt_ms")) >= 10);
    assert_null(json_object_get(peer, "paths"));
    peer = json_array_get(json_object_get(status, "peers"), CLIENTS);
    assert_int_equal(json_integer_value(json_object_get(peer, "links")), 0);
    assert_null(json_object_get(peer, "rtt_ms"));
    assert_peers(status, "node1 node2 node3 p1");
}

static void one_peer_by_its_name(void **state)
{
    static const unsigned some[] = { 1, 11, 111, 0 };
    static const unsigned fewer[] = { 1, 111, 0 };
    struct side *s = *state;
    configure(s, some);
    assert_peers(finish(s, begin(CONTROL_STATUS, "p11")), "p11");
    assert_peers(finish(s, begin(CONTROL_STATUS, "node2")), "node2");
    assert_peers(finish(s, begin(CONTROL_STATUS, "p")), "");
    struct listing *l = begin(CONTROL_STATUS, "p11");
    configure(s, fewer);
    assert_peers(finish(s, l), "");
}

/* Each that was there all the time once, in the order of the start, and nobody who came. */
static void peers_come_and_go_meanwhile(void **state)
{
    static const unsigned before[] = { 1, 2, 3, 4, 5, 6, 0 };
    static const unsigned fewer[] = { 1, 2, 4, 6, 0 };
    static const unsigned others[] = { 9, 6, 5, 8, 2, 1, 0 };
    static const unsigned none[] = { 0 };
    struct side *s = *state;
    configure(s, before);
    struct listing *l = begin(CONTROL_STATUS, "");
    step_until(s, l, "\"name\":\"p3\"");
    configure(s, fewer);
    assert_peers(finish(s, l), "node1 node2 node3 p1 p2 p3 p4 p6");

    configure(s, none);
    configure(s, before);
    l = begin(CONTROL_STATUS, "");
    step_until(s, l, "\"name\":\"p2\"");
    configure(s, others);
    step_until(s, l, "\"name\":\"p5\"");
    configure(s, before); /* p3 and p4 had no peer when it was their turn */
    assert_peers(finish(s, l), "node1 node2 node3 p1 p2 p5 p6");

    l = begin(CONTROL_STATUS, "");
    step(s, l); /* they are noted */
    configure(s, none);
    assert_peers(finish(s, l), "node1 node2 node3");
    l = begin(CONTROL_STATUS, "");
    step(s, l);
    configure(s, others);
    assert_peers(finish(s, l), "node1 node2 node3");
}

enum { CROWD = 2000 };

/* Those who come and go while the others are noted, which takes a few steps of many peers. */
static void peers_change_while_they_are_noted(void **state)
{
    static unsigned all[CROWD + 1];
    static const unsigned few[] = { 7, 8, 0 };
    struct side *s = *state;
    for (unsigned i = 0; i < CROWD; i++)
        all[i] = i + 1;
    configure(s, all);
    struct listing *l = begin(CONTROL_SUMMARY, "");
    step(s, l);
    step(s, l);
    configure(s, few);
    assert_peers(finish(s, l), "node1 node2 node3 p7 p8");
    l = begin(CONTROL_SUMMARY, "");
    configure(s, all);
    step(s, l);
    all[0] = CROWD + 1; /* in the part that is noted already */
    configure(s, all);
    json_t *status = finish(s, l);
    json_t *names = json_object();
    size_t k;
    json_t *peer;
    json_array_foreach(json_object_get(status, "peers"), k, peer)
    {
        json_object_set_new(names, text_of(peer, "name"), json_true());
    }
    assert_int_equal(k, CLIENTS + CROWD);
    assert_int_equal(json_object_size(names), CLIENTS + CROWD); /* each once */
    assert_non_null(json_object_get(names, "p2001"));
    assert_null(json_object_get(names, "p1"));
    json_decref(names);
    json_decref(status);
}

/* A step writes about one peer at most, and looks at few others. */
static void steps_are_short(void **state)
{
    static unsigned all[SOME - CLIENTS];
    struct side *s = *state;
    unsigned steps = 0;
    for (unsigned i = 0; i + 1 < sizeof all / sizeof all[0]; i++)
        all[i] = i + 1;
    configure(s, all);
    struct listing *l = begin(CONTROL_STATUS, "");
    step_until(s, l, "\"peers\":[");
    for (size_t before = s->out.len_bytes; step(s, l); before = s->out.len_bytes, steps++)
        assert_true(s->out.len_bytes - before < 3000);
    assert_true(steps >= SOME - 2);
    listing_free(l);
    json_out_free(&s->out);
    steps = 0;
    for (l = begin(CONTROL_STATUS, "p196"); step(s, l);)
        steps++;
    assert_true(steps > SOME / 64 && steps < 20);
    listing_free(l);
}

/* What peers find is asked for and waited for, where nobody looked of late. */
static void the_first_look_waits_for_what_peers_find(void **state)
{
    struct side *s = *state;
    struct tstamp start = s->w->now;
    json_t *status = finish(s, begin(CONTROL_SUMMARY, ""));
    json_decref(status);
    assert_int_equal(tstamp_sub(s->w->now, start), 0);
    status = finish(s, begin(CONTROL_STATUS, ""));
    int64_t ms = tstamp_sub(s->w->now, start) / NS_PER_MS;
    assert_true(ms >= 10 && ms < 100); /* a round trip */
    for (size_t i = 0; i < CLIENTS; i++) {
        const json_t *peer = json_array_get(json_object_get(status, "peers"), i);
        assert_true(json_is_object(json_object_get(peer, "far")));
    }
    json_decref(status);
    start = s->w->now;
    json_decref(finish(s, begin(CONTROL_STATUS, "")));
    assert_int_equal(tstamp_sub(s->w->now, start), 0);
}

/* Only of the one that is asked for, and no longer than it is worth. */
static void a_peer_that_does_not_tell_is_waited_for_a_moment(void **state)
{
    struct side *s = *state;
    for (size_t l = 0; l < 2; l++)
        s->w->nodes[2].links[l].cut = true;
    struct tstamp start = s->w->now;
    json_decref(finish(s, begin(CONTROL_STATUS, "node1")));
    int64_t ms = tstamp_sub(s->w->now, start) / NS_PER_MS;
    assert_true(ms >= 10 && ms < 100);
    start = s->w->now;
    json_t *status = finish(s, begin(CONTROL_STATUS, ""));
    ms = tstamp_sub(s->w->now, start) / NS_PER_MS;
    assert_true(ms >= LISTING_WAIT_MS && ms < LISTING_WAIT_MS + 50);
    const json_t *peer = json_array_get(json_object_get(status, "peers"), 1);
    assert_true(json_is_null(json_object_get(peer, "far")));
    assert_peers(status, "node1 node2 node3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_one_valid_document, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_summary_has_a_line_of_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_peer_by_its_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(peers_come_and_go_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(peers_change_while_they_are_noted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(steps_are_short, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_look_waits_for_what_peers_find, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_peer_that_does_not_tell_is_waited_for_a_moment, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
