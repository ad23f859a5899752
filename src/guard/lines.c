/* SPDX-License-Identifier: ISC */
#include "guard/lines.h"

#include "base/log.h"
#include "guard/peers.h"

static void log_left_out(const struct config_peer *p, uint32_t left_out)
{
    if (left_out > 0)
        log_info("peer %s: %u changes were not logged", p->name, left_out);
}

bool guard_may_log(struct guard *g, struct tstamp now, const struct config_peer *p)
{
    struct guard_peer *peer = guard_peer(g, p);
    uint32_t left_out;
    if (!log_limit_take(&peer->lines, now, &left_out)) {
        list_add(&g->lines.left_out, &peer->quiet);
        g->lines.at = tstamp_min(g->lines.at, log_limit_deadline(&peer->lines));
        return false;
    }
    list_remove(&peer->quiet);
    log_left_out(p, left_out);
    return true;
}

void guard_log_left_out(struct guard *g, struct tstamp now)
{
    const struct list *list = &g->lines.left_out;
    if (!tstamp_reached(g->lines.at, now))
        return;
    g->lines.at = TSTAMP_NEVER;
    for (struct list_item *i = list_first(list), *next; i != NULL; i = next) {
        struct guard_peer *peer = LIST_OF(i, struct guard_peer, quiet);
        next = list_after(list, i);
        uint32_t left_out = log_limit_quiet(&peer->lines, now);
        log_left_out(&g->config.peers[peer - g->peers.list], left_out);
        if (left_out > 0)
            list_remove(i);
        g->lines.at = tstamp_min(g->lines.at, log_limit_deadline(&peer->lines));
    }
}
