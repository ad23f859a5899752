/* SPDX-License-Identifier: ISC */
/*
 * The device has the largest MTU of all peers; the routes to a peer that carries less have their
 * own. So one peer behind a narrow path makes nobody else's packets small. No MTU is below 1280,
 * also where packets of that are cut: there TCP's MSS is what fits. What was measured outlives the
 * engine. With "mtu" in the configuration nothing of that happens.
 */
#include "guard/mtu.h"

#include <string.h>

#include "base/log.h"
#include "guard/network/network.h"
#include "guard/network/network_told.h"
#include "guard/update.h"

/* What the engine measured is believed only as far as a datagram can carry it whole. */
enum {
    FIT_MIN = WIRE_DATAGRAM_MIN - WIRE_OVERHEAD_BYTES,
    FIT_MAX = WIRE_DATAGRAM_MAX - WIRE_OVERHEAD_BYTES,
};

static uint32_t clamp(uint32_t bytes, uint32_t least)
{
    if (bytes < least)
        return least;
    return bytes < FIT_MAX ? bytes : FIT_MAX;
}

/* True: it has changed. */
static bool set_routes(struct guard *g, size_t peer)
{
    const struct guard_mtu *measured = &g->peers.list[peer].mtu;
    bool narrower = g->config.mtu_bytes == 0 && measured->mtu_bytes < g->network.mtu_bytes;
    bool cut = g->config.mtu_bytes == 0 && measured->fit_bytes < measured->mtu_bytes;
    const struct network_peer to = { .mtu_bytes = narrower ? measured->mtu_bytes : 0,
                                     .fit_bytes = cut ? measured->fit_bytes : 0 };
    bool changed;
    if (network_set_peer(&g->network, peer, &to, &changed) < 0)
        log_error("out of memory: routes to peer %s keep their MTU", g->config.peers[peer].name);
    return changed;
}

static bool set_all_routes(struct guard *g)
{
    bool changed = false;
    for (size_t i = 0; i < g->peers.count; i++)
        changed = set_routes(g, i) || changed;
    return changed;
}

void guard_mtu_device(struct guard *g, struct tstamp now, uint32_t mtu_bytes)
{
    mtu_bytes = clamp(mtu_bytes, CONFIG_MTU_MIN);
    if (g->config.mtu_bytes != 0 || mtu_bytes == g->network.mtu_bytes)
        return;
    log_debug("MTU of %s: %u", g->config.interface, mtu_bytes);
    network_set_mtu(&g->network, mtu_bytes);
    if (set_all_routes(g))
        guard_look_soon(g, now);
}

void guard_mtu_peer(struct guard *g, struct tstamp now, size_t peer, uint32_t mtu_bytes,
                    uint32_t fit_bytes)
{
    struct guard_mtu *m = &g->peers.list[peer].mtu;
    m->mtu_bytes = clamp(mtu_bytes, CONFIG_MTU_MIN);
    m->fit_bytes = clamp(fit_bytes, FIT_MIN);
    log_debug("MTU towards peer %s: %u, not cut: %u", g->config.peers[peer].name, m->mtu_bytes,
              m->fit_bytes);
    if (set_routes(g, peer))
        guard_look_soon(g, now);
}

void guard_mtu_reload(struct guard *g)
{
    network_forget_peers(&g->network);
    set_all_routes(g);
}
