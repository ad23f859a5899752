/* SPDX-License-Identifier: ISC */
/* The values that enter and leave a core. What is done with them is core.h's. */
#ifndef HAWSER_SESSION_TYPES_H
#define HAWSER_SESSION_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "base/pkt.h"
#include "base/tstamp.h"
#include "bond/bond.h"
#include "wire/wire.h"

enum {
    CORE_NAME_MAX = 31,
    CORE_ENDPOINTS_MAX = 8,
    CORE_TX_BYTES_MAX = 65507, /* one GSO send */
    CORE_TX_SEGMENTS_MAX = 64,
    CORE_POLICIES_MAX = BOND_POLICIES_MAX,
    CORE_POLICY_LINKS_MAX = 8,
};

enum why_code {
    WHY_NONE,           /* it is up, and a path works */
    WHY_WAITING,        /* it has to call, and does not */
    WHY_CONNECTING,     /* it is too early to say */
    WHY_NO_LINK,        /* none of ours can be used */
    WHY_NO_ADDRESS,     /* of the peer: its name was not looked up yet */
    WHY_NAME_NOT_FOUND, /* nor can it be: the driver knows */
    WHY_NO_ROUTE,
    WHY_FORBIDDEN,   /* by a firewall of this machine */
    WHY_UNREACHABLE, /* ICMP, but for: */
    WHY_REFUSED,     /* ICMP: nobody has that port */
    WHY_NO_ANSWER,
    WHY_UDP_BLOCKED,   /* no answer, on several ports */
    WHY_BUSY,          /* only cookies come back */
    WHY_PRESHARED_KEY, /* what comes back cannot be opened */
    WHY_HALF_OPEN,     /* it calls, and nothing follows our answers */
    WHY_ONE_WAY,       /* it is heard, and does not hear us */
    WHY_CLOCK,         /* calls are taken for replays */
    WHY_VERSION,
    WHY_CIPHER,
    WHY_KEY_ELSEWHERE, /* another machine uses our key, and has the session */
    WHY_COUNT,
};

enum { WHY_TEXT_BYTES = 224 };

struct why {
    enum why_code code;
    char text[WHY_TEXT_BYTES]; /* a sentence for people, without control characters */
};

struct core_peer_config {
    char name[CORE_NAME_MAX + 1];
    uint8_t public_key[32];
    uint8_t preshared_key[32];       /* zero: none */
    const struct netprefix *allowed; /* allowed_count of them; copied */
    size_t allowed_count;
    bool initiate; /* it has endpoints: core_endpoints() will name them */
    /* All paths together; 0: no limit. */
    uint64_t send_limit_bps;
    uint64_t receive_limit_bps;
};

struct core_config {
    struct pkt_pool *pool;     /* borrowed, must outlive the core */
    uint64_t memory_max_bytes; /* most that peers' tables take together; 0: no limit */
    uint8_t private_key[32];
    const struct core_peer_config *peers;
    size_t peer_count;
    uint8_t ciphers;          /* wire_hello.ciphers: which we accept */
    uint8_t preferred_cipher; /* enum wire_cipher */
    int64_t rekey_after_ns;   /* 0: 120 s */
    uint64_t uplink_bps;      /* 0: not limited */
    int64_t wall_offset_ns;   /* wall clock (Unix time) minus the clock that now is of */
    const char *version;      /* of the program, as peers are told; NULL: none; copied */
    uint8_t test_cipher;      /* AEAD_SUM or AEAD_NULL instead of what was agreed; 0: no */
    void (*random)(void *arg, void *out, size_t len_bytes);
    void *random_arg;
};

/* What is done with the inner packets of a policy. */
struct core_policy {
    bool used;
    enum bond_mode mode;
    enum bond_class class;
    bool fallback;      /* other links while none of those named is up */
    uint8_t link_count; /* 0: any link */
    char links[CORE_POLICY_LINKS_MAX][WIRE_LINK_NAME_MAX + 1];
};

/*
 * A link of ours: a UDP socket bound to an interface, known by its number. A listening socket is no
 * link and is not announced. A link carries IPv4 and IPv6, as has_ipv4 and has_ipv6 tell.
 */
struct core_link {
    uint16_t link; /* 0 .. WIRE_PATHS_MAX - 1; also the path id */
    char name[WIRE_LINK_NAME_MAX + 1];
    bool present; /* false: gone, its socket is closed */
    bool carrier; /* false: present but cannot send now */
    bool has_ipv4;
    bool has_ipv6;
    struct netaddr local_ipv4; /* for status and to notice a change; port 0 */
    struct netaddr local_ipv6;
    /* Of the default routes, to notice another way out; family 0: no such route, the unspecified
     * address: one without a router. */
    struct netaddr gateway_ipv4;
    struct netaddr gateway_ipv6;
    uint32_t mtu_bytes;      /* of the interface, IP packet */
    uint8_t use;             /* enum wire_path_use */
    uint8_t flags;           /* enum wire_path_flag, of use = standby */
    uint8_t cost;            /* a dearer link is used only while the cheaper ones are full */
    uint64_t limit_up_bps;   /* 0: none */
    uint64_t limit_down_bps; /* 0: none */
};

/*
 * A path over a link of the peer's own, where it is the peer that has links: each side may want it
 * to be used less, and the stricter of the two counts.
 */
struct core_peer_link {
    enum wire_path_use ours;
    enum wire_path_use theirs;
};

enum { CORE_SOCKET_LISTEN = 0x100 }; /* socket numbers: a link's number, or LISTEN + index */

/* A received datagram. */
struct core_datagram {
    uint16_t socket;
    struct netaddr from;
    struct netaddr to; /* our address that it was sent to, where known (listening sockets) */
    const uint8_t *data;
    size_t len_bytes;
};

/* segment_count datagrams of segment_bytes each (the last may be shorter) to one address. */
struct core_tx {
    uint16_t socket;
    struct netaddr to;
    struct netaddr from; /* source address for listening sockets; family 0: any */
    const uint8_t *data; /* owned by the core, valid until the next core_next_tx() */
    size_t len_bytes;
    size_t segment_bytes;
    size_t segment_count;
    uint16_t peer;
    uint8_t path;
};

enum core_event_type {
    CORE_EVENT_PEER_UP,
    CORE_EVENT_PEER_DOWN,
    CORE_EVENT_PATH_UP,
    CORE_EVENT_PATH_DOWN,
    CORE_EVENT_RESOLVE, /* the peer does not answer: its endpoint names should be looked up again */
    CORE_EVENT_MTU,     /* the device's MTU changed: the largest of the peers' */
    /* Another machine calls with the peer's key, and is refused: the one that started last counts.
     */
    CORE_EVENT_SAME_KEY,
    CORE_EVENT_PATH_SLOW, /* under load it has been far slower than usual for a minute */
    CORE_EVENT_PATH_SLOW_END,
    CORE_EVENT_STRANGER, /* somebody calls whose key is no peer's */
    CORE_EVENT_ACCEPTED, /* the peer told what it accepts from us: see core_accepted() */
    CORE_EVENT_PEER_MTU, /* the MTU of what is routed to a peer, or what is not cut, changed */
};

struct core_event {
    enum core_event_type type;
    uint16_t peer;
    uint8_t path;
    uint32_t mtu_bytes;
    uint32_t fit_bytes;                /* PEER_MTU: the largest inner packet that is not cut */
    const char *reason;                /* static words; NULL: none */
    uint64_t rate_bps, usual_bps;      /* PATH_SLOW: found now, and before; 0: not known */
    char link[WIRE_LINK_NAME_MAX + 1]; /* of a path: goes under the name it came with */
    struct netaddr
        remote; /* of a path that is not closed, of the other machine, or of a stranger */
    uint8_t public_key[32]; /* of a stranger */
};

enum core_drop {
    CORE_DROP_MALFORMED,     /* no datagram of this protocol */
    CORE_DROP_UNKNOWN_INDEX, /* no session with that index */
    CORE_DROP_AUTH,          /* altered or sealed with another key */
    CORE_DROP_REPLAY,
    CORE_DROP_HANDSHAKE, /* a handshake message that fits nothing */
    CORE_DROP_HANDSHAKE_REPLAY,
    CORE_DROP_UNKNOWN_KEY, /* a well-formed handshake by a key that is no peer's */
    CORE_DROP_MAC1,
    CORE_DROP_NO_ROUTE,   /* inner packet to no peer's allowed-ips */
    CORE_DROP_SOURCE,     /* inner packet from outside the peer's allowed-ips */
    CORE_DROP_NO_SESSION, /* inner packet while the peer was not reachable for too long */
    CORE_DROP_NO_BUFFER,
    CORE_DROP_SEND,       /* the kernel refused the datagram */
    CORE_DROP_COOKIE,     /* a handshake under load: the caller got a cookie and may try again */
    CORE_DROP_CALLS,      /* a handshake of a caller who calls too often */
    CORE_DROP_RATE_LIMIT, /* more than the peer may send: see rate_limit.h */
    CORE_DROP_COUNT,
};

struct core_path_status {
    uint8_t path;
    char link[WIRE_LINK_NAME_MAX + 1];
    bool validated;
    bool ours;              /* over a link of this side */
    enum wire_path_use use; /* the stricter of what both sides want */
    struct netaddr local;
    struct netaddr remote;
    struct bond_path_stats bond;
    bool far_known;
    struct wire_report_path far; /* what the peer found about its direction */
};

struct core_peer_status {
    char name[CORE_NAME_MAX + 1];
    uint8_t public_key[32];
    bool up;
    struct why why;              /* it is not up */
    bool displaced;              /* another machine uses our key, and has the session */
    struct netaddr displaced_by; /* with displaced: its address; family 0: not told */
    bool contested;              /* another machine calls with the peer's key, and is refused */
    struct netaddr contested_by; /* with contested: its address */
    struct netaddr endpoint;     /* of the path used last */
    int64_t handshake_age_ns;    /* negative: none yet */
    uint64_t handshakes;
    uint64_t tx_bytes; /* inner */
    uint64_t rx_bytes;
    uint64_t tx_packets; /* inner; a super-packet is as many as it has segments */
    uint64_t rx_packets;
    uint8_t cipher;     /* enum wire_cipher; 0: none yet */
    uint32_t mtu_bytes; /* of what is routed to it; 0: not measured yet */
    struct bond_stats bond;
    bool tells;     /* it can tell what it finds */
    bool far_known; /* and did so of late */
    struct wire_report far;
    size_t path_count;
    struct core_path_status paths[WIRE_PATHS_MAX];
};

enum { CORE_ACCEPTED_MAX = WIRE_ACCEPTED_MAX };

/* Somebody who knows our public key, but whose own is no peer's. */
struct core_stranger {
    uint8_t public_key[32];
    struct netaddr from; /* its last call */
    uint64_t calls;
    int64_t age_ns; /* of the last call */
};

enum { CORE_STRANGERS_MAX = 8 };

#endif
