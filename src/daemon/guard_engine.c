/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/plain.h"
#include "daemon/engine.h"
#include "daemon/guard_internal.h"
#include "sys/notify.h"

enum {
    SEND_SECONDS = 2, /* an engine that takes no message for so long hangs */
    STOP_MS = 2000,
    START_SECONDS = 60, /* for thousands of peers on a slow machine, too */
};

/* The log */

static void log_left_out(const struct config_peer *p, uint32_t left_out)
{
    if (left_out > 0)
        log_info("peer %s: %u changes were not logged", p->name, left_out);
}

/* Whether a change of the peer may be logged: one that flaps does not fill the log. */
static bool may_log(struct guard *g, struct tstamp now, const struct config_peer *p)
{
    struct log_limit *l = &g->peer_lines[p - g->config.peers];
    uint32_t left_out;
    if (!log_limit_take(l, now, &left_out)) {
        g->lines_at = tstamp_min(g->lines_at, log_limit_deadline(l));
        return false;
    }
    log_left_out(p, left_out);
    return true;
}

/* What was left out is told, although no further line comes. */
static void tell_left_out(struct guard *g, struct tstamp now)
{
    if (!tstamp_reached(g->lines_at, now))
        return;
    g->lines_at = TSTAMP_NEVER;
    for (size_t i = 0; i < g->config.peer_count; i++) {
        log_left_out(&g->config.peers[i], log_limit_quiet(&g->peer_lines[i], now));
        g->lines_at = tstamp_min(g->lines_at, log_limit_deadline(&g->peer_lines[i]));
    }
}

/* What the guard tells */

bool guard_tell(struct guard *g, const struct msg *m, const int *fds, size_t fd_count)
{
    if (g->engine.pid == 0)
        return false;
    int err = channel_send(g->engine.watch.fd, m, fds, fd_count);
    if (err == 0)
        return true;
    if (err == -EINVAL) {
        log_error("message %d to the engine does not fit", (int)m->type);
        return false;
    }
    if (err == -EAGAIN)
        log_error("the engine does not listen any more and is ended");
    kill(g->engine.pid, SIGKILL); /* its end is noticed, and it is started anew */
    return false;
}

bool guard_tell_link(void *arg, const struct msg_link *link, int fd)
{
    struct guard *g = arg;
    struct msg m = { .type = MSG_LINK, .link = *link };
    return g->engine.ready && guard_tell(g, &m, &fd, fd >= 0 ? 1 : 0);
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
    guard_tell(g, &m, NULL, 0);
}

static void tell_lookup(struct guard *g, size_t place)
{
    struct msg m = { .type = MSG_LOOKUP };
    memcpy(m.lookup.public_key, g->config.peers[place].public_key, sizeof m.lookup.public_key);
    memcpy(m.lookup.text, g->peers[place].lookup, sizeof m.lookup.text);
    guard_tell(g, &m, NULL, 0);
}

void guard_tell_lookup(void *arg, const struct config_peer *peer, const char *text)
{
    struct guard *g = arg;
    char plain[MSG_WHY_MAX + 1];
    char *known = g->peers[peer - g->config.peers].lookup;
    snprintf(plain, sizeof plain, "%s", text);
    plain_text(plain);
    if (strcmp(known, plain) == 0)
        return;
    memcpy(known, plain, sizeof plain);
    if (g->engine.ready)
        tell_lookup(g, (size_t)(peer - g->config.peers));
    if (!may_log(g, loop_now(), peer))
        return;
    if (text[0] == '\0')
        log_info("peer %s: its names are found", peer->name);
    else
        log_warn("peer %s: %s, trying again", peer->name, text);
}

bool guard_tell_peers(struct guard *g)
{
    struct msg m = { .type = MSG_PEERS, .peer_count = (uint16_t)g->config.peer_count };
    bool told = guard_tell(g, &m, NULL, 0);
    for (size_t i = 0; told && i < g->config.peer_count; i++) {
        const struct config_peer *p = &g->config.peers[i];
        memset(&m, 0, sizeof m);
        m.type = MSG_PEER;
        memcpy(m.peer.name, p->name, sizeof m.peer.name);
        memcpy(m.peer.public_key, p->public_key, sizeof m.peer.public_key);
        memcpy(m.peer.preshared_key, p->preshared_key, sizeof m.peer.preshared_key);
        m.peer.initiate = p->endpoint_count > 0;
        m.peer.allowed_count = (uint16_t)p->allowed_count;
        memcpy(m.peer.allowed, p->allowed, p->allowed_count * sizeof p->allowed[0]);
        told = guard_tell(g, &m, NULL, 0);
    }
    explicit_bzero(&m, sizeof m);
    return told;
}

bool guard_tell_policies(struct guard *g)
{
    const struct config *c = &g->config;
    struct msg m = { .type = MSG_POLICIES, .policy_count = (uint16_t)c->policy_count };
    bool told = guard_tell(g, &m, NULL, 0);
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
        told = guard_tell(g, &m, NULL, 0);
    }
    return told;
}

void guard_tell_restored(struct guard *g)
{
    struct msg m = { .type = MSG_RESTORED, .restored = g->network.restored };
    if (g->engine.ready)
        guard_tell(g, &m, NULL, 0);
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
    return guard_tell(g, &m, NULL, 0);
}

static void tell_wish(struct guard *g, const struct msg_wish *wish)
{
    struct msg m = { .type = MSG_WISH, .wish = *wish };
    guard_tell(g, &m, NULL, 0);
}

static bool tell_setup(struct guard *g)
{
    const struct config *c = &g->config;
    struct msg m = { .type = MSG_SETUP };
    int fds[2] = { g->tun_fd, g->control_fd };
    memcpy(m.setup.interface, c->interface, sizeof m.setup.interface);
    memcpy(m.setup.private_key, c->private_key, sizeof m.setup.private_key);
    memcpy(m.setup.root, g->root, sizeof m.setup.root);
    m.setup.cipher = c->cipher;
    m.setup.rekey_s = c->rekey_s;
    m.setup.mtu_bytes = c->mtu_bytes;
    m.setup.log_level = (uint8_t)guard_log_level(g);
    m.setup.journal = g->journal;
    m.setup.tun_offload = (uint8_t)g->tun_offload;
    m.setup.udp_gso = c->udp_gso;
    m.setup.uid = g->uid;
    m.setup.gid = g->gid;
    bool told = guard_tell(g, &m, fds, 2);
    explicit_bzero(&m, sizeof m);
    return told;
}

/* What the engine says */

static const struct config_peer *peer_of_key(const struct guard *g, const uint8_t key[32])
{
    for (size_t i = 0; i < g->config.peer_count; i++)
        if (memcmp(g->config.peers[i].public_key, key, 32) == 0)
            return &g->config.peers[i];
    return NULL;
}

static void on_ready(struct guard *g, struct tstamp now, const struct msg *m)
{
    (void)m;
    if (g->engine.ready)
        return;
    g->engine.ready = true;
    watchdog_start(&g->engine.watchdog, now, notify_watchdog_usec());
    for (size_t i = 0; i < g->listen_count; i++) {
        struct msg listen = { .type = MSG_LISTEN, .listen = (uint16_t)i };
        guard_tell(g, &listen, &g->listen_fds[i], 1);
    }
    guard_tell_policies(g);
    guard_tell_problems(g);
    for (size_t i = 0; i < g->wishes.count; i++)
        tell_wish(g, &g->wishes.list[i]);
    links_untold(&g->links);
    guard_usage_look(g, now);
    guard_update_network(g, now);
    guard_tell_restored(g);
    resolver_repeat(g->resolver);
    for (size_t i = 0; i < g->config.peer_count; i++)
        if (g->peers[i].lookup[0] != '\0')
            tell_lookup(g, i);
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
    resolver_refresh(g->resolver, now, m->resolve);
}

static void on_mtu(struct guard *g, struct tstamp now, const struct msg *m)
{
    guard_mtu_device(g, now, m->mtu_bytes);
}

static void on_peer_mtu(struct guard *g, struct tstamp now, const struct msg *m)
{
    const struct config_peer *p = peer_of_key(g, m->peer_mtu.public_key);
    if (p != NULL)
        guard_mtu_peer(g, now, (size_t)(p - g->config.peers), m->peer_mtu.mtu_bytes,
                       m->peer_mtu.fit_bytes);
}

static void on_reload(struct guard *g, struct tstamp now, const struct msg *m)
{
    (void)now;
    (void)m;
    g->reload_wanted = true;
    g->reload_asked = true;
}

static void on_peer_state(struct guard *g, struct tstamp now, const struct msg *m)
{
    const struct config_peer *p = peer_of_key(g, m->state.public_key);
    if (p == NULL)
        return;
    g->engine.peer_up[p - g->config.peers] = m->state.up;
    guard_peers_changed(g, now);
    if (may_log(g, now, p))
        log_info("peer %s is %s (%s)", p->name, m->state.up ? "up" : "down", m->state.reason);
    guard_hook(g, now, m->state.up ? HOOK_PEER_UP : HOOK_PEER_DOWN, p->name, NULL, &m->state.remote,
               m->state.reason);
}

static void on_path_state(struct guard *g, struct tstamp now, const struct msg *m)
{
    const struct config_peer *p = peer_of_key(g, m->state.public_key);
    const char *link = m->state.link;
    if (p == NULL)
        return;
    if (m->state.up)
        resolver_answered(g->resolver, p->public_key, &m->state.remote);
    presence_set(&g->presence, PRESENCE_LINK, p->public_key, link, m->state.up);
    if (may_log(g, now, p))
        log_info("peer %s: link %s is %s (%s)", p->name, link, m->state.up ? "up" : "down",
                 m->state.reason);
    guard_hook(g, now, m->state.up ? HOOK_LINK_UP : HOOK_LINK_DOWN, p->name, link, &m->state.remote,
               m->state.reason);
}

static void on_peer_rival(struct guard *g, struct tstamp now, const struct msg *m)
{
    const struct config_peer *p = peer_of_key(g, m->state.public_key);
    char from[NETADDR_STRLEN];
    if (p != NULL && may_log(g, now, p))
        log_warn("peer %s: another machine uses its key and calls from %s; the one that started "
                 "last is used: give each machine a key of its own",
                 p->name, netaddr_format(&m->state.remote, from));
}

static void on_path_slow(struct guard *g, struct tstamp now, const struct msg *m)
{
    const struct config_peer *p = peer_of_key(g, m->state.public_key);
    const char *link = m->state.link;
    bool ended = m->state.up;
    if (p == NULL)
        return;
    presence_set(&g->presence, PRESENCE_SLOW, p->public_key, link, !ended);
    if (may_log(g, now, p) && ended)
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
    const struct config_peer *p = peer_of_key(g, choose->public_key);
    if (p == NULL)
        return;
    memcpy(wish.public_key, choose->public_key, sizeof wish.public_key);
    memcpy(wish.link, choose->link, sizeof wish.link);
    int err = wishes_set(&g->wishes, &wish);
    if (err < 0)
        log_error("peer %s: link %s cannot be set: %s", p->name, wish.link, strerror(-err));
    else
        tell_wish(g, &wish);
}

static void on_choose(struct guard *g, struct tstamp now, const struct msg *m)
{
    static const uint8_t ours[32];
    if (memcmp(m->choose.public_key, ours, sizeof ours) != 0) {
        choose_for_peer(g, &m->choose);
        return;
    }
    if (links_choose(&g->links, m->choose.link, (enum msg_choice)m->choose.choice))
        links_update(&g->links, now, &g->netifs);
}

static void on_usage(struct guard *g, struct tstamp now, const struct msg *m)
{
    guard_usage_add(g, now, &m->usage);
}

/* What a peer routes back to us: whoever forwards to it need not hide these addresses. */
static void on_accepted(struct guard *g, struct tstamp now, const struct msg *m)
{
    const struct config_peer *p = peer_of_key(g, m->accepted.public_key);
    char text[NETADDR_STRLEN];
    if (p == NULL)
        return;
    struct guard_peer *known = &g->peers[p - g->config.peers];
    struct netprefix *list = calloc((size_t)m->accepted.count + 1, sizeof *list);
    if (list == NULL)
        return;
    memcpy(list, m->accepted.list, m->accepted.count * sizeof *list);
    free(known->accepted);
    known->accepted = list;
    known->accepted_count = m->accepted.count;
    for (size_t i = 0; i < known->accepted_count; i++)
        log_debug("peer %s accepts %s from us", p->name, netprefix_format(&list[i], text));
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
    { MSG_PEER_RIVAL, on_peer_rival },
    { MSG_CHOOSE, on_choose },
    { MSG_USAGE, on_usage },
    { MSG_PATH_SLOW, on_path_slow },
    { MSG_ACCEPTED, on_accepted },
    { MSG_PONG, on_pong },
};

void guard_tell_gone(struct guard *g, struct tstamp now, const char *peer,
                     const struct presence_entry *e, const char *reason)
{
    static const enum hook_event_type types[] = {
        [PRESENCE_SLOW] = HOOK_LINK_SLOW_END, [PRESENCE_LINK] = HOOK_LINK_DOWN
    };
    const struct netaddr none = { 0 };
    guard_hook(g, now, types[e->kind], peer, e->link, &none, reason);
}

/* Nobody else will tell of what was up. */
static void peers_gone(struct guard *g, struct tstamp now)
{
    const struct netaddr none = { 0 };
    static const enum presence_kind order[] = { PRESENCE_SLOW, PRESENCE_LINK };
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++) {
        for (size_t i = 0; i < g->presence.count; i++) {
            const struct presence_entry *e = &g->presence.list[i];
            const struct config_peer *p = peer_of_key(g, e->public_key);
            if (e->kind == order[k] && p != NULL)
                guard_tell_gone(g, now, p->name, e, "the engine ended");
        }
    }
    presence_free(&g->presence);
    for (size_t i = 0; i < g->config.peer_count; i++)
        if (g->engine.peer_up[i])
            guard_hook(g, now, HOOK_PEER_DOWN, g->config.peers[i].name, NULL, &none,
                       "the engine ended");
    memset(g->engine.peer_up, 0, sizeof g->engine.peer_up);
    guard_peers_changed(g, now);
}

/* The engine is no more. */
static void engine_gone(struct guard *g, struct tstamp now, const char *how)
{
    struct engine_process *e = &g->engine;
    guard_log_close(g);
    loop_remove(&g->loop, &e->watch);
    close(e->watch.fd);
    e->pid = 0;
    e->ready = false;
    watchdog_stop(&e->watchdog);
    links_untold(&g->links);
    peers_gone(g, now);
    int pause_s = restart_pause(&e->restart, tstamp_sub(now, e->started));
    e->restart_at = tstamp_add(now, pause_s * NS_PER_S);
    if (!g->is_up) { /* it would do so again */
        log_error("the engine %s at its start", how);
        g->stopping = true;
        g->failed = true;
        return;
    }
    if (pause_s == 0)
        log_error("the engine %s; it is started anew", how);
    else
        log_error("the engine %s; it is started anew in %d s", how, pause_s);
}

/* An engine that does what none may do. */
static void engine_end(struct guard *g, struct tstamp now, const char *why)
{
    kill(g->engine.pid, SIGKILL);
    waitpid(g->engine.pid, NULL, 0);
    engine_gone(g, now, why);
}

static void engine_said(void *arg, struct tstamp now, unsigned events)
{
    struct guard *g = arg;
    (void)events;
    int n = channel_receive(g->engine.watch.fd, &g->in);
    if (n == -EAGAIN)
        return;
    if (n == 0) {
        /* Its end as a process comes next, and tells more. */
        loop_remove(&g->loop, &g->engine.watch);
        kill(g->engine.pid, SIGKILL);
        return;
    }
    if (n < 0 || g->in.fd_count > 0) {
        channel_close_fds(&g->in);
        engine_end(g, now, "sent what is no message");
        return;
    }
    msg_make_plain(&g->in.msg);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        if (requests[i].type == g->in.msg.type) {
            requests[i].handle(g, now, &g->in.msg);
            return;
        }
    }
    engine_end(g, now, "asked for what no engine may have");
}

/* The process */

static void child(int fd, int log_fd)
{
    static char *const argv[] = { "hawserd", "--engine", NULL };
    static char *const environment[] = { NULL };
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* A terminal may be open as each of them. */
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0 || dup2(nowhere, STDIN_FILENO) < 0 || dup2(log_fd, STDOUT_FILENO) < 0 ||
        dup2(log_fd, STDERR_FILENO) < 0)
        _exit(1);
    if (fd == ENGINE_CHANNEL_FD)
        fcntl(fd, F_SETFD, 0);
    else if (dup2(fd, ENGINE_CHANNEL_FD) < 0)
        _exit(1);
    execve("/proc/self/exe", argv, environment);
    log_error("the engine cannot be run: %s", strerror(errno));
    _exit(1);
}

/* The guard's end gives up on an engine that hangs; it can hold the longest message twice. */
static void prepare_channel(int fd)
{
    const struct timeval limit = { .tv_sec = SEND_SECONDS };
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

int guard_engine_start(struct guard *g, struct tstamp now)
{
    struct engine_process *e = &g->engine;
    int pair[2];
    int err;
    int log_fd;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    prepare_channel(pair[0]);
    if ((err = guard_log_open(g, &log_fd)) < 0) {
        close(pair[0]);
        close(pair[1]);
        return err;
    }
    e->pid = fork();
    if (e->pid == 0)
        child(pair[1], log_fd);
    err = e->pid < 0 ? -errno : 0;
    close(log_fd);
    close(pair[1]);
    e->watch = (struct loop_watch){ .fd = pair[0], .ready = engine_said, .arg = g };
    if (err == 0)
        err = loop_add(&g->loop, &e->watch, LOOP_READ);
    if (err < 0) {
        close(pair[0]);
        if (e->pid > 0)
            waitpid(e->pid, NULL, 0); /* its channel has ended, and so will it */
        e->pid = 0;
        guard_log_close(g);
        log_error("the engine cannot be started: %s", strerror(-err));
        return err;
    }
    e->started = now;
    e->ready = false;
    watchdog_stop(&e->watchdog);
    e->restart_at = TSTAMP_NEVER;
    if (tell_setup(g))
        guard_tell_peers(g);
    return 0;
}

/* One that hangs at its start never gets ready. */
static void watch(struct guard *g, struct tstamp now)
{
    struct engine_process *e = &g->engine;
    if (e->pid == 0)
        return;
    if (!e->ready && tstamp_sub(now, e->started) > START_SECONDS * NS_PER_S) {
        engine_end(g, now, "did not get ready");
        return;
    }
    switch (watchdog_tick(&e->watchdog, now)) {
    case WATCHDOG_WAIT:
        break;
    case WATCHDOG_ASK:
        guard_tell(g, &(struct msg){ .type = MSG_PING }, NULL, 0);
        break;
    case WATCHDOG_HANGS:
        engine_end(g, now, "hung and was ended");
        break;
    }
}

void guard_engine_tick(struct guard *g, struct tstamp now)
{
    struct engine_process *e = &g->engine;
    char how[64];
    int status;
    if (e->pid != 0 && waitpid(e->pid, &status, WNOHANG) == e->pid) {
        if (WIFSIGNALED(status))
            snprintf(how, sizeof how, "was ended by signal %d (%s)", WTERMSIG(status),
                     strsignal(WTERMSIG(status)));
        else
            snprintf(how, sizeof how, "ended with exit code %d", WEXITSTATUS(status));
        engine_gone(g, now, how);
    }
    watch(g, now);
    tell_left_out(g, now);
    if (e->pid == 0 && tstamp_reached(e->restart_at, now) && guard_engine_start(g, now) < 0)
        e->restart_at = tstamp_add(now, RESTART_PAUSE_MAX_S * NS_PER_S);
}

struct tstamp guard_engine_deadline(const struct guard *g)
{
    const struct engine_process *e = &g->engine;
    struct tstamp at = e->restart_at;
    if (e->pid != 0)
        at = e->ready ? e->watchdog.next : tstamp_add(e->started, START_SECONDS * NS_PER_S + 1);
    return tstamp_min(at, g->lines_at);
}

void guard_engine_stop(struct guard *g)
{
    struct engine_process *e = &g->engine;
    struct pollfd p = { .fd = e->watch.fd, .events = POLLIN };
    struct tstamp limit = tstamp_add(loop_now(), STOP_MS * NS_PER_MS);
    if (e->pid == 0)
        return;
    bool is_asked = guard_tell(g, &(struct msg){ .type = MSG_STOP }, NULL, 0);
    for (bool is_there = is_asked; is_there;) {
        int64_t left_ms = tstamp_sub(limit, loop_now()) / NS_PER_MS;
        if (left_ms <= 0 || (poll(&p, 1, (int)left_ms) < 0 && errno != EINTR))
            break;
        if ((p.revents & (POLLIN | POLLHUP)) == 0)
            continue;
        /* What it still says goes unheard, but for what the links have carried. */
        int n = channel_receive(e->watch.fd, &g->in);
        is_there = n == 1;
        if (is_there)
            channel_close_fds(&g->in);
        if (is_there && g->in.msg.type == MSG_USAGE) {
            e->ready = false; /* it needs no answer */
            guard_usage_add(g, loop_now(), &g->in.msg.usage);
        }
    }
    loop_remove(&g->loop, &e->watch);
    close(e->watch.fd);
    kill(e->pid, SIGKILL); /* it has ended, or hangs */
    waitpid(e->pid, NULL, 0);
    guard_log_close(g);
    e->pid = 0;
    e->ready = false;
}
