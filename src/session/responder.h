/* SPDX-License-Identifier: ISC */
/* Being called: see handshake.h. */
#ifndef HAWSER_SESSION_RESPONDER_H
#define HAWSER_SESSION_RESPONDER_H

#include "base/tstamp.h"

struct core;
struct core_datagram;

void responder_init(struct core *c, struct tstamp now);
void responder_initiation_rx(struct core *c, struct tstamp now, const struct core_datagram *d);

#endif
