/* SPDX-License-Identifier: ISC */
/*
 * The numbers of one tunnel in the kernel: packet marks, routing tables, priorities of rules.
 *
 * A tunnel has one of NUMBERS_SETS sets, found by its interface's name, so that a start finds what
 * a process that was killed has left. In a set there are slots: one for the tunnel itself, one a
 * link, one for look-ups of names; each has a mark and a table of its own.
 *
 * What a tunnel sends by a link must not get into another tunnel of the machine, so the rules for
 * the links of all tunnels come before the others.
 *
 * The default marks differ from 0 in bits 24 to 27 and 0 to 5 only: others (Kubernetes, mwan3,
 * Tailscale, AWS) test bits in between.
 */
#ifndef HAWSER_GUARD_NETWORK_NUMBERS_H
#define HAWSER_GUARD_NETWORK_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/wire.h"

enum {
    NUMBERS_SETS = 15,
    NUMBERS_SLOT_TUNNEL = 0,
    NUMBERS_SLOT_LINK = 1, /* the first link's */
    NUMBERS_SLOT_LOOKUP = NUMBERS_SLOT_LINK + WIRE_PATHS_MAX,
    NUMBERS_SLOTS = 64,        /* a set; they are numbered by the lowest bits of a mark's mask */
    NUMBERS_LINK_FIRST = 9981, /* the rules for links of all sets, before all other rules of ours */
    NUMBERS_LINK_LAST = NUMBERS_LINK_FIRST + NUMBERS_SETS - 1,
    NUMBERS_PRIORITIES_EACH = 8, /* a set's other rules have the priorities from `priority` on */
};

struct numbers {
    uint32_t table;         /* of slot 0; the other slots' follow */
    uint32_t link_priority; /* of the rules for its links */
    uint32_t priority;      /* of its first other rule */
    uint32_t mark;          /* of slot 0 */
    uint32_t mask;          /* the bits of marks that count; the lowest six number the slots */
    uint32_t owner;         /* a metric that tells this tunnel's tables from another one's */
};

/*
 * mark, mask: as configured, mark 0: the default. -EBUSY: other programs, or other tunnels, use all
 * the sets.
 */
int numbers_choose(struct numbers *n, const char *interface, uint32_t mark, uint32_t mask);

static inline uint32_t numbers_table(const struct numbers *n, unsigned slot)
{
    return n->table + slot;
}

/* The lowest bit of a mask, from which on a mark holds the slot; 0 as long as none was chosen. */
static inline unsigned numbers_shift(uint32_t mask)
{
    return mask != 0 ? (unsigned)__builtin_ctz(mask) : 0;
}

static inline uint32_t numbers_mark(const struct numbers *n, unsigned slot)
{
    return n->mark + ((uint32_t)slot << numbers_shift(n->mask));
}

/* The bits of a mask that are the same in all marks of a tunnel. */
static inline uint32_t numbers_without_slot(uint32_t mask)
{
    return mask & ~((uint32_t)(NUMBERS_SLOTS - 1) << numbers_shift(mask));
}

static inline bool numbers_has_priority(const struct numbers *n, uint32_t priority)
{
    return priority == n->link_priority ||
           (priority >= n->priority && priority < n->priority + NUMBERS_PRIORITIES_EACH);
}

static inline uint32_t numbers_common_mask(const struct numbers *n)
{
    return numbers_without_slot(n->mask);
}

#endif
