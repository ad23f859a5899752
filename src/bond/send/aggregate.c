/* SPDX-License-Identifier: ISC */
#include "bond/send/aggregate.h"

#include <math.h>
#include <string.h>

#include "base/ip.h"
#include "bond/path/path.h"
#include "bond/tuning.h"

/* What is to be known of the usable paths. */
struct view {
    double best_bps;
    double all_bps; /* a path that was not tried yet counts as fast */
    double near_ns; /* smallest and largest round trip */
    double far_ns;
    double far_min_ns;
    bool apart; /* the slowest is too slow for a window of two of the smallest round trips */
};

static struct view look(const struct path_set *paths)
{
    struct view v = { .near_ns = INFINITY };
    double near_min = INFINITY;
    for_each_path (paths, p) {
        if (!path_usable(p))
            continue;
        bool tried = p->rate.phase != RATE_START;
        if (tried)
            v.best_bps = fmax(v.best_bps, p->rate.capacity_bps);
        v.all_bps += tried ? p->rate.capacity_bps : INFINITY;
        near_min = fmin(near_min, (double)p->rtt.least_ns);
        v.far_min_ns = fmax(v.far_min_ns, (double)p->rtt.least_ns);
        v.near_ns = fmin(v.near_ns, (double)p->rtt.srtt_ns);
        v.far_ns = fmax(v.far_ns, (double)p->rtt.srtt_ns);
    }
    v.apart = v.far_min_ns > HEAP_APART * near_min;
    return v;
}

/* How much later than on the best path an acknowledgement would come on the slowest; a bit more. */
static double heap_ns(const struct view *v)
{
    return HEAP_STRETCH * v->far_ns - v->near_ns;
}

/* ---- what is held ---- */

/* The first of a flow is due at once, or when its time has come. */
static void let_go(const struct aggregate_facts *w, struct aggregate_flow *f, struct tstamp by)
{
    unsigned n = 0;
    while (n < f->held_count && tstamp_reached(f->held[n].due, by))
        pkt_list_push(w->out, f->held[n++].pkt);
    f->held_count -= n;
    memmove(f->held, f->held + n, f->held_count * sizeof f->held[0]);
}

static void let_go_due(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now)
{
    r->due = TSTAMP_NEVER;
    for (unsigned i = 0; i < LARGEST_FLOWS; i++) {
        struct aggregate_flow *f = &r->flows[i];
        let_go(w, f, now);
        if (f->held_count > 0)
            r->due = tstamp_min(r->due, f->held[0].due);
    }
}

/* A later acknowledgement tells what the one before it told. */
static void hold(struct aggregate *r, struct aggregate_flow *f, struct pkt *p, struct tstamp due)
{
    struct aggregate_held *last = f->held_count > 0 ? &f->held[f->held_count - 1] : NULL;
    if (last != NULL &&
        (f->held_count == AGGREGATE_HELD_MAX || tstamp_sub(due, last->due) < HEAP_APART_NS)) {
        pkt_put(last->pkt);
        last->pkt = p;
        return;
    }
    f->held[f->held_count++] = (struct aggregate_held){ p, due };
    r->due = tstamp_min(r->due, due);
}

size_t aggregate_held(const struct aggregate *r)
{
    size_t n = 0;
    for (unsigned i = 0; i < LARGEST_FLOWS; i++)
        n += r->flows[i].held_count;
    return n;
}

bool aggregate_shares(const struct aggregate *r, uint32_t flow_hash)
{
    if (r->stage == AGGREGATE_ON)
        for (unsigned i = 0; i < LARGEST_FLOWS; i++)
            if (r->flows[i].hash == flow_hash && r->flows[i].shares)
                return true;
    return false;
}

void aggregate_clear(struct aggregate *r, struct largest *largest)
{
    for (unsigned i = 0; i < LARGEST_FLOWS; i++) {
        for (unsigned n = 0; n < r->flows[i].held_count; n++)
            pkt_put(r->flows[i].held[n].pkt);
        largest->flows[i].kept = false;
    }
    *r = (struct aggregate){ .full_from = TSTAMP_NEVER, .due = TSTAMP_NEVER };
}

static bool in_heap(const struct aggregate *r, const struct aggregate_flow *f)
{
    return r->heap.grows && f->asked && (!f->shares || (r->heap.whole && !f->settled));
}

/* When an acknowledgement of what the flow sent may go on; in the past: now. */
static struct tstamp due_at(struct aggregate *r, const struct aggregate_facts *w,
                            struct aggregate_flow *f, struct tstamp paused_at,
                            struct tstamp sent_at)
{
    if (in_heap(r, f))
        return r->heap.end;
    if (tstamp_is_never(sent_at))
        return w->now;
    int64_t rtt_ns = tstamp_sub(w->now, sent_at);
    r->rtt_ns = r->rtt_ns == 0 ? rtt_ns : r->rtt_ns + (rtt_ns - r->rtt_ns) / HEAP_RTT_PARTS;
    bool paused =
        r->spreads && paused_at.ns != 0 && tstamp_sub(sent_at, paused_at) < HEAP_PAUSED_NS;
    return f->shares || paused ? tstamp_add(sent_at, r->floor_ns) : w->now;
}

bool aggregate_hold(struct aggregate *r, const struct aggregate_facts *w, struct pkt *p)
{
    if (!aggregate_watches(r) || p->len_bytes > HEAP_ACK_BYTES)
        return false;
    const struct ip_tcp tcp = ip_tcp(p);
    if (!tcp.pure_ack)
        return false;
    int i = largest_find(w->largest, ip_reverse_hash(p, w->seed));
    struct aggregate_flow *f = i >= 0 ? &r->flows[i] : NULL;
    if (f == NULL || f->hash != w->largest->hashes[i])
        return false;
    bool progress = !f->acked_known || (int32_t)(tcp.ack - f->acked) > 0;
    if (!progress)
        return false; /* what tells of a hole is not late; nor what was held */
    f->acked = tcp.ack;
    f->acked_known = true;
    if (in_heap(r, f))
        r->heap.ack_at = w->now;
    const struct largest_flow *h = &w->largest->flows[i];
    struct tstamp due = due_at(r, w, f, h->paused_at, largest_sent_at(h, tcp.ack));
    if (f->held_count == 0 && tstamp_reached(due, w->now))
        return false;
    hold(r, f, p, due);
    return true;
}

/* ---- the flows ---- */

static void leave_alone(struct aggregate *r, const struct aggregate_facts *w, unsigned i)
{
    struct aggregate_flow *f = &r->flows[i];
    let_go(w, f, TSTAMP_NEVER);
    w->largest->flows[i].kept = f->asked = f->shares = f->settled = false;
}

/* Another flow may have got the place of one that was silent. */
static void meet(struct aggregate *r, const struct aggregate_facts *w)
{
    for (unsigned i = 0; i < LARGEST_FLOWS; i++) {
        struct aggregate_flow *f = &r->flows[i];
        if (f->hash == w->largest->hashes[i])
            continue;
        let_go(w, f, TSTAMP_NEVER);
        *f = (struct aggregate_flow){ .hash = w->largest->hashes[i] };
    }
}

/* Those that have ended, or wait for something else, are not waited for. */
static void part(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now)
{
    for (unsigned i = 0; i < LARGEST_FLOWS; i++) {
        const struct aggregate_flow *f = &r->flows[i];
        int64_t silent_ns = tstamp_sub(now, w->largest->flows[i].last);
        if (f->asked && silent_ns > (f->settled ? HEAP_LEFT_SETTLED_NS : HEAP_LEFT_NS))
            leave_alone(r, w, i);
    }
}

/* Asks those that have begun long enough ago. */
static void join(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now)
{
    for (unsigned i = 0; i < LARGEST_FLOWS; i++) {
        struct largest_flow *h = &w->largest->flows[i];
        struct aggregate_flow *f = &r->flows[i];
        if (f->asked || f->hash == 0 || tstamp_sub(now, h->last) > HEAP_LEFT_NS ||
            tstamp_sub(now, h->since) < HEAP_JOIN_NS || !tstamp_reached(f->again, now))
            continue;
        h->kept = f->asked = true;
        f->quiet_turns = f->heaps = 0;
    }
}

struct count {
    unsigned asked;
    unsigned sharing;
    unsigned settled;
};

static struct count count_flows(const struct aggregate *r)
{
    struct count n = { 0 };
    for (unsigned i = 0; i < LARGEST_FLOWS; i++) {
        n.asked += r->flows[i].asked;
        n.sharing += r->flows[i].shares;
        n.settled += r->flows[i].settled;
    }
    return n;
}

static void set_stage(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now,
                      enum aggregate_stage stage)
{
    r->stage = stage;
    r->gain.good_at = r->gain.sound_at = now;
    r->heap.count = 0;
    r->full_from = TSTAMP_NEVER;
    if (stage != AGGREGATE_OFF)
        return;
    r->heap.grows = false;
    for (unsigned i = 0; i < LARGEST_FLOWS; i++)
        leave_alone(r, w, i);
    r->due = TSTAMP_NEVER;
}

static void give_up(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now)
{
    r->patience_ns = r->patience_ns == 0 ? HEAP_PATIENCE_NS : 2 * r->patience_ns;
    if (r->patience_ns > HEAP_PATIENCE_MOST_NS)
        r->patience_ns = HEAP_PATIENCE_MOST_NS;
    r->again = tstamp_add(now, r->patience_ns);
    set_stage(r, w, now, AGGREGATE_OFF);
}

/* ---- rates ---- */

static void begin_turn(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now)
{
    r->turn = now;
    for (unsigned i = 0; i < LARGEST_FLOWS; i++)
        r->flows[i].turn_bytes = w->largest->flows[i].bytes;
}

/* What each flow sends, also those that are not asked; not while a heap grows. */
static void count_turn(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now)
{
    int64_t turn_ns = tstamp_sub(now, r->turn);
    if (turn_ns < HEAP_TURN_NS || r->heap.grows)
        return;
    double step = fmin((double)turn_ns / HEAP_RATE_NS, 1);
    for (unsigned i = 0; i < LARGEST_FLOWS; i++) {
        struct aggregate_flow *f = &r->flows[i];
        uint64_t bytes = w->largest->flows[i].bytes;
        double bps =
            bytes < f->turn_bytes ? 0 : 8e9 * (double)(bytes - f->turn_bytes) / (double)turn_ns;
        f->quiet_turns = bps < HEAP_QUIET * f->rate_bps ? f->quiet_turns + 1 : 0;
        f->rate_bps += step * (bps - f->rate_bps);
    }
    begin_turn(r, w, now);
}

/* ---- heaps ---- */

static void begin_heap(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now,
                       const struct view *v, bool whole)
{
    double ns = fmin(fmax(heap_ns(v), HEAP_LEAST_NS), HEAP_MOST_NS);
    r->heap.grows = true;
    r->heap.whole = whole;
    r->heap.count++;
    r->heap.from = now;
    r->heap.end = tstamp_add(now, (int64_t)ns);
    r->heap.ack_at = now;
    for (unsigned i = 0; i < LARGEST_FLOWS; i++)
        r->flows[i].hold_bytes = w->largest->flows[i].bytes;
    if (whole)
        r->heap.next = tstamp_add(now, HEAP_ROUNDS * (int64_t)fmax((double)r->rtt_ns, v->far_ns));
}

static struct tstamp heap_deadline(const struct aggregate *r)
{
    return r->heap.grows ? tstamp_min(r->heap.end, tstamp_add(r->heap.ack_at, HEAP_DRY_NS))
                         : TSTAMP_NEVER;
}

struct tstamp aggregate_deadline(const struct aggregate *r)
{
    return tstamp_min(r->due, heap_deadline(r));
}

/* A flow that went on sending while the heap grew shares from now on. */
static void judge(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now,
                  unsigned i)
{
    struct aggregate_flow *f = &r->flows[i];
    double sent = 8e9 * (double)(w->largest->flows[i].bytes - f->hold_bytes);
    f->heaps++;
    if (tstamp_reached(r->heap.end, now) &&
        sent > HEAP_PAYS * f->rate_bps * (double)tstamp_sub(now, r->heap.from)) {
        f->shares = true;
        f->since = now;
    } else if (f->heaps == HEAP_TRIES && r->stage == AGGREGATE_ON) {
        f->again = tstamp_add(now, HEAP_PATIENCE_NS);
        leave_alone(r, w, i);
    }
}

/* True: the heap is over now. */
static bool end_heap(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now)
{
    if (!r->heap.grows || !tstamp_reached(heap_deadline(r), now))
        return false;
    for (unsigned i = 0; i < LARGEST_FLOWS; i++) {
        struct aggregate_flow *f = &r->flows[i];
        if (!in_heap(r, f))
            continue;
        let_go(w, f, TSTAMP_NEVER);
        if (!f->shares)
            judge(r, w, now, i);
    }
    r->heap.grows = false;
    let_go_due(r, w, now);
    begin_turn(r, w, now);
    return true;
}

/* ---- stages ---- */

static void watch(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now,
                  const struct view *v)
{
    bool full = w->bulk_bps > HEAP_FULL_BEST * v->best_bps &&
                w->bulk_bps < HEAP_FULL_ALL * v->all_bps && v->all_bps > HEAP_GAIN * v->best_bps &&
                v->apart && heap_ns(v) < HEAP_REFUSED_NS && !w->ranked;
    if (w->held || w->queued_bytes * 8e9 >
                       (HEAP_FULL_QUEUE_NS + HEAP_FULL_QUEUE_RTTS * v->near_ns) * v->best_bps)
        full = false;
    if (!full)
        r->full_from = TSTAMP_NEVER;
    else if (tstamp_is_never(r->full_from) || w->bulk_bps > HEAP_GROWS * r->gain.rate_bps) {
        r->full_from = now;
        r->gain.rate_bps = w->bulk_bps;
    }
    if (!full || tstamp_sub(now, r->full_from) < HEAP_FULL_NS || !tstamp_reached(r->again, now))
        return;
    join(r, w, now);
    if (count_flows(r).asked == 0)
        return;
    r->gain.rate_bps = fmin(r->gain.rate_bps, w->bulk_bps);
    r->rtt_ns = 0;
    set_stage(r, w, now, AGGREGATE_TRY);
}

static void try_windows(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now,
                        const struct view *v)
{
    if (end_heap(r, w, now) && count_flows(r).sharing > 0) {
        set_stage(r, w, now, AGGREGATE_ON);
        r->gain.fast_at = now;
        r->gain.settled_bps = r->gain.rate_bps;
        r->heap.next = tstamp_add(now, HEAP_FIRST_RTTS * (int64_t)v->far_ns);
    } else if (!r->heap.grows && r->heap.count == HEAP_TRIES) {
        give_up(r, w, now);
    } else if (!r->heap.grows) {
        begin_heap(r, w, now, v, true);
    }
}

/* Whether one pauses, as BBR does to measure its round trip: then it has settled. */
static bool pauses(struct aggregate *r, struct tstamp now)
{
    bool any = false;
    for (unsigned i = 0; i < LARGEST_FLOWS; i++) {
        struct aggregate_flow *f = &r->flows[i];
        bool paused =
            f->asked && f->quiet_turns >= HEAP_QUIET_TURNS && f->quiet_turns < HEAP_QUIET_MOST;
        if (paused && f->shares && tstamp_sub(now, f->since) > HEAP_SETTLE_NS)
            f->settled = true;
        any = any || paused;
    }
    return any;
}

/* Left alone, the flows are not as fast as they were before they measured their round trips. */
static bool relapses(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now,
                     bool paused)
{
    if (paused || r->standing > HEAP_STANDING_FEW ||
        w->bulk_bps > HEAP_RELAPSED * r->gain.settled_bps)
        r->gain.sound_at = now;
    return tstamp_sub(now, r->gain.sound_at) > HEAP_RELAPSE_NS;
}

static void share(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now,
                  const struct view *v, double step)
{
    bool paused = pauses(r, now);
    bool fast = w->bulk_bps > HEAP_GAIN * r->gain.rate_bps;
    end_heap(r, w, now);
    part(r, w, now);
    join(r, w, now);
    struct count n = count_flows(r);
    if (fast)
        r->gain.fast_at = now;
    if (fast || w->bulk_bps > HEAP_SLOW * r->gain.rate_bps)
        r->gain.good_at = now;
    if (n.sharing == 0 || tstamp_sub(now, r->gain.fast_at) > HEAP_GAIN_NS ||
        tstamp_sub(now, r->gain.good_at) > HEAP_SLOW_NS) {
        give_up(r, w, now);
        return;
    }
    if (n.settled == n.asked) {
        if (fast)
            r->patience_ns = 0;
        if (!relapses(r, w, now, paused))
            return;
        for (unsigned i = 0; i < LARGEST_FLOWS; i++)
            r->flows[i].settled = false;
        r->gain.sound_at = r->heap.next = now;
    } else {
        r->gain.sound_at = now;
        r->gain.settled_bps =
            fmax(w->bulk_bps, r->gain.settled_bps * (1 - step / HEAP_SETTLED_PARTS));
        /* Where some have settled, the queue is theirs. */
        bool whole = !paused && (r->standing < HEAP_STANDING_FEW || n.settled > 0) &&
                     tstamp_reached(r->heap.next, now);
        /* Until a window pays heap follows heap: BBR remembers them for a few short round trips. */
        if (!r->heap.grows && (whole || n.sharing < n.asked))
            begin_heap(r, w, now, v, whole);
    }
}

/* Whether the slow paths were in use of late, and are within reach. */
static void look_spread(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now,
                        const struct view *v)
{
    if (w->sharing)
        r->spread_at = now;
    r->spreads = v->apart && heap_ns(v) < HEAP_REFUSED_NS && !w->ranked && r->spread_at.ns != 0 &&
                 tstamp_sub(now, r->spread_at) < HEAP_SPREAD_NS;
}

void aggregate_tick(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now)
{
    bool heap_over = tstamp_reached(heap_deadline(r), now);
    if (tstamp_reached(r->due, now))
        let_go_due(r, w, now);
    if (tstamp_sub(now, r->looked_at) < HEAP_LOOK_NS && !heap_over)
        return;
    struct view v = look(w->paths);
    double step = fmin(1, (double)tstamp_sub(now, r->looked_at) / HEAP_STANDING_MEMORY_NS);
    r->standing += step * ((w->queued_bytes * 8e9 > HEAP_STANDING_NS * w->all_bps) - r->standing);
    r->looked_at = now;
    r->floor_ns = (int64_t)fmin(HEAP_FLOOR * v.far_min_ns, HEAP_REFUSED_NS + v.near_ns);
    look_spread(r, w, now, &v);
    meet(r, w);
    count_turn(r, w, now);
    switch (r->stage) {
    case AGGREGATE_OFF:
        watch(r, w, now, &v);
        break;
    case AGGREGATE_TRY:
        try_windows(r, w, now, &v);
        break;
    case AGGREGATE_ON:
        share(r, w, now, &v, step);
        break;
    }
}
