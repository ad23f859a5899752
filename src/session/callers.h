/* SPDX-License-Identifier: ISC */
/*
 * How often calls are opened, which costs as much as a hundred datagrams: for each address that
 * has proved by a cookie that it receives there, and for all of them together.
 *
 * Guarantee: a source address (of IPv6 its /64) gets CALLERS_BURST calls and one every CALLERS_NS,
 * and all together one every CALLERS_ALL_NS, whatever they contain. What turns out to be a peer's
 * call of now is given back: peers have limits of their own, and a thousand of them may share an
 * address, or call at once after a restart. Addresses at which a peer has
 * answered before come first: however many others call, half of the burst is theirs. The same bytes
 * from the same address count CALLERS_SAME times and are refused then, so that whoever sends
 * somebody's calls again in his name does not use up his share. The addresses known are bounded; of
 * those that share a place the one that has called least of late is forgotten, peers' last.
 */
#ifndef HAWSER_SESSION_CALLERS_H
#define HAWSER_SESSION_CALLERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "base/size.h"
#include "base/tstamp.h"
#include "session/bucket.h"
#include "wire/wire.h"

enum {
    CALLERS_SETS = 128, /* a power of two */
    CALLERS_WAYS = 8,
    CALLERS_BURST = 20,
    CALLERS_ALL_BURST = 200,
    CALLERS_STRANGERS_BURST = CALLERS_ALL_BURST / 2,
    CALLERS_OF_PEER = 4,                    /* addresses of one peer that come first */
    CALLERS_SAME = 8,                       /* a call is sent five times over a link */
    CALLERS_OPENED = TABLE_SIZE(4096, 256), /* a power of two */
};

#define CALLERS_NS (50 * NS_PER_MS)    /* 20 a second, as in WireGuard */
#define CALLERS_ALL_NS (2 * NS_PER_MS) /* 500 a second: a twentieth of a processor */

struct callers_entry {
    uint8_t family; /* 0: free */
    uint8_t prefix[8];
    struct tstamp empty_until; /* of its bucket */
    const void *peer;          /* whose address it is; NULL: a stranger's */
    struct tstamp answered;    /* there, by the peer */
};

/* A call that was opened, and how often. */
struct callers_opened {
    uint32_t tag;
    uint8_t count;
};

struct callers {
    uint64_t key; /* random: nobody outside knows who shares a place */
    struct bucket all;
    struct callers_entry list[CALLERS_SETS][CALLERS_WAYS];
    struct callers_opened opened[CALLERS_OPENED];
};

void callers_init(struct callers *c, uint64_t key);
/* Whether a call with that mac2 from there may be opened now; if so it counts. */
bool callers_take(struct callers *c, struct tstamp now, const struct netaddr *from,
                  const uint8_t mac2[WIRE_MAC_BYTES]);
/* The call that was let through last, from there, is a peer's, and no recording. */
void callers_give_back(struct callers *c, const struct netaddr *from);
/* A peer has shown that it receives there. It is only compared, never looked into. */
void callers_answered(struct callers *c, struct tstamp now, const struct netaddr *from,
                      const void *peer);

#endif
