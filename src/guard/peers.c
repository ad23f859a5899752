/* SPDX-License-Identifier: ISC */
/* What changes with the peers: noted for the next look at the network, and told to the hook. */
#include "guard/peers.h"

#include <stdio.h>

#include "base/log.h"
#include "guard/network/network_told.h"

void guard_peers_changed(struct guard *g, struct tstamp now)
{
    const struct config *c = &g->config;
    bool path_up = false;
    bool called_up = false;
    for (size_t i = 0; i < c->peer_count; i++) {
        const struct config_peer *p = &c->peers[i];
        called_up = called_up || (g->engine.peer_up[i] && p->endpoint_count > 0);
        for (size_t j = 0; g->engine.peer_up[i] && j < p->allowed_count; j++)
            path_up = path_up || config_is_wide(&p->allowed[j]);
    }
    network_set_path_up(&g->network, path_up);
    network_set_lookups(&g->network, !called_up, g->network.told.lookup_slot);
    g->look.at = now;
}

static bool accepts(const struct guard_peer *p, const struct netprefix *prefix)
{
    for (size_t i = 0; i < p->accepted_count; i++)
        if (p->accepted[i].len <= prefix->len &&
            netprefix_contains(&p->accepted[i], prefix->family, prefix->addr))
            return true;
    return false;
}

/* What goes to one peer may go to another one, so what counts is what all of them accept. */
void guard_accepted_changed(struct guard *g, struct tstamp now)
{
    const struct config *c = &g->config;
    struct netprefix list[CORE_ACCEPTED_MAX];
    const struct guard_peer *first = NULL;
    size_t count = 0;
    for (size_t i = 0; first == NULL && i < c->peer_count; i++)
        first = c->peers[i].endpoint_count > 0 ? &g->peers[i] : NULL;
    for (size_t k = 0; first != NULL && k < first->accepted_count && count < CORE_ACCEPTED_MAX;
         k++) {
        bool by_all = true;
        for (size_t i = 0; i < c->peer_count; i++)
            by_all = by_all && (c->peers[i].endpoint_count == 0 ||
                                accepts(&g->peers[i], &first->accepted[k]));
        if (by_all)
            list[count++] = first->accepted[k];
    }
    if (network_set_accepted(&g->network, list, count) < 0)
        log_error("out of memory");
    g->look.at = now;
}
