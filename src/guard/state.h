/* SPDX-License-Identifier: ISC */
/* What the guard knows. */
#ifndef HAWSER_GUARD_STATE_H
#define HAWSER_GUARD_STATE_H

#include <sys/types.h>
#include <time.h>

#include "config/config.h"
#include "guard/hook.h"
#include "guard/log_limit.h"
#include "guard/lookup/resolve.h"
#include "guard/network/links.h"
#include "guard/network/network.h"
#include "guard/options.h"
#include "guard/presence.h"
#include "guard/restart.h"
#include "guard/usage.h"
#include "guard/watchdog.h"
#include "guard/wishes.h"
#include "ipc/channel.h"
#include "ipc/problem.h"
#include "sys/loop.h"
#include "sys/netif.h"
#include "sys/tun.h"

struct engine_process {
    pid_t pid; /* 0: none runs */
    struct loop_watch watch;
    struct loop_watch log; /* its standard error; fd -1: none */
    bool ready;            /* in its sandbox: it may be told of the network */
    bool is_outdated;      /* what it was told at its start has changed before it was ready */
    struct tstamp restart_at;
    struct tstamp started;
    struct watchdog watchdog;
    struct restart restart;
    bool peer_up[CONFIG_PEERS_MAX]; /* as it told, by their place in the configuration */
};

/* Whose list of problems it is. */
enum problem_origin { PROBLEM_FIREWALL, PROBLEM_FORWARDING, PROBLEM_LAN, PROBLEM_ORIGINS };

/* What looks through the rules of packet filters. */
struct guard_firewall {
    pid_t pid; /* 0: none runs */
    struct loop_watch watch;
    struct tstamp next;          /* look */
    struct tstamp started;       /* the last */
    int64_t gap_ns;              /* between two of them, at least */
    bool again;                  /* something changed while it ran */
    bool has_failed;             /* and that was logged */
    struct tstamp forwarding_at; /* the kernel settings are read */
    bool was_off;                /* at the last reading */
};

/* What the engine measured of a peer. */
struct guard_mtu {
    uint32_t mtu_bytes; /* of the routes to it; 0: not yet */
    uint32_t fit_bytes; /* the largest packet that is not cut; may be less than that */
};

/* What was found out about a peer of the configuration, for as long as it has the same key. */
struct guard_peer {
    char lookup[MSG_WHY_MAX + 1]; /* why its name is not found; empty: it is */
    struct netprefix *accepted;   /* owned; what it said it accepts from us, as source addresses */
    size_t accepted_count;
};

struct guard {
    const struct guard_options *options;
    bool journal; /* the log has priorities */
    struct config config;
    struct loop loop;
    uid_t uid; /* of the engine */
    gid_t gid;
    char root[CONFIG_PATH_BYTES_MAX + 8]; /* the engine's empty directory */
    int tun_fd;
    enum tun_offload tun_offload;
    int control_fd;
    bool control_made; /* the socket's file is ours to remove */
    int listen_fds[CONFIG_LISTEN_MAX];
    size_t listen_count;
    struct guard_mtu peer_mtus[CONFIG_PEERS_MAX]; /* as measured, by their place */
    struct loop_watch signals;
    struct loop_watch netif_watch;
    struct loop_watch filter_watch;
    struct tstamp netif_dump_at; /* when the network is looked at again */
    struct tstamp netif_dumped;  /* last */
    bool netif_changed;          /* an interface, its addresses or its default routes did */
    struct netif_table netifs;
    struct network network;
    struct links links;
    struct resolver *resolver;   /* owned */
    struct addresses *addresses; /* owned: the last ones of the peers' names */
    char addresses_path[CONFIG_PATH_BYTES_MAX + 32];
    int addresses_error;           /* of the last writing; 0: none */
    bool addresses_dirty;          /* the file does not have them yet */
    struct tstamp addresses_saved; /* last; TSTAMP_NEVER: not yet */
    struct hook_runner hook;
    struct engine_process engine;
    struct presence presence;                      /* links of peers, as the engine told */
    struct wishes wishes;                          /* for links of peers */
    struct guard_peer peers[CONFIG_PEERS_MAX];     /* by their place in the configuration */
    struct log_limit peer_lines[CONFIG_PEERS_MAX]; /* by their place in the configuration */
    struct tstamp lines_at; /* when to look which of them left lines out; NEVER: none did */
    struct channel_input in;
    struct usage usage; /* of links with a quota */
    char usage_path[CONFIG_PATH_BYTES_MAX + 32];
    int usage_error;             /* of the last writing; 0: none */
    bool usage_dirty;            /* the file does not have it yet */
    struct tstamp usage_saved;   /* last */
    struct tstamp usage_look_at; /* the month may end meanwhile */
    time_t usage_wall;           /* when all accounts were looked at last */
    struct problem_list problems[PROBLEM_ORIGINS];
    struct guard_firewall firewall;
    bool reload_wanted;
    bool reload_asked; /* by the engine, which waits for the answer */
    bool stopping;
    bool failed; /* to start: exit code 1 */
    bool is_up;  /* ready was told */
};

#endif
