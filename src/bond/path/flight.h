/* SPDX-License-Identifier: ISC */
/*
 * What is in flight on one path: the packet numbers that were given out, and what became of each.
 *
 * Guarantee: a number is given out once; each that is to be acknowledged ends acknowledged, lost or
 * forgotten, and its packet is given back or handed on then.
 */
#ifndef HAWSER_BOND_PATH_FLIGHT_H
#define HAWSER_BOND_PATH_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bitring.h"
#include "base/size.h"
#include "base/tstamp.h"
#include "bond/path/segment.h"

enum {
    PATH_SENT_MAX = TABLE_SIZE(8192, 128), /* packets in flight; a power of two */
    PATH_SENT_FIRST = 64,                  /* places for them at first */
    PATH_SENT_SPARE = 64,                  /* of the most, for what is no bulk; of fewer: */
    PATH_SENT_SPARE_PART = 4,              /* no more than this part */
};

enum sent_state { SENT_NONE, SENT_INFLIGHT, SENT_ACKED, SENT_LOST };

struct sent {
    struct segment segment; /* pkt NULL: a control datagram, or repeated already */
    struct tstamp time;
    int64_t came_ns;      /* receiver's clock; with timed */
    int64_t overtaken_ns; /* that clock when a later one was known to have come; with overtaken */
    uint32_t bytes;
    uint32_t tag;
    uint8_t state; /* enum sent_state */
    bool came;     /* acknowledged; also when it is forgotten */
    bool loaded;
    bool timed;
    bool overtaken;
    bool data;
    uint16_t beside_bytes; /* of datagrams before it that nobody acknowledges */
};

struct flight {
    uint64_t pn_next;
    uint64_t oldest;  /* no number below it is in flight */
    uint64_t watched; /* nor was any lost that may still come: see rack.h */
    uint64_t largest_acked;
    uint64_t again_next; /* below it, nothing is to go on another path, too; see overdue.h */
    bool any_acked;
    uint32_t bytes;
    uint32_t count;             /* that are to be acknowledged */
    uint32_t data;              /* of these */
    uint32_t beside_bytes;      /* sent since the last one that is acknowledged */
    struct tstamp last_sent;    /* to be acknowledged */
    struct tstamp answered;     /* the peer received something then, or later */
    struct tstamp looked;       /* at those in flight, one by one */
    uint64_t size;              /* places for numbers, a power of two; 0: all are forgotten */
    uint64_t enough;            /* with more numbers to be known, more places are wanted */
    uint64_t *open;             /* owned: bits of numbers in flight, or lost and perhaps to come */
    struct sent *sent;          /* owned: of the last numbers below pn_next */
    uint32_t repairable;        /* with more of data in flight, room for repairs is wanted */
    struct arena_share *memory; /* borrowed */
};

/*
 * Of the association that begins; all zero, or cleared. There are few places at first, taken from
 * that memory. Without any the path is never answered, so no data goes there.
 */
void flight_init(struct flight *f, struct tstamp now, struct arena_share *memory);
/* Gives back every packet, and the places. */
void flight_clear(struct flight *f);

/* Doubles the places if they are half full. */
void flight_grow(struct flight *f);
/* As many places as that, a power of two: what is known of numbers stays. False: there is no
 * memory, and those there are will do. */
bool flight_resize(struct flight *f, uint64_t size);
/* Nothing was sent for long: as few as at first, if no more numbers have to be known. */
void flight_give_back(struct flight *f);
/* Having found no memory before, it may try again. */
void flight_retry_growth(struct flight *f);

/* The place of a number. */
static inline struct sent *flight_at(const struct flight *f, uint64_t pn)
{
    return &f->sent[pn & (f->size - 1)];
}

/* Places that bulk leaves free. */
static inline uint64_t flight_spare(const struct flight *f)
{
    uint64_t part = f->size / PATH_SENT_SPARE_PART;
    return part < PATH_SENT_SPARE ? part : PATH_SENT_SPARE;
}

/* It is no longer in flight; its packet is given back. */
void flight_forget(struct flight *f, struct sent *s);

/* Numbers that have to be known: what is in flight, or watched, and what is beside. */
static inline uint64_t flight_known(const struct flight *f)
{
    return f->pn_next - f->watched;
}

/* The place of a new number; whose it was before is forgotten. */
static inline struct sent *flight_claim(struct flight *f, uint64_t pn)
{
    struct sent *s = flight_at(f, pn);
    if (s->state == SENT_INFLIGHT)
        flight_forget(f, s);
    if (pn - f->oldest >= f->size)
        f->oldest = pn - f->size + 1;
    if (pn - f->watched >= f->size)
        f->watched = pn - f->size + 1;
    if (flight_known(f) >= f->enough)
        f->memory->wanted = true;
    bitring_drop(f->open, f->size, pn);
    return s;
}

/*
 * Gives the next number out. eliciting: it is kept until it is acknowledged. tag: 0: none. segment:
 * copied with its reference; NULL: a control datagram. loaded: others wait behind it. Inline, for
 * it is in the way of every packet.
 */
static inline uint64_t flight_send(struct flight *f, struct tstamp now, uint32_t wire_bytes,
                                   bool eliciting, uint32_t tag, const struct segment *segment,
                                   bool loaded)
{
    uint64_t pn = f->pn_next++;
    if (f->size == 0) {
        f->oldest = f->watched = f->pn_next;
        return pn;
    }
    struct sent *s = flight_claim(f, pn);
    *s = (struct sent){ .time = now, .bytes = wire_bytes, .tag = tag };
    if (!eliciting) {
        if (f->watched == pn)
            f->watched++;
        if (f->oldest == pn)
            f->oldest++;
        f->beside_bytes += wire_bytes;
        return pn;
    }
    s->beside_bytes = (uint16_t)(f->beside_bytes < UINT16_MAX ? f->beside_bytes : UINT16_MAX);
    f->beside_bytes = 0;
    s->state = SENT_INFLIGHT;
    bitring_set(f->open, f->size, pn);
    if (segment != NULL) {
        s->segment = *segment;
        s->data = true;
        s->loaded = loaded;
    }
    f->data += s->data;
    if (f->data >= f->repairable)
        f->memory->wanted = true;
    f->bytes += wire_bytes;
    f->count++;
    return pn;
}

/* Number that an acknowledgement's low 32 bits mean; false: it was never sent. */
bool flight_expand(const struct flight *f, uint32_t low, uint64_t *pn);

/* Hands out the segment of the number as lost: it says from where it comes. */
struct segment flight_take_segment(struct flight *f, uint64_t pn, uint8_t path);
/* Whether a segment that was handed out as lost, by path, was acknowledged after that. */
bool flight_came(const struct flight *f, const struct segment *s, uint8_t path);

/* How many left before that time and are in flight; counts no further than most. */
unsigned flight_overdue(const struct flight *f, struct tstamp limit, unsigned most);

/* Inner packets in it, without copies. */
uint64_t flight_packets(const struct flight *f);

/* As many numbers as it has room for, less some for what is no bulk. */
static inline bool flight_full(const struct flight *f)
{
    return f->pn_next - f->oldest > f->size - flight_spare(f);
}

/* A probe of ours: no data, and not one of the session's own datagrams. */
static inline bool sent_is_probe(const struct sent *s)
{
    return !s->data && s->tag == 0;
}

#endif
