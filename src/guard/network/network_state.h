/* SPDX-License-Identifier: ISC */
/* What is known of the network around a tunnel; network.h says what for. */
#ifndef HAWSER_GUARD_NETWORK_NETWORK_STATE_H
#define HAWSER_GUARD_NETWORK_NETWORK_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/netaddr.h"
#include "base/tstamp.h"
#include "config/limits.h"
#include "guard/network/numbers.h"
#include "guard/network/routing.h"
#include "guard/network/sysctl.h"
#include "ipc/restored.h"

/* A way out of a link in one family. */
struct network_way {
    bool exists;
    struct netaddr gateway; /* family 0: none is needed */
    struct netaddr source;  /* our address there; family 0: none */
    uint32_t metric;        /* of the route it was found by */
};

struct network_link {
    unsigned slot; /* its place in struct links */
    char interface[CONFIG_IFNAME_MAX + 1];
    uint32_t index; /* of the interface; 0: there is none, or it is down */
    bool is_standby;
    struct network_way ways[2]; /* IPv4, IPv6 */
};

/* What is routed to a peer. */
struct network_peer {
    uint32_t mtu_bytes; /* of the routes; 0: the device's */
    uint32_t fit_bytes; /* what TCP's packets are kept to; 0: the MTU */
};

/* What network_update() is told in advance (network_told.h). */
struct network_told {
    struct network_peer *peers; /* owned; by their place in the configuration, as far as told of */
    size_t peer_count;
    bool path_up;               /* of a peer that has wide prefixes */
    bool lookups;               /* of names go past the tunnel */
    int lookup_slot;            /* over this link; -1: as the main table says */
    struct netprefix *accepted; /* owned: sources that the peers take as they are */
    size_t accepted_count;
};

/* Rules for packets (network_filter.h). */
struct network_filter {
    char *ruleset;             /* owned: what nft was given; NULL: nothing */
    struct tstamp young_until; /* see ruleset.young */
    bool touched;              /* by another program */
    bool others_changed;       /* rules of others; whoever looks at these clears it */
    bool failed;               /* and that was told, as something that is */
    bool needed;               /* needed or not */
    int nft_fd;                /* owned: tells of changes of rules; -1: none */
    pid_t nft_by;
};

/* Flows that went another way (network_flows.h). */
struct network_flows {
    int way[2];          /* to the Internet, for which they were looked through: as in stale.h */
    int err;             /* that was told last */
    struct tstamp again; /* when they are looked through once more; NEVER: they are not */
};

struct network_settings {
    char file[SYSCTL_FILE_BYTES];
    int err; /* that was told last */
};

struct network {
    char interface[CONFIG_IFNAME_MAX + 1];
    struct numbers numbers;
    uint32_t index;     /* of our device; 0: there is none */
    bool device_is_new; /* nobody has taken anything away from it yet */
    uint32_t mtu_bytes;
    struct netprefix *addresses; /* owned: what the device was given */
    size_t address_count;
    struct network_link links[WIRE_PATHS_MAX];
    size_t link_count;
    struct network_told told;
    struct routing applied; /* owned: what the kernel was made to have */
    struct network_filter filter;
    struct network_flows flows;
    struct network_settings settings;
    struct restored restored;
    struct tstamp told_at; /* of the newest word in the log on it */
};

#endif
