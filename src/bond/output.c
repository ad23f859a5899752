/* SPDX-License-Identifier: ISC */
/* What leaves the bond and when: acknowledgements, probes, express packets, then paced bulk. */
#include "bond/internal.h"
#include "bond/send/policy.h"

/*
 * Others wait behind what leaves now; or the path is recruited for a paced flow, which gives it all
 * that it takes though nothing waits.
 */
static bool is_loaded(const struct bond *b, const struct path *p)
{
    if (p->rate.phase == RATE_START && b->recruit.stage == RECRUIT_ON)
        return true;
    return p->pacer.committed.count > 0 || flowq_has_bulk(&b->queue);
}

/* The best way for an acknowledgement of what came on path p. */
static uint8_t ack_carrier(struct bond *b, struct tstamp now, const struct path *p)
{
    const struct path *best = schedule_express(b, now, ACK_GUESSED_BYTES, POLICY_ANY_PATH);
    return best != NULL ? best->id : p->id;
}

/* The next paths of that rank or lower in turn, as a bit mask. */
static uint32_t further_carriers(struct bond *b, unsigned rank)
{
    uint32_t left = 0;
    uint32_t taken = 0;
    for_each_path (b, p)
        if (path_usable(p) && path_rank(p) <= rank)
            left |= 1U << p->id;
    for (unsigned i = 0; i < ACK_COPIES && left != 0; i++) {
        uint32_t later = left & ~((2U << b->ack_copied) - 1);
        b->ack_copied = (uint8_t)__builtin_ctz(later != 0 ? later : left);
        taken |= 1U << b->ack_copied;
        left &= ~taken;
    }
    return taken;
}

static void start_ack(struct bond *b, struct tstamp now, struct path *p, uint8_t carrier,
                      uint32_t further)
{
    /* On standby, the answer to a probe need not cost anything there. */
    bool off = p->config.use == WIRE_PATH_DOWN;
    bool idle = !off && b->incoming[p->id].acker.pending <= 1 &&
                (p->life.state != BOND_PATH_STANDBY || !any_usable(b));
    /* The answer to a single question while all is quiet is a sign of life of that very path. */
    bool alone = path_quiet(p) && b->incoming[p->id].acker.pending == 1 && !p->beat.asked_again;
    if (off && carrier == p->id) {
        b->incoming[p->id].acker.due =
            TSTAMP_NEVER; /* there is no other, and nothing goes over it */
        return;
    }
    if (!acker_build(&b->incoming[p->id].acker, now, &b->incoming[p->id].ack))
        return;
    b->incoming[p->id].ack.path = p->id;
    b->incoming[p->id].carriers = 1U << (alone ? p->id : carrier);
    if (idle)
        b->incoming[p->id].carriers |= 1U << p->id;
    for_each_path (b, q)
        if (!alone && (further >> q->id & 1) != 0 && path_rank(q) <= path_rank(p))
            b->incoming[p->id].carriers |= 1U << q->id;
}

/* Whether much is to be acknowledged while bulk waits, from which that takes room. */
static bool must_spare(const struct bond *b)
{
    uint64_t pending = 0;
    for_each_path (b, p)
        pending += b->incoming[p->id].acker.pending;
    return flowq_has_bulk(&b->queue) && pending >= ACKER_PACKETS / ACK_SPARING_PARTS;
}

/* Builds the acknowledgements that are due, or will be soon. */
static void start_acks(struct bond *b, struct tstamp now, const struct path *via)
{
    bool sparing = must_spare(b);
    struct tstamp by = tstamp_add(now, sparing ? ACK_JOIN_SPARING_NS : ACK_JOIN_NS);
    uint32_t due = 0;
    unsigned rank = 0;
    for_each_path (b, p) {
        if (b->incoming[p->id].carriers != 0 || !tstamp_reached(b->incoming[p->id].acker.due, by))
            continue;
        due |= 1U << p->id;
        b->incoming[p->id].acker.same_us = sparing ? ACK_SPARING_US : 0;
        rank = path_rank(p) > rank ? path_rank(p) : rank;
    }
    bool more = ++b->ack_count % (sparing ? ACKS_ON_MORE_SPARING : ACKS_ON_MORE) == 0;
    uint32_t further = more ? further_carriers(b, rank) : 0;
    for_each_path (b, p)
        if ((due >> p->id & 1) != 0)
            start_ack(b, now, p, via != NULL ? via->id : ack_carrier(b, now, p), further);
}

static bool any_ack_due(const struct bond *b, struct tstamp by)
{
    for_each_path (b, p)
        if (b->incoming[p->id].carriers == 0 && tstamp_reached(b->incoming[p->id].acker.due, by))
            return true;
    return false;
}

/* Takes the acknowledgements that leave on path c, as far as there is room; returns their bytes. */
static uint32_t take_acks(struct bond *b, const struct path *c, uint32_t room, struct bond_out *out)
{
    uint32_t bytes = 0;
    out->ack_count = 0;
    for_each_path (b, p) {
        if ((b->incoming[p->id].carriers >> c->id & 1) == 0)
            continue;
        uint32_t more = wire_ack_bytes(&b->incoming[p->id].ack);
        if (bytes + more > room)
            continue;
        bytes += more;
        b->incoming[p->id].carriers &= ~(1U << c->id);
        out->acks[out->ack_count++] = &b->incoming[p->id].ack;
    }
    return bytes;
}

static struct wire_data data_header(const struct segment *s, struct tstamp now)
{
    return (struct wire_data){ .flags = s->flags,
                               .lane = s->lane,
                               .sequence = s->sequence,
                               .sent_us = (uint32_t)(now.ns / NS_PER_US) & (CLOCK24 - 1) };
}

/* Plaintext that fits a datagram of every usable path: a bundle may be repeated on another one. */
static uint32_t bundle_bytes_most(const struct bond *b, const struct path *p)
{
    uint32_t all = b->inner_mtu + WIRE_DATA_BYTES;
    uint32_t own = path_frames_bytes(p);
    return b->inner_mtu > 0 && all < own ? all : own;
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
    pkt_charge(bundle, &b->sending);
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
    uint32_t bytes = bundle_bytes + take_acks(b, p, room, out);
    if (s != NULL && s->tries++ > 0)
        p->count.resent_packets++;
    out->pn = path_sent(p, now, path_wire_bytes(p, WIRE_HEADER_BYTES + bytes + WIRE_TAG_BYTES),
                        s != NULL, 0, s, s != NULL && is_loaded(b, p));
}

static bool next_ack(struct bond *b, struct tstamp now, struct bond_out *out)
{
    if (any_ack_due(b, now))
        start_acks(b, now, NULL);
    for_each_path (b, p) {
        if (b->incoming[p->id].carriers == 0)
            continue;
        send_frames(b, now, path_get(b, now, (uint8_t)__builtin_ctz(b->incoming[p->id].carriers)),
                    NULL, out);
        return true;
    }
    return false;
}

/* Beats that would be due soon leave with this one: one wake-up for all paths. */
static void join_beats(struct bond *b, struct tstamp now)
{
    for_each_path (b, p)
        if (path_quiet(p) && tstamp_sub(p->probe.at, now) < BEAT_JOIN_NS)
            p->probe.at = tstamp_min(p->probe.at, now);
}

static bool next_beat(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for_each_path (b, p) {
        if (!p->beat.wanted)
            continue;
        p->beat.wanted = false;
        if (tstamp_sub(now, p->beat.spoke) == 0)
            continue; /* an acknowledgement was due as well */
        out->kind = BOND_OUT_BEAT;
        out->path = p->id;
        out->pn = path_sent(p, now, path_wire_bytes(p, BEAT_DATAGRAM_BYTES), false, 0, NULL, false);
        join_beats(b, now);
        return true;
    }
    return false;
}

static bool next_probe(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for_each_path (b, p) {
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
    bool ack = any_ack_due(b, tstamp_add(now, ACK_JOIN_NS));
    struct segment s;
    if (!path_is_small(ring_head(&p->pacer.express)) ||
        (!ack && !second_is_small(&p->pacer.express)) ||
        !take_bundle(b, now, p, &p->pacer.express, &s))
        return false;
    if (ack)
        start_acks(b, now, p);
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
    for_each_path (b, p) {
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
    return b->known >> b->current | b->known << (-b->current & (WIRE_PATHS_MAX - 1));
}

static bool next_committed(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for (uint32_t left = known_in_turn(b); left != 0; left &= left - 1) {
        unsigned ahead = (unsigned)__builtin_ctz(left);
        struct path *p = &b->paths[(b->current + ahead) % WIRE_PATHS_MAX];
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
    for_each_path (b, p)
        if (b->incoming[p->id].carriers != 0 || p->probe.wanted || p->beat.wanted ||
            tstamp_reached(b->incoming[p->id].acker.due, now))
            return true;
    return false;
}

bool bond_next(struct bond *b, struct tstamp now, struct bond_out *out)
{
    b->now = now;
    if (any_own(b, now) &&
        (next_ack(b, now, out) || next_probe(b, now, out) || next_beat(b, now, out)))
        return true;
    schedule_pump(b, now);
    return next_express(b, now, out) || next_committed(b, now, out);
}

uint64_t bond_take_pn(struct bond *b, struct tstamp now, uint8_t path, uint32_t payload_bytes,
                      bool eliciting, uint32_t tag)
{
    struct path *p = path_get(b, now, path);
    return path_sent(p, now, path_wire_bytes(p, payload_bytes), eliciting, tag, NULL, false);
}
