/* SPDX-License-Identifier: ISC */
#include "bond/acks.h"

#include "bond/send/choose.h"
#include "bond/tuning.h"

/* The best way for an acknowledgement of what came on path p. */
static uint8_t ack_carrier(struct bond *b, struct tstamp now, const struct path *p)
{
    const struct path *best = choose_express(&b->sender, now, ACK_GUESSED_BYTES, ANY_PATH);
    return best != NULL ? best->id : p->id;
}

/* The next paths of that rank or lower in turn, as a bit mask. */
static uint32_t further_carriers(struct bond *b, unsigned rank)
{
    uint32_t left = 0;
    uint32_t taken = 0;
    for_each_path (&b->sender.paths, p)
        if (path_usable(p) && path_rank(p) <= rank)
            left |= 1U << p->id;
    for (unsigned i = 0; i < ACK_COPIES && left != 0; i++) {
        uint32_t later = left & ~((2U << b->acks.copied) - 1);
        b->acks.copied = (uint8_t)__builtin_ctz(later != 0 ? later : left);
        taken |= 1U << b->acks.copied;
        left &= ~taken;
    }
    return taken;
}

static void start_ack(struct bond *b, struct tstamp now, struct path *p, uint8_t carrier,
                      uint32_t further)
{
    /* On standby, the answer to a probe need not cost anything there. */
    bool off = p->config.use == WIRE_PATH_DOWN;
    bool idle = !off && b->receiver.incoming[p->id].acker.pending <= 1 &&
                (p->life.state != BOND_PATH_STANDBY || !any_usable(&b->sender.paths));
    /* The answer to a single question while all is quiet is a sign of life of that very path. */
    bool alone =
        path_quiet(p) && b->receiver.incoming[p->id].acker.pending == 1 && !p->beat.asked_again;
    if (off && carrier == p->id) {
        b->receiver.incoming[p->id].acker.due =
            TSTAMP_NEVER; /* there is no other, and nothing goes over it */
        return;
    }
    if (!acker_build(&b->receiver.incoming[p->id].acker, now, &b->receiver.incoming[p->id].ack))
        return;
    b->receiver.incoming[p->id].ack.path = p->id;
    b->receiver.incoming[p->id].carriers = 1U << (alone ? p->id : carrier);
    if (idle)
        b->receiver.incoming[p->id].carriers |= 1U << p->id;
    for_each_path (&b->sender.paths, q)
        if (!alone && (further >> q->id & 1) != 0 && path_rank(q) <= path_rank(p))
            b->receiver.incoming[p->id].carriers |= 1U << q->id;
}

/* Whether much is to be acknowledged while bulk waits, from which that takes room. */
static bool must_spare(const struct bond *b)
{
    uint64_t pending = 0;
    for_each_path (&b->sender.paths, p)
        pending += b->receiver.incoming[p->id].acker.pending;
    return flowq_has_bulk(&b->sender.queue) && pending >= ACKER_PACKETS / ACK_SPARING_PARTS;
}

void acks_start(struct bond *b, struct tstamp now, const struct path *via)
{
    bool sparing = must_spare(b);
    struct tstamp by = tstamp_add(now, sparing ? ACK_JOIN_SPARING_NS : ACK_JOIN_NS);
    uint32_t due = 0;
    unsigned rank = 0;
    for_each_path (&b->sender.paths, p) {
        if (b->receiver.incoming[p->id].carriers != 0 ||
            !tstamp_reached(b->receiver.incoming[p->id].acker.due, by))
            continue;
        due |= 1U << p->id;
        b->receiver.incoming[p->id].acker.same_us = sparing ? ACK_SPARING_US : 0;
        rank = path_rank(p) > rank ? path_rank(p) : rank;
    }
    bool more = ++b->acks.count % (sparing ? ACKS_ON_MORE_SPARING : ACKS_ON_MORE) == 0;
    uint32_t further = more ? further_carriers(b, rank) : 0;
    for_each_path (&b->sender.paths, p)
        if ((due >> p->id & 1) != 0)
            start_ack(b, now, p, via != NULL ? via->id : ack_carrier(b, now, p), further);
}

bool acks_due(const struct bond *b, struct tstamp by)
{
    for_each_path (&b->sender.paths, p)
        if (b->receiver.incoming[p->id].carriers == 0 &&
            tstamp_reached(b->receiver.incoming[p->id].acker.due, by))
            return true;
    return false;
}

uint32_t acks_take(struct bond *b, const struct path *c, uint32_t room, struct bond_out *out)
{
    uint32_t bytes = 0;
    out->ack_count = 0;
    for_each_path (&b->sender.paths, p) {
        if ((b->receiver.incoming[p->id].carriers >> c->id & 1) == 0)
            continue;
        uint32_t more = wire_ack_bytes(&b->receiver.incoming[p->id].ack);
        if (bytes + more > room)
            continue;
        bytes += more;
        b->receiver.incoming[p->id].carriers &= ~(1U << c->id);
        out->acks[out->ack_count++] = &b->receiver.incoming[p->id].ack;
    }
    return bytes;
}
