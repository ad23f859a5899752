/* SPDX-License-Identifier: ISC */
#include "guard/child.h"

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
#include "guard/accounts.h"
#include "guard/engine_log.h"
#include "guard/lines.h"
#include "guard/requests.h"
#include "guard/send.h"
#include "guard/tell.h"
#include "sys/notify.h"

enum {
    SEND_SECONDS = 2, /* an engine that takes no message for so long hangs */
    STOP_MS = 2000,
    START_SECONDS = 60, /* for thousands of peers on a slow machine, too */
};

/* The engine is no more. */
static void engine_gone(struct guard *g, struct tstamp now, const char *how)
{
    struct engine_process *e = &g->engine;
    guard_log_close(g);
    loop_remove(&g->loop, &e->watch);
    close(e->watch.fd);
    e->pid = 0;
    guard_forget_engine(g, now);
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
    int n = channel_receive(g->engine.watch.fd, &g->engine.in);
    if (n == -EAGAIN)
        return;
    if (n == 0) {
        /* Its end as a process comes next, and tells more. */
        loop_remove(&g->loop, &g->engine.watch);
        kill(g->engine.pid, SIGKILL);
        return;
    }
    if (n < 0 || g->engine.in.fd_count > 0) {
        channel_close_fds(&g->engine.in);
        engine_end(g, now, "sent what is no message");
        return;
    }
    if (!guard_take_request(g, now, &g->engine.in.msg))
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
    if (fd == CHANNEL_ENGINE_FD)
        fcntl(fd, F_SETFD, 0);
    else if (dup2(fd, CHANNEL_ENGINE_FD) < 0)
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
    guard_tell_start(g);
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
        guard_send(g, &(struct msg){ .type = MSG_PING }, NULL, 0);
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
    guard_log_left_out(g, now);
    if (e->pid == 0 && tstamp_reached(e->restart_at, now) && guard_engine_start(g, now) < 0)
        e->restart_at = tstamp_add(now, RESTART_PAUSE_MAX_S * NS_PER_S);
}

bool guard_engine_starts(const struct guard *g)
{
    return g->engine.pid != 0 && !g->engine.ready;
}

struct tstamp guard_engine_deadline(const struct guard *g)
{
    const struct engine_process *e = &g->engine;
    struct tstamp at = e->restart_at;
    if (e->pid != 0)
        at = e->ready ? e->watchdog.next : tstamp_add(e->started, START_SECONDS * NS_PER_S + 1);
    return tstamp_min(at, g->lines.at);
}

void guard_engine_stop(struct guard *g)
{
    struct engine_process *e = &g->engine;
    struct pollfd p = { .fd = e->watch.fd, .events = POLLIN };
    struct tstamp limit = tstamp_add(loop_now(), STOP_MS * NS_PER_MS);
    if (e->pid == 0)
        return;
    bool is_asked = guard_send(g, &(struct msg){ .type = MSG_STOP }, NULL, 0);
    for (bool is_there = is_asked; is_there;) {
        int64_t left_ms = tstamp_sub(limit, loop_now()) / NS_PER_MS;
        if (left_ms <= 0 || (poll(&p, 1, (int)left_ms) < 0 && errno != EINTR))
            break;
        if ((p.revents & (POLLIN | POLLHUP)) == 0)
            continue;
        /* What it still says goes unheard, but for what the links have carried. */
        int n = channel_receive(e->watch.fd, &g->engine.in);
        is_there = n == 1;
        if (is_there)
            channel_close_fds(&g->engine.in);
        if (is_there && g->engine.in.msg.type == MSG_USAGE) {
            e->ready = false; /* it needs no answer */
            guard_usage_add(g, &g->engine.in.msg.usage);
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
