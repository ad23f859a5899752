/* SPDX-License-Identifier: ISC */
/* What is in flight stays known while its places grow, and is forgotten where there are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bitring.h"
#include "bond/path/flight.h"

static struct arena_share memory;
static struct flight flight;

static int begin(void **state)
{
    (void)state;
    memset(&flight, 0, sizeof flight);
    flight_init(&flight, (struct tstamp){ 1 }, &memory);
    return 0;
}

static int end(void **state)
{
    (void)state;
    flight_clear(&flight);
    return memory.used_bytes != 0;
}

/* As the bond lets it grow, before each packet. */
static uint64_t send(void)
{
    if (memory.wanted)
        flight_grow(&flight);
    memory.wanted = false;
    uint64_t pn =
        flight_send(&flight, (struct tstamp){ (int64_t)flight.pn_next }, 100, true, 1, NULL, false);
    flight_at(&flight, pn)->tag = (uint32_t)pn;
    return pn;
}

/* Acknowledged, all those below it are. */
static void arrive(uint64_t pn)
{
    flight_forget(&flight, flight_at(&flight, pn));
    flight.oldest = flight.watched = pn + 1;
}

static void numbers_stay_known_while_places_grow(void **state)
{
    for (unsigned turned = 0; turned < 2 * PATH_SENT_FIRST; turned += 7) {
        end(state);
        begin(state);
        for (unsigned i = 0; i < turned; i++)
            arrive(send());
        assert_int_equal(flight.size, PATH_SENT_FIRST);
        for (unsigned i = 0; i < 1000; i++)
            send();
        assert_int_equal(flight.count, 1000);
        assert_in_range(flight.size, 2000, 4096);
        assert_false(flight_full(&flight));
        for (uint64_t pn = turned; pn < turned + 1000; pn++) {
            assert_int_equal(flight_at(&flight, pn)->tag, pn);
            assert_int_equal(flight_at(&flight, pn)->time.ns, pn);
            assert_true(bitring_get(flight.open, flight.size, pn));
            arrive(pn);
            assert_false(bitring_get(flight.open, flight.size, pn));
        }
        assert_int_equal(flight.count, 0);
        flight_give_back(&flight);
        assert_int_equal(flight.size, PATH_SENT_FIRST);
    }
}

/* The oldest go when all places are taken: as many as may be are in flight. */
static void the_most_that_may_be_is_kept(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3 * PATH_SENT_MAX; i++)
        send();
    assert_int_equal(flight.size, PATH_SENT_MAX);
    assert_int_equal(flight.count, PATH_SENT_MAX);
    assert_int_equal(flight.bytes, 100 * PATH_SENT_MAX);
    assert_int_equal(flight.oldest, 2 * PATH_SENT_MAX);
    assert_true(flight_full(&flight));
}

/* Where there is no memory for more, fewer are in flight, and nothing is lost of those. */
static void without_memory_it_is_full_early(void **state)
{
    (void)state;
    struct arena arena = { .limit_bytes = memory.used_bytes + 100,
                           .used_bytes = memory.used_bytes };
    memory.arena = &arena;
    unsigned sent = 0;
    for (; !flight_full(&flight); sent++)
        send();
    assert_int_equal(flight.size, PATH_SENT_FIRST);
    assert_in_range(sent, PATH_SENT_FIRST / 2, PATH_SENT_FIRST);
    assert_int_equal(flight.count, sent);
    arena.limit_bytes = 1 << 20;
    flight_retry_growth(&flight);
    flight_grow(&flight);
    assert_int_equal(flight.size, 2 * PATH_SENT_FIRST);
    assert_false(flight_full(&flight));
    flight_clear(&flight);
    assert_int_equal(arena.used_bytes, 0);
    memory = (struct arena_share){ 0 };
    begin(state);
}

/* Without any place numbers are given out all the same, each once. */
static void without_a_place_all_is_forgotten(void **state)
{
    (void)state;
    struct arena arena = { .limit_bytes = 1 };
    struct arena_share none = { .arena = &arena };
    struct flight f = { 0 };
    flight_init(&f, (struct tstamp){ 1 }, &none);
    assert_int_equal(f.size, 0);
    for (uint64_t pn = 0; pn < 100; pn++)
        assert_int_equal(flight_send(&f, (struct tstamp){ 1 }, 100, true, 0, NULL, false), pn);
    assert_int_equal(f.count, 0);
    assert_int_equal(flight_packets(&f), 0);
    assert_int_equal(flight_overdue(&f, (struct tstamp){ 2 }, 10), 0);
    flight_clear(&f);
}

#define flight_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        flight_test(numbers_stay_known_while_places_grow),
        flight_test(the_most_that_may_be_is_kept),
        flight_test(without_memory_it_is_full_early),
        flight_test(without_a_place_all_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
