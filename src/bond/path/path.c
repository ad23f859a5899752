/* SPDX-License-Identifier: ISC */
#include "bond/path/path.h"

#include <math.h>
#include <string.h>

#include "bond/tuning.h"

#define MONTH_NS (31 * 86400 * NS_PER_S)

void path_init(struct path *p, struct tstamp now, uint8_t id, struct arena_share *memory)
{
    p->id = id;
    p->ready = true;
    p->config =
        (struct bond_path_config){ .datagram_bytes = WIRE_DATAGRAM_MIN, .overhead_bytes = 28 };
    life_init(&p->life, now);
    fitness_init(&p->fitness);
    rate_init(&p->rate, now, 0);
    pacer_init(&p->pacer, now, memory);
    path_set_pace(p, now);
    flight_init(&p->flight, now, memory);
    p->probe = (struct path_probe){ .at = TSTAMP_NEVER,
                                    .alarm = TSTAMP_NEVER,
                                    .tail_at = TSTAMP_NEVER,
                                    .interval_ns = PROBE_FIRST_NS };
    p->count.second_since = now;
    beat_start(&p->beat, now);
}

uint64_t path_packets(const struct path *p)
{
    return ring_packets(&p->pacer.express) + ring_packets(&p->pacer.committed) +
           (p->ready ? flight_packets(&p->flight) : 0);
}

void path_clear(struct path *p)
{
    if (!p->ready)
        return;
    flight_clear(&p->flight);
    pacer_clear(&p->pacer);
    memset(p, 0, sizeof *p);
}

void path_grow(struct path *p)
{
    flight_grow(&p->flight);
    ring_grow(&p->pacer.committed);
    ring_grow(&p->pacer.express);
}

void path_give_back(struct path *p)
{
    flight_give_back(&p->flight);
    ring_give_back(&p->pacer.committed);
    ring_give_back(&p->pacer.express);
}

void path_retry_growth(struct path *p)
{
    flight_retry_growth(&p->flight);
    ring_retry_growth(&p->pacer.committed);
    ring_retry_growth(&p->pacer.express);
}

uint32_t path_frames_bytes(const struct path *p)
{
    uint32_t bytes = p->config.datagram_bytes - WIRE_HEADER_BYTES - WIRE_TAG_BYTES;
    return bytes < WIRE_FRAMES_BYTES_MAX ? bytes : WIRE_FRAMES_BYTES_MAX;
}

void path_set_pace(struct path *p, struct tstamp now)
{
    pacer_set(&p->pacer, now, rate_pace_bps(&p->rate, now), rtt_own_ns(&p->rtt));
}

int64_t path_patience_ns(const struct path *p)
{
    int64_t own_ns = rtt_patience_ns(&p->rtt);
    int64_t most_ns = p->fitness.rtt_most_ns;
    return most_ns > 0 && most_ns < own_ns ? most_ns : own_ns;
}

bool path_is_doubtful(const struct path *p, struct tstamp now)
{
    const struct flight *f = &p->flight;
    struct tstamp asked = f->count > 0 ? flight_at(f, f->oldest)->time : TSTAMP_NEVER;
    int64_t packet_ns = pacer_send_time_ns(&p->pacer, FRAME_BYTES);
    return fitness_is_doubtful(&p->rate, &p->rtt, packet_ns, asked, now);
}

/* ---- probes ---- */

int64_t path_standby_interval_ns(const struct path *p)
{
    const uint32_t probe_bytes = WIRE_HEADER_BYTES + 1 + WIRE_TAG_BYTES + p->config.overhead_bytes;
    return MONTH_NS / STANDBY_MONTH_BYTES * probe_bytes;
}

/* Those of all peers at the same instants: one wake-up for all. */
static struct tstamp next_beat(const struct path *p)
{
    struct tstamp latest = tstamp_add(p->beat.spoke, path_beat_interval_ns(p));
    return tstamp_add(latest, -(latest.ns % BEAT_GRID_NS));
}

static struct tstamp next_idle(const struct path *p)
{
    if (path_quiet(p))
        return next_beat(p);
    return tstamp_add(p->flight.last_sent, path_idle_interval_ns(p));
}

struct tstamp path_next_standby(const struct path *p, struct tstamp now)
{
    if (p->config.use == WIRE_PATH_DOWN || p->config.passive)
        return TSTAMP_NEVER;
    return tstamp_add(now, path_standby_interval_ns(p));
}

uint32_t path_probe_bytes(const struct path *p)
{
    return p->probe.padded ? p->config.datagram_bytes : WIRE_HEADER_BYTES + 1 + WIRE_TAG_BYTES;
}

void path_set_brisk(struct path *p, struct tstamp now, bool brisk)
{
    if (p->brisk == brisk)
        return;
    p->brisk = brisk;
    if (p->life.state != BOND_PATH_UP)
        return;
    beat_start(&p->beat, now);
    p->probe.at = tstamp_max(now, next_idle(p));
    if (brisk && p->spill_bytes == 0 && tstamp_sub(now, p->flight.last_sent) > BRISK_FRESH_NS)
        p->probe.wanted = true; /* the choice of paths needs to know */
}

void path_heard(struct path *p, struct tstamp now, bool asks)
{
    beat_heard(&p->beat, now, asks);
    /* Asked again, and perhaps nothing of ours arrives: only an answer can tell. */
    if (asks && p->beat.asked_again && path_quiet(p) &&
        tstamp_sub(now, p->flight.last_sent) > PROBE_IDLE_NS)
        p->probe.wanted = true;
    bool waits = p->life.state == BOND_PATH_DOWN || p->life.state == BOND_PATH_PROBING;
    if (waits && !path_on_trial(p) && tstamp_sub(now, p->flight.last_sent) >= PROBE_HINT_NS)
        p->probe.wanted = true;
}

/* ---- its state ---- */

/*
 * The path does not answer or is switched off: the rate is found anew, from half of the old one,
 * and delays are those of the probes from now on.
 */
static void fall(struct path *p, struct tstamp now)
{
    if (p->fall.fallen)
        return;
    p->fall = (struct path_fall){ .fallen = true,
                                  .at = now,
                                  .loss = p->rate.loss,
                                  .rate_bps = p->rtt.srtt_ns > 0 ? p->rate.capacity_bps : 0 };
    rate_return(&p->rate, now, p->rtt.srtt_ns);
    path_set_pace(p, now);
}

/* It takes traffic from now on. */
static void carry(struct path *p, struct tstamp now)
{
    if (p->fall.fallen) {
        rate_expect(&p->rate, RETURN_RATE * p->fall.rate_bps);
        path_set_pace(p, now);
        p->fitness.returned = now;
    }
    p->fall.fallen = false;
    p->fitness.unfit_since = TSTAMP_NEVER;
    p->pacer.free_at = now;
    p->pacer.bursting = false;
}

static void set_probe(struct path *p, struct tstamp now, enum life_probe probe)
{
    switch (probe) {
    case LIFE_PROBE_NEVER:
        p->probe.at = p->probe.alarm = TSTAMP_NEVER;
        break;
    case LIFE_PROBE_NOW:
        p->probe.interval_ns = PROBE_FIRST_NS;
        p->probe.at = now;
        break;
    case LIFE_PROBE_IDLE:
        p->probe.at = tstamp_max(now, next_idle(p));
        break;
    case LIFE_PROBE_STANDBY:
        p->probe.at = path_next_standby(p, now);
        break;
    }
}

bool path_event(struct path *p, struct tstamp now, enum life_event event)
{
    const struct life_facts facts = { .off = p->config.use == WIRE_PATH_DOWN,
                                      .silent = p->beat.doubted,
                                      .given_up = p->beat.given_up,
                                      .pn_next = p->flight.pn_next };
    struct life_effects e;
    if (!life_event(&p->life, now, event, &facts, &e))
        return false;
    beat_start(&p->beat, now);
    if (e.ask)
        beat_ask(&p->beat);
    if (e.falls)
        fall(p, now);
    if (e.forgive)
        p->fitness.trust_ns = 0;
    if (e.distrust)
        fitness_distrust(&p->fitness, now);
    if (e.sound)
        p->fitness.fault = PATH_SOUND;
    if (e.be_quiet) {
        p->probe.wanted = false;
        p->probe.tail_at = TSTAMP_NEVER;
    }
    if (e.carries)
        carry(p, now);
    set_probe(p, now, e.probe);
    return true;
}

bool path_close(struct path *p, struct tstamp now)
{
    bool changed = path_event(p, now, LIFE_CLOSE);
    rate_restart(&p->rate, now, 0);
    p->rtt.srtt_ns = p->rtt.same_ns = 0;
    return changed;
}

bool path_unfit(struct path *p, struct tstamp now, enum path_fault fault)
{
    /* TCP's window was made for what the path carried before it went bad. */
    double before_bps = p->fall.fallen ? p->fall.rate_bps : p->rate.range.high_bps;
    if (!path_event(p, now, LIFE_UNFIT))
        return false;
    p->fall.rate_bps = fmax(p->fall.rate_bps, before_bps);
    p->fitness.fault = fault;
    trial_init(&p->fitness.trial, now);
    return true;
}

void path_forgive_losses(struct path *p, struct tstamp now)
{
    if (!hole_is_there(&p->hole))
        return;
    rate_restart(&p->rate, now, p->rtt.srtt_ns);
    rate_expect(&p->rate, RETURN_RATE * p->hole.before_bps);
    path_set_pace(p, now);
    p->pacer.free_at = now;
    p->hole = (struct hole){ 0 };
    if (p->fitness.fault == PATH_LOSSY && path_on_trial(p))
        path_event(p, now, LIFE_GOOD);
}

/* ---- sending ---- */

/*
 * A probe alone, while nothing waits for its answer, gets the time for it: else on long paths every
 * probe brought about the next.
 */
int64_t path_first_look_ns(const struct path *p)
{
    int64_t patience_ns = path_patience_ns(p);
    int64_t early_ns = patience_ns * SUSPECT_LOOK_TENTHS / 10;
    int64_t answer_ns = patience_ns - RTT_ACK_DETOUR_NS + rtt_way_back_ns(&p->rtt);
    return p->brisk || p->flight.data > 0 || early_ns > answer_ns ? early_ns : answer_ns;
}

uint64_t path_sent(struct path *p, struct tstamp now, uint32_t wire_bytes, bool eliciting,
                   uint32_t tag, const struct segment *segment, bool loaded)
{
    const bool strict = p->rate.urgent || policer_rules(&p->rate.policer);
    p->count.tx_bytes += wire_bytes;
    p->count.tx_bytes_second += wire_bytes;
    p->count.tx_packets++;
    pacer_charge(&p->pacer, now, wire_bytes, eliciting, strict);
    p->beat.spoke = now;
    if (eliciting)
        p->flight.last_sent = now;
    if (p->life.state == BOND_PATH_UP)
        p->probe.at = next_idle(p);
    uint64_t pn = flight_send(&p->flight, now, wire_bytes, eliciting, tag, segment, loaded);
    if (!eliciting)
        return pn;
    if (p->flight.count == 1)
        p->probe.alarm = tstamp_add(now, path_first_look_ns(p));
    bool more = beat_asked_one(&p->beat);
    p->probe.tail_at = more                          ? tstamp_add(now, BEAT_QUESTION_NS)
                       : segment != NULL || tag != 0 ? tstamp_add(now, PROBE_TAIL_NS)
                                                     : TSTAMP_NEVER;
    return pn;
}
