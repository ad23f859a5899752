/* SPDX-License-Identifier: ISC */
/* Inner packets that are larger than their peer's MTU: who is told, how often, and that all arrive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/ip.h"
#include "session/world.h"

enum { WIDE = 1, NARROW = 2, NARROW_MTU = 1336, BURST = 32 };

/* Two clients, one of them behind 1400 bytes; the server has told the MTU of both. */
static struct world *started(void)
{
    struct world *w = world_new(2, 1);
    w->nodes[NARROW].links[0].mtu_bytes = 1400;
    world_start(w);
    assert_true(world_run_until_up(w, WIDE, NS_PER_S));
    assert_true(world_run_until_up(w, NARROW, NS_PER_S));
    world_run(w, 4 * NS_PER_S);
    assert_int_equal(world_status(w, 0, WIDE - 1).mtu_bytes, 1436);
    assert_int_equal(world_status(w, 0, NARROW - 1).mtu_bytes, NARROW_MTU);
    return w;
}

/* The packet that answers, or NULL; the caller's. */
static struct pkt *send(struct world *w, size_t to, size_t len_bytes, bool df, uint16_t number)
{
    struct pkt *p = pkt_new(w->nodes[0].pool, len_bytes);
    assert_non_null(p);
    p->len_bytes = (uint32_t)len_bytes;
    memset(p->data, 0, 32);
    p->data[0] = 0x45;
    be16_put(p->data + 2, (uint16_t)len_bytes);
    p->data[6] = df ? 0x40 : 0;
    p->data[8] = 64;
    p->data[9] = 17;
    memcpy(p->data + 12, (const uint8_t[]){ 10, 77, 0, 1, 10, 77, 0, (uint8_t)(to + 1) }, 8);
    be16_put(p->data + 28, number);
    for (size_t i = 30; i < len_bytes; i++)
        p->data[i] = (uint8_t)i;
    ip_parse(p);
    core_tun(w->nodes[0].core, w->now, &p, 1);
    return core_next_tun(w->nodes[0].core);
}

static void no_answer(struct world *w, size_t to, size_t len_bytes, bool df, uint16_t number)
{
    assert_null(send(w, to, len_bytes, df, number));
    world_run(w, NS_PER_MS);
}

static void the_sender_is_told_the_mtu_of_its_peer(void **state)
{
    (void)state;
    struct world *w = started();
    core_tell_too_big(w->nodes[0].core, true);
    struct pkt *p = send(w, NARROW, NARROW_MTU + 1, true, 1);
    assert_non_null(p);
    assert_int_equal(p->ip.flags, IP_WHOLE);
    assert_int_equal(p->ip.protocol, 1);
    assert_memory_equal(ip_source(p), ((const uint8_t[]){ 10, 77, 0, NARROW + 1 }), 4);
    assert_memory_equal(ip_destination(p), ((const uint8_t[]){ 10, 77, 0, 1 }), 4);
    assert_int_equal(be16_get(p->data + 20), 3 << 8 | 4);
    assert_int_equal(be16_get(p->data + 26), NARROW_MTU);
    pkt_put(p);
    no_answer(w, NARROW, NARROW_MTU, true, 2);
    no_answer(w, NARROW, 1436, false, 3); /* may be cut, and is */
    no_answer(w, WIDE, 1436, true, 4);
    world_run(w, 100 * NS_PER_MS);
    for (uint16_t i = 1; i <= 3; i++)
        assert_int_equal(w->nodes[NARROW].seen[i], 1);
    assert_int_equal(w->nodes[WIDE].seen[4], 1);
    world_free(w);
}

static void nobody_is_told_unless_asked_for(void **state)
{
    (void)state;
    struct world *w = started();
    no_answer(w, NARROW, 1436, true, 1);
    core_tell_too_big(w->nodes[0].core, true);
    core_tell_too_big(w->nodes[0].core, false);
    no_answer(w, NARROW, 1436, true, 2);
    world_run(w, 100 * NS_PER_MS);
    assert_int_equal(w->nodes[NARROW].seen[1] + w->nodes[NARROW].seen[2], 2);
    world_free(w);
}

static unsigned answers(struct world *w, unsigned packets)
{
    unsigned n = 0;
    for (unsigned i = 0; i < packets; i++) {
        struct pkt *p = send(w, NARROW, 1400, true, 1);
        n += p != NULL;
        pkt_put(p);
    }
    world_run(w, 10 * NS_PER_MS);
    return n;
}

static void answers_are_few(void **state)
{
    (void)state;
    struct world *w = started();
    core_tell_too_big(w->nodes[0].core, true);
    assert_int_equal(answers(w, 500), BURST);
    unsigned later = 0;
    for (unsigned i = 0; i < 99; i++) /* 990 ms */
        later += answers(w, 4);
    assert_in_range(later, 45, 55);
    world_free(w);
}

/* What nobody takes out of the core stays bounded, and goes with it. */
static void answers_that_wait_are_bounded(void **state)
{
    (void)state;
    struct world *w = started();
    core_tell_too_big(w->nodes[0].core, true);
    for (unsigned i = 0; i < 200; i++) {
        struct pkt *p = pkt_new(w->nodes[0].pool, 1400);
        memset(p->data, 0, 1400);
        p->len_bytes = 1400;
        memcpy(p->data, (const uint8_t[]){ 0x45, 0, 0x05, 0x78, 0, 0, 0x40, 0, 64, 17 }, 10);
        memcpy(p->data + 12, (const uint8_t[]){ 10, 77, 0, 1, 10, 77, 0, NARROW + 1 }, 8);
        ip_parse(p);
        w->now = tstamp_add(w->now, NS_PER_S / 50);
        core_tun(w->nodes[0].core, w->now, &p, 1);
    }
    unsigned waiting = 0;
    for (struct pkt *p; (p = core_next_tun(w->nodes[0].core)) != NULL; waiting++)
        pkt_put(p);
    assert_int_equal(waiting, 64);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sender_is_told_the_mtu_of_its_peer),
        cmocka_unit_test(nobody_is_told_unless_asked_for),
        cmocka_unit_test(answers_are_few),
        cmocka_unit_test(answers_that_wait_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
