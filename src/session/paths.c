/* SPDX-License-Identifier: ISC */
#include "session/paths.h"

#include <stdio.h>
#include <string.h>

#include "session/accepted.h"
#include "session/event.h"
#include "session/links.h"
#include "session/peer.h"
#include "session/policies.h"
#include "session/rate_limit.h"
#include "session/send.h"
#include "session/state.h"
#include "session/tag.h"

/*
 * Challenges that the first of several addresses gets alone, 300 ms; RFC 8305, section 8, proposes
 * 250 ms. Then they take turns, and the first to answer is used.
 */
enum { TRIES_ALONE = 4 };

/* What an address in use has of time to answer when another one is claimed. */
#define ASK_LEAST_NS (20 * NS_PER_MS)
#define ASK_MOST_NS NS_PER_S

static void validate(struct peer *p, struct tstamp now, uint8_t id, const struct route *to,
                     bool trusted)
{
    uint8_t token[VALIDATION_TOKEN_BYTES];
    core_random(p->core, token, sizeof token);
    validation_start(&p->paths[id].address, now, to, trusted, token);
    peer_wake(p, now);
}

/* Tells the bond what is wanted of an open path. */
static void configure(struct peer *p, struct tstamp now, uint8_t id)
{
    struct peer_path *path = &p->paths[id];
    if (!path->opened)
        return;
    const struct core_link *link = &p->core->links[id];
    enum wire_path_use use = links_use(p, id);
    uint64_t limit_bps = links_are_ours(p) ? link->limit_up_bps : 0;
    uint8_t flags = links_are_ours(p) ? link->flags : path->remote.flags;
    if (path->heard)
        limit_bps = rate_limit_least(limit_bps, path->remote.limit_kbps * 1000);
    const struct bond_path_config config = {
        .use = use,
        .limit_bps = limit_bps,
        .datagram_bytes = path->mtu.confirmed_bytes,
        .overhead_bytes = route_overhead_bytes(&path->address.route),
        .cost = links_are_ours(p) ? link->cost : path->remote.cost,
        .standby_busy = (flags & WIRE_PATH_BUSY) != 0,
        .last_resort = (flags & WIRE_PATH_LAST_RESORT) != 0,
        .passive = !links_are_ours(p),
    };
    bond_path_open(p->bond, now, id, &config);
    policies_apply(p); /* now the name of its link is known */
    /* On standby a path is no more down than up: it can be used. */
    if (use == WIRE_PATH_DOWN)
        event_path(p, id, false, "switched off");
    else if (bond_path_state(p->bond, id) == BOND_PATH_STANDBY)
        event_path(p, id, true, "stands by");
}

static void tell(struct peer *p, struct tstamp now, uint8_t id)
{
    p->paths[id].status_due = true;
    peer_wake(p, now);
}

void paths_tell(struct peer *p, struct tstamp now)
{
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++)
        if (p->paths[id].opened)
            tell(p, now, id);
}

static void close_path(struct peer *p, struct tstamp now, uint8_t id)
{
    struct peer_path *path = &p->paths[id];
    validation_forget(&path->address);
    p->mtu.probes &= ~(UINT32_C(1) << id); /* nobody would send it, and everybody wait for that */
    if (!path->opened)
        return;
    path->opened = false;
    bond_path_close(p->bond, now, id);
    tell(p, now, id);
    event_mtu(p);
}

/* It may be the address: one of the other family, or another of the peer's, may still answer. */
static void seek_other_endpoint(struct peer *p, struct tstamp now, uint8_t id)
{
    const struct validation *v = &p->paths[id].address;
    struct route to = { .socket = id };
    if (!links_are_ours(p) || v->searching)
        return;
    for (unsigned i = 0; i < p->calling.endpoint_count; i++) {
        if (links_endpoint(p, &p->core->links[id], i, &to.to) &&
            !netaddr_equal(&to.to, &v->route.to)) {
            validate(p, now, id, &to, true);
            return;
        }
    }
}

/* It answers again where it was. */
static void stay_at_endpoint(struct peer *p, uint8_t id)
{
    struct validation *v = &p->paths[id].address;
    if (links_are_ours(p) && v->open && v->searching &&
        !netaddr_equal(&v->candidate.to, &v->route.to) && links_endpoint_known(p, &v->route.to))
        v->searching = false;
}

/* The path is dead where it was, while calls are answered elsewhere. */
static bool has_moved(const struct peer *p, uint8_t id, const struct netaddr *best)
{
    const struct validation *v = &p->paths[id].address;
    return v->open && bond_path_state(p->bond, id) == BOND_PATH_DOWN &&
           !netaddr_equal(best, &v->route.to) &&
           !(v->searching && netaddr_equal(best, &v->candidate.to));
}

static void refresh_one(struct peer *p, struct tstamp now, uint8_t id)
{
    struct validation *v = &p->paths[id].address;
    const struct core_link *link = &p->core->links[id];
    struct route to = { .socket = id };
    bool reachable = link->present && links_endpoint(p, link, 0, &to.to);
    if (!reachable) {
        close_path(p, now, id);
    } else if (links_local_use(p, id) == WIRE_PATH_DOWN) {
        v->searching = false;
    } else if (v->open ? !links_endpoint_known(p, &v->route.to) || has_moved(p, id, &to.to)
                       : !v->searching) {
        validate(p, now, id, &to, true);
    }
}

void paths_refresh(struct peer *p, struct tstamp now)
{
    if (!links_are_ours(p) || !peer_can_send(p, now))
        return;
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++)
        refresh_one(p, now, id);
}

/* The largest IP packet worth trying on the path's route. */
static uint32_t ip_bytes_limit(const struct peer *p, uint8_t id)
{
    const struct peer_path *path = &p->paths[id];
    const uint32_t overhead = route_overhead_bytes(&path->address.route);
    uint16_t socket = path->address.route.socket;
    uint32_t ip_bytes = MTU_IP_DEFAULT;
    if (socket < WIRE_PATHS_MAX && p->core->links[socket].mtu_bytes != 0)
        ip_bytes = p->core->links[socket].mtu_bytes;
    else if (path->heard && path->remote.datagram_bytes + overhead > ip_bytes)
        ip_bytes = path->remote.datagram_bytes + overhead;
    if (ip_bytes > WIRE_DATAGRAM_MAX + overhead)
        ip_bytes = WIRE_DATAGRAM_MAX + overhead;
    return ip_bytes;
}

/* The address of ours may be another one: the path over it is validated anew. */
static void revalidate(struct peer *p, struct tstamp now, uint8_t id)
{
    const struct core_link *link = &p->core->links[id];
    struct validation *v = &p->paths[id].address;
    struct route to = { .socket = id };
    if (links_local_use(p, id) == WIRE_PATH_DOWN)
        return;
    bool family_left = v->open && (v->route.to.family == 6 ? link->has_ipv6 : link->has_ipv4);
    if (family_left)
        to = v->route;
    if (family_left || links_endpoint(p, link, 0, &to.to))
        validate(p, now, id, &to, true);
}

static bool same_addresses(const struct core_link *a, const struct core_link *b)
{
    return a->has_ipv4 == b->has_ipv4 && a->has_ipv6 == b->has_ipv6 &&
           netaddr_equal(&a->local_ipv4, &b->local_ipv4) &&
           netaddr_equal(&a->local_ipv6, &b->local_ipv6);
}

static bool same_routers(const struct core_link *a, const struct core_link *b)
{
    return netaddr_equal(&a->gateway_ipv4, &b->gateway_ipv4) &&
           netaddr_equal(&a->gateway_ipv6, &b->gateway_ipv6);
}

/* Role, carrier, limits or MTU of the link of an open path. */
static void link_reconfigured(struct peer *p, struct tstamp now, const struct core_link *before,
                              const struct core_link *link)
{
    struct peer_path *path = &p->paths[link->link];
    const uint8_t id = (uint8_t)link->link;
    if (!link->carrier && before->carrier)
        bond_path_suspect(p->bond, now, id);
    if (link->mtu_bytes != before->mtu_bytes)
        mtu_start(&path->mtu, now, ip_bytes_limit(p, id),
                  route_overhead_bytes(&path->address.route));
    configure(p, now, id);
    if (link->carrier && !same_routers(before, link)) {
        bond_path_suspect(p->bond, now, id);
        bond_path_forgive(p->bond, now, id);
        bond_path_retry(p->bond, now, id);
    }
    tell(p, now, id);
    event_mtu(p);
}

void paths_link_changed(struct peer *p, struct tstamp now, const struct core_link *before,
                        const struct core_link *link)
{
    const uint8_t id = (uint8_t)link->link;
    if (!links_are_ours(p) || !peer_can_send(p, now))
        return;
    refresh_one(p, now, id);
    if (!p->paths[id].opened)
        return;
    link_reconfigured(p, now, before, link);
    if (!same_addresses(before, link) || (link->carrier && !before->carrier))
        revalidate(p, now, id);
}

/*
 * A path that works has one and a half round trips to answer at its address. One in trouble is not
 * waited for: the trouble is what a move looks like.
 */
static int64_t patience_ns(const struct peer *p, struct tstamp now, uint8_t id)
{
    struct bond_path_stats stats;
    bond_path_stats(p->bond, now, id, &stats);
    if (stats.state != BOND_PATH_UP && stats.state != BOND_PATH_STANDBY)
        return 0;
    int64_t wait_ns = stats.srtt_ns * 3 / 2;
    return wait_ns < ASK_LEAST_NS ? ASK_LEAST_NS : wait_ns > ASK_MOST_NS ? ASK_MOST_NS : wait_ns;
}

/* The peer may have moved there, or somebody sends its datagrams on, faster than they come. */
static void claim(struct peer *p, struct tstamp now, uint8_t id, const struct route *from)
{
    struct validation *v = &p->paths[id].address;
    uint8_t token[VALIDATION_TOKEN_BYTES];
    if (validation_held(v, now))
        return;
    validate(p, now, id, from, false);
    core_random(p->core, token, sizeof token);
    validation_doubt(v, now, patience_ns(p, now, id), token);
}

void paths_arrived(struct peer *p, struct tstamp now, uint8_t id, const struct route *from,
                   size_t len_bytes, bool newest)
{
    struct validation *v = &p->paths[id].address;
    p->paths[id].arrived_at = now;
    if (links_are_ours(p))
        return;
    if (v->open && route_equal(&v->route, from)) {
        v->route.from = from->from;
        return;
    }
    if (newest && !validation_pending(v, from))
        claim(p, now, id, from);
    validation_credit(v, from, len_bytes);
}

/* The path's route is another one, or its first. */
static void moved(struct peer *p, struct tstamp now, uint8_t id, uint32_t overhead_before)
{
    struct peer_path *path = &p->paths[id];
    const struct validation *v = &path->address;
    if (path->opened)
        bond_path_retry(p->bond, now, id);
    /* Only a port that changed keeps what was found out about sizes; even that is checked. */
    uint32_t overhead = route_overhead_bytes(&v->route);
    if (path->opened && overhead == overhead_before)
        mtu_renew(&path->mtu, now);
    else
        mtu_start(&path->mtu, now, ip_bytes_limit(p, id), overhead);
    path->opened = true;
    if (!links_are_ours(p))
        callers_answered(&p->core->responder.callers, now, &v->route.to, p);
    configure(p, now, id);
    tell(p, now, id);
    event_mtu(p); /* a search among one size has ended already */
}

static uint32_t overhead_in_use(const struct validation *v)
{
    return v->open ? route_overhead_bytes(&v->route) : 0;
}

bool paths_answered(struct peer *p, struct tstamp now, uint8_t id, const struct route *from,
                    const uint8_t token[VALIDATION_TOKEN_BYTES])
{
    struct validation *v = &p->paths[id].address;
    uint32_t overhead_before = overhead_in_use(v);
    bool is_new = validation_answer(v, now, token) == VALIDATION_MOVED;
    if (is_new) {
        /* Of the addresses that were asked in turn. */
        if (v->trusted && links_endpoint_known(p, &from->to))
            v->route.to = from->to;
        moved(p, now, id, overhead_before);
    }
    peer_wake(p, validation_deadline(v));
    return is_new;
}

void paths_told(struct peer *p, const struct wire_path_status *status)
{
    struct peer_path *path = &p->paths[status->path];
    bool waits = (p->told.paths >> status->path & 1) != 0;
    const struct wire_path_status *known = waits ? &path->told : &path->remote;
    if ((path->heard || waits) && (int32_t)(status->sequence - known->sequence) <= 0)
        return;
    path->told = *status;
    p->told.paths |= UINT32_C(1) << status->path;
}

static void take_status(struct peer *p, struct tstamp now, const struct wire_path_status *status)
{
    struct peer_path *path = &p->paths[status->path];
    enum wire_path_use wanted = links_local_use(p, status->path);
    bool wider = path->heard && status->datagram_bytes > path->remote.datagram_bytes;
    path->heard = true;
    path->remote = *status;
    if (path->news.up) /* it may be another link's now */
        event_path(p, status->path, true, "answers");
    if (!path->opened)
        return;
    if (wider)
        mtu_renew(&path->mtu, now); /* so may be the way there */
    uint32_t overhead = route_overhead_bytes(&path->address.route);
    mtu_widen(&path->mtu, now, ip_bytes_limit(p, status->path) - overhead, overhead);
    configure(p, now, status->path);
    if (links_local_use(p, status->path) != wanted)
        tell(p, now, status->path); /* the name is another */
    event_mtu(p);
    peer_wake(p, now);
}

void paths_take_told(struct peer *p, struct tstamp now)
{
    p->told.statuses.interval_ns = STATE_STATUSES_NS;
    p->told.statuses.burst = STATE_STATUSES_BURST;
    for (; p->told.paths != 0; p->told.paths &= p->told.paths - 1) {
        if (!bucket_take(&p->told.statuses, now)) {
            peer_wake(p, bucket_ready(&p->told.statuses));
            return;
        }
        take_status(p, now, &p->paths[__builtin_ctz(p->told.paths)].told);
    }
}

void paths_wish_changed(struct peer *p, struct tstamp now, const char *link)
{
    int id = links_find_peers(p, link);
    if (id < 0)
        return;
    configure(p, now, (uint8_t)id);
    tell(p, now, (uint8_t)id);
    event_mtu(p);
}

static void mtu_changed(struct peer *p, struct tstamp now, uint8_t id)
{
    configure(p, now, id);
    tell(p, now, id);
    event_mtu(p);
}

static void tag_came_back(struct peer *p, struct tstamp now, const struct bond_event *e)
{
    bool acked = e->type == BOND_EVENT_ACKED;
    uint32_t tag = e->tag;
    uint8_t id = tag >> 16 & 0xff;
    uint16_t serial = (uint16_t)tag;
    struct peer_path *path = &p->paths[id % WIRE_PATHS_MAX];
    if (tag >> 24 == TAG_STATUS && serial == path->status_serial) {
        path->status_sent = TSTAMP_NEVER;
        if (!acked)
            tell(p, now, id);
    }
    if (tag >> 24 == TAG_ACCEPTED)
        accepted_came_back(p, now, serial, acked);
    if (tag >> 24 == TAG_RATE_LIMIT)
        rate_limit_came_back(p, now, serial, acked);
    if (tag >> 24 == TAG_MTU && path->opened) {
        bool changed = acked ? mtu_acked(&path->mtu, now, serial)
                             : mtu_lost(&path->mtu, now, serial, e->alone);
        if (changed)
            mtu_changed(p, now, id);
        peer_wake(p, now);
    }
}

static void state_changed(struct peer *p, struct tstamp now, const struct bond_event *e)
{
    const uint8_t id = e->path;
    switch (e->state) {
    case BOND_PATH_UP:
        stay_at_endpoint(p, id);
        if (!e->false_alarm)
            mtu_renew(&p->paths[id].mtu, now);
        event_path(p, id, true, "answers");
        peer_wake(p, now);
        break;
    case BOND_PATH_DOWN:
        seek_other_endpoint(p, now, id);
        event_path(p, id, false, "no answer");
        peer_wake(p, now); /* it may have been the last one */
        break;
    case BOND_PATH_CLOSED:
        event_path(p, id, false, "closed");
        break;
    case BOND_PATH_PROBING:
    case BOND_PATH_SUSPECT:
        peer_wake(p, now); /* the search for its MTU goes on */
        break;
    case BOND_PATH_STANDBY: /* told by configure(), as far as it is down */
        break;
    }
}

static void slump_told(struct peer *p, struct tstamp now, const struct bond_event *e)
{
    struct bond_path_stats stats;
    bond_path_stats(p->bond, now, e->path, &stats);
    bool carries = stats.state == BOND_PATH_UP; /* else it is out of use, and the rate is old */
    event_slow(p, e->path, e->slow, carries ? stats.rate_bps : 0, stats.usual_bps);
}

void paths_bond_event(struct peer *p, struct tstamp now, const struct bond_event *e)
{
    switch (e->type) {
    case BOND_EVENT_PATH_STATE:
        state_changed(p, now, e);
        break;
    case BOND_EVENT_ACKED:
    case BOND_EVENT_LOST:
        tag_came_back(p, now, e);
        break;
    case BOND_EVENT_BLACK_HOLE:
        mtu_check(&p->paths[e->path].mtu, now);
        peer_wake(p, now);
        break;
    case BOND_EVENT_SLUMP:
        slump_told(p, now, e);
        break;
    }
}

void paths_refused(struct peer *p, struct tstamp now, uint8_t id, uint32_t bytes)
{
    struct peer_path *path = &p->paths[id];
    if (path->opened && bytes <= path->mtu.sizes[0])
        bond_path_suspect(p->bond, now, id); /* nothing smaller is left to try */
    else if (path->opened && mtu_refused(&path->mtu, now, bytes))
        mtu_changed(p, now, id);
    peer_wake(p, now);
}

void paths_close_all(struct peer *p, struct tstamp now)
{
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++) {
        close_path(p, now, id);
        p->paths[id].status_due = false;
        p->paths[id].status_sent = TSTAMP_NEVER;
    }
}

void paths_clear(struct peer *p)
{
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++) {
        struct peer_path *path = &p->paths[id];
        event_slow(p, id, false, 0, 0); /* it is measured anew */
        *path = (struct peer_path){ .status_sent = TSTAMP_NEVER,
                                    .news = path->news,
                                    .status_sequence = path->status_sequence,
                                    .status_serial = path->status_serial };
        replay_init(&path->replay);
    }
    p->told.paths = 0;
}

static struct wire_frame_value status_frame(struct peer *p, uint8_t id)
{
    struct peer_path *path = &p->paths[id];
    const struct core_link *link = &p->core->links[id];
    struct wire_frame_value f = { .type = WIRE_PATH_STATUS };
    struct wire_path_status *s = &f.status;
    s->path = id;
    s->sequence = ++path->status_sequence;
    s->use = (uint8_t)links_local_use(p, id);
    s->limit_kbps = rate_limit_of_path_kbps(p);
    s->datagram_bytes = path->opened ? (uint16_t)path->mtu.confirmed_bytes : 0;
    if (links_are_ours(p)) {
        s->flags = link->flags;
        s->cost = link->cost;
        s->limit_kbps = rate_limit_least(s->limit_kbps, link->limit_down_bps / 1000);
        s->name_len = (uint8_t)strnlen(link->name, WIRE_LINK_NAME_MAX);
        memcpy(s->name, link->name, s->name_len);
    }
    return f;
}

/* A challenge says at once how the path is to be used, so that no metered link carries data. */
static void send_challenge(struct peer *p, struct tstamp now, uint8_t id)
{
    struct peer_path *path = &p->paths[id];
    struct validation *v = &path->address;
    struct wire_frame_value frames[2] = { { .type = WIRE_PATH_CHALLENGE } };
    struct netaddr other;
    bool lost = !v->open || bond_path_state(p->bond, id) == BOND_PATH_DOWN;
    bool in_turn = v->trusted && lost && v->tries >= TRIES_ALONE;
    if (in_turn && links_endpoint(p, &p->core->links[id], v->tries - TRIES_ALONE + 1, &other))
        v->candidate.to = other;
    memcpy(frames[0].token, v->token, sizeof frames[0].token);
    size_t count = 1;
    if (links_are_ours(p))
        frames[count++] = status_frame(p, id);
    send_frames(p, now, id, &v->candidate, frames, count, 0);
    validation_sent(v, now);
}

static void ask_address_in_use(struct peer *p, struct tstamp now, uint8_t id)
{
    struct validation *v = &p->paths[id].address;
    struct wire_frame_value f = { .type = WIRE_PATH_CHALLENGE };
    memcpy(f.token, v->asked_token, sizeof f.token);
    send_frames(p, now, id, &v->asked, &f, 1, 0);
    validation_asked(v, now);
}

static bool tick_address(struct peer *p, struct tstamp now, uint8_t id)
{
    struct validation *v = &p->paths[id].address;
    uint32_t overhead_before = overhead_in_use(v);
    bool is_new = validation_tick(v, now);
    if (is_new)
        moved(p, now, id, overhead_before);
    if (validation_due(v, now))
        send_challenge(p, now, id);
    if (validation_ask_due(v, now))
        ask_address_in_use(p, now, id);
    peer_wake(p, validation_deadline(v));
    return is_new;
}

static void send_status(struct peer *p, struct tstamp now, uint8_t id)
{
    struct peer_path *path = &p->paths[id];
    int via = links_best(p);
    if (via < 0)
        return;
    struct wire_frame_value f = status_frame(p, id);
    uint32_t tag = tag_of(TAG_STATUS, id, ++path->status_serial);
    path->status_due = false;
    path->status_sent = now;
    send_frames(p, now, (uint8_t)via, &p->paths[via].address.route, &f, 1, tag);
}

static bool status_overdue(const struct peer_path *path, struct tstamp now)
{
    return !tstamp_is_never(path->status_sent) &&
           tstamp_sub(now, path->status_sent) >= STATE_STATUS_AGAIN_NS;
}

/* Also where what is lost for its size has taken the path out of use. */
static bool probes_now(const struct peer *p, uint8_t id)
{
    if (!p->paths[id].opened)
        return false;
    switch (bond_path_state(p->bond, id)) {
    case BOND_PATH_UP:
    case BOND_PATH_SUSPECT:
    case BOND_PATH_PROBING:
        return true;
    case BOND_PATH_CLOSED:
    case BOND_PATH_DOWN:
    case BOND_PATH_STANDBY:
        return false;
    }
    return false;
}

/*
 * A path of the other side's that it no longer has: with a path that is open it tells a size. Or
 * one that was never validated. If the link returns, so does the path, with its numbers.
 */
static bool is_ghost(const struct peer *p, uint8_t id)
{
    const struct peer_path *path = &p->paths[id];
    if (links_are_ours(p))
        return false;
    return path->opened ? path->heard && path->remote.datagram_bytes == 0 : path->address.searching;
}

static void forget_ghost(struct peer *p, struct tstamp now, uint8_t id)
{
    struct tstamp ends = tstamp_add(p->paths[id].arrived_at, STATE_GHOST_NS);
    if (!is_ghost(p, id))
        return;
    if (tstamp_reached(ends, now))
        close_path(p, now, id);
    else
        peer_wake(p, ends);
}

bool paths_tick(struct peer *p, struct tstamp now)
{
    bool is_new = false;
    paths_take_told(p, now);
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++) {
        struct peer_path *path = &p->paths[id];
        forget_ghost(p, now, id);
        is_new |= tick_address(p, now, id);
        if (path->status_due || status_overdue(path, now))
            send_status(p, now, id);
        if (probes_now(p, id))
            mtu_tick(&path->mtu, now);
        if (!tstamp_is_never(path->status_sent) && !status_overdue(path, now))
            peer_wake(p, tstamp_add(path->status_sent, STATE_STATUS_AGAIN_NS));
        if (probes_now(p, id) && tstamp_before(now, path->mtu.next))
            peer_wake(p, path->mtu.next);
        if (probes_now(p, id) && mtu_due(&path->mtu, now) != 0)
            p->mtu.probes |= UINT32_C(1) << id;
    }
    return is_new;
}

bool paths_probe_due(struct peer *p, struct tstamp now, uint8_t *id, uint32_t *bytes)
{
    for (*id = 0; p->mtu.probes != 0 && *id < WIRE_PATHS_MAX; ++*id) {
        uint32_t bit = UINT32_C(1) << *id;
        if ((p->mtu.probes & bit) == 0)
            continue;
        p->mtu.probes &= ~bit;
        *bytes = mtu_due(&p->paths[*id].mtu, now);
        if (*bytes != 0 && probes_now(p, *id))
            return true;
    }
    return false;
}

uint32_t paths_probe_tag(struct peer *p, struct tstamp now, uint8_t id)
{
    uint16_t serial = mtu_sent(&p->paths[id].mtu, now);
    peer_wake(p, p->paths[id].mtu.next);
    return tag_of(TAG_MTU, id, serial);
}
