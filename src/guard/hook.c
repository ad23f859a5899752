/* SPDX-License-Identifier: ISC */
#include "guard/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "config/trust.h"

static const char *event_name(enum hook_event_type type)
{
    switch (type) {
    case HOOK_TUNNEL_UP:
        return "tunnel-up";
    case HOOK_TUNNEL_DOWN:
        return "tunnel-down";
    case HOOK_PEER_UP:
        return "peer-up";
    case HOOK_PEER_DOWN:
        return "peer-down";
    case HOOK_LINK_UP:
        return "link-up";
    case HOOK_LINK_SLOW:
        return "link-slow";
    case HOOK_LINK_SLOW_END:
        return "link-slow-end";
    case HOOK_LINK_DOWN:
        break;
    }
    return "link-down";
}

/* What the event is about: the second argument. */
static const char *event_subject(const struct hook_runner *h, const struct hook_event *e)
{
    if (e->link[0] != '\0')
        return e->link;
    return e->peer[0] != '\0' ? e->peer : h->interface;
}

static void child(const struct hook_runner *h, const struct hook_event *e)
{
    enum { VARIABLES = 8, VARIABLE_BYTES = 160 };
    char texts[VARIABLES][VARIABLE_BYTES];
    char *environment[VARIABLES + 1] = { NULL };
    const char *name = event_name(e->type);
    const char *const argv[] = { h->path, name, event_subject(h, e), NULL };
    char why[TRUST_TEXT_BYTES];
    sigset_t none;
    int n = 0;
    snprintf(texts[n++], VARIABLE_BYTES, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
    snprintf(texts[n++], VARIABLE_BYTES, "HAWSER_INTERFACE=%s", h->interface);
    snprintf(texts[n++], VARIABLE_BYTES, "HAWSER_EVENT=%s", name);
    snprintf(texts[n++], VARIABLE_BYTES, "HAWSER_PEER=%s", e->peer);
    snprintf(texts[n++], VARIABLE_BYTES, "HAWSER_LINK=%s", e->link);
    snprintf(texts[n++], VARIABLE_BYTES, "HAWSER_ADDRESS=%s", e->address);
    snprintf(texts[n++], VARIABLE_BYTES, "HAWSER_MTU=%" PRIu32, e->mtu_bytes);
    snprintf(texts[n++], VARIABLE_BYTES, "HAWSER_REASON=%s", e->reason);
    for (int i = 0; i < n; i++)
        environment[i] = texts[i];
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing > STDIN_FILENO) {
        dup2(nothing, STDIN_FILENO);
        close(nothing);
    }
    setpgid(0, 0); /* so that it can be ended with all it started */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* It may have come or changed since the configuration was read. */
    if (trust_program(h->path, why) == -EPERM) {
        log_error("hook %s is not run: %s", h->path, why);
        _exit(126);
    }
    execve(h->path, (char *const *)(uintptr_t)argv, environment);
    log_error("hook %s cannot be run: %s", h->path, strerror(errno));
    _exit(127);
}

static void start_next(struct hook_runner *h, struct tstamp now)
{
    while (h->pid == 0 && h->count > 0) {
        const struct hook_event *e = &h->queue[h->head];
        pid_t pid = fork();
        if (pid == 0)
            child(h, e);
        if (pid < 0) {
            log_error("hook %s for %s cannot be started: %s", h->path, event_name(e->type),
                      strerror(errno));
        } else {
            h->pid = pid;
            h->running = e->type;
            h->kill_at = tstamp_add(now, HOOK_SECONDS_MAX * NS_PER_S);
        }
        h->head = (h->head + 1) % HOOK_QUEUE_MAX;
        h->count--;
        h->is_full = h->is_full && h->count > 0;
    }
}

/* A peer calls its links what it likes: letters, digits and "-_.", not at the start, are told. */
static void make_plain(char *name)
{
    for (char *c = name; *c != '\0'; c++) {
        bool alnum =
            (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (!alnum && (c == name || strchr("-_.", *c) == NULL))
            *c = '_';
    }
}

static bool tells_rate(const struct hook_event *e)
{
    return e->type == HOOK_LINK_SLOW || e->type == HOOK_LINK_SLOW_END;
}

/* The last that waits of the same link, peer or tunnel; NULL: none does. */
static struct hook_event *waiting_of(struct hook_runner *h, const struct hook_event *event)
{
    for (unsigned i = h->count; i > 0; i--) {
        struct hook_event *e = &h->queue[(h->head + i - 1) % HOOK_QUEUE_MAX];
        if (strcmp(e->peer, event->peer) == 0 && strcmp(e->link, event->link) == 0 &&
            tells_rate(e) == tells_rate(event))
            return e;
    }
    return NULL;
}

static void push_full(struct hook_runner *h, const struct hook_event *event)
{
    struct hook_event *older = waiting_of(h, event);
    if (older != NULL)
        *older = *event;
    if (!h->is_full)
        log_warn("hook: %d events wait already: some are left out", HOOK_QUEUE_MAX);
    h->is_full = true;
}

void hook_push(struct hook_runner *h, struct tstamp now, const struct hook_event *event)
{
    struct hook_event plain = *event;
    if (h->path[0] == '\0')
        return;
    make_plain(plain.link);
    if (h->count == HOOK_QUEUE_MAX) {
        push_full(h, &plain);
        return;
    }
    h->queue[(h->head + h->count++) % HOOK_QUEUE_MAX] = plain;
    start_next(h, now);
}

void hook_forget(struct hook_runner *h)
{
    h->count = 0;
}

void hook_tick(struct hook_runner *h, struct tstamp now)
{
    int status;
    if (h->pid != 0 && tstamp_reached(h->kill_at, now)) {
        log_warn("hook for %s still ran after %d s and was ended", event_name(h->running),
                 HOOK_SECONDS_MAX);
        kill(-h->pid, SIGKILL);
        h->kill_at = TSTAMP_NEVER;
    }
    if (h->pid != 0 && waitpid(h->pid, &status, WNOHANG) != 0) {
        if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
            log_warn("hook for %s ended with exit code %d", event_name(h->running),
                     WEXITSTATUS(status));
        h->pid = 0;
    }
    start_next(h, now);
}

struct tstamp hook_deadline(const struct hook_runner *h)
{
    return h->pid != 0 ? h->kill_at : TSTAMP_NEVER;
}

bool hook_idle(const struct hook_runner *h)
{
    return h->pid == 0 && h->count == 0;
}
