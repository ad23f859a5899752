/* SPDX-License-Identifier: ISC */
#include "session/lifecycle.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"
#include "session/accepted.h"
#include "session/event.h"
#include "session/initiator.h"
#include "session/links.h"
#include "session/lives.h"
#include "session/paths.h"
#include "session/peer.h"
#include "session/peers.h"
#include "session/policies.h"
#include "session/rate_limit.h"
#include "session/reports.h"
#include "session/send.h"
#include "session/share.h"
#include "session/state.h"
#include "session/transmit.h"

/* All that a peer without a bond has of paths: nobody may write to it. */
static const struct peer_path no_paths[WIRE_PATHS_MAX];

static void free_bond(struct peer *p)
{
    share_forget(p);
    bond_free(p->bond);
    if (p->paths != no_paths)
        free(p->paths);
    free(p->told.accepted.list);
    free(p->told.reports.report);
    list_remove(&p->places.awake);
    list_remove(&p->places.outdated);
    p->bond = NULL;
    p->paths = (struct peer_path *)no_paths;
    p->told.accepted.list = NULL;
    p->told.accepted.count = 0;
    p->told.reports.report = NULL;
    p->told.reports.heard = false;
}

/* What a peer needs that is there: much memory, so not before it is known to be there. */
static int make_bond(struct peer *p, struct tstamp now)
{
    if (p->bond != NULL)
        return 0;
    const struct bond_config config = { .pool = p->core->pool,
                                        .arena = &p->core->arena,
                                        .sure = p->calling.endpoints != NULL,
                                        .seed = p->bond_seed };
    struct peer_path *paths = calloc(WIRE_PATHS_MAX, sizeof *paths);
    p->told.accepted.list = calloc(WIRE_ACCEPTED_MAX, sizeof *p->told.accepted.list);
    p->told.reports.report = calloc(1, sizeof *p->told.reports.report);
    bool made = paths != NULL && p->told.accepted.list != NULL && p->told.reports.report != NULL &&
                lives_make(p) == 0;
    struct bond *bond = made ? bond_new(&config, now) : NULL;
    if (bond == NULL) {
        free(paths);
        free_bond(p);
        return -ENOMEM;
    }
    p->bond = bond;
    p->paths = paths;
    list_add(&p->core->peers.awake, &p->places.awake);
    paths_clear(p);
    share_bond_begins(p, now);
    bond_line_full(bond, p->core->tun.line_full && !p->calling.initiates);
    int err = policies_apply(p);
    if (err < 0)
        free_bond(p);
    return err;
}

/* Where it is called, and what that takes; a peer that has to call needs none. */
static int make_calling(struct peer *p, struct tstamp now)
{
    if (p->calling.endpoints == NULL)
        p->calling.endpoints = calloc(CORE_ENDPOINTS_MAX, sizeof *p->calling.endpoints);
    return p->calling.endpoints != NULL ? make_bond(p, now) : -ENOMEM;
}

static void free_calling(struct peer *p)
{
    free(p->calling.endpoints);
    p->calling.endpoints = NULL;
    p->calling.endpoint_count = 0;
    p->calling.endpoint = 0;
}

int lifecycle_configure(struct peer *p, struct tstamp now, const struct core_peer_config *config)
{
    struct netprefix *allowed = calloc(config->allowed_count + 1, sizeof *allowed);
    if (allowed == NULL)
        return -ENOMEM;
    size_t bytes = config->allowed_count * sizeof *allowed;
    if (bytes > 0)
        memcpy(allowed, config->allowed, bytes);
    if (p->allowed != NULL &&
        (p->allowed_count != config->allowed_count || memcmp(p->allowed, allowed, bytes) != 0))
        accepted_tell(p, now);
    free(p->allowed);
    p->allowed = allowed;
    p->allowed_count = config->allowed_count;
    if (rate_limit_set(p, now, config->send_limit_bps, config->receive_limit_bps))
        paths_tell(p, now);
    memcpy(p->name, config->name, sizeof p->name);
    p->name[CORE_NAME_MAX] = '\0';
    memcpy(p->preshared_key, config->preshared_key, sizeof p->preshared_key);
    int err = config->initiate ? make_calling(p, now) : 0;
    if (err == 0)
        p->calling.initiates = config->initiate;
    if (!p->calling.initiates)
        free_calling(p);
    if (p->calling.initiates)
        peers_suspect(p);
    return err;
}

int lifecycle_new(struct peer **out, struct core *c, const struct core_peer_config *config,
                  struct tstamp now)
{
    struct peer *p = calloc(1, sizeof *p);
    if (p == NULL)
        return -ENOMEM;
    p->core = c;
    p->paths = (struct peer_path *)no_paths;
    p->clocks.asked_at = TSTAMP_NEVER;
    p->called.displaced_at = TSTAMP_NEVER;
    p->clocks.down_at = now;
    p->clocks.wake = now;
    memcpy(p->public_key, config->public_key, sizeof p->public_key);
    core_random(c, p->association.epoch, sizeof p->association.epoch);
    core_random(c, &p->rng.state, sizeof p->rng.state);
    core_random(c, &p->bond_seed, sizeof p->bond_seed);
    lives_init(&p->called.lives);
    initiator_init(p);
    accepted_init(p);
    rate_limit_init(p);
    share_peer_init(p);
    int err = lifecycle_configure(p, now, config);
    if (err < 0) {
        lifecycle_free(p);
        return err;
    }
    *out = p;
    return 0;
}

void lifecycle_free(struct peer *p)
{
    if (p == NULL)
        return;
    initiator_free(p);
    peer_drop_keys(p, &p->association.current);
    peer_drop_keys(p, &p->association.previous);
    peer_drop_keys(p, &p->association.next);
    lives_free(p);
    proof_free(&p->called.proof);
    wish_free(&p->told.wishes);
    free_calling(p);
    free_bond(p);
    peers_forget(p);
    free(p->allowed);
    secret_clear(p, sizeof *p);
    free(p);
}

/*
 * No key of before survives this, as packet numbers begin again; nor a call under way, which has
 * said what may be our epoch no longer.
 */
static void begin_association(struct peer *p, struct tstamp now, const struct keys *fresh)
{
    assert(fresh->sent == 0);
    initiator_abandon(p);
    peer_drop_keys(p, &p->association.current);
    peer_drop_keys(p, &p->association.previous);
    peer_drop_keys(p, &p->association.next);
    transmit_forget(p->core, p);
    bond_reset(p->bond, now);
    share_bond_begins(p, now);
    paths_clear(p);
    p->mtu.probes = 0;
    memcpy(p->association.epoch, fresh->local_epoch, sizeof p->association.epoch);
    memcpy(p->association.remote_epoch, fresh->remote_epoch, sizeof p->association.remote_epoch);
    p->association.is_there = true;
    lives_adopt(p, p->association.remote_epoch);
}

int lifecycle_adopt(struct peer *p, struct tstamp now, struct keys *k)
{
    bool called = p->association.next == k;
    int err = make_bond(p, now);
    if (err < 0) {
        if (called)
            p->association.next = NULL;
        peer_drop_keys(p, &k);
        return err;
    }
    /* Where both sides call, the one that was called last follows. */
    p->calling.yielded = p->calling.initiates && called;
    if (called) {
        p->association.next = NULL;
        proof_confirmed(&p->called.proof);
    }
    bool is_new = peer_is_new_association(p, k);
    if (is_new) {
        if (called) /* if who had the session is still there, it is another machine */
            send_goodbye_replaced(p, now, &p->last_route.to);
        begin_association(p, now, k);
    } else {
        peer_drop_keys(p, &p->association.previous);
        p->association.previous = p->association.current;
    }
    p->association.current = k;
    p->association.remote_features = k->remote_features;
    p->calling.why.unconfirmed = 0;
    p->calling.why.refusal = WHY_NONE;
    p->association.adopted_at = now;
    p->association.handshakes++;
    p->clocks.asked_at = TSTAMP_NEVER;
    if (is_new)
        p->told.reports.heard = false; /* it may speak of other paths */
    accepted_adopted(p, now, is_new);
    rate_limit_adopted(p, now, is_new);
    paths_refresh(p, now);
    peer_wake(p, now);
    return 0;
}

void lifecycle_heard(struct peer *p, struct tstamp now)
{
    p->clocks.heard_at = now;
    p->clocks.asked_at = TSTAMP_NEVER;
    if (!p->up && links_best(p) >= 0)
        lifecycle_set_up(p, now, true, "answers again");
}

void lifecycle_set_up(struct peer *p, struct tstamp now, bool up, const char *reason)
{
    if (p->up == up)
        return;
    p->up = up;
    peers_count_calling(p);
    if (up)
        p->called.displaced_at = TSTAMP_NEVER;
    else
        p->clocks.down_at = now;
    if (!up && p->calling.initiates)
        peers_suspect(p);
    event_peer(p, up, reason);
}

/* The next call is the caller's to make. */
static void disconnect(struct peer *p, struct tstamp now, const char *reason)
{
    peer_drop_keys(p, &p->association.current);
    peer_drop_keys(p, &p->association.previous);
    paths_close_all(p, now);
    p->clocks.asked_at = TSTAMP_NEVER;
    p->calling.yielded = false;
    lifecycle_set_up(p, now, false, reason);
}

void lifecycle_disconnect(struct peer *p, struct tstamp now, const char *reason)
{
    disconnect(p, now, reason);
    initiator_later(p, now, HANDSHAKE_RETRY_NS);
}

void lifecycle_displaced(struct peer *p, struct tstamp now, const struct netaddr *by)
{
    static const char reason[] = "another machine uses this key";
    bool news = !p->up && !peer_is_displaced(p, now);
    p->called.displaced_at = now;
    p->called.displaced_by = *by;
    disconnect(p, now, reason);
    if (news)
        event_peer(p, false, reason);
    initiator_later(p, now, HANDSHAKE_DISPLACED_NS);
}

/* Keys that ended, in the order in which they end. */
static void expire_keys(struct peer *p, struct tstamp now)
{
    const int64_t rekey_ns = p->core->settings.rekey_after_ns;
    if (p->association.next != NULL &&
        tstamp_sub(now, p->association.next->born) >= KEYS_TENTATIVE_NS)
        peer_drop_keys(p, &p->association.next);
    if (p->association.previous != NULL && keys_too_old(p->association.previous, now, rekey_ns))
        peer_drop_keys(p, &p->association.previous);
    if (p->association.current != NULL && keys_too_old(p->association.current, now, rekey_ns))
        disconnect(p, now, "no new keys in time"); /* the call for them goes on */
    lives_tick(p, now);
    if (p->association.next != NULL)
        peer_wake(p, tstamp_add(p->association.next->born, KEYS_TENTATIVE_NS));
    if (p->association.current != NULL)
        peer_wake(p, tstamp_add(p->association.current->born, KEYS_LIVES * rekey_ns));
}

static void notice_silence(struct peer *p, struct tstamp now)
{
    if (!p->up || tstamp_is_never(p->clocks.asked_at))
        return;
    struct tstamp lost_at = tstamp_add(p->clocks.asked_at, STATE_LOST_NS);
    if (tstamp_reached(lost_at, now))
        lifecycle_set_up(p, now, false, "no answer");
    else
        peer_wake(p, lost_at);
}

/* A peer that calls us and has been away for long: what it had is made anew when it comes back. */
static void leave(struct peer *p, struct tstamp now)
{
    bool away = p->association.current == NULL && p->association.previous == NULL &&
                p->association.next == NULL;
    struct tstamp ends = tstamp_add(p->clocks.down_at, STATE_AWAY_NS);
    if (p->bond == NULL || p->up || p->calling.initiates || !away)
        return;
    if (!tstamp_reached(ends, now)) {
        peer_wake(p, ends);
        return;
    }
    transmit_forget(p->core, p);
    free_bond(p);
    p->mtu.probes = p->told.paths = 0;
    /* Packet numbers begin again: so does the association. */
    core_random(p->core, p->association.epoch, sizeof p->association.epoch);
    p->association.is_there = false;
}

static void tick_bond(struct peer *p, struct tstamp now)
{
    struct bond_event e;
    if (p->bond == NULL)
        return;
    if (tstamp_reached(bond_deadline(p->bond), now)) {
        bond_tick(p->bond, now);
        peers_stir(p);
    }
    while (bond_next_event(p->bond, &e))
        paths_bond_event(p, now, &e);
    if (bond_has_delivery(p->bond))
        peers_give(p);
}

void lifecycle_tick(struct peer *p, struct tstamp now)
{
    tick_bond(p, now);
    if (!tstamp_reached(p->clocks.wake, now))
        return;
    peers_stir(p);
    p->clocks.wake = TSTAMP_NEVER;
    expire_keys(p, now);
    notice_silence(p, now);
    initiator_tick(p, now);
    if (peer_can_send(p, now) && paths_tick(p, now))
        lifecycle_set_up(p, now, true, PATHS_VALIDATED);
    accepted_tick(p, now);
    rate_limit_tick(p, now);
    event_tick(p);
    if (p->called.proof.late != NULL)
        peer_wake(p, proof_expire(&p->called.proof, now));
    if (peer_can_send(p, now))
        reports_tick(p, now);
    leave(p, now);
}
