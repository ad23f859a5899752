/* SPDX-License-Identifier: ISC */
/*
 * The sending half of a bond: what waits, on which paths it leaves, and what was lost. The files
 * beside this one that include it act on the whole; the others know their part alone.
 */
#ifndef HAWSER_BOND_SEND_SENDER_H
#define HAWSER_BOND_SEND_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pkt.h"
#include "base/tstamp.h"
#include "bond/path/segment.h"
#include "bond/send/aggregate.h"
#include "bond/send/bottleneck.h"
#include "bond/send/flowq.h"
#include "bond/send/load.h"
#include "bond/send/path_set.h"
#include "bond/send/policies.h"
#include "bond/send/shape.h"
#include "bond/send/usable.h"
#include "bond/types.h"

/* The sequences of the lanes. */
struct sender_lanes {
    uint32_t next[WIRE_LANES_MAX];
    struct tstamp used[WIRE_LANES_MAX];
};

/* Neighbours stay on a path. */
struct sender_run {
    struct path *path; /* bulk goes to it for so much more of sending time; NULL: there is none */
    int64_t ns;
    bool shared; /* it is of a flow that takes all paths alike */
};

struct sender {
    struct arena_share *memory; /* borrowed, of the bond: where tables grow */
    struct path_set paths;
    struct pkt_share share; /* buffers of what waits and of what may have to be repeated */
    struct flowq queue;
    struct policies *policies; /* owned; NULL: there never was one */
    struct usable usable;
    struct load load;
    struct sender_run run;
    struct sender_lanes lanes;
    struct segment_ring repairs;
    struct aggregate aggregate;
    struct bottleneck bottleneck;
    struct shape shape;
    uint64_t drops[BOND_DROP_COUNT];
};

/* After every change of a path: what there is to know of all of them. */
void sender_survey(struct sender *snd);

/* 0 or -ENOMEM. */
int sender_set_policies(struct sender *snd, const struct bond_policy table[BOND_POLICIES_MAX]);

/* What waits for a path, and not for more to be allowed. */
static inline uint32_t sender_waiting_bytes(const struct sender *snd)
{
    return snd->shape.holds ? 0 : snd->queue.bytes;
}

/* A packet is dropped, and that is counted. */
static inline void sender_drop(struct sender *snd, enum bond_drop reason, struct pkt *pkt)
{
    snd->drops[reason]++;
    pkt_put(pkt);
}

#endif
