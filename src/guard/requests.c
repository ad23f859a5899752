/* SPDX-License-Identifier: ISC */
/*
 * What the engine says and asks for, and what that means: decided by what the guard knows, and done
 * by others. fuzz_guard.c drives it without a process or a kernel.
 */
#include "guard/requests.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "guard/accounts.h"
#include "guard/announce.h"
#include "guard/lines.h"
#include "guard/mtu.h"
#include "guard/open.h"
#include "guard/peers.h"
#include "guard/problems.h"
#include "guard/send.h"
#include "guard/tell.h"
#include "guard/update.h"
#include "sys/notify.h"

static void on_ready(struct guard *g, struct tstamp now, const struct msg *m)
{
    (void)m;
    if (g->engine.ready)
        return;
    g->engine.ready = true;
    watchdog_start(&g->engine.watchdog, now, notify_watchdog_usec());
    for (size_t i = 0; i < g->opened.listen_count; i++) {
        struct msg listen = { .type = MSG_LISTEN, .listen = (uint16_t)i };
        const int fds[] = { g->opened.listen_fds[i], g->opened.beat_fds[i] };
        guard_send(g, &listen, fds, fds[1] >= 0 ? 2 : 1);
    }
    guard_tell_policies(g);
    guard_tell_problems(g);
    for (size_t i = 0; i < g->wishes.count; i++)
        guard_tell_wish(g, &g->wishes.list[i]);
    links_untold(&g->links);
    guard_usage_look(g, now);
    guard_update_network(g, now);
    guard_tell_restored(g);
    resolver_repeat(g->names.resolver);
    guard_tell_lookups(g);
    if (g->is_up)
        return;
    g->is_up = true;
    log_info("tunnel %s is set up", g->config.interface);
    guard_hint_lan(g);
    notify_send("READY=1");
    guard_report(g, GUARD_READY);
    guard_hook(g, now, HOOK_TUNNEL_UP, NULL, NULL, NULL, "start");
}

static void on_resolve(struct guard *g, struct tstamp now, const struct msg *m)
{
    resolver_refresh(g->names.resolver, now, m->resolve);
}

static void on_mtu(struct guard *g, struct tstamp now, const struct msg *m)
{
    guard_mtu_device(g, now, m->mtu_bytes);
}

static void on_peer_mtu(struct guard *g, struct tstamp now, const struct msg *m)
{
    const struct config_peer *p = config_peer_of_key(&g->config, m->peer_mtu.public_key);
    if (p != NULL)
        guard_mtu_peer(g, now, (size_t)(p - g->config.peers), m->peer_mtu.mtu_bytes,
                       m->peer_mtu.fit_bytes);
}

static void on_reload(struct guard *g, struct tstamp now, const struct msg *m)
{
    (void)now;
    (void)m;
    g->reload.wanted = true;
    g->reload.asked = true;
}

static void on_peer_state(struct guard *g, struct tstamp now, const struct msg *m)
{
    const struct config_peer *p = config_peer_of_key(&g->config, m->state.public_key);
    if (p == NULL)
        return;
    guard_peer_set_up(g, now, p, m->state.up);
    if (guard_may_log(g, now, p))
        log_info("peer %s is %s (%s)", p->name, m->state.up ? "up" : "down", m->state.reason);
    guard_hook(g, now, m->state.up ? HOOK_PEER_UP : HOOK_PEER_DOWN, p->name, NULL, &m->state.remote,
               m->state.reason);
}

static void on_path_state(struct guard *g, struct tstamp now, const struct msg *m)
{
    const struct config_peer *p = config_peer_of_key(&g->config, m->state.public_key);
    const char *link = m->state.link;
    if (p == NULL)
        return;
    if (m->state.up)
        resolver_answered(g->names.resolver, p->public_key, &m->state.remote);
    presence_set(&guard_peer(g, p)->links, PRESENCE_LINK, link, m->state.up);
    if (guard_may_log(g, now, p))
        log_info("peer %s: link %s is %s (%s)", p->name, link, m->state.up ? "up" : "down",
                 m->state.reason);
    guard_hook(g, now, m->state.up ? HOOK_LINK_UP : HOOK_LINK_DOWN, p->name, link, &m->state.remote,
               m->state.reason);
}

static void on_same_key(struct guard *g, struct tstamp now, const struct msg *m)
{
    const struct config_peer *p = config_peer_of_key(&g->config, m->state.public_key);
    char from[NETADDR_STRLEN];
    if (p != NULL && guard_may_log(g, now, p))
        log_warn("peer %s: another machine uses its key and calls from %s; the one that started "
                 "last is used: give each machine a key of its own",
                 p->name, netaddr_format(&m->state.remote, from));
}

static void on_path_slow(struct guard *g, struct tstamp now, const struct msg *m)
{
    const struct config_peer *p = config_peer_of_key(&g->config, m->state.public_key);
    const char *link = m->state.link;
    bool ended = m->state.up;
    if (p == NULL)
        return;
    presence_set(&guard_peer(g, p)->links, PRESENCE_SLOW, link, !ended);
    if (guard_may_log(g, now, p) && ended)
        log_info("peer %s: link %s is no longer slow (%s)", p->name, link, m->state.reason);
    else if (!ended)
        log_warn("peer %s: link %s has been slow for a minute (%s)", p->name, link,
                 m->state.reason);
    guard_hook(g, now, ended ? HOOK_LINK_SLOW_END : HOOK_LINK_SLOW, p->name, link, &m->state.remote,
               m->state.reason);
}

/* Of a link of a peer's: the engine is told in return, as after its restart. */
static void choose_for_peer(struct guard *g, const struct msg_choose *choose)
{
    static const enum wire_path_use uses[] = { [MSG_CHOICE_NONE] = WIRE_PATH_ACTIVE,
                                               [MSG_CHOICE_ACTIVE] = WIRE_PATH_ACTIVE,
                                               [MSG_CHOICE_STANDBY] = WIRE_PATH_STANDBY,
                                               [MSG_CHOICE_DOWN] = WIRE_PATH_DOWN };
    struct msg_wish wish = { .use = (uint8_t)uses[choose->choice] };
    const struct config_peer *p = config_peer_of_key(&g->config, choose->public_key);
    if (p == NULL)
        return;
    memcpy(wish.public_key, choose->public_key, sizeof wish.public_key);
    memcpy(wish.link, choose->link, sizeof wish.link);
    int err = wishes_set(&g->wishes, &wish);
    if (err < 0)
        log_error("peer %s: link %s cannot be set: %s", p->name, wish.link, strerror(-err));
    else
        guard_tell_wish(g, &wish);
}

static void on_choose(struct guard *g, struct tstamp now, const struct msg *m)
{
    static const uint8_t ours[32];
    (void)now;
    if (memcmp(m->choose.public_key, ours, sizeof ours) != 0) {
        choose_for_peer(g, &m->choose);
        return;
    }
    links_choose(&g->links, m->choose.link, (enum msg_choice)m->choose.choice);
}

static void on_usage(struct guard *g, struct tstamp now, const struct msg *m)
{
    (void)now;
    guard_usage_add(g, &m->usage);
}

/* What a peer routes back to us: whoever forwards to it need not hide these addresses. */
static void on_accepted(struct guard *g, struct tstamp now, const struct msg *m)
{
    const struct config_peer *p = config_peer_of_key(&g->config, m->accepted.public_key);
    char text[NETADDR_STRLEN];
    if (p == NULL)
        return;
    struct guard_peer *known = guard_peer(g, p);
    struct netprefix *list = calloc((size_t)m->accepted.count + 1, sizeof *list);
    if (list == NULL)
        return;
    memcpy(list, m->accepted.list, m->accepted.count * sizeof *list);
    free(known->accepted);
    known->accepted = list;
    known->accepted_count = m->accepted.count;
    for (size_t i = 0; i < known->accepted_count; i++)
        log_debug("peer %s accepts %s from us", p->name, netprefix_format(&list[i], text));
    if (p->endpoint_count > 0) /* others call us, and nothing is hidden from them */
        guard_accepted_changed(g, now);
}

/* The service manager hears that we live only while the engine does. */
static void on_pong(struct guard *g, struct tstamp now, const struct msg *m)
{
    (void)m;
    watchdog_answered(&g->engine.watchdog, now);
    if (notify_watchdog_usec() > 0)
        notify_send("WATCHDOG=1");
}

/* All that an engine can have done for it. */
static const struct {
    enum msg_type type;
    void (*handle)(struct guard *g, struct tstamp now, const struct msg *m);
} requests[] = {
    { MSG_READY, on_ready },
    { MSG_RESOLVE, on_resolve },
    { MSG_MTU, on_mtu },
    { MSG_PEER_MTU, on_peer_mtu },
    { MSG_RELOAD, on_reload },
    { MSG_PEER_STATE, on_peer_state },
    { MSG_PATH_STATE, on_path_state },
    { MSG_SAME_KEY, on_same_key },
    { MSG_CHOOSE, on_choose },
    { MSG_USAGE, on_usage },
    { MSG_PATH_SLOW, on_path_slow },
    { MSG_ACCEPTED, on_accepted },
    { MSG_PONG, on_pong },
};

bool guard_take_request(struct guard *g, struct tstamp now, struct msg *m)
{
    msg_make_plain(m);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        if (requests[i].type == m->type) {
            requests[i].handle(g, now, m);
            return true;
        }
    }
    return false;
}

/* Its end */

/* Nobody else will tell of what was up. */
static void peers_gone(struct guard *g, struct tstamp now)
{
    static const char reason[] = "the engine ended";
    static const enum presence_kind order[] = { PRESENCE_SLOW, PRESENCE_LINK };
    const struct netaddr none = { 0 };
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
        for (size_t i = 0; i < g->peers.count; i++) {
            const struct presence *links = &g->peers.list[i].links;
            for (size_t j = 0; j < links->count; j++)
                if (links->list[j].kind == order[k])
                    guard_hook_gone(g, now, g->config.peers[i].name, &links->list[j], reason);
        }
    for (size_t i = 0; i < g->peers.count; i++) {
        struct guard_peer *p = &g->peers.list[i];
        presence_free(&p->links);
        if (p->up)
            guard_hook(g, now, HOOK_PEER_DOWN, g->config.peers[i].name, NULL, &none, reason);
        p->up = false;
    }
    g->peers.wide_up = g->peers.called_up = 0;
    guard_peers_changed(g, now);
}

void guard_forget_engine(struct guard *g, struct tstamp now)
{
    g->engine.ready = false;
    watchdog_stop(&g->engine.watchdog);
    links_untold(&g->links);
    peers_gone(g, now);
}
