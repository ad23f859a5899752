/* SPDX-License-Identifier: ISC */
/* The network, and when it is looked at. */
#ifndef HAWSER_GUARD_UPDATE_H
#define HAWSER_GUARD_UPDATE_H

#include "guard/lookup/lookup.h"
#include "guard/state.h"

/*
 * Looks at the network, and brings all that the tunnel has there, and the links, up to date. 0, or
 * negative errno when the tunnel cannot work as configured; the reason is logged.
 */
int guard_update_network(struct guard *g, struct tstamp now);
/* The same soon, with what else changes meanwhile. */
void guard_look_soon(struct guard *g, struct tstamp now);
/* Tells the engine of links that are to be used in another way. */
void guard_links_tick(struct guard *g, struct tstamp now);
/* Once, before the first look. */
void guard_links_open(struct guard *g);
/* What the resolver asks, as in struct resolver_config. */
size_t guard_lookup_ways(void *guard, struct lookup_way out[LOOKUP_WAYS_MAX]);
bool guard_is_online(void *guard);

#endif
