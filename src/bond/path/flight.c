/* SPDX-License-Identifier: ISC */
#include "bond/path/flight.h"

#include <string.h>

#include "base/bitring.h"
#include "wire/wire.h"

static uint64_t first_size(void)
{
    return PATH_SENT_FIRST < PATH_SENT_MAX ? PATH_SENT_FIRST : PATH_SENT_MAX;
}

void flight_init(struct flight *f, struct tstamp now, struct arena_share *memory)
{
    f->last_sent = f->answered = now;
    f->memory = memory;
    flight_resize(f, first_size());
}

static void free_places(struct flight *f)
{
    arena_give(f->memory, f->sent, f->size, sizeof *f->sent);
    arena_give(f->memory, f->open, f->size / 64, sizeof *f->open);
}

void flight_clear(struct flight *f)
{
    for (uint64_t pn = f->oldest; pn < f->pn_next; pn++)
        pkt_put(flight_at(f, pn)->segment.pkt);
    free_places(f);
    memset(f, 0, sizeof *f);
}

bool flight_resize(struct flight *f, uint64_t size)
{
    struct sent *sent = arena_take(f->memory, size, sizeof *sent);
    uint64_t *open = arena_take(f->memory, size / 64, sizeof *open);
    if (sent == NULL || open == NULL) {
        arena_give(f->memory, sent, size, sizeof *sent);
        arena_give(f->memory, open, size / 64, sizeof *open);
        f->enough = UINT64_MAX;
        return false;
    }
    uint64_t most = size < f->size ? size : f->size;
    for (uint64_t pn = f->pn_next > most ? f->pn_next - most : 0; pn < f->pn_next; pn++) {
        sent[pn & (size - 1)] = *flight_at(f, pn);
        if (bitring_get(f->open, f->size, pn))
            bitring_set(open, size, pn);
    }
    free_places(f);
    f->sent = sent;
    f->open = open;
    f->size = size;
    f->enough = size < PATH_SENT_MAX ? size / 2 : UINT64_MAX;
    return true;
}

void flight_grow(struct flight *f)
{
    if (flight_known(f) >= f->enough)
        flight_resize(f, f->size > 0 ? 2 * f->size : first_size());
}

void flight_give_back(struct flight *f)
{
    if (f->size > first_size() && f->count == 0 && flight_known(f) < first_size() / 2)
        flight_resize(f, first_size());
}

void flight_retry_growth(struct flight *f)
{
    if (f->size < PATH_SENT_MAX)
        f->enough = f->size / 2;
}

void flight_forget(struct flight *f, struct sent *s)
{
    f->bytes -= s->bytes;
    f->count--;
    f->data -= s->data;
    pkt_put(s->segment.pkt);
    s->segment.pkt = NULL;
    s->state = SENT_NONE;
    bitring_drop(f->open, f->size, (uint64_t)(s - f->sent));
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
    return s->left_on == path + 1 && age <= f->size && flight_at(f, s->left_pn)->came;
}

unsigned flight_overdue(const struct flight *f, struct tstamp limit, unsigned most)
{
    unsigned n = 0;
    uint64_t pn = f->oldest;
    while ((pn = bitring_next(f->open, f->size, pn, f->pn_next)) < f->pn_next && n < most) {
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
