/* SPDX-License-Identifier: ISC */
/*
 * The sliding window against replayed packets, as a ring of bit blocks (RFC 6479).
 *
 * Numbers more than REPLAY_WINDOW below the largest one marked are refused unseen.
 */
#ifndef HAWSER_CRYPTO_REPLAY_H
#define HAWSER_CRYPTO_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    REPLAY_RING_BITS = 8192, /* a power of two */
    REPLAY_WINDOW = REPLAY_RING_BITS - 64,
};

struct replay {
    uint64_t next; /* largest number marked plus one; 0: none yet */
    uint64_t bits[REPLAY_RING_BITS / 64];
};

void replay_init(struct replay *w);

/* Whether the number is new, before the packet is authenticated; changes nothing. */
bool replay_check(const struct replay *w, uint64_t number);

/* After authentication only. */
void replay_mark(struct replay *w, uint64_t number);

#endif
