/* SPDX-License-Identifier: ISC */
/* Kernel settings that a tunnel needs (sysctl.h). */
#ifndef HAWSER_GUARD_NETWORK_NETWORK_SETTINGS_H
#define HAWSER_GUARD_NETWORK_NETWORK_SETTINGS_H

#include "config/config.h"
#include "guard/network/network_state.h"
#include "sys/netif.h"

void network_update_settings(struct network *n, const struct config *c,
                             const struct netif_table *t);

/* Puts back what no other tunnel needs. 0 or negative errno. */
int network_end_settings(struct network *n);

#endif
