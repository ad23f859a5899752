/* SPDX-License-Identifier: ISC */
#include "bond/send/allowance.h"

#include "bond/frame.h"
#include "bond/send/choose.h"

uint64_t allowance_used_bytes(const struct sender *snd)
{
    uint64_t bytes = 0;
    for_each_path (&snd->paths, p)
        bytes += p->count.tx_bytes + p->pacer.committed.bytes;
    return bytes;
}

bool allowance_is_short(struct sender *snd, struct tstamp now)
{
    if (!shape_is_used_up(&snd->shape, allowance_used_bytes(snd)))
        return false;
    /* Where no path has room, that is what it waits for. */
    snd->shape.holds = choose_bulk(snd, now, FRAME_BYTES, ANY_PATH, false) != NULL;
    return true;
}

bool allowance_holds(const struct sender *snd)
{
    bool any = flowq_has_bulk(&snd->queue) || snd->queue.banded > 0;
    return any && snd->shape.holds && shape_is_used_up(&snd->shape, allowance_used_bytes(snd));
}

bool allowance_bears(const struct sender *snd, enum budget_kind kind)
{
    const struct shape *s = &snd->shape;
    double debt_ns = shape_debt_ns(s, allowance_used_bytes(snd));
    return budget_bears(kind, debt_ns, shape_time_ns(s, FRAME_BYTES));
}
