/* SPDX-License-Identifier: ISC */
#include "bond/path/acked.h"

#include "base/bitring.h"

void acked_tell_rate(struct path *p, const struct sent *s)
{
    rate_beside(&p->rate, s->beside_bytes);
    rate_acked(&p->rate, s->time, s->came_ns, s->timed, s->bytes, s->loaded);
}

/* It came after all: everything but what was repeated meanwhile is as if it had not been lost. */
static void take_late(struct path *p, struct tstamp now, struct sent *s,
                      const struct path_events *events)
{
    s->state = SENT_NONE;
    bitring_drop(p->open, PATH_SENT_MAX, (uint64_t)(s - p->sent));
    s->came = true;
    rack_arrived(p, s);
    if (s->data)
        rate_found(&p->rate, now, s->bytes);
    acked_tell_rate(p, s);
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

/* From the top down. What is not open is passed by words: a peer may tell it again and again. */
bool acked_mark(struct path *p, struct tstamp now, const struct wire_ack *ack, uint64_t largest,
                int64_t came_ns, const struct path_events *events)
{
    struct ack_times times = { .ack = ack, .end = ack->times[0].count, .came_ns = came_ns };
    const uint64_t watched = p->rack.watched;
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
            if (!bitring_get(p->open, PATH_SENT_MAX, pn - 1)) {
                pn = bitring_run(p->open, PATH_SENT_MAX, pn, floor, false);
                continue;
            }
            pn--;
            bool timed = time_of(&times, above + end - 1 - pn);
            news |= mark(p, now, &p->sent[pn % PATH_SENT_MAX], timed, times.came_ns, events);
        }
        above += end - floor;
        end = floor;
    }
    return news;
}
