/* SPDX-License-Identifier: ISC */
/*
 * The core: one tunnel with its peers, as a library without I/O.
 *
 * The driver hands in datagrams, inner packets, link events and the time, and asks for what is to
 * be sent, written to the tunnel and told. Deterministic: all randomness comes from
 * core_config.random. Nothing is allocated on the packet path. Not thread-safe; several cores may
 * live in one process, they share nothing.
 *
 * A peer with endpoints is called first (this side initiates, and gives the paths their ids: one
 * for each link); a peer without is waited for.
 */
#ifndef HAWSER_SESSION_CORE_H
#define HAWSER_SESSION_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "base/pkt.h"
#include "base/tstamp.h"
#include "bond/bond.h"
#include "session/why.h"

enum {
    CORE_NAME_MAX = 31,
    CORE_ENDPOINTS_MAX = 8,
    CORE_TX_BYTES_MAX = 65507, /* one GSO send */
    CORE_TX_SEGMENTS_MAX = 64,
    CORE_POLICIES_MAX = BOND_POLICIES_MAX,
    CORE_POLICY_LINKS_MAX = 8,
};

struct core;

struct core_peer_config {
    char name[CORE_NAME_MAX + 1];
    uint8_t public_key[32];
    uint8_t preshared_key[32];       /* zero: none */
    const struct netprefix *allowed; /* allowed_count of them; copied */
    size_t allowed_count;
    bool initiate; /* it has endpoints: core_endpoints() will name them */
};

struct core_config {
    struct pkt_pool *pool; /* borrowed, must outlive the core */
    uint8_t private_key[32];
    const struct core_peer_config *peers;
    size_t peer_count;
    uint8_t ciphers;          /* wire_hello.ciphers: which we accept */
    uint8_t preferred_cipher; /* enum wire_cipher */
    int64_t rekey_after_ns;   /* 0: 120 s */
    int64_t wall_offset_ns;   /* wall clock (Unix time) minus the clock that now is of */
    const char *version;      /* of the program, as peers are told; NULL: none; copied */
    uint8_t test_cipher;      /* AEAD_SUM or AEAD_NULL instead of what was agreed; 0: no */
    void (*random)(void *arg, void *out, size_t len_bytes);
    void *random_arg;
};

/* Negative errno: -EINVAL (a bad key), -ENOMEM. */
int core_new(struct core **out, const struct core_config *config, struct tstamp now);
/* Clears every key. */
void core_free(struct core *c);

/*
 * Takes a changed set of peers: those with the same public key keep their sessions, new ones are
 * added, missing ones are closed.
 */
int core_set_peers(struct core *c, struct tstamp now, const struct core_peer_config *peers,
                   size_t count);

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
 * The policies of the packets that this side sends: a packet is of number pkt.policy, from 1, which
 * the driver sets before core_tun(). Takes effect at once. 0 or -ENOMEM.
 */
int core_set_policies(struct core *c, const struct core_policy policies[CORE_POLICIES_MAX]);

/* The wall clock was stepped. */
void core_set_wall_offset(struct core *c, int64_t wall_offset_ns);

/* The addresses behind a peer's endpoint names, best first; also when they changed. */
void core_endpoints(struct core *c, struct tstamp now, size_t peer, const struct netaddr *addrs,
                    size_t count);

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

void core_link_event(struct core *c, struct tstamp now, const struct core_link *link);

/*
 * A path over a link of the peer's own, where it is the peer that has links: each side may want it
 * to be used less, and the stricter of the two counts.
 */
struct core_peer_link {
    enum wire_path_use ours;
    enum wire_path_use theirs;
};

/* False: there is no path over a link of that name. */
bool core_peer_link(const struct core *c, size_t peer, const char *link,
                    struct core_peer_link *out);

/*
 * How this side wants it to be used; ACTIVE: as the peer does. It is kept for as long as the peer
 * is configured, also when there is no such path now. 0, -ENOENT (no such peer), -ENOSPC.
 */
int core_wish(struct core *c, struct tstamp now, size_t peer, const char *link,
              enum wire_path_use use);

enum { CORE_SOCKET_LISTEN = 0x100 }; /* socket numbers: a link's number, or LISTEN + index */

/* A received datagram. */
struct core_datagram {
    uint16_t socket;
    struct netaddr from;
    struct netaddr to; /* our address that it was sent to, where known (listening sockets) */
    const uint8_t *data;
    size_t len_bytes;
};

/* The data is read only within the call. */
void core_rx(struct core *c, struct tstamp now, const struct core_datagram *batch, size_t count);

/* Inner packets read from the tunnel; takes them over. */
void core_tun(struct core *c, struct tstamp now, struct pkt *const *batch, size_t count);

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

/* False: nothing to send now. */
bool core_next_tx(struct core *c, struct tstamp now, struct core_tx *out);

/*
 * What became of it: 0 all were taken, or a negative errno. -EAGAIN and -ENOBUFS count as loss,
 * -EMSGSIZE lowers the path's MTU, other errors make the path suspect.
 */
void core_tx_done(struct core *c, struct tstamp now, const struct core_tx *tx, int result);

/*
 * A router or host said by ICMP that a datagram did not get there: error is a positive errno. It
 * may be forged, and only explains why a peer does not answer.
 */
void core_unreachable(struct core *c, struct tstamp now, uint16_t socket, const struct netaddr *to,
                      int error);
/* Peers are being called in vain, so that such news is wanted. */
bool core_is_calling(const struct core *c);

/* The next inner packet to write; the reference passes to the caller. NULL: none. */
struct pkt *core_next_tun(struct core *c);

void core_tick(struct core *c, struct tstamp now);
struct tstamp core_deadline(const struct core *c);

/* Says goodbye to all peers: the CLOSE datagrams come out of core_next_tx(). */
void core_close(struct core *c, struct tstamp now);

enum core_event_type {
    CORE_EVENT_PEER_UP,
    CORE_EVENT_PEER_DOWN,
    CORE_EVENT_PATH_UP,
    CORE_EVENT_PATH_DOWN,
    CORE_EVENT_RESOLVE, /* the peer does not answer: its endpoint names should be looked up again */
    CORE_EVENT_MTU,     /* the device's MTU changed: the largest of the peers' */
    /* Another machine calls with the peer's key, and is refused: the one that started last counts.
     */
    CORE_EVENT_PEER_RIVAL,
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

bool core_next_event(struct core *c, struct core_event *out);

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
    CORE_DROP_SEND,   /* the kernel refused the datagram */
    CORE_DROP_COOKIE, /* a handshake under load: the caller got a cookie and may try again */
    CORE_DROP_CALLS,  /* a handshake of a caller who calls too often */
    CORE_DROP_COUNT,
};

const char *core_drop_name(enum core_drop reason);

/*
 * Somebody looks at the status: for a while the peers are asked what they find. True: nobody did of
 * late, so they were not asked before. core_seen(): all that can tell it have done so.
 */
bool core_look(struct core *c, struct tstamp now);
bool core_seen(const struct core *c, struct tstamp now);
/* What the driver sees of itself: percent of a processor that it uses, and that its own device does
 * not keep up with what is sent to peers that call. */
void core_set_cpu(struct core *c, uint8_t percent);
void core_set_line_full(struct core *c, bool full);

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

/* The prefixes that a peer said it accepts from us; returns how many. */
size_t core_accepted(const struct core *c, size_t peer, struct netprefix out[CORE_ACCEPTED_MAX]);

/* Why a peer is not up. */
void core_peer_why(const struct core *c, struct tstamp now, size_t peer, struct why *out);

/* Somebody who knows our public key, but whose own is no peer's. */
struct core_stranger {
    uint8_t public_key[32];
    struct netaddr from; /* its last call */
    uint64_t calls;
    int64_t age_ns; /* of the last call */
};

enum { CORE_STRANGERS_MAX = 8 };

/* The last of them; returns how many. */
size_t core_strangers(const struct core *c, struct tstamp now,
                      struct core_stranger out[CORE_STRANGERS_MAX]);

size_t core_peer_count(const struct core *c);
void core_peer_status(const struct core *c, struct tstamp now, size_t peer,
                      struct core_peer_status *out);
void core_drops(const struct core *c, uint64_t out[CORE_DROP_COUNT]);
uint32_t core_mtu(const struct core *c);

#endif
