/* SPDX-License-Identifier: ISC */
#include "bond/path/slump.h"

#include <math.h>

/* All of them arbitrary. */
static const double low_share = 0.25;   /* of the usual rate: far below it */
static const double back_share = 0.5;   /* and again near enough */
static const double low_most_s = 60;    /* before it is told */
static const double back_most_s = 10;   /* before the end is told */
static const double known_s = 30;       /* of measuring, until there is a usual rate */
static const double rise_s = 20;        /* in which the usual rate follows a rise */
static const double fall_s = 6 * 3600;  /* and a fall */
static const double forgive_factor = 2; /* a second above the quarter takes so many below it back */
static const double limit_share = 0.8;  /* of a limit: it may be the limit that is measured */

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
    if (!s->slow && s->low_s >= low_most_s)
        turn(s, true);
}

static void follow(struct slump *s, double rate_bps, double seconds)
{
    double time_s = rate_bps > s->usual_bps || s->seen_s < known_s ? rise_s : fall_s;
    if (s->usual_bps <= 0)
        s->usual_bps = rate_bps;
    s->usual_bps += (rate_bps - s->usual_bps) * (1 - exp(-seconds / time_s));
    s->seen_s += seconds;
}

void slump_see(struct slump *s, double rate_bps, double limit_bps, double seconds)
{
    bool limited = limit_bps > 0 && rate_bps >= limit_share * limit_bps;
    if (limited && rate_bps < s->usual_bps)
        return;
    if (s->seen_s >= known_s && rate_bps < low_share * s->usual_bps) {
        note_low(s, seconds);
    } else {
        s->low_s = fmax(s->low_s - forgive_factor * seconds, 0);
        s->back_s = rate_bps >= back_share * s->usual_bps ? s->back_s + seconds : 0;
        if (s->slow && s->back_s >= back_most_s)
            turn(s, false);
    }
    follow(s, rate_bps, seconds);
}

void slump_miss(struct slump *s, double seconds)
{
    if (s->seen_s >= known_s)
        note_low(s, seconds);
}

bool slump_turned(struct slump *s)
{
    bool turned = s->turned;
    s->turned = false;
    return turned;
}
