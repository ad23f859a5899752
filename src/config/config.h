/* SPDX-License-Identifier: ISC */
/*
 * The configuration of a tunnel as plain values. load.h reads it from a file. Only the guard has
 * one: the engine is handed values.
 */
#ifndef HAWSER_CONFIG_CONFIG_H
#define HAWSER_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/netaddr.h"
#include "config/filter.h"
#include "config/limits.h"
#include "config/quota.h"
#include "session/core.h"
#include "sys/tun.h"
#include "wire/wire.h"

/* Where something is written. */
struct config_place {
    uint32_t file; /* 0: the main one, then in the order of reading */
    unsigned line; /* 0: the file as a whole */
};

/* Where a peer is called. */
struct config_endpoint {
    char host[CONFIG_HOST_MAX + 1]; /* the name to look up; empty if addr is given */
    uint16_t port;
    struct netaddr addr; /* family 0: host is a name; else with the port */
};

struct config_peer {
    char name[CONFIG_NAME_MAX + 1];
    struct config_place at; /* its section */
    uint8_t public_key[32];
    uint8_t preshared_key[32];         /* zero: none */
    struct config_endpoint *endpoints; /* owned; none: the peer calls us */
    size_t endpoint_count;
    struct netprefix *allowed; /* owned; host bits are clear, no two peers share one */
    size_t allowed_count;
    uint64_t max_up_bps;   /* from the side that calls to the other; 0: no limit */
    uint64_t max_down_bps; /* and back */
};

struct config_link {
    char name[CONFIG_LINK_NAME_MAX + 1];
    struct config_place at;
    char interface[CONFIG_IFNAME_MAX + 1];
    struct netaddr address;  /* source address, port 0; family 0: the interface's own */
    struct netaddr gateway;  /* port 0; family 0: from the interface's routes */
    enum wire_path_use role; /* WIRE_PATH_ACTIVE or WIRE_PATH_STANDBY */
    uint64_t max_up_bps;     /* 0: no limit */
    uint64_t max_down_bps;   /* 0: no limit */
    bool standby_busy;       /* a standby link also helps while the active ones are full */
    uint8_t cost;
    struct quota_rule quota;
};

/* What becomes of packets for the tunnel while it cannot carry them. */
enum config_fallback {
    CONFIG_FALLBACK_NONE,   /* whatever the other routes say */
    CONFIG_FALLBACK_BLOCK,  /* they leave by no link */
    CONFIG_FALLBACK_DIRECT, /* they go by the best link */
};

/* What inner packets are to be treated differently, and how. */
struct config_policy {
    char name[CONFIG_NAME_MAX + 1];
    struct config_place at;
    char match[CONFIG_MATCH_BYTES_MAX + 1]; /* as written; empty: everything */
    struct filter filter;                   /* the same compiled */
    uint64_t dscps;                         /* bit mask of code points; 0: every one */
    struct core_policy action;
};

/* What is set up in the network. */
struct config_network {
    bool nat;
    bool routes;
    bool mss_clamp;
    enum config_fallback fallback;
    char lans[CONFIG_LANS_MAX][CONFIG_IFNAME_MAX + 1]; /* interfaces that are led into the tunnel */
    size_t lan_count;
    uint32_t mark; /* of our packets; 0: chosen by ourselves */
    uint32_t mark_mask;
};

/* How packets are carried, and by whom. */
struct config_engine {
    uint8_t cipher; /* enum wire_cipher, or 0: auto */
    uint32_t rekey_s;
    uint64_t memory_max_bytes;    /* of peers' tables; 0: a quarter of the machine's */
    enum tun_offload tun_offload; /* of the device, at most */
    bool udp_gso;                 /* may be used */
    bool udp_gro;
    char user[CONFIG_USER_MAX + 1];
};

struct config {
    char interface[CONFIG_IFNAME_MAX + 1];
    uint8_t private_key[32];
    struct netprefix *addresses; /* owned; host bits are kept */
    size_t address_count;
    struct netaddr *listen; /* owned; family 0: all addresses; the port is never 0 */
    size_t listen_count;
    uint32_t mtu_bytes;  /* 0: auto */
    uint64_t uplink_bps; /* of this machine's own line; 0: not limited */
    struct config_network network;
    struct config_engine engine;
    enum log_level log_level;
    char hook[CONFIG_PATH_BYTES_MAX + 1]; /* empty: none */
    char control[CONFIG_PATH_BYTES_MAX + 1];
    char include_dir[CONFIG_PATH_BYTES_MAX +
                     1]; /* as written; empty: the usual one, if it is there */
    struct {
        unsigned hook, user, nat, lan;
    } lines; /* of these keys, for what only --check looks at; 0: not in the file */
    struct config_peer *peers; /* owned; at least one, at most CONFIG_PEERS_MAX */
    size_t peer_count;
    struct hash peers_by_name; /* owned: their places, as the next */
    struct hash peers_by_key;
    bool links_auto;           /* every interface with a default route is a link; link_count is 0 */
    struct config_link *links; /* owned */
    size_t link_count;
    struct config_policy *policies; /* owned; the first that matches counts */
    size_t policy_count;
};

struct config_error {
    char path[CONFIG_PATH_BYTES_MAX + 1]; /* of the file */
    struct config_place at;
    char text[CONFIG_ERROR_BYTES];
};

struct config_errors {
    char path[CONFIG_PATH_BYTES_MAX + 1]; /* of the main file */
    size_t count;
    size_t suppressed;                           /* more than CONFIG_ERRORS_MAX */
    struct config_error list[CONFIG_ERRORS_MAX]; /* by file and line */
};

/* Clears the keys and gives the lists back. */
void config_free(struct config *c);

/* "FILE:LINE: ", or "FILE: " of the whole. */
enum { CONFIG_ERROR_PREFIX_BYTES = CONFIG_PATH_BYTES_MAX + 16 };
void config_error_prefix(const struct config_error *e, char out[CONFIG_ERROR_PREFIX_BYTES]);

/* One line an error. */
void config_errors_print(const struct config_errors *errs, FILE *to);

/* NULL: there is none of that name. */
const struct config_link *config_find_link(const struct config *c, const char *name);
const struct config_peer *config_find_peer(const struct config *c, const char *name);
const struct config_peer *config_peer_of_key(const struct config *c, const uint8_t public_key[32]);

const struct config_policy *config_find_policy(const struct config *c, const char *name);

/* The tunnel has an address of a family (4 or 6). */
bool config_has_address(const struct config *c, uint8_t family);

/* Some peer is called by us. */
bool config_calls_out(const struct config *c);

/* The prefix leads to so much that routes of other programs to it do not count: 0.0.0.0/0, and the
 * halves that are written for it. */
bool config_is_wide(const struct netprefix *p);
/* Peers are routed the Internet of a family (4 or 6): a wide prefix. */
bool config_takes_default(const struct config *c, uint8_t family);

/* What is right but may surprise, a line each. */
void config_notes_print(const struct config *c, FILE *to);

#endif
