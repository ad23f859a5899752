/* SPDX-License-Identifier: ISC */
/*
 * What is overdue on one path goes on another one, too, when that has nothing else to do.
 *
 * A path of a changing rate falls silent with packets in flight, and the receiver holds all that
 * came behind them: the inner window is used up, our queue is empty, and the other links idle. They
 * cost nothing then. Nothing leaves for this while anything else waits, and what left on a path
 * leaves once more at most for that, so that a path's flight is all that can be spent on its
 * silence.
 */
#ifndef HAWSER_BOND_SEND_OVERDUE_H
#define HAWSER_BOND_SEND_OVERDUE_H

#include "base/tstamp.h"
#include "bond/send/sender.h"

/* Gives paths that are free what is overdue on others. */
void overdue_pump(struct sender *snd, struct tstamp now);

/* When there is something to do for it next, as far as nothing else wakes the bond before. */
struct tstamp overdue_deadline(const struct sender *snd, struct tstamp now);

#endif
