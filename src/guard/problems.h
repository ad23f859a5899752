/* SPDX-License-Identifier: ISC */
/* What keeps the tunnel from being of use. */
#ifndef HAWSER_GUARD_PROBLEMS_H
#define HAWSER_GUARD_PROBLEMS_H

#include "guard/state.h"

/* These are all of that origin now: logs what begins and ends, and tells the engine. */
void guard_problems_set(struct guard *g, enum problem_origin origin,
                        const struct problem_list *found);
bool guard_tell_problems(struct guard *g);

#endif
