/* SPDX-License-Identifier: ISC */
/*
 * What is noted about a peer, each struct for the module of its name (news: for event): structs
 * only, so that a peer can be made of them.
 */
#ifndef HAWSER_SESSION_RECORDS_H
#define HAWSER_SESSION_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/netaddr.h"
#include "base/tstamp.h"
#include "session/bucket.h"
#include "session/types.h"
#include "wire/wire.h"

struct keys;

struct accepted {
    /* ours, as told */
    bool due;
    uint32_t sequence;
    uint16_t serial;    /* of the datagram that told it last */
    struct tstamp sent; /* NEVER: acknowledged, or not told yet */
    /* the peer's */
    bool heard; /* in this association */
    uint32_t remote_sequence;
    uint8_t count;
    struct netprefix *list; /* owned, WIRE_ACCEPTED_MAX of them; made with the bond */
    bool changed;           /* the driver is to hear of it */
    struct tstamp event_at;
};

/* Rates in bits per second, of datagrams with all headers; 0: no limit. */
struct rate_limit {
    uint64_t send_bps;    /* configured */
    uint64_t receive_bps; /* configured; the peer is told, and held to it */
    /* ours, as told */
    bool due;
    bool told; /* in this association */
    uint32_t sequence;
    uint16_t serial;    /* of the datagram that told it last */
    struct tstamp sent; /* NEVER: acknowledged, or not told yet */
    /* the peer's */
    bool heard; /* in this association */
    uint32_t remote_sequence;
    uint64_t remote_bps;
    /* of what it sends may still be delivered */
    double left_bytes;
    struct tstamp left_at;
};

/* Bytes that may be sent at a rate. */
struct share_bucket {
    double rate_bps; /* 0: as many as one likes */
    double left_bytes;
    struct tstamp filled_at;
};

/* Of a core; see share.h. */
struct share {
    struct share_bucket line;
    struct tstamp opens_at; /* the line is full until then */
    struct list waiting;    /* peers whose bulk waits for the line, in their turns */
    uint32_t waiting_count;
    bool line_first; /* at the next choice of a peer */
};

/* Of a peer at the sockets; see peers.h. */
struct turn {
    uint32_t round;      /* in which it had its turn */
    int64_t left_bytes;  /* of that, or owed */
    uint32_t sent_bytes; /* in that round */
    bool sent_much;      /* it sent more than PEERS_EARLY_BYTES in the one before */
    bool early;          /* its place is, or was, before those in turn */
};

/* Of a peer. */
struct peer_share {
    bool on; /* a rate is to be kept, its own or the line's */
    struct share_bucket own;
    double turn_bytes; /* of the line, that are left of its turns; or owed */
    struct tstamp turn_at;
    uint64_t used_bytes;      /* as the bond counts them */
    struct tstamp due;        /* when its own rate lets bulk go on; NEVER: it does not wait */
    struct list_item waiting; /* see struct share */
    struct tstamp held_at;    /* bulk had to wait last; with: */
    enum wire_limit held_by;
};

struct reports {
    /* what we want */
    struct tstamp look_until;
    struct tstamp ask_at;
    bool heard;
    struct tstamp heard_at;
    struct wire_report *report; /* owned: the newest, with heard; made with the bond */
    /* what the peer wants */
    struct tstamp wanted_until;
    struct tstamp send_at;
};

enum {
    LIVES_MAX = 8,                /* confirmed ones that are remembered for each peer */
    LIVES_PLACES = LIVES_MAX + 1, /* so that none of them goes for a call that may be a recording */
    LIVES_TOLD_MAX = 8,           /* datagrams of a refused call that are answered */
    LIVES_REFUSALS = 2, /* then it is told: a single call may have been on its way for long */
};

#define LIVES_SAME_KEY_NS                                                                          \
    (10 * NS_PER_S) /* so long after a refused call there are two machines                         \
                     */

struct life {
    uint64_t number; /* in the order of their first calls; 0: none is here */
    uint8_t epoch[WIRE_EPOCH_BYTES];
    uint8_t timestamp[WIRE_TIMESTAMP_BYTES]; /* of its newest initiation */
    struct tstamp called_at;
    bool confirmed;       /* a datagram came with keys that it was given: it was no replayed call */
    unsigned refusals;    /* one after the other */
    struct keys *refused; /* owned; of its last call, if that was refused */
    uint8_t told;         /* datagrams sealed with them */
};

struct lives {
    struct life *list;            /* owned, LIVES_PLACES of them; NULL: none called yet */
    uint64_t count;               /* number of the latest */
    struct tstamp same_key_at;    /* when the last call was refused; NEVER: not yet */
    struct netaddr same_key_from; /* where it came from */
};

/* Of a path: how it is, and what was told of that. */
struct path_news {
    bool up, told_up;
    bool slow, told_slow;
    const char *reason;                /* of up or down */
    uint64_t rate_bps, usual_bps;      /* with slow */
    char name[WIRE_LINK_NAME_MAX + 1]; /* what the path was called when it was told up */
};

/* The same of a peer. */
struct peer_news {
    bool up, told_up;
    bool again; /* it is down, and for another reason */
    const char *reason;
    uint32_t mtu_bytes; /* as told; 0: not yet */
    uint32_t fit_bytes; /* as told */
    struct bucket told;
    bool resolve, same_key, accepted; /* of these happened, and was not told yet */
    bool waits;                       /* something is to be told later: event_tick() */
    struct list_item item;            /* in core.news: there was no room for it */
    uint8_t turn;                     /* the path that is looked at first then */
};

/* Calls over one link to one address family. */
struct why_way {
    bool called;
    struct tstamp called_at; /* last */
    enum why_code failure;   /* WHY_NONE: nothing is known */
    struct tstamp failed_at; /* last */
};

struct why_facts {
    bool calling;
    struct tstamp since;       /* the first call that was not answered; with calling */
    struct why_way (*ways)[2]; /* owned, by link, then IPv4 and IPv6; NULL: no calls are noted */
    enum why_code answer;      /* what came instead of a session; WHY_NONE: nothing */
    struct tstamp answered_at;
    enum why_code refusal; /* what we answered to the peer's own call */
    struct tstamp refused_at;
    unsigned unconfirmed; /* answers of ours that nothing followed */
    struct tstamp unconfirmed_at;
    struct netaddr caller;
};

#endif
