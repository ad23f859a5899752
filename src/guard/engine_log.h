/* SPDX-License-Identifier: ISC */
/* What the engine writes to its standard error. */
#ifndef HAWSER_GUARD_ENGINE_LOG_H
#define HAWSER_GUARD_ENGINE_LOG_H

#include "guard/state.h"

/* *engine_end is for the engine, and the caller's to close. 0 or negative errno. */
int guard_log_open(struct guard *g, int *engine_end);
/* Passes on what is left. */
void guard_log_close(struct guard *g);

#endif
