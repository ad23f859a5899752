/* SPDX-License-Identifier: ISC */
/* The session's small modules on their own: allowed addresses, indexes, buckets, MTU, validation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "base/rng.h"
#include "session/allowed.h"
#include "session/bucket.h"
#include "session/index.h"
#include "session/outbox.h"
#include "session/validation.h"

/* Peers are only names here. */
static struct peer *peer(uintptr_t n)
{
    return (struct peer *)(0x1000 * n);
}

static void add(struct allowed *a, const char *prefix, uintptr_t n)
{
    struct netprefix p;
    assert_true(netprefix_parse(&p, prefix));
    assert_int_equal(allowed_add(a, &p, peer(n)), 0);
}

static uintptr_t who(struct allowed *a, const char *address)
{
    struct netaddr n;
    assert_true(netaddr_parse(&n, address));
    return (uintptr_t)allowed_find(a, n.family, n.addr) / 0x1000;
}

static void test_longest_prefix(void **state)
{
    (void)state;
    struct allowed a;
    assert_int_equal(allowed_init(&a), 0);
    assert_int_equal(who(&a, "10.0.0.1"), 0);
    add(&a, "0.0.0.0/0", 1);
    add(&a, "10.0.0.0/8", 2);
    add(&a, "10.1.0.0/16", 3);
    add(&a, "10.1.2.3/32", 4);
    add(&a, "fd77::/16", 5);
    add(&a, "fd77::5/128", 6);
    static const struct {
        const char *address;
        uintptr_t owner;
    } table[] = {
        { "9.255.255.255", 1 }, { "10.0.0.0", 2 }, { "10.2.0.1", 2 }, { "10.1.2.2", 3 },
        { "10.1.2.3", 4 },      { "11.0.0.0", 1 }, { "fd76::", 0 },   { "fd77::4", 5 },
        { "fd77::5", 6 },       { "::", 0 },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(who(&a, table[i].address), table[i].owner);
    add(&a, "10.1.0.0/16", 7); /* the later one counts */
    assert_int_equal(who(&a, "10.1.9.9"), 7);
    allowed_free(&a);
}

/* Against a list that is searched from end to end. */
static void test_allowed_by_comparison(void **state)
{
    (void)state;
    enum { PREFIXES = 300, LOOKUPS = 3000 };
    struct netprefix list[PREFIXES];
    struct rng r = { .state = 11 };
    struct allowed a;
    assert_int_equal(allowed_init(&a), 0);
    for (uintptr_t i = 0; i < PREFIXES; i++) {
        list[i] = (struct netprefix){ .family = rng_below(&r, 2) == 0 ? 4 : 6 };
        unsigned bits = list[i].family == 4 ? 32 : 128;
        list[i].len = (uint8_t)rng_below(&r, bits + 1);
        for (unsigned k = 0; k < bits / 8; k++)
            list[i].addr[k] = (uint8_t)(rng_next(&r) & 0x81);
        netprefix_mask(&list[i]);
        assert_int_equal(allowed_add(&a, &list[i], peer(i + 1)), 0);
    }
    for (unsigned n = 0; n < LOOKUPS; n++) {
        uint8_t family = n % 2 == 0 ? 4 : 6, addr[16];
        for (unsigned k = 0; k < 16; k++)
            addr[k] = (uint8_t)(rng_next(&r) & 0x81);
        uintptr_t best = 0;
        for (uintptr_t i = 0; i < PREFIXES; i++)
            if (netprefix_contains(&list[i], family, addr) &&
                (best == 0 || list[i].len >= list[best - 1].len))
                best = i + 1;
        assert_ptr_equal(allowed_find(&a, family, addr), best == 0 ? NULL : peer(best));
    }
    allowed_free(&a);
}

/* Adding and removing at random, against a list; made anew when most of it was removed. */
static void test_allowed_is_taken_back(void **state)
{
    (void)state;
    enum { PREFIXES = 64, STEPS = 4000 };
    struct netprefix list[PREFIXES];
    uintptr_t owner[PREFIXES] = { 0 };
    struct rng r = { .state = 5 };
    struct allowed a;
    bool was_sparse = false;
    assert_int_equal(allowed_init(&a), 0);
    for (size_t i = 0; i < PREFIXES; i++) { /* 10.0.0.0/26 up to 10.0.0.63/32, each once */
        list[i] = (struct netprefix){ .family = 4, .len = (uint8_t)(26 + i % 7) };
        memcpy(list[i].addr, (const uint8_t[]){ 10, 0, (uint8_t)(i / 7), (uint8_t)(i * 3) }, 4);
        netprefix_mask(&list[i]);
    }
    for (unsigned n = 0; n < STEPS; n++) {
        size_t i = rng_below(&r, PREFIXES);
        if (rng_below(&r, 2) == 0) {
            owner[i] = 1 + rng_below(&r, 3);
            assert_int_equal(allowed_add(&a, &list[i], peer(owner[i])), 0);
        } else if (owner[i] != 0) {
            allowed_remove(&a, &list[i], peer(owner[i] + 1)); /* who does not have it */
            allowed_remove(&a, &list[i], peer(owner[i]));
            owner[i] = 0;
        }
        const uint8_t addr[4] = { 10, 0, (uint8_t)rng_below(&r, 10), (uint8_t)rng_next(&r) };
        uintptr_t best = 0;
        unsigned best_len = 0;
        for (size_t k = 0; k < PREFIXES; k++) {
            if (owner[k] == 0 || list[k].len < best_len || !netprefix_contains(&list[k], 4, addr))
                continue;
            best = owner[k];
            best_len = list[k].len;
        }
        assert_ptr_equal(allowed_find(&a, 4, addr), best == 0 ? NULL : peer(best));
        was_sparse = was_sparse || allowed_is_sparse(&a);
    }
    assert_true(was_sparse);
    allowed_free(&a);
}

static struct peer *source(struct allowed *a, uint8_t *data, uint32_t len_bytes)
{
    struct pkt p = { .data = data, .len_bytes = len_bytes };
    ip_parse(&p);
    return allowed_source(a, &p);
}

static struct peer *destination(struct allowed *a, uint8_t *data, uint32_t len_bytes)
{
    struct pkt p = { .data = data, .len_bytes = len_bytes };
    ip_parse(&p);
    return allowed_destination(a, &p);
}

static void test_addresses_of_packets(void **state)
{
    (void)state;
    struct allowed a;
    uint8_t v4[20] = { 0x45, [12] = 10, 0, 0, 1, 10, 0, 0, 2 };
    uint8_t v6[40] = { 0x60, [8] = 0xfd, 1, [24] = 0xfd, 2 };
    assert_int_equal(allowed_init(&a), 0);
    add(&a, "10.0.0.1/32", 1);
    add(&a, "10.0.0.2/32", 2);
    add(&a, "fd01::/16", 3);
    add(&a, "fd02::/16", 4);
    assert_ptr_equal(source(&a, v4, 20), peer(1));
    assert_ptr_equal(destination(&a, v4, 20), peer(2));
    assert_ptr_equal(source(&a, v6, 40), peer(3));
    assert_ptr_equal(destination(&a, v6, 40), peer(4));
    assert_null(source(&a, v4, 19));
    assert_null(source(&a, v6, 39));
    assert_null(source(&a, v4, 0));
    assert_null(destination(&a, v4, 0));
    v4[0] = 0x55;
    assert_null(source(&a, v4, 20));
    allowed_free(&a);
}

static void test_index_table(void **state)
{
    (void)state;
    enum { COUNT = 400 };
    static uint32_t indexes[COUNT];
    struct index_table t;
    struct rng r = { .state = 3 };
    assert_int_equal(index_init(&t, COUNT / INDEX_PER_PEER), 0);
    for (uintptr_t i = 0; i < COUNT; i++) {
        /* Few low bits: many of them meet in the table. */
        indexes[i] = (uint32_t)(rng_next(&r) << 16 | (i % 7)) | 1U << 31;
        if (index_find(&t, indexes[i]) == NULL)
            index_put(&t, indexes[i], peer(i + 1));
        else
            indexes[i] = 0;
    }
    assert_null(index_find(&t, 0));
    for (unsigned i = 0; i < COUNT; i += 2)
        index_remove(&t, indexes[i]);
    assert_int_equal(index_reserve(&t, COUNT), 0);
    for (uintptr_t i = 0; i < COUNT; i++) {
        struct peer *want = i % 2 == 0 || indexes[i] == 0 ? NULL : peer(i + 1);
        assert_ptr_equal(index_find(&t, indexes[i]), want);
    }
    index_free(&t);
}

/* Any interval t lets through at most burst + t / interval. */
static void test_bucket(void **state)
{
    (void)state;
    struct bucket b = { .interval_ns = 20 * NS_PER_MS, .burst = 50 };
    struct tstamp now = { NS_PER_S };
    unsigned passed = 0;
    for (unsigned i = 0; i < 1000; i++)
        passed += bucket_take(&b, now);
    assert_int_equal(passed, 50);
    for (unsigned i = 0; i < 10000; i++) {
        now = tstamp_add(now, NS_PER_MS);
        passed += bucket_take(&b, now);
    }
    assert_in_range(passed, 50 + 499, 50 + 500);
}

static void test_outbox(void **state)
{
    (void)state;
    struct outbox *o = calloc(1, sizeof *o);
    assert_non_null(o);
    unsigned pushed = 0;
    /* Neither one peer nor those without a name take the room of another. */
    for (uintptr_t owner = 0; owner <= OUTBOX_COUNT / OUTBOX_PEER_MAX; owner++) {
        unsigned before = pushed;
        for (struct outbox_item *item;
             (item = outbox_room(o, owner > 0 ? peer(owner) : NULL)) != NULL; pushed++) {
            item->len_bytes = pushed;
            outbox_push(o);
        }
        assert_true(pushed > before);
    }
    assert_int_equal(pushed, OUTBOX_COUNT - 1);
    outbox_forget(o, peer(1));
    for (unsigned i = 0; i < pushed; i++) {
        const struct outbox_item *item = outbox_pop(o);
        assert_int_equal(item->len_bytes, i);
        assert_ptr_equal(item->peer, i < 2 * OUTBOX_PEER_MAX ? NULL : peer(i / OUTBOX_PEER_MAX));
    }
    assert_null(outbox_pop(o));
    free(o);
}

static void test_validation_amplification(void **state)
{
    (void)state;
    struct validation v = { 0 };
    struct tstamp now = { NS_PER_S };
    const uint8_t token[VALIDATION_TOKEN_BYTES] = { 1, 2, 3 };
    const uint8_t other[VALIDATION_TOKEN_BYTES] = { 1, 2, 4 };
    const struct route a = { .to = { .family = 4, .port = 1 } };
    const struct route b = { .to = { .family = 4, .port = 2 } };
    validation_start(&v, now, &a, false, token);
    assert_false(validation_may_send(&v, &a, 1));
    validation_credit(&v, &a, 100);
    validation_credit(&v, &b, 1000);
    assert_true(validation_may_send(&v, &a, 300));
    assert_false(validation_may_send(&v, &a, 301));
    validation_debit(&v, &a, 299);
    assert_false(validation_may_send(&v, &a, 2));
    assert_false(validation_may_send(&v, &b, 1));
    assert_int_equal(validation_answer(&v, now, other), VALIDATION_NOTHING);
    assert_false(v.open);
    assert_int_equal(validation_answer(&v, now, token), VALIDATION_MOVED);
    assert_true(v.open && validation_may_send(&v, &a, 1000000));
    assert_int_equal(validation_answer(&v, now, token), VALIDATION_NOTHING);
    validation_start(&v, now, &b, false, other);
    assert_true(validation_may_send(&v, &a, 1000000)); /* the old one stays in use */
    assert_false(validation_may_send(&v, &b, 1));
}

/* A path at a, and b claimed: both are asked. */
static struct validation claimed(struct tstamp now, const struct route *a, const struct route *b)
{
    struct validation v = { .open = true, .route = *a };
    validation_start(&v, now, b, false, (const uint8_t[VALIDATION_TOKEN_BYTES]){ 'b' });
    validation_doubt(&v, now, 50 * NS_PER_MS, (const uint8_t[VALIDATION_TOKEN_BYTES]){ 'a' });
    return v;
}

static void test_validation_asks_the_old_address(void **state)
{
    (void)state;
    const uint8_t of_a[VALIDATION_TOKEN_BYTES] = { 'a' }, of_b[VALIDATION_TOKEN_BYTES] = { 'b' };
    const struct route a = { .to = { .family = 4, .port = 1 } };
    const struct route b = { .to = { .family = 4, .port = 2 } };
    const struct tstamp start = { NS_PER_S };
    struct tstamp now = start;
    struct validation v = claimed(now, &a, &b);
    assert_true(validation_ask_due(&v, now) && validation_due(&v, now));

    /* The old one answers, first or last: it stays, and no other is looked at for a while. */
    assert_int_equal(validation_answer(&v, now, of_b), VALIDATION_NOTHING);
    assert_true(validation_pending(&v, &b));
    assert_int_equal(validation_answer(&v, now, of_a), VALIDATION_STAYED);
    assert_true(route_equal(&v.route, &a) && !v.searching);
    assert_true(validation_held(&v, now));
    assert_false(validation_held(&v, tstamp_add(now, VALIDATION_HOLD_NS)));
    struct validation closed = v;
    validation_forget(&closed);
    assert_false(validation_held(&closed, now));
    assert_int_equal(validation_answer(&v, now, of_b), VALIDATION_NOTHING);

    /* It is silent: the new one is used when the time is over, not before. */
    v = claimed(now, &a, &b);
    assert_int_equal(validation_answer(&v, now, of_b), VALIDATION_NOTHING);
    now = tstamp_add(start, 50 * NS_PER_MS - 1);
    assert_false(validation_tick(&v, now));
    assert_true(validation_deadline(&v).ns <= start.ns + 50 * NS_PER_MS);
    now = tstamp_add(start, 50 * NS_PER_MS);
    assert_true(validation_tick(&v, now));
    assert_true(route_equal(&v.route, &b));
    assert_true(validation_may_send(&v, &a, 100)); /* it is asked on */
    struct validation late = v;

    /* It answers late after all. */
    now = tstamp_add(start, VALIDATION_REGRET_NS - 1);
    assert_false(validation_tick(&v, now));
    assert_int_equal(validation_answer(&v, now, of_a), VALIDATION_MOVED);
    assert_true(route_equal(&v.route, &a));

    now = tstamp_add(start, VALIDATION_REGRET_NS);
    assert_false(validation_tick(&late, now));
    assert_int_equal(validation_answer(&late, now, of_a), VALIDATION_NOTHING);
    assert_false(validation_may_send(&late, &a, 1));

    /* The new one answers when the time is over: at once. */
    now = start;
    v = claimed(now, &a, &b);
    now = tstamp_add(start, 60 * NS_PER_MS);
    assert_int_equal(validation_answer(&v, now, of_b), VALIDATION_MOVED);
    assert_true(route_equal(&v.route, &b));
}

/* One claim after the other gives the old address no less time, and asks it no more often. */
static void test_validation_of_many_claims(void **state)
{
    (void)state;
    const struct route a = { .to = { .family = 4, .port = 1 } };
    const struct tstamp start = { NS_PER_S };
    struct route b = { .to = { .family = 4, .port = 2 } };
    struct validation v = claimed(start, &a, &b);
    unsigned asked = 0;
    for (unsigned ms = 0; ms < 50; ms++) {
        struct tstamp now = tstamp_add(start, ms * NS_PER_MS);
        const uint8_t token[VALIDATION_TOKEN_BYTES] = { 'c', (uint8_t)ms };
        const uint8_t ask[VALIDATION_TOKEN_BYTES] = { 'd', (uint8_t)ms };
        b.to.port++;
        validation_start(&v, now, &b, false, token);
        validation_doubt(&v, now, 50 * NS_PER_MS, ask);
        if (validation_ask_due(&v, now)) {
            validation_asked(&v, now);
            asked++;
        }
        assert_int_equal(validation_answer(&v, now, token), VALIDATION_NOTHING);
    }
    assert_int_equal(asked, 2);
    const uint8_t first[VALIDATION_TOKEN_BYTES] = { 'a' };
    assert_int_equal(validation_answer(&v, tstamp_add(start, 49 * NS_PER_MS), first),
                     VALIDATION_STAYED);
}

static void test_validation_gives_up(void **state)
{
    (void)state;
    struct validation v = { 0 };
    struct tstamp now = { NS_PER_S };
    const uint8_t token[VALIDATION_TOKEN_BYTES] = { 1 };
    const struct route a = { .to = { .family = 4, .port = 1 } };
    for (unsigned trusted = 0; trusted < 2; trusted++) {
        unsigned sent = 0;
        validation_start(&v, now, &a, trusted == 1, token);
        for (unsigned ms = 0; ms < 100000; ms += 10, now = tstamp_add(now, 10 * NS_PER_MS))
            if (validation_due(&v, now)) {
                validation_sent(&v, now);
                sent++;
            }
        assert_true(trusted ? sent > 90 : sent == VALIDATION_TRIES_MAX);
        assert_int_equal(validation_pending(&v, &a), trusted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_longest_prefix),
        cmocka_unit_test(test_allowed_by_comparison),
        cmocka_unit_test(test_allowed_is_taken_back),
        cmocka_unit_test(test_addresses_of_packets),
        cmocka_unit_test(test_index_table),
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_outbox),
        cmocka_unit_test(test_validation_amplification),
        cmocka_unit_test(test_validation_asks_the_old_address),
        cmocka_unit_test(test_validation_of_many_claims),
        cmocka_unit_test(test_validation_gives_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
