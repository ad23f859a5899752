/* SPDX-License-Identifier: ISC */
/*
 * One path that we send on, made of its parts: what is in flight, round trips, rate, pacer, its
 * state and its fitness. It knows no other path and no flow; acked.h and tick.h act on it.
 *
 * Suspicion: three eliciting packets without an answer for longer than path_patience_ns(), which
 * probes bring about when there is no traffic.
 *
 * Return: a path that was down or switched off begins anew at half the rate it had, and has to earn
 * its trust (fitness.h). Everything is forgiven when it is closed or switched off: that was no
 * silence, and what comes next is another link.
 */
#ifndef HAWSER_BOND_PATH_PATH_H
#define HAWSER_BOND_PATH_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pkt.h"
#include "base/tstamp.h"
#include "bond/frame.h"
#include "bond/path/beat.h"
#include "bond/path/fitness.h"
#include "bond/path/flight.h"
#include "bond/path/hole.h"
#include "bond/path/life.h"
#include "bond/path/pacer.h"
#include "bond/path/rack.h"
#include "bond/path/rate.h"
#include "bond/path/rtt.h"
#include "bond/path/segment.h"
#include "bond/path/slump.h"
#include "bond/tuning.h"
#include "bond/types.h"

/* Probes and timers. */
struct path_probe {
    bool wanted;
    bool padded;           /* with wanted: to the size of a full datagram */
    struct tstamp at;      /* next scheduled probe or beat */
    struct tstamp alarm;   /* next look at overdue acknowledgements */
    struct tstamp tail_at; /* probe that makes a loss at the end visible */
    int64_t interval_ns;   /* to the next one, while it does not answer */
};

/* What it carried before it fell. */
struct path_fall {
    bool fallen; /* its rate is to be found anew */
    struct tstamp at;
    double loss;     /* with fallen */
    double rate_bps; /* with fallen; 0: was never known */
};

/* The second copies that it takes: a token bucket, see budget.h. */
struct copies {
    double bytes;
    struct tstamp at;
};

/* Both directions, for people. */
struct path_count {
    uint64_t tx_bytes, rx_bytes, tx_packets, rx_packets, resent_packets;
    uint64_t tx_bytes_second, rx_bytes_second;
    uint64_t tx_bps, rx_bps;
    struct tstamp second_since;
};

struct path {
    uint8_t id;
    bool ready; /* initialised for this association */
    bool brisk; /* the bond has traffic: probed twice a second, no beats */
    struct bond_path_config config;
    uint32_t spill_bytes; /* takes bulk from a queue of so much on: set by the sender */
    struct path_life life;
    struct fitness fitness;
    struct path_fall fall;
    struct path_probe probe;
    struct beat beat;
    struct rtt rtt;
    struct rate rate;
    struct slump slump;
    struct rack rack;
    struct hole hole;
    struct pacer pacer;
    struct copies copies;
    struct path_count count;
    struct flight flight;
};

/*
 * First use in an association, of one that is all zero or cleared: numbers start at 0. Its tables
 * begin small, and are taken from that memory, which is borrowed.
 */
void path_init(struct path *p, struct tstamp now, uint8_t id, struct arena_share *memory);
/* Gives back every packet, and the tables. */
void path_clear(struct path *p);
/* Lets its tables grow that are half full. */
void path_grow(struct path *p);
/* Nothing was sent for long: they are as at first. */
void path_give_back(struct path *p);
/* What could not grow may try again. */
void path_retry_growth(struct path *p);
/* Packets that wait for it or are unacknowledged on it, without copies of those of other paths. */
uint64_t path_packets(const struct path *p);

/* Something happened that may change its state; true: it did. Its segments are the caller's to
 * move. */
bool path_event(struct path *p, struct tstamp now, enum life_event event);
/* LIFE_CLOSE, and nothing that was measured holds for what comes next. */
bool path_close(struct path *p, struct tstamp now);
/* LIFE_UNFIT, with what is wrong: from now on it is probed only, until it has passed a trial. */
bool path_unfit(struct path *p, struct tstamp now, enum path_fault fault);

static inline bool path_usable(const struct path *p)
{
    return p->ready && p->life.state == BOND_PATH_UP;
}

/* Open in some state: probes and acknowledgements may be sent. */
static inline bool path_open(const struct path *p)
{
    return p->ready && p->life.state != BOND_PATH_CLOSED;
}

/*
 * How far back in the line a path stands: first the active ones by their cost, then those on
 * standby, then the last resorts.
 */
static inline unsigned path_tier(const struct path *p)
{
    if (p->config.use == WIRE_PATH_ACTIVE)
        return 0;
    return p->config.last_resort ? 2 : 1;
}
static inline unsigned path_rank(const struct path *p)
{
    return path_tier(p) << 8 | p->config.cost;
}

/* On standby: whatever was sent last was answered, so it may be used without asking first. */
static inline bool path_fresh(const struct path *p)
{
    return p->flight.any_acked && p->rtt.srtt_ns > 0 && p->flight.count == 0;
}

/*
 * Time between probes on standby: so long that a month of them is less than 1 MB of IP packets,
 * and so short that most NATs keep the mapping (RFC 4787, REQ-5: not less than 2 minutes).
 */
int64_t path_standby_interval_ns(const struct path *p);

/* Bytes on the wire of a datagram with so much UDP payload. */
static inline uint32_t path_wire_bytes(const struct path *p, uint32_t payload_bytes)
{
    return payload_bytes + p->config.overhead_bytes + BOND_LINK_BYTES;
}

/* UDP payload of a segment as a datagram; and on the wire. */
static inline uint32_t path_segment_payload(const struct segment *s)
{
    uint32_t header_bytes = s->bundle ? 0 : WIRE_DATA_BYTES;
    return WIRE_HEADER_BYTES + header_bytes + s->bytes + WIRE_TAG_BYTES;
}
static inline uint32_t path_segment_bytes(const struct path *p, const struct segment *s)
{
    return path_wire_bytes(p, path_segment_payload(s));
}

/* A packet that may share a datagram with others. */
static inline bool path_is_small(const struct segment *s)
{
    return s->bytes <= SMALL_FRAME_BYTES && s->tries == 0 && !s->bundle && !s->once && !s->copied &&
           s->pkt->gso == PKT_GSO_NONE && s->pkt->policy == 0 &&
           (s->flags & ~WIRE_DATA_CSUM_PARTIAL) == 0;
}
/* What a committed segment counts: small packets share the headers of a datagram. */
static inline uint32_t path_committed_bytes(const struct path *p, const struct segment *s)
{
    return path_is_small(s) ? s->bytes + (uint32_t)WIRE_PACKET_BYTES_MAX : path_segment_bytes(p, s);
}

/*
 * Takes the pace over from the rate control, and what may be in flight at that; by every tick and
 * acknowledgement.
 */
void path_set_pace(struct path *p, struct tstamp now);

/*
 * Longest silence without suspicion: what its round trips allow for, or, where other paths are, the
 * latest that an answer is of use. An SRTT of seconds may be left from a bad time.
 */
int64_t path_patience_ns(const struct path *p);

/* More in flight than any healthy path would have. */
static inline bool path_inflight_full(const struct path *p)
{
    return p->flight.bytes > p->pacer.flight_most_bytes || flight_full(&p->flight);
}

/* Plaintext of the longest datagram of several frames that the path carries. */
uint32_t path_frames_bytes(const struct path *p);

/*
 * The path carries less than was thought. What a black hole has taken was lost for its size, and
 * says nothing else against the path: its rate is found anew, from half of that before.
 */
void path_forgive_losses(struct path *p, struct tstamp now);

/*
 * Takes the next packet number for a datagram of wire_bytes; charges the pacer if eliciting.
 * segment: NULL for control, else copied with its reference. eliciting: it is kept until
 * acknowledged. loaded: others wait behind it.
 */
uint64_t path_sent(struct path *p, struct tstamp now, uint32_t wire_bytes, bool eliciting,
                   uint32_t tag, const struct segment *segment, bool loaded);

/* UDP payload of the probe that is wanted. */
uint32_t path_probe_bytes(const struct path *p);

/*
 * A datagram came over it, one that asks for an acknowledgement or not: where that was not to be
 * expected, it is probed.
 */
void path_heard(struct path *p, struct tstamp now, bool asks);

/* The bond has traffic, or none any more. */
void path_set_brisk(struct path *p, struct tstamp now, bool brisk);

/* Between probes while it carries nothing: until the cheaper paths are full, nobody waits for news
 * of a dear one. */
static inline int64_t path_idle_interval_ns(const struct path *p)
{
    return p->spill_bytes > 0 ? BEAT_SPARE_NS : PROBE_IDLE_NS;
}
/* Between beats. */
static inline int64_t path_beat_interval_ns(const struct path *p)
{
    return p->spill_bytes > 0 ? BEAT_SPARE_NS : beat_interval_ns(p->config.overhead_bytes);
}
/* On standby: its next probe. */
struct tstamp path_next_standby(const struct path *p, struct tstamp now);
/* From an answer, or from the first that waits for one, until more questions are asked. */
int64_t path_first_look_ns(const struct path *p);

/* Out of use for doing harm, and tried again. */
static inline bool path_on_trial(const struct path *p)
{
    return p->fitness.fault != PATH_SOUND && p->life.state == BOND_PATH_PROBING;
}

/* Whether a packet sent now may come late or not at all. */
bool path_is_doubtful(const struct path *p, struct tstamp now);

/* In use without traffic: beats tell of its life. */
static inline bool path_quiet(const struct path *p)
{
    return p->life.state == BOND_PATH_UP && !p->brisk && p->rtt.samples >= RTT_SETTLED;
}

#endif
