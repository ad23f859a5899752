/* SPDX-License-Identifier: ISC */
/* What leaves the bond and when: acknowledgements, probes, express packets, then paced bulk. */
#include "bond/internal.h"
#include "bond/policy.h"

enum { ACKS_ON_ALL = 4 }; /* every so many acknowledgements one goes out on all paths */

/* The best way for an acknowledgement of what came on path p. */
static uint8_t ack_carrier(struct bond *b, struct tstamp now, const struct path *p)
{
    const struct path *best = schedule_express(b, now, 100, POLICY_ANY_PATH);
    return best != NULL ? best->id : p->id;
}

static void start_ack(struct bond *b, struct tstamp now, struct path *p)
{
    /* On standby, the answer to a probe need not cost anything there. */
    bool idle = p->acker.pending <= 1 && (p->state != BOND_PATH_STANDBY || !any_usable(b));
    if (!acker_build(&p->acker, now, &p->ack))
        return;
    p->ack.path = p->id;
    p->ack_carriers = 1U << ack_carrier(b, now, p);
    if (idle)
        p->ack_carriers |= 1U << p->id;
    if (++p->ack_count % ACKS_ON_ALL == 0)
        for_each_path (b, q)
            if (path_usable(q) && path_rank(q) <= path_rank(p))
                p->ack_carriers |= 1U << q->id;
}

static bool next_ack(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for_each_path (b, p) {
        if (p->ack_carriers == 0 && tstamp_reached(p->acker.due, now))
            start_ack(b, now, p);
        if (p->ack_carriers == 0)
            continue;
        uint8_t carrier = (uint8_t)__builtin_ctz(p->ack_carriers);
        p->ack_carriers &= p->ack_carriers - 1;
        uint32_t payload = WIRE_HEADER_BYTES + WIRE_TAG_BYTES + 16 + 2U * p->ack.range_count +
                           3U * p->ack.time_count;
        struct path *c = path_get(b, now, carrier);
        out->kind = BOND_OUT_ACK;
        out->path = carrier;
        out->ack = p->ack;
        out->pn = path_sent(c, now, path_wire_bytes(c, payload), false, 0, NULL, false);
        return true;
    }
    return false;
}

static bool next_probe(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for_each_path (b, p) {
        if (!p->probe_wanted)
            continue;
        p->probe_wanted = false;
        out->kind = BOND_OUT_PROBE;
        out->path = p->id;
        out->probe_bytes = path_probe_bytes(p);
        out->pn = path_sent(p, now, path_wire_bytes(p, out->probe_bytes), true, 0, NULL, false);
        if (p->probe_padded)
            trial_sent(&p->trial, out->pn);
        p->probe_padded = false;
        return true;
    }
    return false;
}

static void send_segment(struct bond *b, struct tstamp now, struct path *p, struct segment *s,
                         struct bond_out *out)
{
    bool loaded = p->committed.count > 0 || flowq_has_bulk(&b->queue);
    if (s->tries++ > 0)
        p->resent_packets++;
    out->kind = BOND_OUT_DATA;
    out->path = p->id;
    out->pkt = s->pkt;
    out->seg = s->seg;
    out->data_offset = s->offset;
    out->data_bytes = s->bytes;
    out->data = (struct wire_data){ .flags = s->flags,
                                    .lane = s->lane,
                                    .sequence = s->sequence,
                                    .sent_us = (uint32_t)(now.ns / NS_PER_US) & (CLOCK24 - 1) };
    out->pn = path_sent(p, now, path_segment_bytes(p, s), true, 0, s, loaded);
}

static bool next_express(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for_each_path (b, p) {
        const struct segment *head = ring_head(&p->express);
        struct segment s;
        if (head == NULL || !ring_pop(&p->express, &s, path_segment_bytes(p, head)))
            continue;
        send_segment(b, now, p, &s, out);
        return true;
    }
    return false;
}

static bool next_committed(struct bond *b, struct tstamp now, struct bond_out *out)
{
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++) {
        struct path *p = &b->paths[(b->current + i) % WIRE_PATHS_MAX];
        if (!p->ready || p->committed.count == 0 || !path_may_send(p, now))
            continue;
        struct segment s;
        ring_pop(&p->committed, &s, path_segment_bytes(p, ring_head(&p->committed)));
        send_segment(b, now, p, &s, out);
        b->current = p->id;
        return true;
    }
    return false;
}

bool bond_next(struct bond *b, struct tstamp now, struct bond_out *out)
{
    b->now = now;
    if (next_ack(b, now, out) || next_probe(b, now, out))
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
