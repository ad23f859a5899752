/* SPDX-License-Identifier: ISC */
/*
 * What the engine hears from the guard. Without the channel, the loop and the process (engine.c),
 * as tell.c, so that the fuzzer drives both together with the guard's side.
 */
#ifndef HAWSER_ENGINE_HEAR_H
#define HAWSER_ENGINE_HEAR_H

#include "engine/state.h"

/* A message of the guard. Negative errno: the two no longer mean the same; begin anew. */
int engine_take(struct engine *e, struct tstamp now, struct channel_input *in);

#endif
