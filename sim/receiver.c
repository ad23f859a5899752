/* SPDX-License-Identifier: ISC */
#include "sim/receiver.h"

#include <string.h>

enum {
    ACK_SEGMENTS = 2,
    SOCKET_PACKETS =
        92, /* full ones at 2304 bytes each in 208 KiB, Linux's net.core.rmem_default */
};

#define SOCKET_READ_NS (15 * NS_PER_US) /* a packet's way through a QUIC receiver */

#define TCP_ACK_DELAY_NS (40 * NS_PER_MS)
#define QUIC_ACK_DELAY_NS (25 * NS_PER_MS)

static const uint32_t tcp_clock_us = 1000; /* Linux counts its timestamps in milliseconds */

static size_t ranges_room(const struct receiver *r)
{
    return r->kind == SEGMENT_TCP ? SEGMENT_TCP_RANGES_MAX : SEGMENT_RANGES_MAX;
}

/* The first range that ends behind place. */
static size_t range_find(const struct receiver *r, uint64_t place)
{
    size_t low = 0;
    size_t high = r->range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->ranges[middle].end <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The ranges in the order in which they changed, each once (RFC 2018, section 4). */
static void put_ranges(struct receiver *r, struct segment *ack)
{
    size_t room = ranges_room(r);
    if (r->duplicate.end > r->duplicate.start) {
        ack->ranges[ack->range_count++] =
            (struct segment_range){ (uint32_t)r->duplicate.start, (uint32_t)r->duplicate.end };
        r->duplicate = (struct receiver_range){ 0 };
    }
    size_t kept = 0;
    size_t first = ack->range_count;
    for (size_t i = 0; i < r->recent_count && ack->range_count < room; i++) {
        size_t at = range_find(r, r->recent[i]);
        if (at == r->range_count || r->ranges[at].start > r->recent[i])
            continue;
        struct segment_range told = { (uint32_t)r->ranges[at].start, (uint32_t)r->ranges[at].end };
        bool repeated = false;
        for (size_t k = first; k < ack->range_count; k++)
            repeated = repeated || ack->ranges[k].start == told.start;
        if (repeated)
            continue;
        ack->ranges[ack->range_count++] = told;
        r->recent[kept++] = r->recent[i];
    }
    r->recent_count = kept;
}

static void send_ack(struct receiver *r, bool syn)
{
    struct segment ack = {
        .kind = r->kind,
        .from = r->side,
        .port = r->port,
        .ack = true,
        .syn = syn,
        .ece = r->congestion,
        .ack_seq = (uint32_t)r->next,
        .time_us = net_clock_us(r->net),
        .echo_us = r->echo_us,
        .largest = r->largest,
    };
    put_ranges(r, &ack);
    r->unacked = 0;
    r->acked = r->next;
    timer_stop(&r->delay);
    net_send(r->net, &ack, 1);
}

static void delay_over(void *owner)
{
    send_ack(owner, false);
}

static void remember_recent(struct receiver *r, uint64_t place)
{
    if (r->recent_count > 0) {
        /* The newest range growing is the usual case and needs no new entry. */
        size_t at = range_find(r, place);
        if (at < r->range_count && r->ranges[at].start <= r->recent[0] &&
            r->recent[0] < r->ranges[at].end)
            return;
    }
    size_t moved = r->recent_count < SEGMENT_RANGES_MAX ? r->recent_count : SEGMENT_RANGES_MAX - 1;
    memmove(&r->recent[1], &r->recent[0], moved * sizeof(r->recent[0]));
    r->recent[0] = place;
    r->recent_count = moved + 1;
}

/* False: it was there already, or there is no room. */
static bool insert_range(struct receiver *r, uint64_t start, uint64_t end)
{
    size_t at = range_find(r, start);
    bool joins_next = at < r->range_count && r->ranges[at].start <= end;
    if (joins_next && r->ranges[at].start <= start)
        return false;
    bool joins_last = at > 0 && r->ranges[at - 1].end == start;
    if (joins_last && joins_next) {
        r->ranges[at - 1].end = r->ranges[at].end;
        r->range_count--;
        memmove(&r->ranges[at], &r->ranges[at + 1], (r->range_count - at) * sizeof(r->ranges[0]));
    } else if (joins_last) {
        r->ranges[at - 1].end = end;
    } else if (joins_next) {
        r->ranges[at].start = start;
    } else {
        if (r->range_count == RECEIVER_RANGES_MAX)
            return false;
        memmove(&r->ranges[at + 1], &r->ranges[at], (r->range_count - at) * sizeof(r->ranges[0]));
        r->ranges[at] = (struct receiver_range){ start, end };
        r->range_count++;
    }
    remember_recent(r, start);
    return true;
}

/* Everything up to end is there in order now; what waits behind it is read as well. */
static void advance(struct receiver *r, uint64_t end)
{
    r->next = end;
    if (r->range_count > 0 && r->ranges[0].start <= end) {
        r->next = r->ranges[0].end;
        r->range_count--;
        memmove(&r->ranges[0], &r->ranges[1], r->range_count * sizeof(r->ranges[0]));
    }
    struct tstamp now = r->net->events->now;
    int64_t gap_ns = tstamp_sub(now, r->last_read);
    if (r->measuring && gap_ns > r->longest_stall_ns)
        r->longest_stall_ns = gap_ns;
    r->last_read = now;
}

/* RFC 7323, section 5.3: for TCP it comes from an earlier round of sequence numbers. */
static bool is_too_old(const struct receiver *r, const struct segment *s)
{
    return r->kind == SEGMENT_TCP && (int32_t)(s->time_us - r->echo_us) < 0 &&
           s->time_us / tcp_clock_us != r->echo_us / tcp_clock_us;
}

/* RFC 7323, section 4.3: what is acknowledged late echoes the earliest segment. */
static void note_time(struct receiver *r, const struct segment *s, uint64_t start)
{
    if (start <= r->acked && (int32_t)(s->time_us - r->echo_us) > 0)
        r->echo_us = s->time_us;
}

static void receive_data(struct receiver *r, const struct segment *s)
{
    uint64_t start = segment_expand(s->seq, r->next);
    uint64_t end = start + s->len_bytes;
    bool at_once = r->range_count > 0;
    if (is_too_old(r, s)) {
        r->too_old++;
        if (start < r->next)
            r->duplicate = (struct receiver_range){ start, end };
        send_ack(r, false);
        return;
    }
    note_time(r, s, start);
    if (end <= r->next || (start > r->next && !insert_range(r, start, end))) {
        r->duplicates++;
        r->duplicate = (struct receiver_range){ start, end };
        at_once = true;
    } else if (start > r->next) {
        r->out_of_order++;
        at_once = true;
    } else {
        advance(r, end);
    }
    r->unacked++;
    if (at_once || r->unacked >= ACK_SEGMENTS) {
        send_ack(r, false);
    } else if (r->unacked == 1) {
        int64_t delay_ns = r->kind == SEGMENT_TCP ? TCP_ACK_DELAY_NS : QUIC_ACK_DELAY_NS;
        timer_set(&r->delay, tstamp_add(r->net->events->now, delay_ns));
    }
}

/* A burst that the socket's buffer does not hold: TCP's has room for its window, UDP's has not. */
static bool socket_full(struct receiver *r)
{
    if (r->kind == SEGMENT_TCP)
        return false;
    struct tstamp now = r->net->events->now;
    r->socket_free_at = tstamp_max(r->socket_free_at, now);
    if (tstamp_sub(r->socket_free_at, now) >= SOCKET_PACKETS * SOCKET_READ_NS)
        return true;
    r->socket_free_at = tstamp_add(r->socket_free_at, SOCKET_READ_NS);
    return false;
}

static void receive(void *owner, const struct segment *s)
{
    struct receiver *r = owner;
    if (s->syn) {
        r->echo_us = s->time_us;
        send_ack(r, true);
        return;
    }
    if (s->len_bytes == 0 || socket_full(r))
        return;
    if ((int32_t)(s->pn - r->largest) > 0)
        r->largest = s->pn;
    if (s->cwr)
        r->congestion = false;
    if (s->ecn == ECN_CONGESTION)
        r->congestion = true;
    receive_data(r, s);
}

void receiver_init(struct receiver *r, struct net *net, enum segment_kind kind, enum side side,
                   uint16_t port)
{
    *r = (struct receiver){ .net = net, .kind = kind, .side = side, .port = port };
    timer_init(&r->delay, net->events, delay_over, r);
    net_attach(net, side, port, receive, r);
}

void receiver_measure(struct receiver *r)
{
    r->measuring = true;
    r->measured_from = r->next;
    r->last_read = r->net->events->now;
    r->longest_stall_ns = 0;
}

uint64_t receiver_measured_bytes(const struct receiver *r)
{
    return r->measuring ? r->next - r->measured_from : 0;
}

int64_t receiver_stall_ns(const struct receiver *r)
{
    if (!r->measuring)
        return 0;
    int64_t open_ns = tstamp_sub(r->net->events->now, r->last_read);
    return open_ns > r->longest_stall_ns ? open_ns : r->longest_stall_ns;
}
