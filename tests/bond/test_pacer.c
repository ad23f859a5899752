/* SPDX-License-Identifier: ISC */
/* How much may leave in which time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "bond/path/pacer.h"

enum { WIRE_BYTES = 1500 };

#define RTT_NS (20 * NS_PER_MS)

static struct tstamp at_ms(int64_t ms)
{
    return (struct tstamp){ NS_PER_S + ms * NS_PER_MS };
}

static const double paces_bps[] = { 1e6, 10e6, 40e6, 100e6, 1e9 };

/*
 * Whatever the moments at which somebody asks: in any time t no more leaves than
 * pace * (t + PATH_CREDIT_NS) and one burst of 1 ms or a packet.
 */
static void the_pacer_keeps_its_inequality(void **state)
{
    (void)state;
    enum { SENDS = 1500 };
    static struct tstamp left[SENDS];
    struct rng random = { 5 };
    for (size_t i = 0; i < sizeof paces_bps / sizeof *paces_bps; i++) {
        double bytes_per_ns = paces_bps[i] / 8e9;
        struct tstamp now = at_ms((int64_t)i * 100000);
        struct arena_share memory = { 0 };
        struct pacer pacer = { 0 };
        pacer_init(&pacer, now, &memory);
        pacer_set(&pacer, now, paces_bps[i], RTT_NS);
        unsigned n = 0;
        while (n < SENDS) {
            while (n < SENDS && pacer_may_send(&pacer, now)) {
                pacer_charge(&pacer, now, WIRE_BYTES, true, false);
                left[n++] = now;
            }
            /* Often on time, sometimes late by up to 20 ms. */
            int64_t late = rng_below(&random, 50) == 0 ? 20 * NS_PER_MS : 300 * NS_PER_US;
            struct tstamp due = tstamp_max(now, pacer.free_at);
            now = tstamp_add(due, (int64_t)rng_below(&random, (uint64_t)late));
        }
        double burst = bytes_per_ns * (double)NS_PER_MS + WIRE_BYTES;
        for (unsigned a = 0; a < SENDS; a++)
            for (unsigned b = a; b < SENDS; b++) {
                double t = (double)tstamp_sub(left[b], left[a]) + (double)PATH_CREDIT_NS;
                assert_true((b - a + 1.0) * WIRE_BYTES <= bytes_per_ns * t + burst + WIRE_BYTES);
            }
        pacer_clear(&pacer);
    }
}

static void the_pacer_reaches_its_pace(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof paces_bps / sizeof *paces_bps; i++) {
        struct tstamp start = at_ms((int64_t)i * 100000);
        struct tstamp now = start;
        double bytes = 0;
        struct arena_share memory = { 0 };
        struct pacer pacer = { 0 };
        pacer_init(&pacer, now, &memory);
        pacer_set(&pacer, now, paces_bps[i], RTT_NS);
        while (tstamp_sub(now, start) < NS_PER_S) {
            for (; pacer_may_send(&pacer, now); bytes += WIRE_BYTES)
                pacer_charge(&pacer, now, WIRE_BYTES, true, false);
            assert_true(tstamp_before(now, pacer.free_at)); /* or the caller would spin */
            now = tstamp_add(pacer.free_at, 50 * NS_PER_US);
        }
        double share = bytes * 8 / paces_bps[i];
        assert_true(share > 0.98 && share < 1.03);
        pacer_clear(&pacer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pacer_keeps_its_inequality),
        cmocka_unit_test(the_pacer_reaches_its_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
