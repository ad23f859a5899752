/* SPDX-License-Identifier: ISC */
/*
 * The sending side of one path: what is in flight, round-trip times, the pacer, the state machine,
 * and the few packets that are committed to it.
 *
 * Pacer: in any interval t, at most pace * (t + PATH_CREDIT_NS) + one burst leaves, where a burst
 * is 1 ms on fast paths and a packet on slow ones; express packets (sparse ones and repeats) leave
 * at once and are paid back by the others.
 *
 * Suspicion: three eliciting packets without an answer for longer than path_patience_ns(), which
 * probes bring about when there is no traffic. The round-trip estimators are those of RFC 6298.
 *
 * Return: a path that was down or switched off begins anew at half the rate it had. One that falls
 * again soon after a return has to answer for twice as long as before until it is trusted, from
 * half a second to half a minute; a minute without a fall is forgiven, and so is everything when
 * the path is closed or switched off: that was no silence, and what comes next is another link.
 */
#ifndef HAWSER_BOND_PATH_PATH_H
#define HAWSER_BOND_PATH_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pkt.h"
#include "base/size.h"
#include "base/tstamp.h"
#include "bond/bond.h"
#include "bond/frame.h"
#include "bond/path/beat.h"
#include "bond/path/budget.h"
#include "bond/path/hole.h"
#include "bond/path/ownrtt.h"
#include "bond/path/rack.h"
#include "bond/path/rate.h"
#include "bond/path/segment.h"
#include "bond/path/slump.h"
#include "bond/path/trial.h"
#include "bond/receive/acker.h"
#include "bond/tuning.h"

enum {
    PATH_SENT_MAX = TABLE_SIZE(8192, 128),     /* packets in flight; a power of two */
    PATH_SENT_SPARE = 64,                      /* of them, for what is no bulk */
    PATH_COMMITTED_MAX = TABLE_SIZE(2048, 32), /* a power of two */
    PATH_EXPRESS_MAX = TABLE_SIZE(4096, 64),   /* a power of two */
};

/* Why a path that answers is not used while others are there: it does more harm than good. */
enum path_fault { PATH_SOUND, PATH_LOSSY, PATH_LATE, PATH_SLOW };

enum sent_state { SENT_NONE, SENT_INFLIGHT, SENT_ACKED, SENT_LOST };

struct sent {
    struct segment segment; /* pkt NULL: a control datagram, or repeated already */
    struct tstamp time;
    int64_t came_ns;      /* receiver's clock; with timed */
    int64_t overtaken_ns; /* that clock when a later one was known to have come; with overtaken */
    uint32_t bytes;
    uint32_t tag;
    uint8_t state; /* enum sent_state */
    bool came;     /* acknowledged; also when it is forgotten */
    bool loaded;
    bool timed;
    bool overtaken;
    bool data;
    uint16_t beside_bytes; /* of datagrams before it that nobody acknowledges */
};

/*
 * The peer's clock as its acknowledgements tell it, 32 bits of microseconds made whole. One for all
 * of its paths, for their delays are compared.
 */
struct peer_clock {
    uint32_t us; /* last value seen */
    int64_t ns;  /* the same without wrapping */
};

struct path {
    uint8_t id;
    bool ready; /* initialised for this association */
    enum bond_path_state state;
    struct bond_path_config config;
    uint32_t spill_bytes; /* takes bulk from a queue of so much on: see survey_paths() */
    struct rate rate;
    struct slump slump;
    struct rack rack;
    struct hole hole;
    double hole_bps; /* with losses in it: the capacity before them */
    /* in flight */
    uint64_t pn_next;
    uint64_t oldest; /* no number below it is in flight */
    uint64_t largest_acked;
    uint64_t again_next; /* below it, nothing is to go on another path, too; see overdue.h */
    bool any_acked;
    uint32_t inflight_bytes;
    uint32_t inflight_count; /* eliciting */
    uint32_t inflight_data;  /* of these */
    /* round trips */
    int64_t srtt_ns; /* 0: unknown */
    int64_t rttvar_ns;
    int64_t rtt_min_ns;
    uint32_t rtt_samples;
    struct ownrtt own_rtt;
    int64_t srtt_same_ns; /* there and back over this very path, for people */
    /* pacer and queues */
    double ns_per_byte;         /* of the present pace; see path_set_pace() */
    double stretch;             /* of the time that committed packets wait; see budget.h */
    double inflight_most_bytes; /* at that pace; more is a queue */
    uint32_t spare_packets;     /* a part of it; see survey_swings() */
    struct budget budget;
    struct tstamp free_at;
    bool bursting;
    struct segment_ring committed;
    struct segment_ring express;
    /* life */
    bool probe_wanted;
    bool probe_padded;      /* with probe_wanted: to the size of a full datagram */
    struct tstamp probe_at; /* next scheduled probe or beat */
    struct tstamp alarm;    /* next look at overdue acknowledgements */
    struct tstamp tail_at;  /* probe that makes a loss at the end visible */
    struct tstamp state_since;
    struct tstamp last_sent; /* eliciting */
    struct tstamp answered;  /* the peer received something then, or later */
    bool brisk;              /* the bond has traffic: probed twice a second, no beats */
    struct beat beat;
    int64_t probe_interval_ns;
    bool suspect_quiet;  /* for missing beats: nothing else would have come meanwhile */
    bool false_alarm;    /* up again after such a suspicion */
    uint64_t suspect_pn; /* first number sent after the suspicion */
    uint32_t good_probes;
    uint32_t probes_needed;
    /* fitness beside the others: see bench.c */
    enum path_fault fault;     /* with BOND_PATH_PROBING: why it is tried */
    struct tstamp unfit_since; /* TSTAMP_NEVER: it is fit */
    int64_t rtt_most_ns; /* answers that take longer are too late; 0: no other path is there */
    int64_t rtt_latest_ns;
    struct trial trial; /* with fault */
    bool fallen;        /* its rate is to be found anew */
    struct tstamp fallen_at;
    double loss_before;                  /* with fallen */
    double rate_before_bps;              /* with fallen; 0: was never known */
    int64_t trust_ns;                    /* answers for so long before it is up */
    struct tstamp good_since, last_good; /* with good_probes */
    struct tstamp returned;              /* up since then */
    /* the acknowledgement being sent of what we received on this path */
    struct wire_ack ack;
    uint32_t ack_carriers; /* bit mask of paths it still has to leave on */
    /* counters */
    uint64_t tx_bytes, rx_bytes, tx_packets, rx_packets, resent_packets;
    uint64_t tx_bytes_second, rx_bytes_second;
    uint32_t beside_bytes; /* sent since the last one that is acknowledged */
    uint64_t tx_bps, rx_bps;
    struct tstamp second_since;
    uint64_t open[PATH_SENT_MAX / 64]; /* bits of numbers in flight, or lost and perhaps to come */
    struct tstamp looked;              /* at those in flight, one by one */
    /* large, so last: path_clear() clears only what was used of them */
    struct acker acker;
    struct sent sent[PATH_SENT_MAX]; /* of numbers below pn_next */
};

/* What path_ack() and path_abandon() find; arg is the caller's. */
struct path_events {
    void (*lost)(void *arg, struct path *p, struct segment *s); /* takes the reference over */
    void (*tagged)(void *arg, struct path *p, uint32_t tag, bool acked, bool alone);
    void (*hole)(void *arg, struct path *p); /* see hole.h */
    void *arg;
};

/* First use in an association, of one that is all zero or cleared: numbers start at 0. The rings'
 * slots stay as they are. */
void path_init(struct path *p, struct tstamp now, uint8_t id);
/* Gives back every packet. Its work is in proportion to what was sent and received. */
void path_clear(struct path *p);
/* Packets that wait for it or are unacknowledged on it, without copies of those of other paths. */
uint64_t path_packets(const struct path *p);

void path_set_state(struct path *p, struct tstamp now, enum bond_path_state state);

static inline bool path_usable(const struct path *p)
{
    return p->ready && p->state == BOND_PATH_UP;
}

/* Open in some state: probes and acknowledgements may be sent. */
static inline bool path_open(const struct path *p)
{
    return p->ready && p->state != BOND_PATH_CLOSED;
}

/*
 * How far back in the line a path stands: first the active ones by their cost, then those on
 * standby, then the last resorts.
 */
static inline unsigned path_line(const struct path *p)
{
    if (p->config.use == WIRE_PATH_ACTIVE)
        return 0;
    return p->config.last_resort ? 2 : 1;
}
static inline unsigned path_rank(const struct path *p)
{
    return path_line(p) << 8 | p->config.cost;
}

/* On standby: whatever was sent last was answered, so it may be used without asking first. */
static inline bool path_fresh(const struct path *p)
{
    return p->any_acked && p->srtt_ns > 0 && p->inflight_count == 0;
}

/*
 * Time between probes on standby: so long that a month of them is less than 1 MB of IP packets,
 * and so short that most NATs keep the mapping (RFC 4787, REQ-5: not less than 2 minutes).
 */
int64_t path_standby_interval_ns(const struct path *p);

/* Bytes on the wire of a datagram with so much UDP payload. */
static inline uint32_t path_wire_bytes(const struct path *p, uint32_t payload_bytes)
{
    return payload_bytes + p->config.overhead_bytes + BOND_FRAME_BYTES;
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

/* Time to send so many bytes at the present pace. */
static inline int64_t path_send_time_ns(const struct path *p, uint32_t bytes)
{
    return (int64_t)(bytes * p->ns_per_byte);
}

/*
 * Longest silence without suspicion: what its round trips allow for, or, where other paths are, the
 * latest that an answer is of use. An SRTT of seconds may be left from a bad time.
 */
int64_t path_patience_ns(const struct path *p);

/* Time from now until the last committed byte has left, if as much overtakes it as of late. */
static inline int64_t path_backlog_ns(const struct path *p, struct tstamp now)
{
    int64_t wait = tstamp_sub(p->free_at, now);
    wait = (wait > 0 ? wait : 0) + path_send_time_ns(p, p->committed.bytes + p->express.bytes);
    return (int64_t)((double)wait * p->stretch);
}

/* What it is without a queue in the network, or a guess. */
int64_t path_own_rtt_ns(const struct path *p);

/* More in flight than any healthy path would have. */
static inline bool path_inflight_full(const struct path *p)
{
    return p->inflight_bytes > p->inflight_most_bytes ||
           p->pn_next - p->oldest > PATH_SENT_MAX - PATH_SENT_SPARE;
}

/* Plaintext of the longest datagram of several frames that the path carries. */
uint32_t path_frames_bytes(const struct path *p);

/*
 * The path carries less than was thought. What a black hole has taken was lost for its size, and
 * says nothing else against the path: its rate is found anew, from half of that before.
 */
void path_forgive_losses(struct path *p, struct tstamp now);

/* Whether the pacer lets a committed packet go. */
bool path_may_send(struct path *p, struct tstamp now);

/*
 * Takes the next packet number for a datagram of wire_bytes; charges the pacer if eliciting.
 * segment: NULL for control, else copied with its reference. eliciting: it is kept until
 * acknowledged. loaded: others wait behind it.
 */
uint64_t path_sent(struct path *p, struct tstamp now, uint32_t wire_bytes, bool eliciting,
                   uint32_t tag, const struct segment *segment, bool loaded);

/* An acknowledgement of our packets on this path; false: it tells of numbers never sent. */
bool path_ack(struct path *p, struct tstamp now, const struct wire_ack *ack, bool same_path,
              struct peer_clock *clock, const struct path_events *events);

/* Hands every segment in flight out as lost; they stay known until acknowledged. */
void path_abandon(struct path *p, const struct path_events *events);
/* Whether a segment that was handed out as lost was acknowledged after that. */
bool path_came(const struct path *p, const struct segment *s);

/*
 * It does more harm than good: from now on it is probed only, until it has passed a trial. Its
 * segments are the caller's to move.
 */
void path_bench(struct path *p, struct tstamp now, enum path_fault fault);
/* No other path is there, and this one answers: it is up. False: it was not on the bench. */
bool path_unbench(struct path *p, struct tstamp now);

/* UDP payload of the probe that is wanted. */
uint32_t path_probe_bytes(const struct path *p);

/*
 * A datagram came over it, one that asks for an acknowledgement or not: where that was not to be
 * expected, it is probed.
 */
void path_heard(struct path *p, struct tstamp now, bool asks);

/* The bond has traffic, or none any more. */
void path_set_brisk(struct path *p, struct tstamp now, bool brisk);

/* In use without traffic: beats tell of its life. */
static inline bool path_quiet(const struct path *p)
{
    return p->state == BOND_PATH_UP && !p->brisk && p->rtt_samples >= RTT_SETTLED;
}

/* Timers: may set probe_wanted or beat.wanted, or make the path suspect or down; true: the state
 * changed. */
bool path_tick(struct path *p, struct tstamp now);
struct tstamp path_deadline(const struct path *p);

#endif
