/* SPDX-License-Identifier: ISC */
#include "guard/lookup/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "guard/lookup/lookup_process.h"
#include "guard/lookup/resolve_name.h"

enum {
    PAUSE_MIN_S = 1,
    PAUSE_KNOWN_MAX_S = 60, /* some address is known */
    PAUSE_MAX_S = 10,
    REFRESH_MIN_S = 5,
    RETRY_MIN_S = 1,
    HANGS_S = 3,       /* an attempt that takes longer may wait for an answer that never comes */
    ATTEMPT_S = 10,    /* at most */
    TURN_MS = 1500,    /* of a link, for the system's way: a forwarder asks again within */
    AFTER_TURNS_S = 4, /* for the last of them */
    GRACE_S = 2,       /* for further addresses once each name has one */
    PROCESSES_MAX = 16,
};

enum lookup_state {
    LOOKUP_IDLE,   /* until next */
    LOOKUP_ASKING, /* an attempt is under way, until limit */
};

/* The names of one peer that has any. */
struct lookup {
    struct resolver *resolver;      /* borrowed */
    const struct config_peer *peer; /* borrowed */
    struct resolve_names names;
    enum lookup_state state;
    struct lookup_process links;
    struct lookup_process system;
    unsigned turns; /* of links that the system's way had in this attempt */
    bool system_begun;
    struct tstamp limit;
    struct tstamp next; /* TSTAMP_NEVER: nothing to do */
    struct tstamp last; /* when the newest attempt began or ended */
    int pause_s;
    struct netaddr told[CORE_ENDPOINTS_MAX];
    size_t told_count;
    char text[RESOLVER_TEXT_MAX + 1]; /* what was said of its failure */
};

struct resolver {
    struct resolver_config config;
    const struct config *peers; /* borrowed; NULL: none yet */
    struct lookup *lookups;     /* owned */
    size_t count;
    struct hash by_key; /* owned: their places */
    int slot;           /* of the link that the system's way goes over; -1: as it will */
    int last_slot;      /* that had a turn */
    int first_slot;     /* that began the round */
    struct tstamp turn_ends;
    struct tstamp ask_at; /* once more in this turn */
    bool network_changed; /* which the next tick has to look at */
};

/* What is known */

static void tell(struct lookup *l, bool again)
{
    const struct resolver_config *c = &l->resolver->config;
    struct netaddr next[CORE_ENDPOINTS_MAX];
    size_t count = resolve_names_merge(&l->names, l->peer, c->addresses, next);
    bool same = count == l->told_count;
    for (size_t i = 0; same && i < count; i++)
        same = netaddr_equal(&next[i], &l->told[i]);
    if (count == 0 || (same && !again))
        return;
    memcpy(l->told, next, count * sizeof next[0]);
    l->told_count = count;
    c->found(c->arg, l->peer, l->told, l->told_count);
}

/* Of a peer whose endpoints are numbers alone. */
static void tell_numbers(const struct resolver *r, const struct config_peer *p)
{
    static const struct resolve_names none;
    struct netaddr addrs[CORE_ENDPOINTS_MAX];
    size_t count = resolve_names_merge(&none, p, r->config.addresses, addrs);
    if (count > 0)
        r->config.found(r->config.arg, p, addrs, count);
}

static struct resolve_name *name_at(struct lookup *l, uint8_t index)
{
    return index < l->names.count ? &l->names.list[index] : NULL;
}

static void keep(struct lookup *l, const struct resolve_name *n)
{
    const struct resolver_config *c = &l->resolver->config;
    if (addresses_found(c->addresses, n->host, n->fresh, n->fresh_count) && c->kept != NULL)
        c->kept(c->arg);
}

static void answered(void *arg, struct tstamp now, const struct lookup_answer *a)
{
    struct lookup *l = arg;
    const char *way = a->way == LOOKUP_SYSTEM ? "the system" : l->names.ways[a->way].name;
    struct resolve_name *name = a->type != LOOKUP_UNBOUND ? name_at(l, a->name) : NULL;
    char text[NETADDR_STRLEN];
    switch (a->type) {
    case LOOKUP_FOUND:
        if (name == NULL || !resolve_name_add(name, &a->addr))
            return;
        log_debug("%s is %s, by %s", name->host, netaddr_format(&a->addr, text), way);
        if (!resolve_names_missing(&l->names))
            l->limit = tstamp_min(l->limit, tstamp_add(now, GRACE_S * NS_PER_S));
        keep(l, name);
        tell(l, false);
        return;
    case LOOKUP_NOTHING:
        if (name != NULL && a->reason > name->reasons[a->way])
            name->reasons[a->way] = a->reason;
        return;
    case LOOKUP_UNBOUND:
        log_debug("names are asked for over %s by what route there is: %s", way,
                  strerror((int)a->error));
        return;
    }
}

/* Attempts */

static void set_state(struct lookup *l, struct tstamp now, enum lookup_state state)
{
    l->state = state;
    l->last = now;
    l->next = TSTAMP_NEVER;
}

static void fill_names(const struct lookup *l, struct lookup_request *q)
{
    q->uid = l->resolver->config.uid;
    q->gid = l->resolver->config.gid;
    q->name_count = (uint8_t)l->names.count;
    for (size_t i = 0; i < l->names.count; i++)
        snprintf(q->names[i], sizeof q->names[i], "%s", l->names.list[i].host);
}

static void run(struct lookup *l, struct lookup_process *p, const struct lookup_request *q)
{
    p->loop = l->resolver->config.loop;
    p->answer = answered;
    p->arg = l;
    int err = lookup_process_start(p, q);
    if (err < 0)
        log_debug("peer %s: no process for a look-up: %s", l->peer->name, strerror(-err));
}

static void ask_links(struct lookup *l)
{
    struct lookup_request q = { 0 };
    if (l->names.way_count == 0)
        return;
    fill_names(l, &q);
    q.way_count = (uint8_t)l->names.way_count;
    memcpy(q.ways, l->names.ways, l->names.way_count * sizeof q.ways[0]);
    run(l, &l->links, &q);
}

static void ask_system(struct lookup *l)
{
    struct lookup_request q = { .system = true };
    fill_names(l, &q);
    l->system_begun = true;
    run(l, &l->system, &q);
}

static void begin(struct lookup *l, struct tstamp now)
{
    const struct resolver_config *c = &l->resolver->config;
    struct resolve_names *n = &l->names;
    set_state(l, now, LOOKUP_ASKING);
    n->way_count = c->ways != NULL ? c->ways(c->arg, n->ways) : 0;
    l->turns = 0;
    l->system_begun = false;
    int64_t turns_ns = (int64_t)n->way_count * TURN_MS * NS_PER_MS + AFTER_TURNS_S * NS_PER_S;
    l->limit = tstamp_max(tstamp_add(now, ATTEMPT_S * NS_PER_S), tstamp_add(now, turns_ns));
    for (size_t i = 0; i < n->count; i++) {
        n->list[i].fresh_count = 0;
        memset(n->list[i].reasons, 0, sizeof n->list[i].reasons);
    }
    ask_links(l);
}

/* What the attempt found is what is known from now on. */
static void take_found(struct lookup *l)
{
    for (size_t i = 0; i < l->names.count; i++) {
        struct resolve_name *n = &l->names.list[i];
        n->failing = n->fresh_count == 0;
        if (n->failing)
            continue;
        memcpy(n->found, n->fresh, n->fresh_count * sizeof n->found[0]);
        n->found_count = n->fresh_count;
        n->fresh_count = 0;
    }
}

/* Who still asks at the end had no answer. */
static void give_up(struct lookup *l)
{
    for (size_t i = 0; i < l->names.count; i++) {
        enum lookup_reason *reasons = l->names.list[i].reasons;
        for (size_t way = 0; way <= LOOKUP_SYSTEM; way++) {
            bool asks = way == LOOKUP_SYSTEM ? l->system.pid != 0 : l->links.pid != 0;
            if (asks && reasons[way] == LOOKUP_NOT_ASKED)
                reasons[way] = LOOKUP_NO_ANSWER;
        }
    }
}

static void stop(struct lookup *l)
{
    lookup_process_stop(&l->links);
    lookup_process_stop(&l->system);
}

/* Says what fails, why, and that it no longer does: each time that it changes. */
static void explain(struct lookup *l)
{
    const struct resolver_config *c = &l->resolver->config;
    char text[sizeof l->text];
    resolve_names_explain(&l->names, text, sizeof text);
    if (strcmp(text, l->text) == 0)
        return;
    memcpy(l->text, text, sizeof text);
    if (c->failing != NULL)
        c->failing(c->arg, l->peer, l->text);
}

static void try_later(struct lookup *l, struct tstamp now)
{
    int max_s = l->told_count > 0 ? PAUSE_KNOWN_MAX_S : PAUSE_MAX_S;
    l->next = tstamp_add(now, l->pause_s * NS_PER_S);
    l->pause_s = l->pause_s * 2 < max_s ? l->pause_s * 2 : max_s;
}

static void finish(struct lookup *l, struct tstamp now)
{
    give_up(l);
    stop(l);
    take_found(l);
    set_state(l, now, LOOKUP_IDLE);
    explain(l);
    if (l->text[0] != '\0')
        try_later(l, now);
    else
        l->pause_s = PAUSE_MIN_S;
    tell(l, false);
}

/* The system's way */

static bool can_steer(const struct resolver *r)
{
    const struct resolver_config *c = &r->config;
    return c->steer != NULL && (c->is_online == NULL || !c->is_online(c->arg));
}

/* The system's way has not failed over each link yet, or may still have an answer. */
static bool wants_turn(const struct lookup *l)
{
    return l->state == LOOKUP_ASKING && l->names.way_count > 0 &&
           resolve_names_missing(&l->names) &&
           (l->turns < l->names.way_count || l->system.pid != 0);
}

static void steer(struct resolver *r, const char *name, int slot)
{
    if (r->slot != slot)
        r->config.steer(r->config.arg, name, slot);
    r->slot = slot;
}

/* One after the other. The one that found something begins the next time, or else the one after
 * that which began: a forwarder that has given up may send but the first question of a round. */
static const struct lookup_way *next_way(const struct resolve_names *n, int last_slot)
{
    for (size_t i = 0; i < n->way_count; i++)
        if (n->ways[i].slot > last_slot)
            return &n->ways[i];
    return &n->ways[0];
}

static void release(struct resolver *r, bool found)
{
    if (r->slot < 0)
        return;
    r->last_slot = found ? r->slot - 1 : r->first_slot;
    steer(r, NULL, -1);
}

static void take_turn(struct resolver *r, struct tstamp now)
{
    const struct lookup_way *way = NULL;
    for (size_t i = 0; i < r->count; i++) {
        struct lookup *l = &r->lookups[i];
        if (!wants_turn(l))
            continue;
        if (way == NULL) {
            way = next_way(&l->names, r->last_slot);
            r->last_slot = way->slot;
            if (r->slot < 0)
                r->first_slot = way->slot;
            r->turn_ends = tstamp_add(now, TURN_MS * NS_PER_MS);
            r->ask_at = tstamp_add(now, TURN_MS / 2 * NS_PER_MS);
            steer(r, way->name, way->slot);
        }
        l->turns++;
        ask_system(l); /* anew: a forwarder that is asked once asks once */
    }
}

static void ask_again(struct resolver *r)
{
    r->ask_at = TSTAMP_NEVER;
    for (size_t i = 0; i < r->count; i++)
        if (wants_turn(&r->lookups[i]))
            ask_system(&r->lookups[i]);
}

/* Turns go on while somebody looks for a name, and one round at least while no answer comes. */
static void tend_system(struct resolver *r, struct tstamp now)
{
    bool holds = false; /* some name is missing */
    bool wants = false; /* and there are links left */
    bool waits = false; /* and it still may be found over this one */
    for (size_t i = 0; i < r->count; i++) {
        const struct lookup *l = &r->lookups[i];
        bool missing = l->state == LOOKUP_ASKING && resolve_names_missing(&l->names);
        holds |= missing;
        wants |= wants_turn(l);
        waits |= wants_turn(l) && l->system.pid != 0;
    }
    if (!holds || !can_steer(r))
        release(r, !holds);
    else if (wants && (r->slot < 0 || tstamp_reached(r->turn_ends, now) || !waits))
        take_turn(r, now);
    else if (wants && tstamp_reached(r->ask_at, now))
        ask_again(r);
    for (size_t i = 0; i < r->count; i++)
        if (r->lookups[i].state == LOOKUP_ASKING && !r->lookups[i].system_begun)
            ask_system(&r->lookups[i]);
}

/* The resolver */

struct resolver *resolver_new(const struct resolver_config *config)
{
    struct resolver *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->config = *config;
    r->slot = -1;
    r->last_slot = -1;
    return r;
}

static void clear(struct resolver *r)
{
    for (size_t i = 0; i < r->count; i++)
        stop(&r->lookups[i]);
    release(r, false);
    free(r->lookups);
    hash_clear(&r->by_key);
    r->lookups = NULL;
    r->count = 0;
}

void resolver_free(struct resolver *r)
{
    if (r == NULL)
        return;
    clear(r);
    free(r);
}

static bool has_names(const struct config_peer *p)
{
    for (size_t i = 0; i < p->endpoint_count; i++)
        if (p->endpoints[i].addr.family == 0)
            return true;
    return false;
}

/* Numbers alone; names are looked up anew. */
static bool same_endpoints(const struct config_peer *a, const struct config_peer *b)
{
    if (b == NULL || a->endpoint_count != b->endpoint_count || has_names(b))
        return false;
    for (size_t i = 0; i < a->endpoint_count; i++)
        if (!netaddr_equal(&a->endpoints[i].addr, &b->endpoints[i].addr))
            return false;
    return true;
}

static int add_lookup(struct resolver *r, struct tstamp now, const struct config_peer *p)
{
    uint32_t code = hash_code(&r->by_key, p->public_key, sizeof p->public_key);
    struct lookup *l = &r->lookups[r->count];
    if (hash_add(&r->by_key, code, (uint32_t)r->count) < 0)
        return -ENOMEM;
    r->count++;
    *l = (struct lookup){ .resolver = r, .peer = p, .pause_s = PAUSE_MIN_S };
    resolve_names_init(&l->names, p);
    set_state(l, now, LOOKUP_IDLE);
    l->next = now;
    tell(l, false);
    return 0;
}

int resolver_set_peers(struct resolver *r, struct tstamp now, const struct config *c,
                       const struct config *before)
{
    size_t named = 0;
    int err = 0;
    clear(r);
    for (size_t i = 0; i < c->peer_count; i++)
        named += has_names(&c->peers[i]);
    r->peers = c;
    r->by_key.seed = c->peers_by_key.seed;
    r->lookups = calloc(named + 1, sizeof *r->lookups);
    if (r->lookups == NULL)
        return -ENOMEM;
    for (size_t i = 0; err == 0 && i < c->peer_count; i++) {
        const struct config_peer *p = &c->peers[i];
        if (has_names(p))
            err = add_lookup(r, now, p);
        else if (p->endpoint_count > 0 &&
                 (before == NULL || !same_endpoints(p, config_peer_of_key(before, p->public_key))))
            tell_numbers(r, p);
    }
    return err;
}

void resolver_repeat(struct resolver *r)
{
    size_t next = 0;
    for (size_t i = 0; r->peers != NULL && i < r->peers->peer_count; i++) {
        const struct config_peer *p = &r->peers->peers[i];
        if (next < r->count && r->lookups[next].peer == p)
            tell(&r->lookups[next++], true);
        else if (p->endpoint_count > 0)
            tell_numbers(r, p);
    }
}

static struct lookup *lookup_of(struct resolver *r, const uint8_t public_key[32])
{
    struct hash_walk walk = { .code = hash_code(&r->by_key, public_key, 32) };
    for (uint32_t i; hash_next(&r->by_key, &walk, &i);)
        if (memcmp(r->lookups[i].peer->public_key, public_key, 32) == 0)
            return &r->lookups[i];
    return NULL;
}

void resolver_refresh(struct resolver *r, struct tstamp now, const uint8_t public_key[32])
{
    struct lookup *l = lookup_of(r, public_key);
    if (l != NULL && l->state == LOOKUP_IDLE && tstamp_is_never(l->next))
        l->next = tstamp_max(now, tstamp_add(l->last, REFRESH_MIN_S * NS_PER_S));
}

void resolver_answered(struct resolver *r, const uint8_t public_key[32], const struct netaddr *addr)
{
    struct lookup *l = lookup_of(r, public_key);
    struct netaddr plain = *addr;
    bool changed = false;
    /* An address that was never told is none of a name's. */
    if (l == NULL || !netaddr_in(l->told, l->told_count, addr))
        return;
    plain.port = 0;
    for (size_t i = 0; i < l->names.count; i++) {
        const struct resolve_name *n = &l->names.list[i];
        bool fresh = n->fresh_count > 0;
        struct netaddr kept[ADDRESSES_EACH_MAX]; /* what was found is among them */
        size_t count = addresses_get(r->config.addresses, n->host, kept);
        if (netaddr_in(kept, count, &plain))
            changed |= addresses_answered(r->config.addresses, n->host, &plain,
                                          fresh ? n->fresh : n->found,
                                          fresh ? n->fresh_count : n->found_count);
    }
    if (changed && r->config.kept != NULL)
        r->config.kept(r->config.arg);
}

static bool same_ways(const struct lookup *l)
{
    const struct resolver_config *c = &l->resolver->config;
    struct lookup_request old = { .way_count = (uint8_t)l->names.way_count };
    struct lookup_request new = { 0 };
    uint8_t x[LOOKUP_BYTES_MAX];
    uint8_t y[LOOKUP_BYTES_MAX];
    memcpy(old.ways, l->names.ways, sizeof old.ways);
    new.way_count = (uint8_t)(c->ways != NULL ? c->ways(c->arg, new.ways) : 0);
    size_t n = lookup_encode_request(&old, x);
    return n == lookup_encode_request(&new, y) && memcmp(x, y, n) == 0;
}

void resolver_retry(struct resolver *r)
{
    r->network_changed = true;
}

static void retry(struct resolver *r, struct tstamp now)
{
    r->network_changed = false;
    for (size_t i = 0; i < r->count; i++) {
        struct lookup *l = &r->lookups[i];
        bool asks = l->state == LOOKUP_ASKING;
        bool waits = asks ? resolve_names_missing(&l->names) : !tstamp_is_never(l->next);
        struct tstamp begun = l->last;
        if (!waits)
            continue;
        l->pause_s = PAUSE_MIN_S;
        /* An attempt asks over the links that were there when it began. */
        if (asks && tstamp_sub(now, begun) < HANGS_S * NS_PER_S && same_ways(l))
            continue;
        if (asks) {
            stop(l);
            take_found(l);
            set_state(l, now, LOOKUP_IDLE);
        }
        l->next = tstamp_min(l->next, tstamp_max(now, tstamp_add(begun, RETRY_MIN_S * NS_PER_S)));
    }
}

static unsigned count_processes(const struct resolver *r)
{
    unsigned n = 0;
    for (size_t i = 0; i < r->count; i++)
        n += (r->lookups[i].links.pid != 0 ? 1u : 0u) + (r->lookups[i].system.pid != 0 ? 1u : 0u);
    return n;
}

static void begin_due(struct resolver *r, struct tstamp now)
{
    for (size_t i = 0; i < r->count; i++) {
        struct lookup *l = &r->lookups[i];
        if (l->state == LOOKUP_IDLE && tstamp_reached(l->next, now) &&
            count_processes(r) + 2 <= PROCESSES_MAX)
            begin(l, now);
    }
}

static bool is_over(const struct lookup *l, struct tstamp now)
{
    if (l->state != LOOKUP_ASKING)
        return false;
    bool ended = l->links.pid == 0 && l->system.pid == 0 && l->system_begun &&
                 !(wants_turn(l) && can_steer(l->resolver));
    return ended || tstamp_reached(l->limit, now);
}

static struct tstamp next_of(const struct resolver *r, const struct lookup *l)
{
    if (l->state == LOOKUP_IDLE)
        return l->next;
    if (r->slot < 0 || !wants_turn(l))
        return l->limit;
    return tstamp_min(l->limit, tstamp_min(r->ask_at, r->turn_ends));
}

struct tstamp resolver_tick(struct resolver *r, struct tstamp now)
{
    struct tstamp next = TSTAMP_NEVER;
    if (r->network_changed)
        retry(r, now);
    begin_due(r, now);
    tend_system(r, now);
    for (size_t i = 0; i < r->count; i++)
        if (is_over(&r->lookups[i], now))
            finish(&r->lookups[i], now);
    tend_system(r, now);
    for (size_t i = 0; i < r->count; i++) {
        struct tstamp at = next_of(r, &r->lookups[i]);
        /* Those beyond PROCESSES_MAX begin when another ends, which wakes the loop. */
        if (!tstamp_reached(at, now))
            next = tstamp_min(next, at);
    }
    return r->network_changed ? now : next;
}
