/* SPDX-License-Identifier: ISC */
/*
 * Who may send how much: the rate of a peer, and of this machine's own line, which all peers share.
 *
 * A peer with a rate has a token bucket. The line has one, too, and peers whose bulk waits for it
 * take turns by deficit round robin (Shreedhar and Varghese, 1995): each turn is worth the same
 * number of bytes on the wire, whatever the packets and however many flows a peer has. Flows of one
 * peer share what it gets in its own queues. Turns at the sockets, where there is no rate, are the
 * affair of peers.h.
 *
 * What overtakes bulk (calls, acknowledgements) does not wait for a turn. It counts: against its
 * peer's turns as far as it is more than a fair share of the line, and against the line.
 *
 * Guarantees: over time no peer sends more than its rate, and all together no more than the line's,
 * but for SHARE_BURST_NS of it at once; peers whose bulk waits get the same within a turn of each.
 * A turn costs the same whatever the number of peers, and a peer without anything to send is in no
 * list.
 */
#ifndef HAWSER_SESSION_SHARE_H
#define HAWSER_SESSION_SHARE_H

#include <stdint.h>

#include "base/tstamp.h"
#include "wire/wire.h"

struct core;
struct peer;
struct share;

enum {
    SHARE_QUANTUM_LEAST = 1600,   /* of a turn at the line: a full packet */
    SHARE_QUANTUM_MOST = 1 << 16, /* one send */
};

#define SHARE_QUANTUM_NS (NS_PER_MS / 4) /* of the rate: a turn, and how often timers go */
#define SHARE_BURST_NS (4 * NS_PER_MS)   /* of the rate: what a late timer may make up for */
#define SHARE_DEBT_NS (500 * NS_PER_MS)  /* of the rate: more is forgiven */
#define SHARE_HELD_NS (500 * NS_PER_MS)  /* so long after a wait it is named as the limit */

void share_init(struct share *s);
void share_peer_init(struct peer *p);
/* 0: no limit. */
void share_set_line(struct core *c, struct tstamp now, uint64_t rate_bps);
void share_set_limit(struct peer *p, struct tstamp now, uint64_t rate_bps);
/* The peer's bond is new, or begins anew. */
void share_bond_begins(struct peer *p, struct tstamp now);
/* The peer is about to go, or its bond is. */
void share_forget(struct peer *p);

/* Before and after a peer's bond is asked for what it has to send; both only with peer.share.on. */
void share_before(struct peer *p, struct tstamp now);
void share_after(struct peer *p, struct tstamp now);

/* The peer that is to be asked next; NULL: none has anything to send now. */
struct peer *share_next(struct core *c, struct tstamp now);
/* When the next turn at the line is; NEVER: nobody waits for one. */
struct tstamp share_deadline(const struct core *c);

/* What limits the peer now; UNKNOWN: none of these rates. And that rate. */
enum wire_limit share_limit(const struct peer *p, struct tstamp now, double *rate_bps);

#endif
