/* SPDX-License-Identifier: ISC */
/* Who is up, and what is wished of peers' links: what the guard keeps over engines and reloads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "guard/presence.h"
#include "guard/wishes.h"

static const uint8_t *key(uint8_t peer)
{
    static uint8_t keys[4][32];
    memset(keys[peer], peer + 1, sizeof keys[peer]);
    return keys[peer];
}

static void assert_taken(struct presence *p, enum presence_kind kind, const char *link)
{
    struct presence_entry e;
    assert_true(presence_take(p, &e));
    assert_int_equal(e.kind, kind);
    assert_string_equal(e.link, link);
}

static void slow_ends_before_up(void **state)
{
    (void)state;
    struct presence p = { 0 };
    struct presence_entry e;
    presence_set(&p, PRESENCE_LINK, "dsl", true);
    presence_set(&p, PRESENCE_LINK, "dsl", true); /* told twice */
    presence_set(&p, PRESENCE_SLOW, "dsl", true);
    presence_set(&p, PRESENCE_LINK, "lte", true);
    presence_set(&p, PRESENCE_LINK, "lte", false);
    presence_set(&p, PRESENCE_LINK, "sat", false); /* was not there */
    assert_taken(&p, PRESENCE_SLOW, "dsl");
    assert_taken(&p, PRESENCE_LINK, "dsl");
    assert_false(presence_take(&p, &e));
    assert_int_equal(p.count, 0);
    presence_free(&p);
}

/* An engine that tells of ever new links fills no memory. */
static void one_peer_has_an_end(void **state)
{
    (void)state;
    struct presence p = { 0 };
    for (unsigned i = 0; i < 5000; i++) {
        char name[16];
        snprintf(name, sizeof name, "link%u", i);
        presence_set(&p, PRESENCE_LINK, name, true);
    }
    assert_in_range(p.count, WIRE_PATHS_MAX, 4 * WIRE_PATHS_MAX);
    presence_free(&p);
}

static struct msg_wish wish(uint8_t peer, const char *link, enum wire_path_use use)
{
    struct msg_wish w = { .use = (uint8_t)use };
    memcpy(w.public_key, key(peer), sizeof w.public_key);
    snprintf(w.link, sizeof w.link, "%s", link);
    return w;
}

static int set(struct wishes *w, uint8_t peer, const char *link, enum wire_path_use use)
{
    struct msg_wish one = wish(peer, link, use);
    return wishes_set(w, &one);
}

static void wishes_hold_until_taken_back(void **state)
{
    (void)state;
    struct wishes w = { 0 };
    assert_int_equal(set(&w, 0, "dsl", WIRE_PATH_DOWN), 0);
    assert_int_equal(set(&w, 1, "dsl", WIRE_PATH_DOWN), 0);
    assert_int_equal(set(&w, 0, "dsl", WIRE_PATH_STANDBY), 0);
    assert_int_equal(w.count, 2);
    assert_int_equal(w.list[0].use, WIRE_PATH_STANDBY);
    assert_int_equal(set(&w, 0, "lte", WIRE_PATH_ACTIVE), 0);
    assert_int_equal(set(&w, 0, "dsl", WIRE_PATH_ACTIVE), 0);
    assert_int_equal(w.count, 1);
    assert_memory_equal(w.list[0].public_key, key(1), 32);
    wishes_free(&w);
}

static void wishes_go_with_their_peer(void **state)
{
    (void)state;
    struct wishes w = { 0 };
    struct config_peer peer = { .name = "b" };
    struct config c = { .peers = &peer, .peer_count = 1 };
    memcpy(peer.public_key, key(1), 32);
    assert_int_equal(hash_add(&c.peers_by_key, hash_code(&c.peers_by_key, key(1), 32), 0), 0);
    for (uint8_t i = 0; i < 3; i++)
        assert_int_equal(set(&w, i, "dsl", WIRE_PATH_DOWN), 0);
    wishes_keep(&w, &c);
    assert_int_equal(w.count, 1);
    assert_memory_equal(w.list[0].public_key, key(1), 32);
    wishes_free(&w);
    for (unsigned i = 0; i < WISHES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "l%u", i);
        assert_int_equal(set(&w, 0, name, WIRE_PATH_DOWN), 0);
    }
    assert_int_equal(set(&w, 0, "more", WIRE_PATH_DOWN), -ENOSPC);
    wishes_free(&w);
    hash_clear(&c.peers_by_key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_ends_before_up),
        cmocka_unit_test(one_peer_has_an_end),
        cmocka_unit_test(wishes_hold_until_taken_back),
        cmocka_unit_test(wishes_go_with_their_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
