/* SPDX-License-Identifier: ISC */
/*
 * Whether a process that is asked from time to time still answers: a pure function of times.
 *
 * It is asked every interval, and hangs if an answer is WATCHDOG_LIMIT_S late. Who asks may have
 * been held up itself, as by a suspended machine or a stopped terminal: it then asks anew first,
 * since the answer may lie unread.
 */
#ifndef HAWSER_GUARD_WATCHDOG_H
#define HAWSER_GUARD_WATCHDOG_H

#include <stdbool.h>

#include "base/tstamp.h"

enum { WATCHDOG_INTERVAL_S = 5, WATCHDOG_LIMIT_S = 10, WATCHDOG_HELD_UP_S = 2 };

struct watchdog {
    int64_t interval_ns;
    struct tstamp next; /* something is due; TSTAMP_NEVER: nobody is watched */
    bool is_waiting;    /* for an answer */
};

enum watchdog_verdict { WATCHDOG_WAIT, WATCHDOG_ASK, WATCHDOG_HANGS };

/* manager_usec: how often a service manager wants to hear of us, 0: not at all. */
void watchdog_start(struct watchdog *w, struct tstamp now, int64_t manager_usec);
void watchdog_stop(struct watchdog *w);
/* What is due. After WATCHDOG_ASK it is asked. */
enum watchdog_verdict watchdog_tick(struct watchdog *w, struct tstamp now);
void watchdog_answered(struct watchdog *w, struct tstamp now);

#endif
