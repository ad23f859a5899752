/* SPDX-License-Identifier: ISC */
#include "session/send.h"

#include <string.h>

#include "base/cursor.h"
#include "session/links.h"
#include "session/peer.h"
#include "session/state.h"
#include "session/validation.h"

bool send_frames(struct peer *p, struct tstamp now, uint8_t path, const struct route *to,
                 const struct wire_frame_value *frames, size_t count, uint32_t tag)
{
    struct validation *v = &p->paths[path].address;
    uint8_t plain[OUTBOX_BYTES - WIRE_HEADER_BYTES - WIRE_TAG_BYTES];
    struct writer w = writer_of(plain, sizeof plain);
    bool eliciting = false;
    for (size_t i = 0; i < count; i++) {
        wire_put_frame(&w, &frames[i]);
        eliciting |= wire_is_eliciting(frames[i].type);
    }
    size_t len = WIRE_HEADER_BYTES + writer_len(&w) + WIRE_TAG_BYTES;
    if (!writer_ok(&w) || !peer_can_send(p, now) || !validation_may_send(v, to, len))
        return false;
    struct outbox_item *item = outbox_room(&p->core->outbox, p);
    if (item == NULL) {
        core_drop_one(p->core, CORE_DROP_SEND);
        return false;
    }
    uint64_t pn = bond_take_pn(p->bond, now, path, (uint32_t)len, eliciting, tag);
    const struct aead_span span = { .data = plain, .len_bytes = writer_len(&w) };
    item->len_bytes = keys_seal(p->association.current, path, pn, &span, 1, item->data);
    if (item->len_bytes == 0) {
        core_drop_one(p->core, CORE_DROP_SEND);
        return false;
    }
    item->route = *to;
    item->path = path;
    outbox_push(&p->core->outbox);
    validation_debit(v, to, len);
    if (eliciting)
        peer_asked(p, now);
    return true;
}

void send_ping(struct peer *p, struct tstamp now)
{
    const struct wire_frame_value ping = { .type = WIRE_PING };
    int via = links_best(p);
    if (via >= 0)
        send_frames(p, now, (uint8_t)via, &p->paths[via].address.route, &ping, 1, 0);
}

struct wire_frame_value send_replaced_frame(uint8_t features, const struct netaddr *by)
{
    struct wire_frame_value f = { .type = WIRE_CLOSE, .close.reason = WIRE_CLOSE_REPLACED };
    if ((features & WIRE_FEATURE_REPLACED_BY) != 0 && by->family != 0) {
        f.close.reason = WIRE_CLOSE_REPLACED_BY;
        f.close.by = *by;
    }
    return f;
}

static void close_paths(struct peer *p, struct tstamp now, const struct wire_frame_value *close)
{
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++)
        if (p->paths[id].opened && links_local_use(p, id) == WIRE_PATH_ACTIVE)
            send_frames(p, now, id, &p->paths[id].address.route, close, 1, 0);
}

void send_goodbye(struct peer *p, struct tstamp now)
{
    const struct wire_frame_value close = { .type = WIRE_CLOSE,
                                            .close.reason = WIRE_CLOSE_SHUTDOWN };
    close_paths(p, now, &close);
}

void send_goodbye_replaced(struct peer *p, struct tstamp now, const struct netaddr *by)
{
    const struct wire_frame_value close = send_replaced_frame(p->association.remote_features, by);
    close_paths(p, now, &close);
}
