/* SPDX-License-Identifier: ISC */
#include "session/outbox.h"

static uint32_t count_of(const struct outbox *o, const struct peer *peer)
{
    uint32_t count = 0;
    for (uint32_t i = o->head; i != o->tail; i++)
        count += o->items[i % OUTBOX_COUNT].peer == peer;
    return count;
}

struct outbox_item *outbox_room(struct outbox *o, struct peer *peer)
{
    uint32_t waiting = o->tail - o->head;
    /* One less than there are: what was popped last is still being read. */
    if (waiting == OUTBOX_COUNT - 1 ||
        (waiting >= OUTBOX_PEER_MAX && count_of(o, peer) >= OUTBOX_PEER_MAX))
        return NULL;
    struct outbox_item *item = &o->items[o->tail % OUTBOX_COUNT];
    item->peer = peer;
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
