/* SPDX-License-Identifier: ISC */
#include "sim/simulator.h"

#include <stdlib.h>
#include <string.h>

#include "sim/result.h"
#include "sim/simulator_state.h"

enum {
    SMALL_BUFFERS = 65536,
    LARGE_BUFFERS = 8192,
    PORT_PING = NET_PORT_FIRST,
    PORT_CALL = NET_PORT_FIRST + 2,   /* even: no QUIC */
    PORT_STREAM = NET_PORT_FIRST + 9, /* odd */
    PORT_FOREIGN = NET_PORT_FIRST + 7,
    PORT_DATAGRAMS = NET_PORT_FIRST + 1024, /* even */
    INFLIGHT_SLACK_BYTES = 512 * 1024,
    QUEUED_BYTES_MAX = 64 << 20,
};

#define START ((struct tstamp){ 1000 * NS_PER_S })
#define SAMPLE_NS (10 * NS_PER_MS)
/* Probes sent later than this before the end are not waited for. */
#define PROBE_TAIL_NS (500 * NS_PER_MS)
/* Where nothing is left to chance, seeds still differ in when the flows begin. */
#define PHASES 16
#define PHASE_NS (2300 * NS_PER_US)
#define FLOW_SPACING_NS (20 * NS_PER_MS)
/* Traffic must flow when a link has been there for so long, beside its own delays; */
#define LIVE_NS NS_PER_S
/* and after all of them were away, when probes have backed off. */
#define RETURN_NS (2500 * NS_PER_MS)
/* A trace that lets nothing through for longer is away. */
#define OUTAGE_NS (50 * NS_PER_MS)

void sim_config_default(struct sim_config *config)
{
    *config = (struct sim_config){
        .tcp.flows = 1,
        .tcp.hystart = CC_HYSTART_CLASSIC,
        .tcp.super_segments = 1,
        .tcp.window_bytes = 8 << 20,
        .times.run_ns = 12 * NS_PER_S,
        .times.warmup_ns = 4 * NS_PER_S,
        .seed = 1,
    };
}

static void change_link(struct simulator *s, const struct sim_action *a)
{
    char error[LINKSPEC_ERROR_BYTES];
    struct linkspec changed = s->config->links->link[a->link];
    for (int d = 0; d < LINK_DIRECTIONS; d++)
        changed.config[d] = s->wires->link[a->link][d].config;
    if (!linkspec_change(&changed, a->items, error)) {
        check_fail(&s->check, "%s", error);
        return;
    }
    for (int d = 0; d < LINK_DIRECTIONS; d++)
        link_set_config(&s->wires->link[a->link][d], &changed.config[d]);
}

static void restore_link(struct simulator *s, size_t link)
{
    for (int d = 0; d < LINK_DIRECTIONS; d++)
        link_set_config(&s->wires->link[link][d], &s->config->links->link[link].config[d]);
}

static void act_on_wires(struct simulator *s, const struct sim_action *a, bool begins)
{
    switch (a->kind) {
    case SIM_CUT:
    case SIM_UNPLUG:
        wires_cut(s->wires, a->link, LINK_UP, begins);
        wires_cut(s->wires, a->link, LINK_DOWN, begins);
        break;
    case SIM_CUT_UP:
    case SIM_CUT_DOWN:
        wires_cut(s->wires, a->link, a->kind == SIM_CUT_UP ? LINK_UP : LINK_DOWN, begins);
        break;
    case SIM_SPOIL:
        if (begins)
            change_link(s, a);
        else
            restore_link(s, a->link);
        break;
    case SIM_SET:
        if (begins)
            change_link(s, a);
        return;
    case SIM_REBIND:
        return;
    }
    wires_count_on(s->wires, a->link, !begins);
}

static void act(void *owner, uint64_t index)
{
    struct simulator *s = owner;
    const struct sim_action *a = &s->config->actions[index / 2];
    bool begins = index % 2 == 0;
    bool tunnel = s->config->carrier == SIM_TUNNEL;
    if (a->link < s->wires->count)
        act_on_wires(s, a, begins);
    if (tunnel && a->kind == SIM_REBIND && begins)
        tunnel_rebind(&s->tunnel, a->link);
    if (tunnel && a->kind == SIM_UNPLUG)
        tunnel_carrier(&s->tunnel, a->link, !begins);
}

/* From the start to the flows. */
static int64_t settle_ns(const struct sim_config *c)
{
    return SIM_SETTLE_NS + c->times.idle_ns;
}

static void add_actions(struct simulator *s)
{
    const struct sim_config *c = s->config;
    for (size_t i = 0; i < c->action_count; i++) {
        struct tstamp at = tstamp_add(START, settle_ns(c) + c->actions[i].at_ns);
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
                                        .redundant_pings = c->redundant_pings,
                                        .standby = c->standby,
                                        .rekey_after_ns = c->times.rekey_after_ns };
        s->wires = &s->tunnel.wires;
        return tunnel_init(&s->tunnel, &s->net, &tunnel);
    }
    const struct linkspecs *links = c->links;
    if (c->carrier == SIM_IDEAL) {
        make_ideal(s);
        links = &s->ideal;
    }
    direct_init(&s->direct, &s->net, links, c->carrier == SIM_LINK ? c->via : 0, seed);
    s->wires = s->direct.wires;
    return true;
}

/* Its receiving end is at the other side. */
static void stream_init(struct simulator *s, size_t index, enum link_direction direction,
                        uint32_t mtu_bytes, uint64_t bytes)
{
    const struct sim_config *c = s->config;
    struct stream *stream = &s->streams[index];
    struct sender_config sender = {
        .kind = c->tcp.transport == SIM_QUIC ? SEGMENT_QUIC : SEGMENT_TCP,
        .cc = c->tcp.transport == SIM_TCP_BBR ? CC_BBR : CC_CUBIC,
        .hystart = c->tcp.hystart,
        .ecn = c->tcp.ecn,
        .side = direction == LINK_UP ? SIDE_CLIENT : SIDE_SERVER,
        .port = (uint16_t)(PORT_STREAM + 2 * index),
        .mtu_bytes = mtu_bytes,
        .window_bytes = c->tcp.window_bytes,
        .super_segments = c->carrier == SIM_TUNNEL ? c->tcp.super_segments : 1,
    };
    uint32_t payload_bytes = mtu_bytes - segment_header_bytes(sender.kind);
    sender.limit_segments = (bytes + payload_bytes - 1) / payload_bytes;
    stream->bytes = bytes;
    stream->direction = direction;
    receiver_init(&stream->receiver, &s->net, sender.kind,
                  direction == LINK_UP ? SIDE_SERVER : SIDE_CLIENT, sender.port);
    sender_init(&stream->sender, &s->net, &sender);
}

static void stream_begin(void *owner, uint64_t value)
{
    struct stream *stream = owner;
    (void)value;
    stream->began = stream->receiver.net->events->now;
    sender_start(&stream->sender);
}

static void begin_foreign(struct simulator *s)
{
    const struct sim_config *c = s->config;
    struct foreign *f = &s->foreign;
    enum side from = c->direction == SIM_UP ? SIDE_CLIENT : SIDE_SERVER;
    struct sender_config sender = {
        .kind = SEGMENT_TCP,
        .cc = CC_CUBIC,
        .hystart = c->tcp.hystart,
        .side = from,
        .port = PORT_FOREIGN,
        .mtu_bytes = c->links->link[c->foreign.link].mtu_bytes,
        .window_bytes = c->tcp.window_bytes,
        .super_segments = 1,
    };
    f->stream.direction = from == SIDE_CLIENT ? LINK_UP : LINK_DOWN;
    receiver_init(&f->stream.receiver, &f->net, SEGMENT_TCP,
                  from == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT, PORT_FOREIGN);
    sender_init(&f->stream.sender, &f->net, &sender);
    stream_begin(&f->stream, 0);
}

static bool is_used(const struct sim_config *c, enum link_direction d)
{
    return c->direction == SIM_BOTH || (c->direction == SIM_UP) == (d == LINK_UP);
}

/* As long as there is memory for another one. */
static void begin_page(void *owner, uint64_t value)
{
    struct simulator *s = owner;
    const struct sim_pages *pages = &s->config->pages;
    size_t most = (size_t)2 * SIM_FLOWS_MAX;
    (void)value;
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        for (unsigned i = 0; is_used(s->config, (enum link_direction)d) && i < pages->flows; i++) {
            if (s->stream_count == most)
                return;
            struct stream *stream = &s->streams[s->stream_count];
            stream_init(s, s->stream_count++, (enum link_direction)d, simulator_mtu_bytes(s),
                        pages->bytes);
            stream->page = true;
            receiver_measure(&stream->receiver);
            stream_begin(stream, 0);
        }
    }
    events_add(&s->events, tstamp_add(s->events.now, pages->every_ns), begin_page, s, 0);
}

static void begin_flows(void *owner, uint64_t value)
{
    struct simulator *s = owner;
    const struct sim_config *c = s->config;
    (void)value;
    uint32_t mtu_bytes = simulator_mtu_bytes(s);
    if (mtu_bytes < 576) {
        check_fail(&s->check, "no path within %.1f s: the MTU is %u", (double)SIM_SETTLE_NS / 1e9,
                   mtu_bytes);
        return;
    }
    size_t index = 0;
    for (unsigned i = 0; i < c->tcp.flows; i++) {
        for (int d = 0; d < LINK_DIRECTIONS; d++) {
            if (!is_used(c, (enum link_direction)d))
                continue;
            stream_init(s, index, (enum link_direction)d, mtu_bytes, c->tcp.transfer_bytes);
            int64_t after_ns = i * FLOW_SPACING_NS;
            if (i + 1 == c->tcp.flows && c->times.late_ns > 0)
                after_ns = c->times.late_ns;
            events_add(&s->events, tstamp_add(s->events.now, after_ns), stream_begin,
                       &s->streams[index++], 0);
        }
    }
    s->stream_count = index;
    if (c->pages.flows > 0)
        begin_page(s, 0);
    for (int d = 0; d < LINK_DIRECTIONS; d++)
        datagrams_start(&s->datagrams[d]);
    if (c->foreign.on)
        begin_foreign(s);
    struct tstamp measure_from = tstamp_add(s->events.now, c->times.warmup_ns);
    struct tstamp measure_to = tstamp_add(s->events.now, c->times.run_ns - PROBE_TAIL_NS);
    if (!c->no_ping)
        probe_start(&s->ping, measure_from, measure_to);
    for (int d = 0; c->call && d < LINK_DIRECTIONS; d++)
        probe_start(&s->call[d], measure_from, measure_to);
    s->flowing = true;
    s->dead_until = s->events.now;
}

static void begin_measuring(void *owner, uint64_t value)
{
    struct simulator *s = owner;
    (void)value;
    s->measured_from = s->events.now;
    for (size_t i = 0; i < s->stream_count; i++)
        if (!s->streams[i].page)
            receiver_measure(&s->streams[i].receiver);
    for (int d = 0; d < LINK_DIRECTIONS; d++)
        datagrams_measure(&s->datagrams[d]);
    if (s->config->foreign.on)
        receiver_measure(&s->foreign.stream.receiver);
    for (size_t i = 0; i < s->wires->count; i++) {
        for (int d = 0; d < LINK_DIRECTIONS; d++)
            s->counters[i][d] = s->wires->link[i][d].counters;
    }
}

/* In a trace's outage a link is not there, and what piled up before it may still be in the way. */
static void note_outages(struct simulator *s)
{
    struct tstamp now = s->events.now;
    for (size_t i = 0; i < s->wires->count; i++) {
        for (int d = 0; d < LINK_DIRECTIONS; d++) {
            const struct link_model *link = &s->wires->link[i][d];
            bool away = link_outage_ns(link, now) > OUTAGE_NS ||
                        (link->config.trace != NULL && link_queue_ns(link, now) > LIVE_NS);
            if (away && !tstamp_is_never(s->wires->usable_since[i]))
                s->wires->usable_since[i] = now;
        }
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
        int64_t own_ns = wires_idle_rtt_ns(s->wires, i) + wires_queue_limit_ns(s->wires, i) +
                         s->ping.interval_ns;
        since = tstamp_max(since, s->ping.last_arrival);
        bool silent = tstamp_sub(now, since) > LIVE_NS + own_ns;
        bool returned = tstamp_sub(now, s->dead_until) > RETURN_NS + own_ns;
        if (silent && returned)
            check_fail(&s->check, "no ping came back for %.2f s although link %zu is there",
                       (double)tstamp_sub(now, s->ping.last_arrival) / 1e9, i + 1);
    }
}

/* A link that has just become slow may still have on the way what it was sent before. */
static uint64_t most_rate_bps(const struct simulator *s, size_t link, enum link_direction d)
{
    uint64_t before_bps = link_mean_rate_bps(&s->config->links->link[link].config[d]);
    uint64_t rate_bps = link_mean_rate_bps(&s->wires->link[link][d].config);
    return before_bps > rate_bps && rate_bps > 0 ? before_bps : rate_bps;
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
        uint64_t rate_bps = most_rate_bps(s, path->path, d);
        int64_t time_ns = wires_idle_rtt_ns(s->wires, path->path) +
                          wires_queue_limit_ns(s->wires, path->path) + NS_PER_S;
        double most = (double)rate_bps / 8e9 * (double)time_ns * 2.0 + INFLIGHT_SLACK_BYTES;
        if (rate_bps > 0 && path->bond.inflight_bytes > most)
            check_fail(&s->check, "%u bytes in flight on path %u, %.0f at most fit",
                       path->bond.inflight_bytes, path->path, most);
    }
}

static void sample_queues(struct simulator *s)
{
    for (size_t i = 0; i < s->wires->count && !tstamp_is_never(s->measured_from); i++) {
        for (int d = 0; d < LINK_DIRECTIONS; d++)
            series_add(&s->queue[i][d], link_queue_ns(&s->wires->link[i][d], s->events.now));
    }
}

/* Ends the run once all transfers are through; each tells when that was. */
static void check_transfers(struct simulator *s)
{
    uint64_t bytes = s->config->tcp.transfer_bytes;
    bool all = bytes > 0 && s->stream_count > 0;
    for (size_t i = 0; i < s->stream_count; i++)
        all = all && s->streams[i].receiver.next >= bytes;
    if (all)
        events_stop(&s->events);
}

static void sample(void *owner, uint64_t value)
{
    struct simulator *s = owner;
    (void)value;
    note_outages(s);
    check_alive(s);
    check_transfers(s);
    sample_queues(s);
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

static void foreign_init(struct simulator *s)
{
    struct foreign *f = &s->foreign;
    check_init(&f->check, &s->events, s->config->seed);
    net_init(&f->net, &s->events, &f->check);
    for (int side = 0; side < SIDES; side++)
        f->net.pool[side] = s->pool[side];
    direct_join(&f->direct, &f->net, s->wires, s->config->foreign.link);
}

static void init_datagrams(struct simulator *s)
{
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        struct datagrams_config c = { .packet_bytes = DATAGRAMS_BYTES_MIN };
        if (is_used(s->config, (enum link_direction)d) && s->config->datagrams.flows > 0)
            c = s->config->datagrams;
        datagrams_init(&s->datagrams[d], &s->net, &c, d == LINK_UP ? SIDE_CLIENT : SIDE_SERVER,
                       PORT_DATAGRAMS, s->config->seed + (uint64_t)d);
    }
}

static bool simulator_init(struct simulator *s, const struct sim_config *config)
{
    *s = (struct simulator){ .config = config, .measured_from = TSTAMP_NEVER };
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
    if (config->foreign.on)
        foreign_init(s);
    probe_init(&s->ping, &s->net, SEGMENT_ECHO, SIDE_CLIENT, PORT_PING);
    if (config->times.ping_interval_ns > 0)
        s->ping.interval_ns = config->times.ping_interval_ns;
    probe_init(&s->call[LINK_UP], &s->net, SEGMENT_UDP, SIDE_CLIENT, PORT_CALL);
    probe_init(&s->call[LINK_DOWN], &s->net, SEGMENT_UDP, SIDE_SERVER, PORT_CALL + 2);
    init_datagrams(s);
    trace_init(&s->trace, config->trace);
    struct tstamp begin = tstamp_add(START, settle_ns(config));
    int64_t phase_ns = (int64_t)((config->seed - 1) % PHASES) * PHASE_NS;
    events_add(&s->events, tstamp_add(begin, phase_ns), begin_flows, s, 0);
    events_add(&s->events, tstamp_add(begin, phase_ns + config->times.warmup_ns), begin_measuring,
               s, 0);
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
    if (s->config->foreign.on) {
        sender_free(&s->foreign.stream.sender);
        check_free(&s->foreign.check);
    }
    for (size_t i = 0; i < LINKSPEC_LINKS_MAX; i++) {
        for (int d = 0; d < LINK_DIRECTIONS; d++)
            series_free(&s->queue[i][d]);
    }
    probe_free(&s->ping);
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        datagrams_free(&s->datagrams[d]);
        probe_free(&s->call[d]);
    }
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
        events_run(&s->events, tstamp_add(START, settle_ns(config) + config->times.run_ns));
        if (s->foreign.check.failed)
            check_fail(&s->check, "outside the tunnel: %s", s->foreign.check.message);
        if (!s->check.failed) {
            result_fill(s, result);
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
