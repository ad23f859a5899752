/* SPDX-License-Identifier: ISC */
/* Times that a peer makes up: nothing overflows, however long it goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bond/bond.h"
#include "bond/events.h"
#include "bond/packet.h"
#include "bond/state.h"

enum { POOL = 1024, ROUNDS = 100000 };

static struct tstamp at_us(int64_t us)
{
    return (struct tstamp){ NS_PER_S + us * NS_PER_US };
}

/* Each stamp is far ahead of the one before, so that the reference follows; a path is quiet. */
static void stamps_that_run_away(void **state)
{
    (void)state;
    struct pkt_pool *pool = pkt_pool_new(POOL, 0);
    const struct bond_config config = { .pool = pool, .seed = 1 };
    struct bond *b = bond_new(&config, at_us(0));
    assert_true(pool != NULL && b != NULL);
    const int32_t step_us = 5000000; /* more than a quarter of 24 bits */
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct wire_data d = { .sequence = i,
                               .sent_us = (uint32_t)(-(int64_t)i * step_us) & 0xffffff };
        struct pkt *p;
        bond_rx_data(b, at_us(0), i == 0 ? 0 : 1, &d, packet_udp(pool, 1, i, 100));
        while ((p = bond_deliver(b)) != NULL)
            pkt_put(p);
    }
    assert_true(b->receiver.arrivals.at[0].last_us == -(int64_t)(ROUNDS - 1) * step_us);
    assert_int_equal(b->receiver.arrivals.at[1].last_us, 0);
    assert_true(b->receiver.arrivals.at[1].jitter_ns < 1e12);
    bond_free(b);
    assert_int_equal(pkt_pool_used(pool), 0);
    pkt_pool_free(pool);
}

/* Each acknowledgement has a time almost 36 minutes after the one before. */
static void an_acknowledgement_clock_that_runs_away(void **state)
{
    (void)state;
    struct path *p = calloc(1, sizeof *p);
    struct arena_share memory = { 0 };
    struct peer_clock clock = { 0 };
    struct wire_ack ack = { .range_count = 1,
                            .time_count = 2,
                            .ranges = { { 0, 1 } },
                            .times = { { 1, 0 }, { 1, INT32_MIN } } };
    assert_non_null(p);
    path_init(p, at_us(0), 0, &memory);
    events_bring_up(p, at_us(0));
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct tstamp now = at_us(i);
        ack.largest = (uint32_t)path_sent(p, now, 100, true, 0, NULL, false);
        ack.time_us = i * (uint32_t)INT32_MAX;
        ack.delay_us = i % 2 == 0 ? UINT32_MAX : 0;
        assert_true(path_ack(p, now, &ack, true, &clock, &events_ignored));
        assert_in_range(clock.ns, 0, now.ns + PEER_CLOCK_AHEAD_NS);
    }
    assert_true(p->rtt.srtt_ns >= 0 && p->rtt.same_ns >= 0 && p->rtt.rttvar_ns >= 0);
    path_clear(p);
    assert_int_equal(memory.used_bytes, 0);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamps_that_run_away),
        cmocka_unit_test(an_acknowledgement_clock_that_runs_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
