/* SPDX-License-Identifier: ISC */
#include "session/receive.h"

#include "session/frames.h"
#include "session/initiator.h"
#include "session/lifecycle.h"
#include "session/lives.h"
#include "session/paths.h"
#include "session/peer.h"
#include "session/peers.h"
#include "session/responder.h"
#include "session/send.h"
#include "session/state.h"

/* An authentic datagram and what is known of it. */
struct arrival {
    struct peer *peer;
    struct route from;
    uint8_t path;
    uint64_t pn;
    uint32_t payload_bytes; /* of UDP */
    bool newest;
};

static void deliver(struct core *c, struct tstamp now, const struct arrival *a, struct pkt *pkt)
{
    struct peer *p = a->peer;
    const uint8_t *plain = pkt->data - WIRE_DATA_BYTES;
    struct wire_data data;
    bool eliciting = true;
    bool is_data = (plain[0] & WIRE_DATA) != 0;
    bool good = is_data ? wire_get_data(plain, pkt->len_bytes, &data)
                        : frames_scan(plain, pkt->len_bytes, &eliciting);
    if (!good) {
        core_drop_one(c, CORE_DROP_MALFORMED);
        pkt_put(pkt);
        return;
    }
    bond_rx(p->bond, now, a->path, a->pn, a->payload_bytes, eliciting);
    if (is_data) {
        pkt->len_bytes -= WIRE_DATA_BYTES;
        bond_rx_data(p->bond, now, a->path, &data, pkt);
    } else {
        frames_rx(p, now, a->path, &a->from, plain, pkt->len_bytes);
        pkt_put(pkt);
    }
}

/* It is authentic: only now may it change anything. */
static void accept(struct core *c, struct tstamp now, struct arrival *a, struct keys *k,
                   struct pkt *pkt)
{
    struct peer *p = a->peer;
    p->last_route = a->from;
    if (k == p->association.next && lifecycle_adopt(p, now, k) < 0) {
        core_drop_one(c, CORE_DROP_NO_BUFFER);
        pkt_put(pkt);
        return;
    }
    struct peer_path *path = &p->paths[a->path];
    replay_mark(&path->replay, a->pn);
    a->newest = a->pn >= path->expected_pn;
    if (a->newest)
        path->expected_pn = a->pn + 1;
    peers_stir(p);
    peers_give(p);
    paths_arrived(p, now, a->path, &a->from, a->payload_bytes, a->newest);
    if (k == p->association.current) /* that older keys still work says nothing about these */
        lifecycle_heard(p, now);
    deliver(c, now, a, pkt);
}

static void response_rx(struct core *c, struct tstamp now, const struct core_datagram *d)
{
    struct peer *p;
    struct keys *k = initiator_response_rx(c, now, d, &p);
    if (k == NULL)
        return;
    if (lifecycle_adopt(p, now, k) < 0)
        core_drop_one(c, CORE_DROP_NO_BUFFER);
    else
        send_ping(p, now); /* so that it hears of them */
}

static void transport_rx(struct core *c, struct tstamp now, const struct core_datagram *d)
{
    struct wire_header h;
    if (!wire_get_header(d->data, d->len_bytes, &h) || d->len_bytes > WIRE_DATAGRAM_MAX) {
        core_drop_one(c, CORE_DROP_MALFORMED);
        return;
    }
    struct peer *p = index_find(&c->index, h.receiver);
    struct keys *k = p != NULL ? peer_keys(p, h.receiver) : NULL;
    /* An index is of one or the other: most datagrams need not be looked for among the refused. */
    struct life *refused = p != NULL && k == NULL ? lives_of_index(p, h.receiver) : NULL;
    if (refused != NULL) {
        lives_answer(p, now, refused, d, &h);
        return;
    }
    if (k == NULL || keys_too_old(k, now, c->settings.rekey_after_ns)) {
        core_drop_one(c, CORE_DROP_UNKNOWN_INDEX);
        return;
    }
    /* In a new association numbers begin at 0; what is known of the old one says nothing. */
    struct peer_path *path = &p->paths[h.path];
    bool first = k == p->association.next && peer_is_new_association(p, k);
    uint64_t pn = wire_expand_pn(h.pn, first ? 0 : path->expected_pn);
    if (!first && !replay_check(&path->replay, pn)) {
        core_drop_one(c, CORE_DROP_REPLAY);
        return;
    }
    size_t plain_bytes = d->len_bytes - WIRE_HEADER_BYTES - WIRE_TAG_BYTES;
    struct pkt *pkt = pkt_new(c->pool, plain_bytes);
    if (pkt == NULL) {
        core_drop_one(c, CORE_DROP_NO_BUFFER);
        return;
    }
    /* The data frame's header lands in the headroom, the inner packet at pkt->data. */
    if (!keys_open(k, h.path, pn, d->data, d->len_bytes, pkt->data - WIRE_DATA_BYTES)) {
        core_drop_one(c, CORE_DROP_AUTH);
        pkt_put(pkt);
        return;
    }
    pkt->len_bytes = (uint32_t)plain_bytes;
    struct arrival a = {
        .peer = p,
        .from = { .socket = d->socket, .to = d->from, .from = d->to },
        .path = h.path,
        .pn = pn,
        .payload_bytes = (uint32_t)d->len_bytes,
    };
    accept(c, now, &a, k, pkt);
}

void receive_datagram(struct core *c, struct tstamp now, const struct core_datagram *d)
{
    uint8_t type = d->len_bytes > 0 ? d->data[0] : 0;
    switch (type) {
    case WIRE_TRANSPORT:
        transport_rx(c, now, d);
        break;
    case WIRE_INITIATION:
        responder_initiation_rx(c, now, d);
        break;
    case WIRE_RESPONSE:
        response_rx(c, now, d);
        break;
    case WIRE_COOKIE:
        initiator_cookie_rx(c, now, d);
        break;
    default:
        core_drop_one(c, CORE_DROP_MALFORMED);
        break;
    }
}
