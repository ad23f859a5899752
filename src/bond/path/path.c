/* SPDX-License-Identifier: ISC */
#include "bond/path/path.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/bitring.h"
#include "bond/frame.h"
#include "bond/path/acked.h"
#include "bond/path/quiet.h"

#define MONTH_NS (31 * 86400 * NS_PER_S)
/* Acknowledgements come on the fastest path, which may be the dead one, and at times on others. */
#define ACK_DETOUR_NS (ACKS_ON_MORE * ACKER_DELAY_NS)

enum { SRTT_PARTS = 8, RTTVAR_PARTS = 4 /* RFC 6298 */ };

void path_init(struct path *p, struct tstamp now, uint8_t id)
{
    p->id = id;
    p->ready = true;
    p->state = BOND_PATH_CLOSED;
    p->config =
        (struct bond_path_config){ .datagram_bytes = WIRE_DATAGRAM_MIN, .overhead_bytes = 28 };
    rate_init(&p->rate, now, 0);
    p->spare_packets = INFLIGHT_SPARE_PACKETS;
    path_set_pace(p, now);
    acker_clear(&p->acker);
    p->free_at = now;
    p->probe_at = p->alarm = p->tail_at = TSTAMP_NEVER;
    p->state_since = p->last_sent = p->second_since = p->answered = now;
    beat_start(&p->beat, now);
    p->returned = p->unfit_since = TSTAMP_NEVER;
    p->probe_interval_ns = PROBE_FIRST_NS;
    p->probes_needed = 1;
}

uint64_t path_packets(const struct path *p)
{
    uint64_t packets = ring_packets(&p->express) + ring_packets(&p->committed);
    for (uint64_t pn = p->oldest; p->ready && pn < p->pn_next; pn++) {
        const struct segment *s = &p->sent[pn % PATH_SENT_MAX].segment;
        packets += s->pkt != NULL ? segment_originals(s) : 0;
    }
    return packets;
}

void path_clear(struct path *p)
{
    if (!p->ready)
        return;
    for (uint64_t pn = p->oldest; pn < p->pn_next; pn++)
        pkt_put(p->sent[pn % PATH_SENT_MAX].segment.pkt);
    size_t used = p->pn_next < PATH_SENT_MAX ? (size_t)p->pn_next : PATH_SENT_MAX;
    memset(p->sent, 0, used * sizeof p->sent[0]);
    acker_clear(&p->acker);
    ring_clear(&p->committed);
    ring_clear(&p->express);
    struct segment_ring committed = p->committed;
    struct segment_ring express = p->express;
    memset(p, 0, offsetof(struct path, acker));
    p->committed = committed;
    p->express = express;
}

uint32_t path_frames_bytes(const struct path *p)
{
    uint32_t bytes = p->config.datagram_bytes - WIRE_HEADER_BYTES - WIRE_TAG_BYTES;
    return bytes < WIRE_FRAMES_BYTES_MAX ? bytes : WIRE_FRAMES_BYTES_MAX;
}

static int64_t srtt_or_guess(const struct path *p)
{
    return p->srtt_ns > 0 ? p->srtt_ns : RTT_UNKNOWN_NS;
}

int64_t path_own_rtt_ns(const struct path *p)
{
    int64_t own_ns = ownrtt_ns(&p->own_rtt);
    return own_ns > 0 ? own_ns : srtt_or_guess(p);
}

void path_set_pace(struct path *p, struct tstamp now)
{
    double own_ns = (double)path_own_rtt_ns(p);
    p->ns_per_byte = 8e9 / rate_pace_bps(&p->rate, now);
    p->stretch = budget_stretch(p, now);
    /* Beyond that it would stand in a queue, or behind a silence, where nobody can take it back. */
    double window_ns = own_ns + fmax(INFLIGHT_SLACK_NS, INFLIGHT_SLACK_RTTS * own_ns);
    p->inflight_most_bytes = window_ns / p->ns_per_byte + p->spare_packets * FRAME_BYTES;
}

/* What the path's own round trips allow for. */
static int64_t own_patience_ns(const struct path *p)
{
    int64_t slack = PATIENCE_RTTVARS * p->rttvar_ns;
    if (slack < PATIENCE_SLACK_NS)
        slack = PATIENCE_SLACK_NS;
    return srtt_or_guess(p) + slack + ACKER_DELAY_NS + ACK_DETOUR_NS;
}

int64_t path_patience_ns(const struct path *p)
{
    int64_t own_ns = own_patience_ns(p);
    return p->rtt_most_ns > 0 && p->rtt_most_ns < own_ns ? p->rtt_most_ns : own_ns;
}

/*
 * The path does not answer or is switched off: the rate is found anew, from half of the old one,
 * and delays are those of the probes from now on.
 */
static void fall(struct path *p, struct tstamp now)
{
    if (p->fallen)
        return;
    p->fallen = true;
    p->fallen_at = now;
    p->loss_before = p->rate.loss;
    p->rate_before_bps = p->srtt_ns > 0 ? p->rate.capacity_bps : 0;
    rate_return(&p->rate, now, p->srtt_ns);
    path_set_pace(p, now);
}

/* How long the path has to answer before it carries traffic again. */
static void distrust(struct path *p, struct tstamp now)
{
    if (tstamp_is_never(p->returned) || tstamp_sub(now, p->returned) > TRUST_FORGIVEN_NS)
        p->trust_ns = 0;
    else
        p->trust_ns = p->trust_ns == 0 ? TRUST_FIRST_NS : 2 * p->trust_ns;
    if (p->trust_ns > TRUST_LAST_NS)
        p->trust_ns = TRUST_LAST_NS;
}

int64_t path_standby_interval_ns(const struct path *p)
{
    const uint32_t probe_bytes = WIRE_HEADER_BYTES + 1 + WIRE_TAG_BYTES + p->config.overhead_bytes;
    return MONTH_NS / STANDBY_MONTH_BYTES * probe_bytes;
}

/* Until the cheaper paths are full, nobody waits for news of a dear one. */
static int64_t idle_interval_ns(const struct path *p)
{
    return p->spill_bytes > 0 ? BEAT_SPARE_NS : PROBE_IDLE_NS;
}

/* In use: the next beat, or the next probe. */
static struct tstamp next_idle(const struct path *p)
{
    if (path_quiet(p))
        return quiet_next_beat(p);
    return tstamp_add(p->last_sent, idle_interval_ns(p));
}

static struct tstamp next_standby_probe(const struct path *p, struct tstamp now)
{
    if (p->config.use == WIRE_PATH_DOWN || p->config.passive)
        return TSTAMP_NEVER;
    return tstamp_add(now, path_standby_interval_ns(p));
}

void path_set_state(struct path *p, struct tstamp now, enum bond_path_state state)
{
    p->false_alarm = p->suspect_quiet && state == BOND_PATH_UP;
    p->state = state;
    p->state_since = now;
    p->suspect_quiet = state == BOND_PATH_SUSPECT && p->beat.doubted;
    bool asking = p->suspect_quiet && p->beat.given_up;
    beat_start(&p->beat, now);
    if (asking)
        beat_ask(&p->beat); /* one lost question is no verdict */
    switch (state) {
    case BOND_PATH_CLOSED:
        fall(p, now);
        p->trust_ns = 0; /* whatever comes next was not tried yet */
        p->fault = PATH_SOUND;
        p->probe_at = p->alarm = p->tail_at = TSTAMP_NEVER;
        p->probe_wanted = false;
        break;
    case BOND_PATH_DOWN:
        fall(p, now);
        distrust(p, now);
        p->fault = PATH_SOUND;
        __attribute__((fallthrough));
    case BOND_PATH_PROBING:
    case BOND_PATH_SUSPECT:
        p->good_probes = 0;
        p->suspect_pn = p->pn_next;
        p->probe_interval_ns = PROBE_FIRST_NS;
        p->probe_at = now;
        break;
    case BOND_PATH_UP:
        if (p->fallen) {
            rate_expect(&p->rate, RETURN_RATE * p->rate_before_bps);
            path_set_pace(p, now);
            p->returned = now;
        }
        p->fallen = false;
        p->fault = PATH_SOUND;
        p->unfit_since = TSTAMP_NEVER;
        p->probe_at = tstamp_max(now, next_idle(p));
        p->free_at = now;
        p->bursting = false;
        break;
    case BOND_PATH_STANDBY:
        if (p->config.use == WIRE_PATH_DOWN) {
            fall(p, now);
            p->trust_ns = 0;
        }
        p->probe_at = next_standby_probe(p, now);
        break;
    }
}

bool path_may_send(struct path *p, struct tstamp now)
{
    int64_t packet_ns = path_send_time_ns(p, FRAME_BYTES);
    int64_t burst_ns = packet_ns < BURST_NS / BURST_PARTS ? BURST_NS : 0;
    if (!p->bursting)
        p->bursting = tstamp_reached(p->free_at, now);
    else if (tstamp_sub(p->free_at, now) > burst_ns)
        p->bursting = false;
    return p->bursting;
}

static void forget(struct path *p, struct sent *s)
{
    p->inflight_bytes -= s->bytes;
    p->inflight_count--;
    p->inflight_data -= s->data;
    pkt_put(s->segment.pkt);
    s->segment.pkt = NULL;
    s->state = SENT_NONE;
    bitring_drop(p->open, PATH_SENT_MAX, (uint64_t)(s - p->sent));
}

/* The slot of a new number; what stood there 8192 numbers ago is forgotten. */
static struct sent *claim_slot(struct path *p, uint64_t pn)
{
    struct sent *s = &p->sent[pn % PATH_SENT_MAX];
    if (s->state == SENT_INFLIGHT)
        forget(p, s);
    if (pn - p->oldest >= PATH_SENT_MAX)
        p->oldest = pn - PATH_SENT_MAX + 1;
    if (pn - p->rack.watched >= PATH_SENT_MAX)
        p->rack.watched = pn - PATH_SENT_MAX + 1;
    bitring_drop(p->open, PATH_SENT_MAX, pn);
    return s;
}

/*
 * Moves the pacer on. What is not acknowledged tells nothing of the rate: on a path that carries
 * little else it must not pile up a debt by an estimate that nothing corrects.
 */
static void charge(struct path *p, struct tstamp now, uint32_t wire_bytes, bool eliciting)
{
    bool calm = p->rate.calm || policer_rules(&p->rate.policer);
    int64_t credit_ns = calm ? PATH_CREDIT_CALM_NS : PATH_CREDIT_NS;
    struct tstamp start = tstamp_max(p->free_at, tstamp_add(now, -credit_ns));
    if (eliciting || tstamp_sub(start, now) < PATH_CREDIT_NS)
        p->free_at = tstamp_add(start, path_send_time_ns(p, wire_bytes));
}

/* By how much the way back over the path itself is longer than over the fastest one. */
static int64_t way_back_ns(const struct path *p)
{
    return p->srtt_same_ns > p->srtt_ns ? p->srtt_same_ns - p->srtt_ns : 0;
}

/*
 * Until more questions are asked. A probe alone, while nothing waits for its answer, gets the time
 * for it: else on long paths every probe brought about the next.
 */
static int64_t first_look_ns(const struct path *p)
{
    int64_t patience_ns = path_patience_ns(p);
    int64_t early_ns = patience_ns * SUSPECT_LOOK_TENTHS / 10;
    int64_t answer_ns = patience_ns - ACK_DETOUR_NS + way_back_ns(p);
    return p->brisk || p->inflight_data > 0 || early_ns > answer_ns ? early_ns : answer_ns;
}

uint64_t path_sent(struct path *p, struct tstamp now, uint32_t wire_bytes, bool eliciting,
                   uint32_t tag, const struct segment *segment, bool loaded)
{
    uint64_t pn = p->pn_next++;
    p->tx_bytes += wire_bytes;
    p->tx_bytes_second += wire_bytes;
    p->tx_packets++;
    charge(p, now, wire_bytes, eliciting);
    p->beat.spoke = now;
    if (eliciting)
        p->last_sent = now;
    if (p->state == BOND_PATH_UP)
        p->probe_at = next_idle(p);
    struct sent *s = claim_slot(p, pn);
    *s = (struct sent){ .time = now, .bytes = wire_bytes, .tag = tag };
    if (!eliciting) {
        if (p->oldest == pn)
            p->oldest++;
        p->beside_bytes += wire_bytes;
        return pn;
    }
    s->beside_bytes = (uint16_t)(p->beside_bytes < UINT16_MAX ? p->beside_bytes : UINT16_MAX);
    p->beside_bytes = 0;
    s->state = SENT_INFLIGHT;
    bitring_set(p->open, PATH_SENT_MAX, pn);
    if (segment != NULL) {
        s->segment = *segment;
        s->data = true;
        s->loaded = loaded;
    }
    p->inflight_data += s->data;
    if (p->inflight_count == 0)
        p->alarm = tstamp_add(now, first_look_ns(p));
    p->inflight_bytes += wire_bytes;
    p->inflight_count++;
    bool more = beat_asked_one(&p->beat);
    p->tail_at = more                          ? tstamp_add(now, BEAT_QUESTION_NS)
                 : segment != NULL || tag != 0 ? tstamp_add(now, PROBE_TAIL_NS)
                                               : TSTAMP_NEVER;
    return pn;
}

/* RFC 6298, section 2. */
static void note_rtt(struct path *p, struct tstamp now, int64_t rtt_ns)
{
    if (rtt_ns < 0)
        return;
    ownrtt_note(&p->own_rtt, now, rtt_ns);
    p->rtt_samples = p->srtt_ns == 0 ? 1 : p->rtt_samples + 1;
    if (p->srtt_ns == 0) {
        p->srtt_ns = rtt_ns > 0 ? rtt_ns : 1;
        p->rttvar_ns = rtt_ns / 2;
        p->rtt_min_ns = rtt_ns;
        return;
    }
    int64_t error = rtt_ns - p->srtt_ns;
    p->rttvar_ns += ((error < 0 ? -error : error) - p->rttvar_ns) / RTTVAR_PARTS;
    p->srtt_ns += error / SRTT_PARTS;
    if (rtt_ns < p->rtt_min_ns)
        p->rtt_min_ns = rtt_ns;
}

/* Number that an acknowledgement's low 32 bits mean, if it was sent. */
static bool expand_sent(const struct path *p, uint32_t low, uint64_t *pn)
{
    *pn = wire_expand_pn(low, p->pn_next);
    return *pn < p->pn_next;
}

/*
 * A time of the peer's clock without wrapping; moves the clock on. No clock gains an hour on ours:
 * one that says so would run out of bits after some acknowledgements.
 */
static int64_t read_clock(struct peer_clock *c, struct tstamp now, uint32_t us)
{
    int32_t ahead = (int32_t)(us - c->us);
    int64_t ns = c->ns + ahead * NS_PER_US;
    if (ns > now.ns + PEER_CLOCK_AHEAD_NS)
        ns = now.ns;
    if (ahead > 0)
        *c = (struct peer_clock){ .us = us, .ns = ns };
    return ns;
}

void path_bench(struct path *p, struct tstamp now, enum path_fault fault)
{
    /* TCP's window was made for what the path carried before it went bad. */
    double before_bps = p->fallen ? p->rate_before_bps : p->rate.hope_bps;
    fall(p, now);
    p->rate_before_bps = fmax(p->rate_before_bps, before_bps);
    if (p->state == BOND_PATH_UP)
        distrust(p, now);
    path_set_state(p, now, BOND_PATH_PROBING);
    p->fault = fault;
    trial_init(&p->trial, now);
}

uint32_t path_probe_bytes(const struct path *p)
{
    return p->probe_padded ? p->config.datagram_bytes : WIRE_HEADER_BYTES + 1 + WIRE_TAG_BYTES;
}

static bool on_trial(const struct path *p)
{
    return p->fault != PATH_SOUND && p->state == BOND_PATH_PROBING;
}

bool path_unbench(struct path *p, struct tstamp now)
{
    if (!on_trial(p))
        return false;
    path_set_state(p, now, BOND_PATH_UP);
    return true;
}

void path_forgive_losses(struct path *p, struct tstamp now)
{
    if (!hole_is_there(&p->hole))
        return;
    rate_restart(&p->rate, now, p->srtt_ns);
    rate_expect(&p->rate, RETURN_RATE * p->hole_bps);
    path_set_pace(p, now);
    p->free_at = now;
    p->hole = (struct hole){ 0 };
    if (p->fault == PATH_LOSSY)
        path_unbench(p, now);
}

static bool is_probe(const struct sent *s)
{
    return !s->data && s->tag == 0;
}

static void take_acked(struct path *p, struct tstamp now, struct sent *s, uint64_t pn,
                       const struct path_events *events)
{
    rack_arrived(p, s);
    acked_tell_rate(p, s);
    hole_arrived(&p->hole, s->bytes);
    if (s->tag != 0)
        events->tagged(events->arg, p, s->tag, true, false);
    /* An answer to what was sent before the suspicion clears it, but not a verdict. */
    if (pn >= p->suspect_pn || p->state == BOND_PATH_SUSPECT) {
        if (p->good_probes++ == 0)
            p->good_since = now;
        p->last_good = now;
        p->rtt_latest_ns = tstamp_sub(now, s->time);
        if (on_trial(p) && is_probe(s))
            trial_answered(&p->trial, pn, p->rtt_latest_ns, p->rtt_most_ns);
    }
    forget(p, s);
    s->came = true;
}

/* Something that was sent within some tails after it has arrived: no outage took them both. */
static bool lost_alone(const struct path *p, const struct sent *s, uint64_t pn, uint64_t largest)
{
    for (uint64_t later = pn + 1; later <= largest; later++) {
        const struct sent *l = &p->sent[later % PATH_SENT_MAX];
        if (tstamp_sub(l->time, s->time) > ALONE_TAILS * PROBE_TAIL_NS)
            return false;
        if (l->state == SENT_ACKED || l->came)
            return true;
    }
    return false;
}

static void take_lost(struct path *p, struct sent *s, uint64_t pn, uint64_t largest,
                      const struct path_events *events)
{
    struct segment segment = s->segment;
    bool alone = s->tag != 0 && lost_alone(p, s, pn, largest);
    if (s->data)
        rate_lost(&p->rate, s->time, s->bytes, pn);
    if (on_trial(p) && is_probe(s))
        trial_lost(&p->trial, pn);
    if (s->tag == 0 && p->hole.losses == 0)
        p->hole_bps = p->rate.capacity_bps;
    if (s->tag == 0)
        hole_lost(&p->hole, s->bytes);
    else
        events->tagged(events->arg, p, s->tag, false, alone);
    s->segment.pkt = NULL;
    forget(p, s);
    s->state = SENT_LOST;
    bitring_set(p->open, PATH_SENT_MAX, pn);
    segment.left_on = (uint8_t)(p->id + 1);
    segment.left_pn = (uint32_t)pn;
    if (segment.pkt != NULL)
        events->lost(events->arg, p, &segment);
}

/* Acknowledgements without news, of which a peer may send any number, are not worth much time. */
static bool may_look(const struct path *p, struct tstamp now)
{
    return p->inflight_count < LOOK_FEW_PACKETS ||
           tstamp_sub(now, p->looked) >= p->inflight_count * LOOK_NS;
}

/* Takes what is marked, and what is lost. */
static void settle(struct path *p, struct tstamp now, uint64_t largest, int64_t rtt,
                   struct tstamp top_sent, int64_t top_came_ns, const struct path_events *events)
{
    const uint64_t end = largest + 1;
    uint64_t oldest = end; /* in flight */
    p->looked = now;
    uint64_t pn = p->oldest;
    while ((pn = bitring_next(p->open, PATH_SENT_MAX, pn, end)) < end) {
        struct sent *s = &p->sent[pn % PATH_SENT_MAX];
        /* Any round trip is better than none, where the largest number was no eliciting one. */
        if (s->state == SENT_ACKED && s->timed && p->srtt_ns == 0)
            note_rtt(p, now, rtt + tstamp_sub(top_sent, s->time) - (top_came_ns - s->came_ns));
        if (s->state == SENT_ACKED)
            take_acked(p, now, s, pn, events);
        else if (s->state == SENT_INFLIGHT && rack_is_lost(p, s, pn, largest, top_sent))
            take_lost(p, s, pn, largest, events);
        if (s->state == SENT_INFLIGHT && pn < oldest)
            oldest = pn;
        pn++;
    }
    if (oldest > p->oldest)
        p->oldest = oldest;
}

bool path_ack(struct path *p, struct tstamp now, const struct wire_ack *ack, bool same_path,
              struct peer_clock *clock, const struct path_events *events)
{
    uint64_t largest;
    if (!expand_sent(p, ack->largest, &largest))
        return false;
    struct sent *top = &p->sent[largest % PATH_SENT_MAX];
    struct tstamp top_sent = top->time;
    int64_t rtt = tstamp_sub(now, top_sent) - (int64_t)ack->delay_us * NS_PER_US;
    /* While all is quiet, an answer takes no other way than the question: see start_ack(). */
    if (largest >= p->oldest && top->state == SENT_INFLIGHT)
        note_rtt(p, now, same_path && path_quiet(p) ? rtt - way_back_ns(p) : rtt);
    if (same_path && rtt > 0 && largest + PATH_SENT_MAX >= p->pn_next)
        p->srtt_same_ns += p->srtt_same_ns == 0 ? rtt : (rtt - p->srtt_same_ns) / SRTT_PARTS;
    const int64_t top_came_ns = read_clock(clock, now, ack->time_us);
    const bool waiting = p->rack.waiting;
    rack_begin(p, now, ack, largest, top_came_ns);
    /* Acknowledgements may come again, when the path is dead already. */
    const bool news = acked_mark(p, now, ack, largest, top_came_ns, events);
    if (!p->any_acked || largest > p->largest_acked)
        p->largest_acked = largest;
    p->any_acked = true;
    quiet_heed_ack(p, ack, largest);
    if (news || may_look(p, now))
        settle(p, now, largest, rtt, top_sent, top_came_ns, events);
    else
        p->rack.waiting = waiting;
    rack_end(p, now);
    if (hole_found(&p->hole))
        events->hole(events->arg, p);
    if (news)
        p->beat.doubted = false;
    if (news)
        p->answered = tstamp_max(p->answered, tstamp_add(now, -(int64_t)ack->delay_us * NS_PER_US));
    /* Start-up makes a queue, and has to see it. Later a probe's answer is there after the least.
     */
    bool starts = p->rate.phase == RATE_START;
    rate_update(&p->rate, now, starts ? srtt_or_guess(p) : path_own_rtt_ns(p));
    path_set_pace(p, now);
    if (p->inflight_count == 0)
        p->alarm = TSTAMP_NEVER;
    else if (news || tstamp_is_never(p->alarm))
        p->alarm = tstamp_add(now, first_look_ns(p));
    if (p->inflight_count == 0)
        p->tail_at = TSTAMP_NEVER;
    return true;
}

void path_abandon(struct path *p, const struct path_events *events)
{
    for (uint64_t pn = p->oldest; pn < p->pn_next; pn++) {
        struct sent *s = &p->sent[pn % PATH_SENT_MAX];
        if (s->state != SENT_INFLIGHT || s->segment.pkt == NULL)
            continue;
        struct segment segment = s->segment;
        s->segment.pkt = NULL;
        segment.left_on = (uint8_t)(p->id + 1);
        segment.left_pn = (uint32_t)pn;
        events->lost(events->arg, p, &segment);
    }
}

bool path_came(const struct path *p, const struct segment *s)
{
    uint32_t age = (uint32_t)p->pn_next - s->left_pn;
    return s->left_on == p->id + 1 && age <= PATH_SENT_MAX &&
           p->sent[s->left_pn % PATH_SENT_MAX].came;
}

/*
 * Packets in flight for longer than the path's patience; counts up to SUSPECT_PACKETS. Where that
 * is what the other paths allow, answers that still come show that it is slow, but alive.
 */
static unsigned overdue(const struct path *p, struct tstamp now)
{
    int64_t patience_ns = path_patience_ns(p);
    if (tstamp_sub(now, p->answered) <= patience_ns)
        patience_ns = own_patience_ns(p);
    struct tstamp limit = tstamp_add(now, -patience_ns);
    unsigned n = 0;
    uint64_t pn = p->oldest;
    while ((pn = bitring_next(p->open, PATH_SENT_MAX, pn, p->pn_next)) < p->pn_next &&
           n < SUSPECT_PACKETS) {
        const struct sent *s = &p->sent[pn++ % PATH_SENT_MAX];
        if (s->state == SENT_INFLIGHT && !tstamp_before(s->time, limit))
            break;
        n += s->state == SENT_INFLIGHT;
    }
    return n;
}

static void schedule_probe(struct path *p, struct tstamp now)
{
    if (on_trial(p)) {
        p->probe_wanted = p->probe_padded = p->trial.sent < TRIAL_PACKETS;
        p->probe_at = tstamp_add(now, TRIAL_GAP_NS);
        return;
    }
    /* A peer that does not beat, for it sees the path otherwise, is asked instead. */
    bool beat = path_quiet(p) && !p->beat.missing && tstamp_sub(now, p->last_sent) < BEAT_PROBE_NS;
    p->probe_wanted = p->probe_wanted || !beat;
    p->beat.wanted = !p->probe_wanted && p->acker.pending != 1;
    if (beat && p->acker.pending == 1)
        p->acker.due = tstamp_min(p->acker.due, now); /* it tells as much as a beat */
    switch (p->state) {
    case BOND_PATH_PROBING:
    case BOND_PATH_SUSPECT:
    case BOND_PATH_DOWN:
        p->probe_at = tstamp_add(now, p->probe_interval_ns);
        p->probe_interval_ns *= 2;
        if (p->probe_interval_ns > PROBE_LAST_NS)
            p->probe_interval_ns = PROBE_LAST_NS;
        break;
    case BOND_PATH_STANDBY:
        p->probe_at = next_standby_probe(p, now);
        break;
    case BOND_PATH_UP:
    case BOND_PATH_CLOSED:
        p->probe_at = tstamp_add(now, idle_interval_ns(p)); /* until it has left */
        break;
    }
}

/* Packets of the train that are still unanswered when their answer would be of no use. */
static uint32_t overdue_probes(const struct path *p, struct tstamp now)
{
    uint32_t n = 0;
    uint64_t pn = p->trial.first > p->oldest ? p->trial.first : p->oldest;
    for (; p->trial.sent > 0 && pn < p->pn_next; pn++) {
        const struct sent *s = &p->sent[pn % PATH_SENT_MAX];
        n += s->state == SENT_INFLIGHT && is_probe(s) && tstamp_sub(now, s->time) > p->rtt_most_ns;
    }
    return n;
}

static bool try_again(struct path *p, struct tstamp now)
{
    switch (trial_verdict(&p->trial, overdue_probes(p, now))) {
    case TRIAL_RUNS:
        break;
    case TRIAL_FAILED:
        p->probe_wanted = p->probe_padded = false;
        p->probe_at = trial_again(&p->trial, now, p->trust_ns);
        break;
    case TRIAL_PASSED:
        p->srtt_ns = trial_rtt_ns(&p->trial);
        p->rttvar_ns = p->srtt_ns / 2;
        path_set_state(p, now, BOND_PATH_UP);
        return true;
    }
    return false;
}

/* Answers since the suspicion: is the path good again? */
static bool recover(struct path *p, struct tstamp now)
{
    if (on_trial(p))
        return try_again(p, now);
    if (p->good_probes < p->probes_needed)
        return false;
    /* What was on the way when the path died may be acknowledged late, on another one. */
    if (p->state == BOND_PATH_SUSPECT && overdue(p, now) >= SUSPECT_PACKETS)
        return false;
    if (p->state != BOND_PATH_SUSPECT && tstamp_sub(p->last_good, p->good_since) < p->trust_ns) {
        if (tstamp_sub(now, p->last_good) > PROBE_SILENT * PROBE_LAST_NS)
            p->good_probes = 0; /* it fell silent again */
        return false;
    }
    p->probes_needed = 1;
    if (p->rtt_most_ns > 0 && p->rtt_latest_ns > p->rtt_most_ns && p->state != BOND_PATH_SUSPECT)
        path_bench(p, now, PATH_LATE);
    else
        path_set_state(p, now, BOND_PATH_UP);
    return true;
}

void path_set_brisk(struct path *p, struct tstamp now, bool brisk)
{
    if (p->brisk == brisk)
        return;
    p->brisk = brisk;
    if (p->state != BOND_PATH_UP)
        return;
    beat_start(&p->beat, now);
    p->probe_at = tstamp_max(now, next_idle(p));
    if (brisk && p->spill_bytes == 0 && tstamp_sub(now, p->last_sent) > BRISK_FRESH_NS)
        p->probe_wanted = true; /* the choice of paths needs to know */
}

void path_heard(struct path *p, struct tstamp now, bool asks)
{
    beat_heard(&p->beat, now, asks);
    /* Asked again, and perhaps nothing of ours arrives: only an answer can tell. */
    if (asks && p->beat.asked_again && path_quiet(p) &&
        tstamp_sub(now, p->last_sent) > PROBE_IDLE_NS)
        p->probe_wanted = true;
    bool waits = p->state == BOND_PATH_DOWN || p->state == BOND_PATH_PROBING;
    if (waits && !on_trial(p) && tstamp_sub(now, p->last_sent) >= PROBE_HINT_NS)
        p->probe_wanted = true;
}

/* From the suspicion to the verdict. */
static int64_t down_after_ns(const struct path *p)
{
    return path_patience_ns(p) * (p->suspect_quiet ? DOWN_QUIET_HALVES : DOWN_HALVES) / 2;
}

static bool tick_state(struct path *p, struct tstamp now)
{
    switch (p->state) {
    case BOND_PATH_PROBING:
        return recover(p, now);
    case BOND_PATH_UP:
        if (tstamp_reached(quiet_missing_at(p), now))
            quiet_notice_missing(p, now);
        if (p->beat.given_up) {
            path_set_state(p, now, BOND_PATH_SUSPECT);
            return true;
        }
        if (tstamp_reached(p->alarm, now)) {
            p->alarm = tstamp_add(now, path_patience_ns(p) / SUSPECT_LOOK_PARTS);
            p->probe_wanted = true;
            if (overdue(p, now) >= SUSPECT_PACKETS) {
                path_set_state(p, now, BOND_PATH_SUSPECT);
                return true;
            }
        }
        return false;
    case BOND_PATH_SUSPECT:
        if (recover(p, now))
            return true;
        if (tstamp_sub(now, p->state_since) > down_after_ns(p)) {
            path_set_state(p, now, BOND_PATH_DOWN);
            p->probes_needed = DOWN_PROBES;
            return true;
        }
        return false;
    case BOND_PATH_DOWN:
        return recover(p, now);
    case BOND_PATH_CLOSED:
    case BOND_PATH_STANDBY:
        return false;
    }
    return false;
}

/* A second in which it was loaded for less than a part of it tells nothing of what it can carry. */
static void judge_second(struct path *p, double seconds)
{
    double loaded_s = rate_take_loaded_ns(&p->rate) / 1e9;
    if (on_trial(p))
        slump_miss(&p->slump, fmin(seconds, SLUMP_SECOND_MOST_S));
    else if (p->state == BOND_PATH_UP && loaded_s >= SLUMP_LOADED * seconds)
        slump_see(&p->slump, p->rate.capacity_bps, p->rate.limit_bps,
                  fmin(seconds, SLUMP_SECOND_MOST_S));
}

/* At least a second has passed since the last. */
static void end_second(struct path *p, struct tstamp now)
{
    double seconds = (double)tstamp_sub(now, p->second_since) / 1e9;
    p->tx_bps = (uint64_t)((double)p->tx_bytes_second * 8 / seconds);
    p->rx_bps = (uint64_t)((double)p->rx_bytes_second * 8 / seconds);
    p->tx_bytes_second = p->rx_bytes_second = 0;
    p->second_since = now;
    judge_second(p, seconds);
}

bool path_tick(struct path *p, struct tstamp now)
{
    if (tstamp_sub(now, p->second_since) >= NS_PER_S)
        end_second(p, now);
    if (!path_open(p))
        return false;
    path_set_pace(p, now);
    if (tstamp_reached(p->tail_at, now)) {
        p->tail_at = TSTAMP_NEVER;
        p->probe_wanted = true;
    }
    bool changed = tick_state(p, now);
    if (tstamp_reached(p->probe_at, now)) /* a new suspicion asks at once */
        schedule_probe(p, now);
    return changed;
}

struct tstamp path_deadline(const struct path *p)
{
    if (!path_open(p))
        return TSTAMP_NEVER;
    struct tstamp t = tstamp_min(p->probe_at, p->tail_at);
    if (p->state == BOND_PATH_UP)
        t = tstamp_min(t, tstamp_min(p->alarm, quiet_missing_at(p)));
    if (p->state == BOND_PATH_SUSPECT)
        t = tstamp_min(t, tstamp_add(p->state_since, down_after_ns(p) + 1));
    return t;
}
