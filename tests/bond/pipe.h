/* SPDX-License-Identifier: ISC */
/*
 * Two bonds back to back over virtual links, without any session: what one asks to be sent arrives
 * at the other after the link's queue and delay, or not at all.
 *
 * The pipe drives both by their deadlines, and fails the test when a bond wants to be called again
 * and again at the same time.
 */
#ifndef HAWSER_TESTS_BOND_PIPE_H
#define HAWSER_TESTS_BOND_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pkt.h"
#include "base/rng.h"
#include "base/tstamp.h"
#include "bond/bond.h"

enum { PIPE_LINKS = 4, PIPE_FLOWS = 4, PIPE_NUMBERS = 1 << 18 };

struct pipe_link {
    double rate_bps;
    double loss;
    int64_t delay_ns;
    int64_t jitter_ns;
    bool cut; /* nothing passes, and nobody is told */
    /* results, by direction: of the side that sends */
    uint64_t bytes[2];
    uint64_t data_datagrams[2];
    uint64_t ack_datagrams[2]; /* with acknowledgements, */
    uint64_t acks[2];          /* of so many paths in sum */
    uint32_t longest_bytes[2]; /* UDP payload */
    struct tstamp free[2];
    struct tstamp last_arrival[2];
};

struct pipe_sink {
    uint64_t packets;
    uint64_t bytes;
    uint64_t copies;
    uint64_t broken;
    uint64_t swapped; /* came after a later one of their flow */
    uint32_t next[PIPE_FLOWS];
    bool came[PIPE_FLOWS][PIPE_NUMBERS];
    /* since pipe_measure() */
    uint64_t bytes_since;
    struct tstamp last;
    int64_t longest_silence_ns;
    int64_t longest_delay_ns;
};

struct pipe_datagram;

struct pipe {
    struct tstamp now;
    struct rng random;
    struct bond *bond[2];
    struct pkt_pool *pool[2];
    struct arena arena[2];          /* memory of each bond; without a limit at first */
    struct bond_path_config config; /* for the links that are opened */
    int64_t clock_offset_ns;        /* of side 1's clock */
    uint32_t greedy_bytes;          /* side 0 always has packets of flow 0 of that size; 0: not */
    struct pipe_link links[PIPE_LINKS];
    double line_bps; /* that all links share where side 0 sends; 0: no such line */
    struct tstamp line_free;
    struct pipe_sink sink[2];
    uint8_t policy[PIPE_FLOWS];   /* of the packets of each flow; 0: none */
    uint32_t sent[2][PIPE_FLOWS]; /* numbers given out, by sending side */
    struct tstamp sent_at[2][PIPE_FLOWS][PIPE_NUMBERS];
    struct tstamp measured; /* time of pipe_measure() */
    unsigned most_rounds;   /* calls of a bond at the same time that it asked for */
    /* datagrams on their way: a binary heap by time */
    struct pipe_datagram **heap; /* owned, as are the datagrams */
    size_t heap_count, heap_cap;
    uint64_t order;
};

/* Zeroes p; links are to be described before they are opened. */
void pipe_init(struct pipe *p, uint64_t seed, uint32_t queue_bytes_max);

/* Frees everything; true: both pools got every packet back. */
bool pipe_free(struct pipe *p);

/* Opens a link's path on both sides with p->config. */
void pipe_open(struct pipe *p, uint8_t link);

/* The time on a side's clock. */
struct tstamp pipe_now(const struct pipe *p, unsigned side);

/* Sends an inner packet with its flow's next number; it speaks ECN, so CoDel marks it. */
void pipe_send(struct pipe *p, unsigned side, uint16_t flow, uint32_t bytes);

void pipe_run(struct pipe *p, int64_t duration_ns);

void pipe_measure(struct pipe *p);
/* Inner bits per second that came out on a side since pipe_measure(). */
double pipe_bps(const struct pipe *p, unsigned side);
/* Packets for a side that were sent and did not come, of all flows. */
uint32_t pipe_missing(const struct pipe *p, unsigned side);
/* Why the bond of a side dropped packets, other than copies and thinned acknowledgements. */
uint64_t pipe_drops(const struct pipe *p, unsigned side);

#endif
