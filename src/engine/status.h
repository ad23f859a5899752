/* SPDX-License-Identifier: ISC */
/*
 * The members of a tunnel's status, which hawser(1) documents: what stands before its peers, each
 * of them, and what stands behind them. listing.h puts them together.
 */
#ifndef HAWSER_ENGINE_STATUS_H
#define HAWSER_ENGINE_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "engine/dataplane.h"
#include "engine/policy.h"
#include "engine/silence.h"
#include "ipc/json_out.h"
#include "ipc/msg.h"

struct status_source {
    const char *interface;
    uint32_t mtu_bytes; /* 0: as the core measured */
    struct core *core;
    const struct dataplane *plane;
    const struct policy_set *policies;
    const struct silence *silence;
    const struct msg_link *links;   /* by number; an unused one has no name */
    const struct msg_quota *quotas; /* the same; bytes 0: none */
    const struct restored *restored;
    const struct problem_list *problems;
    uint8_t cpu; /* percent of a processor that the engine uses */
    struct tstamp started;
    uint64_t control_garbage;
};

/* Each writes members of an object that is open, or with a peer an element of an array. */
void status_head(struct json_out *o, const struct status_source *s, struct tstamp now);
void status_tail(struct json_out *o, const struct status_source *s, struct tstamp now);
void status_peer(struct json_out *o, const struct status_source *s, struct tstamp now, size_t peer);
/* Of it what a line about the peer needs. */
void status_peer_brief(struct json_out *o, const struct status_source *s, struct tstamp now,
                       size_t peer);

#endif
