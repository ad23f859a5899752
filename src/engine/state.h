/* SPDX-License-Identifier: ISC */
/* What the engine knows. */
#ifndef HAWSER_ENGINE_STATE_H
#define HAWSER_ENGINE_STATE_H

#include "engine/link_choice.h"
#include "engine/policy.h"
#include "engine/silence.h"
#include "ipc/channel.h"
#include "sys/loop.h"

/* The channel to the guard. */
struct engine_guard {
    int fd;
    struct loop_watch watch;
    struct channel_input in;
    struct msg unsent; /* when it does not keep up */
    bool has_unsent;
    bool is_awaited; /* the loop watches for room in the channel */
    bool pong_due;   /* it asks whether we run */
    bool mtu_due;    /* it asked for what was found */
};

/* What metered links carry. */
struct engine_usage {
    uint64_t told[WIRE_PATHS_MAX]; /* bytes of each socket that the guard knows of */
    struct tstamp at;              /* when it is told of more */
};

struct engine_load {
    uint8_t cpu; /* percent of a processor in the last second that it ran in */
    struct tstamp at;
    int64_t used_ns; /* then */
};

struct engine_wall {
    struct tstamp check; /* when the wall's clock is looked at again */
    int64_t offset_ns;
};

struct engine {
    struct engine_guard guard;
    struct msg_setup setup;
    struct silence silence;
    struct policy_set policies;
    struct policy_set policies_in; /* until it is complete */
    struct loop loop;
    struct pkt_pool *pool;   /* owned */
    struct core *core;       /* owned */
    struct dataplane *plane; /* owned */
    struct control *control; /* owned */
    struct msg_link links[WIRE_PATHS_MAX];
    struct msg_quota quotas[WIRE_PATHS_MAX];
    struct restored restored;
    struct problem_list problems; /* as the guard finds them */
    struct engine_usage usage;
    struct engine_load load;
    struct engine_wall wall;
    struct tstamp started;
    char refusal[LINK_CHOICE_TEXT_BYTES]; /* the last answer to hawser link */
    bool stopping;
};

#endif
