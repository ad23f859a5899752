/* SPDX-License-Identifier: ISC */
#include "bond/path/slump.h"

#include "bond/tuning.h"

#include <math.h>

static void turn(struct slump *s, bool slow)
{
    s->turned = s->turned != (s->slow != slow);
    s->slow = slow;
    s->low_s = s->back_s = 0;
}

static void note_low(struct slump *s, double seconds)
{
    s->back_s = 0;
    s->low_s += seconds;
    if (!s->slow && s->low_s >= SLUMP_LOW_S)
        turn(s, true);
}

static void follow(struct slump *s, double rate_bps, double seconds)
{
    double time_s =
        rate_bps > s->usual_bps || s->seen_s < SLUMP_KNOWN_S ? SLUMP_RISE_S : SLUMP_FALL_S;
    if (s->usual_bps <= 0)
        s->usual_bps = rate_bps;
    s->usual_bps += (rate_bps - s->usual_bps) * (1 - exp(-seconds / time_s));
    s->seen_s += seconds;
}

void slump_see(struct slump *s, double rate_bps, double limit_bps, double seconds)
{
    bool limited = limit_bps > 0 && rate_bps >= SLUMP_LIMIT * limit_bps;
    if (limited && rate_bps < s->usual_bps)
        return;
    if (s->seen_s >= SLUMP_KNOWN_S && rate_bps < SLUMP_LOW * s->usual_bps) {
        note_low(s, seconds);
    } else {
        s->low_s = fmax(s->low_s - SLUMP_FORGIVE * seconds, 0);
        s->back_s = rate_bps >= SLUMP_BACK * s->usual_bps ? s->back_s + seconds : 0;
        if (s->slow && s->back_s >= SLUMP_BACK_S)
            turn(s, false);
    }
    follow(s, rate_bps, seconds);
}

void slump_miss(struct slump *s, double seconds)
{
    if (s->seen_s >= SLUMP_KNOWN_S)
        note_low(s, seconds);
}

bool slump_turned(struct slump *s)
{
    bool turned = s->turned;
    s->turned = false;
    return turned;
}
