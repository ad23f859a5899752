/* SPDX-License-Identifier: ISC */
/* The rules of iptables, which nft does not show as they were written. */
#ifndef HAWSER_GUARD_FIREWALL_FIREWALL_SAVE_H
#define HAWSER_GUARD_FIREWALL_FIREWALL_SAVE_H

#include "guard/firewall/firewall_rules.h"

/*
 * Adds the filter table as iptables-save printed it. It says more than nft does of the same table,
 * which it replaces unless it is of the older kind (legacy), which nft does not show. family: 4, 6.
 */
int firewall_rules_add_save(struct firewall_rules *r, const char *text, size_t len_bytes,
                            uint8_t family, bool legacy);

#endif
