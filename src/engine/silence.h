/* SPDX-License-Identifier: ISC */
/*
 * Why peers do not answer: what the core knows, with what the guard told of names and links. A line
 * in the log says it once it is sure, and again when it is another reason.
 */
#ifndef HAWSER_ENGINE_SILENCE_H
#define HAWSER_ENGINE_SILENCE_H

#include <stddef.h>

#include "base/tstamp.h"
#include "ipc/msg.h"
#include "session/bucket.h"
#include "session/core.h"

#define SILENCE_SURE_NS (3 * NS_PER_S)  /* the same reason for so long */
#define SILENCE_LINE_NS (60 * NS_PER_S) /* a line about a peer, in bursts of: */
enum { SILENCE_LINES = 6 };

struct silence_peer {
    char lookup[MSG_WHY_MAX + 1]; /* why its name is not found; empty: it is, or has none */
    enum why_code seen;
    struct tstamp seen_since;
    enum why_code told; /* in the log */
    struct bucket lines;
};

struct silence {
    struct silence_peer *list; /* owned; by the core's numbers */
    size_t count;
    struct tstamp not_before; /* it looks again */
    struct tstamp next;       /* when it has to, by what it saw last */
};

/* The peers are now so many, and nothing is known of them. 0 or -ENOMEM. */
int silence_reset(struct silence *s, size_t count);
void silence_clear(struct silence *s);

/* What became of the look-up of a peer's names; empty: they are found. */
void silence_lookup(struct silence *s, size_t peer, const char *text);

/* links: by number; an unused one has no name. */
void silence_why(const struct silence *s, const struct core *c, const struct msg_link *links,
                 struct tstamp now, size_t peer, struct why *out);

/* Writes to the log what there is to say. Returns when to be called again at the latest. */
struct tstamp silence_tick(struct silence *s, struct tstamp now, const struct core *c,
                           const struct msg_link *links, const struct core_peer_config *peers);

#endif
