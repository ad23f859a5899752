/* SPDX-License-Identifier: ISC */
/*
 * What an acknowledgement of a path's numbers tells: what came and when, what is lost, how long the
 * round trip is. Guarantee: its cost is that of the numbers that are in flight, or thought lost and
 * watched, and of a word for 64 others.
 */
#ifndef HAWSER_BOND_PATH_ACKED_H
#define HAWSER_BOND_PATH_ACKED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/path/path.h"
#include "wire/wire.h"

/*
 * The peer's clock as its acknowledgements tell it, 32 bits of microseconds made whole. One for all
 * of its paths, for their delays are compared.
 */
struct peer_clock {
    uint32_t us; /* last value seen */
    int64_t ns;  /* the same without wrapping */
};

/* What is found; arg is the caller's. */
struct path_events {
    void (*lost)(void *arg, struct path *p, struct segment *s); /* takes the reference over */
    void (*tagged)(void *arg, struct path *p, uint32_t tag, bool acked, bool alone);
    void (*hole)(void *arg, struct path *p); /* see hole.h */
    void *arg;
};

/* An acknowledgement of our packets on this path; false: it tells of numbers never sent. */
bool path_ack(struct path *p, struct tstamp now, const struct wire_ack *ack, bool same_path,
              struct peer_clock *clock, const struct path_events *events);

/* Hands every segment in flight out as lost; they stay known until acknowledged. */
void path_abandon(struct path *p, const struct path_events *events);

#endif
