/* SPDX-License-Identifier: ISC */
/*
 * An intrusive, doubly linked, circular list: adding and removing take constant time and no memory.
 * A list_item that is all zero, or was removed, is in no list.
 */
#ifndef HAWSER_BASE_LIST_H
#define HAWSER_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_item {
    struct list_item *next; /* NULL: in no list */
    struct list_item *prev;
};

struct list {
    struct list_item head; /* of no element */
};

/* The struct that holds an item as its member. */
#define LIST_OF(item, type, member) ((type *)(void *)((char *)(item)-offsetof(type, member)))

static inline void list_init(struct list *l)
{
    l->head.next = l->head.prev = &l->head;
}

static inline bool list_is_empty(const struct list *l)
{
    return l->head.next == &l->head;
}

static inline bool list_has(const struct list_item *item)
{
    return item->next != NULL;
}

/* At the end; an item that is in a list already keeps its place. */
static inline void list_add(struct list *l, struct list_item *item)
{
    if (list_has(item))
        return;
    item->next = &l->head;
    item->prev = l->head.prev;
    l->head.prev->next = item;
    l->head.prev = item;
}

/* Out of whichever list it is in, if any. */
static inline void list_remove(struct list_item *item)
{
    if (!list_has(item))
        return;
    item->prev->next = item->next;
    item->next->prev = item->prev;
    item->next = item->prev = NULL;
}

/* NULL: it is empty. */
static inline struct list_item *list_first(const struct list *l)
{
    return list_is_empty(l) ? NULL : l->head.next;
}

/* NULL: that was the last one. */
static inline struct list_item *list_after(const struct list *l, const struct list_item *item)
{
    return item->next == &l->head ? NULL : item->next;
}

#endif
