/* SPDX-License-Identifier: ISC */
#include "bond/path/rtt.h"

enum { SRTT_PARTS = 8, RTTVAR_PARTS = 4 /* RFC 6298 */ };

/* Section 2 of the RFC. */
void rtt_note(struct rtt *r, struct tstamp now, int64_t rtt_ns)
{
    if (rtt_ns < 0)
        return;
    ownrtt_note(&r->own, now, rtt_ns);
    r->samples = r->srtt_ns == 0 ? 1 : r->samples + 1;
    if (r->srtt_ns == 0) {
        r->srtt_ns = rtt_ns > 0 ? rtt_ns : 1;
        r->rttvar_ns = rtt_ns / 2;
        r->least_ns = rtt_ns;
        return;
    }
    int64_t error = rtt_ns - r->srtt_ns;
    r->rttvar_ns += ((error < 0 ? -error : error) - r->rttvar_ns) / RTTVAR_PARTS;
    r->srtt_ns += error / SRTT_PARTS;
    if (rtt_ns < r->least_ns)
        r->least_ns = rtt_ns;
}

void rtt_note_same(struct rtt *r, int64_t rtt_ns)
{
    r->same_ns += r->same_ns == 0 ? rtt_ns : (rtt_ns - r->same_ns) / SRTT_PARTS;
}

void rtt_set(struct rtt *r, int64_t rtt_ns)
{
    r->srtt_ns = rtt_ns;
    r->rttvar_ns = rtt_ns / 2;
}

int64_t rtt_smoothed_ns(const struct rtt *r)
{
    return r->srtt_ns > 0 ? r->srtt_ns : RTT_UNKNOWN_NS;
}

int64_t rtt_own_ns(const struct rtt *r)
{
    int64_t own_ns = ownrtt_ns(&r->own);
    return own_ns > 0 ? own_ns : rtt_smoothed_ns(r);
}

int64_t rtt_way_back_ns(const struct rtt *r)
{
    return r->same_ns > r->srtt_ns ? r->same_ns - r->srtt_ns : 0;
}

int64_t rtt_patience_ns(const struct rtt *r)
{
    int64_t slack_ns = PATIENCE_RTTVARS * r->rttvar_ns;
    if (slack_ns < PATIENCE_SLACK_NS)
        slack_ns = PATIENCE_SLACK_NS;
    return rtt_smoothed_ns(r) + slack_ns + ACKER_DELAY_NS + RTT_ACK_DETOUR_NS;
}
