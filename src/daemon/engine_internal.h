/* SPDX-License-Identifier: ISC */
/* What the files of the engine share. */
#ifndef HAWSER_DAEMON_ENGINE_INTERNAL_H
#define HAWSER_DAEMON_ENGINE_INTERNAL_H

#include "daemon/link_choice.h"
#include "daemon/peer_set.h"
#include "daemon/policy.h"
#include "daemon/silence.h"
#include "ipc/channel.h"
#include "sys/loop.h"

struct engine {
    int guard_fd;
    struct channel_input in;
    struct msg_setup setup;
    struct peer_set peers;    /* as the core has them */
    struct peer_set incoming; /* until it is complete */
    struct silence silence;
    struct policy_set policies;
    struct policy_set policies_in; /* until it is complete */
    struct loop loop;
    struct loop_watch guard_watch;
    struct pkt_pool *pool;   /* owned */
    struct core *core;       /* owned */
    struct dataplane *plane; /* owned */
    struct control *control; /* owned */
    struct msg_link links[WIRE_PATHS_MAX];
    struct msg_quota quotas[WIRE_PATHS_MAX];
    struct restored restored;
    struct problem_list problems;        /* as the guard finds them */
    uint64_t usage_told[WIRE_PATHS_MAX]; /* bytes of each socket that the guard knows of */
    struct tstamp usage_at;              /* when it is told of more */
    struct msg unsent;                   /* to the guard, when it does not keep up */
    bool has_unsent;
    bool waits_for_guard; /* the loop watches for room in the channel */
    bool pong_due;        /* the guard asks whether we run */
    bool mtu_due;         /* the guard asked for what was found */
    struct tstamp started;
    uint8_t cpu; /* percent of a processor in the last second that it ran in */
    struct tstamp cpu_at;
    int64_t cpu_used_ns; /* then */
    struct tstamp wall_check;
    int64_t wall_offset_ns;
    char refusal[LINK_CHOICE_TEXT_BYTES]; /* the last answer of on_link() */
    bool stopping;
};

/* engine_guard.c: what the guard tells, and is told */

/* A message of the guard. Negative errno: the two no longer mean the same; begin anew. */
int engine_take(struct engine *e, struct tstamp now, struct channel_input *in);
/* False: the guard does not keep up, and the message waits as unsent. */
bool engine_tell(struct engine *e, const struct msg *m);
/* The guard may keep up again. */
void engine_tell_unsent(struct engine *e);
void engine_tell_events(struct engine *e);
/* Tells what metered links carried since the last time. */
void engine_tell_usage(struct engine *e, struct tstamp now);
/* How a link is used, by hand: the guard keeps it, also for the next engine. NULL, or a refusal. */
const char *engine_choose(struct engine *e, const struct control_request *request);
const char *engine_ask_reload(struct engine *e);

#endif
