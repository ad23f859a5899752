/* SPDX-License-Identifier: ISC */
/*
 * What a bond holds, for the files that make it up: bond.c (its life, its paths and what comes in),
 * bench.c (paths that do more harm than good), survey.c (what is to be known of all paths),
 * schedule.c (which path a packet takes), recruit.c (TCP windows that are too small for slow
 * paths), policy.c (what policies change in that), output.c (what leaves and when) and stats.c.
 */
#ifndef HAWSER_BOND_INTERNAL_H
#define HAWSER_BOND_INTERNAL_H

#include "bond/bond.h"
#include "bond/frame.h"
#include "bond/path/acked.h"
#include "bond/path/path.h"
#include "bond/path/tick.h"
#include "bond/receive/incoming.h"
#include "bond/receive/reorder.h"
#include "bond/send/flowq.h"
#include "bond/send/line.h"
#include "bond/send/recruit.h"
#include "bond/tuning.h"

enum { EVENTS_MAX = 512 /* a power of two */ };

#define CLOCK24 0x1000000 /* the clock of data frames has 24 bits of microseconds */

/* Relative one-way delay of what arrives on a path, by the sender's stamps in data frames. */
struct arrival {
    bool known;
    int64_t last_us; /* against the bond's reference, which may run away from a quiet path's */
    double owd_ns;
    double jitter_ns;
};

struct bond {
    struct pkt_pool *pool;
    struct pkt_share sending;   /* buffers of what waits and of what may have to be repeated */
    struct pkt_share receiving; /* of what is held for order */
    struct flowq queue;
    struct path paths[WIRE_PATHS_MAX];
    uint32_t known;        /* bit mask of the paths that are ready */
    uint8_t current;       /* path that sent last */
    struct path *run_path; /* bulk goes to it for run_ns more of sending time; or NULL */
    int64_t run_ns;
    bool run_shared;     /* it is of a recruited flow */
    uint64_t bulk_bytes; /* inner bytes given to paths since then */
    struct tstamp bulk_since;
    double bulk_bps;
    bool sharing;         /* bulk comes faster than the best path takes it */
    double latest_owd_ns; /* of the usable paths, with its jitter; see survey_paths() */
    uint32_t inner_mtu;   /* largest piece that crosses each of them */
    /* preference among paths: set by survey_paths() and survey_load() */
    bool ranked;              /* the usable paths are not all of one rank */
    double cheap_bps;         /* capacity of the usable paths of the lowest rank */
    double usable_bps;        /* and of all of them */
    double cheap_full;        /* share of the last moments in which those had a queue */
    double all_full;          /* and in which all of them had */
    struct tstamp load_at;    /* of the last look */
    struct tstamp spilled_at; /* when a standby path last took what the others had no room for */
    bool busy;                /* standby paths may help */
    /* traffic both ways, for the paths that carry none: see note_traffic() */
    bool brisk;
    uint64_t traffic_bytes; /* inner bytes since: */
    struct tstamp traffic_since;
    struct tstamp brisk_at; /* when there was enough of it last */
    struct tstamp now;      /* of the last call that had it */
    struct peer_clock peer_clock;
    uint32_t acked;     /* bit mask of paths that bond_rx_acks_end() is to look at */
    uint32_t ack_count; /* times that acknowledgements were built */
    uint8_t ack_copied; /* path that took the last copy */
    /* sender's lanes */
    uint32_t lane_next[WIRE_LANES_MAX];
    struct tstamp lane_used[WIRE_LANES_MAX];
    struct segment_ring repairs;
    struct recruit recruit;
    struct line line;
    bool line_full;            /* by what the driver sees of its own device */
    struct policies *policies; /* owned; NULL: there never was one */
    /* receiver */
    struct reorder reorder;
    struct incoming incoming[WIRE_PATHS_MAX];
    struct arrival arrivals[WIRE_PATHS_MAX];
    bool reference_known;
    uint32_t reference_us;
    /* told to the session */
    struct bond_event events[EVENTS_MAX];
    uint32_t events_head, events_count;
    uint64_t drops[BOND_DROP_COUNT];
    struct tstamp expire_at; /* next look for packets that waited too long without a path */
    struct segment *slots;   /* owned: storage of every ring */
};

/* The path of that id, made ready if this is its first use. */
static inline struct path *path_get(struct bond *b, struct tstamp now, uint8_t id)
{
    struct path *p = &b->paths[id];
    if (!p->ready) {
        path_init(p, now, id);
        b->incoming[id].carriers = 0;
        acker_clear(&b->incoming[id].acker);
        p->brisk = b->brisk;
        b->known |= 1U << id;
    }
    return p;
}

/* The paths of the association in the order of their ids; NULL begins and ends. */
static inline struct path *next_path(const struct bond *b, const struct path *p)
{
    uint32_t left = p == NULL ? b->known : b->known & (~1U << p->id);
    return left == 0 ? NULL : (struct path *)(uintptr_t)&b->paths[__builtin_ctz(left)];
}

#define for_each_path(b, p)                                                                        \
    for (struct path *p = next_path(b, NULL); p != NULL; p = next_path(b, p))

static inline bool any_usable(const struct bond *b)
{
    for_each_path (b, p)
        if (path_usable(p))
            return true;
    return false;
}

/* bench.c */

/* Takes a path that does more harm than good out of use, and returns it; NULL: there is none. */
struct path *bench_next(struct bond *b, struct tstamp now);

/* survey.c */

/* What the choice of paths needs to know of all of them; after every change. */
void survey_paths(struct bond *b);
/* Looks whether the paths are full; true: standby paths are to be called or sent back (busy). */
bool survey_load(struct bond *b, struct tstamp now);
/* Looks whether bulk comes faster than the best path alone takes it. */
void survey_bulk(struct bond *b);
/* How much may stand in the network, by how steady the paths' rates are. */
void survey_swings(struct bond *b);
/* Adapts CoDel and the spacing of acknowledgements to the paths. */
void survey_queues(struct bond *b);

/* schedule.c */

/* A dearer path, which takes no bulk while the queue of the cheaper ones does not stand. */
bool schedule_is_spare(const struct bond *b, const struct path *p);
/* Of the paths of a bit mask the one on which a packet that overtakes bulk would arrive first, or
 * NULL. */
struct path *schedule_express(struct bond *b, struct tstamp now, uint32_t bytes, uint32_t among);
/* The same with room for a bulk packet; shared: of a flow that takes all paths alike. */
struct path *schedule_bulk(struct bond *b, struct tstamp now, uint32_t bytes, uint32_t among,
                           bool shared);
/* Of all of them the one on which a bulk packet would arrive first; and whether it has room. */
struct path *schedule_first(struct bond *b, struct tstamp now, uint32_t bytes, uint32_t among);
bool schedule_has_room(const struct bond *b, const struct path *p, struct tstamp now,
                       uint32_t among);
/* Where the next bulk packet, of no policy, goes, or NULL. */
struct path *schedule_next_bulk(struct bond *b, struct tstamp now, const struct pkt *next);
/* Commits a bulk segment to path p (NULL: the best), and a copy to another (NULL: none). */
void schedule_commit(struct bond *b, struct tstamp now, struct pkt *pkt, uint16_t seg,
                     struct path *p, struct path *copy);
/* Puts a whole small packet on the path where it arrives first, outside the lanes' order. */
void schedule_send_express(struct bond *b, struct tstamp now, struct pkt *pkt, bool with_copy);
/* Moves what waits to the paths that have room for it. */
void schedule_pump(struct bond *b, struct tstamp now);

#endif
