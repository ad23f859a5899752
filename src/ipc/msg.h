/* SPDX-License-Identifier: ISC */
/*
 * What guard and engine say to each other, as values and as bytes.
 *
 * Every message is one packet on a SOCK_SEQPACKET pair: a type byte, then that type's fields in a
 * fixed order. msg_decode() accepts exactly what msg_encode() makes: a truncated, longer or
 * out-of-range message is refused as a whole. The guard believes an engine's message only as far as
 * its own configuration names what it asks for.
 *
 * A new message: its type and value here, its row in the table of msg.c; then a handler with its
 * row in engine/hear.c or in guard/requests.c.
 */
#ifndef HAWSER_IPC_MSG_H
#define HAWSER_IPC_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "config/filter.h"
#include "config/limits.h"
#include "ipc/problem.h"
#include "ipc/restored.h"
#include "session/core.h"

enum {
    MSG_BYTES_MAX = 32768,
    MSG_FDS_MAX = 2,
    MSG_TEXT_MAX = 1023, /* of an error, cut to it */
    MSG_WHY_MAX = 95,
};

enum msg_type {
    /* guard to engine */
    MSG_SETUP = 1, /* with the TUN device and the listening control socket */
    MSG_PEER_GONE, /* it is configured no more */
    MSG_PEER,      /* a new one, or how one is from now on */
    MSG_LISTEN,    /* with the socket */
    MSG_LINK,      /* with the socket, when there is a new one */
    MSG_ENDPOINTS,
    MSG_POLICIES, /* so many MSG_POLICY follow and are then all the policies there are */
    MSG_POLICY,
    MSG_RELOADED,
    MSG_TUN,      /* with another TUN device in the place of the one before */
    MSG_RESTORED, /* what the guard had to put back so far */
    MSG_QUOTA,    /* of a link: what carries on it is to be told */
    MSG_PROBLEMS, /* all there are now */
    MSG_SETTINGS, /* a reload changed them */
    MSG_WISH,     /* how this side wants a path over a peer's link to be used */
    MSG_LOOKUP,   /* what became of the look-up of a peer's names */
    MSG_STOP,
    /* engine to guard */
    MSG_READY, /* in its sandbox */
    MSG_RESOLVE,
    MSG_MTU, /* of the device */
    MSG_PEER_MTU,
    MSG_RELOAD,
    MSG_PEER_STATE,
    MSG_PATH_STATE,
    MSG_PEER_RIVAL, /* another machine calls with the peer's key */
    MSG_PATH_SLOW,
    MSG_CHOOSE,   /* how a link is to be used, by hand */
    MSG_USAGE,    /* of a link with a quota, since it was told last */
    MSG_ACCEPTED, /* what a peer accepts from us */
    MSG_PONG,     /* from the engine's loop */
    /* guard to engine again */
    MSG_PING,
    MSG_TYPE_END,
};

struct msg_setup {
    char interface[CONFIG_IFNAME_MAX + 1];
    uint8_t private_key[32];
    uint8_t cipher; /* enum wire_cipher, 0: auto */
    uint32_t rekey_s;
    uint32_t mtu_bytes; /* of the device; 0: as measured */
    uint8_t log_level;  /* enum log_level */
    bool journal;
    uint8_t tun_offload;                  /* enum tun_offload */
    bool udp_gso;                         /* may be used; the sockets' GRO is the guard's to set */
    char root[CONFIG_PATH_BYTES_MAX + 8]; /* the empty directory */
    uint32_t uid;
    uint32_t gid;
    uint32_t peer_count; /* so many MSG_PEER follow, before it is ready */
};

struct msg_peer {
    char name[CORE_NAME_MAX + 1];
    uint8_t public_key[32];
    uint8_t preshared_key[32];
    bool initiate;
    uint16_t allowed_count;
    struct netprefix allowed[CONFIG_ALLOWED_MAX];
};

/* Why a link waits. */
enum msg_link_why {
    MSG_LINK_READY,
    MSG_LINK_NO_INTERFACE,
    MSG_LINK_DOWN,
    MSG_LINK_NO_CARRIER,
    MSG_LINK_NO_ADDRESS, /* none, or not the configured one */
    MSG_LINK_NO_ROUTE,   /* that is default */
    MSG_LINK_NO_SOCKET,
    MSG_LINK_WHY_COUNT,
};

/* Fixed names for programs, as "no-carrier"; NULL for MSG_LINK_READY. */
const char *msg_link_why_name(uint8_t why);

struct msg_link {
    struct core_link link;
    uint8_t why_code;          /* enum msg_link_why */
    char why[MSG_WHY_MAX + 1]; /* why it waits; empty: it does not */
};

/* Where the account of a metered link stands. */
struct msg_quota {
    uint16_t link;  /* below WIRE_PATHS_MAX */
    uint64_t bytes; /* 0: the link has no quota */
    uint64_t used_bytes;
    uint32_t left_s; /* until it begins anew */
};

enum msg_choice { MSG_CHOICE_NONE, MSG_CHOICE_ACTIVE, MSG_CHOICE_STANDBY, MSG_CHOICE_DOWN };

struct msg_choose {
    uint8_t public_key[32]; /* of the peer whose link it is; zero: a link of ours */
    char link[WIRE_LINK_NAME_MAX + 1];
    uint8_t choice; /* enum msg_choice; NONE: as configured */
};

struct msg_settings {
    uint8_t log_level;  /* enum log_level */
    uint32_t mtu_bytes; /* of the device; 0: as measured */
};

struct msg_wish {
    uint8_t public_key[32];
    char link[WIRE_LINK_NAME_MAX + 1];
    uint8_t use; /* enum wire_path_use; ACTIVE: as the peer wants it */
};

/* No link carries more between two reports, which are two seconds apart. */
#define MSG_USAGE_BYTES_MAX (UINT64_C(1) << 40)

/* IP packets that the link's socket sent and received. */
struct msg_usage {
    uint16_t link; /* below WIRE_PATHS_MAX */
    uint64_t bytes;
};

struct msg_endpoints {
    uint8_t public_key[32];
    uint8_t count;
    struct netaddr addrs[CORE_ENDPOINTS_MAX];
};

struct msg_lookup {
    uint8_t public_key[32];
    char text[MSG_WHY_MAX + 1]; /* why they are not found; empty: they are */
};

/* Prefixes as the peer told them: it may lie, but only about itself. */
struct msg_accepted {
    uint8_t public_key[32];
    uint8_t count;
    struct netprefix list[CORE_ACCEPTED_MAX]; /* bits behind the length are 0 */
};

struct msg_policy {
    char name[CONFIG_NAME_MAX + 1];
    uint64_t dscps; /* as config_policy, and so is what follows */
    struct core_policy action;
    uint16_t step_count;
    struct filter_step steps[FILTER_STEPS_MAX];
};

/* The MTU of what is routed to a peer, and the largest packet that is not cut. */
struct msg_peer_mtu {
    uint8_t public_key[32];
    uint32_t mtu_bytes;
    uint32_t fit_bytes;
};

/* A peer, or one of its paths, came or went; another machine calls in its name; or a path is far
 * slower than it was, or no longer. */
struct msg_state {
    uint8_t public_key[32];
    bool up;                           /* MSG_PATH_SLOW: it is no longer slow */
    char link[WIRE_LINK_NAME_MAX + 1]; /* MSG_PATH_STATE, MSG_PATH_SLOW */
    struct netaddr remote;
    char reason[MSG_WHY_MAX + 1];
};

struct msg {
    enum msg_type type;
    union {
        uint8_t tun_offload; /* MSG_TUN: enum tun_offload */
        struct restored restored;
        struct msg_setup setup;
        uint8_t peer_gone[32]; /* its public key */
        struct msg_peer peer;
        uint16_t listen; /* index */
        struct msg_link link;
        struct msg_endpoints endpoints;
        struct msg_lookup lookup;
        uint16_t policy_count;
        struct msg_policy policy;
        struct {
            bool ok;
            char text[MSG_TEXT_MAX + 1];
        } reloaded;
        uint8_t resolve[32]; /* the peer's public key */
        uint32_t mtu_bytes;
        struct msg_peer_mtu peer_mtu;
        struct msg_state state;
        struct msg_quota quota;
        struct msg_settings settings;
        struct msg_wish wish;
        struct msg_choose choose;
        struct msg_usage usage;
        struct problem_list problems;
        struct msg_accepted accepted;
    };
};

/* Length in out, or 0: the message does not fit the types' limits. */
size_t msg_encode(const struct msg *m, uint8_t out[MSG_BYTES_MAX]);
/* False: refused; out then holds nothing that may be used. */
bool msg_decode(struct msg *out, const uint8_t *data, size_t len_bytes);

/* Makes the texts of an engine's message plain (plain.h): hooks, logs and terminals get them. */
void msg_make_plain(struct msg *m);

#endif
