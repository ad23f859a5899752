/* SPDX-License-Identifier: ISC */
/* The changed file is taken; the answer goes to the log and to who asked. */
#ifndef HAWSER_GUARD_RELOAD_H
#define HAWSER_GUARD_RELOAD_H

#include "guard/state.h"

void guard_reload(struct guard *g, struct tstamp now);
/* The part of it that begins when the file is read. next is the guard's, or freed. */
void guard_take_config(struct guard *g, struct tstamp now, struct config *next,
                       const struct config_errors *errors);

#endif
