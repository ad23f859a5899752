/* SPDX-License-Identifier: ISC */
/*
 * Which links of a peer are up, and which are slow, as the engine told last: when an engine ends or
 * the peer is removed, nobody else tells that they are gone.
 */
#ifndef HAWSER_GUARD_PRESENCE_H
#define HAWSER_GUARD_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/limits.h"

enum presence_kind { PRESENCE_SLOW, PRESENCE_LINK };

struct presence_entry {
    enum presence_kind kind;
    char link[CONFIG_LINK_NAME_MAX + 1];
};

struct presence {                /* all zero: none is */
    struct presence_entry *list; /* owned */
    uint8_t count;
    uint8_t capacity;
};

/*
 * A link is up, or slow; or no longer so. What does not fit into the memory is not remembered; nor
 * is more than a peer can have.
 */
void presence_set(struct presence *p, enum presence_kind kind, const char *link, bool is);

/* Takes out what there is, one entry a call: slow links first, then those that are up. False:
 * nothing is left. */
bool presence_take(struct presence *p, struct presence_entry *out);

void presence_free(struct presence *p);

#endif
