/* SPDX-License-Identifier: ISC */
/* What network_update() is told in advance: it is taken into account by the next call. */
#ifndef HAWSER_GUARD_NETWORK_NETWORK_TOLD_H
#define HAWSER_GUARD_NETWORK_NETWORK_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/network/network_state.h"

/*
 * What is routed to a peer, by its place in the configuration. *changed: it was another. 0 or
 * -ENOMEM.
 */
int network_set_peer(struct network *n, size_t peer, const struct network_peer *to, bool *changed);
/* The places are those of another configuration. */
void network_forget_peers(struct network *n);
/* As it was told last. */
struct network_peer network_get_peer(const struct network *n, size_t peer);
void network_set_path_up(struct network *n, bool is_up);
void network_set_lookups(struct network *n, bool past_the_tunnel, int slot);
/* Takes a copy; 0 or -ENOMEM. */
int network_set_accepted(struct network *n, const struct netprefix *list, size_t count);

#endif
