/* SPDX-License-Identifier: ISC */
/*
 * How often calls are opened, which costs as much as a hundred datagrams: for each address that
 * has proved by a cookie that it receives there, and for all of them together.
 *
 * Guarantee: a source address (of IPv6 its /64) gets CALLERS_BURST calls and one every CALLERS_NS,
 * and all together one every CALLERS_ALL_NS, whatever they contain. The addresses known are
 * bounded; of those that share a place the one that has called least of late is forgotten.
 */
#ifndef HAWSER_SESSION_CALLERS_H
#define HAWSER_SESSION_CALLERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "base/tstamp.h"
#include "session/bucket.h"

enum {
    CALLERS_SETS = 128, /* a power of two */
    CALLERS_WAYS = 8,
    CALLERS_BURST = 20,
    CALLERS_ALL_BURST = 200,
};

#define CALLERS_NS (50 * NS_PER_MS)    /* 20 a second, as in WireGuard */
#define CALLERS_ALL_NS (2 * NS_PER_MS) /* 500 a second: a twentieth of a processor */

struct callers_entry {
    uint8_t family; /* 0: free */
    uint8_t prefix[8];
    struct tstamp empty_until; /* of its bucket */
};

struct callers {
    uint64_t key; /* random: nobody outside knows who shares a place */
    struct bucket all;
    struct callers_entry list[CALLERS_SETS][CALLERS_WAYS];
};

void callers_init(struct callers *c, uint64_t key);
/* Whether a call from there may be opened now; if so it counts. */
bool callers_take(struct callers *c, struct tstamp now, const struct netaddr *from);

#endif
