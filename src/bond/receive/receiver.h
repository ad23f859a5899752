/* SPDX-License-Identifier: ISC */
/* The receiving half of a bond. It knows no path that we send on. */
#ifndef HAWSER_BOND_RECEIVE_RECEIVER_H
#define HAWSER_BOND_RECEIVE_RECEIVER_H

#include <stdint.h>

#include "base/pkt.h"
#include "bond/receive/arrivals.h"
#include "bond/receive/incoming.h"
#include "bond/receive/reorder.h"
#include "wire/wire.h"

enum {
    RECEIVER_DELIVER_MAX = REORDER_HELD_MAX * 3 / 2, /* waiting for the tunnel's device */
    RECEIVER_BACKLOG = 512,                          /* of those; more are counted in the share */
};

struct receiver {
    struct incoming incoming[WIRE_PATHS_MAX]; /* by the path's id */
    struct arrivals arrivals;
    struct reorder reorder;
    struct pkt_share share; /* buffers of what is held for order */
    uint64_t undelivered;   /* packets that the tunnel's device did not take in time */
};

#endif
