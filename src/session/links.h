/* SPDX-License-Identifier: ISC */
/*
 * Questions about the links between us and a peer, and where it can be reached. They change
 * nothing.
 */
#ifndef HAWSER_SESSION_LINKS_H
#define HAWSER_SESSION_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "wire/wire.h"

struct core_link;
struct core_peer_link;
struct peer;

/* Its paths go over our links: we call, and not the other way round. */
bool links_are_ours(const struct peer *p);

/* The open path over a link of the peer's, by its name; negative: there is none. */
int links_find_peers(const struct peer *p, const char *link);

/* How this side wants the path to be used. */
enum wire_path_use links_local_use(const struct peer *p, uint8_t id);

/* The stricter of what both sides want. */
enum wire_path_use links_use(const struct peer *p, uint8_t id);

/* The address that a link would call now; attempt: different ones in turn. False: none fits. */
bool links_endpoint(const struct peer *p, const struct core_link *link, unsigned attempt,
                    struct netaddr *out);

/* An address is among those of the peer's endpoints. */
bool links_endpoint_known(const struct peer *p, const struct netaddr *a);

/* As core_peer_link(). */
bool links_peer_link(const struct peer *p, const char *link, struct core_peer_link *out);

/* The open path that is best for a word to the peer; negative: none is open. */
int links_best(const struct peer *p);

/* There are open ones, and none of them is answered any more. */
bool links_all_down(const struct peer *p);

/* The link's name at whichever side has links; else the path's number. */
void links_name(const struct peer *p, uint8_t id, char out[WIRE_LINK_NAME_MAX + 1]);

/* The largest inner packet that crosses each of this peer's paths whole; 0: not known yet. */
uint32_t links_inner_mtu(const struct peer *p);

/* The same of what comes from the peer, as it told; 0: not known, or that it has no path. */
uint32_t links_far_inner_mtu(const struct peer *p);

#endif
