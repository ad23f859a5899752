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
    free(p->accepted.list);
    free(p->reports.report);
    list_remove(&p->awake);
    list_remove(&p->outdated);
    p->bond = NULL;
    p->paths = (struct peer_path *)no_paths;
    p->accepted.list = NULL;
    p->accepted.count = 0;
    p->reports.report = NULL;
    p->reports.heard = false;
}

/* What a peer needs that is there: much memory, so not before it is known to be there. */
static int make_bond(struct peer *p, struct tstamp now)
{
    if (p->bond != NULL)
        return 0;
    const struct bond_config config = { .pool = p->core->pool,
                                        .arena = &p->core->arena,
                                        .seed = p->bond_seed };
    struct peer_path *paths = calloc(WIRE_PATHS_MAX, sizeof *paths);
    p->accepted.list = calloc(WIRE_ACCEPTED_MAX, sizeof *p->accepted.list);
    p->reports.report = calloc(1, sizeof *p->reports.report);
    bool made = paths != NULL && p->accepted.list != NULL && p->reports.report != NULL &&
                lives_make(p) == 0;
    struct bond *bond = made ? bond_new(&config, now) : NULL;
    if (bond == NULL) {
        free(paths);
        free_bond(p);
        return -ENOMEM;
    }
    p->bond = bond;
    p->paths = paths;
    list_add(&p->core->peers.awake, &p->awake);
    paths_clear(p);
    share_bond_begins(p, now);
    bond_line_full(bond, p->core->line_full && !p->initiates);
    int err = policies_apply(p);
    if (err < 0)
        free_bond(p);
    return err;
}

/* Where it is called, and what that takes; a peer that has to call needs none. */
static int make_calling(struct peer *p, struct tstamp now)
{
    if (p->endpoints == NULL)
        p->endpoints = calloc(CORE_ENDPOINTS_MAX, sizeof *p->endpoints);
    return p->endpoints != NULL ? make_bond(p, now) : -ENOMEM;
}

static void free_calling(struct peer *p)
{
    free(p->endpoints);
    p->endpoints = NULL;
    p->endpoint_count = 0;
    p->endpoint = 0;
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
        p->initiates = config->initiate;
    if (!p->initiates)
        free_calling(p);
    if (p->initiates)
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
    p->asked_at = TSTAMP_NEVER;
    p->displaced_at = TSTAMP_NEVER;
    p->down_at = now;
    p->wake = now;
    memcpy(p->public_key, config->public_key, sizeof p->public_key);
    core_random(c, p->epoch, sizeof p->epoch);
    core_random(c, &p->rng.state, sizeof p->rng.state);
    core_random(c, &p->bond_seed, sizeof p->bond_seed);
    lives_init(&p->lives);
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
    peer_drop_keys(p, &p->current);
    peer_drop_keys(p, &p->previous);
    peer_drop_keys(p, &p->next);
    lives_free(p);
    proof_free(&p->proof);
    wish_free(&p->wishes);
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
    peer_drop_keys(p, &p->current);
    peer_drop_keys(p, &p->previous);
    peer_drop_keys(p, &p->next);
    transmit_forget(p->core, p);
    bond_reset(p->bond, now);
    share_bond_begins(p, now);
    paths_clear(p);
    p->probes = 0;
    memcpy(p->epoch, fresh->local_epoch, sizeof p->epoch);
    memcpy(p->remote_epoch, fresh->remote_epoch, sizeof p->remote_epoch);
    p->associated = true;
    lives_adopt(p, p->remote_epoch);
}

int lifecycle_adopt(struct peer *p, struct tstamp now, struct keys *k)
{
    bool called = p->next == k;
    int err = make_bond(p, now);
    if (err < 0) {
        if (called)
            p->next = NULL;
        peer_drop_keys(p, &k);
        return err;
    }
    /* Where both sides call, the one that was called last follows. */
    p->yielded = p->initiates && called;
    if (called) {
        p->next = NULL;
        proof_confirmed(&p->proof);
    }
    bool is_new = peer_is_new_association(p, k);
    if (is_new) {
        if (called) /* if who had the session is still there, it is another machine */
            send_goodbye_replaced(p, now, &p->last_route.to);
        begin_association(p, now, k);
    } else {
        peer_drop_keys(p, &p->previous);
        p->previous = p->current;
    }
    p->current = k;
    p->remote_features = k->remote_features;
    p->why.unconfirmed = 0;
    p->why.refusal = WHY_NONE;
    p->adopted_at = now;
    p->handshakes++;
    p->asked_at = TSTAMP_NEVER;
    if (is_new)
        p->reports.heard = false; /* it may speak of other paths */
    accepted_adopted(p, now, is_new);
    rate_limit_adopted(p, now, is_new);
    paths_refresh(p, now);
    peer_wake(p, now);
    return 0;
}

void lifecycle_heard(struct peer *p, struct tstamp now)
{
    p->heard_at = now;
    p->asked_at = TSTAMP_NEVER;
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
        p->displaced_at = TSTAMP_NEVER;
    else
        p->down_at = now;
    if (!up && p->initiates)
        peers_suspect(p);
    event_peer(p, up, reason);
}

/* The next call is the caller's to make. */
static void disconnect(struct peer *p, struct tstamp now, const char *reason)
{
    peer_drop_keys(p, &p->current);
    peer_drop_keys(p, &p->previous);
    paths_close_all(p, now);
    p->asked_at = TSTAMP_NEVER;
    p->yielded = false;
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
    p->displaced_at = now;
    p->displaced_by = *by;
    disconnect(p, now, reason);
    if (news)
        event_peer(p, false, reason);
    initiator_later(p, now, HANDSHAKE_DISPLACED_NS);
}

/* Keys that ended, in the order in which they end. */
static void expire_keys(struct peer *p, struct tstamp now)
{
    const int64_t rekey_ns = p->core->rekey_after_ns;
    if (p->next != NULL && tstamp_sub(now, p->next->born) >= KEYS_TENTATIVE_NS)
        peer_drop_keys(p, &p->next);
    if (p->previous != NULL && keys_too_old(p->previous, now, rekey_ns))
        peer_drop_keys(p, &p->previous);
    if (p->current != NULL && keys_too_old(p->current, now, rekey_ns))
        disconnect(p, now, "no new keys in time"); /* the call for them goes on */
    lives_tick(p, now);
    if (p->next != NULL)
        peer_wake(p, tstamp_add(p->next->born, KEYS_TENTATIVE_NS));
    if (p->current != NULL)
        peer_wake(p, tstamp_add(p->current->born, KEYS_LIVES * rekey_ns));
}

static void notice_silence(struct peer *p, struct tstamp now)
{
    if (!p->up || tstamp_is_never(p->asked_at))
        return;
    struct tstamp lost_at = tstamp_add(p->asked_at, STATE_LOST_NS);
    if (tstamp_reached(lost_at, now))
        lifecycle_set_up(p, now, false, "no answer");
    else
        peer_wake(p, lost_at);
}

/* A peer that calls us and has been away for long: what it had is made anew when it comes back. */
static void leave(struct peer *p, struct tstamp now)
{
    bool away = p->current == NULL && p->previous == NULL && p->next == NULL;
    struct tstamp ends = tstamp_add(p->down_at, STATE_AWAY_NS);
    if (p->bond == NULL || p->up || p->initiates || !away)
        return;
    if (!tstamp_reached(ends, now)) {
        peer_wake(p, ends);
        return;
    }
    transmit_forget(p->core, p);
    free_bond(p);
    p->probes = p->told = 0;
    /* Packet numbers begin again: so does the association. */
    core_random(p->core, p->epoch, sizeof p->epoch);
    p->associated = false;
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
    if (!tstamp_reached(p->wake, now))
        return;
    peers_stir(p);
    p->wake = TSTAMP_NEVER;
    expire_keys(p, now);
    notice_silence(p, now);
    initiator_tick(p, now);
    if (peer_can_send(p, now) && paths_tick(p, now))
        lifecycle_set_up(p, now, true, PATHS_VALIDATED);
    accepted_tick(p, now);
    rate_limit_tick(p, now);
    event_tick(p);
    if (p->proof.late != NULL)
        peer_wake(p, proof_expire(&p->proof, now));
    if (peer_can_send(p, now))
        reports_tick(p, now);
    leave(p, now);
}
