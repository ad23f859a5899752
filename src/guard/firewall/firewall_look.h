/* SPDX-License-Identifier: ISC */
/* What the packet filters of this machine drop now. */
#ifndef HAWSER_GUARD_FIREWALL_FIREWALL_LOOK_H
#define HAWSER_GUARD_FIREWALL_FIREWALL_LOOK_H

#include "guard/firewall/firewall.h"
#include "ipc/problem.h"

/*
 * Asks all that against the rules that are there now. Waits for the programs that list them, so it
 * is for a process that does nothing else. 0, or negative errno when they cannot be listed; where
 * there is no such program there are no rules.
 */
int firewall_look(const struct firewall_question *questions, size_t count,
                  struct problem_list *out);

#endif
