/* SPDX-License-Identifier: ISC */
/* Which path a packet takes, and when it is bound to it. */
#include <limits.h>
#include <math.h>

#include "base/bound.h"
#include "bond/internal.h"
#include "bond/send/budget.h"
#include "bond/send/overdue.h"
#include "bond/send/policy.h"

/* One-way delay, up to a constant, of a packet that leaves now. */
static double expected_delay_ns(const struct path *p, struct tstamp now)
{
    return rate_expected_owd_ns(&p->rate, now, p->flight.last_sent) + p->rate.jitter_ns;
}

/* Nanoseconds from now until a datagram put on the path now would arrive, up to a constant. */
static double predict_arrival(const struct path *p, struct tstamp now, uint32_t bytes, bool express)
{
    double wait = express ? 0 : (double)pacer_backlog_ns(&p->pacer, now);
    if (express && p->pacer.express.bytes > 0)
        wait = (double)pacer_send_time_ns(&p->pacer, p->pacer.express.bytes);
    return wait + expected_delay_ns(p, now) + (double)pacer_send_time_ns(&p->pacer, bytes);
}

/*
 * How far ahead the path may be filled: until its packets would arrive later than those of the
 * slowest path.
 */
static double commit_allowance_ns(const struct bond *b, const struct path *p)
{
    return bound(b->latest_owd_ns - p->rate.owd_ns, 0, (double)HOLD_MOST_NS) +
           (double)COMMIT_AHEAD_NS;
}

bool schedule_is_spare(const struct bond *b, const struct path *p)
{
    return p->spill_bytes > 0 && (b->queue.bytes < p->spill_bytes || b->cheap_full < LOAD_SPILLS);
}

/* The same with only some of the paths to choose from. */
static bool is_spare_among(const struct bond *b, const struct path *p, uint32_t among)
{
    if (!schedule_is_spare(b, p))
        return false;
    for_each_path (b, q)
        if (path_usable(q) && (among >> q->id & 1) != 0 && path_rank(q) < path_rank(p))
            return true;
    return false;
}

/* A datagram of small packets that waits for the pacer anyhow has room for the next one. */
static bool fills_up(const struct bond *b, const struct path *p)
{
    uint32_t count = p->pacer.committed.count;
    const struct segment *last = count > 0 ? ring_at(&p->pacer.committed, count - 1) : NULL;
    return last != NULL && path_is_small(last) && flowq_next_is_small(&b->queue) &&
           p->pacer.committed.bytes + (uint32_t)WIRE_PACKET_BYTES_MAX + last->bytes <
               path_frames_bytes(p);
}

bool schedule_has_room(const struct bond *b, const struct path *p, struct tstamp now,
                       uint32_t among)
{
    return path_usable(p) && !is_spare_among(b, p, among) &&
           p->pacer.committed.count < p->pacer.committed.capacity && !path_inflight_full(p) &&
           ((double)pacer_backlog_ns(&p->pacer, now) < commit_allowance_ns(b, p) || fills_up(b, p));
}

/* The best path so far: of the lowest rank, and of those the first in time. */
struct choice {
    struct path *path;
    unsigned rank;
    double at;
};

static void consider(struct choice *best, struct path *p, unsigned rank, double at)
{
    if (best->path == NULL || rank < best->rank || (rank == best->rank && at < best->at))
        *best = (struct choice){ p, rank, at };
}

/* Recruited paths are used by what is paced, too: of those that are free, the one that was for
 * longest. */
static double shared_wait(const struct path *p, struct tstamp now)
{
    double backlog = (double)pacer_backlog_ns(&p->pacer, now);
    return backlog > 0 ? backlog : (double)tstamp_sub(p->pacer.free_at, now);
}

/*
 * The path with room, of the lowest rank, on which a bulk packet would arrive first, or NULL. While
 * the paths carry together more than the best could alone, the one that is free first: what has
 * room arrives no later than the slowest path's packets, and the inner round trip is theirs. Going
 * back to the fast path whenever the inner window shrinks a little would starve the slow one, and
 * with it the inner flow.
 */
struct path *schedule_bulk(struct bond *b, struct tstamp now, uint32_t bytes, uint32_t among,
                           bool shared)
{
    struct choice best = { .path = NULL };
    bool recruit = b->recruit.stage == RECRUIT_ON;
    for_each_path (b, p)
        if ((among >> p->id & 1) != 0 && schedule_has_room(b, p, now, among) &&
            !(shared && pacer_backlog_ns(&p->pacer, now) >= COMMIT_AHEAD_NS))
            consider(&best, p, path_rank(p),
                     shared                   ? shared_wait(p, now)
                     : b->sharing && !recruit ? (double)pacer_backlog_ns(&p->pacer, now)
                                              : predict_arrival(p, now, bytes, false));
    return best.path;
}

/* The rank of a path for what overtakes bulk: of use only as far as it leaves soon. */
static unsigned express_rank(const struct bond *b, const struct path *p)
{
    if (!b->ranked)
        return 0;
    bool crowded = (double)pacer_send_time_ns(&p->pacer, p->pacer.express.bytes) > EXPRESS_SPILL_NS;
    return crowded ? UINT_MAX : path_rank(p);
}

struct path *schedule_first(struct bond *b, struct tstamp now, uint32_t bytes, uint32_t among)
{
    struct choice best = { .path = NULL };
    for_each_path (b, p)
        if ((among >> p->id & 1) != 0 && path_usable(p))
            consider(&best, p, path_rank(p), predict_arrival(p, now, bytes, false));
    return best.path;
}

struct path *schedule_express(struct bond *b, struct tstamp now, uint32_t bytes, uint32_t among)
{
    struct choice best = { .path = NULL };
    for_each_path (b, p)
        if ((among >> p->id & 1) != 0 && path_usable(p) &&
            p->pacer.express.count < p->pacer.express.capacity)
            consider(&best, p, express_rank(b, p), predict_arrival(p, now, bytes, true));
    return best.path;
}

static void take_sequence(struct bond *b, struct tstamp now, struct segment *s, uint16_t lane)
{
    s->lane = lane;
    s->sequence = b->lane_next[lane]++;
    b->lane_used[lane] = now;
    s->first_sent = now;
}

static uint16_t lane_of(const struct pkt *p)
{
    return (uint16_t)(1 + p->flow_hash % (WIRE_LANES_MAX - 1));
}

/* What no other packet waits for is delivered on arrival. */
static uint16_t lane_for(const struct bond *b, const struct pkt *pkt, uint32_t bytes)
{
    const struct bond_policy *a = policy_of(b, pkt);
    bool free = a != NULL && a->mode == BOND_MODE_LOWEST_LATENCY && bytes <= b->inner_mtu;
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
void schedule_commit(struct bond *b, struct tstamp now, struct pkt *pkt, uint16_t seg,
                     struct path *p, struct path *copy)
{
    uint32_t total = pkt_seg_bytes(pkt, seg);
    uint32_t piece = b->inner_mtu;
    uint32_t offset = 0;
    uint8_t partial = pkt->csum_partial ? WIRE_DATA_CSUM_PARTIAL : 0;
    uint16_t lane = lane_for(b, pkt, total);
    while (piece > 0 && offset < total) {
        uint32_t bytes = total - offset < piece ? total - offset : piece;
        if (offset > 0 && pkt->policy == 0)
            p = schedule_bulk(b, now, bytes, POLICY_ANY_PATH,
                              recruit_shares(&b->recruit, pkt->flow_hash));
        if (p == NULL)
            p = schedule_express(b, now, bytes, policy_paths(b, now, pkt));
        struct segment s = { .pkt = pkt,
                             .seg = seg,
                             .offset = (uint16_t)offset,
                             .bytes = (uint16_t)bytes,
                             .flags = partial };
        if (offset > 0)
            s.flags |= WIRE_DATA_CONT;
        if (offset + bytes < total)
            s.flags |= WIRE_DATA_MORE;
        take_sequence(b, now, &s, lane);
        pkt_ref(pkt);
        s.copied = copy != NULL && push_copy(&s, copy, &copy->pacer.committed);
        if (p == NULL || !ring_push(&p->pacer.committed, &s, path_committed_bytes(p, &s))) {
            b->drops[BOND_DROP_NO_BUFFER]++;
            pkt_put(pkt);
        }
        offset += bytes;
    }
    b->bulk_bytes += total;
    pkt_put(pkt);
}

/*
 * The same path as before for RUN_NS: on fast links neighbours stay together, which makes long
 * groups for one send and few holes for the receiver. On slow ones that is less than one packet.
 */
struct path *schedule_next_bulk(struct bond *b, struct tstamp now, const struct pkt *next)
{
    struct path *p = b->run_path;
    bool shared = next != NULL && recruit_shares(&b->recruit, next->flow_hash);
    if (p == NULL || shared != b->run_shared || b->run_ns <= 0 ||
        !schedule_has_room(b, p, now, POLICY_ANY_PATH)) {
        p = b->run_path = schedule_bulk(b, now, FRAME_BYTES, POLICY_ANY_PATH, shared);
        b->run_shared = shared;
        b->run_ns = RUN_NS;
    }
    if (p != NULL) {
        b->run_ns -= pacer_send_time_ns(&p->pacer, FRAME_BYTES);
        if (path_line(p) > 0)
            b->spilled_at = now;
    }
    return p;
}

/* The next bulk packet, where it matters whose it is. */
static const struct pkt *next_of(struct bond *b)
{
    return b->recruit.stage == RECRUIT_ON ? flowq_band_first(&b->queue, &b->queue.plain) : NULL;
}

/* Moves bulk from the flow queues to the paths that have room. */
static void pump_bulk(struct bond *b, struct tstamp now)
{
    struct path *p;
    if (b->queue.banded > 0) {
        policy_pump_bulk(b, now);
        return;
    }
    while (flowq_has_bulk(&b->queue) && (p = schedule_next_bulk(b, now, next_of(b))) != NULL) {
        uint16_t seg;
        struct pkt *pkt = flowq_pop_bulk(&b->queue, now, &seg);
        if (pkt != NULL)
            schedule_commit(b, now, pkt, seg, p, NULL);
    }
}

static bool fits_all(const struct bond *b, const struct pkt *pkt)
{
    return pkt->len_bytes <= bond_inner_mtu(b);
}

/*
 * A second copy of a sparse packet where the first path loses packets or is in doubt, or where its
 * policy wants one always; true: then it leaves, and a failed path need not be made up for.
 */
static bool duplicate(struct bond *b, struct tstamp now, const struct path *first,
                      const struct segment *s, uint32_t paths, bool if_lossy)
{
    const struct bond_policy *a = policy_of(b, s->pkt);
    bool always = a != NULL && a->mode == BOND_MODE_REDUNDANT;
    if (!always && (!if_lossy || !path_is_doubtful(first, now)))
        return false;
    struct path *second = schedule_express(b, now, s->bytes, paths & ~(1U << first->id));
    if (second != NULL && !always && path_rank(second) > path_rank(first))
        second = NULL;
    if (second != NULL && !always && !budget_take_copy(second, now, path_segment_bytes(second, s)))
        second = NULL;
    return second != NULL && push_copy(s, second, &second->pacer.express) && always;
}

void schedule_send_express(struct bond *b, struct tstamp now, struct pkt *pkt, bool with_copy)
{
    if (!fits_all(b, pkt)) {
        schedule_commit(b, now, pkt, 0, NULL, NULL);
        return;
    }
    struct segment s = { .pkt = pkt,
                         .bytes = (uint16_t)pkt->len_bytes,
                         .flags = pkt->csum_partial ? WIRE_DATA_CSUM_PARTIAL : 0 };
    uint32_t paths = policy_paths(b, now, pkt);
    struct path *p = schedule_express(b, now, s.bytes, paths);
    take_sequence(b, now, &s, WIRE_LANE_UNORDERED);
    s.copied = p != NULL && duplicate(b, now, p, &s, paths, with_copy);
    if (p == NULL || !ring_push(&p->pacer.express, &s, path_segment_bytes(p, &s))) {
        b->drops[BOND_DROP_NO_BUFFER]++;
        pkt_put(pkt);
    }
}

/*
 * Pure acknowledgements that are due by then. They wait for the pacer, and so are thinned by newer
 * ones.
 */
static void pump_acks(struct bond *b, struct tstamp now, struct tstamp by, enum budget_kind kind)
{
    const struct tstamp joined = tstamp_add(by, flowq_ack_join_ns(&b->queue));
    while (tstamp_reached(flowq_ack_due(&b->queue), by)) {
        const struct pkt *ack = flowq_first_ack(&b->queue);
        uint32_t paths = policy_paths(b, now, ack);
        const struct path *p = schedule_express(b, now, TCP_ACK_GUESSED_BYTES, paths);
        if (p != NULL && budget_allows(p, now, kind)) {
            by = joined;
            schedule_send_express(b, now, flowq_pop_ack(&b->queue, now), false);
        } else if (paths == 0) {
            b->drops[BOND_DROP_NO_PATH]++;
            pkt_put(flowq_pop_ack(&b->queue, now));
        } else if (ack->policy != 0) {
            flowq_put_off_ack(&b->queue, tstamp_add(now, TCP_ACK_AGAIN_NS));
        } else {
            return;
        }
    }
}

static void pump_express(struct bond *b, struct tstamp now)
{
    /* Many sparse flows would stop every TCP else. */
    pump_acks(b, now, tstamp_add(now, -TCP_ACK_LATE_NS), BUDGET_SPARSE);
    while (flowq_has_sparse(&b->queue)) {
        struct pkt *pkt = flowq_pop_sparse(&b->queue);
        const struct path *p = schedule_express(b, now, pkt->len_bytes, POLICY_ANY_PATH);
        if (p == NULL || !budget_allows(p, now, budget_sparse_kind(pkt->len_bytes))) {
            if (pkt->len_bytes < SPARSE_LARGE_BYTES)
                sparse_refuse(&b->queue.sparse, now);
            flowq_wait(&b->queue, pkt);
        } else {
            schedule_send_express(b, now, pkt, true);
        }
    }
    pump_acks(b, now, now, BUDGET_ACK);
}

/* Repeats make a queue in the network, small where calls would have to stand in it. */
static bool may_repeat(const struct bond *b, struct tstamp now, const struct path *p)
{
    return budget_allows(p, now, BUDGET_REPEAT) &&
           (!policy_is_urgent(b, now) || budget_allows(p, now, BUDGET_CARE));
}

/*
 * The paths whose datagrams hold it, as a bit mask. All where none does: it was made for another
 * path, and what these carry may not be known yet.
 */
static uint32_t paths_that_hold(const struct bond *b, const struct segment *s)
{
    uint32_t payload_bytes = path_segment_payload(s);
    uint32_t fit = POLICY_ANY_PATH;
    bool any = false;
    for_each_path (b, p) {
        if (!path_usable(p))
            continue;
        if (payload_bytes > p->config.datagram_bytes)
            fit &= ~(1U << p->id);
        else
            any = true;
    }
    return any ? fit : POLICY_ANY_PATH;
}

/*
 * Finds a path for what was lost; what is too old is dropped. Repeats overtake bulk, but when a
 * whole link's flight comes at once the survivors' pacers spread it.
 */
static void pump_repairs(struct bond *b, struct tstamp now)
{
    unsigned put_off = 0;
    for (const struct segment *head; (head = ring_head(&b->repairs)) != NULL;) {
        uint8_t left_on = (uint8_t)(head->left_on - 1);
        if (head->left_on > 0 && flight_came(&b->paths[left_on].flight, head, left_on)) {
            pkt_put(head->pkt);
            ring_pop(&b->repairs, &(struct segment){ 0 }, 0);
            continue;
        }
        uint32_t paths = policy_paths(b, now, head->pkt) & paths_that_hold(b, head);
        struct path *p = schedule_express(b, now, head->bytes, paths);
        bool late = paths == 0 || tstamp_sub(now, head->first_sent) > HOLD_MOST_NS;
        struct segment s;
        if (!late && (p == NULL || !may_repeat(b, now, p))) {
            /* One that waits for a certain path does not hold up the others. */
            if (paths == POLICY_ANY_PATH || put_off++ == REPAIR_PUT_OFF)
                return;
            ring_pop(&b->repairs, &s, 0);
            ring_push(&b->repairs, &s, 0);
            continue;
        }
        ring_pop(&b->repairs, &s, 0);
        if (s.tries > 0)
            s.flags |= WIRE_DATA_REPEAT;
        if (late || !ring_push(&p->pacer.express, &s, path_segment_bytes(p, &s))) {
            b->drops[BOND_DROP_REPEAT_LATE] += segment_packets(&s);
            pkt_put(s.pkt);
        }
    }
}

void schedule_pump(struct bond *b, struct tstamp now)
{
    if (!any_usable(b))
        return;
    if (b->queue.banded > 0)
        policy_pump_express(b, now); /* before repeats, which would leave it no room */
    pump_repairs(b, now);
    pump_express(b, now);
    pump_bulk(b, now);
    overdue_pump(b, now);
}
