/* SPDX-License-Identifier: ISC */
/*
 * The paths of a peer: opened and moved by validation, told to the other side, their MTU searched.
 *
 * The side that initiates has one path for each of its links, towards the endpoints of its
 * configuration. The other side learns them from authentic datagrams.
 */
#ifndef HAWSER_SESSION_PATHS_H
#define HAWSER_SESSION_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "session/route.h"
#include "session/validation.h"

#include "wire/wire.h"

#define PATHS_VALIDATED "path validated" /* why a peer is up then */

struct bond_event;
struct core_link;
struct core_peer_link;
struct peer;

/* Keys, links or endpoints changed: validate what has to be, close what is gone. */
void paths_refresh(struct peer *p, struct tstamp now);
/* A link of ours is not what it was before. */
void paths_link_changed(struct peer *p, struct tstamp now, const struct core_link *before,
                        const struct core_link *link);
/* An authentic datagram came on a path; newest: none with a higher packet number came before. */
void paths_arrived(struct peer *p, struct tstamp now, uint8_t id, const struct route *from,
                   size_t len_bytes, bool newest);
/* A challenge was answered from there; true: the path has a new route that counts. */
bool paths_answered(struct peer *p, struct tstamp now, uint8_t id, const struct route *from,
                    const uint8_t token[VALIDATION_TOKEN_BYTES]);
/* A status came; the newest of each path takes effect with paths_take_told(), after a datagram. */
void paths_told(struct peer *p, const struct wire_path_status *status);
void paths_take_told(struct peer *p, struct tstamp now);
void paths_bond_event(struct peer *p, struct tstamp now, const struct bond_event *e);
/* The system refused a datagram of that size. */
void paths_refused(struct peer *p, struct tstamp now, uint8_t id, uint32_t bytes);

/* What this side wants of the paths over a link of the peer's is another. */
/* The limits that the peer is to be told of them changed. */
void paths_tell(struct peer *p, struct tstamp now);
void paths_wish_changed(struct peer *p, struct tstamp now, const char *link);

void paths_close_all(struct peer *p, struct tstamp now);
/* Forgets everything, packet numbers and replay windows too: only for a new association. */
void paths_clear(struct peer *p);

/* Runs what is due; true: a path has a new route that counts. */
bool paths_tick(struct peer *p, struct tstamp now);
/* Takes a path whose MTU probe of *bytes is due now; false: none. */
bool paths_probe_due(struct peer *p, struct tstamp now, uint8_t *id, uint32_t *bytes);
/* It was sent: returns the tag for bond_take_pn(). */
uint32_t paths_probe_tag(struct peer *p, struct tstamp now, uint8_t id);

#endif
