/* SPDX-License-Identifier: ISC */
#include "bond/budget.h"

#include <math.h>

#include "bond/frame.h"
#include "bond/path.h"

#define COPY_SHARE 0.05      /* of what a path carries */
#define COPY_BURST_NS 200e6  /* of it */
#define COPY_BURST_PACKETS 2 /* and so many full packets more, on slow paths */
/* Calls of 100 kbit/s are sparse wherever there is room for them. */
#define SPARSE_BYTES_MOST 4096
#define SPARSE_BYTES_LEAST 128 /* one small packet */
#define SPARSE_SHARE 0.5       /* of what the paths carry, for all sparse flows together */
#define SPARSE_BURST_PACKETS 2
#define SPARSE_DOWN 0.75
#define SPARSE_DOWN_NS (20 * NS_PER_MS)
#define SPARSE_UP 1.05 /* each turn; slower than down, for bulk that overtakes costs more */
#define TURN_NS (200 * NS_PER_MS) /* a flow that is silent for longer takes no part */

/*
 * The most debt of each kind: a time, and full packets of the path. On a slow path a single packet
 * of bulk, which has just left, is the debt. Below the limit of repeats sparse packets would wait
 * for those.
 */
static const struct {
    int64_t ns;
    double packets;
} limits[] = {
    [BUDGET_SPARSE] = { 12 * NS_PER_MS, 1.5 },
    [BUDGET_SPARSE_LARGE] = { 4 * NS_PER_MS, 1 }, /* then small ones still may */
    [BUDGET_ACK] = { PATH_CREDIT_NS + 2 * NS_PER_MS, 0 },
    [BUDGET_REPEAT] = { 10 * NS_PER_MS, 0 },
    [BUDGET_CARE] = { NS_PER_MS / 2, 1 },
    [BUDGET_REALTIME] = { 20 * NS_PER_MS, 0 }, /* more than repeats may make */
    [BUDGET_COPY] = { 12 * NS_PER_MS, 1 },     /* before sparse packets have to wait */
};

int64_t budget_debt_ns(const struct path *p, struct tstamp now)
{
    return tstamp_sub(p->free_at, now) + path_send_time_ns(p, p->express.bytes);
}

enum budget_kind budget_sparse_kind(uint32_t bytes)
{
    return bytes < BUDGET_LARGE_BYTES ? BUDGET_SPARSE : BUDGET_SPARSE_LARGE;
}

bool budget_allows(const struct path *p, struct tstamp now, enum budget_kind kind)
{
    double packet_ns = (double)path_send_time_ns(p, FRAME_BYTES);
    int64_t most_ns = limits[kind].ns + (int64_t)(limits[kind].packets * packet_ns);
    return budget_debt_ns(p, now) <= most_ns;
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

void budget_sparse_init(struct budget_sparse *s)
{
    *s = (struct budget_sparse){ .flow_bytes = SPARSE_BYTES_MOST };
}

/* What so many flows would get in 100 ms if they shared alike, and one more with them. */
static double fair_bytes(const struct budget_sparse *s)
{
    return fmax(SPARSE_SHARE * s->rate_bps / 8e9 * BUDGET_RECENT_NS / (s->flows + 1),
                SPARSE_BYTES_LEAST);
}

static void set_flow_bytes(struct budget_sparse *s, struct tstamp now, double bytes)
{
    s->flow_bytes = fmin(fmax(bytes, fair_bytes(s)), SPARSE_BYTES_MOST);
    s->changed_at = now;
}

void budget_sparse_flow(struct budget_sparse *s, struct tstamp now, uint32_t *turn)
{
    if (tstamp_reached(s->turn_end, now)) {
        s->flows = s->turn_flows;
        s->turn_flows = 0;
        s->turn++;
        s->turn_end = tstamp_add(now, TURN_NS);
        if (tstamp_sub(now, s->changed_at) >= TURN_NS)
            set_flow_bytes(s, now, s->flow_bytes * SPARSE_UP);
    }
    if (*turn == s->turn)
        return;
    *turn = s->turn;
    if (++s->turn_flows > s->flows)
        s->flows = s->turn_flows;
}

void budget_sparse_spend(struct budget_sparse *s, struct tstamp now, uint32_t bytes)
{
    double bytes_per_ns = SPARSE_SHARE * s->rate_bps / 8e9;
    double most = bytes_per_ns * BUDGET_RECENT_NS + SPARSE_BURST_PACKETS * FRAME_BYTES;
    double earned = bytes_per_ns * (double)tstamp_sub(now, s->left_at);
    s->left_bytes = fmin(most, s->left_bytes + earned) - bytes;
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
