/* SPDX-License-Identifier: ISC */
#include "sim/sender_loss.h"

#include <math.h>

enum {
    DUPLICATE_THRESHOLD = 3,
    PACKET_THRESHOLD = 3,
    REORDER_PERSIST = 16,
    BACKOFF_MAX = 8,
};

#define RTO_MIN_NS (200 * NS_PER_MS)
#define RTO_MAX_NS (120 * NS_PER_S)
#define RTO_FIRST_NS NS_PER_S
#define PROBE_LONE_NS                                                                              \
    (40 * NS_PER_MS) /* the receiver may delay a lone segment's acknowledgement                    \
                      */
#define TIMER_MIN_NS NS_PER_MS

void sender_list_add(struct sender *s, uint64_t number)
{
    uint16_t slot = (uint16_t)(number % SENDER_RING);
    s->flight.ring[slot].older = s->flight.newest;
    s->flight.ring[slot].newer = SENDER_NONE;
    if (s->flight.newest != SENDER_NONE)
        s->flight.ring[s->flight.newest].newer = slot;
    else
        s->flight.oldest = slot;
    s->flight.newest = slot;
}

void sender_list_remove(struct sender *s, uint64_t number)
{
    struct sender_segment *g = sender_at(s, number);
    if (g->older != SENDER_NONE)
        s->flight.ring[g->older].newer = g->newer;
    else
        s->flight.oldest = g->newer;
    if (g->newer != SENDER_NONE)
        s->flight.ring[g->newer].older = g->older;
    else
        s->flight.newest = g->older;
    g->in_flight = false;
    s->flight.segments--;
    if (g->repeated)
        s->flight.repeats--;
}

/* The number of a segment in flight from its slot. */
static uint64_t number_of(const struct sender *s, uint16_t slot)
{
    uint64_t base = s->flight.una - s->flight.una % SENDER_RING + slot;
    return base < s->flight.una ? base + SENDER_RING : base;
}

/* RFC 8985, section 6.2, steps 1 and 2. */
void sender_rack_note(struct sender *s, uint64_t number, uint32_t echo_us)
{
    const struct sender_segment *g = sender_at(s, number);
    int64_t rtt_ns = tstamp_sub(s->net->events->now, g->sent_at);
    if (g->repeated) {
        uint32_t sent_us = (uint32_t)(g->sent_at.ns / NS_PER_US);
        if ((int32_t)(echo_us - sent_us) < 0 || rtt_ns < s->rtt.least_ns)
            return;
    }
    s->rack.rtt_ns = rtt_ns;
    if (tstamp_before(s->rack.sent_at, g->sent_at) ||
        (s->rack.sent_at.ns == g->sent_at.ns && number > s->rack.segment)) {
        s->rack.sent_at = g->sent_at;
        s->rack.segment = number;
    }
}

/* What was declared lost counts as on its way again, as the oldest of the list. */
static void unmark_lost(struct sender *s)
{
    for (uint64_t number = s->flight.next; s->flight.lost > 0 && number-- > s->flight.una;) {
        struct sender_segment *g = sender_at(s, number);
        if (!g->lost)
            continue;
        uint16_t slot = (uint16_t)(number % SENDER_RING);
        g->lost = false;
        s->flight.lost--;
        g->in_flight = true;
        s->flight.segments++;
        if (g->repeated)
            s->flight.repeats++;
        g->older = SENDER_NONE;
        g->newer = s->flight.oldest;
        if (s->flight.oldest != SENDER_NONE)
            s->flight.ring[s->flight.oldest].older = slot;
        else
            s->flight.newest = slot;
        s->flight.oldest = slot;
    }
}

static void undo(struct sender *s)
{
    unmark_lost(s);
    cc_undo(&s->cc);
    s->state = SENDER_OPEN;
    s->recovery.undo_possible = false;
    s->counts.undone++;
}

void sender_duplicate(struct sender *s)
{
    if (s->config.kind != SEGMENT_TCP)
        return;
    if (s->flight.una >= s->rack.round) {
        s->rack.factor++;
        s->rack.persist = REORDER_PERSIST;
        s->rack.round = s->flight.next;
    }
    if (!s->recovery.undo_possible || s->recovery.undo_repeats == 0)
        return;
    if (--s->recovery.undo_repeats == 0)
        undo(s);
}

void sender_progress(struct sender *s, uint32_t echo_us)
{
    /* Eifel (RFC 3522): the original of what was repeated is what arrived. */
    bool original =
        s->recovery.repeat_stamped && (int32_t)(echo_us - s->recovery.repeat_stamp_us) < 0;
    if (original && s->recovery.undo_possible && s->state != SENDER_OPEN &&
        s->config.kind == SEGMENT_TCP)
        undo(s);
    if (s->state == SENDER_OPEN || s->flight.una < s->recovery.end)
        return;
    if (s->state == SENDER_RECOVERY)
        cc_recovered(&s->cc);
    s->state = SENDER_OPEN;
    if (s->rack.persist > 0 && --s->rack.persist == 0)
        s->rack.factor = 1;
}

static void declare_lost(struct sender *s, uint64_t number)
{
    sender_list_remove(s, number);
    sender_at(s, number)->lost = true;
    s->flight.lost++;
    if (number < s->flight.first_lost)
        s->flight.first_lost = number;
}

static int64_t reorder_window_ns(const struct sender *s)
{
    if (!s->rack.reordering_seen) {
        bool many = s->flight.highest >= s->flight.una + DUPLICATE_THRESHOLD;
        if (s->state != SENDER_OPEN || many)
            return 0;
    }
    int64_t window_ns = (int64_t)s->rack.factor * s->rtt.least_ns / 4;
    return window_ns < s->rtt.srtt_ns ? window_ns : s->rtt.srtt_ns;
}

/* RFC 8985, section 6.2, step 5. *wait_ns: until the next one would be lost; 0: none. */
static uint32_t detect_tcp(struct sender *s, int64_t *wait_ns)
{
    uint32_t lost = 0;
    int64_t allowed_ns = s->rack.rtt_ns + reorder_window_ns(s);
    uint16_t slot = s->flight.oldest;
    while (slot != SENDER_NONE) {
        struct sender_segment *g = &s->flight.ring[slot];
        uint64_t number = number_of(s, slot);
        slot = g->newer;
        if (tstamp_before(s->rack.sent_at, g->sent_at))
            break;
        if (s->rack.sent_at.ns == g->sent_at.ns && number >= s->rack.segment)
            break;
        int64_t left_ns = tstamp_sub(g->sent_at, s->net->events->now) + allowed_ns;
        if (left_ns <= 0) {
            declare_lost(s, number);
            lost++;
        } else if (left_ns > *wait_ns) {
            *wait_ns = left_ns;
        }
    }
    return lost;
}

/* RFC 9002, section 6.1. */
static uint32_t detect_quic(struct sender *s, int64_t *wait_ns)
{
    uint32_t lost = 0;
    int64_t rtt_ns = s->rtt.srtt_ns > s->rtt.last_ns ? s->rtt.srtt_ns : s->rtt.last_ns;
    int64_t allowed_ns = rtt_ns * 9 / 8;
    uint16_t slot = s->flight.oldest;
    while (slot != SENDER_NONE) {
        struct sender_segment *g = &s->flight.ring[slot];
        uint64_t number = number_of(s, slot);
        slot = g->newer;
        int32_t behind = (int32_t)(s->quic.largest - g->pn);
        if (behind <= 0)
            break;
        int64_t left_ns = tstamp_sub(g->sent_at, s->net->events->now) + allowed_ns;
        if (behind >= PACKET_THRESHOLD || left_ns <= 0) {
            declare_lost(s, number);
            lost++;
        } else if (*wait_ns == 0 || left_ns < *wait_ns) {
            *wait_ns = left_ns;
        }
    }
    return lost;
}

uint32_t sender_detect(struct sender *s)
{
    int64_t wait_ns = 0;
    bool tcp = s->config.kind == SEGMENT_TCP;
    uint32_t lost = tcp ? detect_tcp(s, &wait_ns) : detect_quic(s, &wait_ns);
    timer_stop(&s->timers.loss);
    if (wait_ns > 0) {
        s->timers.loss_for = SENDER_TIMER_REORDER;
        timer_set(&s->timers.loss, tstamp_add(s->net->events->now, wait_ns));
    }
    return lost;
}

/* Repeats of an earlier recovery that are still on their way must not pass for originals. */
static void expect_undo(struct sender *s)
{
    s->recovery.undo_possible = true;
    s->recovery.undo_repeats = s->flight.repeats;
    if (s->flight.repeats == 0)
        s->recovery.repeat_stamped = false;
}

static void begin_recovery(struct sender *s, uint32_t inflight_before)
{
    s->state = SENDER_RECOVERY;
    s->recovery.end = s->flight.next;
    s->recovery.flight = inflight_before > 0 ? inflight_before : 1;
    s->recovery.delivered = 0;
    s->recovery.sent = 0;
    expect_undo(s);
    s->counts.recoveries++;
    cc_congestion(&s->cc, s->net->events->now, s->flight.segments);
}

void sender_react(struct sender *s, const struct segment *ack, uint32_t inflight_before)
{
    if (s->flight.lost > 0 && s->state == SENDER_OPEN)
        begin_recovery(s, inflight_before);
    bool marked = ack != NULL && ack->ece && s->config.ecn && s->flight.una >= s->recovery.ecn_end;
    if (!marked)
        return;
    s->recovery.ecn_end = s->flight.next;
    s->recovery.tell_cwr = true;
    if (s->state == SENDER_OPEN) {
        begin_recovery(s, inflight_before);
        s->recovery.undo_possible = false;
    }
}

void sender_reduce(struct sender *s, uint32_t delivered)
{
    if (s->state != SENDER_RECOVERY || s->cc.kind != CC_CUBIC)
        return;
    if (s->config.kind == SEGMENT_QUIC) {
        s->cc.window = s->cc.threshold;
        return;
    }
    s->recovery.delivered += delivered;
    double room;
    if (s->flight.segments > s->cc.threshold) {
        room = ceil(s->recovery.delivered * s->cc.threshold / s->recovery.flight) -
               (double)s->recovery.sent;
    } else {
        double behind = (double)s->recovery.delivered - (double)s->recovery.sent;
        room = fmin(s->cc.threshold - s->flight.segments, fmax(behind, delivered) + 1.0);
    }
    double least = s->recovery.sent == 0 ? 1.0 : 0.0; /* the first repeat always leaves */
    s->cc.window = s->flight.segments + fmax(room, least);
}

static int64_t timeout_ns(const struct sender *s)
{
    if (s->rtt.srtt_ns == 0)
        return RTO_FIRST_NS << s->rtt.backoff;
    int64_t margin_ns = 4 * s->rtt.var_ns;
    int64_t rto_ns = s->rtt.srtt_ns + (margin_ns > RTO_MIN_NS ? margin_ns : RTO_MIN_NS);
    rto_ns <<= s->rtt.backoff;
    return rto_ns < RTO_MAX_NS ? rto_ns : RTO_MAX_NS;
}

/* RFC 8985, section 7.2; QUIC's probe timeout is near to it. */
static int64_t probe_ns(const struct sender *s)
{
    int64_t wait_ns = s->rtt.srtt_ns == 0 ? RTO_FIRST_NS : 2 * s->rtt.srtt_ns;
    if (s->flight.segments == 1)
        wait_ns += PROBE_LONE_NS;
    int64_t rto_ns = timeout_ns(s);
    return wait_ns < rto_ns ? wait_ns : rto_ns;
}

void sender_arm(struct sender *s)
{
    if (!tstamp_is_never(s->timers.loss.at) && s->timers.loss_for == SENDER_TIMER_REORDER)
        return;
    if (s->flight.segments == 0) {
        timer_stop(&s->timers.loss);
        return;
    }
    bool probe = s->state == SENDER_OPEN && !s->rack.probe_outstanding && s->rtt.backoff == 0;
    s->timers.loss_for = probe ? SENDER_TIMER_PROBE : SENDER_TIMER_RTO;
    int64_t wait_ns = probe ? probe_ns(s) : timeout_ns(s);
    if (wait_ns < TIMER_MIN_NS)
        wait_ns = TIMER_MIN_NS;
    timer_set(&s->timers.loss, tstamp_add(s->net->events->now, wait_ns));
}

void sender_timeout(struct sender *s)
{
    uint32_t inflight = s->flight.segments;
    s->counts.timeouts++;
    if (s->state != SENDER_LOSS) {
        expect_undo(s);
        cc_timeout(&s->cc, s->net->events->now, inflight);
    } else {
        s->cc.window = 1.0;
    }
    while (s->flight.oldest != SENDER_NONE)
        declare_lost(s, number_of(s, s->flight.oldest));
    s->state = SENDER_LOSS;
    s->recovery.end = s->flight.next;
    if (s->rtt.backoff < BACKOFF_MAX)
        s->rtt.backoff++;
}
