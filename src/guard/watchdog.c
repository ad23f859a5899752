/* SPDX-License-Identifier: ISC */
#include "guard/watchdog.h"

enum { MANAGER_SHARE = 3 }; /* in each time that a manager waits we are heard so often */

void watchdog_start(struct watchdog *w, struct tstamp now, int64_t manager_usec)
{
    const int64_t share_ns = manager_usec * NS_PER_US / MANAGER_SHARE;
    w->interval_ns = WATCHDOG_INTERVAL_S * NS_PER_S;
    if (share_ns > 0 && share_ns < w->interval_ns)
        w->interval_ns = share_ns;
    w->is_waiting = false;
    w->next = now;
}

void watchdog_stop(struct watchdog *w)
{
    w->next = TSTAMP_NEVER;
    w->is_waiting = false;
}

enum watchdog_verdict watchdog_tick(struct watchdog *w, struct tstamp now)
{
    if (!tstamp_reached(w->next, now))
        return WATCHDOG_WAIT;
    bool held_up = tstamp_sub(now, w->next) > WATCHDOG_HELD_UP_S * NS_PER_S;
    if (w->is_waiting && !held_up)
        return WATCHDOG_HANGS;
    w->is_waiting = true;
    w->next = tstamp_add(now, WATCHDOG_LIMIT_S * NS_PER_S);
    return WATCHDOG_ASK;
}

void watchdog_answered(struct watchdog *w, struct tstamp now)
{
    if (!w->is_waiting)
        return;
    w->is_waiting = false;
    w->next = tstamp_add(now, w->interval_ns);
}
