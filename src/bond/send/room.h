/* SPDX-License-Identifier: ISC */
/*
 * How the sender's tables grow and are given back.
 *
 * Guarantee: no table grows while a packet is handled. One that is half full says so, in the bond's
 * share of the memory, and before the next packet it is doubled. There is always room for what one
 * packet brings about, and for all that would be lost if every path failed now: unless there is no
 * memory, and then less is in flight.
 */
#ifndef HAWSER_BOND_SEND_ROOM_H
#define HAWSER_BOND_SEND_ROOM_H

#include "bond/send/sender.h"

/* Lets those grow that are half full. */
void room_grow(struct sender *snd);

/* Before each packet. */
static inline void room_make(struct sender *snd)
{
    if (snd->memory->wanted)
        room_grow(snd);
}

/* Before a packet that leaves in so many pieces. */
void room_make_for(struct sender *snd, uint32_t pieces);

/* What found no memory may try again. */
void room_try_again(struct sender *snd);
/* There was no traffic for long: what is empty is as small as at first. */
void room_give_back(struct sender *snd);

#endif
