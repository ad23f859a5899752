/* SPDX-License-Identifier: ISC */
/*
 * The search for the largest datagram that a path carries (DPLPMTUD, RFC 8899).
 *
 * Probes are padded PINGs with a serial; the owner sends what mtu_due() asks for and tells what
 * became of it. The largest size is tried first, then the sizes that real networks have, by
 * halving. confirmed_bytes never exceeds what was acknowledged, but for the floor, which every
 * path must carry. After a suspicion the size in use is checked; if it is lost MTU_TRIES times the
 * search begins again from the floor (black hole detection).
 *
 * Sizes are UDP payloads.
 */
#ifndef HAWSER_SESSION_MTU_H
#define HAWSER_SESSION_MTU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"

enum {
    MTU_TRIES = 3,      /* losses until a size counts as too big */
    MTU_SIZES_MAX = 12, /* candidates of one search */
    MTU_IP_MIN = 1280,  /* IP packet that every path must carry */
    MTU_IP_DEFAULT = 1500,
};

#define MTU_AGAIN_NS (600 * NS_PER_S)   /* from a search's end to the next */
#define MTU_SPACING_NS (50 * NS_PER_MS) /* between probes */
#define MTU_PATIENCE_NS (2 * NS_PER_S)  /* without any news a probe counts as lost */

struct mtu {
    uint32_t confirmed_bytes;
    uint32_t settled_bytes;        /* that at the end of the newest search; 0: none has ended */
    uint32_t sizes[MTU_SIZES_MAX]; /* ascending; sizes[0] is the floor */
    size_t count;
    size_t low;      /* sizes[low] passes */
    size_t high;     /* sizes[high] does not; count: none is known not to */
    size_t trying;   /* index of the size being probed */
    unsigned losses; /* of that size */
    bool checking;   /* the size in use is in question */
    bool in_flight;
    uint16_t serial;    /* of the newest probe */
    struct tstamp next; /* when there is something to do again */
};

/*
 * A new search. ip_bytes: MTU of the interface or another upper limit; overhead_bytes: of the
 * outer IP and UDP headers.
 */
void mtu_start(struct mtu *m, struct tstamp now, uint32_t ip_bytes, uint32_t overhead_bytes);

/* The upper limit turned out to be higher: what passes stays, and the new size is tried. */
void mtu_widen(struct mtu *m, struct tstamp now, uint32_t bytes);

/* To be called by m->next at the latest. True if confirmed_bytes or settled_bytes
 * changed. */
bool mtu_tick(struct mtu *m, struct tstamp now);
/* Payload of the probe to send now, 0: none. */
uint32_t mtu_due(const struct mtu *m, struct tstamp now);
/* It was sent; returns its serial. */
uint16_t mtu_sent(struct mtu *m, struct tstamp now);

/* What became of a probe, old ones are ignored. True if confirmed_bytes or settled_bytes
 * changed. */
bool mtu_acked(struct mtu *m, struct tstamp now, uint16_t serial);
bool mtu_lost(struct mtu *m, struct tstamp now, uint16_t serial);
/* The system refused a datagram of that size (EMSGSIZE). */
bool mtu_refused(struct mtu *m, struct tstamp now, uint32_t bytes);

/* The path was in trouble: check the size in use. */
void mtu_check(struct mtu *m, struct tstamp now);

#endif
