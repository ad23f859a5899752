/* SPDX-License-Identifier: ISC */
#include "session/core.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/key.h"
#include "crypto/secret.h"
#include "session/event.h"
#include "session/initiator.h"
#include "session/lifecycle.h"
#include "session/links.h"
#include "session/paths.h"
#include "session/peer.h"
#include "session/peers.h"
#include "session/policies.h"
#include "session/rate_limit.h"
#include "session/receive.h"
#include "session/reports.h"
#include "session/responder.h"
#include "session/send.h"
#include "session/share.h"
#include "session/state.h"
#include "session/too_big.h"
#include "session/transmit.h"
#include "session/why.h"

enum {
    TUN_IN_TURN = 128,    /* packets of one peer while others have some */
    LOOKS_PER_TURN = 512, /* at peers: packets go in between when all of them have changed */
};
enum { MTU_AT_START = 1420 }; /* until the paths are measured; larger packets are fragmented */

static int local_keys_init(struct local_keys *l, const uint8_t private_key[32])
{
    memcpy(l->private_key.bytes, private_key, sizeof l->private_key.bytes);
    if (!key_public(l->public_key, private_key))
        return -EINVAL;
    cookie_keys_init(&l->cookie, l->public_key);
    return 0;
}

int core_new(struct core **out, const struct core_config *config, struct tstamp now)
{
    struct core *c = calloc(1, sizeof *c);
    if (c == NULL)
        return -ENOMEM;
    c->pool = config->pool;
    c->arena.limit_bytes =
        config->memory_max_bytes < SIZE_MAX ? (size_t)config->memory_max_bytes : SIZE_MAX;
    c->settings.ciphers = config->ciphers;
    c->settings.preferred_cipher = config->preferred_cipher;
    c->settings.rekey_after_ns =
        config->rekey_after_ns != 0 ? config->rekey_after_ns : STATE_REKEY_NS;
    c->settings.wall_offset_ns = config->wall_offset_ns;
    c->settings.test_cipher = config->test_cipher;
    c->settings.cpu = WIRE_REPORT_CPU_UNKNOWN;
    if (config->version != NULL)
        snprintf(c->settings.version, sizeof c->settings.version, "%s", config->version);
    c->settings.random = config->random;
    c->settings.random_arg = config->random_arg;
    c->mtu.bytes = MTU_AT_START;
    list_init(&c->events.waiting);
    c->now = now;
    c->group.bytes = malloc(STATE_GROUP_BYTES);
    peers_init(&c->peers, 0);
    share_init(&c->share);
    share_set_line(c, now, config->uplink_bps);
    int err = local_keys_init(&c->local, config->private_key);
    if (c->group.bytes == NULL || allowed_init(&c->allowed) < 0 || index_init(&c->index, 0) < 0)
        err = -ENOMEM;
    if (err == 0) {
        responder_init(c, now);
        c->peers.by_key.seed = c->responder.callers.key;
    }
    for (size_t i = 0; err == 0 && i < config->peer_count; i++)
        err = core_put_peer(c, now, &config->peers[i]);
    if (err < 0) {
        core_free(c);
        return err;
    }
    *out = c;
    return 0;
}

void core_free(struct core *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->peers.count; i++)
        lifecycle_free(c->peers.list[i]); /* of which nobody asks for anything any more */
    peers_free(&c->peers);
    pkt_list_clear(&c->tun.answers);
    allowed_free(&c->allowed);
    index_free(&c->index);
    free(c->group.bytes);
    secret_clear(c, sizeof *c);
    free(c);
}

static int fill_allowed(struct allowed *a, const struct peers *ps)
{
    int err = allowed_init(a);
    for (size_t i = 0; err == 0 && i < ps->count; i++)
        for (size_t j = 0; err == 0 && j < ps->list[i]->allowed_count; j++)
            err = allowed_add(a, &ps->list[i]->allowed[j], ps->list[i]);
    return err;
}

/* After many changes; without memory for it the table stays as it is, which is no less right. */
static void tidy_allowed(struct core *c)
{
    struct allowed fresh;
    if (!allowed_is_sparse(&c->allowed))
        return;
    struct allowed *worse = &fresh;
    if (fill_allowed(&fresh, &c->peers) == 0) {
        struct allowed before = c->allowed;
        c->allowed = fresh;
        fresh = before;
    }
    allowed_free(worse);
}

static void remove_allowed(struct core *c, const struct peer *p)
{
    for (size_t i = 0; i < p->allowed_count; i++)
        allowed_remove(&c->allowed, &p->allowed[i], p);
}

static int add_allowed(struct core *c, struct peer *p)
{
    int err = 0;
    for (size_t i = 0; err == 0 && i < p->allowed_count; i++)
        err = allowed_add(&c->allowed, &p->allowed[i], p);
    tidy_allowed(c);
    return err;
}

static int add_peer(struct core *c, struct tstamp now, const struct core_peer_config *config)
{
    struct peer *p;
    size_t count = c->peers.count + 1;
    if (count >= UINT16_MAX)
        return -ENOSPC;
    int err = peers_reserve(&c->peers, count);
    if (err == 0)
        err = index_reserve(&c->index, count);
    if (err == 0)
        err = lifecycle_new(&p, c, config, now);
    if (err < 0)
        return err;
    peers_add(p);
    err = add_allowed(c, p);
    if (err < 0)
        core_remove_peer(c, now, p->number);
    return err;
}

int core_put_peer(struct core *c, struct tstamp now, const struct core_peer_config *peer)
{
    static const uint8_t none[32];
    const uint8_t *key = peer->public_key;
    if (memcmp(key, none, 32) == 0 || memcmp(key, c->local.public_key, 32) == 0)
        return -EINVAL;
    struct peer *p = peers_find(&c->peers, key);
    if (p == NULL)
        return add_peer(c, now, peer);
    remove_allowed(c, p);
    int err = lifecycle_configure(p, now, peer);
    int allowed_err = add_allowed(c, p);
    return err < 0 ? err : allowed_err;
}

void core_remove_peer(struct core *c, struct tstamp now, size_t peer)
{
    struct peer *p = c->peers.list[peer];
    send_goodbye(p, now);
    transmit_forget(c, p);
    event_forget(c, p);
    remove_allowed(c, p);
    peers_remove(p);
    lifecycle_free(p);
    tidy_allowed(c);
    event_device_mtu(c);
}

int core_find_peer(const struct core *c, const uint8_t public_key[32])
{
    const struct peer *p = peers_find(&c->peers, public_key);
    return p != NULL ? p->number : -ENOENT;
}

const char *core_peer_name(const struct core *c, size_t peer)
{
    return c->peers.list[peer]->name;
}

const uint8_t *core_peer_key(const struct core *c, size_t peer)
{
    return c->peers.list[peer]->public_key;
}

bool core_peer_initiates(const struct core *c, size_t peer)
{
    return c->peers.list[peer]->calling.initiates;
}

int core_next_silent(const struct core *c, int after)
{
    const struct list *silent = &c->peers.silent;
    struct list_item *next =
        after < 0 ? list_first(silent) : list_after(silent, &c->peers.list[after]->places.silent);
    return next != NULL ? LIST_OF(next, struct peer, places.silent)->number : -1;
}

void core_not_silent(struct core *c, size_t peer)
{
    list_remove(&c->peers.list[peer]->places.silent);
}

void core_set_policies(struct core *c, const struct core_policy policies[CORE_POLICIES_MAX])
{
    policies_change(c, policies);
}

void core_set_wall_offset(struct core *c, int64_t wall_offset_ns)
{
    c->settings.wall_offset_ns = wall_offset_ns;
}

void core_endpoints(struct core *c, struct tstamp now, size_t peer, const struct netaddr *addrs,
                    size_t count)
{
    if (peer >= c->peers.count)
        return;
    struct peer *p = c->peers.list[peer];
    if (!p->calling.initiates)
        return;
    struct netaddr used = p->calling.endpoints[p->calling.endpoint];
    p->calling.endpoint_count = count < CORE_ENDPOINTS_MAX ? count : CORE_ENDPOINTS_MAX;
    p->calling.endpoint = 0;
    for (uint8_t i = 0; i < p->calling.endpoint_count; i++) {
        p->calling.endpoints[i] = addrs[i];
        if (netaddr_equal(&addrs[i], &used))
            p->calling.endpoint = i;
    }
    peers_touch(p);
    paths_refresh(p, now);
    initiator_now(p, now);
}

void core_link_event(struct core *c, struct tstamp now, const struct core_link *link)
{
    if (link->link >= WIRE_PATHS_MAX)
        return;
    const struct core_link before = c->links[link->link];
    c->links[link->link] = *link;
    for (struct peer *p = peers_first_awake(c); p != NULL; p = peers_next_awake(p)) {
        peers_touch(p);
        paths_link_changed(p, now, &before, link);
        if (link->present && link->carrier)
            initiator_now(p, now);
    }
}

bool core_peer_link(const struct core *c, size_t peer, const char *link, struct core_peer_link *out)
{
    return peer < c->peers.count && links_peer_link(c->peers.list[peer], link, out);
}

int core_wish(struct core *c, struct tstamp now, size_t peer, const char *link,
              enum wire_path_use use)
{
    if (peer >= c->peers.count)
        return -ENOENT;
    struct peer *p = c->peers.list[peer];
    int err = wish_set(&p->told.wishes, link, use);
    peers_touch(p);
    if (err == 0)
        paths_wish_changed(p, now, link);
    return err;
}

void core_rx(struct core *c, struct tstamp now, const struct core_datagram *batch, size_t count)
{
    c->now = now;
    for (size_t i = 0; i < count; i++)
        receive_datagram(c, now, &batch[i]);
}

static void tun_one(struct core *c, struct tstamp now, struct pkt *pkt)
{
    struct peer *p = allowed_destination(&c->allowed, pkt);
    if (p != NULL && !p->up)
        initiator_wanted(p, now);
    bool waits = p != NULL && (p->up || tstamp_sub(now, p->clocks.down_at) <= STATE_HOLD_NS);
    bool gone = p != NULL && (!waits || p->bond == NULL);
    if (p == NULL || gone) {
        c->drops[p == NULL ? CORE_DROP_NO_ROUTE : CORE_DROP_NO_SESSION] += pkt->seg_count;
        pkt_put(pkt);
        return;
    }
    if (c->settings.tells_too_big)
        too_big_look(c, now, p, pkt);
    p->counters.tx_bytes += pkt->len_bytes;
    p->counters.tx_packets += pkt->seg_count;
    if (list_has(&p->places.outdated))
        policies_apply(p);
    bond_send(p->bond, now, pkt);
    peers_stir(p);
}

void core_tun(struct core *c, struct tstamp now, struct pkt *const *batch, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tun_one(c, now, batch[i]);
}

bool core_next_tx(struct core *c, struct tstamp now, struct core_tx *out)
{
    return transmit_next(c, now, out);
}

void core_tx_done(struct core *c, struct tstamp now, const struct core_tx *tx, int result)
{
    if (result == 0)
        return;
    c->drops[CORE_DROP_SEND] += tx->segment_count;
    bool is_passing = result == -EMSGSIZE || result == -EAGAIN || result == -ENOBUFS;
    if (!is_passing)
        why_failed(c, now, tx->socket, &tx->to, -result, false);
    if (tx->peer >= c->peers.count || tx->path >= WIRE_PATHS_MAX)
        return;
    struct peer *p = c->peers.list[tx->peer];
    const struct route to = { .socket = tx->socket, .to = tx->to };
    const struct peer_path *path = &p->paths[tx->path];
    /* What went to an address in validation says nothing about the one in use. */
    if (!path->opened || !route_equal(&path->address.route, &to))
        return;
    peers_stir(p);
    if (result == -EMSGSIZE)
        paths_refused(p, now, tx->path, (uint32_t)tx->segment_bytes);
    else if (!is_passing)
        bond_path_suspect(p->bond, now, tx->path);
}

void core_unreachable(struct core *c, struct tstamp now, uint16_t socket, const struct netaddr *to,
                      int error)
{
    why_failed(c, now, socket, to, error, true);
}

size_t core_accepted(const struct core *c, size_t peer, struct netprefix out[CORE_ACCEPTED_MAX])
{
    const struct accepted *a = &c->peers.list[peer]->told.accepted;
    for (size_t i = 0; i < a->count; i++)
        out[i] = a->list[i];
    return a->count;
}

bool core_look(struct core *c, struct tstamp now, size_t peer)
{
    return peer < c->peers.count && reports_look(c->peers.list[peer], now);
}

bool core_seen(const struct core *c, struct tstamp now, size_t peer)
{
    const struct peer *p = peer < c->peers.count ? c->peers.list[peer] : NULL;
    return p == NULL || !reports_due(p) || reports_latest(p, now) != NULL;
}

void core_set_cpu(struct core *c, uint8_t percent)
{
    c->settings.cpu = percent < WIRE_REPORT_CPU_ALL ? percent : WIRE_REPORT_CPU_ALL;
}

void core_set_line_full(struct core *c, bool full)
{
    c->tun.line_full = full;
    for (const struct peer *p = peers_first_awake(c); p != NULL; p = peers_next_awake(p))
        bond_line_full(p->bond, full && !p->calling.initiates);
}

void core_tell_too_big(struct core *c, bool on)
{
    c->settings.tells_too_big = on;
}

void core_set_uplink(struct core *c, struct tstamp now, uint64_t rate_bps)
{
    share_set_line(c, now, rate_bps);
}

bool core_is_calling(const struct core *c)
{
    return c->peers.calling > 0;
}

/* The next packet of one peer that may have come from it. */
static struct pkt *deliver_from(struct core *c, struct peer *p)
{
    struct pkt *pkt;
    while ((pkt = bond_deliver(p->bond)) != NULL) {
        if (allowed_source(&c->allowed, pkt) != p) {
            core_drop_one(c, CORE_DROP_SOURCE);
        } else if (p->rate_limit.receive_bps != 0 &&
                   !rate_limit_admits(p, c->now, pkt->len_bytes)) {
            core_drop_one(c, CORE_DROP_RATE_LIMIT);
        } else {
            p->counters.rx_bytes += pkt->len_bytes;
            p->counters.rx_packets++;
            return pkt;
        }
        pkt_put(pkt);
    }
    return NULL;
}

struct pkt *core_next_tun(struct core *c)
{
    if (c->tun.answers.head != NULL)
        return pkt_list_pop(&c->tun.answers);
    /* Many of one peer, then of the next: packets of one flow stay together. */
    for (struct list_item *first; (first = list_first(&c->peers.giving)) != NULL;) {
        struct peer *p = LIST_OF(first, struct peer, places.giving);
        bool may = c->tun.in_turn < TUN_IN_TURN;
        struct pkt *pkt = may && p->bond != NULL ? deliver_from(c, p) : NULL;
        if (pkt != NULL) {
            c->tun.in_turn++;
            return pkt;
        }
        c->tun.in_turn = 0;
        list_remove(first);
        peers_touch(p); /* what was taken may have changed its deadline */
        if (!may)
            peers_give(p);
    }
    return NULL;
}

void core_tick(struct core *c, struct tstamp now)
{
    unsigned looks = 0;
    c->now = now;
    policies_tick(c, now);
    peers_wake_due(c, now);
    /* What a look touches again is looked at the next time. */
    const struct list_item *last = c->peers.touched.head.prev;
    struct list_item *first = list_first(&c->peers.touched);
    bool more = first != NULL;
    for (; more && looks < LOOKS_PER_TURN; first = list_first(&c->peers.touched), looks++) {
        struct peer *p = LIST_OF(first, struct peer, places.touched);
        more = first != last;
        list_remove(first);
        lifecycle_tick(p, now);
        peers_settle(p);
    }
    c->peers.more = more;
}

struct tstamp core_deadline(const struct core *c)
{
    static const struct tstamp at_once = { 0 };
    if (!outbox_empty(&c->outbox) || (c->group.spill_peer != NULL && !c->closing))
        return at_once;
    if (c->closing)
        return TSTAMP_NEVER;
    if (!list_is_empty(&c->peers.early) || !list_is_empty(&c->peers.sending) || c->peers.more)
        return at_once;
    struct tstamp at = tstamp_min(peers_deadline(c), policies_deadline(c));
    return tstamp_min(at, share_deadline(c));
}

void core_close(struct core *c, struct tstamp now)
{
    for (size_t i = 0; i < c->peers.count; i++)
        send_goodbye(c->peers.list[i], now);
    c->closing = true;
}

bool core_next_event(struct core *c, struct core_event *out)
{
    const struct state_event *e = event_next(c);
    if (e == NULL)
        return false;
    *out = (struct core_event){ .type = e->type,
                                .path = e->path,
                                .mtu_bytes = e->mtu_bytes,
                                .fit_bytes = e->fit_bytes,
                                .reason = e->reason,
                                .rate_bps = e->rate_bps,
                                .usual_bps = e->usual_bps,
                                .remote = e->remote };
    memcpy(out->link, e->link, sizeof out->link);
    memcpy(out->public_key, e->public_key, sizeof out->public_key);
    if (e->peer != NULL)
        out->peer = e->peer->number;
    return true;
}
