/* SPDX-License-Identifier: ISC */
#include "bond/send/choose.h"

#include <limits.h>
#include <math.h>

#include "base/bound.h"
#include "bond/frame.h"
#include "bond/tuning.h"

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
static double commit_allowance_ns(const struct sender *snd, const struct path *p)
{
    return bound(snd->usable.latest_owd_ns - p->rate.owd_ns, 0, (double)HOLD_MOST_NS) +
           (double)COMMIT_AHEAD_NS;
}

bool choose_is_spare(const struct sender *snd, const struct path *p)
{
    return p->spill_bytes > 0 &&
           (sender_waiting_bytes(snd) < p->spill_bytes || snd->load.cheap_full < LOAD_SPILLS);
}

/* The same with only some of the paths to choose from. */
static bool is_spare_among(const struct sender *snd, const struct path *p, uint32_t among)
{
    if (!choose_is_spare(snd, p))
        return false;
    for_each_path (&snd->paths, q)
        if (path_usable(q) && (among >> q->id & 1) != 0 && path_rank(q) < path_rank(p))
            return true;
    return false;
}

/* A datagram of small packets that waits for the pacer anyhow has room for the next one. */
static bool fills_up(const struct sender *snd, const struct path *p)
{
    uint32_t count = p->pacer.committed.count;
    const struct segment *last = count > 0 ? ring_at(&p->pacer.committed, count - 1) : NULL;
    return last != NULL && path_is_small(last) && flowq_next_is_small(&snd->queue) &&
           p->pacer.committed.bytes + (uint32_t)WIRE_PACKET_BYTES_MAX + last->bytes <
               path_frames_bytes(p);
}

bool choose_has_room(const struct sender *snd, const struct path *p, struct tstamp now,
                     uint32_t among)
{
    return path_usable(p) && !is_spare_among(snd, p, among) &&
           p->pacer.committed.count < p->pacer.committed.capacity && !path_inflight_full(p) &&
           ((double)pacer_backlog_ns(&p->pacer, now) < commit_allowance_ns(snd, p) ||
            fills_up(snd, p));
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

/* Paths that are shared are used by what is paced, too: of those that are free, the one that was
 * for longest. */
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
struct path *choose_bulk(struct sender *snd, struct tstamp now, uint32_t bytes, uint32_t among,
                         bool shared)
{
    struct choice best = { .path = NULL };
    bool aggregates = snd->aggregate.stage == AGGREGATE_ON;
    for_each_path (&snd->paths, p)
        if ((among >> p->id & 1) != 0 && choose_has_room(snd, p, now, among) &&
            !(shared && pacer_backlog_ns(&p->pacer, now) >= COMMIT_AHEAD_NS))
            consider(&best, p, path_rank(p),
                     shared                             ? shared_wait(p, now)
                     : snd->load.sharing && !aggregates ? (double)pacer_backlog_ns(&p->pacer, now)
                                                        : predict_arrival(p, now, bytes, false));
    return best.path;
}

/* The rank of a path for what overtakes bulk: of use only as far as it leaves soon. */
static unsigned express_rank(const struct sender *snd, const struct path *p)
{
    if (!snd->usable.ranked)
        return 0;
    bool crowded = (double)pacer_send_time_ns(&p->pacer, p->pacer.express.bytes) > EXPRESS_SPILL_NS;
    return crowded ? UINT_MAX : path_rank(p);
}

struct path *choose_first(struct sender *snd, struct tstamp now, uint32_t bytes, uint32_t among)
{
    struct choice best = { .path = NULL };
    for_each_path (&snd->paths, p)
        if ((among >> p->id & 1) != 0 && path_usable(p))
            consider(&best, p, path_rank(p), predict_arrival(p, now, bytes, false));
    return best.path;
}

struct path *choose_express(struct sender *snd, struct tstamp now, uint32_t bytes, uint32_t among)
{
    struct choice best = { .path = NULL };
    for_each_path (&snd->paths, p)
        if ((among >> p->id & 1) != 0 && path_usable(p) &&
            p->pacer.express.count < p->pacer.express.capacity)
            consider(&best, p, express_rank(snd, p), predict_arrival(p, now, bytes, true));
    return best.path;
}

/*
 * The same path as before for RUN_NS: on fast links neighbours stay together, which makes long
 * groups for one send and few holes for the receiver. On slow ones that is less than one packet.
 */
struct path *choose_next_bulk(struct sender *snd, struct tstamp now, const struct pkt *next)
{
    struct path *p = snd->run.path;
    bool shared = next != NULL && aggregate_shares(&snd->aggregate, next->flow_hash);
    if (p == NULL || shared != snd->run.shared || snd->run.ns <= 0 ||
        !choose_has_room(snd, p, now, ANY_PATH)) {
        p = snd->run.path = choose_bulk(snd, now, FRAME_BYTES, ANY_PATH, shared);
        snd->run.shared = shared;
        snd->run.ns = RUN_NS;
    }
    if (p != NULL) {
        snd->run.ns -= pacer_send_time_ns(&p->pacer, FRAME_BYTES);
        if (path_tier(p) > 0)
            snd->load.spilled_at = now;
    }
    return p;
}
