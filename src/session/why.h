/* SPDX-License-Identifier: ISC */
/*
 * Why a peer is not up, as far as this side can know it: what its calls met, and what those of the
 * peer lacked. The one home of the words for it.
 *
 * What routers and hosts say by ICMP, and an answer that cannot be opened, are hints that anybody
 * could forge: they change words, nothing else. A refusal was authenticated.
 */
#ifndef HAWSER_SESSION_WHY_H
#define HAWSER_SESSION_WHY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "base/tstamp.h"
#include "wire/wire.h"

struct core;
struct peer;

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

#define WHY_MEMORY_NS (15 * NS_PER_S)    /* calls come every 5 s at least: what is older is over */
#define WHY_CONNECTING_NS (2 * NS_PER_S) /* an answer may still be on its way */

struct why {
    enum why_code code;
    char text[WHY_TEXT_BYTES]; /* a sentence for people, without control characters */
};

/* Fixed names for programs, as "no-answer"; NULL for WHY_NONE. */
const char *why_code_name(enum why_code code);

/* Calls over one link to one address family. */
struct why_way {
    bool called;
    struct tstamp called_at; /* last */
    enum why_code failure;   /* WHY_NONE: nothing is known */
    struct tstamp failed_at; /* last */
};

struct why_facts {
    bool calling;
    struct tstamp since; /* the first call that was not answered; with calling */
    struct why_way ways[WIRE_PATHS_MAX][2];
    enum why_code answer; /* what came instead of a session; WHY_NONE: nothing */
    struct tstamp answered_at;
    enum why_code refusal; /* what we answered to the peer's own call */
    struct tstamp refused_at;
    unsigned unconfirmed; /* answers of ours that nothing followed */
    struct tstamp unconfirmed_at;
    struct netaddr caller;
};

/* The calling side: a call goes out; there is a session, or there are no more calls. */
void why_called(struct peer *p, struct tstamp now, uint16_t link, const struct netaddr *to);
void why_ended(struct peer *p);
/* A call came to nothing: error is a positive errno, told at once or by ICMP afterwards. */
void why_failed(struct core *c, struct tstamp now, uint16_t link, const struct netaddr *to,
                int error, bool is_icmp);
/* Something else came back than a session. */
void why_answered(struct peer *p, struct tstamp now, enum why_code code);
void why_answer_refused(struct peer *p, struct tstamp now, uint8_t refusal);

/* The called side: it was told no; or it got an answer, which something may follow. */
void why_refused(struct peer *p, struct tstamp now, uint8_t refusal, const struct netaddr *caller);
void why_replied(struct peer *p, struct tstamp now, const struct netaddr *caller);

void why_peer(const struct peer *p, struct tstamp now, struct why *out);

#endif
