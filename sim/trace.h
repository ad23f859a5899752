/* SPDX-License-Identifier: ISC */
/* A table in CSV of what the bond believed and what was so, a row for each sample and path. */
#ifndef HAWSER_SIM_TRACE_H
#define HAWSER_SIM_TRACE_H

#include <stdio.h>

#include "session/core.h"
#include "sim/wires.h"

struct trace {
    FILE *out; /* not owned; NULL: nothing is written */
    struct tstamp last[LINK_DIRECTIONS];
    uint64_t last_read[LINK_DIRECTIONS];
    uint64_t last_delivered[LINKSPEC_LINKS_MAX][LINK_DIRECTIONS];
};

void trace_init(struct trace *t, FILE *out);

/*
 * status: of the side that sends in this direction. read_bytes: what all streams of the direction
 * have delivered so far; window: the sum of their congestion windows in segments.
 */
void trace_row(struct trace *t, const struct events *events, const struct wires *wires,
               enum link_direction direction, const struct core_peer_status *status,
               uint64_t read_bytes, double window);

#endif
