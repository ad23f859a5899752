/* SPDX-License-Identifier: ISC */
/*
 * How much each side lets the other send, over all paths together.
 *
 * What this side sends is shaped (share.h). The other side is told what it may send, until it
 * acknowledges that, and shapes as well; one that does not know the frame is told it as the limit
 * of each path. So nothing need be dropped that has crossed a link.
 *
 * Guarantee: of a peer that does not keep to it no more inner bytes are delivered than that rate,
 * and RATE_LIMIT_BURST_NS of it at once.
 */
#ifndef HAWSER_SESSION_RATE_LIMIT_H
#define HAWSER_SESSION_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "wire/wire.h"

struct peer;

#define RATE_LIMIT_AGAIN_NS (2 * NS_PER_S) /* without any news of it, it is told again */
#define RATE_LIMIT_BURST_NS (NS_PER_S / 2) /* as much comes at once when a hole is given up */

/* The less of two; 0 is no limit. */
static inline uint64_t rate_limit_least(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

void rate_limit_init(struct peer *p);
/* As configured; 0: no limit. True: the limits that are told of paths are others. */
bool rate_limit_set(struct peer *p, struct tstamp now, uint64_t send_bps, uint64_t receive_bps);
/* New keys: of another association, or of another daemon. */
void rate_limit_adopted(struct peer *p, struct tstamp now, bool new_association);
void rate_limit_told(struct peer *p, struct tstamp now, const struct wire_rate_limit *limit);
/* The datagram with that serial was acknowledged or lost. */
void rate_limit_came_back(struct peer *p, struct tstamp now, uint16_t serial, bool acked);
void rate_limit_tick(struct peer *p, struct tstamp now);

/* What the peer is told of each path, as it knows nothing else; 0: nothing. */
uint64_t rate_limit_of_path_kbps(const struct peer *p);

/* With a receive_bps: an inner packet that came from the peer may be delivered. */
bool rate_limit_admits(struct peer *p, struct tstamp now, uint32_t bytes);

#endif
