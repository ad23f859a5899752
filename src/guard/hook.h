/* SPDX-License-Identifier: ISC */
/*
 * The user's program for changes: one at a time, in the order of the events, without holding
 * traffic. One that runs longer than HOOK_SECONDS_MAX is ended. When too many events wait, a newer
 * one takes the place of an older one of the same link, peer or tunnel, so that the last that is
 * told of it is how it is. Whether a link is up and whether it is slow are told apart.
 */
#ifndef HAWSER_GUARD_HOOK_H
#define HAWSER_GUARD_HOOK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/tstamp.h"
#include "config/config.h"

enum { HOOK_SECONDS_MAX = 30, HOOK_QUEUE_MAX = 256 };

enum hook_event_type {
    HOOK_TUNNEL_UP,
    HOOK_TUNNEL_DOWN,
    HOOK_PEER_UP,
    HOOK_PEER_DOWN,
    HOOK_LINK_UP,
    HOOK_LINK_DOWN,
    HOOK_LINK_SLOW,
    HOOK_LINK_SLOW_END,
};

struct hook_event {
    enum hook_event_type type;
    char peer[CONFIG_NAME_MAX + 1];      /* empty: none */
    char link[CONFIG_LINK_NAME_MAX + 1]; /* empty: none; hook_push() makes it plain */
    char address[NETADDR_STRLEN];        /* the tunnel's, or the peer's on that link */
    uint32_t mtu_bytes;
    char reason[96];
};

struct hook_runner {
    char path[CONFIG_PATH_BYTES_MAX + 1]; /* empty: nothing is run */
    char interface[CONFIG_IFNAME_MAX + 1];
    struct hook_event queue[HOOK_QUEUE_MAX];
    unsigned head;
    unsigned count;
    bool is_full; /* and that was logged */
    pid_t pid;    /* 0: none runs */
    enum hook_event_type running;
    struct tstamp kill_at;
};

/* Queues the event, and runs it if nothing else runs. */
void hook_push(struct hook_runner *h, struct tstamp now, const struct hook_event *event);
/* Forgets what has not begun. */
void hook_forget(struct hook_runner *h);
/* After SIGCHLD, and when its deadline is reached. */
void hook_tick(struct hook_runner *h, struct tstamp now);
struct tstamp hook_deadline(const struct hook_runner *h);
bool hook_idle(const struct hook_runner *h);

#endif
