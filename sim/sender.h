/* SPDX-License-Identifier: ISC */
/*
 * The sending end of a simulated stream: TCP as in Linux (RACK-TLP of RFC 8985, SACK,
 * proportional rate reduction of RFC 6937, undo by DSACK and by timestamps, RTO of RFC 6298 with a
 * floor of 200 ms), or QUIC-like (RFC 9002: three packets or 9/8 of the RTT), over the congestion
 * controls of sim/cc.h. All segments are full; the state is kept by segment.
 */
#ifndef HAWSER_SIM_SENDER_H
#define HAWSER_SIM_SENDER_H

#include "sim/sender_state.h"

void sender_init(struct sender *s, struct net *net, const struct sender_config *config);
void sender_free(struct sender *s);
void sender_start(struct sender *s);

#endif
