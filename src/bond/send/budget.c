/* SPDX-License-Identifier: ISC */
#include "bond/send/budget.h"

#include <math.h>

#include "bond/frame.h"

/*
 * The most debt of each kind: a time, and full packets of the path. On a slow path a single packet
 * of bulk, which has just left, is the debt. Below the limit of repeats sparse packets would wait
 * for those.
 */
static int64_t most_debt_ns(enum budget_kind kind, double packet_ns)
{
    switch (kind) {
    case BUDGET_SPARSE:
        return DEBT_SPARSE_NS + (int64_t)(DEBT_SPARSE_PACKETS * packet_ns);
    case BUDGET_SPARSE_LARGE: /* then small ones still may */
        return DEBT_LARGE_NS + (int64_t)(DEBT_LARGE_PACKETS * packet_ns);
    case BUDGET_ACK:
        return PATH_CREDIT_NS + DEBT_ACK_NS;
    case BUDGET_REPEAT:
        return DEBT_REPEAT_NS;
    case BUDGET_CARE:
        return DEBT_CARE_NS + (int64_t)(DEBT_CARE_PACKETS * packet_ns);
    case BUDGET_REALTIME:
        return DEBT_REALTIME_NS;
    case BUDGET_COPY:
        return DEBT_SPARSE_NS + (int64_t)(DEBT_COPY_PACKETS * packet_ns);
    }
    return 0;
}

enum budget_kind budget_sparse_kind(uint32_t bytes)
{
    return bytes < SPARSE_LARGE_BYTES ? BUDGET_SPARSE : BUDGET_SPARSE_LARGE;
}

bool budget_allows(const struct path *p, struct tstamp now, enum budget_kind kind)
{
    double packet_ns = (double)pacer_send_time_ns(&p->pacer, FRAME_BYTES);
    return pacer_debt_ns(&p->pacer, now) <= most_debt_ns(kind, packet_ns);
}

bool budget_bears(enum budget_kind kind, double debt_ns, double packet_ns)
{
    return debt_ns <= (double)most_debt_ns(kind, packet_ns);
}

bool budget_take_copy(struct path *p, struct tstamp now, uint32_t wire_bytes)
{
    struct copies *copies = &p->copies;
    double bytes_per_ns = COPY_SHARE * p->rate.capacity_bps / 8e9;
    double most = bytes_per_ns * COPY_BURST_NS + COPY_BURST_PACKETS * FRAME_BYTES;
    double earned = bytes_per_ns * (double)tstamp_sub(now, copies->at);
    copies->bytes = fmin(most, copies->bytes + earned);
    copies->at = now;
    if (copies->bytes < wire_bytes || !budget_allows(p, now, BUDGET_COPY))
        return false;
    copies->bytes -= wire_bytes;
    return true;
}
