/* SPDX-License-Identifier: ISC */
#include "guard/announce.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

void guard_hook(struct guard *g, struct tstamp now, enum hook_event_type type, const char *peer,
                const char *link, const struct netaddr *address, const char *reason)
{
    struct hook_event e = { .type = type, .mtu_bytes = g->network.mtu_bytes };
    snprintf(e.peer, sizeof e.peer, "%s", peer != NULL ? peer : "");
    snprintf(e.link, sizeof e.link, "%s", link != NULL ? link : "");
    snprintf(e.reason, sizeof e.reason, "%s", reason);
    if (address != NULL && address->family != 0)
        netaddr_format(address, e.address);
    else if (address == NULL && g->config.address_count > 0)
        netprefix_format(&g->config.addresses[0], e.address);
    hook_push(&g->hook, now, &e);
}

void guard_hook_gone(struct guard *g, struct tstamp now, const char *peer,
                     const struct presence_entry *e, const char *reason)
{
    static const enum hook_event_type types[] = {
        [PRESENCE_SLOW] = HOOK_LINK_SLOW_END, [PRESENCE_LINK] = HOOK_LINK_DOWN
    };
    const struct netaddr none = { 0 };
    guard_hook(g, now, types[e->kind], peer, e->link, &none, reason);
}

void guard_report(const struct guard *g, char what)
{
    int fd = g->options->ready_fd;
    if (fd >= 0 && write(fd, &what, 1) != 1)
        log_debug("nobody waits for the start");
}
