/* SPDX-License-Identifier: ISC */
/* The status of a tunnel as the JSON object that hawser(1) documents. */
#ifndef HAWSER_ENGINE_STATUS_H
#define HAWSER_ENGINE_STATUS_H

#include <jansson.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "engine/dataplane.h"
#include "engine/policy.h"
#include "engine/silence.h"
#include "ipc/msg.h"

struct status_source {
    const char *interface;
    uint32_t mtu_bytes; /* 0: as the core measured */
    const struct core *core;
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

/* A new reference, or NULL: no memory. */
json_t *status_json(const struct status_source *s, struct tstamp now);

#endif
