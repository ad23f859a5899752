/* SPDX-License-Identifier: ISC */
#include "bond/path/segment.h"

enum { RING_FIRST = 16 };

void ring_init(struct segment_ring *r, struct arena_share *memory, uint32_t most)
{
    *r = (struct segment_ring){ .memory = memory, .most = most };
}

void ring_free(struct segment_ring *r)
{
    ring_clear(r);
    arena_give(r->memory, r->slots, r->capacity, sizeof *r->slots);
    r->slots = NULL;
    r->capacity = 0;
}

bool ring_resize(struct segment_ring *r, uint32_t capacity)
{
    struct segment *slots = arena_take(r->memory, capacity, sizeof *slots);
    if (slots == NULL) {
        r->enough = UINT32_MAX;
        return false;
    }
    for (uint32_t i = 0; i < r->count; i++)
        slots[i] = *ring_slot(r, i);
    arena_give(r->memory, r->slots, r->capacity, sizeof *r->slots);
    r->slots = slots;
    r->capacity = capacity;
    r->enough = capacity < r->most ? capacity / 2 : UINT32_MAX;
    r->head = 0;
    return true;
}

static uint32_t first_capacity(const struct segment_ring *r)
{
    return r->most < RING_FIRST ? r->most : RING_FIRST;
}

static uint32_t larger(const struct segment_ring *r)
{
    return r->capacity > 0 ? 2 * r->capacity : first_capacity(r);
}

void ring_grow(struct segment_ring *r)
{
    if (r->count >= r->enough)
        ring_resize(r, larger(r));
}

void ring_give_back(struct segment_ring *r)
{
    if (r->count == 0 && r->capacity > first_capacity(r))
        ring_resize(r, first_capacity(r));
}

void ring_retry_growth(struct segment_ring *r)
{
    if (r->capacity < r->most)
        r->enough = r->capacity / 2;
}

void ring_reserve(struct segment_ring *r, uint32_t more)
{
    while (r->capacity < r->most && r->capacity - r->count < more)
        if (!ring_resize(r, larger(r)))
            return;
}

bool ring_push(struct segment_ring *r, const struct segment *s, uint32_t wire_bytes)
{
    if (r->count == r->capacity)
        return false;
    *ring_slot(r, r->count) = *s;
    r->count++;
    r->bytes += wire_bytes;
    if (r->count >= r->enough)
        r->memory->wanted = true;
    return true;
}

bool ring_pop(struct segment_ring *r, struct segment *out, uint32_t wire_bytes)
{
    if (r->count == 0)
        return false;
    *out = *ring_slot(r, 0);
    r->head++;
    r->count--;
    r->bytes -= wire_bytes < r->bytes ? wire_bytes : r->bytes;
    return true;
}

void ring_clear(struct segment_ring *r)
{
    struct segment s;
    while (ring_pop(r, &s, 0))
        pkt_put(s.pkt);
    r->bytes = 0;
}

uint64_t ring_packets(const struct segment_ring *r)
{
    uint64_t packets = 0;
    for (uint32_t i = 0; i < r->count; i++)
        packets += segment_originals(ring_at(r, i));
    return packets;
}
