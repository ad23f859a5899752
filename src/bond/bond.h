/* SPDX-License-Identifier: ISC */
/*
 * The bond of one peer: flow queues, scheduler, path estimators, lanes, reordering and repair.
 *
 * No system calls, no clock, no allocation while a packet is handled. It handles plaintext only:
 * the session seals what bond_next() asks for, and hands in what it opened. Packet numbers are the
 * bond's: one space per path, starting at 0 with the association (bond_reset()) and going on over
 * rekeys.
 *
 * Guarantees: a packet number of a path is given out once; an ordered lane's packets are delivered
 * in order but for packets later than the hold; no packet is delivered twice; what is held for
 * reordering or repair is bounded by the configuration.
 *
 * Rates are bits per second of datagrams with their outer headers and BOND_LINK_BYTES of link
 * layer each.
 */
#ifndef HAWSER_BOND_BOND_H
#define HAWSER_BOND_BOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pkt.h"
#include "base/tstamp.h"
#include "bond/types.h"
#include "wire/wire.h"

struct bond;

/* NULL when there is no memory. */
struct bond *bond_new(const struct bond_config *config, struct tstamp now);
void bond_free(struct bond *b);

/*
 * A new association with the peer (it or we started anew): packet numbers, lanes and everything
 * unacknowledged are forgotten; inner packets that wait stay; all paths are closed.
 */
void bond_reset(struct bond *b, struct tstamp now);

/* A path whose address the session has validated; also to change the settings of an open one. */
void bond_path_open(struct bond *b, struct tstamp now, uint8_t path,
                    const struct bond_path_config *config);
/* Gone: what is unacknowledged on it is repeated on the others at once. */
void bond_path_close(struct bond *b, struct tstamp now, uint8_t path);
/* A send error or a lost carrier: suspect at once instead of after the timeout. */
void bond_path_suspect(struct bond *b, struct tstamp now, uint8_t path);
/* Something changed that may help: a path that is down is asked at once. */
void bond_path_retry(struct bond *b, struct tstamp now, uint8_t path);
/* What failed on it was another way out: it need not earn its trust again. */
void bond_path_forgive(struct bond *b, struct tstamp now, uint8_t path);
enum bond_path_state bond_path_state(const struct bond *b, uint8_t path);
/* Smoothed, over this path both ways where that is known; 0: not measured yet. */
int64_t bond_path_srtt_ns(const struct bond *b, uint8_t path);

/*
 * An inner packet (or super-packet) read from the tunnel; the bond takes it over, sets flow_hash
 * and drops it by its queue's rules.
 */
void bond_send(struct bond *b, struct tstamp now, struct pkt *p);

/* Largest inner packet that crosses every usable path in one datagram; 0 without usable paths. */
uint32_t bond_inner_mtu(const struct bond *b);

/*
 * The policies, by pkt.policy - 1; packets of a number that is not used are treated as without one.
 * Takes effect at once, also for what waits. Only the first call with one in use allocates: 0 or
 * -ENOMEM.
 */
int bond_set_policies(struct bond *b, const struct bond_policy policies[BOND_POLICIES_MAX]);

/* What must leave now, by priority and pacing; false: nothing until bond_deadline(). */
bool bond_next(struct bond *b, struct tstamp now, struct bond_out *out);

/*
 * A packet number for a control datagram of the session's own on any path, open or not. eliciting:
 * the peer acknowledges it; tag (not 0) then comes back in BOND_EVENT_ACKED or BOND_EVENT_LOST.
 * payload_bytes: its whole UDP payload.
 */
uint64_t bond_take_pn(struct bond *b, struct tstamp now, uint8_t path, uint32_t payload_bytes,
                      bool eliciting, uint32_t tag);

/*
 * An authentic datagram that the replay window has accepted; payload_bytes of UDP. eliciting: it
 * held anything but ACK, padding and CLOSE, so it is to be acknowledged.
 */
void bond_rx(struct bond *b, struct tstamp now, uint8_t path, uint64_t pn, uint32_t payload_bytes,
             bool eliciting);
/* Its data frame, after bond_rx(); takes p over (p->data: the inner packet or fragment). */
void bond_rx_data(struct bond *b, struct tstamp now, uint8_t path, const struct wire_data *d,
                  struct pkt *p);
/* An acknowledgement that arrived on a path (of packets we sent on ack->path). */
void bond_rx_ack(struct bond *b, struct tstamp now, uint8_t arrived_on, const struct wire_ack *ack);
/* After those of one datagram: what they mean for the paths together. */
void bond_rx_acks_end(struct bond *b, struct tstamp now);

/*
 * From now on all paths together may send so many bytes of bulk (on the wire, as rates are), and
 * more only when more is allowed; negative: what overtakes bulk has already sent more than that.
 * rate_bps: at which it is allowed. Before the first call, and after bond_allow_all(), they may
 * send what they can.
 */
void bond_allow(struct bond *b, int64_t bytes, double rate_bps);
void bond_allow_all(struct bond *b);
/* What was sent in this association, or is bound to a path: what counts against the allowance. */
uint64_t bond_used_bytes(const struct bond *b);
/* Bulk waits, and a path has room for it: more has to be allowed. */
bool bond_is_held(const struct bond *b);

/* The next inner packet for the tunnel, whose reference passes to the caller, or NULL. */
struct pkt *bond_deliver(struct bond *b);
/* Whether there may be one. */
bool bond_has_delivery(const struct bond *b);

void bond_tick(struct bond *b, struct tstamp now);
/* When bond_tick() or bond_next() has something to do again. */
struct tstamp bond_deadline(const struct bond *b);

bool bond_next_event(struct bond *b, struct bond_event *out);

/* The driver sees that its own device does not keep up with what is sent. */
void bond_line_full(struct bond *b, bool full);

void bond_path_stats(const struct bond *b, struct tstamp now, uint8_t path,
                     struct bond_path_stats *out);
void bond_stats(const struct bond *b, struct tstamp now, struct bond_stats *out);

#endif
