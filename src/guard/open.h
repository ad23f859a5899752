/* SPDX-License-Identifier: ISC */
/* What the tunnel needs is opened; false: the reason is logged. */
#ifndef HAWSER_GUARD_OPEN_H
#define HAWSER_GUARD_OPEN_H

#include "guard/state.h"

/* unit: which may be started instead; empty: none. */
bool guard_check_privileges(const char *unit);
/* Whether a daemon serves the control socket. */
bool guard_answers(const char *control);
bool guard_open_control(struct guard *g);
bool guard_open_tun(struct guard *g);
/* Says how hosts behind this machine get into the tunnel, where nothing was said about them. */
void guard_hint_lan(const struct guard *g);
bool guard_open_listen(struct guard *g);
void guard_close_control(struct guard *g);

/* The path of a file that outlives restarts, in the state's directory. */
void guard_state_path(const struct guard *g, const char *suffix, char *out, size_t size);

#endif
