/* SPDX-License-Identifier: ISC */
/*
 * Slow paths for a TCP whose window is too small for them.
 *
 * BBR (Linux, version 1) holds two of its smallest round trips in flight, and what came in heaps:
 * cwnd = 2 bw min_rtt + extra_acked, with extra_acked = what was acknowledged above bw * t, at most
 * 100 ms of bw, the largest of the last five to ten round trips; min_rtt is forgotten after 10 s.
 * It paces at bw, so that no queue spills to a path whose round trip is above 2 min_rtt, and if it
 * were given one, its window would not fill it: bw falls by 2 min_rtt / rtt with each round.
 *
 * Where one TCP keeps the best path full for a second while others idle, its acknowledgements are
 * held at the sender's end for as long as the slowest path is slower than the best, and then let go
 * in one heap. Does the sender go on sending meanwhile, its window pays for that path: from then on
 * bulk takes all paths alike, and further heaps keep the window open. It stays open by itself once
 * TCP has measured its smallest round trip anew, with four packets in flight, which therefore take
 * the slowest path. Does it fall silent each time, or gain nothing, it is left alone for a while,
 * each time for twice as long.
 *
 * Acknowledgements carry no data: nobody but the sending TCP sees that they are late. No timeout
 * of TCP (at least 200 ms above the round trip) is as short as a hold.
 */
#ifndef HAWSER_BOND_RECRUIT_H
#define HAWSER_BOND_RECRUIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pkt.h"
#include "base/tstamp.h"

struct bond;

enum recruit_stage {
    RECRUIT_OFF,
    RECRUIT_TRY,     /* heaps, to open the window and to see whether it is open */
    RECRUIT_ON,      /* all paths, and heaps */
    RECRUIT_SETTLED, /* all paths: the smallest round trip is theirs */
};

struct recruit {
    enum recruit_stage stage;
    uint32_t flow;           /* of the data, as inner_info.flow_hash */
    struct tstamp since;     /* of the stage */
    struct tstamp full_from; /* only the best path is full since then; NEVER: it is not */
    double others;           /* bytes of other flows, fading in 300 ms */
    double standing;         /* share of the last moments in which bulk waited: the window pays */
    struct tstamp looked_at;
    struct tstamp good_at;  /* last time that the flow was as fast as it should be */
    struct tstamp again;    /* no try before that */
    int64_t patience_ns;    /* after a try that fails; 0: none has failed */
    double rate_bps;        /* of bulk before the try */
    struct tstamp fast_at;  /* last time that it was clearly faster than before */
    struct tstamp sound_at; /* and as fast as it was when it settled, settled_bps */
    double settled_bps;
    /* what the flow sends, in turns */
    struct tstamp turn;
    uint64_t turn_bytes;
    unsigned quiet_turns; /* in which it sent next to nothing */
    /* its round trip, of one byte at a time */
    bool timing;
    uint32_t timed_byte;
    struct tstamp timed_at;
    int64_t rtt_ns; /* smoothed; 0: none yet */
    /* the heap */
    bool holding;
    struct tstamp hold_from;
    struct tstamp hold_end;
    struct tstamp ack_at; /* when an acknowledgement came last */
    uint64_t hold_bytes;  /* flow's bytes when it began */
    struct tstamp next_heap;
    unsigned heaps; /* of this stage */
    uint32_t acked; /* highest acknowledgement number; with acked_known */
    bool acked_known;
    struct pkt *held; /* owned */
};

/* A packet for the tunnel; true: it is held, and comes back in the bond's output. */
bool recruit_hold(struct bond *b, struct pkt *p);
void recruit_tick(struct bond *b, struct tstamp now);
struct tstamp recruit_deadline(const struct bond *b);
/* Forgets all; gives back what it holds. */
void recruit_clear(struct bond *b);

/* Bulk is to take whichever path is free first, the slowest of those that are. */
static inline bool recruit_shares(const struct recruit *r)
{
    return r->stage == RECRUIT_ON || r->stage == RECRUIT_SETTLED;
}

#endif
