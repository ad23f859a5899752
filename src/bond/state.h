/* SPDX-License-Identifier: ISC */
/* A bond: a sender, a receiver, and what is between them. Only the files beside this one include
 * it. */
#ifndef HAWSER_BOND_STATE_H
#define HAWSER_BOND_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pkt.h"
#include "base/tstamp.h"
#include "bond/news.h"
#include "bond/path/acked.h"
#include "bond/receive/receiver.h"
#include "bond/send/sender.h"

/* Traffic both ways, for the paths that carry none. */
struct bond_traffic {
    bool brisk;
    uint64_t bytes; /* inner bytes since: */
    struct tstamp since;
    struct tstamp brisk_at; /* when there was enough of it last */
};

/* Acknowledgements that were built. */
struct bond_acks {
    uint32_t count;
    uint8_t copied; /* path that took the last copy */
};

struct bond {
    struct pkt_pool *pool;
    struct arena_share memory; /* of the tables */
    struct tstamp tidied_at;   /* they were looked through */
    struct tstamp now;         /* of the last call that had it */
    struct sender sender;
    struct receiver receiver;
    struct peer_clock peer_clock;
    struct bond_traffic traffic;
    struct bond_acks acks;
    uint32_t acked;          /* bit mask of paths that members_settle() is to look at */
    uint8_t current;         /* path that sent last */
    bool line_full;          /* by what the driver sees of its own device */
    struct tstamp expire_at; /* next look for packets that waited too long without a path */
    struct news news;
};

#endif
