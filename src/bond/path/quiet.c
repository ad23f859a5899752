/* SPDX-License-Identifier: ISC */
#include "bond/path/quiet.h"

#include "bond/path/path.h"

static int64_t quiet_interval_ns(const struct path *p)
{
    return p->spill_bytes > 0 ? BEAT_SPARE_NS : beat_interval_ns(p->config.overhead_bytes);
}

struct tstamp quiet_next_beat(const struct path *p)
{
    return tstamp_add(p->beat.spoke, quiet_interval_ns(p));
}

struct tstamp quiet_missing_at(const struct path *p)
{
    if (!path_quiet(p) || p->beat.missing)
        return TSTAMP_NEVER;
    return tstamp_add(p->beat.heard, quiet_interval_ns(p) + beat_allowance_ns(p->rttvar_ns));
}

/*
 * The peer's beats are missing, or ours at the peer. Where the answers to questions would take too
 * long and other paths are there, nobody waits for them; should it have been one lost beat, an
 * answer ends the suspicion.
 */
static void doubt(struct path *p)
{
    int64_t patience_ns = path_patience_ns(p);
    int64_t found_ns = beat_interval_ns(p->config.overhead_bytes) +
                       beat_allowance_ns(p->rttvar_ns) + p->srtt_ns / 2 + patience_ns +
                       patience_ns / SUSPECT_LOOK_PARTS;
    beat_ask(&p->beat);
    p->beat.doubted = true;
    p->probe_wanted = true;
    p->beat.given_up = found_ns > BEAT_FOUND_NS && p->rtt_most_ns > 0 && p->spill_bytes == 0;
}

void quiet_notice_missing(struct path *p, struct tstamp now)
{
    p->beat.missing = true;
    doubt(p);
    if (tstamp_before(p->beat.heard, p->answered))
        p->beat.given_up = false; /* what we send arrives */
    if (p->acker.next > 0)
        p->acker.due = tstamp_min(p->acker.due, now);
}

void quiet_heed_ack(struct path *p, const struct wire_ack *ack, uint64_t largest)
{
    if (path_quiet(p) && !p->beat.doubted && largest + 1 < p->pn_next &&
        (int64_t)ack->delay_us * NS_PER_US >
            quiet_interval_ns(p) + BEAT_ALLOWANCE_LEAST_NS / BEAT_TOLD_PARTS)
        doubt(p);
}
