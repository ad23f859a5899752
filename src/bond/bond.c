/* SPDX-License-Identifier: ISC */
#include "bond/bond.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bond/flowq.h"
#include "bond/path.h"
#include "bond/reorder.h"

enum {
    EVENTS_MAX = 512,    /* a power of two */
    REPAIRS_MAX = 16384, /* a power of two */
    QUEUE_BYTES_DEFAULT = 16 << 20,
    TRIES_MAX = 4,   /* the first sending and three repeats */
    ACKS_ON_ALL = 4, /* every so many acknowledgements one goes out on all paths */
};

#define REPAIR_AGE_NS (400 * NS_PER_MS)
#define WAIT_WITHOUT_PATH_NS (3 * NS_PER_S)
#define ACK_GAP_MOST_NS 25e6
#define ACK_DEBT_NS (PATH_CREDIT_NS + COMMIT_AHEAD_NS)
#define REPAIR_DEBT_NS (10 * NS_PER_MS)
#define EXPIRE_EVERY_NS (100 * NS_PER_MS)
#define HOLD_LEAST_NS (5 * NS_PER_MS)
#define HOLD_MOST_NS (400 * NS_PER_MS)
#define COMMIT_AHEAD_NS (2 * NS_PER_MS)
#define LANE_IDLE_NS (10 * NS_PER_S)
#define CLOCK24 0x1000000

/* Relative one-way delay of what arrives on a path, by the sender's stamps in data frames. */
struct arrival {
    bool known;
    int32_t last_us; /* against the bond's reference */
    double owd_ns;
    double jitter_ns;
};

struct bond {
    struct pkt_pool *pool;
    struct flowq queue;
    struct path paths[WIRE_PATHS_MAX];
    uint32_t known;    /* bit mask of the paths that are ready */
    uint8_t current;   /* path that sent last */
    struct tstamp now; /* of the last call that had it */
    /* sender's lanes */
    uint32_t lane_next[WIRE_LANES_MAX];
    struct tstamp lane_used[WIRE_LANES_MAX];
    struct segment_ring repairs;
    /* receiver */
    struct reorder reorder;
    struct arrival arrivals[WIRE_PATHS_MAX];
    bool reference_known;
    uint32_t reference_us;
    /* told to the session */
    struct bond_event events[EVENTS_MAX];
    uint32_t events_head, events_count;
    uint64_t drops[BOND_DROP_COUNT];
    struct tstamp expire_at; /* next look for packets that waited too long without a path */
    struct segment *slots;   /* owned: storage of every ring */
};

static void push_event(struct bond *b, struct bond_event e)
{
    if (b->events_count < EVENTS_MAX)
        b->events[(b->events_head + b->events_count++) % EVENTS_MAX] = e;
}

bool bond_next_event(struct bond *b, struct bond_event *out)
{
    if (b->events_count == 0)
        return false;
    *out = b->events[b->events_head];
    b->events_head = (b->events_head + 1) % EVENTS_MAX;
    b->events_count--;
    return true;
}

static struct segment_ring carve_ring(struct segment **slots, uint32_t capacity)
{
    struct segment_ring r = { .slots = *slots, .capacity = capacity };
    *slots += capacity;
    return r;
}

struct bond *bond_new(const struct bond_config *config, struct tstamp now)
{
    struct bond *b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->slots = calloc(WIRE_PATHS_MAX * (PATH_COMMITTED_MAX + PATH_EXPRESS_MAX) + REPAIRS_MAX,
                      sizeof *b->slots);
    if (b->slots == NULL) {
        free(b);
        return NULL;
    }
    struct segment *slots = b->slots;
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++) {
        b->paths[i].committed = carve_ring(&slots, PATH_COMMITTED_MAX);
        b->paths[i].express = carve_ring(&slots, PATH_EXPRESS_MAX);
    }
    b->repairs = carve_ring(&slots, REPAIRS_MAX);
    b->pool = config->pool;
    flowq_init(&b->queue, config->seed,
               config->queue_bytes_max > 0 ? config->queue_bytes_max : QUEUE_BYTES_DEFAULT);
    reorder_init(&b->reorder);
    b->now = now;
    b->expire_at = TSTAMP_NEVER;
    return b;
}

static void clear_repairs(struct bond *b)
{
    struct segment s;
    while (ring_pop(&b->repairs, &s, 0))
        pkt_put(s.pkt);
}

void bond_reset(struct bond *b, struct tstamp now)
{
    b->now = now;
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++)
        path_clear(&b->paths[i]);
    b->known = 0;
    clear_repairs(b);
    reorder_clear(&b->reorder);
    memset(b->lane_next, 0, sizeof b->lane_next);
    memset(b->arrivals, 0, sizeof b->arrivals);
    b->reference_known = false;
}

void bond_free(struct bond *b)
{
    if (b == NULL)
        return;
    bond_reset(b, (struct tstamp){ 0 });
    flowq_clear(&b->queue);
    pkt_list_clear(&b->reorder.out);
    free(b->slots);
    free(b);
}

static struct path *path_get(struct bond *b, struct tstamp now, uint8_t id)
{
    struct path *p = &b->paths[id];
    if (!p->ready) {
        path_init(p, now, id);
        b->known |= 1U << id;
    }
    return p;
}

/* The paths of the association in the order of their ids; NULL begins and ends. */
static struct path *next_path(const struct bond *b, const struct path *p)
{
    uint32_t left = b->known;
    if (p != NULL)
        left = p->id == WIRE_PATHS_MAX - 1 ? 0 : left & ~((2U << p->id) - 1);
    return left == 0 ? NULL : (struct path *)(uintptr_t)&b->paths[__builtin_ctz(left)];
}

#define for_each_path(b, p)                                                                        \
    for (struct path *p = next_path(b, NULL); p != NULL; p = next_path(b, p))

static bool any_open(const struct bond *b)
{
    for_each_path (b, p)
        if (path_open(p))
            return true;
    return false;
}

static bool any_usable(const struct bond *b)
{
    for_each_path (b, p)
        if (path_usable(p))
            return true;
    return false;
}

/* ---- repair ---- */

static void lost_segment(void *arg, struct path *p, struct segment *s)
{
    struct bond *b = arg;
    s->from = p->id;
    if (s->once || s->tries >= TRIES_MAX || !ring_push(&b->repairs, s, 0)) {
        if (!s->once)
            b->drops[BOND_DROP_REPEAT_LATE]++;
        pkt_put(s->pkt);
    }
}

static void tagged_outcome(void *arg, struct path *p, uint32_t tag, bool acked)
{
    push_event(arg, (struct bond_event){ .type = acked ? BOND_EVENT_ACKED : BOND_EVENT_LOST,
                                         .path = p->id,
                                         .tag = tag });
}

static struct path_events events_of(struct bond *b)
{
    return (struct path_events){ .lost = lost_segment, .tagged = tagged_outcome, .arg = b };
}

/* Everything that waits on the path or is unacknowledged goes to the others. */
static void evacuate(struct bond *b, struct path *p)
{
    struct path_events events = events_of(b);
    struct segment s;
    path_abandon(p, &events);
    while (ring_pop(&p->express, &s, 0))
        lost_segment(b, p, &s);
    while (ring_pop(&p->committed, &s, 0))
        lost_segment(b, p, &s);
    p->express.bytes = p->committed.bytes = 0;
}

/* ---- life of paths ---- */

static void state_changed(struct bond *b, struct path *p)
{
    if (p->state != BOND_PATH_UP)
        evacuate(b, p);
    push_event(
        b, (struct bond_event){ .type = BOND_EVENT_PATH_STATE, .path = p->id, .state = p->state });
}

static void change_state(struct bond *b, struct tstamp now, struct path *p,
                         enum bond_path_state state)
{
    if (p->state == state)
        return;
    path_set_state(p, now, state);
    state_changed(b, p);
}

/* Standby paths carry traffic when no active one is there. */
static void choose_standby(struct bond *b, struct tstamp now)
{
    bool active = false;
    for_each_path (b, p)
        active = active || (p->state == BOND_PATH_UP && p->config.use == WIRE_PATH_ACTIVE);
    for_each_path (b, p) {
        if (p->config.use != WIRE_PATH_STANDBY)
            continue;
        if (active && path_open(p) && p->state != BOND_PATH_STANDBY)
            change_state(b, now, p, BOND_PATH_STANDBY);
        else if (!active && p->state == BOND_PATH_STANDBY)
            change_state(b, now, p, BOND_PATH_PROBING);
    }
}

void bond_path_open(struct bond *b, struct tstamp now, uint8_t path,
                    const struct bond_path_config *config)
{
    struct path *p = path_get(b, now, path);
    p->config = *config;
    p->rate.limit_bps = (double)config->limit_bps;
    if (config->use == WIRE_PATH_DOWN)
        change_state(b, now, p, BOND_PATH_STANDBY);
    else if (p->state == BOND_PATH_CLOSED ||
             (p->state == BOND_PATH_STANDBY && config->use == WIRE_PATH_ACTIVE))
        change_state(b, now, p, BOND_PATH_PROBING);
    choose_standby(b, now);
}

void bond_path_close(struct bond *b, struct tstamp now, uint8_t path)
{
    struct path *p = path_get(b, now, path);
    change_state(b, now, p, BOND_PATH_CLOSED);
    rate_restart(&p->rate, now, 0);
    p->srtt_ns = p->srtt_same_ns = 0;
    choose_standby(b, now);
}

void bond_path_suspect(struct bond *b, struct tstamp now, uint8_t path)
{
    struct path *p = path_get(b, now, path);
    if (p->state == BOND_PATH_UP)
        change_state(b, now, p, BOND_PATH_SUSPECT);
}

enum bond_path_state bond_path_state(const struct bond *b, uint8_t path)
{
    return b->paths[path].ready ? b->paths[path].state : BOND_PATH_CLOSED;
}

uint32_t bond_inner_mtu(const struct bond *b)
{
    uint32_t least = 0;
    for_each_path (b, p)
        if (path_usable(p) && (least == 0 || p->config.datagram_bytes < least))
            least = p->config.datagram_bytes;
    return least > WIRE_OVERHEAD_BYTES ? least - WIRE_OVERHEAD_BYTES : 0;
}

/* ---- scheduling ---- */

/* Nanoseconds from now until a datagram put on the path now would arrive, up to a constant. */
static double predict_arrival(const struct path *p, struct tstamp now, uint32_t bytes, bool express)
{
    double wait = express ? 0 : (double)path_backlog_ns(p, now);
    if (express && p->express.bytes > 0)
        wait = (double)path_send_time_ns(p, now, p->express.bytes);
    return wait + p->rate.owd_ns + p->rate.jitter_ns + (double)path_send_time_ns(p, now, bytes);
}

/* How far ahead the path may be filled: until its packets would arrive later than the slowest's. */
static int64_t commit_allowance_ns(const struct bond *b, const struct path *p)
{
    double latest = p->rate.owd_ns;
    for_each_path (b, q)
        if (path_usable(q))
            latest = fmax(latest, q->rate.owd_ns + q->rate.jitter_ns);
    double ahead = fmin(latest - p->rate.owd_ns, (double)HOLD_MOST_NS);
    return (int64_t)ahead + COMMIT_AHEAD_NS;
}

static bool has_room(const struct bond *b, const struct path *p, struct tstamp now)
{
    return path_usable(p) && p->committed.count < p->committed.capacity &&
           !path_inflight_full(p, now) && path_backlog_ns(p, now) < commit_allowance_ns(b, p);
}

/* The path with room on which a bulk packet would arrive first, or NULL. */
static struct path *choose_bulk(struct bond *b, struct tstamp now, uint32_t bytes)
{
    struct path *best = NULL;
    double best_at = INFINITY;
    for_each_path (b, p) {
        if (!has_room(b, p, now))
            continue;
        double at = predict_arrival(p, now, bytes, false);
        if (at < best_at) {
            best = p;
            best_at = at;
        }
    }
    return best;
}

/* The path on which a packet that overtakes bulk would arrive first; avoid: not this one. */
static struct path *choose_express(struct bond *b, struct tstamp now, uint32_t bytes, uint8_t avoid)
{
    struct path *best = NULL;
    double best_at = INFINITY;
    for_each_path (b, p) {
        if (!path_usable(p) || p->express.count == p->express.capacity || p->id == avoid)
            continue;
        double at = predict_arrival(p, now, bytes, true);
        if (at < best_at) {
            best = p;
            best_at = at;
        }
    }
    return best;
}

static void take_sequence(struct bond *b, struct tstamp now, struct segment *s, uint16_t lane)
{
    s->lane = lane;
    s->sequence = b->lane_next[lane]++;
    b->lane_used[lane] = now;
    s->first_sent = now;
    s->from = WIRE_PATHS_MAX;
}

static uint16_t lane_of(const struct pkt *p)
{
    return (uint16_t)(1 + p->flow_hash % (WIRE_LANES_MAX - 1));
}

/* Commits a bulk segment, in pieces where it is larger than some path's datagrams. */
static void commit(struct bond *b, struct tstamp now, struct pkt *pkt, uint16_t seg)
{
    uint32_t total = pkt_seg_bytes(pkt, seg);
    uint32_t piece = bond_inner_mtu(b);
    uint32_t offset = 0;
    uint8_t partial = pkt->csum_partial ? WIRE_DATA_CSUM_PARTIAL : 0;
    do {
        uint32_t bytes = total - offset < piece ? total - offset : piece;
        struct path *p = choose_bulk(b, now, bytes);
        if (p == NULL)
            p = choose_express(b, now, bytes, WIRE_PATHS_MAX);
        struct segment s = { .pkt = pkt,
                             .seg = seg,
                             .offset = (uint16_t)offset,
                             .bytes = (uint16_t)bytes,
                             .flags = partial };
        if (offset > 0)
            s.flags |= WIRE_DATA_CONT;
        if (offset + bytes < total)
            s.flags |= WIRE_DATA_MORE;
        take_sequence(b, now, &s, lane_of(pkt));
        pkt_ref(pkt);
        if (p == NULL || !ring_push(&p->committed, &s, path_segment_bytes(p, &s))) {
            b->drops[BOND_DROP_NO_BUFFER]++;
            pkt_put(pkt);
        }
        offset += bytes;
    } while (offset < total);
    pkt_put(pkt);
}

/* Moves bulk from the flow queues to the paths that have room. */
static void pump_bulk(struct bond *b, struct tstamp now)
{
    while (flowq_has_bulk(&b->queue) && choose_bulk(b, now, 1514) != NULL) {
        uint16_t seg;
        struct pkt *pkt = flowq_pop_bulk(&b->queue, now, &seg);
        if (pkt != NULL)
            commit(b, now, pkt, seg);
    }
}

static bool fits_all(const struct bond *b, const struct pkt *pkt)
{
    return pkt->len_bytes <= bond_inner_mtu(b);
}

/* What the pacer would have to make up for if the path's express packets left now. */
static int64_t express_debt_ns(const struct path *p, struct tstamp now)
{
    return tstamp_sub(p->free_at, now) + path_send_time_ns(p, now, p->express.bytes);
}

/* A second copy of a sparse packet where the first path loses packets or is in doubt. */
static void duplicate(struct bond *b, struct tstamp now, const struct path *first,
                      const struct segment *s)
{
    if (first->rate.loss < 0.002)
        return;
    struct path *second = choose_express(b, now, s->bytes, first->id);
    struct segment copy = *s;
    copy.once = true;
    if (second != NULL && ring_push(&second->express, &copy, path_segment_bytes(second, &copy)))
        pkt_ref(copy.pkt);
}

/* Puts a whole small packet on the path where it arrives first, outside the lanes' order. */
static void send_express(struct bond *b, struct tstamp now, struct pkt *pkt, bool with_copy)
{
    if (!fits_all(b, pkt)) {
        commit(b, now, pkt, 0);
        return;
    }
    struct segment s = { .pkt = pkt,
                         .bytes = (uint16_t)pkt->len_bytes,
                         .flags = pkt->csum_partial ? WIRE_DATA_CSUM_PARTIAL : 0 };
    struct path *p = choose_express(b, now, s.bytes, WIRE_PATHS_MAX);
    take_sequence(b, now, &s, WIRE_LANE_UNORDERED);
    if (p == NULL || !ring_push(&p->express, &s, path_segment_bytes(p, &s))) {
        b->drops[BOND_DROP_NO_BUFFER]++;
        pkt_put(pkt);
        return;
    }
    if (with_copy)
        duplicate(b, now, p, &s);
}

static void pump_express(struct bond *b, struct tstamp now)
{
    while (flowq_has_sparse(&b->queue))
        send_express(b, now, flowq_pop_sparse(&b->queue), true);
    /* Pure acknowledgements wait for the pacer, and so are thinned by newer ones. */
    while (tstamp_reached(flowq_ack_due(&b->queue), now)) {
        const struct path *p = choose_express(b, now, 60, WIRE_PATHS_MAX);
        if (p == NULL || express_debt_ns(p, now) > ACK_DEBT_NS)
            return;
        send_express(b, now, flowq_pop_ack(&b->queue, now), false);
    }
}

/*
 * Finds a path for what was lost; what is too old is dropped. Repeats overtake bulk, but when a
 * whole link's flight comes at once the survivors' pacers spread it.
 */
static void pump_repairs(struct bond *b, struct tstamp now)
{
    for (const struct segment *head; (head = ring_head(&b->repairs)) != NULL;) {
        struct path *p = choose_express(b, now, head->bytes, WIRE_PATHS_MAX);
        bool late = tstamp_sub(now, head->first_sent) > REPAIR_AGE_NS;
        if (!late && (p == NULL || express_debt_ns(p, now) > REPAIR_DEBT_NS))
            return;
        struct segment s;
        ring_pop(&b->repairs, &s, 0);
        if (s.tries > 0)
            s.flags |= WIRE_DATA_REPEAT;
        if (late || !ring_push(&p->express, &s, path_segment_bytes(p, &s))) {
            b->drops[BOND_DROP_REPEAT_LATE]++;
            pkt_put(s.pkt);
        }
    }
}

/* CoDel must know the delay that equalization adds, or TCP never opens its window wide enough. */
static void adapt_codel(struct bond *b)
{
    double rtt = 0;
    double rate = 0;
    double loss = 0;
    bool starting = false;
    for_each_path (b, p) {
        if (!path_usable(p))
            continue;
        rtt = fmax(rtt, (double)p->srtt_ns);
        rate += p->rate.capacity_bps;
        loss = fmax(loss, p->rate.loss);
        starting = starting || p->rate.phase == RATE_START;
    }
    struct flowq_codel *c = &b->queue.codel;
    b->queue.ack_gap_max_ns = (int64_t)fmin(rtt / 8, ACK_GAP_MOST_NS);
    /* With a hole open at nearly every time, its repair is a part of the inner round trip. */
    double in_flight = rate * rtt / (1514 * 8e9);
    rtt *= 1 + 1.2 * fmin(1, 2 * loss * in_flight);
    double packet_ns = rate > 0 ? 1514 * 8e9 / rate : 0;
    c->target_ns = (int64_t)fmax(fmax(5e6, 1.5 * packet_ns), rtt / 2);
    c->interval_ns = (int64_t)fmax(100e6, 2 * rtt);
    c->next_drop_min_ns = (int64_t)(1.5 * (rtt + (double)c->target_ns));
    c->off = starting || rate <= 0;
}

/* ---- output ---- */

/* The best way for an acknowledgement of what came on path p. */
static uint8_t ack_carrier(struct bond *b, struct tstamp now, const struct path *p)
{
    const struct path *best = choose_express(b, now, 100, WIRE_PATHS_MAX);
    return best != NULL ? best->id : p->id;
}

static void start_ack(struct bond *b, struct tstamp now, struct path *p)
{
    bool idle = p->acker.pending <= 1;
    if (!acker_build(&p->acker, now, &p->ack))
        return;
    p->ack.path = p->id;
    p->ack_carriers = 1U << ack_carrier(b, now, p);
    if (idle)
        p->ack_carriers |= 1U << p->id;
    if (++p->ack_count % ACKS_ON_ALL == 0)
        for_each_path (b, q)
            if (path_usable(q))
                p->ack_carriers |= 1U << q->id;
}

static bool next_ack(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for_each_path (b, p) {
        if (p->ack_carriers == 0 && tstamp_reached(p->acker.due, now))
            start_ack(b, now, p);
        if (p->ack_carriers == 0)
            continue;
        uint8_t carrier = (uint8_t)__builtin_ctz(p->ack_carriers);
        p->ack_carriers &= p->ack_carriers - 1;
        uint32_t payload = WIRE_HEADER_BYTES + WIRE_TAG_BYTES + 16 + 2U * p->ack.range_count +
                           3U * p->ack.time_count;
        struct path *c = path_get(b, now, carrier);
        out->kind = BOND_OUT_ACK;
        out->path = carrier;
        out->ack = p->ack;
        out->pn = path_sent(c, now, path_wire_bytes(c, payload), false, 0, NULL, false);
        return true;
    }
    return false;
}

static bool next_probe(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for_each_path (b, p) {
        if (!p->probe_wanted)
            continue;
        p->probe_wanted = false;
        out->kind = BOND_OUT_PROBE;
        out->path = p->id;
        uint32_t bytes = path_wire_bytes(p, WIRE_HEADER_BYTES + 1 + WIRE_TAG_BYTES);
        out->pn = path_sent(p, now, bytes, true, 0, NULL, false);
        return true;
    }
    return false;
}

static void send_segment(struct bond *b, struct tstamp now, struct path *p, struct segment *s,
                         struct bond_out *out)
{
    bool loaded = p->committed.count > 0 || flowq_has_bulk(&b->queue);
    if (s->tries++ > 0)
        p->resent_packets++;
    out->kind = BOND_OUT_DATA;
    out->path = p->id;
    out->pkt = s->pkt;
    out->seg = s->seg;
    out->data_offset = s->offset;
    out->data_bytes = s->bytes;
    out->data = (struct wire_data){ .flags = s->flags,
                                    .lane = s->lane,
                                    .sequence = s->sequence,
                                    .sent_us = (uint32_t)(now.ns / NS_PER_US) & (CLOCK24 - 1) };
    out->pn = path_sent(p, now, path_segment_bytes(p, s), true, 0, s, loaded);
}

static bool next_express(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for_each_path (b, p) {
        const struct segment *head = ring_head(&p->express);
        struct segment s;
        if (head == NULL || !ring_pop(&p->express, &s, path_segment_bytes(p, head)))
            continue;
        send_segment(b, now, p, &s, out);
        return true;
    }
    return false;
}

static bool next_committed(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++) {
        struct path *p = &b->paths[(b->current + i) % WIRE_PATHS_MAX];
        if (!p->ready || p->committed.count == 0 || !path_may_send(p, now))
            continue;
        struct segment s;
        ring_pop(&p->committed, &s, path_segment_bytes(p, ring_head(&p->committed)));
        send_segment(b, now, p, &s, out);
        b->current = p->id;
        return true;
    }
    return false;
}

bool bond_next(struct bond *b, struct tstamp now, struct bond_out *out)
{
    b->now = now;
    if (next_ack(b, now, out) || next_probe(b, now, out))
        return true;
    if (any_usable(b)) {
        pump_repairs(b, now);
        pump_express(b, now);
        pump_bulk(b, now);
    }
    return next_express(b, now, out) || next_committed(b, now, out);
}

uint64_t bond_take_pn(struct bond *b, struct tstamp now, uint8_t path, uint32_t payload_bytes,
                      bool eliciting, uint32_t tag)
{
    struct path *p = path_get(b, now, path);
    return path_sent(p, now, path_wire_bytes(p, payload_bytes), eliciting, tag, NULL, false);
}

/* ---- input ---- */

void bond_send(struct bond *b, struct tstamp now, struct pkt *p)
{
    flowq_push(&b->queue, now, p);
}

void bond_rx(struct bond *b, struct tstamp now, uint8_t path, uint64_t pn, uint32_t payload_bytes,
             bool eliciting)
{
    struct path *p = path_get(b, now, path);
    uint32_t bytes = path_wire_bytes(p, payload_bytes);
    p->rx_bytes += bytes;
    p->rx_bytes_second += bytes;
    p->rx_packets++;
    acker_record(&p->acker, now, pn, eliciting);
}

/* The delay of a data frame by its stamp; all paths share the sender's and the receiver's clocks.
 */
static void note_arrival(struct bond *b, struct tstamp now, uint8_t path, uint32_t sent_us)
{
    uint32_t raw = ((uint32_t)(now.ns / NS_PER_US) - sent_us) & (CLOCK24 - 1);
    if (!b->reference_known) {
        b->reference_known = true;
        b->reference_us = raw;
    }
    int32_t us = (int32_t)((raw - b->reference_us) & (CLOCK24 - 1));
    if (us >= CLOCK24 / 2)
        us -= CLOCK24;
    struct arrival *a = &b->arrivals[path];
    double owd_ns = us * 1e3;
    if (!a->known) {
        a->known = true;
        a->owd_ns = owd_ns;
        a->last_us = us;
    }
    a->jitter_ns += (fabs((us - a->last_us) * 1e3) - a->jitter_ns) / 16;
    a->owd_ns += (owd_ns - a->owd_ns) / 16;
    a->last_us = us;
}

/* How long a hole may stay open: what the paths differ by, one repair, and jitter. */
static void adapt_hold(struct bond *b)
{
    double least = INFINITY;
    double most = -INFINITY;
    double jitter = 0;
    double srtt = INFINITY;
    for_each_path (b, p) {
        const struct arrival *a = &b->arrivals[p->id];
        if (!path_usable(p) || !a->known)
            continue;
        least = fmin(least, a->owd_ns);
        most = fmax(most, a->owd_ns);
        jitter = fmax(jitter, a->jitter_ns);
        srtt = fmin(srtt, (double)p->srtt_ns);
    }
    if (isinf(least))
        return;
    double hold = most - least + 2.2 * srtt + 15e6 + 3 * jitter;
    b->reorder.hold_ns = (int64_t)fmin(fmax(hold, HOLD_LEAST_NS), HOLD_MOST_NS);
}

void bond_rx_data(struct bond *b, struct tstamp now, uint8_t path, const struct wire_data *d,
                  struct pkt *p)
{
    if ((d->flags & WIRE_DATA_REPEAT) == 0)
        note_arrival(b, now, path, d->sent_us);
    p->flags = d->flags;
    p->csum_partial = (d->flags & WIRE_DATA_CSUM_PARTIAL) != 0;
    reorder_push(&b->reorder, now, d->lane, d->sequence, p);
}

void bond_rx_ack(struct bond *b, struct tstamp now, uint8_t arrived_on, const struct wire_ack *ack)
{
    struct path *p = &b->paths[ack->path];
    if (!p->ready)
        return;
    struct path_events events = events_of(b);
    path_ack(p, now, ack, arrived_on == ack->path, &events);
    if (path_tick(p, now)) {
        state_changed(b, p);
        choose_standby(b, now);
    }
    if (p->state == BOND_PATH_PROBING || p->state == BOND_PATH_DOWN) {
        /* an answer: the next probe need not wait for the back-off */
        if (p->good_probes > 0 && p->good_probes < p->probes_needed)
            p->probe_wanted = true;
    }
}

struct pkt *bond_deliver(struct bond *b)
{
    return pkt_list_pop(&b->reorder.out);
}

/* ---- time ---- */

void bond_tick(struct bond *b, struct tstamp now)
{
    bool changed = false;
    b->now = now;
    for_each_path (b, p) {
        if (path_tick(p, now)) {
            state_changed(b, p);
            changed = true;
        }
    }
    if (changed)
        choose_standby(b, now);
    adapt_codel(b);
    adapt_hold(b);
    reorder_tick(&b->reorder, now);
    if (any_usable(b) || b->queue.bytes == 0) {
        b->expire_at = TSTAMP_NEVER;
    } else if (tstamp_is_never(b->expire_at) || tstamp_reached(b->expire_at, now)) {
        b->drops[BOND_DROP_NO_PATH] += flowq_expire(&b->queue, now, WAIT_WITHOUT_PATH_NS);
        b->expire_at = tstamp_add(now, EXPIRE_EVERY_NS);
    }
}

/* When the pacer lets the path's committed packets go on. */
static struct tstamp send_deadline(const struct path *p)
{
    if (p->express.count > 0)
        return (struct tstamp){ 0 };
    return p->committed.count > 0 ? p->free_at : TSTAMP_NEVER;
}

struct tstamp bond_deadline(const struct bond *b)
{
    struct tstamp t = reorder_deadline(&b->reorder);
    bool usable = false;
    bool opened = any_open(b); /* what is to be acknowledged waits for a way back */
    struct tstamp room = TSTAMP_NEVER;
    for_each_path (b, p) {
        t = tstamp_min(t, path_deadline(p));
        t = tstamp_min(t, send_deadline(p));
        if (opened)
            t = tstamp_min(t, p->acker.due);
        if (p->probe_wanted || p->ack_carriers != 0)
            return (struct tstamp){ 0 };
        if (path_usable(p)) {
            usable = true;
            /* Room that is missing for another reason than pacing comes with an acknowledgement. */
            if (tstamp_before(b->now, p->free_at))
                room = tstamp_min(room, p->free_at);
        }
    }
    if (usable && (b->queue.bytes > 0 || b->repairs.count > 0)) {
        t = tstamp_min(t, room);
        if (tstamp_before(b->now, flowq_ack_due(&b->queue)))
            t = tstamp_min(t, flowq_ack_due(&b->queue));
    }
    return tstamp_min(t, b->expire_at);
}

/* ---- statistics ---- */

const char *bond_drop_name(enum bond_drop reason)
{
    static const char *const names[BOND_DROP_COUNT] = {
        [BOND_DROP_QUEUE_FULL] = "queue_full",     [BOND_DROP_CODEL] = "codel",
        [BOND_DROP_NO_PATH] = "no_path",           [BOND_DROP_NO_BUFFER] = "no_buffer",
        [BOND_DROP_REPEAT_LATE] = "repeat_late",   [BOND_DROP_DUPLICATE] = "duplicate",
        [BOND_DROP_REORDER_FULL] = "reorder_full", [BOND_DROP_FRAGMENT] = "fragment",
        [BOND_DROP_BAD_PACKET] = "bad_packet",     [BOND_DROP_ACK_THINNED] = "ack_thinned",
    };
    return names[reason];
}

static const char *path_reason(const struct path *p)
{
    switch (p->state) {
    case BOND_PATH_CLOSED:
        return "no address of the peer is reachable over it yet";
    case BOND_PATH_PROBING:
        return "probing";
    case BOND_PATH_SUSPECT:
        return "acknowledgements are overdue";
    case BOND_PATH_DOWN:
        return "no answer, probing";
    case BOND_PATH_STANDBY:
        return p->config.use == WIRE_PATH_DOWN ? "switched off" : "standby";
    case BOND_PATH_UP:
        break;
    }
    if (p->rate.limit_bps > 0 && p->rate.capacity_bps >= p->rate.limit_bps)
        return "limited by the configured rate";
    return p->rate.loaded ? "in use, limited by the link" : "in use";
}

void bond_path_stats(const struct bond *b, struct tstamp now, uint8_t path,
                     struct bond_path_stats *out)
{
    const struct path *p = &b->paths[path];
    memset(out, 0, sizeof *out);
    out->why = "no address of the peer is reachable over it yet";
    if (!p->ready)
        return;
    double least = INFINITY;
    for_each_path (b, q)
        if (q->rate.owd_known)
            least = fmin(least, q->rate.owd_ns);
    bool fresh = tstamp_sub(now, p->second_since) < 2 * NS_PER_S;
    out->state = p->state;
    out->srtt_ns = p->srtt_same_ns > 0 ? p->srtt_same_ns : p->srtt_ns;
    out->rtt_min_ns = p->rtt_min_ns;
    out->owd_ns = p->rate.owd_known ? (int64_t)(p->rate.owd_ns - least) : 0;
    out->jitter_ns = (int64_t)p->rate.jitter_ns;
    out->loss = p->rate.loss;
    out->rate_bps = (uint64_t)p->rate.capacity_bps;
    out->tx_bps = fresh ? p->tx_bps : 0;
    out->rx_bps = fresh ? p->rx_bps : 0;
    out->tx_bytes = p->tx_bytes;
    out->rx_bytes = p->rx_bytes;
    out->tx_packets = p->tx_packets;
    out->rx_packets = p->rx_packets;
    out->resent_packets = p->resent_packets;
    out->inflight_bytes = p->inflight_bytes;
    out->queue_ns = (int64_t)p->rate.queue_ns;
    out->datagram_bytes = p->config.datagram_bytes;
    out->why = path_reason(p);
}

static const char *bond_limit(const struct bond *b)
{
    if (!any_usable(b))
        return "no usable path";
    for_each_path (b, p)
        if (path_usable(p) && !p->rate.loaded)
            return "traffic, not links";
    return "links";
}

void bond_stats(const struct bond *b, struct bond_stats *out)
{
    memset(out, 0, sizeof *out);
    struct tstamp newest = { 0 };
    for (unsigned i = 0; i < WIRE_LANES_MAX; i++)
        newest = tstamp_max(newest, b->lane_used[i]);
    for (unsigned i = 0; i < WIRE_LANES_MAX; i++)
        out->lanes += b->lane_next[i] > 0 && tstamp_sub(newest, b->lane_used[i]) < LANE_IDLE_NS;
    out->queued_bytes = b->queue.bytes;
    out->reorder_held = b->reorder.held;
    out->reorder_late = b->reorder.late;
    memcpy(out->drops, b->drops, sizeof out->drops);
    out->drops[BOND_DROP_QUEUE_FULL] = b->queue.dropped_full;
    out->drops[BOND_DROP_CODEL] = b->queue.dropped_codel;
    out->drops[BOND_DROP_BAD_PACKET] = b->queue.dropped_bad;
    out->drops[BOND_DROP_ACK_THINNED] = b->queue.acks_thinned;
    out->drops[BOND_DROP_DUPLICATE] = b->reorder.duplicates;
    out->drops[BOND_DROP_REORDER_FULL] = b->reorder.overflows;
    out->drops[BOND_DROP_FRAGMENT] = b->reorder.fragments_lost;
    out->limit = bond_limit(b);
}
