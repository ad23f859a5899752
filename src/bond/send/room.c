/* SPDX-License-Identifier: ISC */
#include "bond/send/room.h"

enum { REPAIRABLE_LEAST = 32 /* packets of a path that may be lost at once */ };

/*
 * What all paths hold, and will before this is called again, may be lost at once; and again, while
 * half of that still waits.
 */
static void grow_repairs(struct sender *snd)
{
    uint32_t needed = 0;
    for_each_path (&snd->paths, p) {
        struct flight *f = &p->flight;
        f->repairable = 2 * f->data > REPAIRABLE_LEAST ? 2 * f->data : REPAIRABLE_LEAST;
        needed += f->repairable + p->pacer.committed.capacity + p->pacer.express.capacity;
    }
    ring_reserve(&snd->repairs, 2 * needed);
    if (snd->repairs.capacity < snd->repairs.most && !snd->memory->refused)
        return;
    for_each_path (&snd->paths, p)
        p->flight.repairable = UINT32_MAX;
}

void room_grow(struct sender *snd)
{
    snd->memory->wanted = false;
    flowq_grow(&snd->queue);
    for_each_path (&snd->paths, p)
        path_grow(p);
    grow_repairs(snd);
}

void room_make_for(struct sender *snd, uint32_t pieces)
{
    for_each_path (&snd->paths, p) {
        ring_reserve(&p->pacer.committed, pieces);
        ring_reserve(&p->pacer.express, pieces);
    }
    grow_repairs(snd);
}

void room_try_again(struct sender *snd)
{
    for_each_path (&snd->paths, p)
        path_retry_growth(p);
    ring_retry_growth(&snd->repairs);
    room_grow(snd);
}

void room_give_back(struct sender *snd)
{
    for_each_path (&snd->paths, p)
        path_give_back(p);
    ring_give_back(&snd->repairs);
    flowq_give_back(&snd->queue);
    room_grow(snd);
}
