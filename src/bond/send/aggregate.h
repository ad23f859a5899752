/* SPDX-License-Identifier: ISC */
/*
 * Slow paths for TCP flows whose windows are too small for them.
 *
 * BBR (Linux, version 1) holds two of its smallest round trips in flight, and what came in heaps:
 * cwnd = 2 bw min_rtt + extra_acked, with extra_acked = what was acknowledged above bw * t, at most
 * 100 ms of bw, the largest of the last five to ten round trips; min_rtt is forgotten after 10 s.
 * It paces at bw, so that no queue spills to a path whose round trip is above 2 min_rtt, and if it
 * were given one, its window would not fill it: bw falls by 2 min_rtt / rtt with each round.
 *
 * Where the best path has been full for two seconds while others idle, the acknowledgements of all
 * large TCP flows are held at the sender's end for as long as the slowest path is slower than the
 * best, and then let go in one heap. A flow that goes on sending meanwhile has a window that pays
 * for that path: from then on its packets take all paths alike, and further heaps keep the window
 * open, until it has measured its smallest round trip anew, with four packets in flight. So that
 * this is the slow path's, none of its acknowledgements comes sooner than over that path; nor do
 * those of a flow that pauses without losses while bulk fills several paths as it is. Does no flow
 * go on, or do they gain nothing, they are left alone for a while, each time for twice as long. A
 * flow that comes later takes the path on which it arrives first, as without all this, until it has
 * had its heap.
 *
 * Acknowledgements carry no data: nobody but the sending TCP sees that they are late. No timeout
 * of TCP (at least 200 ms above the round trip) is as short as a hold.
 */
#ifndef HAWSER_BOND_SEND_AGGREGATE_H
#define HAWSER_BOND_SEND_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pkt.h"
#include "base/tstamp.h"
#include "bond/send/largest.h"
#include "bond/send/path_set.h"

enum aggregate_stage {
    AGGREGATE_OFF,
    AGGREGATE_TRY, /* heaps, to open the windows and to see whether they are open */
    AGGREGATE_ON,  /* some flow shares all paths */
};

enum { AGGREGATE_HELD_MAX = 24 }; /* acknowledgements of a flow, 4 ms apart */

struct aggregate_held {
    struct pkt *pkt; /* owned */
    struct tstamp due;
};

/* At the same place as in flowq.largest. */
struct aggregate_flow {
    uint32_t hash;        /* 0: nobody's place */
    bool asked;           /* takes part in heaps */
    bool shares;          /* takes all paths: its window pays for them */
    bool settled;         /* and its smallest round trip is theirs */
    struct tstamp since;  /* shares */
    struct tstamp again;  /* refused: it is not asked before that */
    unsigned heaps;       /* of those that it was in before it shared */
    uint64_t hold_bytes;  /* its bytes when the heap began */
    double rate_bps;      /* while no heap grows */
    unsigned quiet_turns; /* in which it sent next to nothing */
    uint64_t turn_bytes;
    uint32_t acked; /* highest acknowledgement number; with acked_known */
    bool acked_known;
    unsigned held_count;
    struct aggregate_held held[AGGREGATE_HELD_MAX]; /* the first is due first */
};

/* Acknowledgements that are let go together. */
struct aggregate_heap {
    bool grows;
    bool whole;           /* of all that have not settled, not only of those that do not share */
    struct tstamp ack_at; /* when an acknowledgement came last */
    struct tstamp from;
    struct tstamp end;
    struct tstamp next;
    unsigned count; /* of this stage */
};

/* What it gains. */
struct aggregate_gain {
    double rate_bps;        /* of bulk before the try */
    struct tstamp good_at;  /* last time that bulk was as fast as it should be */
    struct tstamp fast_at;  /* last time that it was clearly faster than before */
    struct tstamp sound_at; /* and as fast as it was when all had settled, settled_bps */
    double settled_bps;
};

struct aggregate {
    enum aggregate_stage stage;
    struct tstamp full_from; /* only the best path is full since then; NEVER: it is not */
    double standing;         /* share of the last moments in which bulk waited: the windows pay */
    struct tstamp looked_at;
    struct tstamp again; /* no try before that */
    int64_t patience_ns; /* after a try that fails; 0: none has failed */
    struct aggregate_gain gain;
    struct tstamp turn;      /* in which what the flows send is counted */
    int64_t rtt_ns;          /* of the flows, smoothed; 0: none yet */
    int64_t floor_ns;        /* no acknowledgement of a flow that shares comes sooner */
    struct tstamp spread_at; /* last time that bulk came faster than the best path takes it */
    bool spreads;            /* of late: who pauses now is to find the slow path's round trip */
    struct tstamp due;       /* first of what is held */
    struct aggregate_heap heap;
    struct aggregate_flow flows[LARGEST_FLOWS];
};

/* What it needs to know, and what it acts on. */
struct aggregate_facts {
    struct tstamp now;
    const struct path_set *paths;
    struct largest *largest; /* whom it keeps there */
    struct pkt_list *out;    /* where what was held goes */
    uint64_t seed;           /* of the flows' hashes */
    double all_bps;          /* of all usable paths */
    double bulk_bps;         /* that bulk takes of them */
    uint32_t queued_bytes;
    bool sharing; /* bulk comes faster than the best path takes it */
    bool ranked;  /* the paths are not all of one rank */
    bool held;    /* what waits does not wait for a path */
};

/* Whether there may be anything to hold. */
static inline bool aggregate_watches(const struct aggregate *r)
{
    return r->stage != AGGREGATE_OFF || r->spreads;
}

/* A packet for the tunnel; true: it is held, and comes out later. */
bool aggregate_hold(struct aggregate *r, const struct aggregate_facts *w, struct pkt *p);
void aggregate_tick(struct aggregate *r, const struct aggregate_facts *w, struct tstamp now);
struct tstamp aggregate_deadline(const struct aggregate *r);
/* Packets that it holds. */
size_t aggregate_held(const struct aggregate *r);
/* Forgets all; gives back what it holds. */
void aggregate_clear(struct aggregate *r, struct largest *largest);

/* Packets of that flow are to take whichever path is free first. */
bool aggregate_shares(const struct aggregate *r, uint32_t flow_hash);

#endif
