/* SPDX-License-Identifier: ISC */
#include "session/share.h"

#include <math.h>

#include "bond/bond.h"
#include "session/peers.h"
#include "session/state.h"

/* ---- buckets ---- */

static double quantum_bytes(double rate_bps)
{
    return fmin(fmax(rate_bps / 8e9 * SHARE_QUANTUM_NS, SHARE_QUANTUM_LEAST), SHARE_QUANTUM_MOST);
}

static void fill(struct share_bucket *b, struct tstamp now)
{
    double earned = b->rate_bps / 8e9 * (double)tstamp_sub(now, b->filled_at);
    double most = fmax(b->rate_bps / 8e9 * SHARE_BURST_NS, 2 * quantum_bytes(b->rate_bps));
    b->left_bytes = fmin(b->left_bytes + earned, most);
    b->filled_at = now;
}

static void set_rate(struct share_bucket *b, struct tstamp now, uint64_t rate_bps)
{
    if (b->rate_bps > 0)
        fill(b, now);
    else
        *b = (struct share_bucket){ .filled_at = now };
    b->rate_bps = (double)rate_bps;
}

/* What must not wait (acknowledgements, probes) may be more than a small rate. */
static double debt_most(double rate_bps)
{
    return rate_bps / 8e9 * SHARE_DEBT_NS + SHARE_QUANTUM_MOST;
}

static void spend(struct share_bucket *b, double bytes)
{
    b->left_bytes = fmax(b->left_bytes - bytes, -debt_most(b->rate_bps));
}

/* When a quantum will be there: not for each packet anew, so that they leave together. */
static struct tstamp opens(const struct share_bucket *b, struct tstamp now)
{
    double missing = fmax(quantum_bytes(b->rate_bps) - b->left_bytes, 0);
    return tstamp_add(now, (int64_t)ceil(missing * 8e9 / b->rate_bps));
}

/* ---- settings ---- */

void share_init(struct share *s)
{
    *s = (struct share){ 0 };
    list_init(&s->waiting);
}

void share_peer_init(struct peer *p)
{
    p->share.due = TSTAMP_NEVER;
    p->share.held_at = TSTAMP_NEVER;
}

static void leave_line(struct peer *p)
{
    if (!list_has(&p->share.waiting))
        return;
    list_remove(&p->share.waiting);
    p->core->share.waiting_count--;
}

/* A rate has come or gone: whoever waited for it is looked at anew. */
static void settle(struct peer *p)
{
    p->share.on = p->share.own.rate_bps > 0 || p->core->share.line.rate_bps > 0;
    p->share.due = TSTAMP_NEVER;
    leave_line(p);
    if (p->bond == NULL)
        return;
    if (!p->share.on)
        bond_allow_all(p->bond);
    p->share.used_bytes = bond_used_bytes(p->bond);
    peers_stir(p);
}

void share_set_line(struct core *c, struct tstamp now, uint64_t rate_bps)
{
    if (c->share.line.rate_bps == (double)rate_bps)
        return;
    set_rate(&c->share.line, now, rate_bps);
    c->share.opens_at = now;
    for (struct peer *p = peers_first_awake(c); p != NULL; p = peers_next_awake(p))
        settle(p);
}

void share_set_limit(struct peer *p, struct tstamp now, uint64_t rate_bps)
{
    if (p->share.own.rate_bps == (double)rate_bps)
        return;
    set_rate(&p->share.own, now, rate_bps);
    settle(p);
}

void share_bond_begins(struct peer *p, struct tstamp now)
{
    p->share.turn_bytes = 0;
    p->share.turn_at = now;
    p->share.own.filled_at = now;
    settle(p);
}

void share_forget(struct peer *p)
{
    leave_line(p);
    p->share.due = TSTAMP_NEVER;
}

/* ---- what a bond may send ---- */

/* Bytes that may be sent now, negative where more was sent; and the rate at which that changes. */
struct claim {
    double bytes;
    double rate_bps;
};

/* Of two that both hold the one that lets less go on, and for longer. */
static struct claim stricter(struct claim a, struct claim b)
{
    if (a.bytes > 0 || b.bytes > 0)
        return a.bytes < b.bytes ? a : b;
    return a.bytes / a.rate_bps < b.bytes / b.rate_bps ? a : b;
}

/*
 * What is left of the peer's turns. Who has nothing that waits is owed nothing, and pays with time
 * for what overtook the others' bulk: as fast as a fair share of the line comes.
 */
static struct claim claim_turn(struct peer *p, struct tstamp now)
{
    struct share *s = &p->core->share;
    struct peer_share *own = &p->share;
    double fair_bps = s->line.rate_bps / (s->waiting_count + 1);
    double paid = fair_bps / 8e9 * (double)tstamp_sub(now, own->turn_at);
    if (own->turn_bytes < 0 && !list_has(&own->waiting))
        own->turn_bytes = fmin(own->turn_bytes + paid, 0);
    own->turn_at = now;
    const struct claim turn = { own->turn_bytes, fair_bps };
    const struct claim line = { s->line.left_bytes, s->line.rate_bps };
    /* Where the line is in debt as a whole, so is everybody who has no turn left. */
    return turn.bytes > 0 || line.bytes >= 0 ? turn : stricter(turn, line);
}

void share_before(struct peer *p, struct tstamp now)
{
    struct share *s = &p->core->share;
    struct peer_share *own = &p->share;
    struct claim c = { INFINITY, 1 };
    if (own->own.rate_bps > 0) {
        fill(&own->own, now);
        c = (struct claim){ own->own.left_bytes, own->own.rate_bps };
        if (tstamp_reached(own->due, now))
            own->due = TSTAMP_NEVER;
        if (!tstamp_is_never(own->due))
            c.bytes = fmin(c.bytes, 0);
    }
    if (s->line.rate_bps > 0) {
        fill(&s->line, now);
        c = stricter(c, claim_turn(p, now));
    }
    bond_allow(p->bond, (int64_t)c.bytes, c.rate_bps);
}

/* Counts what was sent since. */
static void count_used(struct peer *p)
{
    struct share *s = &p->core->share;
    uint64_t used = bond_used_bytes(p->bond);
    double bytes = used > p->share.used_bytes ? (double)(used - p->share.used_bytes) : 0;
    p->share.used_bytes = used;
    spend(&p->share.own, bytes);
    spend(&s->line, bytes);
    p->share.turn_bytes = fmax(p->share.turn_bytes - bytes, -debt_most(s->line.rate_bps));
}

/* Bulk waits for one of the rates. */
static void hold(struct peer *p, struct tstamp now)
{
    struct share *s = &p->core->share;
    struct peer_share *own = &p->share;
    own->held_at = now;
    /* Less than a byte is nothing: bond_allow() counts whole ones. */
    bool own_rate = own->own.left_bytes < 1 || !tstamp_is_never(own->due) || s->line.rate_bps == 0;
    if (own->own.rate_bps > 0 && own_rate) {
        own->held_by = WIRE_LIMIT_PEER_RATE;
        own->due = opens(&own->own, now);
        return;
    }
    own->held_by = WIRE_LIMIT_UPLINK;
    if (list_has(&own->waiting))
        return;
    list_add(&s->waiting, &own->waiting);
    s->waiting_count++;
}

void share_after(struct peer *p, struct tstamp now)
{
    struct share *s = &p->core->share;
    count_used(p);
    if (s->line.rate_bps > 0 && s->line.left_bytes <= 0)
        s->opens_at = opens(&s->line, now);
    if (bond_is_held(p->bond))
        hold(p, now);
    else
        p->share.due = TSTAMP_NEVER;
}

/* ---- turns ---- */

/* The next at the line, with another turn's worth; NULL: the line is full, or nobody waits. */
static struct peer *next_at_line(struct core *c, struct tstamp now)
{
    struct share *s = &c->share;
    struct list_item *first = list_first(&s->waiting);
    if (first == NULL || tstamp_before(now, s->opens_at))
        return NULL;
    struct peer *p = LIST_OF(first, struct peer, share.waiting);
    double quantum = quantum_bytes(s->line.rate_bps);
    leave_line(p);
    peers_take(p);
    p->share.turn_bytes = fmin(p->share.turn_bytes + quantum, quantum);
    return p;
}

struct peer *share_next(struct core *c, struct tstamp now)
{
    struct share *s = &c->share;
    struct peer *p = NULL;
    if (list_is_empty(&s->waiting))
        return peers_next_sending(c);
    /* In turn, so that neither kind waits for the other. */
    s->line_first = !s->line_first;
    if (s->line_first)
        p = next_at_line(c, now);
    if (p == NULL)
        p = peers_next_sending(c);
    return p != NULL || s->line_first ? p : next_at_line(c, now);
}

struct tstamp share_deadline(const struct core *c)
{
    return list_is_empty(&c->share.waiting) ? TSTAMP_NEVER : c->share.opens_at;
}

enum wire_limit share_limit(const struct peer *p, struct tstamp now, double *rate_bps)
{
    const struct peer_share *own = &p->share;
    if (!own->on || tstamp_is_never(own->held_at) || tstamp_sub(now, own->held_at) > SHARE_HELD_NS)
        return WIRE_LIMIT_UNKNOWN;
    bool line = own->held_by == WIRE_LIMIT_UPLINK;
    *rate_bps = line ? p->core->share.line.rate_bps : own->own.rate_bps;
    return own->held_by;
}
