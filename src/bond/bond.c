/* SPDX-License-Identifier: ISC */
#include "bond/bond.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "bond/internal.h"
#include "bond/send/overdue.h"
#include "bond/send/policy.h"

enum {
    REPAIRS_MAX = TABLE_SIZE(16384, 64),    /* a power of two */
    DELIVER_MAX = REORDER_HELD_MAX * 3 / 2, /* waiting for the tunnel's device */
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
        b->paths[i].pacer.committed = carve_ring(&slots, PATH_COMMITTED_MAX);
        b->paths[i].pacer.express = carve_ring(&slots, PATH_EXPRESS_MAX);
    }
    b->repairs = carve_ring(&slots, REPAIRS_MAX);
    b->pool = config->pool;
    flowq_init(&b->queue, config->seed,
               config->queue_bytes_max > 0 ? config->queue_bytes_max : QUEUE_BYTES);
    b->queue.share = &b->sending;
    reorder_init(&b->reorder);
    b->reorder.share = &b->receiving;
    recruit_clear(b);
    line_init(&b->line);
    b->now = now;
    b->expire_at = TSTAMP_NEVER;
    return b;
}

static void clear_repairs(struct bond *b)
{
    struct segment s;
    while (ring_pop(&b->repairs, &s, 0)) {
        b->drops[BOND_DROP_FORGOTTEN] += segment_packets(&s);
        pkt_put(s.pkt);
    }
}

/* What is under way when the association ends: some of it may still have arrived. */
static void count_forgotten(struct bond *b)
{
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++)
        b->drops[BOND_DROP_FORGOTTEN] += path_packets(&b->paths[i]);
    b->drops[BOND_DROP_FORGOTTEN] += b->reorder.held + recruit_held(&b->recruit);
}

void bond_reset(struct bond *b, struct tstamp now)
{
    b->now = now;
    count_forgotten(b);
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++)
        path_clear(&b->paths[i]);
    b->known = 0;
    clear_repairs(b);
    recruit_clear(b);
    line_init(&b->line);
    reorder_clear(&b->reorder);
    memset(b->lane_next, 0, sizeof b->lane_next);
    memset(b->arrivals, 0, sizeof b->arrivals);
    b->reference_known = false;
    b->peer_clock = (struct peer_clock){ 0 };
    survey_paths(b);
}

void bond_free(struct bond *b)
{
    if (b == NULL)
        return;
    bond_reset(b, (struct tstamp){ 0 });
    flowq_clear(&b->queue);
    pkt_list_clear(&b->reorder.out);
    free(b->policies);
    free(b->slots);
    free(b);
}

static bool any_open(const struct bond *b)
{
    for_each_path (b, p)
        if (path_open(p))
            return true;
    return false;
}

/* ---- repair ---- */

static void lost_segment(void *arg, struct path *p, struct segment *s)
{
    struct bond *b = arg;
    bool needless = s->once || s->again || (s->copied && p->life.state != BOND_PATH_UP);
    if (needless || s->tries >= REPAIR_TRIES || !ring_push(&b->repairs, s, 0)) {
        if (!s->once) /* a copy is counted by its original */
            b->drops[needless ? BOND_DROP_FORGOTTEN : BOND_DROP_REPEAT_LATE] += segment_packets(s);
        pkt_put(s->pkt);
    }
}

static void tagged_outcome(void *arg, struct path *p, uint32_t tag, bool acked, bool alone)
{
    push_event(arg, (struct bond_event){ .type = acked ? BOND_EVENT_ACKED : BOND_EVENT_LOST,
                                         .path = p->id,
                                         .tag = tag,
                                         .alone = alone });
}

static void black_hole(void *arg, struct path *p)
{
    push_event(arg, (struct bond_event){ .type = BOND_EVENT_BLACK_HOLE, .path = p->id });
}

static struct path_events events_of(struct bond *b)
{
    return (struct path_events){
        .lost = lost_segment, .tagged = tagged_outcome, .hole = black_hole, .arg = b
    };
}

/* Everything that waits on the path or is unacknowledged goes to the others. */
static void evacuate(struct bond *b, struct path *p)
{
    struct path_events events = events_of(b);
    struct segment s;
    path_abandon(p, &events);
    while (ring_pop(&p->pacer.express, &s, 0))
        lost_segment(b, p, &s);
    while (ring_pop(&p->pacer.committed, &s, 0))
        lost_segment(b, p, &s);
    p->pacer.express.bytes = p->pacer.committed.bytes = 0;
}

/* ---- life of paths ---- */

/*
 * Acknowledgements on their way on a path that fails are lost with it, and the peer repeats what
 * they were for before what is missing.
 */
static void acknowledge_again(struct bond *b)
{
    for_each_path (b, p)
        incoming_tell(&b->incoming[p->id], b->now);
}

static void state_changed(struct bond *b, struct path *p)
{
    survey_paths(b);
    if (p->life.state != BOND_PATH_UP)
        evacuate(b, p);
    if (p->life.state == BOND_PATH_SUSPECT || p->life.state == BOND_PATH_STANDBY)
        acknowledge_again(b);
    push_event(b, (struct bond_event){ .type = BOND_EVENT_PATH_STATE,
                                       .path = p->id,
                                       .state = p->life.state,
                                       .false_alarm = p->life.false_alarm });
}

static void happens(struct bond *b, struct tstamp now, struct path *p, enum life_event event)
{
    if (path_event(p, now, event))
        state_changed(b, p);
}

static bool one_waits(const struct bond *b, const struct path *p)
{
    return incoming_one_waits(&b->incoming[p->id]);
}

/* What its timers want the peer to know leaves now. True: its state changed. */
static bool heed(struct bond *b, struct tstamp now, struct path *p, bool changed)
{
    if (p->beat.tell)
        incoming_tell(&b->incoming[p->id], now);
    p->beat.tell = false;
    if (changed)
        state_changed(b, p);
    return changed;
}

static bool tick(struct bond *b, struct tstamp now, struct path *p)
{
    return heed(b, now, p, path_tick(p, now, one_waits(b, p)));
}

/*
 * Standby paths carry traffic when no path before them in the line is there, or, as far as they are
 * for that, while the active ones are full. One that answered when it was last asked takes over at
 * once: should it be dead, nothing is lost that had another way.
 */
static void choose_standby(struct bond *b, struct tstamp now)
{
    unsigned first = UINT_MAX;
    for_each_path (b, p)
        if (p->life.state == BOND_PATH_UP && path_line(p) < first)
            first = path_line(p);
    for_each_path (b, p) {
        if (p->config.use != WIRE_PATH_STANDBY)
            continue;
        bool helps = p->config.standby_busy && !p->config.last_resort && b->busy;
        bool wanted = path_line(p) <= first || helps;
        if (!wanted && path_open(p))
            happens(b, now, p, LIFE_HOLD);
        else if (wanted)
            happens(b, now, p, path_fresh(p) ? LIFE_CALL_FRESH : LIFE_CALL);
    }
}

/* A path that has to earn its trust is better than none. True: some path's state changed. */
static bool trust_anyone(struct bond *b, struct tstamp now)
{
    bool changed = false;
    if (any_usable(b))
        return false;
    for_each_path (b, p) {
        changed = heed(b, now, p, path_trust(p, now, one_waits(b, p))) || changed;
    }
    return changed;
}

void bond_path_open(struct bond *b, struct tstamp now, uint8_t path,
                    const struct bond_path_config *config)
{
    struct path *p = path_get(b, now, path);
    bool narrower = config->datagram_bytes < p->config.datagram_bytes;
    enum bond_path_state before = p->life.state;
    p->config = *config;
    if (narrower)
        path_forgive_losses(p, now);
    if (p->life.state != before)
        state_changed(b, p);
    p->rate.limit_bps = (double)config->limit_bps;
    path_set_pace(p, now);
    survey_paths(b);
    if (config->use == WIRE_PATH_STANDBY && p->life.state == BOND_PATH_STANDBY &&
        tstamp_is_never(p->probe.at))
        path_event(p, now, LIFE_SWITCH_ON);
    if (config->use == WIRE_PATH_DOWN)
        happens(b, now, p, LIFE_HOLD);
    else if (p->life.state == BOND_PATH_CLOSED || config->use == WIRE_PATH_ACTIVE)
        happens(b, now, p, LIFE_OPEN);
    choose_standby(b, now);
}

void bond_path_close(struct bond *b, struct tstamp now, uint8_t path)
{
    struct path *p = path_get(b, now, path);
    if (path_close(p, now))
        state_changed(b, p);
    choose_standby(b, now);
}

void bond_path_suspect(struct bond *b, struct tstamp now, uint8_t path)
{
    struct path *p = path_get(b, now, path);
    happens(b, now, p, LIFE_DOUBT);
    choose_standby(b, now);
}

void bond_path_retry(struct bond *b, struct tstamp now, uint8_t path)
{
    happens(b, now, path_get(b, now, path), LIFE_RETRY);
}

void bond_path_forgive(struct bond *b, struct tstamp now, uint8_t path)
{
    path_get(b, now, path)->fitness.trust_ns = 0;
}

enum bond_path_state bond_path_state(const struct bond *b, uint8_t path)
{
    return b->paths[path].ready ? b->paths[path].life.state : BOND_PATH_CLOSED;
}

int64_t bond_path_srtt_ns(const struct bond *b, uint8_t path)
{
    const struct path *p = &b->paths[path];
    return p->rtt.same_ns > 0 ? p->rtt.same_ns : p->rtt.srtt_ns;
}

uint32_t bond_inner_mtu(const struct bond *b)
{
    return b->inner_mtu;
}

/* ---- input ---- */

static void set_brisk(struct bond *b, struct tstamp now, bool brisk)
{
    b->brisk = brisk;
    for_each_path (b, p)
        path_set_brisk(p, now, brisk);
}

static void note_traffic(struct bond *b, struct tstamp now, uint32_t bytes)
{
    if (tstamp_sub(now, b->traffic_since) >= NS_PER_S) {
        b->traffic_since = now;
        b->traffic_bytes = 0;
    }
    b->traffic_bytes += bytes;
    if (b->traffic_bytes < BRISK_BYTES)
        return;
    b->brisk_at = now;
    if (!b->brisk)
        set_brisk(b, now, true);
}

void bond_send(struct bond *b, struct tstamp now, struct pkt *p)
{
    note_traffic(b, now, p->len_bytes);
    pkt_charge(p, &b->sending);
    flowq_push(&b->queue, now, p);
}

void bond_rx(struct bond *b, struct tstamp now, uint8_t path, uint64_t pn, uint32_t payload_bytes,
             bool eliciting)
{
    struct path *p = path_get(b, now, path);
    uint32_t bytes = path_wire_bytes(p, payload_bytes);
    p->count.rx_bytes += bytes;
    p->count.rx_bytes_second += bytes;
    p->count.rx_packets++;
    b->incoming[p->id].acker.patient = flowq_has_bulk(&b->queue);
    acker_record(&b->incoming[p->id].acker, now, pn, eliciting);
    path_heard(p, now, eliciting);
}

/* The two clocks drift apart by seconds in days: the reference follows before 24 bits wrap. */
static void shift_reference(struct bond *b, int32_t us)
{
    b->reference_us = (b->reference_us + (uint32_t)us) & (CLOCK24 - 1);
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++) {
        b->arrivals[i].owd_ns -= us * 1e3;
        b->arrivals[i].last_us -= us;
    }
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
    if (us > CLOCK24 / 4 || us < -CLOCK24 / 4) {
        shift_reference(b, us);
        us = 0;
    }
    struct arrival *a = &b->arrivals[path];
    double owd_ns = us * 1e3;
    if (!a->known) {
        a->known = true;
        a->owd_ns = owd_ns;
        a->last_us = us;
    }
    a->jitter_ns += (fabs((double)(us - a->last_us) * 1e3) - a->jitter_ns) / JITTER_PARTS;
    a->owd_ns += (owd_ns - a->owd_ns) / ARRIVAL_OWD_PARTS;
    a->last_us = us;
}

/*
 * How long a hole may stay open: what the paths differ by, one repair, jitter, and the time in
 * which the sender finds out that a whole path is gone.
 */
static void adapt_hold(struct bond *b)
{
    double least = INFINITY;
    double most = -INFINITY;
    double jitter = 0;
    double srtt = INFINITY;
    double patience = 0;
    for_each_path (b, p) {
        const struct arrival *a = &b->arrivals[p->id];
        if (!path_usable(p) || !a->known)
            continue;
        least = fmin(least, a->owd_ns);
        most = fmax(most, a->owd_ns);
        jitter = fmax(jitter, a->jitter_ns);
        srtt = fmin(srtt, (double)p->rtt.srtt_ns);
        patience = fmax(patience, (double)path_patience_ns(p));
    }
    if (isinf(least))
        return;
    double hold =
        most - least + HOLD_RTTS * srtt + HOLD_SLACK_NS + HOLD_JITTERS * jitter + patience;
    hold = fmin(fmax(hold, (double)HOLD_LEAST_NS), (double)HOLD_MOST_NS);
    b->reorder.hold_ns = (int64_t)hold;
}

void bond_rx_data(struct bond *b, struct tstamp now, uint8_t path, const struct wire_data *d,
                  struct pkt *p)
{
    note_traffic(b, now, p->len_bytes);
    if (b->reorder.out.count >= DELIVER_MAX) {
        b->drops[BOND_DROP_NO_BUFFER]++;
        pkt_put(p);
        return;
    }
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
    path_ack(p, now, ack, arrived_on == ack->path, &b->peer_clock, &events);
    b->acked |= UINT32_C(1) << p->id;
}

/* True: its state changed. */
static bool settle_acked(struct bond *b, struct tstamp now, struct path *p)
{
    bool changed = tick(b, now, p);
    if (p->fitness.fault == PATH_SOUND &&
        (p->life.state == BOND_PATH_PROBING || p->life.state == BOND_PATH_DOWN)) {
        /* an answer: the next probe need not wait for the back-off */
        if (p->life.good > 0 && p->life.good < p->life.needed)
            p->probe.wanted = true;
    }
    return changed;
}

void bond_rx_acks_end(struct bond *b, struct tstamp now)
{
    bool changed = false;
    survey_paths(b);
    for (; b->acked != 0; b->acked &= b->acked - 1)
        changed = settle_acked(b, now, &b->paths[__builtin_ctz(b->acked)]) || changed;
    if (trust_anyone(b, now) || changed)
        choose_standby(b, now);
}

bool bond_has_delivery(const struct bond *b)
{
    return b->reorder.out.count > 0;
}

struct pkt *bond_deliver(struct bond *b)
{
    struct pkt *p;
    while ((p = pkt_list_pop(&b->reorder.out)) != NULL && recruit_hold(b, p))
        ;
    if (p != NULL && p->share != NULL)
        pkt_charge(p, NULL);
    return p;
}

/* ---- time ---- */

static void tell_slumps(struct bond *b)
{
    for_each_path (b, p) {
        if (slump_turned(&p->slump))
            push_event(b, (struct bond_event){
                              .type = BOND_EVENT_SLUMP, .path = p->id, .slow = p->slump.slow });
    }
}

static bool waits_for_path(const struct bond *b)
{
    return b->queue.bytes > 0 || b->repairs.count > 0;
}

/* A peer that is gone keeps no buffers. */
static void expire_repairs(struct bond *b, struct tstamp now)
{
    for (const struct segment *head; (head = ring_head(&b->repairs)) != NULL;) {
        struct segment s;
        if (tstamp_sub(now, head->first_sent) <= NO_PATH_NS)
            return;
        ring_pop(&b->repairs, &s, 0);
        b->drops[BOND_DROP_NO_PATH]++;
        pkt_put(s.pkt);
    }
}

void bond_tick(struct bond *b, struct tstamp now)
{
    bool changed = false;
    b->now = now;
    if (b->brisk && tstamp_sub(now, b->brisk_at) > BRISK_LINGER_NS)
        set_brisk(b, now, false);
    for_each_path (b, p) {
        changed = tick(b, now, p) || changed;
    }
    changed = trust_anyone(b, now) || changed;
    survey_paths(b);
    for (struct path *p; (p = bench_next(b, now)) != NULL; changed = true)
        state_changed(b, p);
    tell_slumps(b);
    if (survey_load(b, now) || changed)
        choose_standby(b, now);
    survey_swings(b);
    survey_queues(b);
    survey_bulk(b);
    line_look(b, now);
    for_each_path (b, p)
        p->rate.calm = policy_is_urgent(b, now);
    recruit_tick(b, now);
    adapt_hold(b);
    reorder_tick(&b->reorder, now);
    if (any_usable(b) || !waits_for_path(b)) {
        b->expire_at = TSTAMP_NEVER;
    } else if (tstamp_is_never(b->expire_at) || tstamp_reached(b->expire_at, now)) {
        b->drops[BOND_DROP_NO_PATH] += flowq_expire(&b->queue, now, NO_PATH_NS);
        expire_repairs(b, now);
        b->expire_at = tstamp_add(now, NO_PATH_LOOK_NS);
    }
}

struct tstamp bond_deadline(const struct bond *b)
{
    struct tstamp t = tstamp_min(reorder_deadline(&b->reorder), recruit_deadline(b));
    bool usable = false;
    bool opened = any_open(b); /* what is to be acknowledged waits for a way back */
    struct tstamp room = TSTAMP_NEVER;
    for_each_path (b, p) {
        t = tstamp_min(t, path_deadline(p));
        t = tstamp_min(t, pacer_deadline(&p->pacer));
        if (opened)
            t = tstamp_min(t, b->incoming[p->id].acker.due);
        if (p->probe.wanted || p->beat.wanted || (opened && b->incoming[p->id].carriers != 0))
            return (struct tstamp){ 0 };
        if (path_usable(p)) {
            usable = true;
            /* Room that is missing for another reason than pacing comes with an acknowledgement. */
            if (tstamp_before(b->now, p->pacer.free_at))
                room = tstamp_min(room, p->pacer.free_at);
        }
    }
    if (usable && (b->queue.bytes > 0 || b->repairs.count > 0)) {
        t = tstamp_min(t, room);
        if (tstamp_before(b->now, flowq_ack_due(&b->queue)))
            t = tstamp_min(t, flowq_ack_due(&b->queue));
    }
    if (usable)
        t = tstamp_min(t, overdue_deadline(b));
    if (!usable && waits_for_path(b) && tstamp_is_never(b->expire_at))
        return tstamp_min(t, b->now); /* it begins to expire */
    return tstamp_min(t, b->expire_at);
}
