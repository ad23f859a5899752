/* SPDX-License-Identifier: ISC */
/*
 * The core: one tunnel with its peers, as a library without I/O.
 *
 * The driver hands in datagrams, inner packets, link events and the time, and asks for what is to
 * be sent, written to the tunnel and told. Deterministic: all randomness comes from
 * core_config.random. Nothing is allocated while a packet is handled. Not thread-safe; several
 * cores may live in one process, they share nothing.
 *
 * A peer with endpoints is called first (this side initiates, and gives the paths their ids: one
 * for each link); a peer without is waited for.
 */
#ifndef HAWSER_SESSION_CORE_H
#define HAWSER_SESSION_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "base/pkt.h"
#include "base/tstamp.h"
#include "session/types.h"

struct core;

/* Negative errno: -EINVAL (a bad key), -ENOMEM. */
int core_new(struct core **out, const struct core_config *config, struct tstamp now);
/* Clears every key. */
void core_free(struct core *c);

/*
 * A peer that is configured: a new one gets the next number; one that is there with this public key
 * keeps its number and its sessions, and is as told from now on. -EINVAL: the key is none, or ours;
 * -ENOSPC; -ENOMEM: what it may send and get is not certain any more.
 */
int core_put_peer(struct core *c, struct tstamp now, const struct core_peer_config *peer);
/* Says goodbye to it. The last peer gets its number. */
void core_remove_peer(struct core *c, struct tstamp now, size_t peer);
/* Its number, or -ENOENT. */
int core_find_peer(const struct core *c, const uint8_t public_key[32]);
/* As configured. */
const char *core_peer_name(const struct core *c, size_t peer);
const uint8_t *core_peer_key(const struct core *c, size_t peer); /* 32 bytes */
bool core_peer_initiates(const struct core *c, size_t peer);

/*
 * The policies of the packets that this side sends: a packet is of number pkt.policy, from 1, which
 * the driver sets before core_tun(). Takes effect at once.
 */
void core_set_policies(struct core *c, const struct core_policy policies[CORE_POLICIES_MAX]);

/* The wall clock was stepped. */
void core_set_wall_offset(struct core *c, int64_t wall_offset_ns);

/* The addresses behind a peer's endpoint names, best first; also when they changed. */
void core_endpoints(struct core *c, struct tstamp now, size_t peer, const struct netaddr *addrs,
                    size_t count);

void core_link_event(struct core *c, struct tstamp now, const struct core_link *link);

/* False: there is no path over a link of that name. */
bool core_peer_link(const struct core *c, size_t peer, const char *link,
                    struct core_peer_link *out);

/*
 * How this side wants it to be used; ACTIVE: as the peer does. It is kept for as long as the peer
 * is configured, also when there is no such path now. 0, -ENOENT (no such peer), -ENOSPC, -ENOMEM.
 */
int core_wish(struct core *c, struct tstamp now, size_t peer, const char *link,
              enum wire_path_use use);

/* The data is read only within the call. */
void core_rx(struct core *c, struct tstamp now, const struct core_datagram *batch, size_t count);

/* Inner packets read from the tunnel; takes them over. */
void core_tun(struct core *c, struct tstamp now, struct pkt *const *batch, size_t count);

/* False: nothing to send now. */
bool core_next_tx(struct core *c, struct tstamp now, struct core_tx *out);

/*
 * What became of it: 0 all were taken, or a negative errno. -EAGAIN and -ENOBUFS count as loss,
 * -EMSGSIZE lowers the path's MTU, other errors make the path suspect.
 */
void core_tx_done(struct core *c, struct tstamp now, const struct core_tx *tx, int result);

/*
 * A router or host said by ICMP that a datagram did not get there: error is a positive errno. It
 * may be forged, and only explains why a peer does not answer.
 */
void core_unreachable(struct core *c, struct tstamp now, uint16_t socket, const struct netaddr *to,
                      int error);
/* Peers are being called in vain, so that such news is wanted. */
/* The rate of this machine's own line, which the peers share; 0: not limited. */
void core_set_uplink(struct core *c, struct tstamp now, uint64_t rate_bps);
bool core_is_calling(const struct core *c);

/*
 * Whether senders of inner packets that are larger than the MTU of their peer are told so by ICMP;
 * at first they are not.
 */
void core_tell_too_big(struct core *c, bool on);

/* The next inner packet to write; the reference passes to the caller. NULL: none. */
struct pkt *core_next_tun(struct core *c);

void core_tick(struct core *c, struct tstamp now);
struct tstamp core_deadline(const struct core *c);

/* Says goodbye to all peers: the CLOSE datagrams come out of core_next_tx(). */
void core_close(struct core *c, struct tstamp now);

bool core_next_event(struct core *c, struct core_event *out);

const char *core_drop_name(enum core_drop reason);

/*
 * Somebody looks at a peer's status: for a while it is asked what it finds. True: nobody did of
 * late, so it was not asked before. core_seen(): it told, or cannot tell it.
 */
bool core_look(struct core *c, struct tstamp now, size_t peer);
bool core_seen(const struct core *c, struct tstamp now, size_t peer);
/* What the driver sees of itself: percent of a processor that it uses, and that its own device does
 * not keep up with what is sent to peers that call. */
void core_set_cpu(struct core *c, uint8_t percent);
void core_set_line_full(struct core *c, bool full);

/* The prefixes that a peer said it accepts from us; returns how many. */
size_t core_accepted(const struct core *c, size_t peer, struct netprefix out[CORE_ACCEPTED_MAX]);

/*
 * Peers that may be down for a reason that people want to know: the numbers, one a call; after:
 * the one before, -1 begins. -1: there is no other. It is among them until core_not_silent(), and
 * again with the next sign.
 */
int core_next_silent(const struct core *c, int after);
void core_not_silent(struct core *c, size_t peer);

/* Why a peer is not up. */
void core_peer_why(const struct core *c, struct tstamp now, size_t peer, struct why *out);

/* The last of them; returns how many. */
size_t core_strangers(const struct core *c, struct tstamp now,
                      struct core_stranger out[CORE_STRANGERS_MAX]);

/* Peers have numbers below the count; another version: some may have other numbers. */
size_t core_peer_count(const struct core *c);
uint64_t core_peers_version(const struct core *c);
void core_peer_status(const struct core *c, struct tstamp now, size_t peer,
                      struct core_peer_status *out);
void core_drops(const struct core *c, uint64_t out[CORE_DROP_COUNT]);
uint32_t core_mtu(const struct core *c);

#endif
