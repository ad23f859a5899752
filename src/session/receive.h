/* SPDX-License-Identifier: ISC */
/*
 * What arrives on the UDP port: told apart, opened, checked for replay, and handed to the
 * handshake, the control frames or the bond. Whatever does not hold is a counter.
 */
#ifndef HAWSER_SESSION_RECEIVE_H
#define HAWSER_SESSION_RECEIVE_H

#include "base/tstamp.h"

struct core;
struct core_datagram;

void receive_datagram(struct core *c, struct tstamp now, const struct core_datagram *d);

#endif
