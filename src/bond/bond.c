/* SPDX-License-Identifier: ISC */
#include "bond/bond.h"

#include <math.h>
#include <string.h>

#include "base/ip.h"
#include "base/size.h"
#include "bond/members.h"
#include "bond/out.h"
#include "bond/path/tick.h"
#include "bond/send/allowance.h"
#include "bond/send/aqm.h"
#include "bond/send/overdue.h"
#include "bond/send/repair.h"
#include "bond/send/room.h"
#include "bond/state.h"
#include "bond/tuning.h"

enum { REPAIRS_MAX = TABLE_SIZE(16384, 64) /* a power of two */ };

struct bond *bond_new(const struct bond_config *config, struct tstamp now)
{
    struct arena_share memory = { .arena = config->arena, .sure = config->sure };
    struct bond *b = arena_take(&memory, 1, sizeof *b);
    if (b == NULL)
        return NULL;
    struct sender *snd = &b->sender;
    b->memory = memory;
    b->pool = config->pool;
    snd->memory = &b->memory;
    ring_init(&snd->repairs, &b->memory, REPAIRS_MAX);
    flowq_init(&snd->queue, config->seed,
               config->queue_bytes_max > 0 ? config->queue_bytes_max : QUEUE_BYTES, &b->memory);
    snd->queue.share = &snd->share;
    reorder_init(&b->receiver.reorder, &b->memory);
    b->receiver.reorder.share = &b->receiver.share;
    room_grow(snd); /* what the first packets need is there, whatever others take meanwhile */
    reorder_grow(&b->receiver.reorder);
    b->memory.sure = false;
    aggregate_clear(&snd->aggregate, &snd->queue.largest);
    bottleneck_init(&snd->bottleneck);
    b->now = now;
    b->expire_at = TSTAMP_NEVER;
    return b;
}

/* What is under way when the association ends: some of it may still have arrived. */
static void count_forgotten(struct bond *b)
{
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++)
        b->sender.drops[BOND_DROP_FORGOTTEN] += path_packets(&b->sender.paths.at[i]);
    b->sender.drops[BOND_DROP_FORGOTTEN] +=
        b->receiver.reorder.held + aggregate_held(&b->sender.aggregate);
}

void bond_reset(struct bond *b, struct tstamp now)
{
    b->now = now;
    count_forgotten(b);
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++) {
        path_clear(&b->sender.paths.at[i]);
        acker_free(&b->receiver.incoming[i].acker);
    }
    b->sender.paths.known = 0;
    repair_clear(&b->sender);
    aggregate_clear(&b->sender.aggregate, &b->sender.queue.largest);
    bottleneck_init(&b->sender.bottleneck);
    reorder_clear(&b->receiver.reorder);
    memset(b->sender.lanes.next, 0, sizeof b->sender.lanes.next);
    b->receiver.arrivals = (struct arrivals){ 0 };
    b->peer_clock = (struct peer_clock){ 0 };
    sender_survey(&b->sender);
}

void bond_free(struct bond *b)
{
    if (b == NULL)
        return;
    bond_reset(b, (struct tstamp){ 0 });
    flowq_clear(&b->sender.queue);
    pkt_list_clear(&b->receiver.reorder.out);
    policies_free(b->sender.policies, &b->memory);
    ring_free(&b->sender.repairs);
    struct arena_share memory = b->memory;
    arena_give(&memory, b, 1, sizeof *b);
}

int bond_set_policies(struct bond *b, const struct bond_policy policies[BOND_POLICIES_MAX])
{
    return sender_set_policies(&b->sender, policies);
}

/* ---- paths ---- */

void bond_path_open(struct bond *b, struct tstamp now, uint8_t path,
                    const struct bond_path_config *config)
{
    members_open(b, now, path, config);
}

void bond_path_close(struct bond *b, struct tstamp now, uint8_t path)
{
    members_close(b, now, path);
}

void bond_path_suspect(struct bond *b, struct tstamp now, uint8_t path)
{
    members_suspect(b, now, path);
}

void bond_path_retry(struct bond *b, struct tstamp now, uint8_t path)
{
    members_retry(b, now, path);
}

void bond_path_forgive(struct bond *b, struct tstamp now, uint8_t path)
{
    members_get(b, now, path)->fitness.trust_ns = 0;
}

enum bond_path_state bond_path_state(const struct bond *b, uint8_t path)
{
    return b->sender.paths.at[path].ready ? b->sender.paths.at[path].life.state : BOND_PATH_CLOSED;
}

int64_t bond_path_srtt_ns(const struct bond *b, uint8_t path)
{
    const struct path *p = &b->sender.paths.at[path];
    return p->rtt.same_ns > 0 ? p->rtt.same_ns : p->rtt.srtt_ns;
}

void bond_allow(struct bond *b, int64_t bytes, double rate_bps)
{
    shape_allow(&b->sender.shape, allowance_used_bytes(&b->sender), bytes, rate_bps);
}

void bond_allow_all(struct bond *b)
{
    b->sender.shape = (struct shape){ 0 };
}

uint64_t bond_used_bytes(const struct bond *b)
{
    return allowance_used_bytes(&b->sender);
}

bool bond_is_held(const struct bond *b)
{
    return allowance_holds(&b->sender);
}

uint32_t bond_inner_mtu(const struct bond *b)
{
    return b->sender.usable.inner_mtu;
}

/* ---- input ---- */

static void set_brisk(struct bond *b, struct tstamp now, bool brisk)
{
    b->traffic.brisk = brisk;
    for_each_path (&b->sender.paths, p)
        path_set_brisk(p, now, brisk);
}

static void note_traffic(struct bond *b, struct tstamp now, uint32_t bytes)
{
    if (tstamp_sub(now, b->traffic.since) >= NS_PER_S) {
        b->traffic.since = now;
        b->traffic.bytes = 0;
    }
    b->traffic.bytes += bytes;
    if (b->traffic.bytes < BRISK_BYTES)
        return;
    b->traffic.brisk_at = now;
    if (!b->traffic.brisk)
        set_brisk(b, now, true);
}

void bond_send(struct bond *b, struct tstamp now, struct pkt *p)
{
    room_make(&b->sender);
    note_traffic(b, now, p->len_bytes);
    pkt_charge(p, &b->sender.share);
    flowq_push(&b->sender.queue, now, p);
}

void bond_rx(struct bond *b, struct tstamp now, uint8_t path, uint64_t pn, uint32_t payload_bytes,
             bool eliciting)
{
    struct path *p = members_get(b, now, path);
    uint32_t bytes = path_wire_bytes(p, payload_bytes);
    p->count.rx_bytes += bytes;
    p->count.rx_bytes_second += bytes;
    p->count.rx_packets++;
    struct acker *acker = &b->receiver.incoming[p->id].acker;
    acker_reserve(acker, pn);
    acker->patient = flowq_has_bulk(&b->sender.queue);
    acker_record(acker, now, pn, eliciting);
    path_heard(p, now, eliciting);
}

void bond_rx_data(struct bond *b, struct tstamp now, uint8_t path, const struct wire_data *d,
                  struct pkt *p)
{
    if (b->receiver.reorder.wants_room)
        reorder_grow(&b->receiver.reorder);
    note_traffic(b, now, p->len_bytes);
    if (b->receiver.reorder.out.count >= RECEIVER_DELIVER_MAX) {
        b->receiver.undelivered++;
        pkt_put(p);
        return;
    }
    /* What waits for a device that is slow is in the peer's share, too. */
    if (b->receiver.reorder.out.count >= RECEIVER_BACKLOG) {
        if (pkt_share_full(&b->receiver.share, p)) {
            b->receiver.undelivered++;
            pkt_put(p);
            return;
        }
        pkt_charge(p, &b->receiver.share);
    }
    if ((d->flags & WIRE_DATA_REPEAT) == 0)
        arrivals_note(&b->receiver.arrivals, now, path, d->sent_us);
    p->flags = d->flags;
    p->csum_partial = (d->flags & WIRE_DATA_CSUM_PARTIAL) != 0;
    if ((d->flags & WIRE_DATA_CONT) == 0)
        ip_parse(p);
    reorder_push(&b->receiver.reorder, now, d->lane, d->sequence, p);
}

void bond_rx_ack(struct bond *b, struct tstamp now, uint8_t arrived_on, const struct wire_ack *ack)
{
    room_make(&b->sender);
    members_ack(b, now, arrived_on, ack);
}

void bond_rx_acks_end(struct bond *b, struct tstamp now)
{
    members_settle(b, now);
}

/* ---- output ---- */

bool bond_next(struct bond *b, struct tstamp now, struct bond_out *out)
{
    room_make(&b->sender);
    return out_next(b, now, out);
}

uint64_t bond_take_pn(struct bond *b, struct tstamp now, uint8_t path, uint32_t payload_bytes,
                      bool eliciting, uint32_t tag)
{
    struct path *p = members_get(b, now, path);
    room_make(&b->sender);
    return path_sent(p, now, path_wire_bytes(p, payload_bytes), eliciting, tag, NULL, false);
}

static struct aggregate_facts aggregate_facts(struct bond *b)
{
    const struct sender *snd = &b->sender;
    return (struct aggregate_facts){ .now = b->now,
                                     .paths = &snd->paths,
                                     .largest = &b->sender.queue.largest,
                                     .out = &b->receiver.reorder.out,
                                     .seed = snd->queue.seed,
                                     .all_bps = snd->usable.all_bps,
                                     .bulk_bps = snd->load.bulk_bps,
                                     .queued_bytes = snd->queue.bytes,
                                     .sharing = snd->load.sharing,
                                     .ranked = snd->usable.ranked,
                                     .held = snd->shape.holds };
}

/* Of what came in order the next that is not held. */
static struct pkt *pop_delivered(struct bond *b)
{
    struct pkt_list *out = &b->receiver.reorder.out;
    struct aggregate *r = &b->sender.aggregate;
    if (!aggregate_watches(r))
        return pkt_list_pop(out);
    const struct aggregate_facts facts = aggregate_facts(b);
    struct pkt *p;
    while ((p = pkt_list_pop(out)) != NULL && aggregate_hold(r, &facts, p))
        ;
    return p;
}

bool bond_has_delivery(const struct bond *b)
{
    return b->receiver.reorder.out.count > 0;
}

struct pkt *bond_deliver(struct bond *b)
{
    struct pkt *p = pop_delivered(b);
    if (p != NULL && p->share != NULL)
        pkt_charge(p, NULL);
    return p;
}

bool bond_next_event(struct bond *b, struct bond_event *out)
{
    return news_next(&b->news, out);
}

/* ---- time ---- */

/* How long the receiver waits depends on the ways back, too: as far as data comes both ways. */
static void adapt_hold(struct bond *b)
{
    struct receiver *r = &b->receiver;
    struct arrivals_ways ways = { .usable = usable_mask(&b->sender.paths), .srtt_ns = INFINITY };
    const uint32_t known = arrivals_known(&r->arrivals, ways.usable);
    for_each_path (&b->sender.paths, p) {
        if ((known >> p->id & 1) == 0)
            continue;
        ways.srtt_ns = fmin(ways.srtt_ns, (double)p->rtt.srtt_ns);
        ways.patience_ns = fmax(ways.patience_ns, (double)path_patience_ns(p));
    }
    int64_t hold_ns = arrivals_hold_ns(&r->arrivals, &ways);
    if (hold_ns > 0)
        r->reorder.hold_ns = hold_ns;
}

static bool waits_for_path(const struct bond *b)
{
    return b->sender.queue.bytes > 0 || b->sender.repairs.count > 0;
}

/* A peer that is gone keeps no buffers. */
static void expire(struct bond *b, struct tstamp now)
{
    struct sender *snd = &b->sender;
    if (any_usable(&snd->paths) || !waits_for_path(b)) {
        b->expire_at = TSTAMP_NEVER;
    } else if (tstamp_is_never(b->expire_at) || tstamp_reached(b->expire_at, now)) {
        snd->drops[BOND_DROP_NO_PATH] += flowq_expire(&snd->queue, now, NO_PATH_NS);
        repair_expire(snd, now);
        b->expire_at = tstamp_add(now, NO_PATH_LOOK_NS);
    }
}

/* What found no memory for its tables asks again; what long silence leaves empty is given back. */
static void tidy_up(struct bond *b, struct tstamp now)
{
    struct receiver *r = &b->receiver;
    int64_t since_ns = tstamp_sub(now, b->tidied_at);
    if (b->memory.refused && since_ns >= MEMORY_AGAIN_NS) {
        b->memory.refused = false;
        room_try_again(&b->sender);
        reorder_grow(&r->reorder);
        for_each_path (&b->sender.paths, p)
            acker_retry_growth(&r->incoming[p->id].acker);
        b->tidied_at = now;
    }
    if (!b->traffic.brisk && tstamp_sub(now, b->traffic.brisk_at) >= TIDY_NS &&
        since_ns >= TIDY_NS) {
        b->memory.sure = true; /* what becomes less is taken before the other is given */
        room_give_back(&b->sender);
        reorder_give_back(&r->reorder);
        for_each_path (&b->sender.paths, p)
            acker_give_back(&r->incoming[p->id].acker);
        b->memory.sure = false;
        b->tidied_at = now;
    }
}

void bond_tick(struct bond *b, struct tstamp now)
{
    struct sender *snd = &b->sender;
    b->now = now;
    room_make(snd);
    tidy_up(b, now);
    if (b->traffic.brisk && tstamp_sub(now, b->traffic.brisk_at) > BRISK_LINGER_NS)
        set_brisk(b, now, false);
    members_tick(b, now);
    aqm_set_spare(&snd->paths);
    aqm_adapt(&snd->queue, now, &snd->paths, &snd->shape);
    load_look_bulk(&snd->load, now, &snd->paths);
    bottleneck_look(&snd->bottleneck, now, &snd->paths);
    for_each_path (&snd->paths, p)
        p->rate.urgent = policies_urgent(snd->policies, now);
    const struct aggregate_facts facts = aggregate_facts(b);
    aggregate_tick(&snd->aggregate, &facts, now);
    adapt_hold(b);
    reorder_tick(&b->receiver.reorder, now);
    expire(b, now);
}

struct tstamp bond_deadline(const struct bond *b)
{
    struct tstamp t = tstamp_min(reorder_deadline(&b->receiver.reorder),
                                 aggregate_deadline(&b->sender.aggregate));
    bool usable = false;
    bool opened = members_any_open(b); /* what is to be acknowledged waits for a way back */
    struct tstamp room = TSTAMP_NEVER;
    for_each_path (&b->sender.paths, p) {
        t = tstamp_min(t, path_deadline(p));
        t = tstamp_min(t, pacer_deadline(&p->pacer));
        if (opened)
            t = tstamp_min(t, b->receiver.incoming[p->id].acker.due);
        if (p->probe.wanted || p->beat.wanted ||
            (opened && b->receiver.incoming[p->id].carriers != 0))
            return (struct tstamp){ 0 };
        if (path_usable(p)) {
            usable = true;
            /* Room that is missing for another reason than pacing comes with an acknowledgement. */
            if (tstamp_before(b->now, p->pacer.free_at))
                room = tstamp_min(room, p->pacer.free_at);
        }
    }
    if (usable && (b->sender.queue.bytes > 0 || b->sender.repairs.count > 0)) {
        t = tstamp_min(t, room);
        if (tstamp_before(b->now, flowq_ack_due(&b->sender.queue)))
            t = tstamp_min(t, flowq_ack_due(&b->sender.queue));
    }
    if (usable)
        t = tstamp_min(t, overdue_deadline(&b->sender, b->now));
    if (!usable && waits_for_path(b) && tstamp_is_never(b->expire_at))
        return tstamp_min(t, b->now); /* it begins to expire */
    return tstamp_min(t, b->expire_at);
}
