/* SPDX-License-Identifier: ISC */
#include "bond/send/policies.h"

#include <errno.h>
#include <string.h>

#include "bond/tuning.h"

int policies_set(struct policies **s, const struct bond_policy table[BOND_POLICIES_MAX],
                 struct arena_share *memory)
{
    bool any = false;
    for (unsigned i = 0; i < BOND_POLICIES_MAX; i++)
        any = any || table[i].used;
    if (*s == NULL && any)
        *s = arena_take(memory, 1, sizeof **s);
    if (*s == NULL)
        return any ? -ENOMEM : 0;
    memcpy((*s)->table, table, sizeof(*s)->table);
    return 0;
}

void policies_free(struct policies *s, struct arena_share *memory)
{
    arena_give(memory, s, 1, sizeof *s);
}

void policies_survey(struct policies *s, uint32_t usable)
{
    for (unsigned i = 0; s != NULL && i < BOND_POLICIES_MAX; i++) {
        const struct bond_policy *a = &s->table[i];
        uint32_t paths = a->used && a->pinned ? usable & a->paths : usable;
        s->paths[i] = paths == 0 && a->fallback ? usable : paths;
    }
}

bool policies_need(const struct policies *s, uint8_t path)
{
    for (unsigned i = 0; s != NULL && i < BOND_POLICIES_MAX; i++) {
        const struct bond_policy *a = &s->table[i];
        if (a->used && a->pinned && !a->fallback && s->paths[i] == 1U << path)
            return true;
    }
    return false;
}

const struct bond_policy *policies_of(const struct policies *s, const struct pkt *pkt)
{
    if (s == NULL || pkt->policy == 0 || pkt->policy > BOND_POLICIES_MAX)
        return NULL;
    const struct bond_policy *a = &s->table[pkt->policy - 1];
    return a->used ? a : NULL;
}

bool policies_urgent(const struct policies *s, struct tstamp now)
{
    return s != NULL && s->any_urgent && tstamp_sub(now, s->urgent_at) < URGENT_NS;
}

void policies_note_urgent(struct policies *s, struct tstamp now, const struct pkt *pkt)
{
    const struct bond_policy *a = policies_of(s, pkt);
    if (a != NULL && (a->class == BOND_CLASS_REALTIME || a->mode == BOND_MODE_REDUNDANT)) {
        s->any_urgent = true;
        s->urgent_at = now;
    }
}
