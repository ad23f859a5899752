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
#include "session/policies.h"
#include "session/receive.h"
#include "session/reports.h"
#include "session/responder.h"
#include "session/send.h"
#include "session/state.h"
#include "session/transmit.h"
#include "session/why.h"

enum { TUN_IN_TURN = 128 /* packets of one peer while others have some */ };
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
    c->ciphers = config->ciphers;
    c->preferred_cipher = config->preferred_cipher;
    c->rekey_after_ns = config->rekey_after_ns != 0 ? config->rekey_after_ns : STATE_REKEY_NS;
    c->wall_offset_ns = config->wall_offset_ns;
    c->test_cipher = config->test_cipher;
    c->cpu = WIRE_REPORT_CPU_UNKNOWN;
    if (config->version != NULL)
        snprintf(c->version, sizeof c->version, "%s", config->version);
    c->random = config->random;
    c->random_arg = config->random_arg;
    c->mtu_bytes = MTU_AT_START;
    c->now = now;
    c->group = malloc(STATE_GROUP_BYTES);
    int err = local_keys_init(&c->local, config->private_key);
    if (c->group == NULL || allowed_init(&c->allowed) < 0 || index_init(&c->index, 0) < 0)
        err = -ENOMEM;
    if (err == 0) {
        responder_init(c, now);
        err = core_set_peers(c, now, config->peers, config->peer_count);
    }
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
    for (size_t i = 0; i < c->peer_count; i++)
        lifecycle_free(c->peers[i]);
    free(c->peers);
    allowed_free(&c->allowed);
    index_free(&c->index);
    free(c->group);
    secret_clear(c, sizeof *c);
    free(c);
}

static struct peer *find_peer(struct peer *const *peers, size_t count, const uint8_t key[32])
{
    for (size_t i = 0; i < count; i++)
        if (peers[i] != NULL && memcmp(peers[i]->public_key, key, 32) == 0)
            return peers[i];
    return NULL;
}

static bool keys_good(const struct core *c, const struct core_peer_config *peers, size_t count)
{
    static const uint8_t none[32];
    for (size_t i = 0; i < count; i++) {
        const uint8_t *key = peers[i].public_key;
        if (memcmp(key, none, 32) == 0 || memcmp(key, c->local.public_key, 32) == 0)
            return false;
        for (size_t j = 0; j < i; j++)
            if (memcmp(key, peers[j].public_key, 32) == 0)
                return false;
    }
    return count < UINT16_MAX;
}

static int fill_allowed(struct allowed *a, struct peer *const *peers, size_t count)
{
    int err = allowed_init(a);
    for (size_t i = 0; err == 0 && i < count; i++)
        for (size_t j = 0; err == 0 && j < peers[i]->allowed_count; j++)
            err = allowed_add(a, &peers[i]->allowed[j], peers[i]);
    return err;
}

/* Those of the new set: the ones there are, configured anew, and new ones. */
static int gather_peers(struct core *c, struct tstamp now, struct peer **next,
                        const struct core_peer_config *peers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        next[i] = find_peer(c->peers, c->peer_count, peers[i].public_key);
        int err = next[i] != NULL ? lifecycle_configure(next[i], now, &peers[i])
                                  : lifecycle_new(&next[i], c, &peers[i], now);
        if (err < 0)
            return err;
    }
    return 0;
}

/* Says goodbye to and frees those of one set that are not in another. */
static void drop_missing(struct core *c, struct tstamp now, struct peer **from, size_t from_count,
                         struct peer *const *in, size_t in_count)
{
    for (size_t i = 0; i < from_count; i++) {
        struct peer *p = from[i];
        if (p == NULL || find_peer(in, in_count, p->public_key) != NULL)
            continue;
        send_goodbye(p, now);
        transmit_forget(c, p);
        event_forget(c, p);
        lifecycle_free(p);
    }
}

int core_set_peers(struct core *c, struct tstamp now, const struct core_peer_config *peers,
                   size_t count)
{
    struct allowed allowed = { 0 };
    if (!keys_good(c, peers, count))
        return -EINVAL;
    struct peer **next = calloc(count + 1, sizeof(struct peer *));
    if (next == NULL)
        return -ENOMEM;
    int err = gather_peers(c, now, next, peers, count);
    if (err == 0)
        err = fill_allowed(&allowed, next, count);
    if (err == 0)
        err = index_resize(&c->index, count > c->peer_count ? count : c->peer_count);
    if (err < 0) {
        drop_missing(c, now, next, count, c->peers, c->peer_count);
        allowed_free(&allowed);
        free(next);
        return err;
    }
    drop_missing(c, now, c->peers, c->peer_count, next, count);
    allowed_free(&c->allowed);
    free(c->peers);
    c->allowed = allowed;
    c->peers = next;
    c->peer_count = count;
    for (uint16_t i = 0; i < count; i++)
        next[i]->number = i;
    event_device_mtu(c);
    return 0;
}

int core_set_policies(struct core *c, const struct core_policy policies[CORE_POLICIES_MAX])
{
    int err = 0;
    memcpy(c->policies, policies, sizeof c->policies);
    for (size_t i = 0; err == 0 && i < c->peer_count; i++) {
        err = policies_apply(c->peers[i]);
        c->peers[i]->stirred = true;
    }
    return err;
}

void core_set_wall_offset(struct core *c, int64_t wall_offset_ns)
{
    c->wall_offset_ns = wall_offset_ns;
}

void core_endpoints(struct core *c, struct tstamp now, size_t peer, const struct netaddr *addrs,
                    size_t count)
{
    if (peer >= c->peer_count)
        return;
    struct peer *p = c->peers[peer];
    struct netaddr used = p->endpoints[p->endpoint];
    p->endpoint_count = count < CORE_ENDPOINTS_MAX ? count : CORE_ENDPOINTS_MAX;
    p->endpoint = 0;
    for (uint8_t i = 0; i < p->endpoint_count; i++) {
        p->endpoints[i] = addrs[i];
        if (netaddr_equal(&addrs[i], &used))
            p->endpoint = i;
    }
    paths_refresh(p, now);
    initiator_now(p, now);
}

void core_link_event(struct core *c, struct tstamp now, const struct core_link *link)
{
    if (link->link >= WIRE_PATHS_MAX)
        return;
    const struct core_link before = c->links[link->link];
    c->links[link->link] = *link;
    for (size_t i = 0; i < c->peer_count; i++) {
        paths_link_changed(c->peers[i], now, &before, link);
        if (link->present && link->carrier)
            initiator_now(c->peers[i], now);
    }
}

bool core_peer_link(const struct core *c, size_t peer, const char *link, struct core_peer_link *out)
{
    return peer < c->peer_count && links_peer_link(c->peers[peer], link, out);
}

int core_wish(struct core *c, struct tstamp now, size_t peer, const char *link,
              enum wire_path_use use)
{
    if (peer >= c->peer_count)
        return -ENOENT;
    struct peer *p = c->peers[peer];
    int err = wish_set(&p->wishes, link, use);
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
    struct peer *p = allowed_destination(&c->allowed, pkt->data, pkt->len_bytes);
    if (p != NULL && !p->up)
        initiator_wanted(p, now);
    bool gone = p != NULL && !p->up && tstamp_sub(now, p->down_at) > STATE_HOLD_NS;
    if (p == NULL || gone) {
        c->drops[p == NULL ? CORE_DROP_NO_ROUTE : CORE_DROP_NO_SESSION] += pkt->seg_count;
        pkt_put(pkt);
        return;
    }
    p->tx_bytes += pkt->len_bytes;
    p->tx_packets += pkt->seg_count;
    bond_send(p->bond, now, pkt);
    p->stirred = true;
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
    if (tx->peer >= c->peer_count || tx->path >= WIRE_PATHS_MAX)
        return;
    struct peer *p = c->peers[tx->peer];
    const struct route to = { .socket = tx->socket, .to = tx->to };
    const struct peer_path *path = &p->paths[tx->path];
    /* What went to an address in validation says nothing about the one in use. */
    if (!path->opened || !route_equal(&path->address.route, &to))
        return;
    p->stirred = true;
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
    const struct accepted *a = &c->peers[peer]->accepted;
    memcpy(out, a->list, a->count * sizeof a->list[0]);
    return a->count;
}

bool core_look(struct core *c, struct tstamp now)
{
    bool first = false;
    for (size_t i = 0; i < c->peer_count; i++)
        first |= reports_look(c->peers[i], now);
    return first;
}

bool core_seen(const struct core *c, struct tstamp now)
{
    for (size_t i = 0; i < c->peer_count; i++)
        if (reports_due(c->peers[i]) && reports_latest(c->peers[i], now) == NULL)
            return false;
    return true;
}

void core_set_cpu(struct core *c, uint8_t percent)
{
    c->cpu = percent < WIRE_REPORT_CPU_ALL ? percent : WIRE_REPORT_CPU_ALL;
}

void core_set_line_full(struct core *c, bool full)
{
    for (size_t i = 0; i < c->peer_count; i++)
        bond_line_full(c->peers[i]->bond, full && !c->peers[i]->initiates);
}

bool core_is_calling(const struct core *c)
{
    for (size_t i = 0; i < c->peer_count; i++)
        if (c->peers[i]->why.calling && !c->peers[i]->up)
            return true;
    return false;
}

/* The next packet of one peer that may have come from it. */
static struct pkt *deliver_from(struct core *c, struct peer *p)
{
    struct pkt *pkt;
    while ((pkt = bond_deliver(p->bond)) != NULL) {
        if (allowed_source(&c->allowed, pkt->data, pkt->len_bytes) == p) {
            p->rx_bytes += pkt->len_bytes;
            p->rx_packets++;
            return pkt;
        }
        core_drop_one(c, CORE_DROP_SOURCE);
        pkt_put(pkt);
    }
    return NULL;
}

struct pkt *core_next_tun(struct core *c)
{
    /* Many of one peer, then of the next: packets of one flow stay together. */
    for (size_t i = 0; i <= c->peer_count && c->peer_count > 0; i++) {
        bool may = c->tun_in_turn < TUN_IN_TURN;
        struct pkt *pkt = may ? deliver_from(c, c->peers[c->turn_tun % c->peer_count]) : NULL;
        if (pkt != NULL) {
            c->tun_in_turn++;
            return pkt;
        }
        c->tun_in_turn = 0;
        c->turn_tun++;
    }
    return NULL;
}

void core_tick(struct core *c, struct tstamp now)
{
    c->now = now;
    for (size_t i = 0; i < c->peer_count; i++)
        lifecycle_tick(c->peers[i], now);
}

struct tstamp core_deadline(const struct core *c)
{
    static const struct tstamp at_once = { 0 };
    struct tstamp at = TSTAMP_NEVER;
    if (!outbox_empty(&c->outbox) || (c->spill_peer != NULL && !c->closing))
        return at_once;
    for (size_t i = 0; i < c->peer_count && !c->closing; i++) {
        const struct peer *p = c->peers[i];
        if (p->probes != 0 || p->stirred)
            return at_once;
        at = tstamp_min(at, tstamp_min(p->wake, bond_deadline(p->bond)));
    }
    return at;
}

void core_close(struct core *c, struct tstamp now)
{
    for (size_t i = 0; i < c->peer_count; i++)
        send_goodbye(c->peers[i], now);
    c->closing = true;
}

bool core_next_event(struct core *c, struct core_event *out)
{
    if (c->event_head == c->event_tail)
        return false;
    const struct state_event *e = &c->events[c->event_head++ % STATE_EVENTS_MAX];
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
