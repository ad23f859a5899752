/* SPDX-License-Identifier: ISC */
/*
 * How long to wait before an engine that has ended is replaced: not at all for one that ran well,
 * or is the first to end; one that ends again and again waits 1 s, and twice as long each time, up
 * to 30 s, so that it does not keep the machine from other work.
 */
#ifndef HAWSER_GUARD_RESTART_H
#define HAWSER_GUARD_RESTART_H

#include "base/tstamp.h"

enum {
    RESTART_WELL_S = 10, /* what ended the last one was not there at the start of this one */
    RESTART_PAUSE_MAX_S = 30,
};

struct restart {
    int pause_s; /* before the next one, unless this one runs well */
};

/* In seconds. ran_ns: how long the engine that has ended did. */
static inline int restart_pause(struct restart *r, int64_t ran_ns)
{
    int pause_s = ran_ns < RESTART_WELL_S * NS_PER_S ? r->pause_s : 0;
    r->pause_s = pause_s == 0 ? 1 : 2 * pause_s;
    if (r->pause_s > RESTART_PAUSE_MAX_S)
        r->pause_s = RESTART_PAUSE_MAX_S;
    return pause_s;
}

#endif
