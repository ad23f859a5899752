/* SPDX-License-Identifier: ISC */
#include "session/transmit.h"

#include <string.h>

#include "base/cursor.h"
#include "base/gso.h"
#include "session/paths.h"
#include "session/peer.h"
#include "session/peers.h"
#include "session/share.h"
#include "session/state.h"

enum {
    SPANS_MAX = 3,          /* data header, inner header, inner payload */
    PEER_NONE = UINT16_MAX, /* core_tx.peer of a datagram of no peer */
};

/* One group in the making; its bytes are at the start of core.group. */
struct group {
    struct peer *peer;
    uint8_t path;
    size_t bytes;
    size_t most_bytes; /* with it the last datagram: of one send, and what the turn has left */
    size_t segment_bytes;
    size_t count;
};

static bool next_control(struct core *c, struct core_tx *out)
{
    const struct outbox_item *item = outbox_pop(&c->outbox);
    if (item == NULL)
        return false;
    *out = (struct core_tx){
        .socket = item->route.socket,
        .to = item->route.to,
        .from = item->route.from,
        .data = item->data,
        .len_bytes = item->len_bytes,
        .segment_bytes = item->len_bytes,
        .segment_count = 1,
        .peer = item->peer != NULL ? item->peer->number : PEER_NONE,
        .path = item->path,
    };
    return true;
}

static void group_out(const struct core *c, const struct group *g, struct core_tx *out)
{
    const struct route *route = &g->peer->paths[g->path].address.route;
    *out = (struct core_tx){
        .socket = route->socket,
        .to = route->to,
        .from = route->from,
        .data = c->group.bytes,
        .len_bytes = g->bytes,
        .segment_bytes = g->segment_bytes,
        .segment_count = g->count,
        .peer = g->peer->number,
        .path = g->path,
    };
}

/* A PING, padded so that the datagram has the size in question (RFC 8899). */
static struct aead_span ping_span(uint32_t datagram_bytes)
{
    static const uint8_t padded_ping[WIRE_DATAGRAM_MAX] = { WIRE_PING };
    return (struct aead_span){
        .data = padded_ping,
        .len_bytes = datagram_bytes - WIRE_HEADER_BYTES - WIRE_TAG_BYTES,
    };
}

static size_t seal_probe(struct peer *p, struct tstamp now, uint8_t path, uint32_t bytes,
                         uint8_t *out)
{
    uint32_t tag = paths_probe_tag(p, now, path);
    uint64_t pn = bond_take_pn(p->bond, now, path, bytes, true, tag);
    const struct aead_span span = ping_span(bytes);
    return keys_seal(p->association.current, path, pn, &span, 1, out);
}

/* False: none is due. */
static bool probe_group(struct core *c, struct tstamp now, struct group *g)
{
    uint32_t bytes;
    if (!paths_probe_due(g->peer, now, &g->path, &bytes))
        return false;
    g->count = 1;
    g->bytes = g->segment_bytes = seal_probe(g->peer, now, g->path, bytes, c->group.bytes);
    if (g->bytes == 0)
        core_drop_one(c, CORE_DROP_SEND);
    return g->bytes > 0;
}

/*
 * The spans of a data datagram. A segment of a super-packet is its own header, made in header[],
 * and its piece of the payload; the datagram may hold any stretch of the two. Returns their number,
 * 0 if the super-packet's header does not hold.
 */
static size_t data_spans(const struct bond_out *o, uint8_t frame[WIRE_DATA_BYTES],
                         uint8_t header[GSO_HEADER_MAX], struct aead_span spans[SPANS_MAX])
{
    size_t count = 0;
    size_t from = o->data_offset;
    size_t left = o->data_bytes;
    const uint8_t *payload = o->pkt->data;
    wire_put_data(frame, &o->data);
    spans[count++] = (struct aead_span){ .data = frame, .len_bytes = WIRE_DATA_BYTES };
    if (o->pkt->gso != PKT_GSO_NONE) {
        size_t header_bytes = gso_header(o->pkt, o->seg, header);
        if (header_bytes == 0)
            return 0;
        if (from < header_bytes) {
            size_t n = header_bytes - from < left ? header_bytes - from : left;
            spans[count++] = (struct aead_span){ .data = header + from, .len_bytes = n };
            from += n;
            left -= n;
        }
        /* All headers are equally long, so offsets in the segment only shift. */
        payload += (size_t)o->seg * o->pkt->gso_size;
    }
    if (left > 0)
        spans[count++] = (struct aead_span){ .data = payload + from, .len_bytes = left };
    return count;
}

/* Acknowledgements, then the bundle of packet frames. Returns the number of spans. */
static size_t frame_spans(const struct bond_out *o, uint8_t acks[WIRE_FRAMES_BYTES_MAX],
                          struct aead_span spans[SPANS_MAX])
{
    size_t count = 0;
    struct writer w = writer_of(acks, WIRE_FRAMES_BYTES_MAX);
    for (size_t i = 0; i < o->ack_count; i++)
        wire_put_ack(&w, o->acks[i]);
    if (o->ack_count > 0)
        spans[count++] = (struct aead_span){ .data = acks, .len_bytes = writer_len(&w) };
    if (o->pkt != NULL)
        spans[count++] = (struct aead_span){ .data = o->pkt->data, .len_bytes = o->pkt->len_bytes };
    return count;
}

/* Seals what the bond wants to send; returns the datagram's length, 0 if it had to be dropped. */
static size_t seal_out(struct peer *p, struct tstamp now, const struct bond_out *o, uint8_t *out)
{
    uint8_t frame[WIRE_FRAMES_BYTES_MAX];
    uint8_t header[GSO_HEADER_MAX];
    struct aead_span spans[SPANS_MAX];
    size_t count = 1;
    switch (o->kind) {
    case BOND_OUT_DATA:
        count = data_spans(o, frame, header, spans);
        break;
    case BOND_OUT_FRAMES:
        count = frame_spans(o, frame, spans);
        break;
    case BOND_OUT_PROBE:
        spans[0] = ping_span(o->probe_bytes);
        break;
    case BOND_OUT_BEAT:
        memset(frame, WIRE_PADDING, WIRE_BEAT_BYTES);
        spans[0] = (struct aead_span){ .data = frame, .len_bytes = WIRE_BEAT_BYTES };
        break;
    }
    bool eliciting = bond_out_eliciting(o);
    if (eliciting)
        peer_asked(p, now);
    bool open = p->paths[o->path].address.open;
    if (count == 0)
        core_drop_one(p->core, CORE_DROP_MALFORMED);
    else if (!open && eliciting) /* acknowledgements of its challenges can wait */
        core_drop_one(p->core, CORE_DROP_SEND);
    if (count == 0 || !open)
        return 0;
    size_t len = keys_seal(p->association.current, o->path, o->pn, spans, count, out);
    if (len == 0)
        core_drop_one(p->core, CORE_DROP_SEND);
    return len;
}

static bool joins(const struct group *g, uint8_t path, size_t len)
{
    return g->count == 0 ||
           (path == g->path && len <= g->segment_bytes && g->bytes + len <= CORE_TX_BYTES_MAX);
}

static void append(struct group *g, uint8_t path, size_t len)
{
    if (g->count == 0) {
        int64_t room_bytes = peers_room_bytes(g->peer) + (int64_t)len;
        g->path = path;
        g->segment_bytes = len;
        g->most_bytes = room_bytes < CORE_TX_BYTES_MAX ? (size_t)room_bytes : CORE_TX_BYTES_MAX;
    }
    g->bytes += len;
    g->count++;
}

/*
 * Where less passes than every network must carry, a filter judges by length; one on this machine
 * or its host sees a group as one packet. So there each datagram goes out by itself.
 */
static bool full(const struct group *g)
{
    return mtu_is_small(&g->peer->paths[g->path].mtu) || g->count == CORE_TX_SEGMENTS_MAX ||
           g->bytes % g->segment_bytes != 0 || g->bytes + g->segment_bytes > g->most_bytes;
}

/* The datagram that did not fit the last group opens this one, if its path is still there. */
static void take_spill(struct core *c, struct group *g)
{
    uint8_t path = c->group.spill_path;
    g->peer = c->group.spill_peer;
    c->group.spill_peer = NULL;
    if (!g->peer->paths[path].address.open) {
        core_drop_one(c, CORE_DROP_SEND);
        return;
    }
    memmove(c->group.bytes, c->group.bytes + c->group.spill_at, c->group.spill_bytes);
    append(g, path, c->group.spill_bytes);
}

static void take_from_bond(struct core *c, struct tstamp now, struct group *g)
{
    struct bond_out o;
    while ((g->count == 0 || !full(g)) && bond_next(g->peer->bond, now, &o)) {
        size_t len = seal_out(g->peer, now, &o, c->group.bytes + g->bytes);
        if (len == 0)
            continue;
        if (!joins(g, o.path, len)) {
            c->group.spill_peer = g->peer;
            c->group.spill_path = o.path;
            c->group.spill_at = g->bytes;
            c->group.spill_bytes = len;
            return;
        }
        append(g, o.path, len);
    }
}

static void fill(struct core *c, struct tstamp now, struct group *g)
{
    struct peer *p = g->peer;
    if (p->share.on)
        share_before(p, now);
    take_from_bond(c, now, g);
    if (p->share.on)
        share_after(p, now);
}

static bool next_spill(struct core *c, struct tstamp now, struct core_tx *out)
{
    struct group g = { 0 };
    if (c->group.spill_peer == NULL)
        return false;
    take_spill(c, &g);
    if (peers_room_bytes(g.peer) > 0)
        fill(c, now, &g);
    if (g.count == 0)
        return false;
    peers_sent(g.peer, g.bytes);
    peers_stir(g.peer); /* there may be more */
    group_out(c, &g, out);
    return true;
}

static bool next_group(struct core *c, struct tstamp now, struct core_tx *out)
{
    peers_wake_due(c, now);
    for (struct peer *p; (p = share_next(c, now)) != NULL; peers_settle(p)) {
        struct group g = { .peer = p };
        if (!peer_can_send(p, now)) {
            share_forget(p);
            continue;
        }
        if (!probe_group(c, now, &g)) {
            g = (struct group){ .peer = p };
            fill(c, now, &g);
        }
        if (g.count > 0) {
            peers_sent(p, g.bytes);
            peers_stir(p); /* there may be more */
            group_out(c, &g, out);
            return true;
        }
    }
    return false;
}

bool transmit_next(struct core *c, struct tstamp now, struct core_tx *out)
{
    if (next_control(c, out))
        return true;
    if (c->closing)
        return false;
    return next_spill(c, now, out) || next_group(c, now, out);
}

void transmit_forget(struct core *c, const struct peer *p)
{
    outbox_forget(&c->outbox, p);
    if (c->group.spill_peer == p)
        c->group.spill_peer = NULL;
}
