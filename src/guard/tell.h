/* SPDX-License-Identifier: ISC */
/* What the engine is told: messages made of what the guard knows. False: it is not there, or was
 * ended because it does not listen. */
#ifndef HAWSER_GUARD_TELL_H
#define HAWSER_GUARD_TELL_H

#include "guard/state.h"

/* All that an engine has to know before it is ready. */
void guard_tell_start(struct guard *g);
bool guard_tell_link(void *arg, const struct msg_link *link, int fd);
void guard_tell_endpoints(void *arg, const struct config_peer *peer, const struct netaddr *addrs,
                          size_t count);
/* Why the names of a peer cannot be looked up, and over which links; empty: they can. */
void guard_tell_lookup(void *arg, const struct config_peer *peer, const char *text);
/* The same of all peers, to an engine that has started anew. */
void guard_tell_lookups(struct guard *g);
/* Names are looked up anew: what failed before is no reason any more. */
void guard_forget_lookups(struct guard *g);
void guard_tell_wish(struct guard *g, const struct msg_wish *wish);
/* What is another since a configuration before: peers that are as they were are not told of. */
bool guard_tell_peer_changes(struct guard *g, const struct config *old);
bool guard_tell_policies(struct guard *g);
void guard_tell_restored(struct guard *g);
/* What a reload may change of the engine's settings. */
bool guard_tell_settings(struct guard *g);
enum log_level guard_log_level(const struct guard *g);

#endif
