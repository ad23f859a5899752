/* SPDX-License-Identifier: ISC */
/*
 * Which links of which peers are up, and which are slow, as the engine told last: when an engine
 * ends or a peer is removed, nobody else tells that they are gone.
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
    uint8_t public_key[32];
    char link[CONFIG_LINK_NAME_MAX + 1];
};

struct presence {                /* all zero: none is */
    struct presence_entry *list; /* owned */
    size_t count;
    size_t capacity;
};

/*
 * A link of a peer is up, or slow; or no longer so. What does not fit into the memory is not
 * remembered; nor is more than a peer can have.
 */
void presence_set(struct presence *p, enum presence_kind kind, const uint8_t public_key[32],
                  const char *link, bool is);

/*
 * Takes out what there is of a peer, one entry a call: slow links first, then those that are up.
 * False: nothing is left.
 */
bool presence_take(struct presence *p, const uint8_t public_key[32], struct presence_entry *out);

void presence_free(struct presence *p);

#endif
