/* SPDX-License-Identifier: ISC */
#include "bond/path/life.h"

#include <string.h>

#include "bond/tuning.h"

enum { NEEDED = 1 };

void life_init(struct path_life *l, struct tstamp now)
{
    *l = (struct path_life){ .state = BOND_PATH_CLOSED, .since = now, .needed = NEEDED };
}

/* The table in the header; false: nothing stands there. */
static bool next_state(enum bond_path_state from, enum life_event event, enum bond_path_state *to)
{
    static const char states[] = "cpusdb"; /* closed .. standby */
    static const char table[LIFE_EVENTS][sizeof states] = {
        [LIFE_NOTHING] = "......",   [LIFE_OPEN] = "p....p",  [LIFE_HOLD] = "bbbbb.",
        [LIFE_SWITCH_ON] = ".....b", [LIFE_CALL] = ".....p",  [LIFE_CALL_FRESH] = ".....u",
        [LIFE_CLOSE] = ".ccccc",     [LIFE_DOUBT] = "..s...", [LIFE_GIVE_UP] = "...d..",
        [LIFE_RETRY] = "....p.",     [LIFE_GOOD] = ".u.uu.",  [LIFE_UNFIT] = ".pp.p.",
    };
    const char *found = strchr(states, table[event][from]);
    if (found != NULL)
        *to = (enum bond_path_state)(found - states);
    return found != NULL;
}

/* Answers are counted anew, of what is sent from now on. */
static void ask(struct path_life *l, const struct life_facts *facts, struct life_effects *effects)
{
    l->good = 0;
    l->asked_from = facts->pn_next;
    effects->probe = LIFE_PROBE_NOW;
}

static void enter(struct path_life *l, enum bond_path_state from, enum life_event event,
                  const struct life_facts *facts, struct life_effects *effects)
{
    switch (l->state) {
    case BOND_PATH_CLOSED:
        effects->falls = effects->forgive = effects->sound = effects->be_quiet = true;
        effects->probe = LIFE_PROBE_NEVER;
        l->needed = NEEDED; /* what comes next is another link */
        break;
    case BOND_PATH_DOWN:
        effects->falls = effects->distrust = effects->sound = true;
        l->needed = DOWN_PROBES;
        ask(l, facts, effects);
        break;
    case BOND_PATH_PROBING:
        effects->falls = event == LIFE_UNFIT;
        effects->distrust = event == LIFE_UNFIT && from == BOND_PATH_UP;
        if (event == LIFE_RETRY)
            l->needed = NEEDED;
        ask(l, facts, effects);
        break;
    case BOND_PATH_SUSPECT:
        effects->ask = l->by_silence && facts->given_up;
        ask(l, facts, effects);
        break;
    case BOND_PATH_UP:
        effects->carries = effects->sound = true;
        effects->probe = LIFE_PROBE_IDLE;
        break;
    case BOND_PATH_STANDBY:
        effects->falls = effects->forgive = effects->be_quiet = facts->off;
        effects->probe = LIFE_PROBE_STANDBY;
        break;
    }
}

bool life_event(struct path_life *l, struct tstamp now, enum life_event event,
                const struct life_facts *facts, struct life_effects *effects)
{
    const enum bond_path_state from = l->state;
    if (!next_state(from, event, &l->state))
        return false;
    *effects = (struct life_effects){ 0 };
    l->since = now;
    l->false_alarm = l->by_silence && l->state == BOND_PATH_UP;
    l->by_silence = l->state == BOND_PATH_SUSPECT && facts->silent;
    enter(l, from, event, facts, effects);
    return true;
}

enum life_event life_judge(struct path_life *l, struct tstamp now, int64_t trust_ns, bool late)
{
    if (l->good < l->needed)
        return LIFE_NOTHING;
    if (l->state != BOND_PATH_SUSPECT && tstamp_sub(l->last_good, l->good_since) < trust_ns) {
        if (tstamp_sub(now, l->last_good) > PROBE_SILENT * PROBE_LAST_NS)
            l->good = 0;
        return LIFE_NOTHING;
    }
    l->needed = NEEDED;
    return late && l->state != BOND_PATH_SUSPECT ? LIFE_UNFIT : LIFE_GOOD;
}
