/* SPDX-License-Identifier: ISC */
/*
 * One TCP connection between two namespaces that carries as much as it can: a source and a sink,
 * each a child process. The sink counts in memory that it shares with the caller.
 */
#ifndef HAWSER_LAB_FLOW_H
#define HAWSER_LAB_FLOW_H

#include <stdbool.h>
#include <stdint.h>

struct flow;

struct flow_config {
    const char *source_netns;
    const char *source_address; /* IPv4, of an interface in there */
    const char *sink_netns;
    const char *congestion; /* congestion control of the source, e.g. "cubic" */
};

/* Starts both ends; NULL with the reason logged. The sink connects as soon as there is a way. */
struct flow *flow_start(const struct flow_config *config);

/* Ends both; flow_stop(NULL) is legal. */
void flow_stop(struct flow *flow);

/* Payload bytes that have arrived. */
uint64_t flow_bytes(const struct flow *flow);

/* The longest time without a byte since flow_mark(), one that still lasts included. */
void flow_mark(struct flow *flow);
int64_t flow_longest_silence_ns(const struct flow *flow);

#endif
