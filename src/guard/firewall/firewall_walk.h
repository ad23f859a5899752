/* SPDX-License-Identifier: ISC */
/*
 * The rules are followed for one packet as the kernel would: the base chains of a hook by priority,
 * jumps, returns, sets and maps. What a packet is not known to have (its mark, its flags, limits)
 * is not decided: such a rule is taken to match only where that lets the packet pass, unless it is
 * the rule that accepts it. So a drop is told only where a policy or a rule without such conditions
 * drops; if a rule before it might have accepted the packet all the same, it is told as likely, and
 * of a reply not at all.
 */
#ifndef HAWSER_GUARD_FIREWALL_FIREWALL_WALK_H
#define HAWSER_GUARD_FIREWALL_FIREWALL_WALK_H

#include "guard/firewall/firewall.h"
#include "guard/firewall/firewall_rules.h"

void firewall_judge(const struct firewall_rules *r, const struct firewall_question *q,
                    struct firewall_verdict *out);

/* The same for the text of nft -j list ruleset alone. */
int firewall_parse(const char *json, size_t len_bytes, const struct firewall_question *q,
                   struct firewall_verdict *out);

#endif
