/* SPDX-License-Identifier: ISC */
/* What was lost: repeated in time, or dropped and counted. */
#ifndef HAWSER_BOND_SEND_REPAIR_H
#define HAWSER_BOND_SEND_REPAIR_H

#include "base/tstamp.h"
#include "bond/path/path.h"
#include "bond/send/sender.h"

/* A segment was lost on a path, or cannot leave on it; takes its reference over. */
void repair_take(struct sender *snd, const struct path *p, struct segment *s);

/*
 * Finds paths for what was lost; what is too old is dropped. Repeats overtake bulk, but when a
 * whole link's flight comes at once the survivors' pacers spread it.
 */
void repair_pump(struct sender *snd, struct tstamp now);

/* Without any path: drops what has waited for too long. */
void repair_expire(struct sender *snd, struct tstamp now);
/* Drops all. */
void repair_clear(struct sender *snd);

#endif
