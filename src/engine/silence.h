/* SPDX-License-Identifier: ISC */
/*
 * Why peers do not answer: what the core knows, with what the guard told of names and links. A line
 * in the log says it once it is sure, and again when it is another reason. Only peers that the core
 * has a sign of are looked at.
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
    struct silence_peer *list; /* owned; by the core's numbers, as far as it goes */
    size_t count;
    struct tstamp not_before; /* it looks again */
    struct tstamp next;       /* when it has to, by what it saw last */
};

/* There are so many peers, of which nothing is known yet where there were fewer. 0 or -ENOMEM. */
int silence_reserve(struct silence *s, size_t count);
/* A peer goes, and the last one gets its number. */
void silence_remove(struct silence *s, size_t peer, size_t last);
void silence_clear(struct silence *s);

/* What became of the look-up of a peer's names; empty: they are found. */
void silence_lookup(struct silence *s, size_t peer, const char *text);

/* links: by number; an unused one has no name. */
void silence_why(const struct silence *s, const struct core *c, const struct msg_link *links,
                 struct tstamp now, size_t peer, struct why *out);

/* Writes to the log what there is to say. Returns when to be called again at the latest. */
struct tstamp silence_tick(struct silence *s, struct tstamp now, struct core *c,
                           const struct msg_link *links);

#endif
