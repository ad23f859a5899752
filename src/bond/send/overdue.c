/* SPDX-License-Identifier: ISC */
#include "bond/send/overdue.h"

#include <math.h>

#include "bond/send/room.h"
#include "bond/tuning.h"

static bool may_go_again(const struct segment *s)
{
    return s->pkt != NULL && !s->bundle && !s->once && !s->copied && !s->again &&
           s->lane != WIRE_LANE_UNORDERED && s->pkt->policy == 0 && s->tries < OVERDUE_TRIES;
}

static bool nothing_waits(const struct sender *snd)
{
    return !flowq_has_bulk(&snd->queue) && snd->queue.banded == 0 && snd->repairs.count == 0;
}

/* It would be idle; and it is none that costs more than those which are in use. */
static bool is_free(const struct path *p, struct tstamp now)
{
    return path_usable(p) && p->spill_bytes == 0 && p->pacer.committed.count == 0 &&
           pacer_backlog_ns(&p->pacer, now) <= 0 && !path_inflight_full(p);
}

static struct tstamp due_at(const struct path *p, const struct sent *s)
{
    double late_ns =
        fmin(fmax(OVERDUE_RTTVARS * (double)p->rtt.rttvar_ns, OVERDUE_LEAST_NS), OVERDUE_MOST_NS);
    return tstamp_add(s->time, rtt_own_ns(&p->rtt) + (int64_t)late_ns);
}

/* The first in flight that may go again, overdue or not, or NULL. */
static struct sent *first_candidate(struct path *p)
{
    if (p->flight.again_next < p->flight.oldest)
        p->flight.again_next = p->flight.oldest;
    for (; p->flight.data > 0 && p->flight.again_next < p->flight.pn_next; p->flight.again_next++) {
        struct sent *s = flight_at(&p->flight, p->flight.again_next);
        if (s->state == SENT_INFLIGHT && may_go_again(&s->segment))
            return s;
    }
    return NULL;
}

/* The segment that was sent first of what is overdue elsewhere, or NULL. */
static struct segment *find_overdue(const struct sender *snd, const struct path *free,
                                    struct tstamp now)
{
    struct segment *first = NULL;
    for_each_path (&snd->paths, p) {
        struct sent *s = p != free && path_usable(p) ? first_candidate(p) : NULL;
        if (s != NULL && tstamp_reached(due_at(p, s), now) &&
            (first == NULL || tstamp_before(s->segment.first_sent, first->first_sent)))
            first = &s->segment;
    }
    return first;
}

static bool send_again(struct segment *s, struct path *p)
{
    struct segment again = *s;
    again.flags |= WIRE_DATA_REPEAT;
    if (!ring_push(&p->pacer.committed, &again, path_segment_bytes(p, &again)))
        return false;
    pkt_ref(again.pkt);
    s->again = true;
    return true;
}

void overdue_pump(struct sender *snd, struct tstamp now)
{
    if (!nothing_waits(snd))
        return;
    for_each_path (&snd->paths, p) {
        struct segment *s;
        do
            room_make(snd); /* while nothing points into a table */
        while (is_free(p, now) && (s = find_overdue(snd, p, now)) != NULL && send_again(s, p));
    }
}

/* The candidate that overdue_pump() has found and left where it is, or NULL. */
static const struct sent *left_candidate(const struct path *p)
{
    const struct flight *f = &p->flight;
    if (!path_usable(p) || f->again_next < f->oldest || f->again_next >= f->pn_next)
        return NULL;
    const struct sent *s = flight_at(f, f->again_next);
    return s->state == SENT_INFLIGHT && may_go_again(&s->segment) ? s : NULL;
}

/* When the pacer of a path but p has nothing to wait for any more. */
static struct tstamp first_free(const struct sender *snd, struct tstamp now, const struct path *p)
{
    struct tstamp first = TSTAMP_NEVER;
    for_each_path (&snd->paths, q)
        if (q != p && path_usable(q) && tstamp_before(now, q->pacer.free_at))
            first = tstamp_min(first, q->pacer.free_at);
    return first;
}

struct tstamp overdue_deadline(const struct sender *snd, struct tstamp now)
{
    struct tstamp first = TSTAMP_NEVER;
    if (!nothing_waits(snd))
        return first;
    for_each_path (&snd->paths, p) {
        const struct sent *s = left_candidate(p);
        if (s == NULL)
            continue;
        struct tstamp due = due_at(p, s);
        first = tstamp_min(first, tstamp_before(now, due) ? due : first_free(snd, now, p));
    }
    return first;
}
