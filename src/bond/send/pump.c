/* SPDX-License-Identifier: ISC */
#include "bond/send/pump.h"

#include "bond/send/allowance.h"
#include "bond/send/bands.h"
#include "bond/send/budget.h"
#include "bond/send/choose.h"
#include "bond/send/commit.h"
#include "bond/send/overdue.h"
#include "bond/send/place.h"
#include "bond/send/repair.h"
#include "bond/tuning.h"

/* The next bulk packet, where it matters whose it is. */
static const struct pkt *next_of(struct sender *snd)
{
    return snd->aggregate.stage == AGGREGATE_ON ? flowq_band_first(&snd->queue, &snd->queue.plain)
                                                : NULL;
}

static void pump_one(struct sender *snd, struct tstamp now, struct path *p)
{
    uint16_t seg;
    struct pkt *pkt = flowq_pop_bulk(&snd->queue, now, &seg);
    if (pkt != NULL)
        commit_bulk(snd, now, pkt, seg, p, NULL);
}

/* As far as the allowance goes. */
static void pump_allowed(struct sender *snd, struct tstamp now)
{
    while (flowq_has_bulk(&snd->queue) && !allowance_is_short(snd, now)) {
        struct path *p = choose_next_bulk(snd, now, next_of(snd));
        if (p == NULL) {
            snd->shape.holds = false;
            return;
        }
        pump_one(snd, now, p);
    }
}

/* Moves bulk from the flow queues to the paths that have room. */
static void pump_bulk(struct sender *snd, struct tstamp now)
{
    struct path *p;
    if (snd->queue.banded > 0) {
        bands_pump_bulk(snd, now);
        return;
    }
    if (snd->shape.on) {
        pump_allowed(snd, now);
        return;
    }
    while (flowq_has_bulk(&snd->queue) && (p = choose_next_bulk(snd, now, next_of(snd))) != NULL)
        pump_one(snd, now, p);
}

/*
 * Pure acknowledgements that are due by then. They wait for the pacer, and so are thinned by newer
 * ones.
 */
static void pump_acks(struct sender *snd, struct tstamp now, struct tstamp by,
                      enum budget_kind kind)
{
    const struct tstamp joined = tstamp_add(by, flowq_ack_join_ns(&snd->queue));
    while (tstamp_reached(flowq_ack_due(&snd->queue), by)) {
        const struct pkt *ack = flowq_first_ack(&snd->queue);
        uint32_t paths = place_paths(snd, now, ack);
        const struct path *p = choose_express(snd, now, TCP_ACK_GUESSED_BYTES, paths);
        if (p != NULL && allowance_lets(snd, p, now, kind)) {
            by = joined;
            commit_express(snd, now, flowq_pop_ack(&snd->queue, now), false);
        } else if (paths == 0) {
            snd->drops[BOND_DROP_NO_PATH]++;
            pkt_put(flowq_pop_ack(&snd->queue, now));
        } else if (ack->policy != 0) {
            flowq_put_off_ack(&snd->queue, tstamp_add(now, TCP_ACK_AGAIN_NS));
        } else {
            return;
        }
    }
}

static void pump_express(struct sender *snd, struct tstamp now)
{
    /* Many sparse flows would stop every TCP else. */
    pump_acks(snd, now, tstamp_add(now, -TCP_ACK_LATE_NS), BUDGET_SPARSE);
    while (flowq_has_sparse(&snd->queue)) {
        struct pkt *pkt = flowq_pop_sparse(&snd->queue);
        const struct path *p = choose_express(snd, now, pkt->len_bytes, ANY_PATH);
        if (p == NULL || !allowance_lets(snd, p, now, budget_sparse_kind(pkt->len_bytes))) {
            if (pkt->len_bytes < SPARSE_LARGE_BYTES)
                sparse_refuse(&snd->queue.sparse, now);
            flowq_wait(&snd->queue, pkt);
        } else {
            commit_express(snd, now, pkt, true);
        }
    }
    pump_acks(snd, now, now, BUDGET_ACK);
}

void pump(struct sender *snd, struct tstamp now)
{
    if (!any_usable(&snd->paths))
        return;
    if (snd->queue.banded > 0)
        bands_pump_express(snd, now); /* before repeats, which would leave it no room */
    if (snd->repairs.count > 0)
        repair_pump(snd, now);
    pump_express(snd, now);
    pump_bulk(snd, now);
    overdue_pump(snd, now);
}
