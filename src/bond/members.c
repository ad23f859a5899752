/* SPDX-License-Identifier: ISC */
#include "bond/members.h"

#include <limits.h>

#include "bond/path/tick.h"
#include "bond/send/repair.h"
#include "bond/send/unfit.h"

struct path *members_make(struct bond *b, struct tstamp now, uint8_t id)
{
    struct path *p = &b->sender.paths.at[id];
    path_init(p, now, id, &b->memory);
    incoming_init(&b->receiver.incoming[id], &b->memory);
    b->memory.wanted = true; /* room for its repairs */
    p->brisk = b->traffic.brisk;
    b->sender.paths.known |= 1U << id;
    return p;
}

bool members_any_open(const struct bond *b)
{
    for_each_path (&b->sender.paths, p)
        if (path_open(p))
            return true;
    return false;
}

/* ---- what happens to one ---- */

static void lost(void *arg, struct path *p, struct segment *s)
{
    struct bond *b = arg;
    repair_take(&b->sender, p, s);
}

static void tagged_outcome(void *arg, struct path *p, uint32_t tag, bool acked, bool alone)
{
    news_push(&((struct bond *)arg)->news,
              (struct bond_event){ .type = acked ? BOND_EVENT_ACKED : BOND_EVENT_LOST,
                                   .path = p->id,
                                   .tag = tag,
                                   .alone = alone });
}

static void black_hole(void *arg, struct path *p)
{
    news_push(&((struct bond *)arg)->news,
              (struct bond_event){ .type = BOND_EVENT_BLACK_HOLE, .path = p->id });
}

static struct path_events events_of(struct bond *b)
{
    return (
        struct path_events){ .lost = lost, .tagged = tagged_outcome, .hole = black_hole, .arg = b };
}

/* Everything that waits on the path or is unacknowledged goes to the others. */
static void evacuate(struct bond *b, struct path *p)
{
    struct path_events events = events_of(b);
    struct segment s;
    path_abandon(p, &events);
    while (ring_pop(&p->pacer.express, &s, 0))
        repair_take(&b->sender, p, &s);
    while (ring_pop(&p->pacer.committed, &s, 0))
        repair_take(&b->sender, p, &s);
    p->pacer.express.bytes = p->pacer.committed.bytes = 0;
}

/*
 * Acknowledgements on their way on a path that fails are lost with it, and the peer repeats what
 * they were for before what is missing.
 */
static void acknowledge_again(struct bond *b)
{
    for_each_path (&b->sender.paths, p)
        incoming_tell(&b->receiver.incoming[p->id], b->now);
}

static void state_changed(struct bond *b, struct path *p)
{
    sender_survey(&b->sender);
    if (p->life.state != BOND_PATH_UP)
        evacuate(b, p);
    if (p->life.state == BOND_PATH_SUSPECT || p->life.state == BOND_PATH_STANDBY)
        acknowledge_again(b);
    news_push(&b->news, (struct bond_event){ .type = BOND_EVENT_PATH_STATE,
                                             .path = p->id,
                                             .state = p->life.state,
                                             .false_alarm = p->life.false_alarm });
}

static void happens(struct bond *b, struct tstamp now, struct path *p, enum life_event event)
{
    if (path_event(p, now, event))
        state_changed(b, p);
}

static bool one_waits(const struct bond *b, const struct path *p)
{
    return incoming_one_waits(&b->receiver.incoming[p->id]);
}

/* What its timers want the peer to know leaves now. True: its state changed. */
static bool heed(struct bond *b, struct tstamp now, struct path *p, bool changed)
{
    if (p->beat.tell)
        incoming_tell(&b->receiver.incoming[p->id], now);
    p->beat.tell = false;
    if (changed)
        state_changed(b, p);
    return changed;
}

static bool tick(struct bond *b, struct tstamp now, struct path *p)
{
    return heed(b, now, p, path_tick(p, now, one_waits(b, p)));
}

/* ---- what that means for the others ---- */

/*
 * Standby paths carry traffic when no path before them in the line is there, or, as far as they are
 * for that, while the active ones are full. One that answered when it was last asked takes over at
 * once: should it be dead, nothing is lost that had another way.
 */
static void choose_standby(struct bond *b, struct tstamp now)
{
    unsigned first = UINT_MAX;
    for_each_path (&b->sender.paths, p)
        if (p->life.state == BOND_PATH_UP && path_tier(p) < first)
            first = path_tier(p);
    for_each_path (&b->sender.paths, p) {
        if (p->config.use != WIRE_PATH_STANDBY)
            continue;
        bool helps = p->config.standby_busy && !p->config.last_resort && b->sender.load.busy;
        bool wanted = path_tier(p) <= first || helps;
        if (!wanted && path_open(p))
            happens(b, now, p, LIFE_HOLD);
        else if (wanted)
            happens(b, now, p, path_fresh(p) ? LIFE_CALL_FRESH : LIFE_CALL);
    }
}

/* A path that has to earn its trust is better than none. True: some path's state changed. */
static bool trust_anyone(struct bond *b, struct tstamp now)
{
    bool changed = false;
    if (any_usable(&b->sender.paths))
        return false;
    for_each_path (&b->sender.paths, p) {
        changed = heed(b, now, p, path_trust(p, now, one_waits(b, p))) || changed;
    }
    return changed;
}

/* ---- what the session tells ---- */

void members_open(struct bond *b, struct tstamp now, uint8_t path,
                  const struct bond_path_config *config)
{
    struct path *p = members_get(b, now, path);
    bool narrower = config->datagram_bytes < p->config.datagram_bytes;
    enum bond_path_state before = p->life.state;
    p->config = *config;
    if (narrower)
        path_forgive_losses(p, now);
    if (p->life.state != before)
        state_changed(b, p);
    p->rate.limit_bps = (double)config->limit_bps;
    path_set_pace(p, now);
    sender_survey(&b->sender);
    if (config->use == WIRE_PATH_STANDBY && p->life.state == BOND_PATH_STANDBY &&
        tstamp_is_never(p->probe.at))
        path_event(p, now, LIFE_SWITCH_ON);
    if (config->use == WIRE_PATH_DOWN)
        happens(b, now, p, LIFE_HOLD);
    else if (p->life.state == BOND_PATH_CLOSED || config->use == WIRE_PATH_ACTIVE)
        happens(b, now, p, LIFE_OPEN);
    choose_standby(b, now);
}

void members_close(struct bond *b, struct tstamp now, uint8_t path)
{
    struct path *p = members_get(b, now, path);
    if (path_close(p, now))
        state_changed(b, p);
    choose_standby(b, now);
}

void members_suspect(struct bond *b, struct tstamp now, uint8_t path)
{
    struct path *p = members_get(b, now, path);
    happens(b, now, p, LIFE_DOUBT);
    choose_standby(b, now);
}

void members_retry(struct bond *b, struct tstamp now, uint8_t path)
{
    happens(b, now, members_get(b, now, path), LIFE_RETRY);
}

/* ---- acknowledgements ---- */

void members_ack(struct bond *b, struct tstamp now, uint8_t arrived_on, const struct wire_ack *ack)
{
    struct path *p = &b->sender.paths.at[ack->path];
    if (!p->ready)
        return;
    struct path_events events = events_of(b);
    path_ack(p, now, ack, arrived_on == ack->path, &b->peer_clock, &events);
    b->acked |= UINT32_C(1) << p->id;
}

/* True: its state changed. */
static bool settle_acked(struct bond *b, struct tstamp now, struct path *p)
{
    bool changed = tick(b, now, p);
    if (p->fitness.fault == PATH_SOUND &&
        (p->life.state == BOND_PATH_PROBING || p->life.state == BOND_PATH_DOWN)) {
        /* an answer: the next probe need not wait for the back-off */
        if (p->life.good > 0 && p->life.good < p->life.needed)
            p->probe.wanted = true;
    }
    return changed;
}

void members_settle(struct bond *b, struct tstamp now)
{
    bool changed = false;
    sender_survey(&b->sender);
    for (; b->acked != 0; b->acked &= b->acked - 1)
        changed = settle_acked(b, now, &b->sender.paths.at[__builtin_ctz(b->acked)]) || changed;
    if (trust_anyone(b, now) || changed)
        choose_standby(b, now);
}

/* ---- time ---- */

static void tell_slumps(struct bond *b)
{
    for_each_path (&b->sender.paths, p) {
        if (slump_turned(&p->slump))
            news_push(&b->news, (struct bond_event){ .type = BOND_EVENT_SLUMP,
                                                     .path = p->id,
                                                     .slow = p->slump.slow });
    }
}

void members_tick(struct bond *b, struct tstamp now)
{
    struct sender *snd = &b->sender;
    bool changed = false;
    for_each_path (&snd->paths, p)
        changed = tick(b, now, p) || changed;
    changed = trust_anyone(b, now) || changed;
    sender_survey(snd);
    for (struct path *p; (p = unfit_next(&snd->paths, now, snd->policies)) != NULL; changed = true)
        state_changed(b, p);
    tell_slumps(b);
    if (load_look(&snd->load, now, &snd->usable, &snd->paths, sender_waiting_bytes(snd)) || changed)
        choose_standby(b, now);
}
