/* SPDX-License-Identifier: ISC */
/*
 * The receiver's lanes: delivery in order, once, without waiting for ever.
 *
 * A packet that is next in its lane is delivered at once. One that is ahead is held until the hole
 * before it is filled or has been open for the hold time; then the hole is given up, and what still
 * comes for it is delivered late rather than dropped. Lane WIRE_LANE_UNORDERED is not ordered: it
 * only drops duplicates. Pieces of a packet (WIRE_DATA_MORE, WIRE_DATA_CONT) are joined on
 * delivery.
 *
 * What a hole held up comes out at once in a lane of TCP, whose receiver has room for its window.
 * Other packets come out in bursts of RELEASE_PACKETS every RELEASE_EVERY_NS, or of a part of what
 * waits: a UDP socket's buffer is small (Linux's default holds 92 full packets).
 *
 * Bounded: at most REORDER_HELD_MAX packets and REORDER_RUNS_MAX runs of consecutive packets are
 * held, and no more buffers than the share that they count in allows; beyond that the lane's first
 * hole is given up. Pieces whose packet is not whole PIECES_NS after its first are dropped.
 */
#ifndef HAWSER_BOND_RECEIVE_REORDER_H
#define HAWSER_BOND_RECEIVE_REORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/pkt.h"
#include "base/size.h"
#include "base/tstamp.h"
#include "bond/tuning.h"
#include "wire/wire.h"

enum {
    REORDER_HELD_MAX = TABLE_SIZE(8192, 64),
    REORDER_RUNS_MAX = TABLE_SIZE(2048, 32),
    REORDER_RUNS_BLOCK = 32, /* so many of them are made together */
    /* numbers behind the next one that are remembered, powers of two */
    REORDER_SEEN = TABLE_SIZE(1024, 64),
    REORDER_SEEN_UNORDERED = TABLE_SIZE(4096, 128),
};

/* Consecutive packets of a lane that are held: first .. end - 1. */
struct reorder_run {
    struct reorder_run *next;
    uint32_t first;
    uint32_t end;
    struct pkt_list packets;
    struct tstamp since; /* the hole before them is known: arrival of the first behind it */
    bool is_mark;        /* one of the few that a search goes by */
    struct reorder_run *next_mark;
};

struct reorder_lane {
    uint32_t next;              /* the sequence number to be delivered next */
    bool listed;                /* holds something */
    struct reorder_run *runs;   /* ascending; owned */
    struct reorder_run *marks;  /* some of them, ascending */
    bool in_bursts;             /* what is held goes out so */
    struct tstamp burst_at;     /* when the next one may */
    struct reorder_run *latest; /* of runs: the one that grew last; or NULL */
    struct reorder_lane *list_prev, *list_next;
    struct pkt *partial; /* owned: the pieces so far of a packet */
    struct tstamp partial_since;
    struct reorder_lane *partial_prev, *partial_next; /* in the list of lanes that have some */
    uint64_t seen[REORDER_SEEN / 64];
};

struct reorder_runs {
    struct reorder_runs *next;
    struct reorder_run list[REORDER_RUNS_BLOCK];
};

struct reorder {
    struct reorder_lane *lanes[WIRE_LANES_MAX]; /* each owned; NULL: nothing came in it */
    struct reorder_lane *spare;                 /* owned: for the next lane; NULL: there is none */
    uint64_t unordered_seen[REORDER_SEEN_UNORDERED / 64];
    uint32_t unordered_next;
    struct reorder_runs *blocks; /* owned */
    uint32_t runs;               /* in them */
    uint32_t runs_used;
    struct reorder_run *free_runs;
    struct arena_share *memory;   /* borrowed */
    bool wants_room;              /* reorder_grow(), before the next packet */
    struct reorder_lane *holding; /* lanes that hold packets */
    struct reorder_lane *oldest_partial, *newest_partial;
    uint64_t used[WIRE_LANES_MAX / 64]; /* bit for each lane that is there */
    struct pkt_share *share; /* borrowed: what is held counts in it; NULL: it may be any number */
    uint32_t held;
    int64_t hold_ns;     /* set by the bond */
    struct tstamp due;   /* no lane has anything to do before, at the hold time of then: */
    int64_t due_hold_ns; /* and earlier by as much as that has become shorter */
    uint64_t late;
    uint64_t duplicates;
    uint64_t overflows;
    uint64_t dropped_memory; /* of lanes that there was no memory for */
    uint64_t fragments_lost;
    struct pkt_list out; /* to be delivered */
};

void reorder_init(struct reorder *r, struct arena_share *memory);
/* Gives back every packet held, and the tables, and counts on; what is in out stays. */
void reorder_clear(struct reorder *r);
/* Makes the spare lane, if it is gone, and more runs, if few are left. */
void reorder_grow(struct reorder *r);
/* Gives runs back, if nothing is held. */
void reorder_give_back(struct reorder *r);

/* Takes p over; p->flags must hold the frame's flags. */
void reorder_push(struct reorder *r, struct tstamp now, uint16_t lane, uint32_t sequence,
                  struct pkt *p);

/* Gives up holes that are open for too long. */
void reorder_tick(struct reorder *r, struct tstamp now);
/* Nothing is to be done before; what it was for may have come since, and then nothing is then. */
struct tstamp reorder_deadline(const struct reorder *r);

#endif
