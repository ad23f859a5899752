/* SPDX-License-Identifier: ISC */
#include "bond/send/sparse.h"

#include <math.h>

#include "bond/frame.h"
#include "bond/tuning.h"

void sparse_init(struct sparse *s)
{
    *s = (struct sparse){ .flow_bytes = SPARSE_BYTES_MOST, .recent_ns = RECENT_NS };
}

/* Half of what so many flows would get in a nanosecond if they shared alike, and one more. */
static double fair_bytes_per_ns(const struct sparse *s)
{
    return SPARSE_SHARE * s->rate_bps / 8e9 / (s->flows + 1);
}

static void set_flow_bytes(struct sparse *s, struct tstamp now, double bytes)
{
    s->flow_bytes = fmin(fmax(bytes, fair_bytes_per_ns(s) * RECENT_NS), SPARSE_BYTES_MOST);
    s->changed_at = now;
}

static void begin_turn(struct sparse *s, struct tstamp now)
{
    s->flows = s->turn_flows;
    s->turn_flows = 0;
    s->turn++;
    if (s->rate_bps > 0)
        s->recent_ns =
            fmin(fmax(SPARSE_BYTES_LEAST / fair_bytes_per_ns(s), RECENT_NS), SPARSE_RECENT_MOST_NS);
    s->turn_end = tstamp_add(now, (int64_t)fmax((double)SPARSE_TURN_NS, s->recent_ns));
    if (tstamp_sub(now, s->changed_at) >= SPARSE_TURN_NS)
        set_flow_bytes(s, now, s->flow_bytes * SPARSE_UP);
}

void sparse_flow(struct sparse *s, struct tstamp now, uint32_t *turn)
{
    if (tstamp_reached(s->turn_end, now))
        begin_turn(s, now);
    if (*turn == s->turn)
        return;
    *turn = s->turn;
    if (++s->turn_flows > s->flows)
        s->flows = s->turn_flows;
}

bool sparse_is(const struct sparse *s, double recent_bytes)
{
    double most = s->flow_bytes * s->recent_ns / RECENT_NS;
    return recent_bytes < fmin(fmax(most, SPARSE_BYTES_LEAST), SPARSE_BYTES_MOST);
}

/* Whether a flow has more than those that wait. */
static bool above_share(const struct sparse *s, double recent_bytes, uint32_t waiting)
{
    double share = s->rate_bps / 8e9 * s->recent_ns / (waiting + 1);
    return recent_bytes > fmax(SPARSE_ABOVE * share, SPARSE_BYTES_LEAST);
}

void sparse_spend(struct sparse *s, struct tstamp now, uint32_t bytes, double recent_bytes,
                  uint32_t waiting)
{
    double bytes_per_ns = SPARSE_SHARE * s->rate_bps / 8e9;
    double most = bytes_per_ns * RECENT_NS + SPARSE_BURST_PACKETS * FRAME_BYTES;
    double earned = bytes_per_ns * (double)tstamp_sub(now, s->left_at);
    double counted = above_share(s, recent_bytes, waiting) ? SPARSE_ABOVE_COUNTS * bytes : bytes;
    s->left_bytes = fmin(most, s->left_bytes + earned) - counted;
    s->left_at = now;
    if (s->left_bytes >= 0)
        return;
    s->left_bytes = 0;
    sparse_refuse(s, now);
}

void sparse_refuse(struct sparse *s, struct tstamp now)
{
    if (s->rate_bps > 0 && tstamp_sub(now, s->changed_at) >= SPARSE_DOWN_NS)
        set_flow_bytes(s, now, s->flow_bytes * SPARSE_DOWN);
}
