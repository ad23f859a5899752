/* SPDX-License-Identifier: ISC */
/*
 * The receiving side of one path: which packet numbers came when, and the acknowledgement of them.
 *
 * An acknowledgement is due ACKER_PACKETS packets or ACKER_DELAY_NS after the first one that is not
 * acknowledged, at once when a number is missing, but not more often than every ACKER_SPACING_NS.
 * While bulk waits, from which they take room, only the time counts, as far as one has room for the
 * times of so many. Numbers that came within same_us share a time then: each takes three bytes.
 * Each number is reported in ACKER_REPORTS acknowledgements, for they take different paths and may
 * overtake each other by the difference of the paths' delays; its time is reported once, and again
 * with that of an earlier number that came late. Where a path reorders so much that the ranges of
 * one have no room, every second one goes on below the last.
 */
#ifndef HAWSER_BOND_RECEIVE_ACKER_H
#define HAWSER_BOND_RECEIVE_ACKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/size.h"
#include "base/tstamp.h"
#include "bond/tuning.h"
#include "wire/wire.h"

enum {
    ACKER_MOST = TABLE_SIZE(4096, 128), /* numbers remembered, a power of two */
    ACKER_FIRST = TABLE_SIZE(256, 64),  /* the same at first: it is doubled when that is too few */
    ACKER_REPORTS = 64,
};

struct acker {
    uint64_t next;                    /* largest number received plus one */
    uint64_t pending;                 /* eliciting packets since the last acknowledgement */
    uint64_t reported[ACKER_REPORTS]; /* next, as of the last acknowledgements */
    uint32_t reports;
    uint64_t lowest_late; /* came since the last acknowledgement, after later ones that it told;
                             UINT64_MAX: none */
    uint64_t resume;      /* news below it is still to be told; 0: there is none */
    bool resumed;         /* the last one went on below another */
    bool patient;         /* set by the bond: bulk waits to leave */
    uint32_t same_us;     /* set by the bond: numbers so close share the newest one's time */
    struct tstamp due;    /* TSTAMP_NEVER: nothing to acknowledge */
    struct tstamp last_sent;
    struct tstamp largest_at;
    uint64_t size;              /* of the two rings, a power of two; 0: nothing is remembered */
    uint64_t *came;             /* owned: a ring of bits, received */
    uint32_t *came_us;          /* owned: of those */
    uint64_t room_until;        /* numbers from that on want more room first; UINT64_MAX: none */
    struct arena_share *memory; /* borrowed */
};

/* Small; without memory it stays without, and nothing is acknowledged. */
void acker_init(struct acker *a, struct arena_share *memory);
void acker_free(struct acker *a);

/* Before a number is recorded: makes room, so that none which is still to be told goes for it. */
void acker_make_room(struct acker *a, uint64_t pn);
static inline void acker_reserve(struct acker *a, uint64_t pn)
{
    if (pn >= a->room_until)
        acker_make_room(a, pn);
}
/* Makes it as large as that, a power of two: what is remembered stays. False: there is no memory.
 */
bool acker_resize(struct acker *a, uint64_t size);
/* Nothing came for long: as small as at first again, if there is nothing to tell. */
void acker_give_back(struct acker *a);
/* Having found no memory before, it may try again. */
void acker_retry_growth(struct acker *a);

/* An authentic packet that was not received before. */
void acker_record(struct acker *a, struct tstamp now, uint64_t pn, bool eliciting);

/* Builds the acknowledgement and clears the need for it; false: nothing was received ever. */
bool acker_build(struct acker *a, struct tstamp now, struct wire_ack *out);

#endif
