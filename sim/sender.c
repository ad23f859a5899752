/* SPDX-License-Identifier: ISC */
#include "sim/sender.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "sim/sender_loss.h"

enum { BURST_MIN_SEGMENTS = 2 };

#define CONNECT_RETRY_NS NS_PER_S
#define SUPER_PACKET_NS NS_PER_MS /* as Linux sizes super-packets: about 1 ms of the rate */

static uint64_t segment_of(const struct sender *s, uint32_t seq)
{
    return segment_expand(seq, s->flight.una * s->segment_bytes) / s->segment_bytes;
}

static void note_sent(struct sender *s, uint64_t number, bool repeat)
{
    struct sender_segment *g = sender_at(s, number);
    struct tstamp now = s->net->events->now;
    if (s->flight.segments == 0) {
        s->delivery.at = now;
        s->delivery.first_sent_at = now;
    }
    *g = (struct sender_segment){
        .sent_at = now,
        .delivered_at = s->delivery.at,
        .first_sent_at = s->delivery.first_sent_at,
        .delivered = s->delivery.segments,
        .pn = ++s->flight.next_pn,
        .in_flight = true,
        .repeated = repeat,
        .rate_limited = s->delivery.rate_limited_to > 0,
    };
    sender_list_add(s, number);
    s->flight.segments++;
    s->counts.sent++;
    if (s->state == SENDER_RECOVERY)
        s->recovery.sent++;
    if (!repeat)
        return;
    s->counts.repeated++;
    s->flight.repeats++;
    s->recovery.undo_repeats++;
    if (!s->recovery.repeat_stamped) {
        s->recovery.repeat_stamped = true;
        s->recovery.repeat_stamp_us = net_clock_us(s->net);
    }
}

static void transmit(struct sender *s, uint64_t number, uint16_t count, bool repeat)
{
    for (uint16_t i = 0; i < count; i++)
        note_sent(s, number + i, repeat);
    struct segment out = {
        .kind = s->config.kind,
        .from = s->config.side,
        .port = s->config.port,
        .ecn = s->config.ecn ? ECN_CAPABLE : ECN_NOT_CAPABLE,
        .ack = s->config.kind == SEGMENT_TCP,
        .cwr = s->recovery.tell_cwr,
        .seq = (uint32_t)(number * s->segment_bytes),
        .time_us = net_clock_us(s->net),
        .pn = s->flight.next_pn,
        .len_bytes = s->segment_bytes,
    };
    s->recovery.tell_cwr = false;
    if (s->cc.pacing > 0.0) {
        struct tstamp from = tstamp_max(s->timers.next_send, s->net->events->now);
        s->timers.next_send = tstamp_add(from, (int64_t)(count * 1e9 / s->cc.pacing));
    }
    net_send(s->net, &out, count);
}

/* The first lost segment; there is one. */
static uint64_t find_lost(struct sender *s)
{
    if (s->flight.first_lost < s->flight.una)
        s->flight.first_lost = s->flight.una;
    while (!sender_at(s, s->flight.first_lost)->lost)
        s->flight.first_lost++;
    assert(s->flight.first_lost < s->flight.next);
    return s->flight.first_lost;
}

static uint16_t super_segments(const struct sender *s)
{
    if (s->config.kind != SEGMENT_TCP || s->config.super_segments <= 1 || s->rtt.srtt_ns == 0)
        return 1;
    double rate =
        s->cc.pacing > 0.0 ? s->cc.pacing : 1.2 * s->cc.window * 1e9 / (double)s->rtt.srtt_ns;
    double fit = rate * (double)SUPER_PACKET_NS / 1e9;
    if (fit < BURST_MIN_SEGMENTS)
        return BURST_MIN_SEGMENTS;
    return fit > s->config.super_segments ? s->config.super_segments : (uint16_t)fit;
}

/* How many new segments the receiver's window and the application allow. */
static uint64_t new_segments(const struct sender *s)
{
    uint64_t left = s->flight.una + s->window_segments - s->flight.next;
    uint64_t limit = s->config.limit_segments;
    if (limit > 0 && limit - s->flight.next < left)
        left = limit - s->flight.next;
    return left;
}

static bool send_one(struct sender *s, uint32_t room)
{
    if (s->flight.lost > 0) {
        uint64_t number = find_lost(s);
        sender_at(s, number)->lost = false;
        s->flight.lost--;
        transmit(s, number, 1, true);
        return true;
    }
    uint64_t window_left = new_segments(s);
    if (window_left == 0) {
        s->delivery.rate_limited_to = s->delivery.segments + s->flight.segments;
        return false;
    }
    uint16_t count = super_segments(s);
    if (count > room)
        count = (uint16_t)room;
    if (count > window_left)
        count = (uint16_t)window_left;
    transmit(s, s->flight.next, count, false);
    s->flight.next += count;
    return true;
}

static void push(struct sender *s)
{
    uint32_t window = (uint32_t)fmax(s->cc.window, 1.0);
    while (s->connected && s->flight.segments < window) {
        if (s->cc.pacing > 0.0 && tstamp_before(s->net->events->now, s->timers.next_send)) {
            timer_set(&s->timers.pace, s->timers.next_send);
            break;
        }
        if (!send_one(s, window - s->flight.segments))
            break;
    }
    sender_arm(s);
}

static void pace_over(void *owner)
{
    push(owner);
}

static void connect_try(void *owner, uint64_t value)
{
    struct sender *s = owner;
    (void)value;
    if (s->connected)
        return;
    struct segment syn = { .kind = s->config.kind,
                           .from = s->config.side,
                           .port = s->config.port,
                           .syn = true,
                           .time_us = net_clock_us(s->net) };
    net_send(s->net, &syn, 1);
    events_add(s->net->events, tstamp_add(s->net->events->now, CONNECT_RETRY_NS), connect_try, s,
               0);
}

/* What one acknowledgement delivers. */
struct harvest {
    uint32_t count;
    bool rtt_valid;
    struct tstamp rtt_sent_at; /* of the segment sent last among those not repeated */
    bool sampled;
    struct sender_segment sample; /* the segment sent last: for the delivery rate */
};

static void harvest_segment(struct sender *s, uint64_t number, const struct segment *ack,
                            struct harvest *h)
{
    struct sender_segment *g = sender_at(s, number);
    if (g->done)
        return;
    g->done = true;
    if (g->lost) {
        g->lost = false;
        s->flight.lost--;
    }
    if (g->in_flight)
        sender_list_remove(s, number);
    h->count++;
    s->delivery.segments++;
    bool original = !g->repeated;
    if (original && number < s->flight.highest && s->config.kind == SEGMENT_TCP)
        s->rack.reordering_seen = true;
    if (number >= s->flight.highest)
        s->flight.highest = number + 1;
    if (s->config.kind == SEGMENT_QUIC) {
        original = (int32_t)(ack->largest - g->pn) >= 0;
        if (g->pn == ack->largest)
            s->quic.largest_sent_at = g->sent_at;
    }
    if (original && (!h->rtt_valid || tstamp_before(h->rtt_sent_at, g->sent_at))) {
        h->rtt_valid = true;
        h->rtt_sent_at = g->sent_at;
    }
    if (!h->sampled || g->delivered >= h->sample.delivered) {
        h->sampled = true;
        h->sample = *g;
    }
    sender_rack_note(s, number, ack->echo_us);
}

/* A range that an earlier acknowledgement told already is not walked again but for its ends. */
static void harvest_range(struct sender *s, const struct segment *ack, struct segment_range range,
                          struct harvest *h)
{
    uint64_t start = segment_of(s, range.start);
    uint64_t end = segment_of(s, range.end);
    if (start < s->flight.una || end > s->flight.next || start >= end)
        return;
    for (size_t i = 0; i < s->flight.told_count; i++) {
        uint64_t told_start = segment_of(s, s->flight.told[i].start);
        uint64_t told_end = segment_of(s, s->flight.told[i].end);
        if (told_start >= start && told_end <= end && told_start < told_end) {
            for (uint64_t n = start; n < told_start; n++)
                harvest_segment(s, n, ack, h);
            start = told_end;
            break;
        }
    }
    for (uint64_t n = start; n < end; n++)
        harvest_segment(s, n, ack, h);
}

/* RFC 2883: the first range tells of a duplicate if it lies before the rest or inside the next. */
static bool tells_duplicate(const struct segment *ack)
{
    if (ack->range_count == 0)
        return false;
    const struct segment_range *r = ack->ranges;
    if ((int32_t)(r[0].end - ack->ack_seq) <= 0)
        return true;
    return ack->range_count > 1 && (int32_t)(r[0].start - r[1].start) >= 0 &&
           (int32_t)(r[1].end - r[0].end) >= 0;
}

static void note_rtt(struct sender *s, int64_t rtt_ns)
{
    s->rtt.last_ns = rtt_ns;
    if (s->rtt.least_ns == 0 || rtt_ns < s->rtt.least_ns)
        s->rtt.least_ns = rtt_ns;
    if (s->rtt.srtt_ns == 0) {
        s->rtt.srtt_ns = rtt_ns;
        s->rtt.var_ns = rtt_ns / 2;
        return;
    }
    int64_t error_ns = rtt_ns - s->rtt.srtt_ns;
    s->rtt.srtt_ns += error_ns / 8;
    s->rtt.var_ns += ((error_ns < 0 ? -error_ns : error_ns) - s->rtt.var_ns) / 4;
}

/* draft-cheng-iccrg-delivery-rate-estimation */
static double delivery_rate(struct sender *s, const struct harvest *h)
{
    if (!h->sampled)
        return 0.0;
    struct tstamp now = s->net->events->now;
    s->delivery.at = now;
    s->delivery.first_sent_at = h->sample.sent_at;
    int64_t send_ns = tstamp_sub(h->sample.sent_at, h->sample.first_sent_at);
    int64_t ack_ns = tstamp_sub(now, h->sample.delivered_at);
    int64_t interval_ns = send_ns > ack_ns ? send_ns : ack_ns;
    if (interval_ns <= 0 || interval_ns < s->rtt.least_ns)
        return 0.0;
    return (double)(s->delivery.segments - h->sample.delivered) * 1e9 / (double)interval_ns;
}

static void receive_ack(struct sender *s, const struct segment *ack)
{
    uint32_t inflight_before = s->flight.segments;
    uint64_t una_before = s->flight.una;
    struct harvest h = { 0 };
    uint64_t acked_to = segment_of(s, ack->ack_seq);
    if (acked_to < s->flight.una || acked_to > s->flight.next)
        return;
    if (s->config.kind == SEGMENT_QUIC && (int32_t)(ack->largest - s->quic.largest) > 0)
        s->quic.largest = ack->largest;
    while (s->flight.una < acked_to)
        harvest_segment(s, s->flight.una++, ack, &h);
    bool duplicate = tells_duplicate(ack);
    for (size_t i = duplicate ? 1 : 0; i < ack->range_count; i++)
        harvest_range(s, ack, ack->ranges[i], &h);
    s->flight.told_count = 0;
    for (size_t i = duplicate ? 1 : 0; i < ack->range_count; i++)
        s->flight.told[s->flight.told_count++] = ack->ranges[i];

    int64_t rtt_ns = h.rtt_valid ? tstamp_sub(s->net->events->now, h.rtt_sent_at) : 0;
    if (rtt_ns > 0)
        note_rtt(s, rtt_ns);
    double rate = delivery_rate(s, &h);
    if (s->delivery.segments > s->delivery.rate_limited_to)
        s->delivery.rate_limited_to = 0;
    if (h.count > 0) {
        s->rtt.backoff = 0;
        s->rack.probe_outstanding = false;
    }
    if (duplicate)
        sender_duplicate(s);
    if (s->flight.una > una_before)
        sender_progress(s, ack->echo_us);
    uint32_t lost = sender_detect(s);
    sender_react(s, ack, inflight_before);

    cc_ack(&s->cc, &(struct cc_ack){
                       .now = s->net->events->now,
                       .acked = h.count,
                       .inflight = s->flight.segments,
                       .inflight_before = inflight_before,
                       .lost = lost,
                       .rtt_ns = rtt_ns,
                       .srtt_ns = s->rtt.srtt_ns,
                       .rtt_min_ns = s->rtt.least_ns,
                       .una = s->flight.una,
                       .next = s->flight.next,
                       .delivered = s->delivery.segments,
                       .sample_delivered = h.sample.delivered,
                       .rate = rate,
                       .rate_limited = h.sample.rate_limited,
                       .window_limited = 2.0 * inflight_before >= s->cc.window,
                       .recovering = s->state == SENDER_RECOVERY,
                   });
    if (cc_is_probing_rtt(&s->cc))
        s->delivery.rate_limited_to = s->delivery.segments + s->flight.segments;
    sender_reduce(s, h.count);
    push(s);
}

static void receive(void *owner, const struct segment *ack)
{
    struct sender *s = owner;
    if (!s->connected) {
        s->connected = ack->syn && ack->ack;
        uint32_t rtt_us = net_clock_us(s->net) - ack->echo_us;
        if (s->connected && rtt_us > 0)
            note_rtt(s, (int64_t)rtt_us * NS_PER_US);
        push(s);
        return;
    }
    if (!ack->syn)
        receive_ack(s, ack);
}

/* Also without anything lost: the tail loss probe repeats the last segment. */
static void send_probe(struct sender *s)
{
    if (new_segments(s) > 0) {
        transmit(s, s->flight.next, 1, false);
        s->flight.next++;
    } else if (s->flight.newest != SENDER_NONE) {
        uint64_t number = s->flight.next - 1;
        if (sender_at(s, number)->in_flight) {
            sender_list_remove(s, number);
            transmit(s, number, 1, true);
        }
    }
}

static void loss_timer(void *owner)
{
    struct sender *s = owner;
    uint32_t inflight = s->flight.segments;
    switch (s->timers.loss_for) {
    case SENDER_TIMER_REORDER:
        sender_detect(s);
        sender_react(s, NULL, inflight);
        sender_reduce(s, 0);
        break;
    case SENDER_TIMER_PROBE:
        s->rack.probe_outstanding = true;
        send_probe(s);
        break;
    case SENDER_TIMER_RTO:
        sender_timeout(s);
        break;
    }
    push(s);
}

void sender_init(struct sender *s, struct net *net, const struct sender_config *config)
{
    *s = (struct sender){ .net = net,
                          .config = *config,
                          .flight.oldest = SENDER_NONE,
                          .flight.newest = SENDER_NONE,
                          .rack.factor = 1 };
    s->segment_bytes = config->mtu_bytes - segment_header_bytes(config->kind);
    s->window_segments = config->window_bytes / s->segment_bytes;
    if (s->window_segments > SENDER_RING - 1)
        s->window_segments = SENDER_RING - 1;
    s->flight.ring = sim_alloc(SENDER_RING, sizeof(*s->flight.ring));
    cc_init(&s->cc, config->cc, config->hystart, net->events->now);
    timer_init(&s->timers.loss, net->events, loss_timer, s);
    timer_init(&s->timers.pace, net->events, pace_over, s);
    net_attach(net, config->side, config->port, receive, s);
}

void sender_free(struct sender *s)
{
    free(s->flight.ring);
    s->flight.ring = NULL;
}

void sender_start(struct sender *s)
{
    connect_try(s, 0);
}
