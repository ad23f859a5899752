/* SPDX-License-Identifier: ISC */
#include "bond/path/flight.h"

#include <stddef.h>
#include <string.h>

#include "base/bitring.h"
#include "wire/wire.h"

void flight_init(struct flight *f, struct tstamp now)
{
    f->last_sent = f->answered = now;
}

void flight_clear(struct flight *f)
{
    for (uint64_t pn = f->oldest; pn < f->pn_next; pn++)
        pkt_put(flight_at(f, pn)->segment.pkt);
    size_t used = f->pn_next < PATH_SENT_MAX ? (size_t)f->pn_next : PATH_SENT_MAX;
    memset(f->sent, 0, used * sizeof f->sent[0]);
    memset(f, 0, offsetof(struct flight, sent));
}

void flight_forget(struct flight *f, struct sent *s)
{
    f->bytes -= s->bytes;
    f->count--;
    f->data -= s->data;
    pkt_put(s->segment.pkt);
    s->segment.pkt = NULL;
    s->state = SENT_NONE;
    bitring_drop(f->open, PATH_SENT_MAX, (uint64_t)(s - f->sent));
}

bool flight_expand(const struct flight *f, uint32_t low, uint64_t *pn)
{
    *pn = wire_expand_pn(low, f->pn_next);
    return *pn < f->pn_next;
}

struct segment flight_take_segment(struct flight *f, uint64_t pn, uint8_t path)
{
    struct sent *s = flight_at(f, pn);
    struct segment segment = s->segment;
    s->segment.pkt = NULL;
    segment.left_on = (uint8_t)(path + 1);
    segment.left_pn = (uint32_t)pn;
    return segment;
}

bool flight_came(const struct flight *f, const struct segment *s, uint8_t path)
{
    uint32_t age = (uint32_t)f->pn_next - s->left_pn;
    return s->left_on == path + 1 && age <= PATH_SENT_MAX && flight_at(f, s->left_pn)->came;
}

unsigned flight_overdue(const struct flight *f, struct tstamp limit, unsigned most)
{
    unsigned n = 0;
    uint64_t pn = f->oldest;
    while ((pn = bitring_next(f->open, PATH_SENT_MAX, pn, f->pn_next)) < f->pn_next && n < most) {
        const struct sent *s = flight_at(f, pn++);
        if (s->state == SENT_INFLIGHT && !tstamp_before(s->time, limit))
            break;
        n += s->state == SENT_INFLIGHT;
    }
    return n;
}

uint64_t flight_packets(const struct flight *f)
{
    uint64_t packets = 0;
    for (uint64_t pn = f->oldest; pn < f->pn_next; pn++) {
        const struct segment *s = &flight_at(f, pn)->segment;
        packets += s->pkt != NULL ? segment_originals(s) : 0;
    }
    return packets;
}
