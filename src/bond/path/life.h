/* SPDX-License-Identifier: ISC */
/*
 * The states of a path. This file alone changes them: what happened comes in as an event, what is
 * to be done for it goes out as effects. It knows no clock, no packet and no other path.
 *
 *     event      closed   probing   up       suspect  down     standby
 *     OPEN       probing                                       probing
 *     HOLD       standby  standby   standby  standby  standby
 *     SWITCH_ON                                                standby
 *     CALL                                                     probing
 *     CALL_FRESH                                               up
 *     CLOSE               closed    closed   closed   closed   closed
 *     DOUBT                         suspect
 *     GIVE_UP                                down
 *     RETRY                                           probing
 *     GOOD                up                 up       up
 *     UNFIT               probing   probing           probing
 *
 * Where nothing stands, nothing happens. A path that is unfit stays in probing, with trials, until
 * it is good again (fitness.h). What stands a state twice begins it anew.
 */
#ifndef HAWSER_BOND_PATH_LIFE_H
#define HAWSER_BOND_PATH_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/types.h"

enum life_event {
    LIFE_NOTHING,
    LIFE_OPEN,       /* its address is known, and it is to be used */
    LIFE_HOLD,       /* it is not needed now, or switched off */
    LIFE_SWITCH_ON,  /* it was off: it is probed again */
    LIFE_CALL,       /* it is needed now */
    LIFE_CALL_FRESH, /* the same, and whatever was sent last was answered */
    LIFE_CLOSE,      /* its address or its link is gone */
    LIFE_DOUBT,      /* answers are overdue, or somebody tells that it failed */
    LIFE_GIVE_UP,    /* suspect for too long */
    LIFE_RETRY,      /* something changed that may help */
    LIFE_GOOD,       /* it has answered well, or long enough, or no other path is there */
    LIFE_UNFIT,      /* it answers, but does more harm than good */
    LIFE_EVENTS,
};

/* What the path knows when an event comes. */
struct life_facts {
    bool off;         /* it is not to be used at all */
    bool silent;      /* beats are missing; nothing else would have come meanwhile */
    bool given_up;    /* and there was no time to ask for them */
    uint64_t pn_next; /* numbers below it were sent before */
};

/* When it is probed next. */
enum life_probe { LIFE_PROBE_NEVER, LIFE_PROBE_NOW, LIFE_PROBE_IDLE, LIFE_PROBE_STANDBY };

struct life_effects {
    enum life_probe probe;
    bool falls;    /* what it carries is found anew, from half of what it carried */
    bool distrust; /* it has to answer for longer than last time */
    bool forgive;  /* it need not: what comes next is another link */
    bool sound;    /* it is not out of use for doing harm */
    bool carries;  /* it takes traffic from now on */
    bool ask;      /* one lost question is no verdict */
    bool be_quiet; /* no probe that is under way leaves any more */
};

struct path_life {
    enum bond_path_state state;
    struct tstamp since;
    bool by_silence;     /* suspect for missing beats */
    bool false_alarm;    /* up again after such a suspicion */
    uint64_t asked_from; /* first number sent after the state began: its answer counts */
    uint32_t good;       /* answers that count */
    uint32_t needed;     /* so many are enough */
    struct tstamp good_since, last_good;
};

void life_init(struct path_life *l, struct tstamp now);

/* False: the event changes nothing, and there are no effects. */
bool life_event(struct path_life *l, struct tstamp now, enum life_event event,
                const struct life_facts *facts, struct life_effects *effects);

/*
 * A number was answered; true: that counts, as an answer to what was sent in this state. One to
 * what was sent before a suspicion clears it, but not a verdict.
 */
static inline bool life_answered(struct path_life *l, struct tstamp now, uint64_t pn)
{
    if (pn < l->asked_from && l->state != BOND_PATH_SUSPECT)
        return false;
    if (l->good++ == 0)
        l->good_since = now;
    l->last_good = now;
    return true;
}

/*
 * Whether its answers are enough to be used again: LIFE_GOOD, LIFE_UNFIT if the last came too late,
 * or LIFE_NOTHING. trust_ns: it has to answer for so long.
 */
enum life_event life_judge(struct path_life *l, struct tstamp now, int64_t trust_ns, bool late);

#endif
