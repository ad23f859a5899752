/* SPDX-License-Identifier: ISC */
#include "bond/out.h"

#include "bond/acks.h"
#include "bond/members.h"
#include "bond/send/pump.h"
#include "bond/tuning.h"

/*
 * Others wait behind what leaves now; or a paced flow takes all paths alike, and gives this one all
 * that it takes though nothing waits.
 */
static bool is_loaded(const struct bond *b, const struct path *p)
{
    if (p->rate.phase == RATE_START && b->sender.aggregate.stage == AGGREGATE_ON)
        return true;
    if (b->sender.shape.holds)
        return false; /* what waits does not wait for it */
    return p->pacer.committed.count > 0 || flowq_has_bulk(&b->sender.queue);
}

static struct wire_data data_header(const struct segment *s, struct tstamp now)
{
    return (struct wire_data){ .flags = s->flags,
                               .lane = s->lane,
                               .sequence = s->sequence,
                               .sent_us = (uint32_t)(now.ns / NS_PER_US) & (ARRIVALS_CLOCK - 1) };
}

/* Plaintext that fits a datagram of every usable path: a bundle may be repeated on another one. */
static uint32_t bundle_bytes_most(const struct bond *b, const struct path *p)
{
    uint32_t all = b->sender.usable.inner_mtu + WIRE_DATA_BYTES;
    uint32_t own = path_frames_bytes(p);
    return b->sender.usable.inner_mtu > 0 && all < own ? all : own;
}

/* What the segment counts in one of the path's two queues. */
static uint32_t queued_bytes(const struct path *p, const struct segment_ring *ring,
                             const struct segment *s)
{
    return ring == &p->pacer.committed ? path_committed_bytes(p, s) : path_segment_bytes(p, s);
}

/* The small packets at the head of a queue of the path as one; false: no buffer for it. */
static bool take_bundle(struct bond *b, struct tstamp now, struct path *p,
                        struct segment_ring *ring, struct segment *out)
{
    struct pkt *bundle = pkt_new(b->pool, WIRE_FRAMES_BYTES_MAX);
    if (bundle == NULL)
        return false;
    pkt_charge(bundle, &b->sender.share);
    struct writer w = writer_of(bundle->data, bundle_bytes_most(b, p));
    const struct segment *head = ring_head(ring);
    *out = (struct segment){ .pkt = bundle, .bundle = true, .first_sent = head->first_sent };
    while (head != NULL && path_is_small(head) &&
           writer_left(&w) >= head->bytes + (uint32_t)WIRE_PACKET_BYTES_MAX) {
        struct segment s;
        ring_pop(ring, &s, queued_bytes(p, ring, head));
        const struct wire_packet packet = { .data = data_header(&s, now),
                                            .inner = s.pkt->data + s.offset,
                                            .inner_bytes = s.bytes };
        wire_put_frame(&w, &(struct wire_frame_value){ .type = WIRE_PACKET, .packet = packet });
        pkt_put(s.pkt);
        out->sequence++;
        head = ring_head(ring);
    }
    bundle->len_bytes = (uint32_t)writer_len(&w);
    out->bytes = (uint16_t)bundle->len_bytes;
    return true;
}

/* A datagram of the bundle s (NULL: none) and the acknowledgements that leave on path p. */
static void send_frames(struct bond *b, struct tstamp now, struct path *p, struct segment *s,
                        struct bond_out *out)
{
    uint32_t bundle_bytes = s != NULL ? s->bytes : 0;
    uint32_t most = path_frames_bytes(p);
    out->kind = BOND_OUT_FRAMES;
    out->path = p->id;
    out->pkt = s != NULL ? s->pkt : NULL;
    uint32_t room = bundle_bytes < most ? most - bundle_bytes : 0;
    uint32_t bytes = bundle_bytes + acks_take(b, p, room, out);
    if (s != NULL && s->tries++ > 0)
        p->count.resent_packets++;
    out->pn = path_sent(p, now, path_wire_bytes(p, WIRE_HEADER_BYTES + bytes + WIRE_TAG_BYTES),
                        s != NULL, 0, s, s != NULL && is_loaded(b, p));
}

static bool next_ack(struct bond *b, struct tstamp now, struct bond_out *out)
{
    if (acks_due(b, now))
        acks_start(b, now, NULL);
    for_each_path (&b->sender.paths, p) {
        if (b->receiver.incoming[p->id].carriers == 0)
            continue;
        send_frames(
            b, now,
            members_get(b, now, (uint8_t)__builtin_ctz(b->receiver.incoming[p->id].carriers)), NULL,
            out);
        return true;
    }
    return false;
}

/* Beats that would be due soon leave with this one: one wake-up for all paths. */
static void join_beats(struct bond *b, struct tstamp now)
{
    for_each_path (&b->sender.paths, p)
        if (path_quiet(p) && tstamp_sub(p->probe.at, now) < BEAT_JOIN_NS)
            p->probe.at = tstamp_min(p->probe.at, now);
}

static bool next_beat(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for_each_path (&b->sender.paths, p) {
        if (!p->beat.wanted)
            continue;
        p->beat.wanted = false;
        if (tstamp_sub(now, p->beat.spoke) == 0)
            continue; /* an acknowledgement was due as well */
        out->kind = BOND_OUT_BEAT;
        out->path = p->id;
        out->pn =
            path_sent(p, now, path_wire_bytes(p, WIRE_BEAT_DATAGRAM_BYTES), false, 0, NULL, false);
        join_beats(b, now);
        return true;
    }
    return false;
}

static bool next_probe(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for_each_path (&b->sender.paths, p) {
        if (!p->probe.wanted)
            continue;
        p->probe.wanted = false;
        out->kind = BOND_OUT_PROBE;
        out->path = p->id;
        out->probe_bytes = path_probe_bytes(p);
        out->pn = path_sent(p, now, path_wire_bytes(p, out->probe_bytes), true, 0, NULL, false);
        if (p->probe.padded)
            trial_sent(&p->fitness.trial, out->pn);
        p->probe.padded = false;
        return true;
    }
    return false;
}

static void send_segment(struct bond *b, struct tstamp now, struct path *p, struct segment *s,
                         struct bond_out *out)
{
    if (s->tries++ > 0)
        p->count.resent_packets++;
    out->kind = BOND_OUT_DATA;
    out->path = p->id;
    out->pkt = s->pkt;
    out->seg = s->seg;
    out->data_offset = s->offset;
    out->data_bytes = s->bytes;
    out->data = data_header(s, now);
    out->pn = path_sent(p, now, path_segment_bytes(p, s), true, 0, s, is_loaded(b, p));
}

static bool second_is_small(const struct segment_ring *ring)
{
    const struct segment *second = ring_at(ring, 1);
    return second != NULL && path_is_small(second);
}

/* Several small packets, and acknowledgements that would be due soon, share a datagram. */
static bool next_bundle(struct bond *b, struct tstamp now, struct path *p, struct bond_out *out)
{
    bool ack = acks_due(b, tstamp_add(now, ACK_JOIN_NS));
    struct segment s;
    if (!path_is_small(ring_head(&p->pacer.express)) ||
        (!ack && !second_is_small(&p->pacer.express)) ||
        !take_bundle(b, now, p, &p->pacer.express, &s))
        return false;
    if (ack)
        acks_start(b, now, p);
    send_frames(b, now, p, &s, out);
    return true;
}

static void send_express(struct bond *b, struct tstamp now, struct path *p, struct bond_out *out)
{
    struct segment s;
    if (next_bundle(b, now, p, out))
        return;
    ring_pop(&p->pacer.express, &s, path_segment_bytes(p, ring_head(&p->pacer.express)));
    if (s.bundle)
        send_frames(b, now, p, &s, out);
    else
        send_segment(b, now, p, &s, out);
}

static bool next_express(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for_each_path (&b->sender.paths, p) {
        const struct segment *head = ring_head(&p->pacer.express);
        uint64_t before_bytes = p->count.tx_bytes;
        if (head == NULL)
            continue;
        bool repeat = head->tries > 0;
        send_express(b, now, p, out);
        if (!repeat)
            pacer_ahead(&p->pacer, now, p->count.tx_bytes - before_bytes);
        return true;
    }
    return false;
}

/* The paths as a bit mask that begins with the one that sent last. */
static uint32_t known_in_turn(const struct bond *b)
{
    return b->sender.paths.known >> b->current | b->sender.paths.known
                                                     << (-b->current & (WIRE_PATHS_MAX - 1));
}

static bool next_committed(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for (uint32_t left = known_in_turn(b); left != 0; left &= left - 1) {
        unsigned ahead = (unsigned)__builtin_ctz(left);
        struct path *p = &b->sender.paths.at[(b->current + ahead) % WIRE_PATHS_MAX];
        if (p->pacer.committed.count == 0 || !pacer_may_send(&p->pacer, now))
            continue;
        struct segment s;
        const struct segment *head = ring_head(&p->pacer.committed);
        b->current = p->id;
        if (path_is_small(head) && second_is_small(&p->pacer.committed) &&
            take_bundle(b, now, p, &p->pacer.committed, &s)) {
            send_frames(b, now, p, &s, out);
            return true;
        }
        ring_pop(&p->pacer.committed, &s, path_committed_bytes(p, head));
        send_segment(b, now, p, &s, out);
        return true;
    }
    return false;
}

/* Whether some path has anything of its own to send: acknowledgements, a probe or a beat. */
static bool any_own(const struct bond *b, struct tstamp now)
{
    for_each_path (&b->sender.paths, p)
        if (b->receiver.incoming[p->id].carriers != 0 || p->probe.wanted || p->beat.wanted ||
            tstamp_reached(b->receiver.incoming[p->id].acker.due, now))
            return true;
    return false;
}

bool out_next(struct bond *b, struct tstamp now, struct bond_out *out)
{
    b->now = now;
    if (any_own(b, now) &&
        (next_ack(b, now, out) || next_probe(b, now, out) || next_beat(b, now, out)))
        return true;
    pump(&b->sender, now);
    return next_express(b, now, out) || next_committed(b, now, out);
}
