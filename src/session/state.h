/* SPDX-License-Identifier: ISC */
/*
 * What a core holds: its peers, links, tables and counters. Private to this room; the functions
 * that work on it are in the modules named after what they do.
 */
#ifndef HAWSER_SESSION_STATE_H
#define HAWSER_SESSION_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/pkt.h"
#include "base/rng.h"
#include "base/tstamp.h"
#include "bond/bond.h"
#include "crypto/replay.h"
#include "session/allowed.h"
#include "session/handshake.h"
#include "session/index.h"
#include "session/keys.h"
#include "session/mtu.h"
#include "session/outbox.h"
#include "session/proof.h"
#include "session/records.h"
#include "session/strangers.h"
#include "session/types.h"
#include "session/validation.h"
#include "session/wish.h"
#include "wire/wire.h"

enum {
    STATE_EVENTS_MAX = 256, /* a power of two */
    STATE_GROUP_BYTES = CORE_TX_BYTES_MAX + WIRE_DATAGRAM_MAX,
};

#define STATE_REKEY_NS (120 * NS_PER_S) /* default age at which the initiator makes new keys */
#define STATE_SILENCE_NS NS_PER_S       /* unanswered for so long: the peer may have restarted */
#define STATE_LOST_NS (5 * NS_PER_S)    /* unanswered for so long: the peer is down */
#define STATE_STATUSES_NS                                                                          \
    (10 * NS_PER_MS) /* 100 a second of a peer's take effect, in bursts of:                        \
                      */
#define STATE_STATUSES_BURST 128
#define STATE_STATUS_AGAIN_NS (2 * NS_PER_S) /* a PATH_STATUS without any news is told again */
#define STATE_GHOST_NS (60 * NS_PER_S)       /* a path that its owner closed is shown for so long */
#define STATE_AWAY_NS (600 * NS_PER_S) /* a peer without keys for so long gives its bond back */
#define STATE_HOLD_NS (2 * NS_PER_S)   /* inner packets wait so long for a peer to come back */

/* All peers: what is done with them is peers.h's. */
struct peers {
    struct peer **list; /* owned, and so is each; count of them */
    size_t count;
    size_t capacity;
    uint64_t version;    /* counts changes of the list */
    struct hash by_key;  /* owned: their numbers */
    struct list touched; /* changed since they were looked at: their deadline may be another */
    struct list sending; /* may have something to send, in their turns */
    struct list early;   /* the same, and before those: sent next to nothing in this round */
    uint32_t in_turn;    /* those in sending */
    uint32_t round;      /* of turns; turns_left: in it */
    uint32_t turns_left;
    struct list giving;   /* may have packets for the tunnel, in their turns */
    struct list silent;   /* may be down without people knowing why */
    struct list awake;    /* have a bond: those that call, and those that called of late */
    struct list outdated; /* of those, who has policies of before */
    bool more;            /* touched ones were left for the next turn */
    struct heap due;      /* the others, by deadline */
    size_t calling;       /* are called, and not up */
};

/* One path of a peer, as far as it is not the bond's. */
struct peer_path {
    struct validation address;
    struct mtu mtu;
    struct replay replay;
    uint64_t expected_pn;     /* highest authenticated number plus one */
    struct tstamp arrived_at; /* last authentic datagram */
    bool opened;              /* the bond has it */
    bool status_due;          /* the peer has to be told of a change */
    uint32_t status_sequence;
    uint16_t status_serial;    /* of the datagram that told it last */
    struct tstamp status_sent; /* NEVER: acknowledged, or not told yet */
    bool heard;                /* remote holds what the peer told */
    struct wire_path_status remote;
    struct wire_path_status told; /* newer than that; with peer.told */
    struct path_news news;
};

/*
 * The association: packet numbers and replay windows hold for as long as neither side's epoch
 * changes. Both are set only together with keys: see lifecycle_adopt(). Ours is new whenever a
 * call begins one, so the pair never comes again: also where the caller's is one that had left.
 */
struct peer_association {
    uint8_t epoch[WIRE_EPOCH_BYTES];
    uint8_t remote_epoch[WIRE_EPOCH_BYTES];
    bool is_there;
    uint8_t remote_features; /* enum wire_feature, of the current keys */
    struct keys *current;    /* owned, as the next two; what we send with */
    struct keys *previous;   /* still good for receiving */
    struct keys *next;       /* we answered, but nothing came with these keys yet */
    struct tstamp adopted_at;
    uint64_t handshakes;
};

struct peer_calling {
    bool initiates; /* it has endpoints */
    bool yielded;   /* both sides call each other, and the other one's calls count */
    bool in_vain;   /* peers.calling counts it */
    struct handshake handshake;
    struct netaddr *endpoints; /* owned, CORE_ENDPOINTS_MAX of them; with initiates */
    size_t endpoint_count;
    uint8_t endpoint; /* the one that answered last */
    struct why_facts why;
};

struct peer_called {
    struct bucket calls;        /* from wherever they come */
    struct bucket challenged;   /* by calls that are no recordings */
    struct proof_memory proof;  /* what was accepted */
    struct lives lives;         /* who called */
    struct tstamp displaced_at; /* told that another machine has our key; NEVER: not since up */
    struct netaddr displaced_by;
};

struct peer_clocks {
    struct tstamp heard_at; /* last authentic datagram */
    struct tstamp asked_at; /* first eliciting datagram since then; NEVER: none */
    struct tstamp down_at;  /* when it was last lost, or the start */
    struct tstamp wake;     /* when a timer of the session's own is due */
};

/* Where it stands among the others: see struct peers. */
struct peer_places {
    struct heap_item due; /* clocks.wake, or a timer of the bond */
    struct list_item touched, sending, giving, silent, awake, outdated;
};

/* What the other side tells. */
struct peer_told {
    struct reports reports;
    struct accepted accepted;
    struct wish_list wishes; /* of paths over the peer's links */
    uint32_t paths;          /* bit for each path of which it told what is not in effect yet */
    struct bucket statuses;  /* how many of them may take effect */
};

struct peer_mtu {
    uint32_t routed_bytes; /* of what is routed to it; 0: not known yet */
    uint32_t fit_bytes;    /* of the largest inner packet that is not cut */
    uint32_t probes;       /* bit for each path whose probe is due */
    struct bucket too_big; /* how many senders of packets are told that they are too large */
};

struct peer_counters {
    uint64_t tx_bytes;
    uint64_t rx_bytes;
    uint64_t tx_packets;
    uint64_t rx_packets;
};

struct peer {
    struct core *core; /* the one that owns this peer */
    struct peer_news news;
    uint16_t number; /* its place among the core's peers */
    char name[CORE_NAME_MAX + 1];
    uint8_t public_key[32];
    uint8_t preshared_key[32];
    struct netprefix *allowed; /* owned */
    size_t allowed_count;
    bool up;
    uint64_t bond_seed;
    struct bond *bond; /* owned; NULL: it never came, or has been away for long */
    struct peer_path
        *paths;     /* WIRE_PATHS_MAX of them; owned and made with the bond, else all zero */
    struct rng rng; /* jitter of timers */
    struct peer_association association;
    struct peer_calling calling;
    struct peer_called called;
    struct peer_told told;
    struct peer_clocks clocks;
    struct peer_places places;
    struct peer_mtu mtu;
    struct peer_counters counters;
    struct rate_limit rate_limit;
    struct peer_share share;
    struct turn turn;
    struct route last_route; /* of the newest authentic datagram, for status */
};

struct state_event {
    enum core_event_type type;
    struct peer *peer; /* borrowed; NULL: of no peer */
    uint8_t path;
    uint32_t mtu_bytes;
    uint32_t fit_bytes;
    const char *reason;
    uint64_t rate_bps, usual_bps;
    char link[WIRE_LINK_NAME_MAX + 1];
    struct netaddr remote;
    uint8_t public_key[32];
};

/* The largest MTU of all peers is the device's. */
struct device_mtu {
    uint32_t bytes; /* the device's */
    bool told;
    uint32_t most; /* of what peers were told, and how many were told that; 0: nobody was yet */
    size_t count;
};

struct core_settings {
    uint8_t ciphers;
    uint8_t preferred_cipher;
    uint8_t test_cipher;
    int64_t rekey_after_ns;
    int64_t wall_offset_ns;
    uint8_t cpu; /* as wire_report.cpu */
    char version[WIRE_VERSION_NAME_MAX + 1];
    bool tells_too_big;
    void (*random)(void *arg, void *out, size_t len_bytes);
    void *random_arg;
};

struct core_events {
    struct state_event ring[STATE_EVENTS_MAX];
    uint32_t head;
    uint32_t tail;
    struct list waiting; /* peers with something to tell for which there was no room */
};

/* Towards the tunnel's device. */
struct core_tun_state {
    unsigned in_turn;        /* packets of one peer, one after the other */
    bool line_full;          /* as the driver sees it */
    struct pkt_list answers; /* owned; of our own */
};

struct core_policies {
    struct core_policy list[CORE_POLICIES_MAX];
    struct tstamp look_at; /* at peers.outdated */
};

/*
 * The group of core_next_tx(). A datagram that was sealed but did not fit the group stands behind
 * it and opens the next one.
 */
struct core_group {
    uint8_t *bytes;          /* owned; STATE_GROUP_BYTES */
    struct peer *spill_peer; /* borrowed; NULL: none */
    uint8_t spill_path;
    size_t spill_at;
    size_t spill_bytes;
};

struct core {
    struct pkt_pool *pool; /* borrowed */
    struct arena arena;    /* of the peers' bonds */
    struct local_keys local;
    struct core_settings settings;
    bool closing;
    struct tstamp now; /* of the last call that brought something */
    struct peers peers;
    struct share share;
    struct core_tun_state tun;
    struct allowed allowed;
    struct index_table index;
    struct core_link links[WIRE_PATHS_MAX]; /* present says whether there is one */
    struct core_policies policies;
    struct responder responder;
    struct strangers strangers;
    struct outbox outbox;
    struct core_events events;
    uint64_t drops[CORE_DROP_COUNT];
    struct device_mtu mtu;
    struct core_group group;
};

static inline void core_drop_one(struct core *c, enum core_drop reason)
{
    c->drops[reason]++;
}

static inline void core_random(struct core *c, void *out, size_t len_bytes)
{
    c->settings.random(c->settings.random_arg, out, len_bytes);
}

#endif
