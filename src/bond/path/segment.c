/* SPDX-License-Identifier: ISC */
#include "bond/path/segment.h"

bool ring_push(struct segment_ring *r, const struct segment *s, uint32_t wire_bytes)
{
    if (r->count == r->capacity)
        return false;
    *ring_slot(r, r->count) = *s;
    r->count++;
    r->bytes += wire_bytes;
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
