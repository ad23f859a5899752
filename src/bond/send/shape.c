/* SPDX-License-Identifier: ISC */
#include "bond/send/shape.h"

void shape_allow(struct shape *s, uint64_t used_bytes, int64_t bytes, double rate_bps)
{
    s->on = true;
    s->rate_bps = rate_bps;
    if (bytes < 0 && (uint64_t)-bytes > used_bytes)
        s->until_bytes = 0;
    else
        s->until_bytes = used_bytes + (uint64_t)bytes;
}

double shape_debt_ns(const struct shape *s, uint64_t used_bytes)
{
    return used_bytes > s->until_bytes ? shape_time_ns(s, used_bytes - s->until_bytes) : 0;
}
