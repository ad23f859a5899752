/* SPDX-License-Identifier: ISC */
#include "bond/path/beat.h"

#define MONTH_NS (30 * 86400 * NS_PER_S)
#define MONTH_BYTES 450000000
#define ALLOWANCE_LEAST_NS (20 * NS_PER_MS)
#define ALLOWANCE_MOST_NS (200 * NS_PER_MS)

int64_t beat_interval_ns(uint32_t overhead_bytes)
{
    return MONTH_NS / MONTH_BYTES * 2 * (BEAT_DATAGRAM_BYTES + overhead_bytes);
}

int64_t beat_allowance_ns(int64_t rttvar_ns)
{
    int64_t ns = 4 * rttvar_ns;
    if (ns < ALLOWANCE_LEAST_NS)
        return ALLOWANCE_LEAST_NS;
    return ns < ALLOWANCE_MOST_NS ? ns : ALLOWANCE_MOST_NS;
}

void beat_start(struct beat *b, struct tstamp now)
{
    *b = (struct beat){ .spoke = b->spoke, .heard = now, .asked = b->asked };
}

void beat_ask(struct beat *b)
{
    b->questions = BEAT_QUESTIONS;
}
