/* SPDX-License-Identifier: ISC */
/* The accounts of metered links: the engine tells what they carry, and the guard keeps the books.
 */
#include "guard/accounts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "guard/open.h"
#include "guard/send.h"

enum { LOOK_S = 60, SAVE_S = 60, RUNS_ON_S = 600 };

#define LIMIT_STEP 0.1 /* the engine is not told of smaller changes */

static bool has_quota(const struct link_slot *s)
{
    return link_is_used(s) && s->config.quota.bytes != 0;
}

static bool any_quota(const struct guard *g)
{
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++)
        if (has_quota(&g->links.slots[i]))
            return true;
    return false;
}

void guard_usage_open(struct guard *g)
{
    guard_state_path(g, "usage", g->accounts.path, sizeof g->accounts.path);
    int err = usage_load(&g->accounts.usage, g->accounts.path);
    if (err == -EBADMSG)
        log_warn("%s is damaged: what is readable of it counts, the rest begins at 0",
                 g->accounts.path);
    else if (err < 0)
        log_warn("%s cannot be read (%s): metered links begin at 0", g->accounts.path,
                 strerror(-err));
    g->accounts.saved = loop_now();
}

static void save(struct guard *g, struct tstamp now)
{
    int err = usage_save(&g->accounts.usage, g->accounts.path);
    g->accounts.saved = now;
    g->accounts.dirty = false;
    if (err < 0 && err != g->accounts.error)
        log_warn("%s cannot be written: %s; a restart will forget what metered links have used",
                 g->accounts.path, strerror(-err));
    else if (err == 0 && g->accounts.error != 0)
        log_info("%s is written again", g->accounts.path);
    g->accounts.error = err;
}

static void log_advice(const struct link_slot *s, const struct quota_usage *u,
                       const struct quota_advice *next)
{
    const struct quota_advice *last = &s->advice;
    const uint64_t mb = 1000000;
    if (next->used_up && !last->used_up)
        log_warn("link %s: %" PRIu64 " of %" PRIu64 " MB used: it is kept as the last resort until "
                 "day %u of the month",
                 s->config.name, u->bytes / mb, s->config.quota.bytes / mb,
                 s->config.quota.reset_day);
    else if (next->limit_bps != 0 && last->limit_bps == 0)
        log_info("link %s: %" PRIu64 " of %" PRIu64 " MB used: it is slowed down so that the rest "
                 "lasts",
                 s->config.name, u->bytes / mb, s->config.quota.bytes / mb);
    else if (next->limit_bps == 0 && !next->used_up && (last->used_up || last->limit_bps != 0))
        log_info("link %s: its quota is free again", s->config.name);
}

static bool differs(const struct quota_advice *a, const struct quota_advice *b)
{
    double most = LIMIT_STEP * (double)a->limit_bps;
    double by = (double)b->limit_bps - (double)a->limit_bps;
    return a->used_up != b->used_up || by > most || by < -most;
}

/* The month at the last look, if the clock has run on since then and was not set. */
static int32_t month_before(const struct guard *g, time_t wall, uint8_t reset_day)
{
    struct tm local;
    if (g->accounts.wall > wall || wall - g->accounts.wall > RUNS_ON_S)
        return QUOTA_MONTH_UNKNOWN;
    localtime_r(&g->accounts.wall, &local);
    return quota_month(&local, reset_day);
}

/* Brings the account of a link up to date. */
static void look(struct guard *g, size_t slot, uint64_t more_bytes)
{
    const struct link_slot *s = &g->links.slots[slot];
    struct tm local;
    time_t wall = time(NULL);
    const struct quota_rule *rule = &s->config.quota;
    struct quota_usage *u = usage_of(&g->accounts.usage, s->config.name);
    struct quota_usage before = *u;
    localtime_r(&wall, &local);
    quota_turn(u, month_before(g, wall, rule->reset_day), quota_month(&local, rule->reset_day));
    quota_add(u, more_bytes);
    g->accounts.dirty |= u->bytes != before.bytes || u->month != before.month;
    int64_t left_s = quota_left_s(&local, rule->reset_day);
    struct quota_advice next = quota_advise(rule, u->bytes, left_s);
    struct msg m = { .type = MSG_QUOTA };
    m.quota.link = (uint16_t)slot;
    m.quota.bytes = rule->bytes;
    m.quota.used_bytes = u->bytes;
    m.quota.left_s = (uint32_t)left_s;
    if (g->engine.ready)
        guard_send(g, &m, NULL, 0);
    log_advice(s, u, &next);
    if (differs(&s->advice, &next))
        links_advise(&g->links, slot, &next);
}

void guard_usage_look(struct guard *g, struct tstamp now)
{
    g->accounts.look_at = any_quota(g) ? tstamp_add(now, LOOK_S * NS_PER_S) : TSTAMP_NEVER;
    for (size_t i = 0; i < WIRE_PATHS_MAX; i++) {
        const struct link_slot *s = &g->links.slots[i];
        const struct quota_advice no_advice = { 0 };
        struct msg none = { .type = MSG_QUOTA };
        none.quota.link = (uint16_t)i;
        if (has_quota(s))
            look(g, i, 0);
        else if (link_is_used(s) && g->engine.ready)
            guard_send(g, &none, NULL, 0);
        if (!has_quota(s))
            links_advise(&g->links, i, &no_advice);
    }
    g->accounts.wall = time(NULL); /* now each account has turned, if its month has */
}

void guard_usage_add(struct guard *g, const struct msg_usage *m)
{
    if (has_quota(&g->links.slots[m->link]))
        look(g, m->link, m->bytes);
}

struct tstamp guard_usage_tick(struct guard *g, struct tstamp now)
{
    struct tstamp save_at = tstamp_add(g->accounts.saved, SAVE_S * NS_PER_S);
    if (tstamp_reached(g->accounts.look_at, now))
        guard_usage_look(g, now);
    if (g->accounts.dirty && tstamp_reached(save_at, now))
        save(g, now);
    else if (g->accounts.dirty)
        return tstamp_min(save_at, g->accounts.look_at);
    return g->accounts.look_at;
}

void guard_usage_close(struct guard *g)
{
    if (g->accounts.dirty)
        save(g, loop_now());
}
