/* SPDX-License-Identifier: ISC */
#include "bond/send/bands.h"

#include <math.h>

#include "bond/frame.h"
#include "bond/send/allowance.h"
#include "bond/send/budget.h"
#include "bond/send/choose.h"
#include "bond/send/commit.h"
#include "bond/send/place.h"
#include "bond/tuning.h"

/* What overtakes bulk, of one band; real-time traffic stays within what its path can bear. */
static void pump_band_express(struct sender *snd, struct tstamp now, struct flowq_band *band)
{
    for (const struct pkt *head; (head = band->sparse.head) != NULL;) {
        uint32_t paths = place_paths(snd, now, head);
        struct path *p = choose_express(snd, now, head->len_bytes, paths);
        bool late = tstamp_sub(now, head->time) > REALTIME_AGE_NS;
        enum budget_kind kind =
            band->realtime ? BUDGET_REALTIME : budget_sparse_kind(head->len_bytes);
        bool full = p == NULL || !allowance_lets(snd, p, now, kind);
        if (paths != 0 && band->realtime && full && !late)
            return;
        struct pkt *pkt = flowq_band_pop_sparse(&snd->queue, band);
        policies_note_urgent(snd->policies, now, pkt);
        if (paths == 0)
            sender_drop(snd, BOND_DROP_NO_PATH, pkt);
        else if (band->realtime && full)
            sender_drop(snd, BOND_DROP_QUEUE_FULL, pkt);
        else if (full)
            flowq_wait(&snd->queue, pkt);
        else
            commit_express(snd, now, pkt, true);
    }
}

void bands_pump_express(struct sender *snd, struct tstamp now)
{
    for (unsigned i = 0; snd->queue.bands != NULL && i < FLOWQ_BANDS; i++)
        if (snd->queue.bands[i].sparse.head != NULL)
            pump_band_express(snd, now, &snd->queue.bands[i]);
}

/* Where the next packet of a band goes; path NULL: nowhere now. */
struct turn {
    struct path *path;
    struct path *copy;
};

/* The slower path paces both, but does not hold a packet for long: it goes without a copy then. */
static struct turn redundant_turn(struct sender *snd, struct tstamp now, const struct pkt *pkt,
                                  uint32_t paths)
{
    struct turn t = { .path = choose_bulk(snd, now, FRAME_BYTES, paths, false) };
    if (t.path == NULL)
        return t;
    uint32_t others = paths & ~(1U << t.path->id);
    t.copy = choose_bulk(snd, now, FRAME_BYTES, others, false);
    if (t.copy == NULL && others != 0 && tstamp_sub(now, pkt->time) < COPY_WAIT_NS)
        t.path = NULL;
    return t;
}

static struct turn turn_of(struct sender *snd, struct tstamp now, const struct pkt *pkt)
{
    const struct bond_policy *a = policies_of(snd->policies, pkt);
    struct turn t = { NULL };
    uint32_t paths = place_paths(snd, now, pkt);
    if (a == NULL) {
        t.path = choose_next_bulk(snd, now, pkt);
        return t;
    }
    switch (a->mode) {
    case BOND_MODE_REDUNDANT:
        return redundant_turn(snd, now, pkt, paths);
    case BOND_MODE_LOWEST_LATENCY:
        t.path = choose_first(snd, now, FRAME_BYTES, paths);
        if (t.path != NULL && !choose_has_room(snd, t.path, now, paths))
            t.path = NULL;
        break;
    case BOND_MODE_BOND:
    case BOND_MODE_SINGLE:
        t.path = choose_bulk(snd, now, FRAME_BYTES, paths, false);
        break;
    }
    return t;
}

/* Packets that no path may take are not kept: when one comes, they would be old. */
static void drop_stranded(struct sender *snd, struct tstamp now, struct flowq_band *band)
{
    const struct pkt *head;
    while ((head = flowq_band_first(&snd->queue, band)) != NULL &&
           place_paths(snd, now, head) == 0) {
        uint16_t seg;
        struct pkt *pkt = flowq_band_pop_bulk(&snd->queue, band, now, &seg);
        if (pkt != NULL)
            sender_drop(snd, BOND_DROP_NO_PATH, pkt);
    }
}

/* Turns a band's flows until the one in front can be served; not all of them, if they are many. */
static struct turn band_turn(struct sender *snd, struct tstamp now, struct flowq_band *band)
{
    struct turn t = { NULL };
    drop_stranded(snd, now, band);
    for (unsigned i = 0; i < PIN_FLOWS_TRIED && i < band->listed; i++) {
        const struct pkt *head = flowq_band_first(&snd->queue, band);
        const struct bond_policy *a = head != NULL ? policies_of(snd->policies, head) : NULL;
        if (head != NULL)
            t = turn_of(snd, now, head);
        if (t.path != NULL || a == NULL || a->mode != BOND_MODE_SINGLE)
            break;
        flowq_band_pass(band);
    }
    return t;
}

static struct flowq_band *band_at(struct sender *snd, unsigned i)
{
    return i == 0 ? &snd->queue.plain : &snd->queue.bands[i - 1];
}

static bool is_after_all(const struct sender *snd, unsigned i)
{
    const struct bond_policy *a = i > 0 ? &snd->policies->table[i - 1] : NULL;
    return a != NULL && a->used && a->class == BOND_CLASS_BULK;
}

/* Of the bands that can be served the one that was given least; negative: none. */
static int next_band(struct sender *snd, struct tstamp now, bool after_all, struct turn *turn)
{
    struct policies *s = snd->policies;
    int best = -1;
    for (unsigned i = 0; i <= BOND_POLICIES_MAX; i++) {
        struct flowq_band *band = band_at(snd, i);
        if (!flowq_band_has_bulk(band) || is_after_all(snd, i) != after_all)
            continue;
        s->served[i] = fmax(s->served[i], s->clock - BAND_ARREARS_BYTES);
        if (best >= 0 && s->served[i] >= s->served[best])
            continue;
        struct turn t = band_turn(snd, now, band);
        if (t.path == NULL)
            continue;
        best = (int)i;
        *turn = t;
    }
    return best;
}

/* CoDel may have dropped the packet that the turn was for, and this one is of another flow. */
static void commit_turn(struct sender *snd, struct tstamp now, struct pkt *pkt, uint16_t seg,
                        struct turn t)
{
    uint32_t paths = place_paths(snd, now, pkt);
    if ((paths >> t.path->id & 1) == 0) {
        t.path = choose_first(snd, now, FRAME_BYTES, paths);
        t.copy = NULL;
    }
    if (t.path == NULL)
        sender_drop(snd, BOND_DROP_NO_PATH, pkt);
    else
        commit_bulk(snd, now, pkt, seg, t.path, t.copy);
}

void bands_pump_bulk(struct sender *snd, struct tstamp now)
{
    struct policies *s = snd->policies;
    for (;;) {
        struct turn t;
        uint16_t seg;
        if (snd->shape.on && allowance_is_short(snd, now))
            return;
        int i = next_band(snd, now, false, &t);
        if (i < 0)
            i = next_band(snd, now, true, &t);
        if (i < 0) {
            snd->shape.holds = false;
            return;
        }
        struct flowq_band *band = band_at(snd, (unsigned)i);
        uint32_t flows = band->listed > 0 ? band->listed : 1;
        struct pkt *pkt = flowq_band_pop_bulk(&snd->queue, band, now, &seg);
        if (pkt == NULL)
            continue;
        s->clock = s->served[i];
        s->served[i] += (double)pkt_seg_bytes(pkt, seg) / flows;
        commit_turn(snd, now, pkt, seg, t);
    }
}
