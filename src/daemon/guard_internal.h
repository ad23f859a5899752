/* SPDX-License-Identifier: ISC */
/* What the files of the guard share. */
#ifndef HAWSER_DAEMON_GUARD_INTERNAL_H
#define HAWSER_DAEMON_GUARD_INTERNAL_H

#include <sys/types.h>
#include <time.h>

#include "config/config.h"
#include "daemon/guard.h"
#include "daemon/hook.h"
#include "daemon/links.h"
#include "daemon/log_limit.h"
#include "daemon/network.h"
#include "daemon/presence.h"
#include "daemon/resolve.h"
#include "daemon/restart.h"
#include "daemon/usage.h"
#include "daemon/watchdog.h"
#include "daemon/wishes.h"
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

/* guard_engine.c: the engine process and what it asks for */

/* Starts the engine and tells it its configuration. 0 or negative errno; logged. */
int guard_engine_start(struct guard *g, struct tstamp now);
/* After SIGCHLD and at its deadline: restarts one that has ended, tells what the log left out. */
void guard_engine_tick(struct guard *g, struct tstamp now);
struct tstamp guard_engine_deadline(const struct guard *g);
/* Says goodbye and waits for its end, up to a limit. */
void guard_engine_stop(struct guard *g);
/* False: the engine is not there, or was ended because it does not listen. */
bool guard_tell(struct guard *g, const struct msg *m, const int *fds, size_t fd_count);

/* guard_tell.c: what is told; false as above */

/* All that an engine has to know before it is ready. */
void guard_tell_start(struct guard *g);
bool guard_tell_link(void *arg, const struct msg_link *link, int fd);
void guard_tell_endpoints(void *arg, const struct config_peer *peer, const struct netaddr *addrs,
                          size_t count);
/* Why the names of a peer cannot be looked up, and over which links; empty: they can. */
void guard_tell_lookup(void *arg, const struct config_peer *peer, const char *text);
/* The same of all peers, to an engine that has started anew. */
void guard_tell_lookups(struct guard *g);
void guard_tell_wish(struct guard *g, const struct msg_wish *wish);
bool guard_tell_peers(struct guard *g);
bool guard_tell_policies(struct guard *g);
void guard_tell_restored(struct guard *g);
/* What a reload may change of the engine's settings. */
bool guard_tell_settings(struct guard *g);
enum log_level guard_log_level(const struct guard *g);

/* guard_requests.c: what the engine says and asks for */

/* Does what a message asks for. False: no engine may send such a one. */
bool guard_take_request(struct guard *g, struct tstamp now, struct msg *m);
/* The engine is no more, and what it told does not hold. */
void guard_forget_engine(struct guard *g, struct tstamp now);
/* A link of a peer is up, or slow, no more: nobody but the hook is told. */
void guard_tell_gone(struct guard *g, struct tstamp now, const char *peer,
                     const struct presence_entry *e, const char *reason);
/* Whether a change of the peer may be logged: one that flaps does not fill the log. */
bool guard_may_log(struct guard *g, struct tstamp now, const struct config_peer *p);
/* At g->lines_at: tells how many lines were left out, although no further one comes. */
void guard_log_left_out(struct guard *g, struct tstamp now);

/* guard_log.c: what the engine writes to its standard error */

/* *engine_end is for the engine, and the caller's to close. 0 or negative errno. */
int guard_log_open(struct guard *g, int *engine_end);
/* Passes on what is left. */
void guard_log_close(struct guard *g);

/* guard_problems.c: what keeps the tunnel from being of use */

/* These are all of that origin now: logs what begins and ends, and tells the engine. */
void guard_problems_set(struct guard *g, enum problem_origin origin,
                        const struct problem_list *found);
bool guard_tell_problems(struct guard *g);

/* guard_firewall.c: whether this machine's packet filter lets through what the tunnel needs */

/* The rules or the configuration changed: they are looked through soon. */
void guard_firewall_recheck(struct guard *g, struct tstamp now);
/* Returns when to be called again at the latest. */
struct tstamp guard_firewall_tick(struct guard *g, struct tstamp now);
void guard_firewall_stop(struct guard *g);

/* guard_names.c: looking up the peers' names, and keeping their addresses */

bool guard_names_open(struct guard *g, struct tstamp now); /* false: no memory */
/* Returns when to be called again at the latest. */
struct tstamp guard_names_tick(struct guard *g, struct tstamp now);
/* Writes what was not written yet. */
void guard_names_close(struct guard *g);

/* guard_start.c: opening what the tunnel needs; false: the reason is logged */
/* unit: which may be started instead; empty: none. */
bool guard_check_privileges(const char *unit);
/* Whether a daemon serves the control socket. */
bool guard_answers(const char *control);
bool guard_open_control(struct guard *g);
bool guard_open_tun(struct guard *g);
/* Says how hosts behind this machine get into the tunnel, where nothing was said about them. */
void guard_hint_lan(const struct guard *g);
bool guard_open_listen(struct guard *g);
void guard_close_control(struct guard *g);

/* guard_mtu.c: the MTU of the device and of the routes to each peer, as the engine measured them */

void guard_mtu_device(struct guard *g, struct tstamp now, uint32_t mtu_bytes);
void guard_mtu_peer(struct guard *g, struct tstamp now, size_t peer, uint32_t mtu_bytes,
                    uint32_t fit_bytes);
/* Another configuration is in use; network_update() follows. */
void guard_mtu_reload(struct guard *g, const struct config *old);

/* guard_usage.c: what links with a quota have used */

void guard_usage_open(struct guard *g);
/* After any change of links or of the engine: looks at each account, and tells the engine. */
void guard_usage_look(struct guard *g, struct tstamp now);
void guard_usage_add(struct guard *g, struct tstamp now, const struct msg_usage *m);
/* Returns when to be called again at the latest. */
struct tstamp guard_usage_tick(struct guard *g, struct tstamp now);
/* Writes what was not written yet. */
void guard_usage_close(struct guard *g);

/* guard.c */

/* The path of a file that outlives restarts, in the state's directory. */
void guard_state_path(const struct guard *g, const char *suffix, char *out, size_t size);
/* Tells the process that waits for us, if one does. */
void guard_report(const struct guard *g, char what);
/* guard_network.c: the network, and when it is looked at */

/*
 * Looks at the network, and brings all that the tunnel has there, and the links, up to date. 0, or
 * negative errno when the tunnel cannot work as configured; the reason is logged.
 */
int guard_update_network(struct guard *g, struct tstamp now);
/* The same soon, with what else changes meanwhile. */
void guard_look_soon(struct guard *g, struct tstamp now);
/* Once, before the first look. */
void guard_links_open(struct guard *g);
/* What the resolver asks, as in struct resolver_config. */
size_t guard_lookup_ways(void *guard, struct lookup_way out[LOOKUP_WAYS_MAX]);
bool guard_is_online(void *guard);

/* guard_peers.c: what changes with the peers */

void guard_hook(struct guard *g, struct tstamp now, enum hook_event_type type, const char *peer,
                const char *link, const struct netaddr *address, const char *reason);
/* A peer came or went: the ways of packets follow soon. */
void guard_peers_changed(struct guard *g, struct tstamp now);
/* What peers accept from us is known, or other peers are there. */
void guard_accepted_changed(struct guard *g, struct tstamp now);

/* guard_reload.c: takes the changed file; the answer goes to the log and to who asked */
void guard_reload(struct guard *g, struct tstamp now);
/* The part of it that begins when the file is read. next is the guard's, or freed. */
void guard_take_config(struct guard *g, struct tstamp now, struct config *next,
                       const struct config_errors *errors);

#endif
