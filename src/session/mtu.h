/* SPDX-License-Identifier: ISC */
/*
 * The search for the largest datagram that a path carries (DPLPMTUD, RFC 8899).
 *
 * Probes are padded PINGs with a serial; the owner sends what mtu_due() asks for and tells what
 * became of it. A size passes when one probe of it is acknowledged. It is too big when MTU_TRIES
 * probes of it were lost alone, which is when a datagram that was sent right after each of them
 * arrived: an outage or a full queue takes both.
 *
 * Until it is known better a path is taken to carry MTU_IP_BASE. The largest size is tried first,
 * as it mostly passes, then the base, then halves. Where the base does not pass, the floor
 * MTU_IP_MIN is used without any question, and the search goes on between the two.
 *
 * mtu_check() asks whether the size in use still passes (black hole detection). If not, the search
 * goes on from the base. When it has ended below the largest size, the next size is tried again:
 * after MTU_AGAIN_FIRST_NS, and then after twice as long each time.
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
    MTU_TRIES = 5,         /* lost probes until a size counts as too big; arbitrary */
    MTU_TRIES_GROWING = 3, /* of a size that did not pass before: it is tried again later */
    MTU_SIZES_MAX = 32,    /* candidates of one search */
    MTU_IP_MIN = 576,      /* IP packet that every path must carry */
    MTU_IP_BASE = 1280,    /* IP packet that every path should carry: IPv6's minimum */
    MTU_IP_DEFAULT = 1500,
};

#define MTU_AGAIN_FIRST_NS (5 * NS_PER_S)  /* from a search's end to the next size's trial */
#define MTU_AGAIN_MOST_NS (600 * NS_PER_S) /* RFC 8899, section 5.1.1 */
#define MTU_SPACING_NS (50 * NS_PER_MS)    /* between probes */
#define MTU_PATIENCE_NS (2 * NS_PER_S)     /* without any news of its probes a size is tried anew */
#define MTU_CHECK_NS NS_PER_S              /* least time between checks of one size */

struct mtu {
    uint32_t confirmed_bytes;      /* to be used now: acknowledged, the base or the floor */
    uint32_t settled_bytes;        /* that at the end of the newest search; 0: none has ended */
    uint32_t sizes[MTU_SIZES_MAX]; /* ascending; sizes[0] is the floor */
    size_t count;
    size_t base;
    size_t low;   /* sizes[low] passes */
    bool doubted; /* that is only assumed, or in question again */
    size_t high;  /* sizes[high] does not; count: none is known not to */
    bool growing; /* the size above the one in use is tried again */
    bool trying;  /* probes of sizes[tried] are being sent */
    size_t tried;
    unsigned probes;       /* of that size, all */
    unsigned sent;         /* those that still count */
    unsigned losses;       /* and of these */
    uint16_t serial;       /* of the newest probe */
    struct tstamp next;    /* when there is something to do again */
    struct tstamp ended;   /* the last search, or the last trial of the next size */
    struct tstamp checked; /* with low and settled_bytes: the size in use passed then */
    int64_t again_ns;      /* from then until the next trial */
};

/*
 * A new search. ip_bytes: MTU of the interface or another upper limit; overhead_bytes: of the
 * outer IP and UDP headers.
 */
void mtu_start(struct mtu *m, struct tstamp now, uint32_t ip_bytes, uint32_t overhead_bytes);

/* The upper limit turned out to be higher: what passes stays, and the new size is tried. */
void mtu_widen(struct mtu *m, struct tstamp now, uint32_t bytes, uint32_t overhead_bytes);

/* To be called by m->next at the latest. */
void mtu_tick(struct mtu *m, struct tstamp now);
/* Payload of the probe to send now, 0: none. */
uint32_t mtu_due(const struct mtu *m, struct tstamp now);
/* It was sent; returns its serial. */
uint16_t mtu_sent(struct mtu *m, struct tstamp now);

/*
 * What became of a probe; those of other sizes are ignored. alone: what was sent right after it
 * arrived. True if confirmed_bytes or settled_bytes changed.
 */
bool mtu_acked(struct mtu *m, struct tstamp now, uint16_t serial);
bool mtu_lost(struct mtu *m, struct tstamp now, uint16_t serial, bool alone);
/* The system refused a datagram of that size (EMSGSIZE). */
bool mtu_refused(struct mtu *m, struct tstamp now, uint32_t bytes);

/* Not even the base passes. */
static inline bool mtu_is_small(const struct mtu *m)
{
    return m->low < m->base;
}

/* Large datagrams seem to vanish: check the size in use. */
void mtu_check(struct mtu *m, struct tstamp now);
/* The path may be another one: check the size in use, and whether a larger one passes by now. */
void mtu_renew(struct mtu *m, struct tstamp now);

#endif
