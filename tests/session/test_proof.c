/* SPDX-License-Identifier: ISC */
/* What a call may do, by what it shows: by itself, and beside other calls with the same key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "crypto/key.h"
#include "session/caller.h"
#include "session/callers.h"
#include "session/handshake.h"
#include "session/lives.h"
#include "session/proof.h"
#include "session/world.h"
#include "wire/wire.h"

enum { NOW_S = 1700000000, OLD_FEATURES = 0x07 };

/* A server whose client 1 is off: its calls are made by hand. */
static struct world *quiet(void)
{
    struct world *w = world_new(1, 1);
    world_start(w);
    w->nodes[1].links[0].cut = true;
    return w;
}

/* Calls once and follows a challenge: how many calls it took to get a session, 0: none. */
static unsigned calls_until_session(struct caller *c)
{
    for (unsigned calls = 1; calls <= 2; calls++) {
        c->hello.challenged = c->hello.challenged && calls == 2;
        caller_make(c);
        if (caller_send(c) != WIRE_RESPONSE)
            return 0;
        if (caller_has_session(c))
            return calls;
        assert_int_equal(c->answer.refusal, WIRE_REFUSAL_CHALLENGE);
        assert_int_equal(c->remote, 0);
        c->hello.challenged = true;
        memcpy(c->hello.challenge, c->answer.epoch, sizeof c->hello.challenge);
    }
    return 0;
}

static uint64_t handshakes(const struct world *w)
{
    return world_status(w, 0, 0).handshakes;
}

static void confirm(struct caller *c)
{
    uint64_t before = handshakes(c->w);
    caller_confirm(c);
    assert_int_equal(handshakes(c->w), before + 1);
}

static void a_clock_saves_a_round_trip(void **state)
{
    (void)state;
    struct world *w = quiet();
    struct caller first, newer, older;
    caller_init(&first, w, 1, 1, NOW_S);
    caller_init(&newer, w, 1, 2, NOW_S + 60);
    caller_init(&older, w, 1, 3, 60);
    assert_int_equal(calls_until_session(&first), 1);
    confirm(&first);
    assert_int_equal(calls_until_session(&first), 1); /* new keys */
    confirm(&first);
    assert_int_equal(calls_until_session(&newer), 1); /* a new start */
    confirm(&newer);
    assert_int_equal(calls_until_session(&older), 2);
    confirm(&older);
    assert_int_equal(calls_until_session(&older), 1); /* now its life is known */
    confirm(&older);
    world_free(w);
}

static void a_challenge_is_good_once(void **state)
{
    (void)state;
    struct world *w = quiet();
    struct caller first, late, later;
    caller_init(&first, w, 1, 1, NOW_S);
    assert_int_equal(calls_until_session(&first), 1);
    confirm(&first);
    caller_init(&late, w, 1, 2, 60);
    assert_int_equal(calls_until_session(&late), 2);
    struct caller recording = late; /* as sent: with the challenge */
    confirm(&late);
    assert_int_equal(recording.len_bytes, WIRE_INITIATION_LONG_BYTES);
    assert_int_equal(caller_send(&recording), 0);
    /* The same from another life. */
    caller_init(&later, w, 1, 3, 30);
    later.hello.challenged = true;
    memcpy(later.hello.challenge, late.answer.epoch, sizeof later.hello.challenge);
    caller_make(&later);
    assert_int_equal(caller_send(&later), WIRE_RESPONSE);
    assert_false(caller_has_session(&later));
    assert_int_equal(later.answer.refusal, WIRE_REFUSAL_CHALLENGE);
    world_free(w);
}

/* Neither a made up challenge nor none is good while none was told. */
static void no_challenge_is_guessed(void **state)
{
    (void)state;
    struct world *w = quiet();
    struct caller first, c;
    caller_init(&first, w, 1, 1, NOW_S);
    assert_int_equal(calls_until_session(&first), 1);
    confirm(&first);
    caller_init(&c, w, 1, 2, 60);
    c.hello.challenged = true; /* zeros */
    caller_make(&c);
    assert_int_equal(caller_send(&c), WIRE_RESPONSE);
    assert_false(caller_has_session(&c));
    world_free(w);
}

/* Nor is another one good than the one that was told. */
static void a_wrong_challenge_is_none(void **state)
{
    (void)state;
    struct world *w = quiet();
    struct caller first, c;
    caller_init(&first, w, 1, 1, NOW_S);
    assert_int_equal(calls_until_session(&first), 1);
    confirm(&first);
    caller_init(&c, w, 1, 2, 60);
    caller_make(&c);
    assert_int_equal(caller_send(&c), WIRE_RESPONSE);
    assert_false(caller_has_session(&c));
    c.hello.challenged = true;
    memcpy(c.hello.challenge, c.answer.epoch, sizeof c.hello.challenge);
    c.hello.challenge[7] ^= 1;
    caller_make(&c);
    assert_int_equal(caller_send(&c), WIRE_RESPONSE);
    assert_false(caller_has_session(&c));
    world_free(w);
}

/* Also before the session that it opened is confirmed. */
static void a_challenge_opens_one_session(void **state)
{
    (void)state;
    struct world *w = quiet();
    struct caller first, genuine, other;
    caller_init(&first, w, 1, 1, NOW_S);
    assert_int_equal(calls_until_session(&first), 1);
    confirm(&first);
    caller_init(&genuine, w, 1, 2, 60);
    assert_int_equal(calls_until_session(&genuine), 2);
    caller_init(&other, w, 1, 3, 30);
    other.hello.challenged = true;
    memcpy(other.hello.challenge, genuine.hello.challenge, sizeof other.hello.challenge);
    caller_make(&other);
    assert_int_equal(caller_send(&other), WIRE_RESPONSE);
    assert_false(caller_has_session(&other));
    confirm(&genuine);
    world_free(w);
}

/*
 * Calls a hundred times in two seconds, each call newer than the last one, and follows each
 * challenge: how many sessions it was given.
 */
static unsigned sessions_of(struct caller *c)
{
    unsigned sessions = 0;
    for (unsigned i = 0; i < 100; i++) {
        world_run(c->w, 20 * NS_PER_MS);
        caller_make(c);
        if (caller_send(c) != WIRE_RESPONSE)
            continue;
        sessions += caller_has_session(c);
        c->hello.challenged = c->answer.refusal == WIRE_REFUSAL_CHALLENGE;
        memcpy(c->hello.challenge, c->answer.epoch, sizeof c->hello.challenge);
    }
    return sessions;
}

/* Those beyond it may be recordings and are challenged; with the challenge they are as many again.
 */
static void calls_of_a_peer_are_limited(void **state)
{
    (void)state;
    enum { ONE = HANDSHAKE_PEER_BURST + 20 };
    struct world *w = quiet();
    struct caller c;
    caller_init(&c, w, 1, 1, NOW_S);
    c.hello.features = OLD_FEATURES;
    assert_in_range(sessions_of(&c), ONE - 2, ONE + 2);
    world_run(w, 10 * NS_PER_S);
    c.hello.features = WIRE_FEATURES;
    assert_in_range(sessions_of(&c), ONE + 10, 2 * ONE + 4);
    world_free(w);
}

/* With a key that nobody has, from an address that is proved: what is opened is counted. */
static void calls_from_an_address_are_limited(void **state)
{
    (void)state;
    struct world *w = quiet();
    struct world_node *stranger = &w->nodes[3];
    struct caller c;
    memset(stranger->private_key, 9, sizeof stranger->private_key);
    assert_true(key_public(stranger->public_key, stranger->private_key));
    caller_init(&c, w, 3, 1, NOW_S);
    unsigned proved = 0;
    for (unsigned i = 0; i < 200; i++) {
        caller_make(&c);
        if (caller_send(&c) != WIRE_COOKIE)
            continue;
        assert_true(caller_use_cookie(&c));
        caller_send(&c);
        proved++;
    }
    assert_true(proved > 100);
    assert_in_range(world_drops(w, 0, CORE_DROP_UNKNOWN_KEY), HANDSHAKE_LOAD_BURST,
                    HANDSHAKE_LOAD_BURST + CALLERS_BURST + 10);
    world_free(w);
}

/* A session that began makes calls that were held back until then worthless. */
static void a_session_ends_the_challenge(void **state)
{
    (void)state;
    struct world *w = quiet();
    struct caller first, held, newer;
    caller_init(&first, w, 1, 1, NOW_S);
    assert_int_equal(calls_until_session(&first), 1);
    confirm(&first);
    caller_init(&held, w, 1, 2, 60);
    caller_make(&held);
    caller_send(&held);
    assert_false(caller_has_session(&held));
    held.hello.challenged = true;
    memcpy(held.hello.challenge, held.answer.epoch, sizeof held.hello.challenge);
    caller_make(&held);
    caller_init(&newer, w, 1, 3, NOW_S + 60);
    assert_int_equal(calls_until_session(&newer), 1);
    confirm(&newer);
    assert_int_equal(caller_send(&held), WIRE_RESPONSE);
    assert_false(caller_has_session(&held));
    world_free(w);
}

/* A clock alone displaces nothing that waits, and what a challenge brought stays for its 10 s. */
static void what_waits_is_not_displaced_by_less(void **state)
{
    (void)state;
    struct world *w = quiet();
    struct caller genuine, recording, other;
    caller_init(&genuine, w, 1, 1, 1000);
    caller_init(&recording, w, 1, 2, NOW_S);
    assert_int_equal(calls_until_session(&genuine), 1);
    caller_make(&recording);
    caller_send(&recording);
    assert_false(caller_has_session(&recording));
    confirm(&genuine);

    caller_init(&other, w, 1, 3, NOW_S + 60);
    caller_make(&recording);
    caller_send(&recording);
    assert_true(caller_has_session(&recording)); /* nobody waits */
    assert_int_equal(calls_until_session(&genuine), 2);
    caller_make(&other);
    caller_send(&other);
    assert_false(caller_has_session(&other));
    confirm(&genuine);
    world_free(w);
}

/* Lives that call once and are not heard of again are forgotten before those that were there. */
static void lives_that_were_there_are_kept(void **state)
{
    (void)state;
    struct world *w = quiet();
    struct caller lives[LIVES_MAX];
    for (uint8_t i = 0; i < LIVES_MAX; i++) {
        caller_init(&lives[i], w, 1, (uint8_t)(i + 1), NOW_S + 60U * i);
        assert_int_equal(calls_until_session(&lives[i]), 1);
        confirm(&lives[i]);
    }
    for (uint8_t i = 0; i < 20; i++) {
        struct caller c;
        caller_init(&c, w, 1, (uint8_t)(100 + i), NOW_S + 3600U * (i + 1U));
        assert_int_equal(calls_until_session(&c), 1);
        world_run(w, 10100 * NS_PER_MS); /* until its keys are forgotten */
    }
    for (unsigned i = 0; i < LIVES_MAX; i++) {
        struct caller *c = &lives[i];
        assert_int_equal(calls_until_session(c), 1); /* its clock is behind: it is known */
        world_run(w, 10100 * NS_PER_MS);
    }
    world_free(w);
}

/* A client of before knows no challenges: it gets a cookie, and may wait, but displaces nobody. */
static void an_older_client_without_a_clock(void **state)
{
    (void)state;
    struct world *w = quiet();
    struct caller first, old, renews;
    caller_init(&first, w, 1, 1, NOW_S);
    first.hello.features = OLD_FEATURES;
    assert_int_equal(calls_until_session(&first), 1);
    confirm(&first);
    caller_init(&old, w, 1, 2, 60);
    old.hello.features = OLD_FEATURES;
    caller_make(&old);
    assert_int_equal(caller_send(&old), WIRE_COOKIE);
    assert_true(caller_use_cookie(&old));
    assert_int_equal(caller_send(&old), WIRE_RESPONSE);
    assert_true(caller_has_session(&old));

    /* New keys of who has the session need no room of their own. */
    renews = first;
    caller_make(&renews);
    assert_int_equal(caller_send(&renews), WIRE_RESPONSE);
    assert_true(caller_has_session(&renews));

    caller_make(&old);
    assert_int_equal(caller_send(&old), WIRE_COOKIE);
    assert_true(caller_use_cookie(&old));
    assert_int_equal(caller_send(&old), 0);
    confirm(&renews);
    world_free(w);
}

static void an_older_client_is_told_of_its_clock(void **state)
{
    (void)state;
    struct world *w = quiet();
    struct caller first;
    uint8_t last = 0;
    caller_init(&first, w, 1, 1, NOW_S);
    first.hello.features = OLD_FEATURES;
    assert_int_equal(calls_until_session(&first), 1);
    for (uint8_t i = 0; i <= PROOF_LATE_MAX; i++) {
        struct caller old;
        world_run(w, 10100 * NS_PER_MS);
        caller_init(&old, w, 1, (uint8_t)(i + 2), 60U * i);
        old.hello.features = OLD_FEATURES;
        caller_make(&old);
        assert_int_equal(caller_send(&old), WIRE_COOKIE);
        assert_true(caller_use_cookie(&old));
        last = caller_send(&old);
        assert_int_equal(last, WIRE_RESPONSE);
        assert_int_equal(caller_has_session(&old), i < PROOF_LATE_MAX);
        if (i == PROOF_LATE_MAX)
            assert_int_equal(old.answer.refusal, WIRE_REFUSAL_TIMESTAMP);
    }
    assert_int_equal(world_status(w, 0, 0).why.code, WHY_CLOCK);
    world_free(w);
}

static void late_calls_are_remembered(void **state)
{
    (void)state;
    struct proof_memory m = { 0 };
    struct tstamp now = { NS_PER_S };
    uint8_t ephemeral[32] = { 0 };
    for (uint8_t i = 0; i < PROOF_LATE_MAX; i++) {
        ephemeral[0] = i;
        assert_int_equal(proof_late(&m, now, ephemeral), 0);
        assert_int_equal(proof_late(&m, now, ephemeral), -EEXIST);
    }
    ephemeral[0] = 99;
    assert_int_equal(proof_late(&m, now, ephemeral), -ENOSPC);
    now = tstamp_add(now, PROOF_LATE_NS + 1);
    assert_int_equal(proof_late(&m, now, ephemeral), 0);
    proof_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_saves_a_round_trip),
        cmocka_unit_test(a_challenge_is_good_once),
        cmocka_unit_test(no_challenge_is_guessed),
        cmocka_unit_test(a_wrong_challenge_is_none),
        cmocka_unit_test(a_challenge_opens_one_session),
        cmocka_unit_test(calls_of_a_peer_are_limited),
        cmocka_unit_test(calls_from_an_address_are_limited),
        cmocka_unit_test(a_session_ends_the_challenge),
        cmocka_unit_test(what_waits_is_not_displaced_by_less),
        cmocka_unit_test(lives_that_were_there_are_kept),
        cmocka_unit_test(an_older_client_without_a_clock),
        cmocka_unit_test(an_older_client_is_told_of_its_clock),
        cmocka_unit_test(late_calls_are_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
