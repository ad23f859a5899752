/* SPDX-License-Identifier: ISC */
/*
 * The policies of a bond: which there are, which of the usable paths the packets of each may take,
 * and whether packets pass that must not wait. place.h says where a packet goes, bands.h when.
 *
 * A pointer to none is as no policy in use, as long as there never was one.
 */
#ifndef HAWSER_BOND_SEND_POLICIES_H
#define HAWSER_BOND_SEND_POLICIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/pkt.h"
#include "base/tstamp.h"
#include "bond/types.h"
#include "wire/wire.h"

enum {
    POLICIES_PINS = 4096,  /* flows that keep their path */
    POLICIES_PIN_WAYS = 4, /* places that a flow may have among them */
};

/* A flow that keeps its path. */
struct pin {
    uint32_t hash;
    uint8_t policy; /* 0: free */
    uint8_t path;
    struct tstamp used;
};

struct policies {
    struct bond_policy table[BOND_POLICIES_MAX];
    uint32_t paths[BOND_POLICIES_MAX];    /* usable ones that each may take now */
    double served[1 + BOND_POLICIES_MAX]; /* bytes a flow of each band, [0] of the plain one */
    double clock;                         /* the same of the band that was served last */
    bool any_urgent;
    struct tstamp urgent_at; /* the last packet that must not wait; with any_urgent */
    struct pin pins[POLICIES_PINS];
};

/* Takes the table over; the first one in use allocates *s. 0 or -ENOMEM. */
int policies_set(struct policies **s, const struct bond_policy table[BOND_POLICIES_MAX],
                 struct arena_share *memory);
void policies_free(struct policies *s, struct arena_share *memory);

/* Which paths are usable now, as a bit mask; after every change. */
void policies_survey(struct policies *s, uint32_t usable);

/* Whether there are packets that may take this usable path only. */
bool policies_need(const struct policies *s, uint8_t path);

/* The packet's policy; NULL: none. */
const struct bond_policy *policies_of(const struct policies *s, const struct pkt *pkt);

/* Real-time or redundant packets passed within the last second; and this may be one. */
bool policies_urgent(const struct policies *s, struct tstamp now);
void policies_note_urgent(struct policies *s, struct tstamp now, const struct pkt *pkt);

#endif
