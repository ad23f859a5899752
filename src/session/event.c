/* SPDX-License-Identifier: ISC */
#include "session/event.h"

#include <string.h>

#include "session/paths.h"
#include "session/state.h"

enum { INNER_MTU_MIN = 1280 }; /* IPv6 needs it; what is larger than a datagram carries is cut */

static void push(struct core *c, const struct state_event *e)
{
    if (c->event_tail - c->event_head == STATE_EVENTS_MAX)
        c->event_head++;
    c->events[c->event_tail++ % STATE_EVENTS_MAX] = *e;
}

void event_peer(struct peer *p, bool up, const char *reason)
{
    enum core_event_type type = up ? CORE_EVENT_PEER_UP : CORE_EVENT_PEER_DOWN;
    struct state_event e = { .type = type, .peer = p, .reason = reason };
    if (!up && !tstamp_is_never(p->displaced_at))
        e.remote = p->displaced_by;
    push(p->core, &e);
}

/* Another link has the number of one that is up. */
static bool renamed(const struct peer *p, uint8_t path)
{
    char name[WIRE_LINK_NAME_MAX + 1];
    paths_link_name(p, path, name);
    return strcmp(p->paths[path].name_when_up, name) != 0;
}

void event_path(struct peer *p, uint8_t path, bool up, const char *reason)
{
    enum core_event_type type = up ? CORE_EVENT_PATH_UP : CORE_EVENT_PATH_DOWN;
    struct state_event e = { .type = type, .peer = p, .path = path, .reason = reason };
    char *name = p->paths[path].name_when_up;
    if (up && renamed(p, path)) {
        event_slow(p, path, false, 0, 0);
        event_path(p, path, false, "another link has its place");
    }
    if (p->paths[path].told_up == up)
        return;
    p->paths[path].told_up = up;
    if (up || name[0] == '\0')
        paths_link_name(p, path, name);
    if (p->paths[path].address.open)
        e.remote = p->paths[path].address.route.to;
    memcpy(e.link, name, sizeof e.link);
    push(p->core, &e);
}

void event_slow(struct peer *p, uint8_t path, bool slow, uint64_t rate_bps, uint64_t usual_bps)
{
    struct peer_path *at = &p->paths[path];
    struct state_event e = { .type = slow ? CORE_EVENT_PATH_SLOW : CORE_EVENT_PATH_SLOW_END,
                             .peer = p,
                             .path = path,
                             .rate_bps = rate_bps,
                             .usual_bps = usual_bps };
    if (at->told_slow == slow)
        return;
    at->told_slow = slow;
    if (at->name_when_up[0] == '\0')
        paths_link_name(p, path, at->name_when_up);
    if (at->address.open)
        e.remote = at->address.route.to;
    memcpy(e.link, at->name_when_up, sizeof e.link);
    push(p->core, &e);
}

void event_resolve(struct peer *p)
{
    push(p->core,
         &(struct state_event){ .type = CORE_EVENT_RESOLVE, .peer = p, .reason = "no answer" });
}

void event_rival(struct peer *p, const struct netaddr *from)
{
    push(p->core, &(struct state_event){ .type = CORE_EVENT_PEER_RIVAL,
                                         .peer = p,
                                         .reason = "another machine uses the peer's key",
                                         .remote = *from });
}

void event_accepted(struct peer *p)
{
    push(p->core, &(struct state_event){ .type = CORE_EVENT_ACCEPTED, .peer = p });
}

void event_stranger(struct core *c, const uint8_t public_key[32], const struct netaddr *from)
{
    struct state_event e = { .type = CORE_EVENT_STRANGER, .remote = *from };
    memcpy(e.public_key, public_key, sizeof e.public_key);
    push(c, &e);
}

void event_device_mtu(struct core *c)
{
    uint32_t most = 0;
    for (size_t i = 0; i < c->peer_count; i++)
        if (c->peers[i]->mtu_bytes > most)
            most = c->peers[i]->mtu_bytes;
    if (most == 0 || (most == c->mtu_bytes && c->mtu_told))
        return;
    c->mtu_bytes = most;
    c->mtu_told = true;
    push(c,
         &(struct state_event){ .type = CORE_EVENT_MTU, .mtu_bytes = most, .reason = "measured" });
}

static void push_peer_mtu(struct peer *p)
{
    push(p->core, &(struct state_event){ .type = CORE_EVENT_PEER_MTU,
                                         .peer = p,
                                         .mtu_bytes = p->mtu_bytes,
                                         .reason = "measured" });
}

void event_mtu(struct peer *p)
{
    uint32_t mtu_bytes = paths_inner_mtu(p);
    bool grows = mtu_bytes > p->mtu_bytes;
    if (mtu_bytes == 0)
        return;
    if (mtu_bytes < INNER_MTU_MIN)
        mtu_bytes = INNER_MTU_MIN;
    if (mtu_bytes == p->mtu_bytes)
        return;
    p->mtu_bytes = mtu_bytes;
    /* In this order the device of a single peer never has another MTU than its routes. */
    if (grows)
        push_peer_mtu(p);
    event_device_mtu(p->core);
    if (!grows)
        push_peer_mtu(p);
}

void event_forget(struct core *c, const struct peer *p)
{
    uint32_t to = c->event_head;
    for (uint32_t i = c->event_head; i != c->event_tail; i++)
        if (c->events[i % STATE_EVENTS_MAX].peer != p)
            c->events[to++ % STATE_EVENTS_MAX] = c->events[i % STATE_EVENTS_MAX];
    c->event_tail = to;
}
