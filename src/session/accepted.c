/* SPDX-License-Identifier: ISC */
#include "session/accepted.h"

#include <string.h>

#include "session/event.h"
#include "session/links.h"
#include "session/peer.h"
#include "session/send.h"
#include "session/state.h"
#include "session/tag.h"

void accepted_init(struct peer *p)
{
    p->told.accepted.sent = TSTAMP_NEVER;
}

static void take(struct peer *p, struct tstamp now, const struct netprefix *list, uint8_t count)
{
    struct accepted *a = &p->told.accepted;
    if (count == a->count && memcmp(list, a->list, count * sizeof *list) == 0)
        return;
    memmove(a->list, list, count * sizeof *list);
    a->count = count;
    a->changed = true;
    peer_wake(p, tstamp_max(now, a->event_at));
}

void accepted_adopted(struct peer *p, struct tstamp now, bool new_association)
{
    struct accepted *a = &p->told.accepted;
    if (new_association) {
        a->heard = false;
        accepted_tell(p, now);
    }
    if ((p->association.remote_features & WIRE_FEATURE_ACCEPTED) == 0)
        take(p, now, a->list, 0);
}

void accepted_tell(struct peer *p, struct tstamp now)
{
    p->told.accepted.due = true;
    peer_wake(p, now);
}

void accepted_told(struct peer *p, struct tstamp now, const struct wire_accepted *told)
{
    struct accepted *a = &p->told.accepted;
    if (a->heard && (int32_t)(told->sequence - a->remote_sequence) <= 0)
        return;
    a->heard = true;
    a->remote_sequence = told->sequence;
    take(p, now, told->list, told->count);
}

void accepted_came_back(struct peer *p, struct tstamp now, uint16_t serial, bool acked)
{
    if (serial != p->told.accepted.serial)
        return;
    p->told.accepted.sent = TSTAMP_NEVER;
    if (!acked)
        accepted_tell(p, now);
}

/* As many as every path carries. */
static void put_allowed(const struct peer *p, struct wire_accepted *out)
{
    size_t bytes = 1 + 4 + 1; /* type, sequence, count */
    for (size_t i = 0; i < p->allowed_count && out->count < WIRE_ACCEPTED_MAX; i++) {
        bytes += 1 + 1 + (p->allowed[i].len + 7u) / 8; /* family, length, address */
        if (bytes > WIRE_FRAME_BYTES_MAX)
            return;
        out->list[out->count] = p->allowed[i];
        netprefix_mask(&out->list[out->count++]);
    }
}

static void send(struct peer *p, struct tstamp now)
{
    struct accepted *a = &p->told.accepted;
    struct wire_frame_value f = { .type = WIRE_ACCEPTED };
    int via = links_best(p);
    if (via < 0)
        return; /* the first path that opens wakes us */
    f.accepted.sequence = ++a->sequence;
    put_allowed(p, &f.accepted);
    a->due = false;
    a->sent = now;
    send_frames(p, now, (uint8_t)via, &p->paths[via].address.route, &f, 1,
                tag_of(TAG_ACCEPTED, 0, ++a->serial));
}

void accepted_tick(struct peer *p, struct tstamp now)
{
    struct accepted *a = &p->told.accepted;
    if (a->changed && tstamp_reached(a->event_at, now)) {
        event_accepted(p);
        a->changed = false;
        a->event_at = tstamp_add(now, ACCEPTED_EVENT_NS);
    }
    if (a->changed)
        peer_wake(p, a->event_at);
    if (!peer_can_send(p, now) || (p->association.remote_features & WIRE_FEATURE_ACCEPTED) == 0)
        return;
    bool overdue = !tstamp_is_never(a->sent) && tstamp_sub(now, a->sent) >= ACCEPTED_AGAIN_NS;
    if (a->due || overdue)
        send(p, now);
    /* Without a path it is overdue, and the first path that opens wakes us. */
    if (!tstamp_is_never(a->sent) && tstamp_sub(now, a->sent) < ACCEPTED_AGAIN_NS)
        peer_wake(p, tstamp_add(a->sent, ACCEPTED_AGAIN_NS));
}
