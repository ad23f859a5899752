/* SPDX-License-Identifier: ISC */
#include "session/outbox.h"

struct outbox_item *outbox_room(struct outbox *o)
{
    /* One less than there are: what was popped last is still being read. */
    if (o->tail - o->head == OUTBOX_COUNT - 1)
        return NULL;
    struct outbox_item *item = &o->items[o->tail % OUTBOX_COUNT];
    item->peer = NULL;
    item->path = 0;
    item->len_bytes = 0;
    return item;
}

void outbox_push(struct outbox *o)
{
    o->tail++;
}

const struct outbox_item *outbox_pop(struct outbox *o)
{
    return outbox_empty(o) ? NULL : &o->items[o->head++ % OUTBOX_COUNT];
}

void outbox_forget(struct outbox *o, const struct peer *peer)
{
    for (uint32_t i = o->head; i != o->tail; i++)
        if (o->items[i % OUTBOX_COUNT].peer == peer)
            o->items[i % OUTBOX_COUNT].peer = NULL;
}
