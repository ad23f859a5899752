/* SPDX-License-Identifier: ISC */
#include "guard/reload.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/load.h"
#include "guard/accounts.h"
#include "guard/announce.h"
#include "guard/firewall_watch.h"
#include "guard/mtu.h"
#include "guard/network/network.h"
#include "guard/peers.h"
#include "guard/send.h"
#include "guard/tell.h"
#include "guard/update.h"
#include "sys/notify.h"

/* Adds one error to the text that goes back to hawser reload, and to the log. */
static void complain(char text[MSG_TEXT_MAX + 1], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void complain(char text[MSG_TEXT_MAX + 1], const char *format, ...)
{
    char line[CONFIG_PATH_BYTES_MAX + CONFIG_ERROR_BYTES + 16];
    size_t at = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log_error("reload: %s", line);
    snprintf(text + at, MSG_TEXT_MAX + 1 - at, "%s%s", at > 0 ? "; " : "", line);
}

static void complain_at(char text[MSG_TEXT_MAX + 1], const struct config_error *e)
{
    char prefix[CONFIG_ERROR_PREFIX_BYTES];
    config_error_prefix(e, prefix);
    complain(text, "%s%s", prefix, e->text);
}

static bool same_listen(const struct config *a, const struct config *b)
{
    if (a->listen_count != b->listen_count)
        return false;
    for (size_t i = 0; i < a->listen_count; i++)
        if (!netaddr_equal(&a->listen[i], &b->listen[i]))
            return false;
    return true;
}

/* Settings that the running processes were built on; the first that differs, or NULL. */
static const char *changed_for_good(const struct config *a, const struct config *b)
{
    if (strcmp(a->interface, b->interface) != 0)
        return "interface";
    if (memcmp(a->private_key, b->private_key, sizeof a->private_key) != 0)
        return "private-key";
    if (!same_listen(a, b))
        return "listen";
    if (strcmp(a->engine.user, b->engine.user) != 0)
        return "user";
    if (strcmp(a->control, b->control) != 0)
        return "control";
    if (a->engine.cipher != b->engine.cipher)
        return "cipher";
    if (a->network.mark != b->network.mark || a->network.mark_mask != b->network.mark_mask)
        return "mark";
    if (a->engine.rekey_s != b->engine.rekey_s)
        return "rekey-seconds";
    if (a->engine.memory_max_bytes != b->engine.memory_max_bytes)
        return "memory-max";
    if (a->engine.tun_offload != b->engine.tun_offload)
        return "offload";
    if (a->engine.udp_gso != b->engine.udp_gso || a->engine.udp_gro != b->engine.udp_gro)
        return "udp-offload";
    return NULL;
}

static bool may_use(const struct guard *g, const struct config *next,
                    const struct config_errors *errors, char text[MSG_TEXT_MAX + 1])
{
    for (size_t i = 0; i < errors->count; i++)
        complain_at(text, &errors->list[i]);
    if (errors->count > 0)
        return false;
    const char *changed = changed_for_good(&g->config, next);
    if (changed != NULL)
        complain(text, "a changed %s needs a restart: %s%s", changed,
                 g->options->is_unit ? "systemctl restart " : "end this hawserd and start it again",
                 g->options->is_unit ? g->options->unit : "");
    return changed == NULL;
}

/* The engine tells nothing more of a peer that is removed. */
static void take_leave(struct guard *g, struct tstamp now, const struct config_peer *p,
                       struct guard_peer *known)
{
    const struct netaddr none = { 0 };
    struct presence_entry gone;
    log_info("peer %s: removed", p->name);
    while (presence_take(&known->links, &gone))
        guard_hook_gone(g, now, p->name, &gone, "removed");
    if (known->up)
        guard_hook(g, now, HOOK_PEER_DOWN, p->name, NULL, &none, "removed");
}

static void peers_changed(struct guard *g, struct tstamp now, const struct config *old,
                          struct guard_peers *before)
{
    guard_peers_move(g, old, before);
    for (size_t i = 0; i < old->peer_count; i++)
        if (config_peer_of_key(&g->config, old->peers[i].public_key) == NULL)
            take_leave(g, now, &old->peers[i], &before->list[i]);
    for (size_t i = 0; i < g->config.peer_count; i++)
        if (config_peer_of_key(old, g->config.peers[i].public_key) == NULL)
            log_info("peer %s: added", g->config.peers[i].name);
    wishes_keep(&g->wishes, &g->config);
}

/* Where it is found out from now on, the engine tells what it is at present. */
static void mtu_changed(struct guard *g)
{
    if (g->config.mtu_bytes != 0 && g->config.mtu_bytes != g->network.mtu_bytes)
        network_set_mtu(&g->network, g->config.mtu_bytes);
}

/* False: the network cannot be as configured, and the log says why. */
static bool apply(struct guard *g, struct tstamp now, const struct config *next,
                  const struct guard_peers *peers)
{
    struct config old = g->config;
    struct guard_peers before = g->peers;
    g->config = *next;
    g->peers = *peers;
    peers_changed(g, now, &old, &before);
    log_set_level(guard_log_level(g));
    mtu_changed(g);
    guard_mtu_reload(g);
    memcpy(g->hook.path, g->config.hook, sizeof g->hook.path);
    if (g->engine.ready && guard_tell_settings(g) && guard_tell_peer_changes(g, &old)) {
        guard_forget_lookups(g);
        guard_tell_policies(g);
    }
    links_configure(&g->links, &g->config);
    guard_usage_look(g, now);
    guard_peers_changed(g, now);
    guard_accepted_changed(g, now);
    bool ok = guard_update_network(g, now) == 0;
    guard_firewall_recheck(g, now);
    if (resolver_set_peers(g->names.resolver, now, &g->config, &old) < 0)
        log_error("out of memory: endpoints are not looked up");
    guard_peers_free(&before);
    config_free(&old);
    return ok;
}

void guard_take_config(struct guard *g, struct tstamp now, struct config *next,
                       const struct config_errors *errors)
{
    char text[MSG_TEXT_MAX + 1] = "";
    struct guard_peers peers;
    bool ok = may_use(g, next, errors, text);
    if (ok && guard_peers_new(&peers, next) < 0) {
        complain(text, "out of memory");
        ok = false;
    }
    if (!ok)
        config_free(next);
    else if ((ok = apply(g, now, next, &peers)))
        log_info("the changed configuration is in use");
    else
        complain(text, "the configuration is in use, but the network could not be set up for it: "
                       "the log says why");
    if (g->reload.asked) {
        struct msg m = { .type = MSG_RELOADED };
        m.reloaded.ok = ok;
        memcpy(m.reloaded.text, text, sizeof m.reloaded.text);
        guard_send(g, &m, NULL, 0);
    }
    g->reload.wanted = false;
    g->reload.asked = false;
}

void guard_reload(struct guard *g, struct tstamp now)
{
    static struct config_errors errors; /* too large for the stack */
    struct config next;
    notify_reloading();
    (void)config_load(&next, g->options->config_path, &errors); /* the errors say it */
    guard_take_config(g, now, &next, &errors);
    notify_send("READY=1");
}
