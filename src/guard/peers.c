/* SPDX-License-Identifier: ISC */
#include "guard/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "guard/network/network_told.h"

int guard_peers_new(struct guard_peers *out, const struct config *c)
{
    *out = (struct guard_peers){ .count = c->peer_count, .accepted_due = true };
    out->list = calloc(c->peer_count + 1, sizeof *out->list);
    return out->list != NULL ? 0 : -ENOMEM;
}

void guard_peers_free(struct guard_peers *peers)
{
    for (size_t i = 0; i < peers->count; i++) {
        presence_free(&peers->list[i].links);
        free(peers->list[i].accepted);
    }
    free(peers->list);
    *peers = (struct guard_peers){ 0 };
}

struct guard_peer *guard_peer(struct guard *g, const struct config_peer *p)
{
    return &g->peers.list[p - g->config.peers];
}

static bool is_wide(const struct config_peer *p)
{
    for (size_t i = 0; i < p->allowed_count; i++)
        if (config_is_wide(&p->allowed[i]))
            return true;
    return false;
}

static void count_up(struct guard_peers *peers, const struct config_peer *p, bool up)
{
    size_t by = up ? 1 : SIZE_MAX;
    if (is_wide(p))
        peers->wide_up += by;
    if (p->endpoint_count > 0)
        peers->called_up += by;
}

void guard_peers_move(struct guard *g, const struct config *old, struct guard_peers *before)
{
    for (size_t i = 0; i < before->count; i++) {
        const struct config_peer *p = config_peer_of_key(&g->config, old->peers[i].public_key);
        struct guard_peer *from = &before->list[i];
        if (p == NULL)
            continue;
        struct guard_peer *to = guard_peer(g, p);
        *to = (struct guard_peer){ .up = from->up,
                                   .links = from->links,
                                   .mtu = from->mtu,
                                   .accepted = from->accepted,
                                   .accepted_count = from->accepted_count };
        memcpy(to->lookup, from->lookup, sizeof to->lookup);
        *from = (struct guard_peer){ 0 };
        if (to->up)
            count_up(&g->peers, p, true);
    }
    list_init(&g->lines.left_out);
    g->lines.at = TSTAMP_NEVER;
}

void guard_peer_set_up(struct guard *g, struct tstamp now, const struct config_peer *p, bool up)
{
    struct guard_peer *peer = guard_peer(g, p);
    if (peer->up == up)
        return;
    peer->up = up;
    count_up(&g->peers, p, up);
    guard_peers_changed(g, now);
}

void guard_peers_changed(struct guard *g, struct tstamp now)
{
    bool path_up = g->peers.wide_up > 0;
    bool lookups = g->peers.called_up == 0;
    const struct network_told *told = &g->network.told;
    if (told->path_up == path_up && told->lookups == lookups)
        return;
    network_set_path_up(&g->network, path_up);
    network_set_lookups(&g->network, lookups, told->lookup_slot);
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

void guard_accepted_changed(struct guard *g, struct tstamp now)
{
    g->peers.accepted_due = true;
    g->look.at = tstamp_min(g->look.at, now);
}

/* What goes to one peer may go to another one, so what counts is what all of them accept. */
void guard_accepted_update(struct guard *g)
{
    const struct config *c = &g->config;
    struct netprefix list[CORE_ACCEPTED_MAX];
    const struct guard_peer *first = NULL;
    size_t count = 0;
    if (!g->peers.accepted_due)
        return;
    g->peers.accepted_due = false;
    for (size_t i = 0; first == NULL && i < c->peer_count; i++)
        first = c->peers[i].endpoint_count > 0 ? &g->peers.list[i] : NULL;
    for (size_t k = 0; first != NULL && k < first->accepted_count && count < CORE_ACCEPTED_MAX;
         k++) {
        bool by_all = true;
        for (size_t i = 0; by_all && i < c->peer_count; i++)
            by_all =
                c->peers[i].endpoint_count == 0 || accepts(&g->peers.list[i], &first->accepted[k]);
        if (by_all)
            list[count++] = first->accepted[k];
    }
    if (network_set_accepted(&g->network, list, count) < 0)
        log_error("out of memory");
}
