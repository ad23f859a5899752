/* SPDX-License-Identifier: ISC */
#include "bond/path/budget.h"

#include <math.h>

#include "bond/frame.h"
#include "bond/path/path.h"

/*
 * The most debt of each kind: a time, and full packets of the path. On a slow path a single packet
 * of bulk, which has just left, is the debt. Below the limit of repeats sparse packets would wait
 * for those.
 */
static int64_t most_debt_ns(enum budget_kind kind, double packet_ns)
{
    switch (kind) {
    case BUDGET_SPARSE:
        return DEBT_SPARSE_NS + (int64_t)(DEBT_SPARSE_PACKETS * packet_ns);
    case BUDGET_SPARSE_LARGE: /* then small ones still may */
        return DEBT_LARGE_NS + (int64_t)(DEBT_LARGE_PACKETS * packet_ns);
    case BUDGET_ACK:
        return PATH_CREDIT_NS + DEBT_ACK_NS;
    case BUDGET_REPEAT:
        return DEBT_REPEAT_NS;
    case BUDGET_CARE:
        return DEBT_CARE_NS + (int64_t)(DEBT_CARE_PACKETS * packet_ns);
    case BUDGET_REALTIME:
        return DEBT_REALTIME_NS;
    case BUDGET_COPY:
        return DEBT_SPARSE_NS + (int64_t)(DEBT_COPY_PACKETS * packet_ns);
    }
    return 0;
}

int64_t budget_debt_ns(const struct path *p, struct tstamp now)
{
    return tstamp_sub(p->free_at, now) + path_send_time_ns(p, p->express.bytes);
}

enum budget_kind budget_sparse_kind(uint32_t bytes)
{
    return bytes < SPARSE_LARGE_BYTES ? BUDGET_SPARSE : BUDGET_SPARSE_LARGE;
}

bool budget_allows(const struct path *p, struct tstamp now, enum budget_kind kind)
{
    double packet_ns = (double)path_send_time_ns(p, FRAME_BYTES);
    return budget_debt_ns(p, now) <= most_debt_ns(kind, packet_ns);
}

bool budget_take_copy(struct path *p, struct tstamp now, uint32_t wire_bytes)
{
    struct budget *budget = &p->budget;
    double bytes_per_ns = COPY_SHARE * p->rate.capacity_bps / 8e9;
    double most = bytes_per_ns * COPY_BURST_NS + COPY_BURST_PACKETS * FRAME_BYTES;
    double earned = bytes_per_ns * (double)tstamp_sub(now, budget->copy_at);
    budget->copy_bytes = fmin(most, budget->copy_bytes + earned);
    budget->copy_at = now;
    if (budget->copy_bytes < wire_bytes || !budget_allows(p, now, BUDGET_COPY))
        return false;
    budget->copy_bytes -= wire_bytes;
    return true;
}

static double ahead_bytes(const struct budget *b, struct tstamp now)
{
    return b->ahead_bytes * exp(-(double)tstamp_sub(now, b->ahead_at) / RECENT_NS);
}

void budget_ahead(struct path *p, struct tstamp now, uint64_t wire_bytes)
{
    p->budget.ahead_bytes = ahead_bytes(&p->budget, now) + (double)wire_bytes;
    p->budget.ahead_at = now;
}

double budget_stretch(const struct path *p, struct tstamp now)
{
    double share = ahead_bytes(&p->budget, now) * p->ns_per_byte / RECENT_NS;
    double above = fmax(share - AHEAD_FREE, 0) / (1 - AHEAD_FREE);
    return 1 / (1 - fmin(above, AHEAD_MOST));
}

void budget_sparse_init(struct budget_sparse *s)
{
    *s = (struct budget_sparse){ .flow_bytes = SPARSE_BYTES_MOST, .recent_ns = RECENT_NS };
}

/* Half of what so many flows would get in a nanosecond if they shared alike, and one more. */
static double fair_bytes_per_ns(const struct budget_sparse *s)
{
    return SPARSE_SHARE * s->rate_bps / 8e9 / (s->flows + 1);
}

static void set_flow_bytes(struct budget_sparse *s, struct tstamp now, double bytes)
{
    s->flow_bytes = fmin(fmax(bytes, fair_bytes_per_ns(s) * RECENT_NS), SPARSE_BYTES_MOST);
    s->changed_at = now;
}

static void begin_turn(struct budget_sparse *s, struct tstamp now)
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

void budget_sparse_flow(struct budget_sparse *s, struct tstamp now, uint32_t *turn)
{
    if (tstamp_reached(s->turn_end, now))
        begin_turn(s, now);
    if (*turn == s->turn)
        return;
    *turn = s->turn;
    if (++s->turn_flows > s->flows)
        s->flows = s->turn_flows;
}

bool budget_sparse_is(const struct budget_sparse *s, double recent_bytes)
{
    double most = s->flow_bytes * s->recent_ns / RECENT_NS;
    return recent_bytes < fmin(fmax(most, SPARSE_BYTES_LEAST), SPARSE_BYTES_MOST);
}

/* Whether a flow has more than those that wait. */
static bool above_share(const struct budget_sparse *s, double recent_bytes, uint32_t waiting)
{
    double share = s->rate_bps / 8e9 * s->recent_ns / (waiting + 1);
    return recent_bytes > fmax(SPARSE_ABOVE * share, SPARSE_BYTES_LEAST);
}

void budget_sparse_spend(struct budget_sparse *s, struct tstamp now, uint32_t bytes,
                         double recent_bytes, uint32_t waiting)
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
    budget_sparse_refuse(s, now);
}

void budget_sparse_refuse(struct budget_sparse *s, struct tstamp now)
{
    if (s->rate_bps > 0 && tstamp_sub(now, s->changed_at) >= SPARSE_DOWN_NS)
        set_flow_bytes(s, now, s->flow_bytes * SPARSE_DOWN);
}
