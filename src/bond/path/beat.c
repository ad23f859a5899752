/* SPDX-License-Identifier: ISC */
#include "bond/path/beat.h"

#define MONTH_NS (30 * 86400 * NS_PER_S)

int64_t beat_interval_ns(uint32_t overhead_bytes)
{
    return MONTH_NS / BEAT_MONTH_BYTES * 2 * (WIRE_BEAT_DATAGRAM_BYTES + overhead_bytes);
}

int64_t beat_allowance_ns(int64_t rttvar_ns)
{
    int64_t ns = PATIENCE_RTTVARS * rttvar_ns;
    if (ns < BEAT_ALLOWANCE_LEAST_NS)
        return BEAT_ALLOWANCE_LEAST_NS;
    return ns < BEAT_ALLOWANCE_MOST_NS ? ns : BEAT_ALLOWANCE_MOST_NS;
}

void beat_start(struct beat *b, struct tstamp now)
{
    *b = (struct beat){ .spoke = b->spoke, .heard = now, .asked = b->asked, .tell = b->tell };
}

void beat_ask(struct beat *b)
{
    b->questions = SUSPECT_PACKETS;
}
