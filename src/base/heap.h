/* SPDX-License-Identifier: ISC */
/*
 * Deadlines, the earliest first; of equal ones the one that was set first, so that a run can be
 * repeated. A binary heap of pointers to items that belong to the caller: setting and removing take
 * log n. An item that is all zero, or was removed, is in no heap.
 */
#ifndef HAWSER_BASE_HEAP_H
#define HAWSER_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"

struct heap_item {
    struct tstamp at;
    uint64_t order; /* of equal times */
    size_t place;   /* in the heap, from 1; 0: in none */
};

struct heap {
    struct heap_item **items; /* owned; the items are borrowed */
    size_t count;
    size_t capacity;
    uint64_t set; /* how often: gives items their order */
};

/* Room for so many items in all: heap_set() takes no memory. -ENOMEM: it is as it was. */
int heap_reserve(struct heap *h, size_t capacity);
void heap_free(struct heap *h);

/* Puts an item there, or gives it another time; NEVER: takes it out. */
void heap_set(struct heap *h, struct heap_item *item, struct tstamp at);
void heap_remove(struct heap *h, struct heap_item *item);

/* The earliest; NULL: there is none. */
static inline struct heap_item *heap_first(const struct heap *h)
{
    return h->count > 0 ? h->items[0] : NULL;
}

#endif
