/* SPDX-License-Identifier: ISC */
#include "bond/path/quiet.h"

#include "bond/path/path.h"
#include "bond/tuning.h"

struct tstamp quiet_missing_at(const struct path *p)
{
    if (!path_quiet(p) || p->beat.missing)
        return TSTAMP_NEVER;
    return tstamp_add(p->beat.heard,
                      path_beat_interval_ns(p) + beat_allowance_ns(p->rtt.rttvar_ns));
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
                       beat_allowance_ns(p->rtt.rttvar_ns) + p->rtt.srtt_ns / 2 + patience_ns +
                       patience_ns / SUSPECT_LOOK_PARTS;
    beat_ask(&p->beat);
    p->beat.doubted = true;
    p->probe.wanted = true;
    p->beat.given_up =
        found_ns > BEAT_FOUND_NS && p->fitness.rtt_most_ns > 0 && p->spill_bytes == 0;
}

void quiet_notice_missing(struct path *p)
{
    p->beat.missing = true;
    doubt(p);
    if (tstamp_before(p->beat.heard, p->flight.answered))
        p->beat.given_up = false; /* what we send arrives */
    p->beat.tell = true;
}

void quiet_heed_ack(struct path *p, const struct wire_ack *ack, uint64_t largest)
{
    if (path_quiet(p) && !p->beat.doubted && largest + 1 < p->flight.pn_next &&
        (int64_t)ack->delay_us * NS_PER_US >
            path_beat_interval_ns(p) + BEAT_ALLOWANCE_LEAST_NS / BEAT_TOLD_PARTS)
        doubt(p);
}
