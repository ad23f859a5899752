/* SPDX-License-Identifier: ISC */
/* What the engine says and asks for. */
#ifndef HAWSER_GUARD_REQUESTS_H
#define HAWSER_GUARD_REQUESTS_H

#include "guard/state.h"

/* Does what a message asks for. False: no engine may send such a one. */
bool guard_take_request(struct guard *g, struct tstamp now, struct msg *m);
/* The engine is no more, and what it told does not hold. */
void guard_forget_engine(struct guard *g, struct tstamp now);

#endif
