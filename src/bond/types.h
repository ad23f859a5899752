/* SPDX-License-Identifier: ISC */
/* The values that enter and leave a bond, with the names of them that programs and people read. */
#ifndef HAWSER_BOND_TYPES_H
#define HAWSER_BOND_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/pkt.h"
#include "wire/wire.h"

enum {
    BOND_LINK_BYTES = 14,
    BOND_WHY_BYTES = 80, /* of an explanation, with the final 0 */
    BOND_POLICIES_MAX = 32,
};

enum bond_path_state {
    BOND_PATH_CLOSED,  /* no such path now */
    BOND_PATH_PROBING, /* opened or returned: waits for good probes */
    BOND_PATH_UP,
    BOND_PATH_SUSPECT, /* acknowledgements are overdue: carries probes only */
    BOND_PATH_DOWN,    /* probes with back-off */
    BOND_PATH_STANDBY, /* held back by its role or by a command; rarely probed */
};

struct bond_path_config {
    enum wire_path_use use;  /* what both sides want of it: the stricter of the two */
    uint64_t limit_bps;      /* most to send; 0: no limit */
    uint32_t datagram_bytes; /* largest UDP payload that passes; WIRE_DATAGRAM_MIN at least */
    uint32_t overhead_bytes; /* outer IP and UDP headers: 28 or 48 */
    uint8_t cost;            /* a dearer path is used only while the cheaper ones are full */
    bool standby_busy;       /* on standby: also used while the active ones are full */
    bool last_resort;        /* on standby: used only when no other standby path works either */
    bool passive;            /* on standby: the peer probes it */
};

/* Of an arena that is to hold one bond, whatever paths it opens; its tables stay small then. */
enum { BOND_ARENA_LEAST_BYTES = 1000000 };

struct bond_config {
    struct pkt_pool *pool; /* borrowed */
    struct arena *arena;   /* borrowed, of the memory of its tables; NULL: without a limit */
    bool sure;             /* its first tables are made whatever others hold of that */
    uint64_t seed;
    uint32_t queue_bytes_max; /* of inner packets waiting; 0: default */
};

enum bond_mode {
    BOND_MODE_BOND,           /* as without any policy */
    BOND_MODE_LOWEST_LATENCY, /* the path on which it arrives first, and it waits for nothing else
                               */
    BOND_MODE_REDUNDANT,      /* the two best paths; the peer delivers what comes first */
    BOND_MODE_SINGLE,         /* the whole flow on one path, moved only when that fails */
};

enum bond_class {
    BOND_CLASS_NORMAL,
    BOND_CLASS_REALTIME, /* overtakes what waits, and is never held for order */
    BOND_CLASS_BULK,     /* only what the others leave over */
};

const char *bond_mode_name(enum bond_mode mode);
const char *bond_class_name(enum bond_class class);

/* What is done with the packets of a policy. */
struct bond_policy {
    bool used;
    enum bond_mode mode;
    enum bond_class class;
    bool pinned;    /* to paths */
    uint32_t paths; /* bit mask of ids; with pinned */
    bool fallback;  /* other paths while none of them is up; else its packets are dropped */
};

enum bond_out_kind { BOND_OUT_DATA, BOND_OUT_FRAMES, BOND_OUT_PROBE, BOND_OUT_BEAT };

/* One datagram to be sealed and sent now. */
struct bond_out {
    enum bond_out_kind kind;
    uint8_t path;
    uint64_t pn;
    /* BOND_OUT_DATA: data_bytes of segment seg of pkt, from data_offset; borrowed until the next
     * call of any bond function. */
    const struct pkt *pkt;
    uint16_t seg;
    uint16_t data_offset;
    uint16_t data_bytes;
    struct wire_data data;
    /* BOND_OUT_FRAMES: acknowledgements, borrowed as above, then the bytes of pkt, which are packet
     * frames already; pkt NULL: none. */
    size_t ack_count;
    const struct wire_ack *acks[WIRE_PATHS_MAX];
    uint32_t probe_bytes; /* BOND_OUT_PROBE: a PING, padded to so much UDP payload */
    /* BOND_OUT_BEAT: WIRE_BEAT_BYTES of padding */
};

/* Whether the peer is to acknowledge it. */
static inline bool bond_out_eliciting(const struct bond_out *o)
{
    return o->kind != BOND_OUT_BEAT && (o->kind != BOND_OUT_FRAMES || o->pkt != NULL);
}

enum bond_event_type {
    BOND_EVENT_PATH_STATE,
    BOND_EVENT_ACKED,
    BOND_EVENT_LOST,
    BOND_EVENT_SLUMP,      /* far slower than it was, or no longer so: see slump.h */
    BOND_EVENT_BLACK_HOLE, /* large datagrams seem to vanish while others arrive */
};

struct bond_event {
    enum bond_event_type type;
    uint8_t path;
    enum bond_path_state state; /* PATH_STATE: the new one */
    bool false_alarm;           /* up again, and nothing but a beat had been missing */
    uint32_t tag;               /* ACKED, LOST */
    bool slow;                  /* SLUMP */
    bool alone;                 /* LOST: what was sent right after it arrived */
};

enum bond_drop {
    BOND_DROP_QUEUE_FULL,   /* the sender's queues are at their limit */
    BOND_DROP_CODEL,        /* queue management */
    BOND_DROP_NO_PATH,      /* waited too long without any usable path */
    BOND_DROP_NO_BUFFER,    /* the packet pool or a table was empty */
    BOND_DROP_REPEAT_LATE,  /* a lost packet that could not be repeated in time */
    BOND_DROP_DUPLICATE,    /* received before */
    BOND_DROP_REORDER_FULL, /* the reordering memory was at its limit */
    BOND_DROP_FRAGMENT,     /* a piece whose others never came */
    BOND_DROP_BAD_PACKET,   /* an inner packet that is no IP */
    BOND_DROP_ACK_THINNED,  /* an inner TCP ACK replaced by a newer one */
    BOND_DROP_PEER_MEMORY, /* the peer's share of the packet buffers or of the memory was used up */
    BOND_DROP_FORGOTTEN,   /* given up, but it or its copy may have arrived: under way when one side
                              started anew, or sent twice and one path failed */
    BOND_DROP_COUNT,
};

const char *bond_drop_name(enum bond_drop reason);

struct bond_path_stats {
    enum bond_path_state state;
    int64_t srtt_ns; /* smoothed, 0: not measured yet */
    int64_t rtt_min_ns;
    int64_t owd_ns; /* one way to the peer, above the smallest of all paths */
    int64_t jitter_ns;
    double loss;        /* 0 .. 1, of what we send */
    uint64_t rate_bps;  /* what we found that the path delivers; 0: not measured yet */
    uint64_t usual_bps; /* what it mostly delivered under load; 0: not known */
    bool slow;          /* far below that for long */
    uint64_t tx_bps;    /* last second */
    uint64_t rx_bps;
    uint64_t tx_bytes;
    uint64_t rx_bytes;
    uint64_t tx_packets;
    uint64_t rx_packets;
    uint64_t resent_packets; /* repeats sent on this path */
    uint32_t inflight_bytes;
    int64_t queue_ns; /* delay we believe to cause in the network */
    uint32_t datagram_bytes;
    enum wire_path_why why_code; /* why it is not used or what limits it */
    double why_value;            /* the sentence counts it */
    char why[BOND_WHY_BYTES];    /* the same as a sentence */
};

struct bond_stats {
    uint32_t lanes;        /* in use by the sender */
    uint32_t queued_bytes; /* inner bytes waiting */
    uint64_t reorder_held; /* packets held now */
    uint64_t reorder_late; /* packets that came after their hole was given up */
    uint64_t drops[BOND_DROP_COUNT];
    enum wire_limit limit_code; /* what limits the bond now */
    char limit[BOND_WHY_BYTES]; /* the same as a sentence */
};

#endif
