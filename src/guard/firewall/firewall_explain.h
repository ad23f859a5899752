/* SPDX-License-Identifier: ISC */
/* What is dropped, for people. */
#ifndef HAWSER_GUARD_FIREWALL_FIREWALL_EXPLAIN_H
#define HAWSER_GUARD_FIREWALL_FIREWALL_EXPLAIN_H

#include "guard/firewall/firewall.h"
#include "ipc/problem.h"

/* Says what is dropped and by whom, with the command that opens it. */
void firewall_explain(const struct firewall_question *q, const struct firewall_verdict *v,
                      struct problem_list *out);

#endif
