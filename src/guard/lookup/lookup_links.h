/* SPDX-License-Identifier: ISC */
/*
 * Asking name servers over given links, with c-ares: every server over every link at once, for
 * both kinds of address, so that nothing that is dead delays what is not.
 *
 * lookup_links_open() makes all sockets, bound and marked, while the process still may. A socket is
 * used for one connection and not made anew: there are a few for each link and server.
 */
#ifndef HAWSER_GUARD_LOOKUP_LOOKUP_LINKS_H
#define HAWSER_GUARD_LOOKUP_LOOKUP_LINKS_H

#include "guard/lookup/lookup.h"

struct lookup_links;

/* tell: takes each answer. The request must outlive the result. NULL: no memory. */
struct lookup_links *lookup_links_open(const struct lookup_request *q,
                                       void (*tell)(void *arg, const struct lookup_answer *a),
                                       void *arg);

/* Asks, and returns when each link and name has its answers. */
void lookup_links_ask(struct lookup_links *l);

void lookup_links_free(struct lookup_links *l);

#endif
