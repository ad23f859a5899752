/* SPDX-License-Identifier: ISC */
/* What is told outside: events to the hook, and to who started us. */
#ifndef HAWSER_GUARD_ANNOUNCE_H
#define HAWSER_GUARD_ANNOUNCE_H

#include "guard/state.h"

void guard_hook(struct guard *g, struct tstamp now, enum hook_event_type type, const char *peer,
                const char *link, const struct netaddr *address, const char *reason);

/* A link of a peer is up, or slow, no more: nobody but the hook is told. */
void guard_hook_gone(struct guard *g, struct tstamp now, const char *peer,
                     const struct presence_entry *e, const char *reason);

/* Tells the process that waits for us, if one does. */
void guard_report(const struct guard *g, char what);

#endif
