/* SPDX-License-Identifier: ISC */
#include "guard/lines.h"

#include "base/log.h"

static void log_left_out(const struct config_peer *p, uint32_t left_out)
{
    if (left_out > 0)
        log_info("peer %s: %u changes were not logged", p->name, left_out);
}

bool guard_may_log(struct guard *g, struct tstamp now, const struct config_peer *p)
{
    struct log_limit *l = &g->lines.limits[p - g->config.peers];
    uint32_t left_out;
    if (!log_limit_take(l, now, &left_out)) {
        g->lines.at = tstamp_min(g->lines.at, log_limit_deadline(l));
        return false;
    }
    log_left_out(p, left_out);
    return true;
}

void guard_log_left_out(struct guard *g, struct tstamp now)
{
    if (!tstamp_reached(g->lines.at, now))
        return;
    g->lines.at = TSTAMP_NEVER;
    for (size_t i = 0; i < g->config.peer_count; i++) {
        log_left_out(&g->config.peers[i], log_limit_quiet(&g->lines.limits[i], now));
        g->lines.at = tstamp_min(g->lines.at, log_limit_deadline(&g->lines.limits[i]));
    }
}
