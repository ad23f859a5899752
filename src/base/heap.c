/* SPDX-License-Identifier: ISC */
#include "base/heap.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

int heap_reserve(struct heap *h, size_t capacity)
{
    if (capacity <= h->capacity)
        return 0;
    struct heap_item **items = realloc(h->items, capacity * sizeof(struct heap_item *));
    if (items == NULL)
        return -ENOMEM;
    h->items = items;
    h->capacity = capacity;
    return 0;
}

void heap_free(struct heap *h)
{
    free(h->items);
    *h = (struct heap){ 0 };
}

static bool before(const struct heap_item *a, const struct heap_item *b)
{
    return a->at.ns != b->at.ns ? a->at.ns < b->at.ns : a->order < b->order;
}

static void put(struct heap *h, size_t i, struct heap_item *item)
{
    h->items[i] = item;
    item->place = i + 1;
}

static void rise(struct heap *h, struct heap_item *item)
{
    size_t i = item->place - 1;
    for (size_t parent; i > 0 && before(item, h->items[parent = (i - 1) / 2]); i = parent)
        put(h, i, h->items[parent]);
    put(h, i, item);
}

static void sink(struct heap *h, struct heap_item *item)
{
    size_t i = item->place - 1;
    for (size_t child; (child = 2 * i + 1) < h->count; i = child) {
        if (child + 1 < h->count && before(h->items[child + 1], h->items[child]))
            child++;
        if (before(item, h->items[child]))
            break;
        put(h, i, h->items[child]);
    }
    put(h, i, item);
}

void heap_remove(struct heap *h, struct heap_item *item)
{
    if (item->place == 0)
        return;
    struct heap_item *last = h->items[--h->count];
    if (last != item) {
        put(h, item->place - 1, last);
        rise(h, last);
        sink(h, last);
    }
    item->place = 0;
}

void heap_set(struct heap *h, struct heap_item *item, struct tstamp at)
{
    if (tstamp_is_never(at)) {
        heap_remove(h, item);
        return;
    }
    if (item->place != 0 && item->at.ns == at.ns)
        return;
    item->at = at;
    item->order = h->set++;
    if (item->place == 0) {
        assert(h->count < h->capacity);
        put(h, h->count++, item);
    }
    rise(h, item);
    sink(h, item);
}
