/* SPDX-License-Identifier: ISC */
/*
 * Small datagrams that are complete and wait for core_next_tx(): handshake messages and sealed
 * control datagrams. A ring; when it is full, or when the same peer has OUTBOX_PEER_MAX in it, a
 * datagram is refused and the caller counts a drop. What is of no peer counts as one peer's.
 */
#ifndef HAWSER_SESSION_OUTBOX_H
#define HAWSER_SESSION_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/size.h"
#include "session/route.h"
#include "wire/wire.h"

enum {
    OUTBOX_COUNT = TABLE_SIZE(512, 64),   /* a power of two; many peers may come in one turn */
    OUTBOX_PEER_MAX = TABLE_SIZE(96, 24), /* three for each path */
    OUTBOX_BYTES = WIRE_DATAGRAM_MIN,     /* longest datagram: every path carries it */
};

struct peer;

struct outbox_item {
    struct route route;
    struct peer *peer; /* borrowed; NULL: of no peer */
    uint8_t path;      /* where it has a peer */
    size_t len_bytes;
    uint8_t data[OUTBOX_BYTES];
};

struct outbox {
    struct outbox_item items[OUTBOX_COUNT];
    uint32_t head; /* next to leave */
    uint32_t tail; /* next to fill */
};

/* The next free item for that peer (NULL: none), NULL when full; it counts only after
 * outbox_push(). */
struct outbox_item *outbox_room(struct outbox *o, struct peer *peer);
void outbox_push(struct outbox *o);
/* NULL when empty; valid until the next outbox_pop(). */
const struct outbox_item *outbox_pop(struct outbox *o);
/* What is queued for a peer that is about to go leaves without its name. */
void outbox_forget(struct outbox *o, const struct peer *peer);

static inline bool outbox_empty(const struct outbox *o)
{
    return o->head == o->tail;
}

#endif
