/* SPDX-License-Identifier: ISC */
/* What a path tells of what was sent, for tests that do not ask; and how it comes into use. */
#ifndef HAWSER_TESTS_BOND_EVENTS_H
#define HAWSER_TESTS_BOND_EVENTS_H

#include "bond/path/acked.h"
#include "bond/path/tick.h"

static inline void events_give_back(void *arg, struct path *p, struct segment *s)
{
    (void)arg;
    (void)p;
    pkt_put(s->pkt);
}

static inline void events_ignore_tag(void *arg, struct path *p, uint32_t tag, bool acked,
                                     bool alone)
{
    (void)arg;
    (void)p;
    (void)tag;
    (void)acked;
    (void)alone;
}

static inline void events_ignore_hole(void *arg, struct path *p)
{
    (void)arg;
    (void)p;
}

static const struct path_events events_ignored = { .lost = events_give_back,
                                                   .tagged = events_ignore_tag,
                                                   .hole = events_ignore_hole };

/* The path is in use from now on, whatever it was before. */
static inline void events_bring_up(struct path *p, struct tstamp now)
{
    path_event(p, now, LIFE_HOLD);
    path_event(p, now, LIFE_CALL_FRESH);
}

#endif
