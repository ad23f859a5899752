/* SPDX-License-Identifier: ISC */
/* What network_update() is told in advance: it is taken into account by the next call. */
#ifndef HAWSER_GUARD_NETWORK_NETWORK_TOLD_H
#define HAWSER_GUARD_NETWORK_NETWORK_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/network/network_state.h"

/* Of the routes to a peer, by its place in the configuration; 0: the device's. */
void network_set_peer_mtu(struct network *n, size_t peer, uint32_t mtu_bytes);
/* The largest packet to a peer that is not cut, where that is less than the MTU; 0: it is not. */
void network_set_peer_fit(struct network *n, size_t peer, uint32_t fit_bytes);
void network_set_path_up(struct network *n, bool is_up);
void network_set_lookups(struct network *n, bool past_the_tunnel, int slot);
/* Takes a copy; 0 or -ENOMEM. */
int network_set_accepted(struct network *n, const struct netprefix *list, size_t count);

#endif
