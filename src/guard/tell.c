/* SPDX-License-Identifier: ISC */
/* What the guard tells the engine: messages made of what it knows. */
#include "guard/tell.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/plain.h"
#include "guard/lines.h"
#include "guard/peers.h"
#include "guard/send.h"
#include "sys/memory.h"

bool guard_tell_link(void *arg, const struct msg_link *link, int fd)
{
    struct guard *g = arg;
    struct msg m = { .type = MSG_LINK, .link = *link };
    return g->engine.ready && guard_send(g, &m, &fd, fd >= 0 ? 1 : 0);
}

void guard_tell_endpoints(void *arg, const struct config_peer *peer, const struct netaddr *addrs,
                          size_t count)
{
    struct guard *g = arg;
    struct msg m = { .type = MSG_ENDPOINTS };
    if (!g->engine.ready)
        return; /* it is told all when it is */
    memcpy(m.endpoints.public_key, peer->public_key, sizeof m.endpoints.public_key);
    for (size_t i = 0; i < count && i < CORE_ENDPOINTS_MAX; i++)
        m.endpoints.addrs[m.endpoints.count++] = addrs[i];
    guard_send(g, &m, NULL, 0);
}

static void tell_lookup(struct guard *g, size_t place)
{
    struct msg m = { .type = MSG_LOOKUP };
    memcpy(m.lookup.public_key, g->config.peers[place].public_key, sizeof m.lookup.public_key);
    memcpy(m.lookup.text, g->peers.list[place].lookup, sizeof m.lookup.text);
    guard_send(g, &m, NULL, 0);
}

void guard_tell_lookup(void *arg, const struct config_peer *peer, const char *text)
{
    struct guard *g = arg;
    char plain[MSG_WHY_MAX + 1];
    char *known = guard_peer(g, peer)->lookup;
    snprintf(plain, sizeof plain, "%s", text);
    plain_text(plain);
    if (strcmp(known, plain) == 0)
        return;
    memcpy(known, plain, sizeof plain);
    if (g->engine.ready)
        tell_lookup(g, (size_t)(peer - g->config.peers));
    if (!guard_may_log(g, loop_now(), peer))
        return;
    if (text[0] == '\0')
        log_info("peer %s: its names are found", peer->name);
    else
        log_warn("peer %s: %s, trying again", peer->name, text);
}

void guard_tell_lookups(struct guard *g)
{
    for (size_t i = 0; i < g->config.peer_count; i++)
        if (g->peers.list[i].lookup[0] != '\0')
            tell_lookup(g, i);
}

void guard_forget_lookups(struct guard *g)
{
    for (size_t i = 0; i < g->config.peer_count; i++) {
        char *known = g->peers.list[i].lookup;
        if (known[0] == '\0')
            continue;
        known[0] = '\0';
        tell_lookup(g, i);
    }
}

static void fill_peer(struct msg *m, const struct config_peer *p)
{
    m->type = MSG_PEER;
    memcpy(m->peer.name, p->name, sizeof m->peer.name);
    memcpy(m->peer.public_key, p->public_key, sizeof m->peer.public_key);
    memcpy(m->peer.preshared_key, p->preshared_key, sizeof m->peer.preshared_key);
    m->peer.initiate = p->endpoint_count > 0;
    m->peer.send_limit_bps = m->peer.initiate ? p->max_up_bps : p->max_down_bps;
    m->peer.receive_limit_bps = m->peer.initiate ? p->max_down_bps : p->max_up_bps;
    m->peer.allowed_count = (uint16_t)p->allowed_count;
    memcpy(m->peer.allowed, p->allowed, p->allowed_count * sizeof p->allowed[0]);
}

static bool tell_all_peers(struct guard *g)
{
    struct msg m = { 0 };
    bool told = true;
    for (size_t i = 0; told && i < g->config.peer_count; i++) {
        fill_peer(&m, &g->config.peers[i]);
        told = guard_send(g, &m, NULL, 0);
    }
    explicit_bzero(&m, sizeof m);
    return told;
}

/* By what the engine would be told of them. */
static bool is_same(const struct msg *m, const struct config_peer *old, struct msg *scratch)
{
    uint8_t x[MSG_BYTES_MAX];
    uint8_t y[MSG_BYTES_MAX];
    fill_peer(scratch, old);
    size_t n = msg_encode(m, x);
    bool same = n == msg_encode(scratch, y) && memcmp(x, y, n) == 0;
    explicit_bzero(x, n);
    explicit_bzero(y, n);
    return same;
}

bool guard_tell_peer_changes(struct guard *g, const struct config *old)
{
    struct msg m = { .type = MSG_PEER_GONE };
    struct msg scratch = { 0 };
    bool told = true;
    for (size_t i = 0; told && i < old->peer_count; i++) {
        memcpy(m.peer_gone, old->peers[i].public_key, sizeof m.peer_gone);
        if (config_peer_of_key(&g->config, m.peer_gone) == NULL)
            told = guard_send(g, &m, NULL, 0);
    }
    for (size_t i = 0; told && i < g->config.peer_count; i++) {
        const struct config_peer *p = &g->config.peers[i];
        const struct config_peer *before = config_peer_of_key(old, p->public_key);
        fill_peer(&m, p);
        if (before == NULL || !is_same(&m, before, &scratch))
            told = guard_send(g, &m, NULL, 0);
    }
    explicit_bzero(&m, sizeof m);
    explicit_bzero(&scratch, sizeof scratch);
    return told;
}

bool guard_tell_policies(struct guard *g)
{
    const struct config *c = &g->config;
    struct msg m = { .type = MSG_POLICIES, .policy_count = (uint16_t)c->policy_count };
    bool told = guard_send(g, &m, NULL, 0);
    for (size_t i = 0; told && i < c->policy_count; i++) {
        const struct config_policy *p = &c->policies[i];
        memset(&m, 0, sizeof m);
        m.type = MSG_POLICY;
        memcpy(m.policy.name, p->name, sizeof m.policy.name);
        m.policy.dscps = p->dscps;
        m.policy.action = p->action;
        m.policy.step_count = p->filter.count;
        if (p->filter.count > 0)
            memcpy(m.policy.steps, p->filter.steps, p->filter.count * sizeof m.policy.steps[0]);
        told = guard_send(g, &m, NULL, 0);
    }
    return told;
}

void guard_tell_restored(struct guard *g)
{
    struct msg m = { .type = MSG_RESTORED, .restored = g->network.restored };
    if (g->engine.ready)
        guard_send(g, &m, NULL, 0);
}

enum log_level guard_log_level(const struct guard *g)
{
    return g->options->verbose ? LOG_LEVEL_DEBUG : g->config.log_level;
}

bool guard_tell_settings(struct guard *g)
{
    struct msg m = { .type = MSG_SETTINGS };
    m.settings.log_level = (uint8_t)guard_log_level(g);
    m.settings.mtu_bytes = g->config.mtu_bytes;
    m.settings.uplink_bps = g->config.uplink_bps;
    return guard_send(g, &m, NULL, 0);
}

void guard_tell_wish(struct guard *g, const struct msg_wish *wish)
{
    struct msg m = { .type = MSG_WISH, .wish = *wish };
    guard_send(g, &m, NULL, 0);
}

/* As configured, or a quarter of what the machine has. */
static uint64_t memory_max_bytes(const struct config *c)
{
    uint64_t quarter = memory_of_machine_bytes() / 4;
    if (c->engine.memory_max_bytes > 0)
        return c->engine.memory_max_bytes;
    return quarter > BOND_ARENA_LEAST_BYTES ? quarter : BOND_ARENA_LEAST_BYTES;
}

static bool tell_setup(struct guard *g)
{
    const struct config *c = &g->config;
    struct msg m = { .type = MSG_SETUP };
    int fds[2] = { g->opened.tun_fd, g->opened.control_fd };
    memcpy(m.setup.interface, c->interface, sizeof m.setup.interface);
    memcpy(m.setup.private_key, c->private_key, sizeof m.setup.private_key);
    memcpy(m.setup.root, g->engine.root, sizeof m.setup.root);
    m.setup.cipher = c->engine.cipher;
    m.setup.rekey_s = c->engine.rekey_s;
    m.setup.memory_max_bytes = memory_max_bytes(c);
    m.setup.mtu_bytes = c->mtu_bytes;
    m.setup.uplink_bps = c->uplink_bps;
    m.setup.log_level = (uint8_t)guard_log_level(g);
    m.setup.journal = g->journal;
    m.setup.tun_offload = (uint8_t)g->opened.tun_offload;
    m.setup.udp_gso = c->engine.udp_gso;
    m.setup.uid = g->engine.uid;
    m.setup.gid = g->engine.gid;
    m.setup.peer_count = (uint32_t)c->peer_count;
    bool told = guard_send(g, &m, fds, 2);
    explicit_bzero(&m, sizeof m);
    return told;
}

void guard_tell_start(struct guard *g)
{
    if (tell_setup(g))
        tell_all_peers(g);
}
