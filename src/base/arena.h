/* SPDX-License-Identifier: ISC */
/*
 * Memory with a limit, of which several owners hold shares: tables that grow with what their owner
 * does.
 *
 * Guarantee: what is taken is never more than the limit, and it is given out by dynamic thresholds
 * as the buffers of a pool are (see pkt.h): an owner may have four times as much as is free. So one
 * that wants all gets four fifths, and of several that want all each gets the same.
 *
 * Nothing is taken while a packet is handled. A table that is half full says so (wanted), and its
 * owner lets it grow before the next packet. One that may not grow stays as it is.
 */
#ifndef HAWSER_BASE_ARENA_H
#define HAWSER_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena {
    size_t limit_bytes; /* 0: none */
    size_t used_bytes;
};

/* What one owner holds. All zero: nothing yet, and without a limit. */
struct arena_share {
    struct arena *arena; /* borrowed; NULL: there is no limit */
    size_t used_bytes;
    bool wanted;  /* a table of the owner's is to grow */
    bool refused; /* there was none for one */
    bool sure;    /* what is asked for is given, limit or not: it must be there, or becomes less */
};

/* All zero; NULL: there is no memory, or it would be more than the share may hold. */
void *arena_take(struct arena_share *s, size_t count, size_t bytes);
/* What arena_take() gave, of that size; NULL is legal. */
void arena_give(struct arena_share *s, void *memory, size_t count, size_t bytes);

#endif
