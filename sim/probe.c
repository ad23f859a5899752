/* SPDX-License-Identifier: ISC */
#include "sim/probe.h"

static struct segment packet_of(const struct probe *p, enum side from)
{
    return (struct segment){ .kind = p->kind,
                             .from = from,
                             .port = p->port,
                             .len_bytes = p->kind == SEGMENT_ECHO
                                              ? SEGMENT_ECHO_BYTES - SEGMENT_IP_BYTES - 8
                                              : PROBE_CALL_BYTES };
}

static enum side other(enum side side)
{
    return side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
}

static bool is_measured(const struct probe *p, struct tstamp sent_at)
{
    return !tstamp_before(sent_at, p->measure_from) && tstamp_before(sent_at, p->measure_to);
}

static void send_next(void *owner, uint64_t value)
{
    struct probe *p = owner;
    struct tstamp now = p->net->events->now;
    (void)value;
    struct segment s = packet_of(p, p->side);
    s.seq = p->next++;
    s.time_us = net_clock_us(p->net);
    if (is_measured(p, now))
        p->sent++;
    net_send(p->net, &s, 1);
    events_add(p->net->events, tstamp_add(now, p->interval_ns), send_next, p, 0);
}

static void answer(void *owner, const struct segment *s)
{
    struct probe *p = owner;
    struct segment reply = packet_of(p, other(p->side));
    reply.reply = true;
    reply.seq = s->seq;
    reply.time_us = s->time_us;
    net_send(p->net, &reply, 1);
}

static void arrive(void *owner, const struct segment *s)
{
    struct probe *p = owner;
    struct tstamp now = p->net->events->now;
    int64_t delay_ns = (int64_t)(uint32_t)(net_clock_us(p->net) - s->time_us) * NS_PER_US;
    int64_t gap_ns = tstamp_sub(now, tstamp_max(p->last_arrival, p->measure_from));
    p->last_arrival = now;
    if (gap_ns > p->longest_gap_ns)
        p->longest_gap_ns = gap_ns;
    if (is_measured(p, tstamp_add(now, -delay_ns)))
        series_add(&p->delays, delay_ns);
}

void probe_init(struct probe *p, struct net *net, enum segment_kind kind, enum side side,
                uint16_t port)
{
    *p = (struct probe){ .net = net,
                         .kind = kind,
                         .side = side,
                         .port = port,
                         .interval_ns = PROBE_INTERVAL_MS * NS_PER_MS };
    if (kind == SEGMENT_ECHO) {
        net_attach(net, other(side), port, answer, p);
        net_attach(net, side, port, arrive, p);
    } else {
        net_attach(net, other(side), port, arrive, p);
    }
}

void probe_free(struct probe *p)
{
    series_free(&p->delays);
}

void probe_start(struct probe *p, struct tstamp measure_from, struct tstamp measure_to)
{
    p->measure_from = measure_from;
    p->measure_to = measure_to;
    p->last_arrival = p->net->events->now;
    send_next(p, 0);
}

double probe_in_time(const struct probe *p, int64_t most_ns)
{
    size_t good = 0;
    for (size_t i = 0; i < p->delays.count; i++)
        good += p->delays.value_ns[i] <= most_ns;
    return p->sent > 0 ? (double)good / (double)p->sent : 1.0;
}
