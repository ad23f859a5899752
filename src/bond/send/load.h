/* SPDX-License-Identifier: ISC */
/* How full the paths are, and of late: whether dearer ones are needed, and whether bulk takes all.
 */
#ifndef HAWSER_BOND_SEND_LOAD_H
#define HAWSER_BOND_SEND_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/send/path_set.h"
#include "bond/send/usable.h"

struct load {
    double cheap_full;        /* share of the last moments in which the cheapest had a queue */
    double all_full;          /* and in which all of them had */
    struct tstamp at;         /* of the last look */
    struct tstamp spilled_at; /* when a standby path last took what the others had no room for */
    bool busy;                /* standby paths may help */
    uint64_t bulk_bytes;      /* inner bytes given to paths since: */
    struct tstamp bulk_since;
    double bulk_bps;
    bool sharing; /* bulk comes faster than the best path takes it */
};

/* Looks whether the paths are full; true: standby paths are to be called or sent back (busy). */
bool load_look(struct load *l, struct tstamp now, const struct usable *s,
               const struct path_set *paths, uint32_t queued_bytes);
/* Looks whether bulk comes faster than the best path alone takes it. */
void load_look_bulk(struct load *l, struct tstamp now, const struct path_set *paths);

#endif
