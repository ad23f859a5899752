/* SPDX-License-Identifier: ISC */
/*
 * The device has the largest MTU of all peers; the routes to a peer that carries less have their
 * own. So one peer behind a narrow path makes nobody else's packets small. What was measured
 * outlives the engine. With "mtu" in the configuration nothing of that happens.
 */
#include <string.h>

#include "base/log.h"
#include "daemon/guard_internal.h"

/* What the engine measured is believed only as far as a datagram can carry it whole. */
static uint32_t clamp(uint32_t mtu_bytes)
{
    const uint32_t most = WIRE_DATAGRAM_MAX - WIRE_OVERHEAD_BYTES;
    if (mtu_bytes < CONFIG_MTU_MIN)
        return CONFIG_MTU_MIN;
    return mtu_bytes < most ? mtu_bytes : most;
}

/* True: it has changed. */
static bool set_routes(struct guard *g, size_t peer)
{
    uint32_t measured = g->peer_mtu_bytes[peer];
    bool narrower = g->config.mtu_bytes == 0 && measured < g->network.mtu_bytes;
    uint32_t mtu_bytes = narrower ? measured : 0;
    if (g->network.peer_mtu_bytes[peer] == mtu_bytes)
        return false;
    network_set_peer_mtu(&g->network, peer, mtu_bytes);
    return true;
}

static bool set_all_routes(struct guard *g)
{
    bool changed = false;
    for (size_t i = 0; i < g->config.peer_count; i++)
        changed = set_routes(g, i) || changed;
    return changed;
}

void guard_mtu_device(struct guard *g, struct tstamp now, uint32_t mtu_bytes)
{
    mtu_bytes = clamp(mtu_bytes);
    if (g->config.mtu_bytes != 0 || mtu_bytes == g->network.mtu_bytes)
        return;
    log_debug("MTU of %s: %u", g->config.interface, mtu_bytes);
    network_set_mtu(&g->network, mtu_bytes);
    if (set_all_routes(g))
        guard_look_soon(g, now);
}

void guard_mtu_peer(struct guard *g, struct tstamp now, size_t peer, uint32_t mtu_bytes)
{
    g->peer_mtu_bytes[peer] = clamp(mtu_bytes);
    log_debug("MTU towards peer %s: %u", g->config.peers[peer].name, g->peer_mtu_bytes[peer]);
    if (set_routes(g, peer))
        guard_look_soon(g, now);
}

void guard_mtu_reload(struct guard *g, const struct config *old)
{
    uint32_t before[CONFIG_PEERS_MAX];
    memcpy(before, g->peer_mtu_bytes, sizeof before);
    memset(g->peer_mtu_bytes, 0, sizeof g->peer_mtu_bytes);
    for (size_t i = 0; i < g->config.peer_count; i++)
        for (size_t j = 0; j < old->peer_count; j++)
            if (before[j] != 0 &&
                memcmp(g->config.peers[i].public_key, old->peers[j].public_key, 32) == 0)
                g->peer_mtu_bytes[i] = before[j];
    set_all_routes(g);
}
