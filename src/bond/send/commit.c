/* SPDX-License-Identifier: ISC */
#include "bond/send/commit.h"

#include "bond/send/budget.h"
#include "bond/send/choose.h"
#include "bond/send/place.h"
#include "bond/send/room.h"

enum { PIECES_FEW = 8 /* of a packet: there is always room for them */ };

static void take_sequence(struct sender *snd, struct tstamp now, struct segment *s, uint16_t lane)
{
    s->lane = lane;
    s->sequence = snd->lanes.next[lane]++;
    snd->lanes.used[lane] = now;
    s->first_sent = now;
}

static uint16_t lane_of(const struct pkt *p)
{
    return (uint16_t)(1 + p->flow_hash % (WIRE_LANES_MAX - 1));
}

/* What no other packet waits for is delivered on arrival. */
static uint16_t lane_for(const struct sender *snd, const struct pkt *pkt, uint32_t bytes)
{
    const struct bond_policy *a = policies_of(snd->policies, pkt);
    bool free = a != NULL && a->mode == BOND_MODE_LOWEST_LATENCY && bytes <= snd->usable.inner_mtu;
    return free ? WIRE_LANE_UNORDERED : lane_of(pkt);
}

/* True: the path takes a copy. */
static bool push_copy(const struct segment *s, struct path *p, struct segment_ring *to)
{
    struct segment copy = *s;
    copy.once = true;
    if (!ring_push(to, &copy, path_segment_bytes(p, &copy)))
        return false;
    pkt_ref(copy.pkt);
    return true;
}

/* In pieces where it is larger than some path's datagrams. */
void commit_bulk(struct sender *snd, struct tstamp now, struct pkt *pkt, uint16_t seg,
                 struct path *p, struct path *copy)
{
    uint32_t total = pkt_seg_bytes(pkt, seg);
    uint32_t piece = snd->usable.inner_mtu;
    uint32_t offset = 0;
    uint8_t partial = pkt->csum_partial ? WIRE_DATA_CSUM_PARTIAL : 0;
    uint16_t lane = lane_for(snd, pkt, total);
    if (piece > 0 && total > PIECES_FEW * piece)
        room_make_for(snd, total / piece + 1);
    else
        room_make(snd);
    while (piece > 0 && offset < total) {
        uint32_t bytes = total - offset < piece ? total - offset : piece;
        if (offset > 0 && pkt->policy == 0)
            p = choose_bulk(snd, now, bytes, ANY_PATH,
                            aggregate_shares(&snd->aggregate, pkt->flow_hash));
        if (p == NULL)
            p = choose_express(snd, now, bytes, place_paths(snd, now, pkt));
        struct segment s = { .pkt = pkt,
                             .seg = seg,
                             .offset = (uint16_t)offset,
                             .bytes = (uint16_t)bytes,
                             .flags = partial };
        if (offset > 0)
            s.flags |= WIRE_DATA_CONT;
        if (offset + bytes < total)
            s.flags |= WIRE_DATA_MORE;
        take_sequence(snd, now, &s, lane);
        pkt_ref(pkt);
        s.copied = copy != NULL && push_copy(&s, copy, &copy->pacer.committed);
        if (p == NULL || !ring_push(&p->pacer.committed, &s, path_committed_bytes(p, &s))) {
            snd->drops[BOND_DROP_NO_BUFFER]++;
            pkt_put(pkt);
        }
        offset += bytes;
    }
    snd->load.bulk_bytes += total;
    pkt_put(pkt);
}

static bool fits_all(const struct sender *snd, const struct pkt *pkt)
{
    return pkt->len_bytes <= snd->usable.inner_mtu;
}

/*
 * A second copy of a sparse packet where the first path loses packets or is in doubt, or where its
 * policy wants one always; true: then it leaves, and a failed path need not be made up for.
 */
static bool duplicate(struct sender *snd, struct tstamp now, const struct path *first,
                      const struct segment *s, uint32_t paths, bool if_lossy)
{
    const struct bond_policy *a = policies_of(snd->policies, s->pkt);
    bool always = a != NULL && a->mode == BOND_MODE_REDUNDANT;
    if (!always && (!if_lossy || !path_is_doubtful(first, now)))
        return false;
    struct path *second = choose_express(snd, now, s->bytes, paths & ~(1U << first->id));
    if (second != NULL && !always && path_rank(second) > path_rank(first))
        second = NULL;
    if (second != NULL && !always && !budget_take_copy(second, now, path_segment_bytes(second, s)))
        second = NULL;
    return second != NULL && push_copy(s, second, &second->pacer.express) && always;
}

void commit_express(struct sender *snd, struct tstamp now, struct pkt *pkt, bool with_copy)
{
    if (!fits_all(snd, pkt)) {
        commit_bulk(snd, now, pkt, 0, NULL, NULL);
        return;
    }
    room_make(snd);
    struct segment s = { .pkt = pkt,
                         .bytes = (uint16_t)pkt->len_bytes,
                         .flags = pkt->csum_partial ? WIRE_DATA_CSUM_PARTIAL : 0 };
    uint32_t paths = place_paths(snd, now, pkt);
    struct path *p = choose_express(snd, now, s.bytes, paths);
    take_sequence(snd, now, &s, WIRE_LANE_UNORDERED);
    s.copied = p != NULL && duplicate(snd, now, p, &s, paths, with_copy);
    if (p == NULL || !ring_push(&p->pacer.express, &s, path_segment_bytes(p, &s))) {
        snd->drops[BOND_DROP_NO_BUFFER]++;
        pkt_put(pkt);
    }
}
