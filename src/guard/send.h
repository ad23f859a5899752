/* SPDX-License-Identifier: ISC */
/* A message to the engine. */
#ifndef HAWSER_GUARD_SEND_H
#define HAWSER_GUARD_SEND_H

#include "guard/state.h"

/* False: the engine is not there, or was ended because it does not listen. */
bool guard_send(struct guard *g, const struct msg *m, const int *fds, size_t fd_count);

#endif
