/* SPDX-License-Identifier: ISC */
/*
 * What guard and engine say to each other, as values and as bytes.
 *
 * Every message is one packet on a SOCK_SEQPACKET pair: a type byte, then that type's fields in a
 * fixed order. msg_decode() accepts exactly what msg_encode() makes: a truncated, longer or
 * out-of-range message is refused as a whole. The guard believes an engine's message only as far as
 * its own configuration names what it asks for.
 *
 * A new message: its value, its fields and its row here; then a handler with its row in
 * engine/hear.c or in guard/requests.c. Nothing else has to be read: msg.c makes the rest of the
 * fields.
 */
#ifndef HAWSER_IPC_MSG_H
#define HAWSER_IPC_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
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
    MSG_OFFLOAD_MAX = 3, /* TUN_OFFLOAD_USO; sys is not needed for a codec */
};

struct msg_setup {
    char interface[CONFIG_IFNAME_MAX + 1];
    uint8_t private_key[32];
    uint8_t cipher; /* enum wire_cipher, 0: auto */
    uint32_t rekey_s;
    uint64_t memory_max_bytes; /* of peers' tables */
    uint32_t mtu_bytes;        /* of the device; 0: as measured */
    uint64_t uplink_bps;       /* 0: not limited */
    uint8_t log_level;         /* enum log_level */
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
    uint64_t send_limit_bps; /* 0: none */
    uint64_t receive_limit_bps;
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
    uint8_t log_level;   /* enum log_level */
    uint32_t mtu_bytes;  /* of the device; 0: as measured */
    uint64_t uplink_bps; /* 0: not limited */
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

/*
 * The fields of each message, in the order of their bytes: FIELD(kind, where it is in struct msg,
 * ...). The kinds:
 *
 *     u16, u32, u64    a number
 *     flag             a bool
 *     upto, MAX        a number up to MAX, of 8, 16, 32 or 64 bits
 *     text             a char array with a zero: its length, and so many bytes
 *     bytes            an array of bytes, all of them
 *     addr             a struct netaddr
 *     addrs, COUNT, MAX; prefixes, COUNT, MAX
 *                      an array of struct netaddr or netprefix, of which COUNT (a field) are used
 *     masked, COUNT, MAX
 *                      the same, and no prefix has a bit behind its length
 *     link, action, steps, restored, problems
 *                      what only one message has: see msg.c
 */
#define MSG_FIELDS_SETUP(FIELD)                                                                    \
    FIELD(text, setup.interface)                                                                   \
    FIELD(bytes, setup.private_key)                                                                \
    FIELD(upto, setup.cipher, WIRE_CIPHER_CHACHA20_POLY1305)                                       \
    FIELD(u32, setup.rekey_s)                                                                      \
    FIELD(u64, setup.memory_max_bytes)                                                             \
    FIELD(u32, setup.mtu_bytes)                                                                    \
    FIELD(u64, setup.uplink_bps)                                                                   \
    FIELD(upto, setup.log_level, LOG_LEVEL_DEBUG)                                                  \
    FIELD(flag, setup.journal)                                                                     \
    FIELD(upto, setup.tun_offload, MSG_OFFLOAD_MAX)                                                \
    FIELD(flag, setup.udp_gso)                                                                     \
    FIELD(text, setup.root)                                                                        \
    FIELD(u32, setup.uid)                                                                          \
    FIELD(u32, setup.gid)                                                                          \
    FIELD(upto, setup.peer_count, CONFIG_PEERS_MAX)
#define MSG_FIELDS_PEER(FIELD)                                                                     \
    FIELD(text, peer.name)                                                                         \
    FIELD(bytes, peer.public_key)                                                                  \
    FIELD(bytes, peer.preshared_key)                                                               \
    FIELD(flag, peer.initiate)                                                                     \
    FIELD(u64, peer.send_limit_bps)                                                                \
    FIELD(u64, peer.receive_limit_bps)                                                             \
    FIELD(prefixes, peer.allowed, peer.allowed_count, CONFIG_ALLOWED_MAX)
#define MSG_FIELDS_PEER_GONE(FIELD) FIELD(bytes, peer_gone)
#define MSG_FIELDS_LISTEN(FIELD) FIELD(u16, listen)
#define MSG_FIELDS_LINK(FIELD) FIELD(link, link)
#define MSG_FIELDS_ENDPOINTS(FIELD)                                                                \
    FIELD(bytes, endpoints.public_key)                                                             \
    FIELD(addrs, endpoints.addrs, endpoints.count, CORE_ENDPOINTS_MAX)
#define MSG_FIELDS_POLICIES(FIELD) FIELD(u16, policy_count)
#define MSG_FIELDS_POLICY(FIELD)                                                                   \
    FIELD(text, policy.name)                                                                       \
    FIELD(u64, policy.dscps)                                                                       \
    FIELD(action, policy.action)                                                                   \
    FIELD(steps, policy.steps, policy.step_count, FILTER_STEPS_MAX)
#define MSG_FIELDS_RELOADED(FIELD)                                                                 \
    FIELD(flag, reloaded.ok)                                                                       \
    FIELD(text, reloaded.text)
#define MSG_FIELDS_TUN(FIELD) FIELD(upto, tun_offload, MSG_OFFLOAD_MAX)
#define MSG_FIELDS_RESTORED(FIELD) FIELD(restored, restored)
#define MSG_FIELDS_QUOTA(FIELD)                                                                    \
    FIELD(upto, quota.link, WIRE_PATHS_MAX - 1)                                                    \
    FIELD(u64, quota.bytes)                                                                        \
    FIELD(u64, quota.used_bytes)                                                                   \
    FIELD(u32, quota.left_s)
#define MSG_FIELDS_PROBLEMS(FIELD) FIELD(problems, problems)
#define MSG_FIELDS_SETTINGS(FIELD)                                                                 \
    FIELD(upto, settings.log_level, LOG_LEVEL_DEBUG)                                               \
    FIELD(u32, settings.mtu_bytes)                                                                 \
    FIELD(u64, settings.uplink_bps)
#define MSG_FIELDS_WISH(FIELD)                                                                     \
    FIELD(bytes, wish.public_key)                                                                  \
    FIELD(text, wish.link)                                                                         \
    FIELD(upto, wish.use, WIRE_PATH_DOWN)
#define MSG_FIELDS_LOOKUP(FIELD)                                                                   \
    FIELD(bytes, lookup.public_key)                                                                \
    FIELD(text, lookup.text)
#define MSG_FIELDS_RESOLVE(FIELD) FIELD(bytes, resolve)
#define MSG_FIELDS_MTU(FIELD) FIELD(u32, mtu_bytes)
#define MSG_FIELDS_PEER_MTU(FIELD)                                                                 \
    FIELD(bytes, peer_mtu.public_key)                                                              \
    FIELD(u32, peer_mtu.mtu_bytes)                                                                 \
    FIELD(u32, peer_mtu.fit_bytes)
#define MSG_FIELDS_STATE(FIELD)                                                                    \
    FIELD(bytes, state.public_key)                                                                 \
    FIELD(flag, state.up)                                                                          \
    FIELD(text, state.link)                                                                        \
    FIELD(addr, state.remote)                                                                      \
    FIELD(text, state.reason)
#define MSG_FIELDS_CHOOSE(FIELD)                                                                   \
    FIELD(bytes, choose.public_key)                                                                \
    FIELD(text, choose.link)                                                                       \
    FIELD(upto, choose.choice, MSG_CHOICE_DOWN)
#define MSG_FIELDS_USAGE(FIELD)                                                                    \
    FIELD(upto, usage.link, WIRE_PATHS_MAX - 1)                                                    \
    FIELD(upto, usage.bytes, MSG_USAGE_BYTES_MAX)
#define MSG_FIELDS_ACCEPTED(FIELD)                                                                 \
    FIELD(bytes, accepted.public_key)                                                              \
    FIELD(masked, accepted.list, accepted.count, CORE_ACCEPTED_MAX)
#define MSG_FIELDS_NONE(FIELD)

/*
 * All messages that there are: MESSAGE(type, fields). Those of the engine are the ones that
 * guard/requests.c has a row for; texts in them are made plain.
 */
#define MSG_TABLE(MESSAGE)                                                                         \
    /* guard to engine */                                                                          \
    MESSAGE(SETUP, SETUP)         /* with the TUN device and the listening control socket */       \
    MESSAGE(PEER_GONE, PEER_GONE) /* it is configured no more */                                   \
    MESSAGE(PEER, PEER)           /* a new one, or how one is from now on */                       \
    MESSAGE(LISTEN, LISTEN)       /* with the socket, and the one for beats if there is one */     \
    MESSAGE(LINK, LINK)           /* with the socket, when there is a new one */                   \
    MESSAGE(ENDPOINTS, ENDPOINTS)                                                                  \
    MESSAGE(POLICIES, POLICIES) /* so many MSG_POLICY follow, and are then all there are */        \
    MESSAGE(POLICY, POLICY)                                                                        \
    MESSAGE(RELOADED, RELOADED)                                                                    \
    MESSAGE(TUN, TUN)           /* with another TUN device in the place of the one before */       \
    MESSAGE(RESTORED, RESTORED) /* what the guard had to put back so far */                        \
    MESSAGE(QUOTA, QUOTA)       /* of a link: what carries on it is to be told */                  \
    MESSAGE(PROBLEMS, PROBLEMS) /* all there are now */                                            \
    MESSAGE(SETTINGS, SETTINGS) /* a reload changed them */                                        \
    MESSAGE(WISH, WISH)         /* how this side wants a path over a peer's link to be used */     \
    MESSAGE(LOOKUP, LOOKUP)     /* what became of the look-up of a peer's names */                 \
    MESSAGE(STOP, NONE)                                                                            \
    /* engine to guard */                                                                          \
    MESSAGE(READY, NONE) /* in its sandbox */                                                      \
    MESSAGE(RESOLVE, RESOLVE)                                                                      \
    MESSAGE(MTU, MTU) /* of the device */                                                          \
    MESSAGE(PEER_MTU, PEER_MTU)                                                                    \
    MESSAGE(RELOAD, NONE)                                                                          \
    MESSAGE(PEER_STATE, STATE)                                                                     \
    MESSAGE(PATH_STATE, STATE)                                                                     \
    MESSAGE(SAME_KEY, STATE) /* another machine calls with the peer's key */                       \
    MESSAGE(PATH_SLOW, STATE)                                                                      \
    MESSAGE(CHOOSE, CHOOSE)     /* how a link is to be used, by hand */                            \
    MESSAGE(USAGE, USAGE)       /* of a link with a quota, since it was told last */               \
    MESSAGE(ACCEPTED, ACCEPTED) /* what a peer accepts from us */                                  \
    MESSAGE(PONG, NONE)         /* from the engine's loop */                                       \
    /* guard to engine again */                                                                    \
    MESSAGE(PING, NONE)

enum msg_type {
    MSG_NONE, /* no message */
#define MSG_ENUM(type, fields) MSG_##type,
    MSG_TABLE(MSG_ENUM)
#undef MSG_ENUM
        MSG_TYPE_END,
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
