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
#include <stdint.h>

#include "base/netaddr.h"
#include "base/tstamp.h"
#include "session/types.h"

struct core;
struct peer;

#define WHY_MEMORY_NS (15 * NS_PER_S)    /* calls come every 5 s at least: what is older is over */
#define WHY_CONNECTING_NS (2 * NS_PER_S) /* an answer may still be on its way */

/* Fixed names for programs, as "no-answer"; NULL for WHY_NONE. */
const char *why_code_name(enum why_code code);

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
