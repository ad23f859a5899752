/* SPDX-License-Identifier: ISC */
/*
 * The configuration file of a tunnel: read, checked, and held as plain values.
 *
 * config_load() gives either a configuration that is complete and consistent, defaults filled in,
 * or every error of the file at once, each with its line, what is wrong and what would be right. A
 * setting that this version does not carry out is an error, never ignored. Only the guard reads
 * configurations: the engine is handed values.
 */
#ifndef HAWSER_DAEMON_CONFIG_H
#define HAWSER_DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/log.h"
#include "base/netaddr.h"
#include "daemon/filter.h"
#include "daemon/quota.h"
#include "session/core.h"
#include "sys/tun.h"
#include "wire/wire.h"

#define CONFIG_DEFAULT_PATH "/etc/hawser/hawser.conf"
#define CONFIG_DEFAULT_INTERFACE "hawser0"
#define CONFIG_DEFAULT_USER "hawser"

enum {
    CONFIG_NAME_MAX = 31,      /* bytes of a peer's name */
    CONFIG_LINK_NAME_MAX = 15, /* and of a link's: it crosses the network */
    CONFIG_IFNAME_MAX = 15,    /* IFNAMSIZ - 1 */
    CONFIG_USER_MAX = 31,
    CONFIG_PATH_BYTES_MAX = 255,
    CONFIG_HOST_MAX = 253, /* RFC 1035, in text */
    CONFIG_PEERS_MAX = 4096,
    CONFIG_LINKS_MAX = WIRE_PATHS_MAX,
    CONFIG_POLICIES_MAX = CORE_POLICIES_MAX / 2, /* a changed set may have all other ones */
    CONFIG_MATCH_BYTES_MAX = 199,
    CONFIG_ENDPOINTS_MAX = 8, /* of one peer */
    CONFIG_LISTEN_MAX = 8,
    CONFIG_ADDRESSES_MAX = 16,
    CONFIG_LANS_MAX = 16,
    CONFIG_MARK_LOW_BITS = 6,  /* of a mark: they number the links */
    CONFIG_ALLOWED_MAX = 1024, /* of one peer */
    CONFIG_MTU_MIN = 576,
    CONFIG_MTU_MAX = 9000,
    CONFIG_REKEY_S_MIN = 2,
    CONFIG_REKEY_S_MAX = 120, /* the default, too */
    CONFIG_FILE_BYTES_MAX = 1 << 20,
    CONFIG_ERRORS_MAX = 50,
    CONFIG_ERROR_BYTES = 320,
};

/* Where a peer is called. */
struct config_endpoint {
    char host[CONFIG_HOST_MAX + 1]; /* the name to look up; empty if addr is given */
    uint16_t port;
    struct netaddr addr; /* family 0: host is a name; else with the port */
};

struct config_peer {
    char name[CONFIG_NAME_MAX + 1];
    unsigned line; /* of its section */
    uint8_t public_key[32];
    uint8_t preshared_key[32];         /* zero: none */
    struct config_endpoint *endpoints; /* owned; none: the peer calls us */
    size_t endpoint_count;
    struct netprefix *allowed; /* owned; host bits are clear, no two peers share one */
    size_t allowed_count;
};

struct config_link {
    char name[CONFIG_LINK_NAME_MAX + 1];
    unsigned line;
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
    unsigned line;
    char match[CONFIG_MATCH_BYTES_MAX + 1]; /* as written; empty: everything */
    struct filter filter;                   /* the same compiled */
    uint64_t dscps;                         /* bit mask of code points; 0: every one */
    struct core_policy action;
};

struct config {
    char interface[CONFIG_IFNAME_MAX + 1];
    uint8_t private_key[32];
    struct netprefix *addresses; /* owned; host bits are kept */
    size_t address_count;
    struct netaddr *listen; /* owned; family 0: all addresses; the port is never 0 */
    size_t listen_count;
    bool nat;
    bool routes;
    bool mss_clamp;
    enum config_fallback fallback;
    char lans[CONFIG_LANS_MAX][CONFIG_IFNAME_MAX + 1]; /* interfaces that are led into the tunnel */
    size_t lan_count;
    uint32_t mark; /* of our packets; 0: chosen by ourselves */
    uint32_t mark_mask;
    bool links_auto;    /* every interface with a default route is a link; link_count is 0 */
    uint32_t mtu_bytes; /* 0: auto */
    uint8_t cipher;     /* enum wire_cipher, or 0: auto */
    uint32_t rekey_s;
    enum tun_offload tun_offload; /* of the device, at most */
    bool udp_gso;                 /* may be used */
    bool udp_gro;
    enum log_level log_level;
    char user[CONFIG_USER_MAX + 1];
    char hook[CONFIG_PATH_BYTES_MAX + 1]; /* empty: none */
    char control[CONFIG_PATH_BYTES_MAX + 1];
    struct {
        unsigned hook, user, nat, lan;
    } lines; /* of these keys, for what only --check looks at; 0: not in the file */
    struct config_peer *peers; /* owned; at least one */
    size_t peer_count;
    struct config_link *links; /* owned */
    size_t link_count;
    struct config_policy *policies; /* owned; the first that matches counts */
    size_t policy_count;
};

struct config_error {
    unsigned line; /* 0: the file as a whole */
    char text[CONFIG_ERROR_BYTES];
};

struct config_errors {
    char path[CONFIG_PATH_BYTES_MAX + 1]; /* of the file they are about */
    size_t count;
    size_t suppressed;                           /* more than CONFIG_ERRORS_MAX */
    struct config_error list[CONFIG_ERRORS_MAX]; /* by line */
};

/*
 * Reads the file; out is to be freed with config_free() in any case. Returns 0, -EINVAL when the
 * file was read but is not right, or another negative errno (-ENOENT, -EACCES, ...). After any
 * failure errs holds at least one error.
 */
int config_load(struct config *out, const char *path, struct config_errors *errs);

/* The same for text in memory, without the check of the file's mode: for tests and fuzzing. */
int config_load_text(struct config *out, const char *text, size_t len_bytes,
                     struct config_errors *errs);

/* Clears the keys and gives the lists back. */
void config_free(struct config *c);

/* One line an error: "FILE:LINE: text". */
void config_errors_print(const struct config_errors *errs, FILE *to);

/* NULL: there is none of that name. */
const struct config_link *config_find_link(const struct config *c, const char *name);
const struct config_peer *config_find_peer(const struct config *c, const char *name);

const struct config_policy *config_find_policy(const struct config *c, const char *name);

/* Some peer is called by us. */
bool config_calls_out(const struct config *c);

/* The prefix leads to so much that routes of other programs to it do not count: 0.0.0.0/0, and the
 * halves that are written for it. */
bool config_is_wide(const struct netprefix *p);
/* Peers are routed the Internet of a family (4 or 6): a wide prefix. */
bool config_takes_default(const struct config *c, uint8_t family);

/* Whether it may be the name of a network interface. */
bool config_is_interface(const char *name);

/* What is right but may surprise, a line each. */
void config_notes_print(const struct config *c, FILE *to);

/* The configuration as normalised text, secrets left out: for golden files and --check -v. */
void config_dump(const struct config *c, FILE *to);

#endif
