/* SPDX-License-Identifier: ISC */
/* The ways out of the links, as the interfaces have them now. */
#ifndef HAWSER_GUARD_NETWORK_NETWORK_LINKS_H
#define HAWSER_GUARD_NETWORK_NETWORK_LINKS_H

#include "config/config.h"
#include "guard/network/links.h"
#include "guard/network/network_state.h"
#include "sys/netif.h"

/* Of ways: IPv4, IPv6. */
size_t network_family_at(uint8_t family);

/* The links that are used, with their ways. */
void network_take_links(struct network *n, const struct links *l, const struct netif_table *t);

/* The link by which the Internet is reached now; NULL: by the tunnel. */
const struct network_link *network_stand_in(const struct network *n, const struct config *c,
                                            uint8_t family);

/* NULL: there is none. */
const struct network_link *network_link_of_slot(const struct network *n, int slot);

#endif
