/* SPDX-License-Identifier: ISC */
/* What a run of the simulator is told, and what came of it: values only. */
#ifndef HAWSER_SIM_RUN_H
#define HAWSER_SIM_RUN_H

#include <stdio.h>

#include "sim/cc.h"
#include "sim/check.h"
#include "sim/datagrams.h"
#include "sim/linkspec.h"

enum { SIM_ACTIONS_MAX = 48, SIM_FLOWS_MAX = 128 };

/* Web pages: so many flows of so many bytes each at once, and again after that time. */
struct sim_pages {
    unsigned flows; /* 0: there are none */
    uint32_t bytes;
    int64_t every_ns;
};

enum sim_carrier {
    SIM_TUNNEL, /* the cores */
    SIM_LINK,   /* no tunnel: one link alone */
    SIM_IDEAL,  /* no tunnel: a link with the sum of the rates and the smallest delay */
};

enum sim_direction { SIM_DOWN, SIM_UP, SIM_BOTH };

enum sim_transport { SIM_TCP_CUBIC, SIM_TCP_BBR, SIM_QUIC };

enum sim_action_kind {
    SIM_CUT,    /* silent */
    SIM_UNPLUG, /* the carrier is lost, which the client learns */
    SIM_REBIND, /* another address as seen by the server */
    SIM_SET,    /* other properties, for good */
    SIM_CUT_UP, /* silent, in one direction */
    SIM_CUT_DOWN,
    SIM_SPOIL, /* other properties, so bad that nobody counts on the link meanwhile */
};

struct sim_action {
    enum sim_action_kind kind;
    size_t link;
    int64_t at_ns; /* since the start of the run */
    int64_t duration_ns;
    const char *items; /* SIM_SET, SIM_SPOIL: as for linkspec_change(); not owned */
};

/* A TCP (cubic) that crosses one link outside the tunnel. */
struct sim_foreign {
    bool on;
    size_t link;
};

/* The flows of each direction. */
struct sim_tcp {
    unsigned flows; /* 0: probes only */
    enum sim_transport transport;
    enum cc_hystart hystart;
    uint64_t transfer_bytes; /* each carries so much, and the run ends with them; 0: no end */
    bool ecn;
    uint16_t super_segments; /* most segments of a super-packet; 1: none */
    uint32_t window_bytes;   /* of the receivers */
};

struct sim_times {
    int64_t run_ns;         /* flows begin SIM_SETTLE_NS before it */
    int64_t idle_ns;        /* and so much later: the tunnel is up, and nobody uses it */
    int64_t warmup_ns;      /* of run_ns, not measured */
    int64_t late_ns;        /* the last flow of each direction begins so much later; 0: with all */
    int64_t rekey_after_ns; /* 0: the default */
    int64_t ping_interval_ns; /* 0: the probe's own */
};

struct sim_config {
    const struct linkspecs *links; /* not owned */
    enum sim_carrier carrier;
    size_t via; /* SIM_LINK */
    enum sim_direction direction;
    struct sim_tcp tcp;
    struct sim_times times;
    struct sim_foreign foreign;
    struct sim_pages pages;            /* beside the flows, in each direction */
    struct datagrams_config datagrams; /* the same */
    bool call;                         /* a call of 64 kbit/s in each direction */
    bool no_ping;
    bool redundant_pings; /* a policy of both sides: redundant, real-time */
    uint32_t standby;     /* bit mask of links that are on standby */
    uint64_t seed;
    bool cipher;
    bool verbose;
    struct sim_action actions[SIM_ACTIONS_MAX];
    size_t action_count;
    FILE *trace; /* NULL: none */
};

/* Flows begin this long after the cores, so that the paths are known and their MTU. */
#define SIM_SETTLE_NS (1500 * NS_PER_MS)
/* A packet of a call that comes later than this after the best link's delay is of no use. */
#define SIM_CALL_MARGIN_NS (15 * NS_PER_MS)

struct sim_stream_result {
    double goodput_bps;
    double offered_bps;             /* what the links could carry, while measured */
    double share;                   /* of that, less TCP's and IP's headers */
    double flow_bps[SIM_FLOWS_MAX]; /* goodput of each */
    double jain;                    /* of the flows: 1 when they are equal (Jain 1984) */
    int64_t transfer_ns;  /* until all flows had all; 0: there is an end but not reached */
    double arrived;       /* bytes on the links, of what they could carry */
    double dropped;       /* frames that the links' queues dropped, of those sent */
    double datagrams_bps; /* that arrived, in bytes of IP */
    double datagrams_jain;
    double fair;         /* Jain's index of all flows, of each flow's fair share */
    int64_t page_p50_ns; /* until all flows of a page had all */
    int64_t page_p99_ns;
    uint64_t segments;
    int64_t stall_ns;
    uint64_t repeats;
    uint64_t timeouts;
    uint64_t recoveries;
    uint64_t undone;
};

struct sim_result {
    bool failed;
    char message[CHECK_MESSAGE_BYTES];
    uint64_t digest;
    uint32_t mtu_bytes;
    struct sim_stream_result stream[LINK_DIRECTIONS]; /* all flows of the direction */
    /* added to the idle RTT of the best link */
    int64_t ping_p50_ns;
    int64_t ping_p99_ns;
    int64_t ping_most_ns; /* not added: the longest */
    uint64_t ping_lost;
    int64_t ping_gap_ns;
    int64_t call_p50_ns; /* one way, added to the best link's, the worse direction */
    int64_t call_p99_ns;
    double call_in_time;               /* within the best link's delay + SIM_CALL_MARGIN_NS */
    double resent[LINK_DIRECTIONS];    /* share of repeated packets, whole run */
    double duplicate[LINK_DIRECTIONS]; /* share of packets that came twice, whole run */
    double foreign_bps;                /* goodput */
    double foreign_share;              /* of its link, less headers */
    double beside_share;               /* of that link, what the others carried */
    uint64_t reorder_late;
    uint64_t path_downs;
    uint64_t slow[2]; /* paths that became far slower, and that were no longer so */
    double link_bps[LINKSPEC_LINKS_MAX][LINK_DIRECTIONS];      /* delivered, while measured */
    int64_t queue_p50_ns[LINKSPEC_LINKS_MAX][LINK_DIRECTIONS]; /* of the links, while measured */
    int64_t queue_p95_ns[LINKSPEC_LINKS_MAX][LINK_DIRECTIONS];
};

#endif
