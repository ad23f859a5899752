/* SPDX-License-Identifier: ISC */
#include "session/event.h"

#include <string.h>

#include "session/links.h"
#include "session/peer.h"
#include "session/state.h"

enum {
    INNER_MTU_MIN = 1280, /* IPv6 needs it; what is larger than a datagram carries is cut */
    EVENT_BURST = 96,     /* of a peer: up and down of 32 links, and some more */
    EVENT_ROOM = 4,       /* that a change may need */
};

#define EVENT_NS (500 * NS_PER_MS) /* then two a second */

static uint32_t room(const struct core *c)
{
    return STATE_EVENTS_MAX - (c->event_tail - c->event_head);
}

/* False: nobody took the events that are there. */
static bool push(struct core *c, const struct state_event *e)
{
    if (room(c) == 0)
        return false;
    c->events[c->event_tail++ % STATE_EVENTS_MAX] = *e;
    return true;
}

/* A change of the peer's may be told now; else it is told later, as things are then. */
static bool may_tell(struct peer *p)
{
    struct core *c = p->core;
    bool crowded = room(c) < EVENT_ROOM;
    p->news.told.interval_ns = EVENT_NS;
    p->news.told.burst = EVENT_BURST;
    if (!crowded && bucket_take(&p->news.told, c->now))
        return true;
    p->news.waits = true;
    peer_wake(p, crowded ? tstamp_add(c->now, EVENT_NS) : bucket_ready(&p->news.told));
    return false;
}

static void tell_peer(struct peer *p)
{
    struct peer_news *n = &p->news;
    enum core_event_type type = n->up ? CORE_EVENT_PEER_UP : CORE_EVENT_PEER_DOWN;
    struct state_event e = { .type = type, .peer = p, .reason = n->reason };
    if ((n->told_up == n->up && !n->again) || !may_tell(p))
        return;
    n->told_up = n->up;
    n->again = false;
    if (!n->up && !tstamp_is_never(p->displaced_at))
        e.remote = p->displaced_by;
    push(p->core, &e);
}

void event_peer(struct peer *p, bool up, const char *reason)
{
    p->news.again = !up && !p->news.up;
    p->news.up = up;
    p->news.reason = reason;
    tell_peer(p);
}

/* Another link has the number of one that is up. */
static bool renamed(const struct peer *p, uint8_t path)
{
    char name[WIRE_LINK_NAME_MAX + 1];
    links_name(p, path, name);
    return strcmp(p->paths[path].news.name, name) != 0;
}

static void tell_slow(struct peer *p, uint8_t path)
{
    struct path_news *n = &p->paths[path].news;
    const struct validation *v = &p->paths[path].address;
    struct state_event e = { .type = n->slow ? CORE_EVENT_PATH_SLOW : CORE_EVENT_PATH_SLOW_END,
                             .peer = p,
                             .path = path,
                             .rate_bps = n->rate_bps,
                             .usual_bps = n->usual_bps };
    if (n->told_slow == n->slow || !may_tell(p))
        return;
    n->told_slow = n->slow;
    if (n->name[0] == '\0')
        links_name(p, path, n->name);
    if (v->open)
        e.remote = v->route.to;
    memcpy(e.link, n->name, sizeof e.link);
    push(p->core, &e);
}

void event_slow(struct peer *p, uint8_t path, bool slow, uint64_t rate_bps, uint64_t usual_bps)
{
    struct path_news *n = &p->paths[path].news;
    n->slow = slow;
    n->rate_bps = rate_bps;
    n->usual_bps = usual_bps;
    tell_slow(p, path);
}

/* False: it has to wait. */
static bool tell_state(struct peer *p, uint8_t path, bool up, const char *reason)
{
    enum core_event_type type = up ? CORE_EVENT_PATH_UP : CORE_EVENT_PATH_DOWN;
    struct state_event e = { .type = type, .peer = p, .path = path, .reason = reason };
    const struct validation *v = &p->paths[path].address;
    struct path_news *n = &p->paths[path].news;
    if (n->told_up == up)
        return true;
    if (!may_tell(p))
        return false;
    n->told_up = up;
    if (up || n->name[0] == '\0')
        links_name(p, path, n->name);
    if (v->open)
        e.remote = v->route.to;
    memcpy(e.link, n->name, sizeof e.link);
    push(p->core, &e);
    return true;
}

static void tell_path(struct peer *p, uint8_t path)
{
    const struct path_news *n = &p->paths[path].news;
    if (n->up && renamed(p, path)) {
        event_slow(p, path, false, 0, 0);
        if (!tell_state(p, path, false, "another link has its place"))
            return;
    }
    tell_state(p, path, n->up, n->reason);
}

void event_path(struct peer *p, uint8_t path, bool up, const char *reason)
{
    p->paths[path].news.up = up;
    p->paths[path].news.reason = reason;
    tell_path(p, path);
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

bool event_accepted(struct peer *p)
{
    return push(p->core, &(struct state_event){ .type = CORE_EVENT_ACCEPTED, .peer = p });
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
    for (size_t i = 0; i < c->peers.count; i++)
        if (c->peers.list[i]->news.mtu_bytes > most)
            most = c->peers.list[i]->news.mtu_bytes;
    if (most == 0 || (most == c->mtu_bytes && c->mtu_told))
        return;
    c->mtu_bytes = most;
    c->mtu_told = push(c, &(struct state_event){
                              .type = CORE_EVENT_MTU, .mtu_bytes = most, .reason = "measured" });
}

static void push_peer_mtu(struct peer *p)
{
    push(p->core, &(struct state_event){ .type = CORE_EVENT_PEER_MTU,
                                         .peer = p,
                                         .mtu_bytes = p->mtu_bytes,
                                         .fit_bytes = p->fit_bytes,
                                         .reason = "measured" });
}

/*
 * The MSS that TCP asks for governs what the other side sends, whose search may have ended at
 * another size. Where 1280 bytes pass whole the MTU of its routes sees to that.
 */
static uint32_t find_fit(const struct peer *p)
{
    uint32_t ours = links_inner_mtu(p);
    uint32_t theirs = links_far_inner_mtu(p);
    return ours < INNER_MTU_MIN && theirs != 0 && theirs < ours ? theirs : ours;
}

static void tell_mtu(struct peer *p)
{
    bool grows = p->mtu_bytes > p->news.mtu_bytes;
    uint32_t device = p->core->mtu_bytes;
    /* All peers are looked at only where the largest may be another. */
    bool largest = !p->core->mtu_told || p->mtu_bytes > device || p->news.mtu_bytes >= device;
    bool same = p->mtu_bytes == p->news.mtu_bytes && p->fit_bytes == p->news.fit_bytes;
    if (same || !may_tell(p))
        return;
    p->news.mtu_bytes = p->mtu_bytes;
    p->news.fit_bytes = p->fit_bytes;
    /* In this order the device of a single peer never has another MTU than its routes. */
    if (grows)
        push_peer_mtu(p);
    if (largest)
        event_device_mtu(p->core);
    if (!grows)
        push_peer_mtu(p);
}

void event_mtu(struct peer *p)
{
    uint32_t fit_bytes = find_fit(p);
    if (fit_bytes == 0)
        return;
    p->fit_bytes = fit_bytes;
    p->mtu_bytes = fit_bytes < INNER_MTU_MIN ? INNER_MTU_MIN : fit_bytes;
    tell_mtu(p);
}

void event_tick(struct peer *p)
{
    if (!p->news.waits)
        return;
    p->news.waits = false;
    tell_peer(p);
    tell_mtu(p);
    /* In turn, so that one path that comes and goes does not hold up the others. */
    for (unsigned i = 0; i < WIRE_PATHS_MAX && !p->news.waits; i++) {
        uint8_t path = p->news.turn;
        tell_path(p, path);
        tell_slow(p, path);
        p->news.turn = (uint8_t)((path + 1) % WIRE_PATHS_MAX);
    }
}

void event_forget(struct core *c, const struct peer *p)
{
    uint32_t to = c->event_head;
    for (uint32_t i = c->event_head; i != c->event_tail; i++)
        if (c->events[i % STATE_EVENTS_MAX].peer != p)
            c->events[to++ % STATE_EVENTS_MAX] = c->events[i % STATE_EVENTS_MAX];
    c->event_tail = to;
}
