/* SPDX-License-Identifier: ISC */

#include "guard/guard.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "config/load.h"
#include "guard/accounts.h"
#include "guard/announce.h"
#include "guard/child.h"
#include "guard/firewall_watch.h"
#include "guard/names.h"
#include "guard/network/network.h"
#include "guard/network/network_filter.h"
#include "guard/network/network_told.h"
#include "guard/open.h"
#include "guard/peers.h"
#include "guard/reload.h"
#include "guard/tell.h"
#include "guard/update.h"
#include "sys/memory.h"
#include "sys/notify.h"
#include "sys/sandbox.h"
#include "sys/tun.h"
#include "sys/udp.h"

static void netif_ready(void *arg, struct tstamp now, unsigned events)
{
    struct guard *g = arg;
    (void)events;
    if (netif_watch_drain(g->look.netif_watch.fd))
        guard_look_soon(g, now);
}

static void filter_ready(void *arg, struct tstamp now, unsigned events)
{
    struct guard *g = arg;
    (void)events;
    if (network_filter_changed(&g->network))
        guard_look_soon(g, now);
}

static void signal_ready(void *arg, struct tstamp now, unsigned events)
{
    struct guard *g = arg;
    struct signalfd_siginfo info;
    (void)now;
    (void)events;
    while (read(g->signals.fd, &info, sizeof info) == (ssize_t)sizeof info) {
        switch (info.ssi_signo) {
        case SIGTERM:
        case SIGINT:
            g->stopping = true;
            break;
        case SIGHUP:
            g->reload.wanted = true;
            break;
        default: /* SIGCHLD: the ticks look who it was */
            break;
        }
    }
}

/* Start */

static int watch_signals(struct guard *g)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    sigaddset(&set, SIGPIPE); /* errors are seen where they are made */
    sigprocmask(SIG_BLOCK, &set, NULL);
    g->signals = (struct loop_watch){ .fd = fd, .ready = signal_ready, .arg = g };
    return loop_add(&g->loop, &g->signals, LOOP_READ);
}

static int watch_network(struct guard *g)
{
    int fd = netif_watch_open();
    if (fd < 0)
        return fd;
    g->look.netif_watch = (struct loop_watch){ .fd = fd, .ready = netif_ready, .arg = g };
    return loop_add(&g->loop, &g->look.netif_watch, LOOP_READ);
}

static int watch_filter(struct guard *g)
{
    g->look.filter_watch =
        (struct loop_watch){ .fd = g->network.filter.nft_fd, .ready = filter_ready, .arg = g };
    return g->network.filter.nft_fd < 0 ? 0 : loop_add(&g->loop, &g->look.filter_watch, LOOP_READ);
}

static bool load_config(struct guard *g)
{
    static struct config_errors errors; /* too large for the stack */
    if (config_load(&g->config, g->options->config_path, &errors) < 0) {
        config_errors_print(&errors, stderr);
        return false;
    }
    log_init("hawserd", guard_log_level(g), g->options->journal);
    if (guard_peers_new(&g->peers, &g->config) < 0) {
        log_error("out of memory");
        return false;
    }
    return true;
}

static bool prepare_engine(struct guard *g)
{
    if (sandbox_find_user(g->config.engine.user, &g->engine.uid, &g->engine.gid) < 0)
        log_warn("there is no user %s, so the engine runs as nobody: useradd --system %s",
                 g->config.engine.user, g->config.engine.user);
    if (g->engine.uid == 0) {
        log_error("user = %s: the engine must not run as root", g->config.engine.user);
        return false;
    }
    snprintf(g->engine.root, sizeof g->engine.root, "%s.root", g->config.control);
    int err = sandbox_make_root(g->engine.root);
    if (err < 0)
        log_error("the engine's empty directory %s: %s", g->engine.root, strerror(-err));
    return err == 0;
}

static bool prepare_parts(struct guard *g, struct tstamp now)
{
    guard_usage_open(g);
    guard_usage_look(g, now);
    memcpy(g->hook.path, g->config.hook, sizeof g->hook.path);
    memcpy(g->hook.interface, g->config.interface, sizeof g->hook.interface);
    if (!guard_names_open(g, now)) {
        log_error("out of memory");
        return false;
    }
    return true;
}

static void detach_log(struct guard *g)
{
    if (g->options->detach_log == NULL)
        return;
    guard_report(g, GUARD_DETACHED);
    g->options->detach_log();
    g->journal = true;
    log_init("hawserd", guard_log_level(g), true);
}

/* As the systemd units bound it; hooks have the same. */
static bool bound(const struct guard *g)
{
    static const unsigned kept[] = { CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE, CAP_SETUID,
                                     CAP_SETGID,    CAP_SETPCAP, CAP_SYS_CHROOT,       CAP_KILL,
                                     CAP_CHOWN,     CAP_FOWNER,  CAP_DAC_OVERRIDE };
    const char *step;
    uint64_t keep = 0;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        keep |= UINT64_C(1) << kept[i];
    int err = memory_lock();
    if (err == MEMORY_LOCKED_IN_PART)
        err = memory_lock_part(g->config.private_key, sizeof g->config.private_key);
    if (err < 0)
        log_info("keys may be swapped out, as memory cannot be locked (%s): set no limit for it, "
                 "as LimitMEMLOCK=infinity in the unit",
                 strerror(-err));
    step = "dumps";
    err = memory_hide();
    if (err == 0)
        err = sandbox_bound(keep, &step);
    if (err < 0)
        log_error("hawserd cannot limit itself (%s): %s", step, strerror(-err));
    return err == 0;
}

static bool start(struct guard *g)
{
    struct tstamp now = loop_now();
    int err;
    if (!load_config(g) || !guard_check_privileges(g->options->unit) || !bound(g))
        return false;
    if ((err = loop_open(&g->loop)) < 0 || (err = watch_signals(g)) < 0 ||
        (err = watch_network(g)) < 0) {
        log_error("the event loop cannot be made: %s", strerror(-err));
        return false;
    }
    if (!guard_open_control(g) || !prepare_engine(g))
        return false;
    if (network_begin(&g->network, &g->config) < 0 || watch_filter(g) < 0)
        return false;
    guard_links_open(g);
    network_set_lookups(&g->network, true, -1);
    /* Nothing leaves by the wrong way from here on, before there is a right one. */
    if (guard_update_network(g, now) < 0 || !guard_open_tun(g))
        return false;
    network_take_device(&g->network);
    if (!guard_open_listen(g) || guard_update_network(g, now) < 0)
        return false;
    if (!prepare_parts(g, now))
        return false;
    detach_log(g);
    return guard_engine_start(g, now) == 0;
}

/* Run */

static struct tstamp tick(struct guard *g, struct tstamp now)
{
    guard_engine_tick(g, now);
    hook_tick(&g->hook, now);
    if (g->reload.wanted && !g->stopping && !guard_engine_starts(g))
        guard_reload(g, now);
    if (tstamp_reached(g->look.at, now) || tstamp_reached(g->links.retry, now))
        guard_update_network(g, now);
    struct tstamp next = guard_names_tick(g, now);
    next = tstamp_min(next, guard_engine_deadline(g));
    next = tstamp_min(next, hook_deadline(&g->hook));
    next = tstamp_min(next, guard_usage_tick(g, now));
    guard_links_tick(g, now);
    next = tstamp_min(next, g->links.retry);
    next = tstamp_min(next, guard_firewall_tick(g, now));
    return tstamp_min(next, g->look.at);
}

static void run(struct guard *g)
{
    struct tstamp now = loop_now();
    while (!g->stopping)
        now = loop_turn(&g->loop, tick(g, now));
}

/* Stop */

/* Waits for the hooks; a second signal ends them. */
static void finish_hooks(struct guard *g)
{
    struct tstamp now = loop_now();
    g->stopping = false;
    hook_forget(&g->hook);
    if (g->is_up)
        guard_hook(g, now, HOOK_TUNNEL_DOWN, NULL, NULL, NULL, "stop");
    while (!hook_idle(&g->hook) && !g->stopping) {
        now = loop_turn(&g->loop, hook_deadline(&g->hook));
        hook_tick(&g->hook, now);
    }
}

static void stop(struct guard *g)
{
    notify_send("STOPPING=1");
    guard_engine_stop(g);
    guard_usage_close(g);
    guard_firewall_stop(g);
    guard_names_close(g);
    network_end(&g->network);
    network_free(&g->network);
    if (g->opened.tun_fd >= 0)
        close(g->opened.tun_fd);
    for (size_t i = 0; i < g->opened.listen_count; i++) {
        struct udp u = { .fd = g->opened.listen_fds[i] };
        udp_close(&u);
        if (g->opened.beat_fds[i] >= 0)
            close(g->opened.beat_fds[i]);
    }
    guard_close_control(g);
    if (g->engine.root[0] != '\0')
        rmdir(g->engine.root);
    finish_hooks(g);
    netif_table_free(&g->look.netifs);
    wishes_free(&g->wishes);
}

int guard_main(const struct guard_options *options)
{
    struct guard *g = calloc(1, sizeof *g);
    if (g == NULL) {
        log_error("out of memory");
        return 1;
    }
    g->options = options;
    g->journal = options->journal;
    g->loop.epoll_fd = -1;
    g->opened.tun_fd = -1;
    g->opened.control_fd = -1;
    g->signals.fd = -1;
    g->look.netif_watch.fd = -1;
    g->network.filter.nft_fd = -1;
    g->look.at = TSTAMP_NEVER;
    g->accounts.look_at = TSTAMP_NEVER;
    g->engine.restart_at = TSTAMP_NEVER;
    g->engine.log.fd = -1;
    g->lines.at = TSTAMP_NEVER;
    list_init(&g->lines.left_out);
    bool started = start(g);
    if (started)
        run(g);
    bool was_up = g->is_up;
    stop(g);
    if (was_up)
        log_info("tunnel %s is gone", g->config.interface);
    int code = started && !g->failed ? 0 : 1;
    if (g->signals.fd >= 0)
        close(g->signals.fd);
    if (g->look.netif_watch.fd >= 0)
        close(g->look.netif_watch.fd);
    loop_close(&g->loop);
    guard_peers_free(&g->peers);
    config_free(&g->config);
    free(g);
    return code;
}

/* Also one with a control socket that we do not know. A killed guard's engine soon ends, too. */
static bool runs_elsewhere(const char *interface)
{
    enum { TRIES = 20, WAIT_US = 100000 };
    int tries = 0;
    while (tun_is_held(interface) && ++tries < TRIES)
        usleep(WAIT_US);
    return tries == TRIES;
}

int guard_clean(const char *interface, const char *control)
{
    struct config c = { 0 };
    struct network n;
    snprintf(c.interface, sizeof c.interface, "%s", interface);
    if (!guard_check_privileges(""))
        return 1;
    if (guard_answers(control)) {
        log_error("hawserd runs for %s: stop it first", interface);
        return 1;
    }
    if (runs_elsewhere(interface)) {
        log_error("%s is in use, by hawserd or another program: stop it first", interface);
        return 1;
    }
    int err = network_begin(&n, &c);
    if (err == 0)
        err = network_end(&n);
    network_free(&n);
    return err == 0 ? 0 : 1;
}
