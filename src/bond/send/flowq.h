/* SPDX-License-Identifier: ISC */
/*
 * The sender's queues: FQ-CoDel (RFC 8290) over inner flows, with strict priority for sparse
 * packets and pure TCP acknowledgements.
 *
 * Packets are classed on arrival: sparse (the flow sent less in the recent past than sparse.h
 * lets sparse flows send, nothing of it waits, and of a TCP nothing is on its way over a later
 * path), pure acknowledgement, or bulk. A newer pure acknowledgement of a flow replaces the one
 * that waits, and a busy flow's acknowledgements are spaced: four in a round trip, and one of each
 * where sixteen flows share the way back, tell its sender all there is (Li et al., "TACK", SIGCOMM
 * 2020), spare the way back, and keep the slow start of cubic from taking the delay that equalizing
 * unequal paths adds for a full link (HyStart looks at trains of acknowledgements, and at rounds of
 * more than eight). Bulk flows are served by deficit round robin, a segment at a time, each under
 * its own CoDel (RFC 8289) with constants that the bond adapts to the delay that its paths add.
 *
 * Packets of a policy (pkt.policy) wait in a band of its own, with flows of its own, so that what
 * waits for a certain path never stands before what may take another. The bond says which band is
 * served; packets of no policy are the plain band.
 *
 * Bounded in bytes, and in buffers by the share that the packets count in: what is too much is
 * dropped from a flow that holds at least half as much as the one that holds most.
 */
#ifndef HAWSER_BOND_SEND_FLOWQ_H
#define HAWSER_BOND_SEND_FLOWQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/pkt.h"
#include "base/size.h"
#include "base/tstamp.h"
#include "bond/frame.h"
#include "bond/send/largest.h"
#include "bond/send/sparse.h"
#include "bond/tuning.h"

enum {
    FLOWQ_FLOWS = TABLE_SIZE(4096, 32),
    FLOWQ_WAYS = 8,                        /* places that a flow may have among them */
    FLOWQ_QUANTUM = FRAME_BYTES,           /* of a turn; less where many flows wait */
    FLOWQ_BANDS = 32,                      /* policies: pkt.policy of 1 .. FLOWQ_BANDS */
    FLOWQ_BAND_FLOWS = TABLE_SIZE(128, 8), /* of each */
};

struct flowq_codel {
    int64_t target_ns;
    int64_t interval_ns;
    int64_t next_drop_min_ns; /* shortest time between two drops of a flow */
    int64_t keep_ns; /* a drop that finds twice as much leaves so much of a queue; 0: all but one */
    bool off;        /* the paths are not known yet: drop nothing */
};

/* The pure acknowledgements of one flow. */
struct flowq_flow_acks {
    struct pkt *waiting; /* owned: the one that waits */
    struct flowq_flow *next;
    struct tstamp due;   /* when it may leave */
    struct tstamp left;  /* when the last one left */
    struct tstamp since; /* beginning of this busy time of acknowledgements */
    uint32_t first;      /* what was acknowledged then */
    uint32_t told;       /* by the last one that left */
    uint32_t doubled;    /* bytes that had come, with a first window, at doubled_at */
    struct tstamp doubled_at;
    bool starting;    /* the sender seems to be in slow start */
    uint32_t turn;    /* last turn in which one left */
    uint32_t tcp_ack; /* of the one that waits */
};

/* What CoDel knows of one flow (RFC 8289). */
struct flowq_flow_codel {
    struct tstamp first_above;
    struct tstamp drop_next;
    uint32_t count;
    uint32_t count_last;
    bool dropping;
};

struct flowq_flow {
    struct pkt_list packets;
    uint32_t bytes;          /* of packets */
    struct flowq_flow *next; /* in the list of new or old flows */
    struct flowq_flow_acks acks;
    int64_t deficit_bytes;
    uint32_t hash;       /* flow whose packet came last */
    double recent_bytes; /* sent in the recent past; see sparse.h */
    struct tstamp recent_at;
    bool listed;
    bool put_off;            /* what waits is sparse, and had to wait for its turn */
    struct tstamp bulk_left; /* when its last bulk packet was given out */
    uint32_t turn;           /* last turn in which it sent */
    struct flowq_flow_codel codel;
};

/* The places that a flow may have. */
struct flowq_set {
    uint32_t tags[FLOWQ_WAYS]; /* whose they are: the hash, odd; 0: nobody's yet */
    struct flowq_flow flows[FLOWQ_WAYS];
};

struct flowq_band {
    struct flowq_set **sets; /* set_count of them, by hash; each owned; NULL: no flow came there */
    uint32_t set_count;
    struct flowq_set *any; /* one of them, for when there is no memory; NULL: there is none */
    struct flowq_flow *new_head, *new_tail;
    struct flowq_flow *old_head, *old_tail;
    uint32_t listed;        /* flows in the two lists */
    struct pkt_list sparse; /* what overtakes bulk */
    bool realtime;          /* set by the bond: all of its plain packets overtake bulk */
};

/* The pure acknowledgements of all flows. */
struct flowq_acks {
    struct flowq_flow *head; /* those with one that waits, ascending by when it is due */
    int64_t gap_max_ns;      /* set by the bond: a part of the longest round trip */
    double gap_scale;        /* the root of the number of flows with acknowledgements */
    uint32_t turn;           /* of TCP_ACK_TURN_NS each, in which those flows are counted */
    struct tstamp turn_end;
    uint32_t flows;
    uint64_t thinned; /* that newer ones replaced */
};

/* The flow that lost a packet last because the queue was full. */
struct flowq_fattest {
    struct flowq_flow *flow;
    uint32_t bytes; /* that it had when it was looked for */
    uint32_t left;  /* packets that may be dropped before that is done again */
};

struct flowq_dropped {
    uint64_t full;   /* too many bytes */
    uint64_t memory; /* too many buffers, or no memory for another flow */
    uint64_t codel;
    uint64_t bad;
};

struct flowq {
    struct flowq_band plain;
    struct flowq_band *bands; /* owned: FLOWQ_BANDS of them, of policies; NULL: there is none */
    struct flowq_acks acks;
    int64_t spread_ns; /* set by the bond: between the earliest and the latest path's delays */
    struct sparse sparse;
    struct flowq_codel codel;
    struct largest largest;
    uint64_t seed;
    uint32_t bytes_max;
    const struct pkt_share *share; /* borrowed: of the packets; NULL: they may be any number */
    struct flowq_fattest fattest;
    uint32_t bytes;  /* waiting, all classes */
    uint32_t banded; /* packets of policies that wait */
    struct flowq_dropped dropped;
    struct arena_share *memory; /* borrowed */
    struct flowq_set *spare;    /* owned: for the next flow that has no set; NULL: there is none */
    struct flowq_set *plain_sets[FLOWQ_FLOWS / FLOWQ_WAYS];
};

void flowq_init(struct flowq *q, uint64_t seed, uint32_t bytes_max, struct arena_share *memory);
/* Gives back every packet, the bands of policies, and the tables. */
void flowq_clear(struct flowq *q);
/* Makes the spare set, if it is gone. */
void flowq_grow(struct flowq *q);
/* Nothing waits: gives back what flows were known. */
void flowq_give_back(struct flowq *q);

/* Makes the bands of policies, where they are not yet. 0 or -ENOMEM. */
int flowq_make_bands(struct flowq *q);

/* Takes p over; sets p->flow_hash and p->time, and p->policy to 0 if it has no band. */
void flowq_push(struct flowq *q, struct tstamp now, struct pkt *p);

/* The band of a packet. */
static inline struct flowq_band *flowq_band(struct flowq *q, const struct pkt *p)
{
    bool plain = p->policy == 0 || p->policy > FLOWQ_BANDS || q->bands == NULL;
    return plain ? &q->plain : &q->bands[p->policy - 1];
}

static inline bool flowq_has_sparse(const struct flowq *q)
{
    return q->plain.sparse.head != NULL;
}

/* When the first pure acknowledgement may leave; TSTAMP_NEVER: none waits. */
static inline struct tstamp flowq_ack_due(const struct flowq *q)
{
    return q->acks.head != NULL ? q->acks.head->acks.due : TSTAMP_NEVER;
}

static inline bool flowq_band_has_bulk(const struct flowq_band *band)
{
    return band->new_head != NULL || band->old_head != NULL;
}

static inline bool flowq_has_bulk(const struct flowq *q)
{
    return flowq_band_has_bulk(&q->plain);
}

/* Whether the packet that is served next may share a datagram. */
bool flowq_next_is_small(const struct flowq *q);

/* The caller gets the reference; NULL: none waits. */
struct pkt *flowq_pop_sparse(struct flowq *q);
struct pkt *flowq_band_pop_sparse(struct flowq *q, struct flowq_band *band);
/* Puts a sparse packet that may not overtake into its flow's queue. */
void flowq_wait(struct flowq *q, struct pkt *p);
struct pkt *flowq_pop_ack(struct flowq *q, struct tstamp now);
/* The one that flowq_pop_ack() would give, or NULL; and puts it off. */
const struct pkt *flowq_first_ack(const struct flowq *q);
/* How much earlier than due an acknowledgement may leave with one that does. */
int64_t flowq_ack_join_ns(const struct flowq *q);
void flowq_put_off_ack(struct flowq *q, struct tstamp due);

/*
 * The next bulk segment by deficit round robin, after CoDel: the packet with a reference for the
 * caller, and the number of its segment. A super-packet comes again for each of its segments.
 */
struct pkt *flowq_pop_bulk(struct flowq *q, struct tstamp now, uint16_t *seg);
struct pkt *flowq_band_pop_bulk(struct flowq *q, struct flowq_band *band, struct tstamp now,
                                uint16_t *seg);
/* The packet at the head of the flow that is to be served next, or NULL; and lets that flow wait
 * for its next turn. */
const struct pkt *flowq_band_first(const struct flowq *q, struct flowq_band *band);
void flowq_band_pass(struct flowq_band *band);

/* Drops what has waited longer than age_ns (no path was there); returns how many packets. */
size_t flowq_expire(struct flowq *q, struct tstamp now, int64_t age_ns);

#endif
