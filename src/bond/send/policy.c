/* SPDX-License-Identifier: ISC */
#include "bond/send/policy.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bond/internal.h"
#include "bond/send/budget.h"

enum {
    PINS = 4096,   /* flows that keep their path */
    PINS_WAYS = 4, /* places that a flow may have among them */
};

_Static_assert((int)FLOWQ_BANDS == (int)BOND_POLICIES_MAX, "each policy has a band");

/* A flow that keeps its path. */
struct pin {
    uint32_t hash;
    uint8_t policy; /* 0: free */
    uint8_t path;
    struct tstamp used;
};

struct policies {
    struct bond_policy table[BOND_POLICIES_MAX];
    uint32_t paths[BOND_POLICIES_MAX];    /* usable ones that each may take now */
    double served[1 + BOND_POLICIES_MAX]; /* bytes a flow of each band, [0] of the plain one */
    double clock;                         /* the same of the band that was served last */
    bool any_urgent;
    struct tstamp urgent_at; /* the last packet that must not wait; with any_urgent */
    struct pin pins[PINS];
};

int bond_set_policies(struct bond *b, const struct bond_policy table[BOND_POLICIES_MAX])
{
    bool any = false;
    for (unsigned i = 0; i < BOND_POLICIES_MAX; i++)
        any = any || table[i].used;
    if (!any && b->policies == NULL)
        return 0;
    if (b->policies == NULL)
        b->policies = calloc(1, sizeof *b->policies);
    if (b->policies == NULL || flowq_make_bands(&b->queue) < 0)
        return -ENOMEM;
    memcpy(b->policies->table, table, sizeof b->policies->table);
    for (unsigned i = 0; i < BOND_POLICIES_MAX; i++)
        b->queue.bands[i].realtime = table[i].used && table[i].class == BOND_CLASS_REALTIME;
    policy_survey(b);
    return 0;
}

void policy_survey(struct bond *b)
{
    uint32_t usable = 0;
    if (b->policies == NULL)
        return;
    for_each_path (b, p)
        if (path_usable(p))
            usable |= 1U << p->id;
    for (unsigned i = 0; i < BOND_POLICIES_MAX; i++) {
        const struct bond_policy *a = &b->policies->table[i];
        uint32_t paths = a->used && a->pinned ? usable & a->paths : usable;
        b->policies->paths[i] = paths == 0 && a->fallback ? usable : paths;
    }
}

bool policy_needs(const struct bond *b, const struct path *p)
{
    for (unsigned i = 0; b->policies != NULL && i < BOND_POLICIES_MAX; i++) {
        const struct bond_policy *a = &b->policies->table[i];
        if (a->used && a->pinned && !a->fallback && b->policies->paths[i] == 1U << p->id)
            return true;
    }
    return false;
}

const struct bond_policy *policy_of(const struct bond *b, const struct pkt *pkt)
{
    if (b->policies == NULL || pkt->policy == 0 || pkt->policy > BOND_POLICIES_MAX)
        return NULL;
    const struct bond_policy *a = &b->policies->table[pkt->policy - 1];
    return a->used ? a : NULL;
}

/* The flow's place, or the one that was used longest ago for it. */
static struct pin *find_pin(struct policies *s, const struct pkt *pkt)
{
    struct pin *set = &s->pins[pkt->flow_hash % (PINS / PINS_WAYS) * PINS_WAYS];
    struct pin *oldest = set;
    for (struct pin *pin = set; pin < set + PINS_WAYS; pin++) {
        if (pin->policy == pkt->policy && pin->hash == pkt->flow_hash)
            return pin;
        if (pin->policy == 0 || (oldest->policy != 0 && tstamp_before(pin->used, oldest->used)))
            oldest = pin;
    }
    *oldest = (struct pin){ .hash = pkt->flow_hash, .path = WIRE_PATHS_MAX };
    return oldest;
}

/* What a flow more on the path could expect of it, in bits per second. */
static double expected_bps(const struct policies *s, struct tstamp now, const struct path *p)
{
    unsigned flows = 1;
    for (const struct pin *pin = s->pins; pin < s->pins + PINS; pin++)
        flows += pin->policy != 0 && pin->path == p->id && tstamp_sub(now, pin->used) < PIN_BUSY_NS;
    return p->rate.capacity_bps / flows;
}

/* Of the paths that promise a new flow about the most the one on which it arrives first. */
static const struct path *place_single(struct bond *b, struct tstamp now, uint32_t among)
{
    double expected[WIRE_PATHS_MAX];
    double most = 0;
    for_each_path (b, p) {
        bool may = (among >> p->id & 1) != 0;
        expected[p->id] = may ? expected_bps(b->policies, now, p) : -1;
        most = fmax(most, expected[p->id]);
    }
    for_each_path (b, p)
        if (expected[p->id] * PIN_SPREAD < most)
            among &= ~(1U << p->id);
    return schedule_first(b, now, FRAME_BYTES, among);
}

/* The path that the flow keeps, among the usable ones. */
static uint32_t single_path(struct bond *b, struct tstamp now, const struct pkt *pkt,
                            uint32_t among)
{
    struct pin *pin = find_pin(b->policies, pkt);
    pin->used = now;
    if (pin->path < WIRE_PATHS_MAX && (among >> pin->path & 1) != 0)
        return 1U << pin->path;
    const struct path *p = place_single(b, now, among);
    if (p == NULL)
        return 0;
    pin->policy = pkt->policy;
    pin->path = p->id;
    return 1U << p->id;
}

uint32_t policy_paths(struct bond *b, struct tstamp now, const struct pkt *pkt)
{
    const struct bond_policy *a = policy_of(b, pkt);
    if (a == NULL)
        return POLICY_ANY_PATH;
    uint32_t paths = b->policies->paths[pkt->policy - 1];
    return a->mode == BOND_MODE_SINGLE ? single_path(b, now, pkt, paths) : paths;
}

bool policy_is_urgent(const struct bond *b, struct tstamp now)
{
    return b->policies != NULL && b->policies->any_urgent &&
           tstamp_sub(now, b->policies->urgent_at) < URGENT_NS;
}

static void note_urgent(struct bond *b, struct tstamp now, const struct pkt *pkt)
{
    const struct bond_policy *a = policy_of(b, pkt);
    if (a != NULL && (a->class == BOND_CLASS_REALTIME || a->mode == BOND_MODE_REDUNDANT)) {
        b->policies->any_urgent = true;
        b->policies->urgent_at = now;
    }
}

static void drop(struct bond *b, enum bond_drop reason, struct pkt *pkt)
{
    b->drops[reason]++;
    pkt_put(pkt);
}

/* What overtakes bulk, of one band; real-time traffic stays within what its path can bear. */
static void pump_band_express(struct bond *b, struct tstamp now, struct flowq_band *band)
{
    for (const struct pkt *head; (head = band->sparse.head) != NULL;) {
        uint32_t paths = policy_paths(b, now, head);
        struct path *p = schedule_express(b, now, head->len_bytes, paths);
        bool late = tstamp_sub(now, head->time) > REALTIME_AGE_NS;
        enum budget_kind kind =
            band->realtime ? BUDGET_REALTIME : budget_sparse_kind(head->len_bytes);
        bool full = p == NULL || !budget_allows(p, now, kind);
        if (paths != 0 && band->realtime && full && !late)
            return;
        struct pkt *pkt = flowq_band_pop_sparse(&b->queue, band);
        note_urgent(b, now, pkt);
        if (paths == 0)
            drop(b, BOND_DROP_NO_PATH, pkt);
        else if (band->realtime && full)
            drop(b, BOND_DROP_QUEUE_FULL, pkt);
        else if (full)
            flowq_wait(&b->queue, pkt);
        else
            schedule_send_express(b, now, pkt, true);
    }
}

void policy_pump_express(struct bond *b, struct tstamp now)
{
    for (unsigned i = 0; b->queue.bands != NULL && i < FLOWQ_BANDS; i++)
        if (b->queue.bands[i].sparse.head != NULL)
            pump_band_express(b, now, &b->queue.bands[i]);
}

/* Where the next packet of a band goes; path NULL: nowhere now. */
struct turn {
    struct path *path;
    struct path *copy;
};

/* The slower path paces both, but does not hold a packet for long: it goes without a copy then. */
static struct turn redundant_turn(struct bond *b, struct tstamp now, const struct pkt *pkt,
                                  uint32_t paths)
{
    struct turn t = { .path = schedule_bulk(b, now, FRAME_BYTES, paths, false) };
    if (t.path == NULL)
        return t;
    uint32_t others = paths & ~(1U << t.path->id);
    t.copy = schedule_bulk(b, now, FRAME_BYTES, others, false);
    if (t.copy == NULL && others != 0 && tstamp_sub(now, pkt->time) < COPY_WAIT_NS)
        t.path = NULL;
    return t;
}

static struct turn turn_of(struct bond *b, struct tstamp now, const struct pkt *pkt)
{
    const struct bond_policy *a = policy_of(b, pkt);
    struct turn t = { NULL };
    uint32_t paths = policy_paths(b, now, pkt);
    if (a == NULL) {
        t.path = schedule_next_bulk(b, now, pkt);
        return t;
    }
    switch (a->mode) {
    case BOND_MODE_REDUNDANT:
        return redundant_turn(b, now, pkt, paths);
    case BOND_MODE_LOWEST_LATENCY:
        t.path = schedule_first(b, now, FRAME_BYTES, paths);
        if (t.path != NULL && !schedule_has_room(b, t.path, now, paths))
            t.path = NULL;
        break;
    case BOND_MODE_BOND:
    case BOND_MODE_SINGLE:
        t.path = schedule_bulk(b, now, FRAME_BYTES, paths, false);
        break;
    }
    return t;
}

/* Packets that no path may take are not kept: when one comes, they would be old. */
static void drop_stranded(struct bond *b, struct tstamp now, struct flowq_band *band)
{
    const struct pkt *head;
    while ((head = flowq_band_first(&b->queue, band)) != NULL && policy_paths(b, now, head) == 0) {
        uint16_t seg;
        struct pkt *pkt = flowq_band_pop_bulk(&b->queue, band, now, &seg);
        if (pkt != NULL)
            drop(b, BOND_DROP_NO_PATH, pkt);
    }
}

/* Turns a band's flows until the one in front can be served; not all of them, if they are many. */
static struct turn band_turn(struct bond *b, struct tstamp now, struct flowq_band *band)
{
    struct turn t = { NULL };
    drop_stranded(b, now, band);
    for (unsigned i = 0; i < PIN_FLOWS_TRIED && i < band->listed; i++) {
        const struct pkt *head = flowq_band_first(&b->queue, band);
        const struct bond_policy *a = head != NULL ? policy_of(b, head) : NULL;
        if (head != NULL)
            t = turn_of(b, now, head);
        if (t.path != NULL || a == NULL || a->mode != BOND_MODE_SINGLE)
            break;
        flowq_band_pass(band);
    }
    return t;
}

static struct flowq_band *band_at(struct bond *b, unsigned i)
{
    return i == 0 ? &b->queue.plain : &b->queue.bands[i - 1];
}

static bool is_after_all(const struct bond *b, unsigned i)
{
    const struct bond_policy *a = i > 0 ? &b->policies->table[i - 1] : NULL;
    return a != NULL && a->used && a->class == BOND_CLASS_BULK;
}

/* Of the bands that can be served the one that was given least; negative: none. */
static int next_band(struct bond *b, struct tstamp now, bool after_all, struct turn *turn)
{
    struct policies *s = b->policies;
    int best = -1;
    for (unsigned i = 0; i <= BOND_POLICIES_MAX; i++) {
        struct flowq_band *band = band_at(b, i);
        if (!flowq_band_has_bulk(band) || is_after_all(b, i) != after_all)
            continue;
        s->served[i] = fmax(s->served[i], s->clock - BAND_ARREARS_BYTES);
        if (best >= 0 && s->served[i] >= s->served[best])
            continue;
        struct turn t = band_turn(b, now, band);
        if (t.path == NULL)
            continue;
        best = (int)i;
        *turn = t;
    }
    return best;
}

/* CoDel may have dropped the packet that the turn was for, and this one is of another flow. */
static void commit_turn(struct bond *b, struct tstamp now, struct pkt *pkt, uint16_t seg,
                        struct turn t)
{
    uint32_t paths = policy_paths(b, now, pkt);
    if ((paths >> t.path->id & 1) == 0) {
        t.path = schedule_first(b, now, FRAME_BYTES, paths);
        t.copy = NULL;
    }
    if (t.path == NULL)
        drop(b, BOND_DROP_NO_PATH, pkt);
    else
        schedule_commit(b, now, pkt, seg, t.path, t.copy);
}

void policy_pump_bulk(struct bond *b, struct tstamp now)
{
    struct policies *s = b->policies;
    for (;;) {
        struct turn t;
        uint16_t seg;
        int i = next_band(b, now, false, &t);
        if (i < 0)
            i = next_band(b, now, true, &t);
        if (i < 0)
            return;
        struct flowq_band *band = band_at(b, (unsigned)i);
        uint32_t flows = band->listed > 0 ? band->listed : 1;
        struct pkt *pkt = flowq_band_pop_bulk(&b->queue, band, now, &seg);
        if (pkt == NULL)
            continue;
        s->clock = s->served[i];
        s->served[i] += (double)pkt_seg_bytes(pkt, seg) / flows;
        commit_turn(b, now, pkt, seg, t);
    }
}
