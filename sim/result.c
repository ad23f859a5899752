/* SPDX-License-Identifier: ISC */
#include "sim/result.h"

#include <math.h>
#include <string.h>

#include "sim/simulator_state.h"

/* The share of a link's bytes that TCP can carry. */
#define PAYLOAD_SHARE (1448.0 / LINK_FRAME_BYTES)

static double measured_s(const struct simulator *s)
{
    return (double)tstamp_sub(s->events.now, s->measured_from) / 1e9;
}

static double stream_bps(const struct simulator *s, const struct stream *stream)
{
    return (double)receiver_measured_bytes(&stream->receiver) * 8.0 / measured_s(s);
}

/* Jain, Chiu, Hawe: "A Quantitative Measure of Fairness", 1984. */
static double jain_index(const double *value, size_t count)
{
    double sum = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += value[i];
        squares += value[i] * value[i];
    }
    return squares > 0.0 ? sum * sum / ((double)count * squares) : 1.0;
}

static void stream_result(const struct simulator *s, const struct stream *stream,
                          struct sim_stream_result *r)
{
    int64_t stall_ns = receiver_stall_ns(&stream->receiver);
    if (stall_ns > r->stall_ns)
        r->stall_ns = stall_ns;
    r->segments += stream->sender.counts.sent;
    r->repeats += stream->sender.counts.repeated;
    r->timeouts += stream->sender.counts.timeouts;
    r->recoveries += stream->sender.counts.recoveries;
    r->undone += stream->sender.counts.undone;
    int64_t taken_ns = tstamp_sub(stream->receiver.last_read, stream->began);
    bool complete = stream->receiver.next >= s->config->tcp.transfer_bytes;
    if (s->config->tcp.transfer_bytes > 0 && complete && taken_ns > r->transfer_ns)
        r->transfer_ns = taken_ns;
}

static void direction_result(const struct simulator *s, enum link_direction d,
                             struct sim_stream_result *r)
{
    size_t flows = 0;
    bool incomplete = false;
    for (size_t i = 0; i < s->stream_count; i++) {
        const struct stream *stream = &s->streams[i];
        if (stream->direction != d || stream->page)
            continue;
        stream_result(s, stream, r);
        incomplete = incomplete || stream->receiver.next < s->config->tcp.transfer_bytes;
        if (tstamp_is_never(s->measured_from))
            continue;
        r->flow_bps[flows] = stream_bps(s, stream);
        r->goodput_bps += r->flow_bps[flows++];
    }
    if (incomplete)
        r->transfer_ns = 0;
    r->jain = jain_index(r->flow_bps, flows);
    if (r->offered_bps > 0.0)
        r->share = r->goodput_bps / (r->offered_bps * PAYLOAD_SHARE);
}

static void link_result(struct simulator *s, size_t i, enum link_direction d,
                        struct sim_result *result)
{
    const struct link_model *link = &s->wires->link[i][d];
    uint64_t bytes = link->counters.delivered_bytes - s->counters[i][d].delivered_bytes;
    uint64_t offered_bytes = link_offered_bytes(link, s->measured_from, s->events.now);
    result->link_bps[i][d] = (double)bytes * 8.0 / measured_s(s);
    result->stream[d].offered_bps += (double)offered_bytes * 8.0 / measured_s(s);
    result->queue_p50_ns[i][d] = series_percentile(&s->queue[i][d], 0.5);
    result->queue_p95_ns[i][d] = series_percentile(&s->queue[i][d], 0.95);
}

/* How full the links of a direction were, and what their queues dropped, while measured. */
static void load_result(const struct simulator *s, enum link_direction d,
                        struct sim_stream_result *r)
{
    uint64_t sent_frames = 0;
    uint64_t dropped_frames = 0;
    double bps = 0.0;
    for (size_t i = 0; i < s->wires->count; i++) {
        const struct link_counters *now = &s->wires->link[i][d].counters;
        const struct link_counters *then = &s->counters[i][d];
        sent_frames += now->sent_frames - then->sent_frames;
        dropped_frames += now->dropped_queue - then->dropped_queue;
        dropped_frames += now->dropped_police - then->dropped_police;
        bps += (double)(now->delivered_bytes - then->delivered_bytes) * 8.0 / measured_s(s);
    }
    if (r->offered_bps > 0.0)
        r->arrived = bps / r->offered_bps;
    if (sent_frames > 0)
        r->dropped = (double)dropped_frames / (double)sent_frames;
}

static void datagrams_result(const struct simulator *s, enum link_direction d,
                             struct sim_stream_result *r)
{
    const struct datagrams *all = &s->datagrams[d];
    double bps[DATAGRAMS_FLOWS_MAX];
    for (unsigned i = 0; i < all->config.flows; i++) {
        bps[i] = (double)datagrams_measured_bytes(all, i) * 8.0 / measured_s(s);
        r->datagrams_bps += bps[i];
    }
    r->datagrams_jain = jain_index(bps, all->config.flows);
}

/*
 * Jain's index of what each flow has of its fair share (max-min): a flow of datagrams asks for its
 * rate, a TCP for all. In bytes of IP.
 */
static void fair_result(const struct simulator *s, enum link_direction d,
                        struct sim_stream_result *r)
{
    const struct datagrams *all = &s->datagrams[d];
    double share[SIM_FLOWS_MAX + DATAGRAMS_FLOWS_MAX];
    double flows = s->config->tcp.flows;
    unsigned count = all->config.flows;
    double tcp_bps = r->goodput_bps * simulator_mtu_bytes(s) /
                     (simulator_mtu_bytes(s) - segment_header_bytes(SEGMENT_TCP));
    double equal_bps = (tcp_bps + r->datagrams_bps) / (flows + count);
    double asked_bps = count > 0 ? all->config.rate_bps / count : 0.0;
    double datagrams_fair = asked_bps < equal_bps ? asked_bps : equal_bps;
    double tcp_fair = (tcp_bps + r->datagrams_bps - datagrams_fair * count) / fmax(flows, 1);
    for (unsigned i = 0; i < count; i++)
        share[i] = (double)datagrams_measured_bytes(all, i) * 8.0 / measured_s(s) / datagrams_fair;
    for (unsigned i = 0; i < s->config->tcp.flows && r->goodput_bps > 0; i++)
        share[count + i] = r->flow_bps[i] / r->goodput_bps * tcp_bps / tcp_fair;
    r->fair = jain_index(share, count + s->config->tcp.flows);
}

/* How long the flows of web pages took that were through. */
static void page_result(const struct simulator *s, enum link_direction d,
                        struct sim_stream_result *r)
{
    struct series taken = { .count = 0 };
    for (size_t i = 0; i < s->stream_count; i++) {
        const struct stream *stream = &s->streams[i];
        if (stream->page && stream->direction == d && stream->receiver.next >= stream->bytes)
            series_add(&taken, tstamp_sub(stream->receiver.last_read, stream->began));
    }
    r->page_p50_ns = series_percentile(&taken, 0.5);
    r->page_p99_ns = series_percentile(&taken, 0.99);
    series_free(&taken);
}

static void foreign_result(const struct simulator *s, struct sim_result *result)
{
    const struct sim_config *c = s->config;
    if (!c->foreign.on || tstamp_is_never(s->measured_from))
        return;
    enum link_direction d = s->foreign.stream.direction;
    const struct link_model *link = &s->wires->link[c->foreign.link][d];
    double offered_bps =
        (double)link_offered_bytes(link, s->measured_from, s->events.now) * 8.0 / measured_s(s);
    result->foreign_bps = stream_bps(s, &s->foreign.stream);
    if (offered_bps <= 0.0)
        return;
    result->foreign_share = result->foreign_bps / (offered_bps * PAYLOAD_SHARE);
    result->beside_share =
        result->link_bps[c->foreign.link][d] / offered_bps - result->foreign_share;
}

static void stream_results(struct simulator *s, struct sim_result *result)
{
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        for (size_t i = 0; i < s->wires->count && !tstamp_is_never(s->measured_from); i++)
            link_result(s, i, (enum link_direction)d, result);
        direction_result(s, (enum link_direction)d, &result->stream[d]);
        if (tstamp_is_never(s->measured_from))
            continue;
        load_result(s, (enum link_direction)d, &result->stream[d]);
        datagrams_result(s, (enum link_direction)d, &result->stream[d]);
        fair_result(s, (enum link_direction)d, &result->stream[d]);
        page_result(s, (enum link_direction)d, &result->stream[d]);
    }
}

static void probe_results(struct simulator *s, struct sim_result *result)
{
    const struct linkspecs *links = s->config->links;
    int64_t rtt_ns = INT64_MAX;
    int64_t one_way_ns[LINK_DIRECTIONS] = { INT64_MAX, INT64_MAX };
    for (size_t i = 0; i < links->count; i++) {
        int64_t sum_ns = 0;
        for (int d = 0; d < LINK_DIRECTIONS; d++) {
            int64_t delay_ns = links->link[i].config[d].delay_ns;
            sum_ns += delay_ns;
            if (delay_ns < one_way_ns[d])
                one_way_ns[d] = delay_ns;
        }
        if (sum_ns < rtt_ns)
            rtt_ns = sum_ns;
    }
    if (s->ping.delays.count > 0) {
        result->ping_p50_ns = series_percentile(&s->ping.delays, 0.5) - rtt_ns;
        result->ping_most_ns = series_percentile(&s->ping.delays, 1);
        result->ping_p99_ns = series_percentile(&s->ping.delays, 0.99) - rtt_ns;
    }
    if (s->ping.sent > s->ping.delays.count)
        result->ping_lost = s->ping.sent - s->ping.delays.count;
    result->ping_gap_ns = s->ping.longest_gap_ns;
    result->call_in_time = 1.0;
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        double in_time = probe_in_time(&s->call[d], one_way_ns[d] + SIM_CALL_MARGIN_NS);
        if (in_time < result->call_in_time)
            result->call_in_time = in_time;
        int64_t p50_ns = series_percentile(&s->call[d].delays, 0.5) - one_way_ns[d];
        int64_t p99_ns = series_percentile(&s->call[d].delays, 0.99) - one_way_ns[d];
        if (p99_ns > result->call_p99_ns) {
            result->call_p50_ns = p50_ns;
            result->call_p99_ns = p99_ns;
        }
    }
}

static void tunnel_results(const struct simulator *s, struct sim_result *result)
{
    if (s->config->carrier != SIM_TUNNEL)
        return;
    for (int side = 0; side < SIDES; side++) {
        struct core_peer_status status;
        core_peer_status(s->tunnel.node[side].core, s->events.now, 0, &status);
        uint64_t sent = 0;
        uint64_t resent = 0;
        struct core_peer_status other;
        core_peer_status(s->tunnel.node[SIDE_SERVER - side].core, s->events.now, 0, &other);
        uint64_t duplicate = other.bond.drops[BOND_DROP_DUPLICATE];
        for (size_t i = 0; i < status.path_count; i++) {
            sent += status.paths[i].bond.tx_packets;
            resent += status.paths[i].bond.resent_packets;
        }
        enum link_direction d = side == SIDE_CLIENT ? LINK_UP : LINK_DOWN;
        result->resent[d] = sent > 0 ? (double)resent / (double)sent : 0.0;
        result->duplicate[d] = sent > 0 ? (double)duplicate / (double)sent : 0.0;
        result->reorder_late += status.bond.reorder_late;
    }
    result->path_downs = s->tunnel.path_downs;
    memcpy(result->slow, s->tunnel.slow, sizeof result->slow);
}

void result_fill(struct simulator *s, struct sim_result *result)
{
    result->mtu_bytes = simulator_mtu_bytes(s);
    stream_results(s, result);
    foreign_result(s, result);
    probe_results(s, result);
    tunnel_results(s, result);
}
