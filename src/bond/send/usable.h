/* SPDX-License-Identifier: ISC */
/* What the choice of a path needs to know of the usable ones together. Valid until one of them
 * changes. */
#ifndef HAWSER_BOND_SEND_USABLE_H
#define HAWSER_BOND_SEND_USABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "bond/send/path_set.h"

struct usable {
    double latest_owd_ns; /* with its jitter */
    int64_t spread_ns;    /* between the earliest and the latest one's delays */
    uint32_t inner_mtu;   /* largest piece that crosses each of them; 0: there is none */
    bool ranked;          /* they are not all of one rank */
    double cheap_bps;     /* capacity of those of the lowest rank */
    double all_bps;       /* and of all of them */
    double spill_ns;      /* a queue that the cheaper ones work off soon is left to them */
};

/* codel_target_ns: less than CoDel lets stand spills. Sets path.spill_bytes as well. */
void usable_survey(struct usable *s, const struct path_set *paths, int64_t codel_target_ns);

#endif
