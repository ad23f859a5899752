/* SPDX-License-Identifier: ISC */
#include "session/peer.h"

#include <string.h>

#include "session/peers.h"
#include "session/state.h"

struct keys *peer_keys(const struct peer *p, uint32_t index)
{
    struct keys *const all[] = { p->association.current, p->association.next,
                                 p->association.previous };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] != NULL && all[i]->local == index)
            return all[i];
    return NULL;
}

void peer_drop_keys(struct peer *p, struct keys **k)
{
    if (*k != NULL)
        index_remove(&p->core->index, (*k)->local);
    keys_free(*k);
    *k = NULL;
}

bool peer_is_new_association(const struct peer *p, const struct keys *k)
{
    return !p->association.is_there ||
           memcmp(p->association.epoch, k->local_epoch, WIRE_EPOCH_BYTES) != 0 ||
           memcmp(p->association.remote_epoch, k->remote_epoch, WIRE_EPOCH_BYTES) != 0;
}

bool peer_can_send(const struct peer *p, struct tstamp now)
{
    return p->association.current != NULL &&
           !keys_too_old(p->association.current, now, p->core->settings.rekey_after_ns);
}

void peer_asked(struct peer *p, struct tstamp now)
{
    if (!tstamp_is_never(p->clocks.asked_at))
        return;
    p->clocks.asked_at = now;
    peer_wake(p, tstamp_add(now, STATE_SILENCE_NS));
}

bool peer_is_displaced(const struct peer *p, struct tstamp now)
{
    return !tstamp_is_never(p->called.displaced_at) &&
           tstamp_sub(now, p->called.displaced_at) < LIVES_SAME_KEY_NS;
}

void peer_wake(struct peer *p, struct tstamp at)
{
    p->clocks.wake = tstamp_min(p->clocks.wake, at);
    peers_wake(p, at);
}

uint32_t peer_take_index(struct peer *p)
{
    uint32_t index;
    do
        core_random(p->core, &index, sizeof index);
    while (index == 0 || index_find(&p->core->index, index) != NULL);
    index_put(&p->core->index, index, p);
    return index;
}
