/* SPDX-License-Identifier: ISC */
/*
 * How much a flow may have sent in the recent past and be sparse. What all sparse flows send
 * together is half of what the paths carry at most: where it is more, the most that one may send
 * falls until it is not, but never below half of its fair share. Where that is less than some small
 * packets in 100 ms, the recent past is longer: a ping among a thousand flows sends less than each
 * of them, which a single packet does not tell.
 *
 * Flows with more than a fair share of what those leave that wait may be sparse, as a call beside
 * many uploads, but get a twentieth of the sum together: else the few that are sparse would stay
 * so, and the many that wait would share the rest.
 */
#ifndef HAWSER_BOND_SEND_SPARSE_H
#define HAWSER_BOND_SEND_SPARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"

struct sparse {
    double rate_bps;   /* set by the bond: of all paths; 0: not known */
    double flow_bytes; /* the most of a flow, in RECENT_NS */
    double recent_ns;  /* with which what a flow sent fades */
    double left_bytes; /* that all together may send now: a token bucket */
    struct tstamp left_at;
    struct tstamp changed_at; /* flow_bytes */
    uint32_t turn;            /* in which the flows are counted that send, from 1 on */
    struct tstamp turn_end;
    uint32_t turn_flows;
    uint32_t flows; /* in the last turn, or in this one if it has more */
};

void sparse_init(struct sparse *s);

/* A flow sends; *turn is that in which it did so last, 0 at first. */
void sparse_flow(struct sparse *s, struct tstamp now, uint32_t *turn);

/* A flow that sent so much in the recent past may be sparse. */
bool sparse_is(const struct sparse *s, double recent_bytes);

/* A sparse packet came, of a flow that sent so much in the recent past, while so many flows wait.
 */
void sparse_spend(struct sparse *s, struct tstamp now, uint32_t bytes, double recent_bytes,
                  uint32_t waiting);

/* One had to wait, though small. */
void sparse_refuse(struct sparse *s, struct tstamp now);

#endif
