/* SPDX-License-Identifier: ISC */
#include "bond/send/sender.h"

#include <errno.h>

_Static_assert((int)FLOWQ_BANDS == (int)BOND_POLICIES_MAX, "each policy has a band");

void sender_survey(struct sender *snd)
{
    usable_survey(&snd->usable, &snd->paths, snd->queue.codel.target_ns);
    snd->queue.spread_ns = snd->usable.spread_ns;
    if (snd->policies != NULL)
        policies_survey(snd->policies, usable_mask(&snd->paths));
}

int sender_set_policies(struct sender *snd, const struct bond_policy table[BOND_POLICIES_MAX])
{
    int r = policies_set(&snd->policies, table, snd->memory);
    if (r < 0 || snd->policies == NULL)
        return r;
    if (flowq_make_bands(&snd->queue) < 0)
        return -ENOMEM;
    for (unsigned i = 0; i < BOND_POLICIES_MAX; i++)
        snd->queue.bands[i].realtime = table[i].used && table[i].class == BOND_CLASS_REALTIME;
    policies_survey(snd->policies, usable_mask(&snd->paths));
    return 0;
}
