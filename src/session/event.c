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
    return STATE_EVENTS_MAX - (c->events.tail - c->events.head);
}

/* False: nobody took the events that are there. */
static bool push(struct core *c, const struct state_event *e)
{
    if (room(c) == 0)
        return false;
    c->events.ring[c->events.tail++ % STATE_EVENTS_MAX] = *e;
    return true;
}

/* False: what there is to tell is told when there is room, as it is then. */
static bool has_room(struct peer *p)
{
    if (room(p->core) >= EVENT_ROOM)
        return true;
    p->news.waits = true;
    list_add(&p->core->events.waiting, &p->news.item);
    return false;
}

/* A change of the peer's may be told now; else it is told later, as things are then. */
static bool may_tell(struct peer *p)
{
    p->news.told.interval_ns = EVENT_NS;
    p->news.told.burst = EVENT_BURST;
    if (!has_room(p))
        return false;
    if (bucket_take(&p->news.told, p->core->now))
        return true;
    p->news.waits = true;
    peer_wake(p, bucket_ready(&p->news.told));
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
    if (!n->up && !tstamp_is_never(p->called.displaced_at))
        e.remote = p->called.displaced_by;
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

/* What is no state: it happened, and is told once, however often it did so meanwhile. */
static void tell_once(struct peer *p, bool *due, const struct state_event *e)
{
    if (!*due || !has_room(p))
        return;
    *due = false;
    push(p->core, e);
}

static void tell_others(struct peer *p)
{
    struct state_event e = { .type = CORE_EVENT_RESOLVE, .peer = p, .reason = "no answer" };
    tell_once(p, &p->news.resolve, &e);
    e = (struct state_event){ .type = CORE_EVENT_SAME_KEY,
                              .peer = p,
                              .reason = "another machine uses the peer's key",
                              .remote = p->called.lives.same_key_from };
    tell_once(p, &p->news.same_key, &e);
    e = (struct state_event){ .type = CORE_EVENT_ACCEPTED, .peer = p };
    tell_once(p, &p->news.accepted, &e);
}

void event_resolve(struct peer *p)
{
    p->news.resolve = true;
    tell_others(p);
}

void event_same_key(struct peer *p)
{
    p->news.same_key = true;
    tell_others(p);
}

void event_accepted(struct peer *p)
{
    p->news.accepted = true;
    tell_others(p);
}

static void tell_strangers(struct core *c)
{
    while (room(c) > 0) {
        const struct core_stranger *s = strangers_untold(&c->strangers);
        if (s == NULL)
            return;
        struct state_event e = { .type = CORE_EVENT_STRANGER, .remote = s->from };
        memcpy(e.public_key, s->public_key, sizeof e.public_key);
        push(c, &e);
    }
}

void event_stranger(struct core *c)
{
    tell_strangers(c);
}

void event_device_mtu(struct core *c)
{
    struct device_mtu *m = &c->mtu;
    struct state_event e = { .type = CORE_EVENT_MTU, .mtu_bytes = m->most, .reason = "measured" };
    if (m->count == 0 || (m->most == m->bytes && m->told))
        return;
    m->bytes = m->most;
    m->told = push(c, &e);
}

/* Looks anew for the largest: rarely, when the last peer that had it has another one. */
static void find_most(struct core *c)
{
    struct device_mtu *m = &c->mtu;
    m->most = 0;
    m->count = 0;
    for (size_t i = 0; i < c->peers.count; i++) {
        uint32_t bytes = c->peers.list[i]->news.mtu_bytes;
        if (bytes > m->most)
            m->count = 0;
        m->most = bytes > m->most ? bytes : m->most;
        m->count += bytes == m->most && bytes != 0;
    }
}

/* A peer has another one; 0: none any more. */
static void count_mtu(struct core *c, uint32_t before, uint32_t after)
{
    struct device_mtu *m = &c->mtu;
    if (after > m->most) {
        m->most = after;
        m->count = 0;
    }
    m->count += after == m->most && after != 0;
    if (before == m->most && before != 0 && --m->count == 0)
        find_most(c);
}

static void push_peer_mtu(struct peer *p)
{
    push(p->core, &(struct state_event){ .type = CORE_EVENT_PEER_MTU,
                                         .peer = p,
                                         .mtu_bytes = p->mtu.routed_bytes,
                                         .fit_bytes = p->mtu.fit_bytes,
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
    bool grows = p->mtu.routed_bytes > p->news.mtu_bytes;
    uint32_t before = p->news.mtu_bytes;
    bool same = p->mtu.routed_bytes == p->news.mtu_bytes && p->mtu.fit_bytes == p->news.fit_bytes;
    if (same || !may_tell(p))
        return;
    p->news.mtu_bytes = p->mtu.routed_bytes;
    p->news.fit_bytes = p->mtu.fit_bytes;
    /* In this order the device of a single peer never has another MTU than its routes. */
    if (before != p->mtu.routed_bytes)
        count_mtu(p->core, before, p->mtu.routed_bytes);
    if (grows)
        push_peer_mtu(p);
    event_device_mtu(p->core);
    if (!grows)
        push_peer_mtu(p);
}

void event_mtu(struct peer *p)
{
    uint32_t fit_bytes = find_fit(p);
    if (fit_bytes == 0)
        return;
    p->mtu.fit_bytes = fit_bytes;
    p->mtu.routed_bytes = fit_bytes < INNER_MTU_MIN ? INNER_MTU_MIN : fit_bytes;
    tell_mtu(p);
}

void event_tick(struct peer *p)
{
    if (!p->news.waits)
        return;
    p->news.waits = false;
    list_remove(&p->news.item);
    tell_peer(p);
    tell_mtu(p);
    tell_others(p);
    /* In turn, so that one path that comes and goes does not hold up the others. */
    for (unsigned i = 0; i < WIRE_PATHS_MAX && !p->news.waits; i++) {
        uint8_t path = p->news.turn;
        tell_path(p, path);
        tell_slow(p, path);
        p->news.turn = (uint8_t)((path + 1) % WIRE_PATHS_MAX);
    }
}

/* What waited for room; those who still have to wait go behind the others. */
static void fill(struct core *c)
{
    event_device_mtu(c);
    tell_strangers(c);
    for (struct list_item *i;
         room(c) >= EVENT_ROOM && (i = list_first(&c->events.waiting)) != NULL;)
        event_tick(LIST_OF(i, struct peer, news.item));
}

const struct state_event *event_next(struct core *c)
{
    fill(c);
    if (c->events.head == c->events.tail)
        return NULL;
    return &c->events.ring[c->events.head++ % STATE_EVENTS_MAX];
}

void event_forget(struct core *c, struct peer *p)
{
    uint32_t to = c->events.head;
    for (uint32_t i = c->events.head; i != c->events.tail; i++)
        if (c->events.ring[i % STATE_EVENTS_MAX].peer != p)
            c->events.ring[to++ % STATE_EVENTS_MAX] = c->events.ring[i % STATE_EVENTS_MAX];
    c->events.tail = to;
    list_remove(&p->news.item);
    uint32_t before = p->news.mtu_bytes;
    p->news.mtu_bytes = 0;
    count_mtu(c, before, 0);
}
