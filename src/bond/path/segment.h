/* SPDX-License-Identifier: ISC */
/* Pieces of inner packets on their way, and the rings that they wait in. */
#ifndef HAWSER_BOND_PATH_SEGMENT_H
#define HAWSER_BOND_PATH_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/pkt.h"
#include "base/tstamp.h"

/* A piece of an inner packet on its way: the unit that is sequenced, sent and repeated. */
struct segment {
    struct pkt *pkt; /* a reference of its own; NULL: none */
    uint16_t seg;
    uint16_t offset; /* of the piece in the segment */
    uint16_t bytes;
    uint16_t lane;
    uint32_t sequence; /* of a bundle: the number of its packets */
    uint8_t flags;     /* enum wire_data_flag */
    uint8_t tries;     /* times sent */
    bool bundle : 1;   /* pkt holds packet frames, the plaintext of a datagram */
    bool once : 1;     /* a duplicate: never repeated */
    bool again : 1;    /* sent on an idle path as well: that one sees to it; see overdue.h */
    bool copied : 1;   /* a duplicate left on another path: not repeated when this one fails */
    uint8_t left_on;   /* with left_pn: where it was lost or abandoned, plus 1; 0: nowhere */
    uint32_t left_pn;  /* low bits of its number there */
    struct tstamp first_sent;
};

/* Inner packets of it, or pieces of one. */
static inline uint32_t segment_packets(const struct segment *s)
{
    return s->bundle ? s->sequence : 1;
}

/* The same of originals; a copy is counted by its own. */
static inline uint32_t segment_originals(const struct segment *s)
{
    return s->once ? 0 : segment_packets(s);
}

/* All zero: it has no room, and never wants any. */
struct segment_ring {
    struct segment *slots; /* owned: capacity of them, a power of two */
    uint32_t capacity;
    uint32_t most;   /* that it may have: it begins small, and is doubled when it is half full */
    uint32_t enough; /* with more in it, it wants to grow */
    uint32_t head;   /* counts on; the slot is the rest of the capacity */
    uint32_t count;
    uint32_t bytes;             /* of datagrams on the wire */
    struct arena_share *memory; /* borrowed: where its slots come from, and who lets it grow */
};

/* Empty; without a slot until it is let grow. */
void ring_init(struct segment_ring *r, struct arena_share *memory, uint32_t most);
/* Gives every packet back, and the slots. */
void ring_free(struct segment_ring *r);
/*
 * Makes it as large as that, a power of two: what is in it stays. False: there is no memory for it,
 * and what it has will do.
 */
bool ring_resize(struct segment_ring *r, uint32_t capacity);
/* Doubles it if it is half full. */
void ring_grow(struct segment_ring *r);
/* Is as small as at first again, if it is empty. */
void ring_give_back(struct segment_ring *r);
/* Having found no memory before, it may try again. */
void ring_retry_growth(struct segment_ring *r);
/* Doubles it until there is room for so many more; as far as may be. */
void ring_reserve(struct segment_ring *r, uint32_t more);

/* wire_bytes: of its datagram. False if the ring is full; the caller keeps its reference. */
bool ring_push(struct segment_ring *r, const struct segment *s, uint32_t wire_bytes);
/* With the reference; false if the ring is empty. */
bool ring_pop(struct segment_ring *r, struct segment *out, uint32_t wire_bytes);

/* The slot at that place, 0: the head; whether anything is there or not. */
static inline struct segment *ring_slot(const struct segment_ring *r, uint32_t place)
{
    return &r->slots[(r->head + place) & (r->capacity - 1)];
}

/* The segment at that place; NULL: there are not so many. */
static inline const struct segment *ring_at(const struct segment_ring *r, uint32_t place)
{
    return place < r->count ? ring_slot(r, place) : NULL;
}

/* NULL: none. */
static inline const struct segment *ring_head(const struct segment_ring *r)
{
    return ring_at(r, 0);
}

/* Gives every packet back. */
void ring_clear(struct segment_ring *r);
/* Inner packets in it, without copies, which their originals count. */
uint64_t ring_packets(const struct segment_ring *r);

#endif
