/* SPDX-License-Identifier: ISC */
#include "session/frames.h"

#include <string.h>

#include "base/cursor.h"
#include "session/accepted.h"
#include "session/lifecycle.h"
#include "session/paths.h"
#include "session/rate_limit.h"
#include "session/reports.h"
#include "session/send.h"
#include "session/state.h"
#include "session/validation.h"

bool frames_scan(const uint8_t *plain, size_t len_bytes, bool *eliciting)
{
    struct reader r = reader_of(plain, len_bytes);
    struct wire_frame_value f;
    int got;
    *eliciting = false;
    while ((got = wire_get_frame(&r, &f)) > 0)
        *eliciting |= wire_is_eliciting(f.type);
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
    send_frames(p, now, path, from, &f, 1, 0);
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
        lifecycle_displaced(p, now, &close->by);
    else
        lifecycle_disconnect(p, now, "closed by the peer");
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
        if (paths_answered(p, now, path, from, f->token))
            lifecycle_set_up(p, now, true, PATHS_VALIDATED);
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
    case WIRE_RATE_LIMIT:
        rate_limit_told(p, now, &f->rate_limit);
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

void frames_rx(struct peer *p, struct tstamp now, uint8_t path, const struct route *from,
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
