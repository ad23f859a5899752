/* SPDX-License-Identifier: ISC */
/*
 * Whether a path has become far slower than it was: what it delivers under load was below a quarter
 * of its usual rate for a minute, and, once that is told, above half of it again for ten seconds.
 *
 * What was not measured counts for nothing: time without load, and a rate that a configured limit
 * holds down. The usual rate follows a rise within half a minute of load and a fall within hours of
 * it, so that a link which stays slow is as it usually is after a day or so.
 */
#ifndef HAWSER_BOND_PATH_SLUMP_H
#define HAWSER_BOND_PATH_SLUMP_H

#include <stdbool.h>

struct slump {
    double usual_bps; /* 0: nothing was measured yet */
    double seen_s;    /* time of measuring */
    double low_s;     /* of it lately below a quarter */
    double back_s;    /* while slow: lately above half */
    bool slow;
    bool turned; /* slow changed, and nobody asked yet */
};

/* Under load for so long the path delivered rate_bps; limit_bps: the most it may, 0: any. */
void slump_see(struct slump *s, double rate_bps, double limit_bps, double seconds);

/* For so long it was out of use, because it did more harm than good. */
void slump_miss(struct slump *s, double seconds);

/* Whether slow changed since this was asked last. */
bool slump_turned(struct slump *s);

#endif
