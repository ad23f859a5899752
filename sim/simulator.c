/* SPDX-License-Identifier: ISC */
#include "sim/simulator.h"

#include <stdlib.h>
#include <string.h>

#include "sim/direct.h"
#include "sim/probe.h"
#include "sim/receiver.h"
#include "sim/sender.h"
#include "sim/trace.h"
#include "sim/tunnel.h"

enum {
    SMALL_BUFFERS = 65536,
    LARGE_BUFFERS = 8192,
    PORT_PING = NET_PORT_FIRST,
    PORT_CALL = NET_PORT_FIRST + 2,   /* even: no QUIC */
    PORT_STREAM = NET_PORT_FIRST + 9, /* odd */
    DIRECT_MTU_BYTES = 1500,
    INFLIGHT_SLACK_BYTES = 512 * 1024,
    QUEUED_BYTES_MAX = 64 << 20,
};

#define START ((struct tstamp){ 1000 * NS_PER_S })
#define SAMPLE_NS (10 * NS_PER_MS)
#define FLOW_SPACING_NS (20 * NS_PER_MS)
/* Traffic must flow when a link has been there for so long, beside its own delays; */
#define LIVE_NS NS_PER_S
/* and after all of them were away, when probes have backed off. */
#define RETURN_NS (2500 * NS_PER_MS)
#define FIRST_CONTACT_NS (2 * NS_PER_S)

struct stream {
    enum link_direction direction;
    struct sender sender;
    struct receiver receiver;
};

struct simulator {
    const struct sim_config *config; /* not owned */
    struct events events;
    struct check check;
    struct net net;
    struct pkt_pool *pool[SIDES];
    struct tunnel tunnel;
    struct direct direct;
    struct linkspecs ideal; /* one link; its traces are not its own */
    struct wires *wires;    /* the carrier's */
    struct stream *streams; /* owned */
    size_t stream_count;
    struct probe ping;
    struct probe call[LINK_DIRECTIONS];
    struct trace trace;
    uint64_t link_bytes[LINKSPEC_LINKS_MAX][LINK_DIRECTIONS]; /* when the measurement began */
    bool flowing;
    struct tstamp dead_until; /* when all links were last away */
};

void sim_config_default(struct sim_config *config)
{
    *config = (struct sim_config){
        .flows = 1,
        .hystart = CC_HYSTART_CLASSIC,
        .super_segments = 1,
        .window_bytes = 8 << 20,
        .run_ns = 12 * NS_PER_S,
        .warmup_ns = 4 * NS_PER_S,
        .seed = 1,
    };
}

static void act(void *owner, uint64_t index)
{
    struct simulator *s = owner;
    const struct sim_action *a = &s->config->actions[index / 2];
    bool begins = index % 2 == 0;
    bool tunnel = s->config->carrier == SIM_TUNNEL;
    if (a->kind == SIM_REBIND) {
        if (tunnel && begins)
            tunnel_rebind(&s->tunnel, a->link);
        return;
    }
    if (a->link < s->wires->count)
        wires_cut(s->wires, a->link, begins);
    if (tunnel && a->kind == SIM_UNPLUG)
        tunnel_carrier(&s->tunnel, a->link, !begins);
}

static void add_actions(struct simulator *s)
{
    const struct sim_config *c = s->config;
    for (size_t i = 0; i < c->action_count; i++) {
        struct tstamp at = tstamp_add(START, SIM_SETTLE_NS + c->actions[i].at_ns);
        events_add(&s->events, at, act, s, 2 * i);
        events_add(&s->events, tstamp_add(at, c->actions[i].duration_ns), act, s, 2 * i + 1);
    }
}

/* The sum of all links as one, with the best delay. */
static void make_ideal(struct simulator *s)
{
    const struct linkspecs *links = s->config->links;
    s->ideal.count = 1;
    struct linkspec *ideal = &s->ideal.link[0];
    snprintf(ideal->name, sizeof(ideal->name), "ideal");
    ideal->mtu_bytes = DIRECT_MTU_BYTES;
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        struct link_config *c = &ideal->config[d];
        *c = (struct link_config){ .rate_bps = linkspecs_sum_bps(links, (enum link_direction)d),
                                   .delay_ns = INT64_MAX,
                                   .queue_ns = LINK_QUEUE_DEFAULT_MS * NS_PER_MS };
        for (size_t i = 0; i < links->count; i++) {
            if (links->link[i].config[d].delay_ns < c->delay_ns)
                c->delay_ns = links->link[i].config[d].delay_ns;
        }
    }
}

/* Only authentic packets can be told from altered ones. */
static bool corrupting(const struct linkspecs *links)
{
    for (size_t i = 0; i < links->count; i++) {
        for (int d = 0; d < LINK_DIRECTIONS; d++) {
            if (links->link[i].config[d].corrupt > 0.0)
                return true;
        }
    }
    return false;
}

static bool make_carrier(struct simulator *s)
{
    const struct sim_config *c = s->config;
    uint64_t seed = c->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    if (c->carrier == SIM_TUNNEL) {
        struct tunnel_config tunnel = { .specs = c->links,
                                        .seed = seed,
                                        .cipher = c->cipher || corrupting(c->links),
                                        .verbose = c->verbose,
                                        .rekey_after_ns = c->rekey_after_ns };
        s->wires = &s->tunnel.wires;
        return tunnel_init(&s->tunnel, &s->net, &tunnel);
    }
    const struct linkspecs *links = c->links;
    if (c->carrier == SIM_IDEAL) {
        make_ideal(s);
        links = &s->ideal;
    }
    direct_init(&s->direct, &s->net, links, c->carrier == SIM_LINK ? c->via : 0, seed);
    s->wires = &s->direct.wires;
    return true;
}

static uint32_t carrier_mtu_bytes(const struct simulator *s)
{
    if (s->config->carrier == SIM_TUNNEL)
        return tunnel_mtu_bytes(&s->tunnel);
    return s->config->carrier == SIM_LINK ? s->config->links->link[s->config->via].mtu_bytes
                                          : DIRECT_MTU_BYTES;
}

/* Its receiving end is at the other side. */
static void stream_init(struct simulator *s, size_t index, enum link_direction direction,
                        uint32_t mtu_bytes)
{
    const struct sim_config *c = s->config;
    struct stream *stream = &s->streams[index];
    struct sender_config sender = {
        .kind = c->transport == SIM_QUIC ? SEGMENT_QUIC : SEGMENT_TCP,
        .cc = c->transport == SIM_TCP_BBR ? CC_BBR : CC_CUBIC,
        .hystart = c->hystart,
        .ecn = c->ecn,
        .side = direction == LINK_UP ? SIDE_CLIENT : SIDE_SERVER,
        .port = (uint16_t)(PORT_STREAM + 2 * index),
        .mtu_bytes = mtu_bytes,
        .window_bytes = c->window_bytes,
        .super_segments = c->carrier == SIM_TUNNEL ? c->super_segments : 1,
    };
    stream->direction = direction;
    receiver_init(&stream->receiver, &s->net, sender.kind,
                  direction == LINK_UP ? SIDE_SERVER : SIDE_CLIENT, sender.port);
    sender_init(&stream->sender, &s->net, &sender);
}

static void stream_begin(void *owner, uint64_t value)
{
    struct stream *stream = owner;
    (void)value;
    sender_start(&stream->sender);
}

static void begin_flows(void *owner, uint64_t value)
{
    struct simulator *s = owner;
    const struct sim_config *c = s->config;
    (void)value;
    uint32_t mtu_bytes = carrier_mtu_bytes(s);
    if (mtu_bytes < 576) {
        check_fail(&s->check, "no path within %.1f s: the MTU is %u", (double)SIM_SETTLE_NS / 1e9,
                   mtu_bytes);
        return;
    }
    size_t index = 0;
    for (unsigned i = 0; i < c->flows; i++) {
        for (int d = 0; d < LINK_DIRECTIONS; d++) {
            if ((d == LINK_UP && c->direction == SIM_DOWN) ||
                (d == LINK_DOWN && c->direction == SIM_UP))
                continue;
            stream_init(s, index, (enum link_direction)d, mtu_bytes);
            events_add(&s->events, tstamp_add(s->events.now, i * FLOW_SPACING_NS), stream_begin,
                       &s->streams[index++], 0);
        }
    }
    s->stream_count = index;
    struct tstamp measure_from = tstamp_add(s->events.now, c->warmup_ns);
    if (!c->no_ping)
        probe_start(&s->ping, measure_from);
    for (int d = 0; c->call && d < LINK_DIRECTIONS; d++)
        probe_start(&s->call[d], measure_from);
    s->flowing = true;
    s->dead_until = s->events.now;
}

static void begin_measuring(void *owner, uint64_t value)
{
    struct simulator *s = owner;
    (void)value;
    for (size_t i = 0; i < s->stream_count; i++)
        receiver_measure(&s->streams[i].receiver);
    for (size_t i = 0; i < s->wires->count; i++) {
        for (int d = 0; d < LINK_DIRECTIONS; d++)
            s->link_bytes[i][d] = s->wires->link[i][d].counters.delivered_bytes;
    }
}

/* Pings must come back whenever a link has been there for long enough. */
static void check_alive(struct simulator *s)
{
    if (!s->flowing || s->config->no_ping)
        return;
    struct tstamp now = s->events.now;
    bool any = false;
    for (size_t i = 0; i < s->wires->count; i++)
        any = any || !tstamp_is_never(s->wires->usable_since[i]);
    if (!any)
        s->dead_until = now;
    for (size_t i = 0; i < s->wires->count && any; i++) {
        struct tstamp since = s->wires->usable_since[i];
        if (tstamp_is_never(since))
            continue;
        int64_t own_ns = wires_idle_rtt_ns(s->wires, i) + wires_queue_limit_ns(s->wires, i);
        since = tstamp_max(since, s->ping.last_arrival);
        bool silent = tstamp_sub(now, since) > LIVE_NS + own_ns;
        bool returned = tstamp_sub(now, s->dead_until) > RETURN_NS + own_ns;
        if (silent && returned)
            check_fail(&s->check, "no ping came back for %.2f s although link %zu is there",
                       (double)tstamp_sub(now, s->ping.last_arrival) / 1e9, i + 1);
    }
}

/* What may be on the way on a path: twice what fits the link and its queue. */
static void check_bounds(struct simulator *s, enum side side, const struct core_peer_status *status)
{
    enum link_direction d = side == SIDE_CLIENT ? LINK_UP : LINK_DOWN;
    if (status->bond.queued_bytes > QUEUED_BYTES_MAX)
        check_fail(&s->check, "%u bytes are queued", status->bond.queued_bytes);
    for (size_t i = 0; i < status->path_count; i++) {
        const struct core_path_status *path = &status->paths[i];
        if (path->path >= s->wires->count)
            continue;
        uint64_t rate_bps = link_mean_rate_bps(&s->wires->link[path->path][d].config);
        int64_t time_ns = wires_idle_rtt_ns(s->wires, path->path) +
                          wires_queue_limit_ns(s->wires, path->path) + NS_PER_S;
        double most = (double)rate_bps / 8e9 * (double)time_ns * 2.0 + INFLIGHT_SLACK_BYTES;
        if (rate_bps > 0 && path->bond.inflight_bytes > most)
            check_fail(&s->check, "%u bytes in flight on path %u, %.0f at most fit",
                       path->bond.inflight_bytes, path->path, most);
    }
}

static void sample(void *owner, uint64_t value)
{
    struct simulator *s = owner;
    (void)value;
    check_alive(s);
    uint64_t read_bytes[LINK_DIRECTIONS] = { 0 };
    double window[LINK_DIRECTIONS] = { 0 };
    for (size_t i = 0; i < s->stream_count; i++) {
        const struct stream *stream = &s->streams[i];
        read_bytes[stream->direction] += stream->receiver.next;
        window[stream->direction] += stream->sender.cc.window;
    }
    for (int side = 0; side < SIDES && !s->check.failed; side++) {
        enum link_direction d = side == SIDE_CLIENT ? LINK_UP : LINK_DOWN;
        struct core_peer_status status = { .path_count = 0 };
        if (s->config->carrier == SIM_TUNNEL) {
            core_peer_status(s->tunnel.node[side].core, s->events.now, 0, &status);
            check_bounds(s, (enum side)side, &status);
        }
        if (s->config->trace != NULL)
            trace_row(&s->trace, &s->events, s->wires, d, &status, read_bytes[d], window[d]);
    }
    events_add(&s->events, tstamp_add(s->events.now, SAMPLE_NS), sample, s, 0);
}

static void stream_results(const struct simulator *s, struct sim_result *result)
{
    const struct sim_config *c = s->config;
    double measured_s = (double)(c->run_ns - c->warmup_ns) / 1e9;
    for (size_t i = 0; i < s->stream_count; i++) {
        const struct stream *stream = &s->streams[i];
        struct sim_stream_result *r = &result->stream[stream->direction];
        r->goodput_bps += (double)receiver_measured_bytes(&stream->receiver) * 8.0 / measured_s;
        int64_t stall_ns = receiver_stall_ns(&stream->receiver);
        if (stall_ns > r->stall_ns)
            r->stall_ns = stall_ns;
        r->repeats += stream->sender.repeated_segments;
        r->timeouts += stream->sender.timeouts;
        r->recoveries += stream->sender.recoveries;
        r->undone += stream->sender.undone;
    }
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        double sum_bps = (double)linkspecs_sum_bps(c->links, (enum link_direction)d);
        if (sum_bps > 0.0)
            result->stream[d].share =
                result->stream[d].goodput_bps / (sum_bps * 1448.0 / LINK_FRAME_BYTES);
        for (size_t i = 0; i < s->wires->count; i++) {
            uint64_t bytes = s->wires->link[i][d].counters.delivered_bytes - s->link_bytes[i][d];
            result->link_bps[i][d] = (double)bytes * 8.0 / measured_s;
        }
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
        result->ping_p99_ns = series_percentile(&s->ping.delays, 0.99) - rtt_ns;
    }
    if (s->ping.sent > s->ping.delays.count)
        result->ping_lost = s->ping.sent - s->ping.delays.count;
    result->ping_gap_ns = s->ping.longest_gap_ns;
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
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
        for (size_t i = 0; i < status.path_count; i++) {
            sent += status.paths[i].bond.tx_packets;
            resent += status.paths[i].bond.resent_packets;
        }
        enum link_direction d = side == SIDE_CLIENT ? LINK_UP : LINK_DOWN;
        result->resent[d] = sent > 0 ? (double)resent / (double)sent : 0.0;
        result->reorder_late += status.bond.reorder_late;
    }
    result->path_downs = s->tunnel.path_downs;
}

static bool simulator_init(struct simulator *s, const struct sim_config *config)
{
    *s = (struct simulator){ .config = config };
    events_init(&s->events, START);
    check_init(&s->check, &s->events, config->seed);
    net_init(&s->net, &s->events, &s->check);
    s->streams = sim_alloc(2 * SIM_FLOWS_MAX, sizeof(*s->streams));
    for (int side = 0; side < SIDES; side++) {
        s->pool[side] = pkt_pool_new(SMALL_BUFFERS, LARGE_BUFFERS);
        s->net.pool[side] = s->pool[side];
        if (s->pool[side] == NULL)
            return false;
    }
    if (!make_carrier(s))
        return false;
    probe_init(&s->ping, &s->net, SEGMENT_ECHO, SIDE_CLIENT, PORT_PING);
    probe_init(&s->call[LINK_UP], &s->net, SEGMENT_UDP, SIDE_CLIENT, PORT_CALL);
    probe_init(&s->call[LINK_DOWN], &s->net, SEGMENT_UDP, SIDE_SERVER, PORT_CALL + 2);
    trace_init(&s->trace, config->trace);
    struct tstamp begin = tstamp_add(START, SIM_SETTLE_NS);
    events_add(&s->events, begin, begin_flows, s, 0);
    events_add(&s->events, tstamp_add(begin, config->warmup_ns), begin_measuring, s, 0);
    events_add(&s->events, tstamp_add(START, SAMPLE_NS), sample, s, 0);
    add_actions(s);
    return true;
}

static void check_leaks(struct simulator *s)
{
    for (int side = 0; side < SIDES; side++) {
        size_t used = pkt_pool_used(s->pool[side]);
        if (used > 0)
            check_fail(&s->check, "%zu buffers of the %s were not given back", used,
                       side == SIDE_CLIENT ? "client" : "server");
    }
    if (s->net.pool_empty > 0)
        check_fail(&s->check, "the packet pool was empty %llu times",
                   (unsigned long long)s->net.pool_empty);
}

static void simulator_free(struct simulator *s)
{
    for (size_t i = 0; i < s->stream_count; i++)
        sender_free(&s->streams[i].sender);
    free(s->streams);
    probe_free(&s->ping);
    for (int d = 0; d < LINK_DIRECTIONS; d++)
        probe_free(&s->call[d]);
    for (int side = 0; side < SIDES; side++)
        pkt_pool_free(s->pool[side]);
    check_free(&s->check);
    events_free(&s->events);
}

bool sim_run(const struct sim_config *config, struct sim_result *result)
{
    *result = (struct sim_result){ 0 };
    struct simulator *s = sim_alloc(1, sizeof(*s));
    if (simulator_init(s, config)) {
        events_run(&s->events, tstamp_add(START, SIM_SETTLE_NS + config->run_ns));
        if (!s->check.failed) {
            result->mtu_bytes = carrier_mtu_bytes(s);
            stream_results(s, result);
            probe_results(s, result);
            tunnel_results(s, result);
        }
    } else {
        check_fail(&s->check, "the core could not be made");
    }
    if (config->carrier == SIM_TUNNEL)
        tunnel_free(&s->tunnel);
    else
        direct_free(&s->direct);
    if (!s->check.failed)
        check_leaks(s);
    result->failed = s->check.failed;
    memcpy(result->message, s->check.message, sizeof(result->message));
    result->digest = s->check.digest;
    simulator_free(s);
    free(s);
    return !result->failed;
}
