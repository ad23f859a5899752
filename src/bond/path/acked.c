/* SPDX-License-Identifier: ISC */
#include "bond/path/acked.h"

#include "base/bitring.h"
#include "bond/path/quiet.h"
#include "bond/tuning.h"

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

/* ---- what came ---- */

/* A number that came, and what left before it unacknowledged. */
static void tell_rate(struct path *p, const struct sent *s)
{
    rate_beside(&p->rate, s->beside_bytes);
    rate_acked(&p->rate, s->time, s->came_ns, s->timed, s->bytes, s->loaded);
}

/* It came after all: everything but what was repeated meanwhile is as if it had not been lost. */
static void take_late(struct path *p, struct tstamp now, struct sent *s,
                      const struct path_events *events)
{
    s->state = SENT_NONE;
    bitring_drop(p->flight.open, p->flight.size, (uint64_t)(s - p->flight.sent));
    s->came = true;
    rack_arrived(&p->rack, s, p->rtt.srtt_ns);
    if (s->data)
        rate_found(&p->rate, now, s->bytes);
    tell_rate(p, s);
    hole_arrived(&p->hole, s->bytes);
    if (s->tag != 0)
        events->tagged(events->arg, p, s->tag, true, false);
}

/* The times of an acknowledgement, gone through from the largest number down. */
struct ack_times {
    const struct wire_ack *ack;
    unsigned at;
    uint64_t end; /* received numbers, counted from the largest, that have times up to that one */
    int64_t came_ns;
};

/* When that one of the received numbers came, later ones after earlier ones; false: not said. */
static bool time_of(struct ack_times *t, uint64_t count)
{
    while (count >= t->end && t->at + 1u < t->ack->time_count) {
        t->at++;
        t->end += t->ack->times[t->at].count;
        t->came_ns -= t->ack->times[t->at].back_us * NS_PER_US;
    }
    return count < t->end;
}

/* A number that is open has come. False: it was thought lost. */
static bool mark(struct path *p, struct tstamp now, struct sent *s, bool timed, int64_t came_ns,
                 const struct path_events *events)
{
    s->timed = timed;
    s->came_ns = came_ns;
    if (s->state == SENT_LOST) {
        take_late(p, now, s, events);
        return false;
    }
    s->state = SENT_ACKED;
    return true;
}

/*
 * Marks what is in flight and came, with its times, and takes what was thought lost. From the top
 * down; what is not open is passed by words: a peer may tell it again and again. largest: the ack's
 * number in full; came_ns: its time on the peer's clock. True: some were in flight.
 */
static bool mark_all(struct path *p, struct tstamp now, const struct wire_ack *ack,
                     uint64_t largest, int64_t came_ns, const struct path_events *events)
{
    struct ack_times times = { .ack = ack, .end = ack->times[0].count, .came_ns = came_ns };
    const uint64_t watched = p->flight.watched;
    uint64_t end = largest + 1; /* of the range, which is told from its top down */
    uint64_t above = 0;         /* received numbers above it */
    bool news = false;
    for (unsigned i = 0; i < ack->range_count; i++) {
        const uint64_t gap = ack->ranges[i].gap;
        const uint64_t len = ack->ranges[i].len;
        if (end < watched + gap)
            return news;
        end -= gap;
        const uint64_t floor = end > watched + len ? end - len : watched;
        for (uint64_t pn = end; pn > floor;) {
            if (!bitring_get(p->flight.open, p->flight.size, pn - 1)) {
                pn = bitring_run(p->flight.open, p->flight.size, pn, floor, false);
                continue;
            }
            pn--;
            bool timed = time_of(&times, above + end - 1 - pn);
            news |= mark(p, now, flight_at(&p->flight, pn), timed, times.came_ns, events);
        }
        above += end - floor;
        end = floor;
    }
    return news;
}

static void take_acked(struct path *p, struct tstamp now, struct sent *s, uint64_t pn,
                       const struct path_events *events)
{
    struct fitness *f = &p->fitness;
    rack_arrived(&p->rack, s, p->rtt.srtt_ns);
    tell_rate(p, s);
    hole_arrived(&p->hole, s->bytes);
    if (s->tag != 0)
        events->tagged(events->arg, p, s->tag, true, false);
    if (life_answered(&p->life, now, pn)) {
        f->rtt_latest_ns = tstamp_sub(now, s->time);
        if (path_on_trial(p) && sent_is_probe(s))
            trial_answered(&f->trial, pn, f->rtt_latest_ns, f->rtt_most_ns);
    }
    flight_forget(&p->flight, s);
    s->came = true;
}

/* ---- what is lost ---- */

/* Something that was sent within some tails after it has arrived: no outage took them both. */
static bool lost_alone(const struct path *p, const struct sent *s, uint64_t pn, uint64_t largest)
{
    for (uint64_t later = pn + 1; later <= largest; later++) {
        const struct sent *l = flight_at(&p->flight, later);
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
    bool alone = s->tag != 0 && lost_alone(p, s, pn, largest);
    if (s->data)
        rate_lost(&p->rate, s->time, s->bytes, pn);
    if (path_on_trial(p) && sent_is_probe(s))
        trial_lost(&p->fitness.trial, pn);
    if (s->tag == 0)
        hole_lost(&p->hole, s->bytes, p->rate.capacity_bps);
    else
        events->tagged(events->arg, p, s->tag, false, alone);
    struct segment segment = flight_take_segment(&p->flight, pn, p->id);
    flight_forget(&p->flight, s);
    s->state = SENT_LOST;
    bitring_set(p->flight.open, p->flight.size, pn);
    if (segment.pkt != NULL)
        events->lost(events->arg, p, &segment);
}

void path_abandon(struct path *p, const struct path_events *events)
{
    for (uint64_t pn = p->flight.oldest; pn < p->flight.pn_next; pn++) {
        const struct sent *s = flight_at(&p->flight, pn);
        if (s->state != SENT_INFLIGHT || s->segment.pkt == NULL)
            continue;
        struct segment segment = flight_take_segment(&p->flight, pn, p->id);
        events->lost(events->arg, p, &segment);
    }
}

/* ---- the acknowledgement ---- */

/* The largest number of it, as it was sent. */
struct top {
    uint64_t pn;
    struct tstamp sent;
    int64_t came_ns; /* receiver's clock */
    int64_t rtt_ns;
};

/* Acknowledgements without news, of which a peer may send any number, are not worth much time. */
static bool may_look(const struct flight *f, struct tstamp now)
{
    return f->count < LOOK_FEW_PACKETS || tstamp_sub(now, f->looked) >= f->count * LOOK_NS;
}

/* Takes what is marked, and what is lost. */
static void settle(struct path *p, struct tstamp now, const struct top *top,
                   const struct path_events *events)
{
    struct flight *f = &p->flight;
    const uint64_t end = top->pn + 1;
    uint64_t oldest = end; /* in flight */
    f->looked = now;
    uint64_t pn = f->oldest;
    while ((pn = bitring_next(f->open, f->size, pn, end)) < end) {
        struct sent *s = flight_at(f, pn);
        /* Any round trip is better than none, where the largest number was no eliciting one. */
        if (s->state == SENT_ACKED && s->timed && p->rtt.srtt_ns == 0)
            rtt_note(&p->rtt, now,
                     top->rtt_ns + tstamp_sub(top->sent, s->time) - (top->came_ns - s->came_ns));
        if (s->state == SENT_ACKED)
            take_acked(p, now, s, pn, events);
        else if (s->state == SENT_INFLIGHT && rack_is_lost(&p->rack, s, pn, top->pn, top->sent))
            take_lost(p, s, pn, top->pn, events);
        if (s->state == SENT_INFLIGHT && pn < oldest)
            oldest = pn;
        pn++;
    }
    if (oldest > f->oldest)
        f->oldest = oldest;
}

static void note_rtt(struct path *p, struct tstamp now, const struct top *top, bool same_path)
{
    const struct flight *f = &p->flight;
    int64_t rtt_ns = top->rtt_ns;
    /* While all is quiet, an answer takes no other way than the question: see acks.h. */
    if (same_path && path_quiet(p))
        rtt_ns -= rtt_way_back_ns(&p->rtt);
    if (top->pn >= f->oldest && flight_at(f, top->pn)->state == SENT_INFLIGHT)
        rtt_note(&p->rtt, now, rtt_ns);
    if (same_path && top->rtt_ns > 0 && top->pn + f->size >= f->pn_next)
        rtt_note_same(&p->rtt, top->rtt_ns);
}

/* What the path does next is by what was learnt. */
static void set_timers(struct path *p, struct tstamp now, bool news)
{
    if (p->flight.count == 0)
        p->probe.alarm = p->probe.tail_at = TSTAMP_NEVER;
    else if (news || tstamp_is_never(p->probe.alarm))
        p->probe.alarm = tstamp_add(now, path_first_look_ns(p));
}

bool path_ack(struct path *p, struct tstamp now, const struct wire_ack *ack, bool same_path,
              struct peer_clock *clock, const struct path_events *events)
{
    struct flight *f = &p->flight;
    struct rack *k = &p->rack;
    struct top top;
    if (!flight_expand(f, ack->largest, &top.pn))
        return false;
    if (f->size == 0)
        return true;
    top.sent = flight_at(f, top.pn)->time;
    top.rtt_ns = tstamp_sub(now, top.sent) - (int64_t)ack->delay_us * NS_PER_US;
    note_rtt(p, now, &top, same_path);
    top.came_ns = read_clock(clock, now, ack->time_us);
    const bool waiting = k->waiting;
    rack_begin(k, now, ack, top.pn, top.came_ns);
    /* Acknowledgements may come again, when the path is dead already. */
    const bool news = mark_all(p, now, ack, top.pn, top.came_ns, events);
    if (!f->any_acked || top.pn > f->largest_acked)
        f->largest_acked = top.pn;
    f->any_acked = true;
    quiet_heed_ack(p, ack, top.pn);
    if (news || may_look(f, now))
        settle(p, now, &top, events);
    else
        k->waiting = waiting;
    p->probe.tail_at = tstamp_min(p->probe.tail_at, rack_end(k, f, now, p->rtt.srtt_ns));
    if (hole_found(&p->hole))
        events->hole(events->arg, p);
    if (news) {
        p->beat.doubted = false;
        f->answered = tstamp_max(f->answered, tstamp_add(now, -(int64_t)ack->delay_us * NS_PER_US));
    }
    /* Start-up makes a queue, and has to see it. Later a probe's answer is there after the least.
     */
    bool starts = p->rate.phase == RATE_START;
    p->rate.reorder_ns = k->window_ns;
    rate_update(&p->rate, now, starts ? rtt_smoothed_ns(&p->rtt) : rtt_own_ns(&p->rtt));
    path_set_pace(p, now);
    set_timers(p, now, news);
    return true;
}
