/* SPDX-License-Identifier: ISC */
#include "session/control.h"

#include <string.h>

#include "base/cursor.h"
#include "session/accepted.h"
#include "session/paths.h"
#include "session/peer.h"
#include "session/reports.h"
#include "session/state.h"
#include "session/validation.h"

static bool is_eliciting(enum wire_frame type)
{
    return type != WIRE_ACK && type != WIRE_CLOSE && type != WIRE_REPORT && type != WIRE_REPORT_ASK;
}

bool control_send(struct peer *p, struct tstamp now, uint8_t path, const struct route *to,
                  const struct wire_frame_value *frames, size_t count, uint32_t tag)
{
    struct validation *v = &p->paths[path].address;
    uint8_t plain[OUTBOX_BYTES - WIRE_HEADER_BYTES - WIRE_TAG_BYTES];
    struct writer w = writer_of(plain, sizeof plain);
    bool eliciting = false;
    for (size_t i = 0; i < count; i++) {
        wire_put_frame(&w, &frames[i]);
        eliciting |= is_eliciting(frames[i].type);
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
    item->len_bytes = keys_seal(p->current, path, pn, &span, 1, item->data);
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

void control_ping(struct peer *p, struct tstamp now)
{
    const struct wire_frame_value ping = { .type = WIRE_PING };
    int via = paths_best(p);
    if (via >= 0)
        control_send(p, now, (uint8_t)via, &p->paths[via].address.route, &ping, 1, 0);
}

struct wire_frame_value control_replaced(uint8_t features, const struct netaddr *by)
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
        if (p->paths[id].opened && paths_local_use(p, id) == WIRE_PATH_ACTIVE)
            control_send(p, now, id, &p->paths[id].address.route, close, 1, 0);
}

void control_goodbye(struct peer *p, struct tstamp now)
{
    const struct wire_frame_value close = { .type = WIRE_CLOSE,
                                            .close.reason = WIRE_CLOSE_SHUTDOWN };
    close_paths(p, now, &close);
}

void control_goodbye_replaced(struct peer *p, struct tstamp now, const struct netaddr *by)
{
    const struct wire_frame_value close = control_replaced(p->remote_features, by);
    close_paths(p, now, &close);
}

bool control_scan(const uint8_t *plain, size_t len_bytes, bool *eliciting)
{
    struct reader r = reader_of(plain, len_bytes);
    struct wire_frame_value f;
    int got;
    *eliciting = false;
    while ((got = wire_get_frame(&r, &f)) > 0)
        *eliciting |= is_eliciting(f.type);
    return got == 0;
}

/*
 * Back to where the challenge came from, in a datagram no longer than the challenge was: that
 * address may not be validated, but it gets no more than it sent.
 */
static void answer_challenge(struct peer *p, struct tstamp now, uint8_t path,
                             const struct route *from, const uint8_t *token)
{
    struct wire_frame_value f = { .type = WIRE_PATH_RESPONSE };
    memcpy(f.token, token, sizeof f.token);
    control_send(p, now, path, from, &f, 1, 0);
}

static void packet_rx(struct peer *p, struct tstamp now, uint8_t path,
                      const struct wire_packet *packet)
{
    struct pkt *pkt = pkt_new(p->core->pool, packet->inner_bytes);
    if (pkt == NULL) {
        core_drop_one(p->core, CORE_DROP_NO_BUFFER);
        return;
    }
    memcpy(pkt->data, packet->inner, packet->inner_bytes);
    pkt->len_bytes = (uint32_t)packet->inner_bytes;
    bond_rx_data(p->bond, now, path, &packet->data, pkt);
}

static void close_rx(struct peer *p, struct tstamp now, const struct wire_close *close)
{
    if (close->reason == WIRE_CLOSE_REPLACED || close->reason == WIRE_CLOSE_REPLACED_BY)
        peer_displaced(p, now, &close->by);
    else
        peer_disconnect(p, now, "closed by the peer");
}

/* What the frames of one datagram may bring about once, and not as often as they say it. */
struct gathered {
    bool challenged;
    uint8_t token[VALIDATION_TOKEN_BYTES]; /* of the last challenge */
    uint32_t acked;                        /* bit for each path whose acknowledgement came */
    bool closed;                           /* what follows is of no interest */
};

static void ack_rx(struct peer *p, struct tstamp now, uint8_t path, const struct wire_ack *ack,
                   struct gathered *g)
{
    uint32_t bit = UINT32_C(1) << ack->path;
    if ((g->acked & bit) != 0)
        return;
    g->acked |= bit;
    bond_rx_ack(p->bond, now, path, ack);
}

static void frame_rx(struct peer *p, struct tstamp now, uint8_t path, const struct route *from,
                     const struct wire_frame_value *f, struct gathered *g)
{
    switch (f->type) {
    case WIRE_ACK:
        ack_rx(p, now, path, &f->ack, g);
        break;
    case WIRE_PATH_CHALLENGE:
        g->challenged = true;
        memcpy(g->token, f->token, sizeof g->token);
        break;
    case WIRE_PATH_RESPONSE:
        paths_answered(p, now, path, from, f->token);
        break;
    case WIRE_PATH_STATUS:
        paths_told(p, &f->status);
        break;
    case WIRE_REPORT_ASK:
        reports_asked(p, now, f->report_s);
        break;
    case WIRE_REPORT:
        reports_told(p, now, &f->report);
        break;
    case WIRE_ACCEPTED:
        accepted_told(p, now, &f->accepted);
        break;
    case WIRE_CLOSE:
        close_rx(p, now, &f->close);
        g->closed = true;
        break;
    case WIRE_PACKET:
        packet_rx(p, now, path, &f->packet);
        break;
    case WIRE_PING:
    case WIRE_PADDING:
    case WIRE_DATA:
        break;
    }
}

void control_rx(struct peer *p, struct tstamp now, uint8_t path, const struct route *from,
                const uint8_t *plain, size_t len_bytes)
{
    struct reader r = reader_of(plain, len_bytes);
    struct wire_frame_value f;
    struct gathered g = { 0 };
    while (!g.closed && wire_get_frame(&r, &f) > 0)
        frame_rx(p, now, path, from, &f, &g);
    if (g.acked != 0)
        bond_rx_acks_end(p->bond, now);
    if (g.challenged)
        answer_challenge(p, now, path, from, g.token);
    paths_take_told(p, now);
}
