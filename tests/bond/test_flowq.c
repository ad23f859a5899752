/* SPDX-License-Identifier: ISC */
/* The sender's queues: classes, fairness, thinning of acknowledgements, CoDel and limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/ip.h"
#include "bond/packet.h"
#include "bond/send/flowq.h"

enum { POOL_SMALL = 8192, POOL_LARGE = 64, SEED = 1, BYTES_MAX = 4 << 20, FLOWS_MAX = 16 };

static struct pkt_pool *pool;
static struct flowq *queue;
static struct arena_share memory;

static struct tstamp at_ms(int64_t ms)
{
    return (struct tstamp){ NS_PER_S + ms * NS_PER_MS };
}

static int begin(void **state)
{
    (void)state;
    pool = pkt_pool_new(POOL_SMALL, POOL_LARGE);
    queue = calloc(1, sizeof *queue);
    if (pool == NULL || queue == NULL)
        return -1;
    flowq_init(queue, SEED, BYTES_MAX, &memory);
    return 0;
}

/* Whatever a test left in the queues must come back to the pool. */
static int end(void **state)
{
    (void)state;
    flowq_clear(queue);
    size_t used = pkt_pool_used(pool) + queue->bytes + memory.used_bytes;
    free(queue);
    pkt_pool_free(pool);
    return used != 0;
}

/* As the bond lets it, before each packet. */
static void push_packet(struct tstamp now, struct pkt *p)
{
    if (memory.wanted)
        flowq_grow(queue);
    memory.wanted = false;
    flowq_push(queue, now, p);
}

static void push(struct tstamp now, uint16_t flow, uint32_t number, uint32_t bytes)
{
    push_packet(now, packet_udp(pool, flow, number, bytes));
}

/* So many packets of 1500 bytes at once; the first ones of a flow are sparse and are taken out. */
static void fill(struct tstamp now, uint16_t flow, unsigned count)
{
    for (uint32_t i = 0; i < count; i++)
        push(now, flow, i, 1500);
    for (struct pkt *p; (p = flowq_pop_sparse(queue)) != NULL;)
        pkt_put(p);
}

static void a_new_flow_is_sparse_until_it_has_sent_much(void **state)
{
    (void)state;
    struct tstamp now = at_ms(0);
    for (uint32_t i = 0; i < 5; i++)
        push(now, 1, i, 1500);
    for (uint32_t i = 0; i < 2; i++) { /* the third would be 4500 bytes */
        struct pkt *p = flowq_pop_sparse(queue);
        assert_int_equal(packet_number(p), i);
        assert_true(p->time.ns == now.ns);
        assert_int_equal(p->ip.l4_offset, 20);
        pkt_put(p);
    }
    assert_false(flowq_has_sparse(queue));
    for (uint32_t i = 2; i < 5; i++) {
        uint16_t seg = 9;
        struct pkt *p = flowq_pop_bulk(queue, now, &seg);
        assert_int_equal(packet_number(p), i);
        assert_int_equal(seg, 0);
        pkt_put(p);
    }
    assert_int_equal(queue->bytes, 0);
}

static void a_flow_that_rests_is_sparse_again(void **state)
{
    (void)state;
    fill(at_ms(0), 1, 10);
    uint16_t seg;
    for (struct pkt *p; (p = flowq_pop_bulk(queue, at_ms(1), &seg)) != NULL;)
        pkt_put(p);
    push(at_ms(50), 1, 0, 100);
    assert_false(flowq_has_sparse(queue));
    pkt_put(flowq_pop_bulk(queue, at_ms(50), &seg));
    push(at_ms(500), 1, 0, 100);
    assert_true(flowq_has_sparse(queue));
}

/* A piece of a TCP, small enough to be sparse. */
static void push_tcp(struct tstamp now, uint16_t flow)
{
    struct pkt *p = packet_tcp_super(pool, flow, 1, 400);
    p->gso = PKT_GSO_NONE;
    push_packet(now, p);
}

/* What a TCP sends next would arrive before what is still on its way over the latest path. */
static void a_tcp_does_not_overtake_itself(void **state)
{
    (void)state;
    uint16_t seg;
    queue->spread_ns = 280 * NS_PER_MS;
    for (unsigned i = 0; i < 20; i++)
        push_tcp(at_ms(0), 1);
    while (flowq_has_sparse(queue))
        pkt_put(flowq_pop_sparse(queue));
    for (struct pkt *p; (p = flowq_pop_bulk(queue, at_ms(100), &seg)) != NULL;)
        pkt_put(p);
    push_tcp(at_ms(370), 1);
    assert_false(flowq_has_sparse(queue));
    push(at_ms(370), 2, 0, 400); /* another flow may */
    assert_true(flowq_has_sparse(queue));
    pkt_put(flowq_pop_sparse(queue));
    pkt_put(flowq_pop_bulk(queue, at_ms(370), &seg));
    push_tcp(at_ms(660), 1);
    assert_true(flowq_has_sparse(queue));
}

static void a_call_stays_sparse_beside_bulk(void **state)
{
    (void)state;
    fill(at_ms(0), 1, 200);
    for (int64_t ms = 0; ms < 1000; ms += 20) {
        push(at_ms(ms), 2, 0, 200);
        struct pkt *p = flowq_pop_sparse(queue);
        assert_non_null(p);
        assert_int_equal(packet_flow(p), 2);
        pkt_put(p);
    }
}

/* Nothing of a flow overtakes what waits of it. */
static void a_flow_that_waits_is_not_sparse(void **state)
{
    (void)state;
    fill(at_ms(0), 1, 4);
    push(at_ms(2000), 1, 4, 100);
    assert_false(flowq_has_sparse(queue));
}

static const struct {
    uint32_t bytes[4]; /* of a flow's packets */
} mixes[] = {
    { { 1500, 1500, 1500, 1500 } },
    { { 1500, 100, 0, 0 } },
    { { 1500, 700, 300, 64 } },
    { { 1514, 1000, 0, 0 } },
};

static void busy_flows_share_by_bytes(void **state)
{
    (void)state;
    for (size_t m = 0; m < sizeof mixes / sizeof *mixes; m++) {
        flowq_clear(queue);
        queue->codel.off = true;
        uint64_t got[FLOWS_MAX] = { 0 };
        uint64_t least = UINT64_MAX;
        uint64_t most = 0;
        unsigned flows = 0;
        for (; flows < 4 && mixes[m].bytes[flows] > 0; flows++)
            for (uint32_t sent = 0; sent < 150000; sent += mixes[m].bytes[flows])
                push(at_ms(0), (uint16_t)flows, 0, mixes[m].bytes[flows]);
        for (struct pkt *p; (p = flowq_pop_sparse(queue)) != NULL;)
            pkt_put(p);
        for (uint64_t sum = 0; sum < 100000 * flows;) {
            uint16_t seg;
            struct pkt *p = flowq_pop_bulk(queue, at_ms(0), &seg);
            got[packet_flow(p)] += p->len_bytes;
            sum += p->len_bytes;
            pkt_put(p);
        }
        for (unsigned i = 0; i < flows; i++) {
            least = got[i] < least ? got[i] : least;
            most = got[i] > most ? got[i] : most;
        }
        /* A quantum and a packet is all that DRR may differ by. */
        assert_true(most - least <= 2 * (FLOWQ_QUANTUM + 1500));
    }
}

static void a_new_flow_goes_before_the_old_ones(void **state)
{
    (void)state;
    queue->codel.off = true;
    fill(at_ms(0), 1, 100);
    uint16_t seg;
    for (unsigned i = 0; i < 10; i++)
        pkt_put(flowq_pop_bulk(queue, at_ms(0), &seg));
    fill(at_ms(1), 2, 4);
    struct pkt *p = flowq_pop_bulk(queue, at_ms(1), &seg);
    assert_int_equal(packet_flow(p), 2);
    pkt_put(p);
}

static void a_flow_keeps_its_order(void **state)
{
    (void)state;
    queue->codel.off = true;
    uint32_t next[FLOWS_MAX] = { 0 };
    for (uint32_t i = 0; i < 100; i++)
        for (uint16_t flow = 0; flow < FLOWS_MAX; flow++)
            push(at_ms(0), flow, i, 400);
    unsigned total = 0;
    uint16_t seg;
    for (struct pkt *p; (p = flowq_pop_sparse(queue)) != NULL; total++, pkt_put(p))
        assert_int_equal(packet_number(p), next[packet_flow(p)]++);
    for (struct pkt *p; (p = flowq_pop_bulk(queue, at_ms(0), &seg)) != NULL; total++, pkt_put(p))
        assert_int_equal(packet_number(p), next[packet_flow(p)]++);
    assert_int_equal(total, 100 * FLOWS_MAX);
    assert_int_equal(queue->bytes, 0);
}

static void push_ack(struct tstamp now, uint16_t flow, uint32_t ack)
{
    push_packet(now, packet_tcp_ack(pool, flow, ack));
}

static uint32_t tcp_ack_of(const struct pkt *p)
{
    return (uint32_t)p->data[28] << 24 | (uint32_t)p->data[29] << 16 | (uint32_t)p->data[30] << 8 |
           p->data[31];
}

static void a_newer_acknowledgement_replaces_the_one_that_waits(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 10; i++)
        push_ack(at_ms(0), 1, 1000 + i);
    push_ack(at_ms(0), 2, 5);
    assert_int_equal(queue->acks.thinned, 9);
    assert_true(flowq_ack_due(queue).ns == at_ms(0).ns);
    struct pkt *a = flowq_pop_ack(queue, at_ms(0));
    struct pkt *b = flowq_pop_ack(queue, at_ms(0));
    assert_int_equal(tcp_ack_of(a) + tcp_ack_of(b), 1009 + 5);
    assert_null(flowq_pop_ack(queue, at_ms(0)));
    assert_true(tstamp_is_never(flowq_ack_due(queue)));
    assert_int_equal(queue->bytes, 0);
    pkt_put(a);
    pkt_put(b);
}

static void acknowledgement_numbers_wrap(void **state)
{
    (void)state;
    push_ack(at_ms(0), 1, 0xfffffff0);
    push_ack(at_ms(0), 1, 0x10);
    assert_int_equal(queue->acks.thinned, 1);
    struct pkt *p = flowq_pop_ack(queue, at_ms(0));
    assert_int_equal(tcp_ack_of(p), 0x10);
    pkt_put(p);
}

/* An older one is no replacement (it may carry a selective acknowledgement), and is not lost. */
static void an_older_acknowledgement_replaces_nothing(void **state)
{
    (void)state;
    push_ack(at_ms(0), 1, 100);
    push_ack(at_ms(0), 1, 50);
    assert_int_equal(queue->acks.thinned, 0);
    struct pkt *p = flowq_pop_ack(queue, at_ms(0));
    assert_int_equal(tcp_ack_of(p), 100);
    pkt_put(p);
    assert_int_equal(queue->bytes, 40);
}

static void let_bulk_wait(void)
{
    for (unsigned i = 0; i < 20; i++)
        push_packet(at_ms(0), packet_udp(pool, FLOWS_MAX + 1, 0, 1500));
    while (flowq_has_sparse(queue))
        pkt_put(flowq_pop_sparse(queue));
    assert_true(flowq_has_bulk(queue));
}

/* They take no room from anything. */
static void acknowledgements_on_a_free_way_are_spaced_little(void **state)
{
    (void)state;
    queue->acks.gap_max_ns = 20 * NS_PER_MS;
    unsigned left = 0;
    for (int64_t ms = 0; ms < 2000; ms++) {
        push_ack(at_ms(ms), 1, (uint32_t)ms);
        for (; tstamp_reached(flowq_ack_due(queue), at_ms(ms)); left++)
            pkt_put(flowq_pop_ack(queue, at_ms(ms)));
    }
    assert_in_range(left, 350, 500); /* 2.1 to 5 ms, seen every millisecond */
}

static void acknowledgements_of_a_busy_flow_are_spaced(void **state)
{
    (void)state;
    let_bulk_wait();
    queue->acks.gap_max_ns = 10 * NS_PER_MS; /* twice that where bulk waits */
    unsigned left_early = 0;
    unsigned left_late = 0;
    struct tstamp last = { 0 };
    for (int64_t us = 0; us < 2000000; us += 100) {
        struct tstamp now = { NS_PER_S + us * NS_PER_US };
        push_ack(now, 1, (uint32_t)us);
        if (!tstamp_reached(flowq_ack_due(queue), now))
            continue;
        pkt_put(flowq_pop_ack(queue, now));
        assert_true(tstamp_sub(now, last) >= 2 * NS_PER_MS);
        left_early += us < 100000;
        left_late += us >= 1000000;
        last = now;
    }
    assert_in_range(left_early, 20, 50); /* some 2 ms to 4 ms apart */
    assert_in_range(left_late, 48, 51);  /* 20 ms */
}

/* Nine flows: three times as far apart. */
static void acknowledgements_of_many_flows_are_spaced_wider(void **state)
{
    (void)state;
    let_bulk_wait();
    queue->acks.gap_max_ns = 10 * NS_PER_MS; /* twice that where bulk waits */
    unsigned left = 0;
    for (int64_t ms = 0; ms < 4000; ms++) {
        for (uint16_t flow = 0; flow < 9; flow++)
            push_ack(at_ms(ms), flow, (uint32_t)ms);
        for (; tstamp_reached(flowq_ack_due(queue), at_ms(ms)); left += ms >= 3000)
            pkt_put(flowq_pop_ack(queue, at_ms(ms)));
    }
    assert_in_range(left, 9 * 16, 9 * 17); /* 60 ms */
}

/* Rounds of slow start, each as large as all before it: acknowledgements that left in the last. */
static unsigned slow_start(unsigned rounds, int64_t round_ms, uint32_t *acked)
{
    unsigned left = 0;
    for (unsigned i = 0; i < rounds; i++) {
        uint32_t segments = 10U << i;
        for (uint32_t n = 0; n < segments; n++) {
            struct tstamp now =
                tstamp_add(at_ms(round_ms * i), round_ms * NS_PER_MS * n / segments);
            push_ack(now, 1, *acked += 1448);
            for (; tstamp_reached(flowq_ack_due(queue), now); left += i + 1 == rounds)
                pkt_put(flowq_pop_ack(queue, now));
        }
    }
    return left;
}

/* HyStart looks at rounds of more than eight. */
static void slow_start_is_told_in_few_words(void **state)
{
    (void)state;
    for (int64_t round_ms = 20; round_ms <= 100; round_ms += 20) {
        uint32_t acked = 0;
        queue->acks.gap_max_ns = 100 * NS_PER_MS / 8;
        assert_in_range(slow_start(7, round_ms, &acked), 4, 8);
        flowq_clear(queue);
        flowq_init(queue, SEED, BYTES_MAX, &memory);
    }
}

/* Where what comes no longer doubles, an acknowledgement tells little of all that came. */
static void after_slow_start_acknowledgements_come_as_ever(void **state)
{
    (void)state;
    queue->acks.gap_max_ns = 40 * NS_PER_MS / 8;
    uint32_t acked = 0;
    slow_start(5, 20, &acked);
    unsigned left = 0;
    for (int64_t ms = 100; ms < 600; ms++) {
        push_ack(at_ms(ms), 1, acked += 1448);
        for (; tstamp_reached(flowq_ack_due(queue), at_ms(ms)); left += ms >= 300)
            pkt_put(flowq_pop_ack(queue, at_ms(ms)));
    }
    assert_in_range(left, 55, 65); /* 5 ms apart */
}

/* One that says nothing new is a part of a loss's mending. */
static void a_repeated_acknowledgement_of_slow_start_does_not_wait(void **state)
{
    (void)state;
    queue->acks.gap_max_ns = 200 * NS_PER_MS / 8;
    uint32_t acked = 0;
    slow_start(5, 20, &acked);
    push_ack(at_ms(100), 1, acked + 1448);
    assert_true(tstamp_sub(flowq_ack_due(queue), at_ms(100)) > 20 * NS_PER_MS);
    push_ack(at_ms(101), 1, acked + 1448);
    assert_true(tstamp_sub(flowq_ack_due(queue), at_ms(101)) < 5 * NS_PER_MS);
}

static void acknowledgements_leave_in_the_order_of_their_times(void **state)
{
    (void)state;
    queue->acks.gap_max_ns = 20 * NS_PER_MS;
    struct tstamp before = { 0 };
    for (int64_t ms = 0; ms < 500; ms++) {
        for (uint16_t flow = 0; flow < FLOWS_MAX; flow++)
            if (ms % (flow + 1) == 0)
                push_ack(at_ms(ms), flow, (uint32_t)ms);
        while (tstamp_reached(flowq_ack_due(queue), at_ms(ms))) {
            assert_false(tstamp_before(flowq_ack_due(queue), before));
            before = flowq_ack_due(queue);
            pkt_put(flowq_pop_ack(queue, at_ms(ms)));
        }
    }
}

/* Serves a flow at half the speed it arrives with for a while; returns packets served. */
static unsigned overload(int64_t ms, uint8_t ecn, unsigned *marked)
{
    unsigned served = 0;
    for (int64_t t = 0; t < ms; t++) {
        for (unsigned i = 0; i < 2; i++) {
            struct pkt *p = packet_udp(pool, 1, 0, 1500);
            p->data[PACKET_ECN_OFFSET] = ecn;
            ip_parse(p);
            push_packet(at_ms(t), p);
        }
        struct pkt *p = flowq_pop_sparse(queue);
        uint16_t seg;
        if (p == NULL)
            p = flowq_pop_bulk(queue, at_ms(t), &seg);
        if (p == NULL)
            continue;
        *marked += (p->data[PACKET_ECN_OFFSET] & 3) == 3;
        served++;
        pkt_put(p);
    }
    return served;
}

static void codel_drops_under_a_standing_queue(void **state)
{
    (void)state;
    unsigned marked = 0;
    overload(100, 0, &marked);
    assert_int_equal(queue->dropped.codel, 0); /* a burst of one interval is none of its business */
    flowq_clear(queue);
    overload(1000, 0, &marked);
    /* interval / sqrt(count): some (0.9 s / 100 ms / 2)^2 drops in the first second */
    assert_in_range(queue->dropped.codel, 8, 40);
    assert_int_equal(marked, 0);
}

static void codel_marks_who_speaks_ecn(void **state)
{
    (void)state;
    unsigned marked = 0;
    overload(1000, 2, &marked);
    assert_int_equal(queue->dropped.codel, 0);
    assert_in_range(marked, 8, 40);
}

static void codel_leaves_a_short_queue_alone(void **state)
{
    (void)state;
    uint16_t seg;
    fill(at_ms(0), 1, 6);
    for (int64_t ms = 0; ms < 2000; ms++) { /* a queue of 4 ms for ever */
        push(at_ms(ms), 1, 0, 1500);
        pkt_put(flowq_pop_bulk(queue, at_ms(ms), &seg));
    }
    assert_int_equal(queue->dropped.codel, 0);
}

static void codel_can_be_off_and_has_a_shortest_step(void **state)
{
    (void)state;
    unsigned marked = 0;
    queue->codel.off = true;
    overload(1000, 0, &marked);
    assert_int_equal(queue->dropped.codel, 0);
    flowq_clear(queue);
    queue->codel.next_drop_min_ns = 300 * NS_PER_MS;
    overload(1000, 0, &marked);
    assert_in_range(queue->dropped.codel, 2, 4);
}

/* A queue of 100 ms, until something is dropped. */
static void stand_until_drop(int64_t keep_ns)
{
    uint16_t seg;
    queue->codel.target_ns = 50 * NS_PER_MS;
    queue->codel.keep_ns = keep_ns;
    fill(at_ms(0), 1, 100);
    for (int64_t ms = 1; ms < 400 && queue->dropped.codel == 0; ms++) {
        push(at_ms(ms), 1, 0, 1500);
        pkt_put(flowq_pop_bulk(queue, at_ms(ms), &seg));
    }
}

/* What is repeated waits behind what is left alone. */
static void codel_shortens_a_queue_that_was_let_stand(void **state)
{
    (void)state;
    stand_until_drop(20 * NS_PER_MS);
    assert_in_range(queue->dropped.codel, 70, 85);
    assert_in_range(queue->bytes, 19 * 1500, 21 * 1500);
    flowq_clear(queue);
    stand_until_drop(60 * NS_PER_MS); /* not long enough for that */
    assert_int_equal(queue->dropped.codel, 1);
}

static void a_full_queue_drops_the_oldest_of_the_fattest(void **state)
{
    (void)state;
    queue->codel.off = true;
    queue->bytes_max = 150000;
    fill(at_ms(0), 1, 90);
    fill(at_ms(0), 2, 7);
    push(at_ms(0), 1, 1000, 1500);
    for (uint32_t i = 0; i < 20; i++)
        push(at_ms(0), 1, 1001 + i, 1500);
    assert_true(queue->bytes <= 150000);
    assert_true(queue->dropped.full > 0);
    unsigned of_thin = 0;
    uint32_t last = 0;
    uint16_t seg;
    for (struct pkt *p; (p = flowq_pop_bulk(queue, at_ms(0), &seg)) != NULL; pkt_put(p)) {
        of_thin += packet_flow(p) == 2;
        last = packet_flow(p) == 1 ? packet_number(p) : last;
    }
    assert_int_equal(of_thin, 5);
    assert_int_equal(last, 1020);
}

static void the_fattest_is_told_by_bytes(void **state)
{
    (void)state;
    queue->codel.off = true;
    fill(at_ms(0), 1, 3);
    for (unsigned i = 0; i < 4; i++)
        push_packet(at_ms(0), packet_tcp_super(pool, 1, 40, 1448));
    for (unsigned i = 0; i < 60; i++)
        push(at_ms(0), 2, i, 100);
    queue->bytes_max = queue->bytes;
    push(at_ms(0), 3, 0, 100);
    pkt_put(flowq_pop_sparse(queue));
    unsigned of_thin = 0;
    uint16_t seg;
    for (struct pkt *p; (p = flowq_pop_bulk(queue, at_ms(0), &seg)) != NULL; pkt_put(p))
        of_thin += packet_flow(p) == 2;
    assert_int_equal(of_thin, 20);
    assert_int_equal(queue->dropped.full, 40);
}

/* Fat flows of eight packets between thin ones of three: nobody is cut below half of the fattest.
 */
static void many_fat_flows_lose_in_turn_and_thin_ones_nothing(void **state)
{
    enum { FLOWS = 100, MORE = 140 };
    unsigned left[FLOWS] = { 0 };
    (void)state;
    queue->codel.off = true;
    for (uint16_t flow = 0; flow < FLOWS; flow++)
        fill(at_ms(0), flow, flow % 2 == 0 ? 10 : 5);
    queue->bytes_max = queue->bytes;
    for (uint32_t i = 0; i < MORE; i++)
        push(at_ms(0), (uint16_t)(i * 2 % FLOWS), i, 1500);
    assert_int_equal(queue->dropped.full, MORE);
    uint16_t seg;
    for (struct pkt *p; (p = flowq_pop_bulk(queue, at_ms(0), &seg)) != NULL; pkt_put(p))
        left[packet_flow(p)]++;
    for (unsigned flow = 0; flow < FLOWS; flow++)
        assert_in_range(left[flow], flow % 2 == 0 ? 4 : 3, flow % 2 == 0 ? 11 : 3);
}

static void sparse_packets_are_limited_as_well(void **state)
{
    (void)state;
    queue->bytes_max = 10000;
    for (uint16_t flow = 0; flow < 100; flow++)
        push(at_ms(0), flow, 0, 1000);
    assert_true(queue->bytes <= 10000);
    assert_int_equal(queue->dropped.full, 90);
}

static void a_super_packet_leaves_segment_by_segment(void **state)
{
    (void)state;
    queue->codel.off = true;
    struct pkt *p = packet_tcp_super(pool, 1, 10, 1000);
    push_packet(at_ms(0), p);
    fill(at_ms(0), 2, 20);
    uint16_t expected = 0;
    unsigned between = 0;
    uint16_t seg;
    for (struct pkt *q; (q = flowq_pop_bulk(queue, at_ms(0), &seg)) != NULL; pkt_put(q)) {
        if (q == p)
            assert_int_equal(seg, expected++);
        else if (expected > 0 && expected < 10)
            between++;
    }
    assert_int_equal(expected, 10);
    assert_true(between >= 4); /* the other flow gets its share between the segments */
    assert_int_equal(queue->bytes, 0);
    assert_int_equal(pkt_pool_used(pool), 0);
}

/* The four packets with which BBR measures its round trip are no call. */
static void a_flow_that_is_kept_is_never_sparse(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 100; i++)
        push_packet(at_ms(0), packet_tcp_super(pool, 1, 2, 1000));
    assert_int_not_equal(queue->largest.hashes[0], 0);
    queue->largest.flows[0].kept = true;
    for (uint16_t seg; flowq_has_bulk(queue);) {
        struct pkt *p = flowq_pop_bulk(queue, at_ms(1), &seg);
        pkt_put(p);
    }
    struct pkt *lone = packet_tcp_super(pool, 1, 1, 1000);
    lone->gso = PKT_GSO_NONE;
    push_packet(at_ms(5000), lone);
    assert_false(flowq_has_sparse(queue));
}

static void what_is_no_ip_is_dropped(void **state)
{
    (void)state;
    struct pkt *p = packet_udp(pool, 1, 0, 100);
    p->data[0] = 0;
    ip_parse(p);
    push_packet(at_ms(0), p);
    assert_int_equal(queue->dropped.bad, 1);
    assert_int_equal(queue->bytes, 0);
    assert_int_equal(pkt_pool_used(pool), 0);
}

static void what_waits_too_long_expires(void **state)
{
    (void)state;
    queue->codel.off = true;
    for (unsigned i = 0; i < 6; i++)
        push(at_ms(0), 1, i, 1500); /* two of them sparse */
    push_ack(at_ms(0), 3, 1);
    push(at_ms(900), 1, 6, 1500);
    push_ack(at_ms(900), 4, 1);
    assert_int_equal(flowq_expire(queue, at_ms(999), NS_PER_S), 0);
    assert_int_equal(flowq_expire(queue, at_ms(1001), NS_PER_S), 7);
    assert_int_equal(queue->bytes, 1540);
    uint16_t seg;
    struct pkt *p = flowq_pop_bulk(queue, at_ms(1001), &seg);
    assert_int_equal(packet_number(p), 6);
    pkt_put(p);
    assert_null(flowq_pop_bulk(queue, at_ms(1001), &seg));
    /* The flow works on. */
    push(at_ms(1002), 1, 7, 1500);
    push(at_ms(1002), 1, 8, 1500);
    assert_int_equal(queue->bytes, 3040);
}

/* Each flow has a place of its own among thousands, and so is sparse beside those that wait. */
static void flows_seldom_share_a_place(void **state)
{
    (void)state;
    enum { FLOWS = 1000, CALLS = 200 };
    for (uint16_t flow = 1; flow <= FLOWS; flow++)
        fill(at_ms(0), flow, 4);
    unsigned sparse = 0;
    for (uint16_t flow = FLOWS + 1; flow <= FLOWS + CALLS; flow++) {
        push(at_ms(1), flow, 0, 100);
        struct pkt *p = flowq_pop_sparse(queue);
        sparse += p != NULL;
        pkt_put(p);
    }
    assert_true(sparse >= CALLS - 1);
}

static void what_may_not_overtake_waits_for_its_turn(void **state)
{
    (void)state;
    uint16_t seg;
    fill(at_ms(0), 1, 10);
    push(at_ms(0), 2, 7, 100);
    flowq_wait(queue, flowq_pop_sparse(queue));
    assert_false(flowq_has_sparse(queue));
    bool came = false;
    for (unsigned i = 0; i < 4 && !came; i++) {
        struct pkt *p = flowq_pop_bulk(queue, at_ms(1), &seg);
        came = packet_flow(p) == 2;
        pkt_put(p);
    }
    assert_true(came);
}

/* The next packet brings those that were put off with it, in their order. */
static void what_was_put_off_tries_again(void **state)
{
    (void)state;
    fill(at_ms(0), 1, 10);
    for (uint32_t i = 0; i < 3; i++) {
        push(at_ms(20 * i), 2, i, 100);
        for (uint32_t k = 0; k <= i; k++) {
            struct pkt *p = flowq_pop_sparse(queue);
            assert_int_equal(packet_number(p), k);
            flowq_wait(queue, p);
        }
        assert_false(flowq_has_sparse(queue));
    }
}

static void what_heeds_no_drop_does_not_grow_old(void **state)
{
    (void)state;
    uint16_t seg;
    uint32_t number = 0;
    queue->sparse.rate_bps = 1e6;
    for (int64_t ms = 0; ms < 4000; ms += 4) { /* 3 Mbit/s, of which a third leaves */
        push(at_ms(ms), 1, number++, 1500);
        for (struct pkt *p; (p = flowq_pop_sparse(queue)) != NULL;)
            pkt_put(p);
        if (ms % 12 != 0)
            continue;
        struct pkt *p = flowq_pop_bulk(queue, at_ms(ms), &seg);
        assert_true(p == NULL || tstamp_sub(at_ms(ms), p->time) <= 510 * NS_PER_MS);
        pkt_put(p);
    }
    assert_true(queue->dropped.codel > 400);
}

/* Of fifty flows each has a packet or two in the queue, for as long as fifty packets take. */
static void two_packets_of_a_flow_are_left_alone(void **state)
{
    (void)state;
    uint16_t seg;
    queue->sparse.rate_bps = 1e6;
    for (uint16_t flow = 1; flow <= 50; flow++)
        fill(at_ms(0), flow, 4); /* the first two were sparse */
    for (int64_t ms = 0; ms < 1200; ms += 12) {
        struct pkt *p = flowq_pop_bulk(queue, at_ms(ms), &seg);
        assert_non_null(p);
        pkt_put(p);
    }
    assert_int_equal(queue->dropped.codel, 0);
}

#define flowq_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        flowq_test(flows_seldom_share_a_place),
        flowq_test(what_may_not_overtake_waits_for_its_turn),
        flowq_test(what_was_put_off_tries_again),
        flowq_test(what_heeds_no_drop_does_not_grow_old),
        flowq_test(two_packets_of_a_flow_are_left_alone),
        flowq_test(a_new_flow_is_sparse_until_it_has_sent_much),
        flowq_test(a_flow_that_rests_is_sparse_again),
        flowq_test(a_tcp_does_not_overtake_itself),
        flowq_test(a_call_stays_sparse_beside_bulk),
        flowq_test(a_flow_that_waits_is_not_sparse),
        flowq_test(busy_flows_share_by_bytes),
        flowq_test(a_new_flow_goes_before_the_old_ones),
        flowq_test(a_flow_keeps_its_order),
        flowq_test(a_newer_acknowledgement_replaces_the_one_that_waits),
        flowq_test(acknowledgement_numbers_wrap),
        flowq_test(an_older_acknowledgement_replaces_nothing),
        flowq_test(acknowledgements_on_a_free_way_are_spaced_little),
        flowq_test(acknowledgements_of_a_busy_flow_are_spaced),
        flowq_test(acknowledgements_of_many_flows_are_spaced_wider),
        flowq_test(slow_start_is_told_in_few_words),
        flowq_test(after_slow_start_acknowledgements_come_as_ever),
        flowq_test(a_repeated_acknowledgement_of_slow_start_does_not_wait),
        flowq_test(acknowledgements_leave_in_the_order_of_their_times),
        flowq_test(codel_drops_under_a_standing_queue),
        flowq_test(codel_marks_who_speaks_ecn),
        flowq_test(codel_leaves_a_short_queue_alone),
        flowq_test(codel_can_be_off_and_has_a_shortest_step),
        flowq_test(codel_shortens_a_queue_that_was_let_stand),
        flowq_test(a_full_queue_drops_the_oldest_of_the_fattest),
        flowq_test(the_fattest_is_told_by_bytes),
        flowq_test(many_fat_flows_lose_in_turn_and_thin_ones_nothing),
        flowq_test(sparse_packets_are_limited_as_well),
        flowq_test(a_super_packet_leaves_segment_by_segment),
        flowq_test(a_flow_that_is_kept_is_never_sparse),
        flowq_test(what_is_no_ip_is_dropped),
        flowq_test(what_waits_too_long_expires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
