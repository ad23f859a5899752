/* SPDX-License-Identifier: ISC */
#include "bond/path/rack.h"

#include <math.h>

#include "bond/path/flight.h"
#include "bond/tuning.h"
#include "wire/wire.h"

enum { LOSS_PACKETS = 3 /* RFC 9002, section 6.1.1 */, WATCH_SPARE = 64 };

/* The smallest number that an acknowledgement tells of; 0: it had room for all. */
static uint64_t lowest_told(const struct wire_ack *ack, uint64_t largest)
{
    uint64_t numbers = 0;
    if (ack->range_count < WIRE_ACK_RANGES_MAX)
        return 0;
    for (unsigned i = 0; i < ack->range_count; i++)
        numbers += (uint64_t)ack->ranges[i].gap + ack->ranges[i].len;
    return numbers <= largest ? largest + 1 - numbers : 0;
}

void rack_begin(struct rack *k, struct tstamp now, const struct wire_ack *ack, uint64_t largest,
                int64_t came_ns)
{
    k->came_ns = came_ns;
    k->clock_ns = came_ns + (int64_t)ack->delay_us * NS_PER_US;
    k->told = lowest_told(ack, largest);
    k->waiting = false;
    if (k->window_ns > 0)
        k->window_ns *= exp(-(double)tstamp_sub(now, k->faded) / RACK_MEMORY_NS);
    if (k->window_ns < RACK_ORDERED_NS)
        k->window_ns = 0;
    k->faded = now;
}

void rack_arrived(struct rack *k, const struct sent *s, int64_t srtt_ns)
{
    if (!s->overtaken)
        return;
    int64_t late_ns = (s->timed ? s->came_ns : k->clock_ns) - s->overtaken_ns;
    if (late_ns <= 0)
        return;
    double window_ns = fmax(RACK_LATENESS * (double)late_ns, RACK_LEAST_NS);
    k->window_ns = fmin(fmax(k->window_ns, window_ns), fmax((double)srtt_ns, RACK_BOUND_NS));
}

static bool later_arrived(const struct sent *s, uint64_t pn, uint64_t largest,
                          struct tstamp top_sent)
{
    return largest - pn >= LOSS_PACKETS || tstamp_sub(top_sent, s->time) >= LOSS_LATER_NS;
}

bool rack_is_lost(struct rack *k, struct sent *s, uint64_t pn, uint64_t largest,
                  struct tstamp top_sent)
{
    if (pn >= largest)
        return false;
    if (!s->overtaken) {
        s->overtaken = true;
        s->overtaken_ns = k->came_ns;
    }
    if (k->window_ns <= 0)
        return later_arrived(s, pn, largest, top_sent);
    bool lost = pn >= k->told && (double)(k->clock_ns - s->overtaken_ns) >= k->window_ns;
    k->waiting = k->waiting || !lost;
    return lost;
}

static bool still_watched(const struct flight *f, struct tstamp now, uint64_t pn, int64_t srtt_ns)
{
    const struct sent *s = flight_at(f, pn);
    return s->state == SENT_LOST && f->pn_next - pn < f->size - flight_spare(f) &&
           tstamp_sub(now, s->time) <= RACK_WATCH_RTTS * srtt_ns + RACK_WATCH_NS;
}

struct tstamp rack_end(struct rack *k, struct flight *f, struct tstamp now, int64_t srtt_ns)
{
    while (f->watched < f->oldest && !still_watched(f, now, f->watched, srtt_ns))
        f->watched++;
    /* When nothing else leaves, a probe asks for the acknowledgement that tells. */
    return k->waiting ? tstamp_add(now, (int64_t)k->window_ns + RACK_ASK_NS) : TSTAMP_NEVER;
}
