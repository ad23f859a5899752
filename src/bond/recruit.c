/* SPDX-License-Identifier: ISC */
#include "bond/recruit.h"

#include <math.h>

#include "bond/inner.h"
#include "bond/internal.h"

enum {
    TRY_HEAPS = 6,   /* after so many the window is as open as it gets */
    HEAP_ROUNDS = 7, /* BBR remembers a heap for five to ten */
    QUIET_TURNS = 3, /* BBR measures its smallest round trip for 200 ms */
    ACK_BYTES_MAX = 120,
};

#define LOOK_EVERY_NS (10 * NS_PER_MS)
/* The best path alone is full: for so long, without growth, and without a queue. */
#define FULL_FOR_NS (2 * NS_PER_S)
#define FULL_QUEUE_NS 10e6
#define TURN_NS (50 * NS_PER_MS)
#define HEAP_LEAST_NS 20e6
#define HEAP_MOST_NS 95e6       /* of the 100 ms that BBR allows for */
#define HEAP_REFUSED_NS 115e6   /* the slowest path is out of reach */
#define DRY_NS (25 * NS_PER_MS) /* no acknowledgement for so long: the sender waits for us */
#define STANDING_NS 5e6
#define STANDING_MEMORY_NS 300e6
#define PATIENCE_NS (10 * NS_PER_S)
#define PATIENCE_MOST_NS (320 * NS_PER_S)
/* When to give up: as slow as that, or no faster than before, for so long. */
#define SLOW_MOST_NS (1500 * NS_PER_MS)
#define GAIN_WITHIN_NS (6 * NS_PER_S)
#define SETTLE_LEAST_NS (500 * NS_PER_MS) /* a sooner pause measured the best path */
#define RELAPSE_NS (600 * NS_PER_MS)

static const double apart_least = 1.4; /* of the smallest round trips of the slowest and the best */
static const double grows = 1.08;
static const double gain_least = 1.1;
static const double slow = 0.6;
static const double relapsed = 0.85;
static const double quiet = 0.15;
static const double others_most = 0.03;
static const double standing_few = 0.3;
static const double pays_least = 0.8;

/* What is to be known of the usable paths. */
struct view {
    double best_bps;
    double all_bps; /* a path that was not tried yet counts as fast */
    double near_ns; /* smallest and largest round trip */
    double far_ns;
    bool apart; /* the slowest is too slow for a window of two of the smallest round trips */
};

static struct view look(const struct bond *b)
{
    struct view v = { .near_ns = INFINITY };
    double near_min = INFINITY;
    double far_min = 0;
    for_each_path (b, p) {
        if (!path_usable(p))
            continue;
        bool tried = p->rate.phase != RATE_START;
        if (tried)
            v.best_bps = fmax(v.best_bps, p->rate.capacity_bps);
        v.all_bps += tried ? p->rate.capacity_bps : INFINITY;
        near_min = fmin(near_min, (double)p->rtt_min_ns);
        far_min = fmax(far_min, (double)p->rtt_min_ns);
        v.near_ns = fmin(v.near_ns, (double)p->srtt_ns);
        v.far_ns = fmax(v.far_ns, (double)p->srtt_ns);
    }
    v.apart = far_min > apart_least * near_min;
    return v;
}

/* How much later than on the best path an acknowledgement would come on the slowest; a bit more. */
static double heap_ns(const struct view *v)
{
    return 1.15 * v->far_ns - v->near_ns;
}

static void release(struct bond *b)
{
    struct recruit *r = &b->recruit;
    r->holding = false;
    if (r->held != NULL)
        pkt_list_push(&b->reorder.out, r->held);
    r->held = NULL;
}

void recruit_clear(struct bond *b)
{
    pkt_put(b->recruit.held);
    b->recruit = (struct recruit){ .full_from = TSTAMP_NEVER };
    b->queue.heavy.kept = false;
}

static void set_stage(struct bond *b, struct tstamp now, enum recruit_stage stage)
{
    struct recruit *r = &b->recruit;
    r->stage = stage;
    r->since = now;
    r->good_at = r->sound_at = now;
    r->heaps = 0;
    r->full_from = TSTAMP_NEVER;
    if (stage == RECRUIT_OFF)
        release(b);
    b->queue.heavy.others = 0;
    r->others = 0;
    b->queue.heavy.kept = stage == RECRUIT_ON || stage == RECRUIT_SETTLED;
}

static void give_up(struct bond *b, struct tstamp now)
{
    struct recruit *r = &b->recruit;
    r->patience_ns = r->patience_ns == 0 ? PATIENCE_NS : 2 * r->patience_ns;
    if (r->patience_ns > PATIENCE_MOST_NS)
        r->patience_ns = PATIENCE_MOST_NS;
    r->again = tstamp_add(now, r->patience_ns);
    set_stage(b, now, RECRUIT_OFF);
}

/* A round trip of the flow as seen from here, by the acknowledgement of what it sent last. */
static void time_rtt(struct recruit *r, struct tstamp now, uint32_t acked)
{
    if (!r->timing || (int32_t)(acked - r->timed_byte) < 0)
        return;
    int64_t rtt_ns = tstamp_sub(now, r->timed_at);
    r->rtt_ns = r->rtt_ns == 0 ? rtt_ns : r->rtt_ns + (rtt_ns - r->rtt_ns) / 4;
    r->timing = false;
}

bool recruit_hold(struct bond *b, struct pkt *p)
{
    struct recruit *r = &b->recruit;
    struct inner_info i;
    if (r->stage == RECRUIT_OFF || p->len_bytes > ACK_BYTES_MAX ||
        !inner_parse(p->data, p->len_bytes, b->queue.seed, &i) || !i.pure_ack ||
        inner_reverse_hash(p->data, &i, b->queue.seed) != r->flow)
        return false;
    bool progress = !r->acked_known || (int32_t)(i.tcp_ack - r->acked) > 0;
    if (progress)
        r->acked = i.tcp_ack;
    r->acked_known = true;
    r->ack_at = b->now;
    if (!r->holding)
        time_rtt(r, b->now, i.tcp_ack);
    if (!r->holding || !progress)
        return false; /* what tells of a hole is not late */
    r->timing = false;
    pkt_put(r->held);
    r->held = p;
    return true;
}

static void begin_heap(struct bond *b, struct tstamp now, const struct view *v)
{
    struct recruit *r = &b->recruit;
    double ns = fmin(fmax(heap_ns(v), HEAP_LEAST_NS), HEAP_MOST_NS);
    r->holding = true;
    r->heaps++;
    r->hold_from = now;
    r->hold_end = tstamp_add(now, (int64_t)ns);
    r->ack_at = now;
    r->hold_bytes = b->queue.heavy.bytes;
    r->next_heap = tstamp_add(now, HEAP_ROUNDS * (int64_t)fmax((double)r->rtt_ns, v->far_ns));
}

struct tstamp recruit_deadline(const struct bond *b)
{
    const struct recruit *r = &b->recruit;
    if (!r->holding)
        return TSTAMP_NEVER;
    return tstamp_min(r->hold_end, tstamp_add(r->ack_at, DRY_NS));
}

/* True: the heap is over now. */
static bool end_heap(struct bond *b, struct tstamp now)
{
    struct recruit *r = &b->recruit;
    if (!r->holding || !tstamp_reached(recruit_deadline(b), now))
        return false;
    release(b);
    return true;
}

/* Whether the flow went on sending while the heap grew. */
static bool window_pays(const struct bond *b, struct tstamp now)
{
    const struct recruit *r = &b->recruit;
    double sent = 8e9 * (double)(b->queue.heavy.bytes - r->hold_bytes);
    return tstamp_reached(r->hold_end, now) &&
           sent > pays_least * r->rate_bps * (double)tstamp_sub(now, r->hold_from);
}

static void watch(struct bond *b, struct tstamp now, const struct view *v)
{
    struct recruit *r = &b->recruit;
    bool full = b->bulk_bps > 0.75 * v->best_bps && b->bulk_bps < 0.9 * v->all_bps &&
                v->all_bps > 1.1 * v->best_bps && v->apart && heap_ns(v) < HEAP_REFUSED_NS &&
                !b->ranked;
    if (b->queue.bytes * 8e9 > (FULL_QUEUE_NS + v->near_ns / 4) * v->best_bps)
        full = false;
    if (!full)
        r->full_from = TSTAMP_NEVER;
    else if (tstamp_is_never(r->full_from) || b->bulk_bps > grows * r->rate_bps) {
        r->full_from = now;
        r->rate_bps = b->bulk_bps;
    }
    if (!full || tstamp_sub(now, r->full_from) < FULL_FOR_NS || !tstamp_reached(r->again, now) ||
        !flowq_heavy(&b->queue, &r->flow))
        return;
    r->rate_bps = fmin(r->rate_bps, b->bulk_bps);
    r->rtt_ns = 0;
    r->timing = r->acked_known = false;
    r->quiet_turns = 0;
    set_stage(b, now, RECRUIT_TRY);
}

static void try_window(struct bond *b, struct tstamp now, const struct view *v)
{
    struct recruit *r = &b->recruit;
    if (end_heap(b, now) && window_pays(b, now)) {
        set_stage(b, now, RECRUIT_ON);
        r->fast_at = now;
        r->settled_bps = r->rate_bps;
        r->next_heap = tstamp_add(now, 3 * (int64_t)v->far_ns);
    } else if (!r->holding && r->heaps == TRY_HEAPS) {
        give_up(b, now);
    } else if (!r->holding) {
        begin_heap(b, now, v);
    }
}

/* Whether the flow pauses, as BBR does to measure its round trip. */
static bool pauses(struct bond *b, struct tstamp now)
{
    struct recruit *r = &b->recruit;
    uint64_t bytes = b->queue.heavy.bytes;
    int64_t turn_ns = tstamp_sub(now, r->turn);
    if (turn_ns >= TURN_NS) {
        double bps = 8e9 * (double)(bytes - r->turn_bytes) / (double)turn_ns;
        r->quiet_turns = bps < quiet * r->rate_bps ? r->quiet_turns + 1 : 0;
        r->turn = now;
        r->turn_bytes = bytes;
    }
    return r->quiet_turns >= QUIET_TURNS;
}

/* Left alone, the flow is not as fast as it was before it measured its round trip. */
static bool relapses(struct bond *b, struct tstamp now, bool paused)
{
    struct recruit *r = &b->recruit;
    if (paused || r->standing > standing_few || b->bulk_bps > relapsed * r->settled_bps)
        r->sound_at = now;
    return tstamp_sub(now, r->sound_at) > RELAPSE_NS;
}

static void share(struct bond *b, struct tstamp now, const struct view *v, double step)
{
    struct recruit *r = &b->recruit;
    bool paused = pauses(b, now);
    bool fast = b->bulk_bps > gain_least * r->rate_bps;
    end_heap(b, now);
    if (fast)
        r->fast_at = now;
    if (fast || b->bulk_bps > slow * r->rate_bps)
        r->good_at = now;
    /* Another flow would find the slow path's delay, and no window for it. */
    r->others = r->others * (1 - step) + (double)b->queue.heavy.others;
    b->queue.heavy.others = 0;
    if (r->others * 8e9 > others_most * b->bulk_bps * STANDING_MEMORY_NS) {
        r->again = tstamp_add(now, PATIENCE_NS);
        set_stage(b, now, RECRUIT_OFF);
        return;
    }
    if (tstamp_sub(now, r->fast_at) > GAIN_WITHIN_NS ||
        tstamp_sub(now, r->good_at) > SLOW_MOST_NS) {
        give_up(b, now);
        return;
    }
    if (r->stage == RECRUIT_SETTLED) {
        if (fast)
            r->patience_ns = 0;
        if (relapses(b, now, paused)) {
            set_stage(b, now, RECRUIT_ON);
            r->next_heap = now;
        }
    } else if (paused && tstamp_sub(now, r->since) > SETTLE_LEAST_NS) {
        release(b);
        set_stage(b, now, RECRUIT_SETTLED);
    } else {
        r->settled_bps = fmax(b->bulk_bps, r->settled_bps * (1 - step / 10));
        if (!r->holding && !paused && r->standing < standing_few &&
            tstamp_reached(r->next_heap, now))
            begin_heap(b, now, v);
    }
}

void recruit_tick(struct bond *b, struct tstamp now)
{
    struct recruit *r = &b->recruit;
    bool heap_over = r->holding && tstamp_reached(recruit_deadline(b), now);
    if (tstamp_sub(now, r->looked_at) < LOOK_EVERY_NS && !heap_over)
        return;
    struct view v = look(b);
    double step = fmin(1, (double)tstamp_sub(now, r->looked_at) / STANDING_MEMORY_NS);
    r->standing += step * ((b->queue.bytes * 8e9 > STANDING_NS * b->usable_bps) - r->standing);
    r->looked_at = now;
    if (r->stage != RECRUIT_OFF && !r->timing && !r->holding) {
        r->timing = true;
        r->timed_byte = b->queue.heavy.tcp_end;
        r->timed_at = now;
    }
    switch (r->stage) {
    case RECRUIT_OFF:
        watch(b, now, &v);
        break;
    case RECRUIT_TRY:
        try_window(b, now, &v);
        break;
    case RECRUIT_ON:
    case RECRUIT_SETTLED:
        share(b, now, &v, step);
        break;
    }
}
