/* SPDX-License-Identifier: ISC */
/* What the guard knows. */
#ifndef HAWSER_GUARD_STATE_H
#define HAWSER_GUARD_STATE_H

#include <sys/types.h>
#include <time.h>

#include "base/list.h"
#include "config/config.h"
#include "guard/hook.h"
#include "guard/log_limit.h"
#include "guard/lookup/resolve.h"
#include "guard/network/links.h"
#include "guard/network/network_state.h"
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
    uid_t uid; /* that it runs as */
    gid_t gid;
    char root[CONFIG_PATH_BYTES_MAX + 8]; /* its empty directory */
    struct channel_input in;              /* what it said last */
    struct loop_watch watch;
    struct loop_watch log; /* its standard error; fd -1: none */
    bool ready;            /* in its sandbox: it may be told of the network */
    struct tstamp restart_at;
    struct tstamp started;
    struct watchdog watchdog;
    struct restart restart;
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
    bool up; /* as the engine told, and so are its links */
    struct presence links;
    struct guard_mtu mtu;
    struct netprefix *accepted; /* owned; what it said it accepts from us, as source addresses */
    size_t accepted_count;
    char lookup[MSG_WHY_MAX + 1]; /* why its name is not found; empty: it is */
    struct log_limit lines;       /* in the log */
    struct list_item quiet;       /* with lines left out */
};

/* All of them (peers.h). */
struct guard_peers {
    struct guard_peer *list; /* owned; by their place in the configuration */
    size_t count;
    size_t wide_up;    /* of those that are up: how many lead to a wide prefix */
    size_t called_up;  /* and how many are called by us */
    bool accepted_due; /* what all of them accept is to be found out */
};

/* What was opened for the engine (open.h). */
struct guard_opened {
    int tun_fd;
    enum tun_offload tun_offload;
    int control_fd;
    bool control_made; /* the socket's file is ours to remove */
    int listen_fds[CONFIG_LISTEN_MAX];
    int beat_fds[CONFIG_LISTEN_MAX]; /* for the peers' beats to the same addresses; -1: the same */
    size_t listen_count;
};

/* The network as it was found, and when it is looked at (update.h). */
struct guard_look {
    struct loop_watch netif_watch;
    struct loop_watch filter_watch;
    struct tstamp at;   /* again */
    struct tstamp last; /* it was */
    int64_t cost_ns;    /* the last took so long */
    bool changed;       /* an interface, its addresses or its default routes did */
    struct netif_table netifs;
};

/* The peers' names (names.h). */
struct guard_names {
    struct resolver *resolver;   /* owned */
    struct addresses *addresses; /* owned: the last ones */
    char path[CONFIG_PATH_BYTES_MAX + 32];
    int error;           /* of the last writing; 0: none */
    bool dirty;          /* the file does not have them yet */
    struct tstamp saved; /* last; TSTAMP_NEVER: not yet */
};

/* Of links with a quota (accounts.h). */
struct guard_accounts {
    struct usage usage;
    char path[CONFIG_PATH_BYTES_MAX + 32];
    int error;             /* of the last writing; 0: none */
    bool dirty;            /* the file does not have it yet */
    struct tstamp saved;   /* last */
    struct tstamp look_at; /* the month may end meanwhile */
    time_t wall;           /* when all were looked at last */
};

/* Lines in the log about peers (lines.h). */
struct guard_lines {
    struct list left_out; /* peers of which some were */
    struct tstamp at;     /* when to look at these; NEVER: there are none */
};

struct guard_reload {
    bool wanted;
    bool asked; /* by the engine, which waits for the answer */
};

struct guard {
    const struct guard_options *options;
    bool journal; /* the log has priorities */
    struct config config;
    struct loop loop;
    struct loop_watch signals;
    struct guard_opened opened;
    struct engine_process engine;
    struct guard_look look;
    struct network network;
    struct links links;
    struct guard_names names;
    struct hook_runner hook;
    struct guard_peers peers;
    struct wishes wishes; /* for links of peers */
    struct guard_lines lines;
    struct guard_accounts accounts;
    struct problem_list problems[PROBLEM_ORIGINS];
    struct guard_firewall firewall;
    struct guard_reload reload;
    bool stopping;
    bool failed; /* to start: exit code 1 */
    bool is_up;  /* ready was told */
};

#endif
